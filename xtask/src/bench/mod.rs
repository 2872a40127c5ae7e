//! `cargo xtask bench`: start, memory, throughput and size of the static binary, and what its command line costs, measured from outside.
//!
//! Client and server share this machine's cores, so the rates are lower bounds; processor time and memory are the
//! server's own.

mod access;
mod appliance;
mod backups;
mod command_line;
mod connection;
mod handshakes;
mod keys;
mod load;
mod pages;
mod report;
mod usage;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::dist;
use crate::machine;
use crate::terminal::say;
use crate::web;
use crate::workspace::Workspace;
use access::Access;
use appliance::Appliance;
use connection::Request;
use load::{Limit, Measurement, Pace};
use report::{Report, Target, milliseconds};

/// Batches that are measured.
const BATCHES: u64 = 40;

/// Options of the command.
#[derive(Debug, Clone, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Options {
    /// Measure the binary that is there instead of building it
    #[arg(long)]
    no_build: bool,
    /// Seconds for each load
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Measure this binary instead of target/dist/strongroom
    #[arg(long, value_name = "FILE", requires = "no_build")]
    binary: Option<PathBuf>,
    /// Measure rotations of keys in a large store instead; takes some minutes
    #[arg(long)]
    keys: bool,
    /// Measure a backup of a store of a gigabyte instead; takes some minutes
    #[arg(long, conflicts_with = "keys")]
    backups: bool,
    /// Exit with an error when a target is missed
    #[arg(long)]
    strict: bool,
}

/// Builds the static binary and measures it.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let binary = options
        .binary
        .clone()
        .unwrap_or_else(|| workspace.static_binary());
    if !options.no_build {
        dist::run(workspace, machine::in_ci())?;
    }
    let size = binary
        .metadata()
        .with_context(|| format!("there is no {}", binary.display()))?
        .len();
    let mut report = Report::default();
    let folder = Folder::new()?;
    let time = Duration::from_secs(options.seconds);
    let data = folder.0.join("data");
    let log = folder.0.join("log");
    if options.keys {
        let measured = keys::measure(&binary, &data, &log, time, &mut report);
        return end(&report, options, measured);
    }
    if options.backups {
        let measured = backups::measure_large(&binary, &data, &log, &mut report);
        return end(&report, options, measured);
    }
    report.add("binary", megabytes(size), "MB", Target::AtMost(25.0), "");
    let bundle = web::first_visit(workspace)?;
    let transferred: u64 = bundle.iter().map(|file| file.brotli).sum();
    report.add(
        "bundle with brotli",
        kilobytes(transferred),
        "KB",
        Target::AtMost(400.0),
        "",
    );

    let mut bench = Bench {
        binary,
        data,
        log,
        time,
        report,
    };
    bench.measure()?;
    let pages = pages::measure(workspace, &mut bench.report);
    end(&bench.report, options, pages)
}

/// Shows what was measured, also when the last part of it failed.
fn end(report: &Report, options: &Options, last: Result<()>) -> Result<()> {
    let missed = report.print();
    last?;
    if missed > 0 && options.strict {
        bail!("{missed} targets were missed");
    }
    Ok(())
}

/// Removed when the benchmark ends.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("strongroom-bench-{}", std::process::id()));
        std::fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            say(format_args!("cannot remove {}: {error}", self.0.display()));
        }
    }
}

struct Bench {
    binary: PathBuf,
    data: PathBuf,
    log: PathBuf,
    time: Duration,
    report: Report,
}

impl Bench {
    fn measure(&mut self) -> Result<()> {
        let first = self.start()?;
        say("setting up: an administrator, a project, folders of 100, 1,000 and twice 5,000 secrets");
        let access = Access::set_up(first.address)?;
        access.make_folder("dev", "thousand")?;
        access.make_folder("dev", "five-thousand")?;
        for number in 0..BATCHES {
            access.make_folder("prod", &format!("batch-{number}"))?;
        }
        access.fill("dev", "/", 100)?;
        access.fill("dev", "/thousand", 1_000)?;
        access.fill("dev", "/five-thousand", 5_000)?;
        access.fill("staging", "/", 5_000)?;
        drop(first);

        say("starting five times");
        let mut starts = Vec::new();
        for _ in 0..5 {
            starts.push(self.start()?.start);
        }
        starts.sort_unstable();
        let median = milliseconds(starts[2]);
        self.report.add(
            "start to first 200, existing store",
            median,
            "ms",
            Target::AtMost(100.0),
            "3,100 ms",
        );

        let server = self.start()?;
        let access = access.at(server.address);
        std::thread::sleep(Duration::from_secs(1));
        let idle = megabytes(usage::memory(server.process())?);
        self.report.add(
            "memory 1 s after start",
            idle,
            "MB",
            Target::AtMost(20.0),
            "438 MB",
        );
        command_line::measure(&self.binary, &access, &mut self.report)?;
        self.reads(&server, &access)?;
        self.writes(&server, &access)?;
        let loaded = megabytes(usage::memory(server.process())?);
        self.report
            .add("memory after load", loaded, "MB", Target::AtMost(40.0), "");
        self.logins(&server, &access)?;
        self.large(&server, &access)?;
        // No target: whoever lists thousands at once pays for it.
        let loaded = megabytes(usage::memory(server.process())?);
        self.report
            .add("memory after large lists", loaded, "MB", Target::None, "");
        drop(server);
        self.tls()
    }

    /// What encryption costs, with certificates of the server's own authority.
    fn tls(&mut self) -> Result<()> {
        say("handshakes");
        let start = || Appliance::start_with(&self.binary, &self.data, &self.log, &["--tls", "internal"]);
        // The authority is made at the first one.
        drop(start()?);
        let mut starts = Vec::new();
        for _ in 0..5 {
            starts.push(start()?.start);
        }
        starts.sort_unstable();
        let server = start()?;
        std::thread::sleep(Duration::from_secs(1));
        let idle = usage::memory(server.process())?;
        let processor = usage::cpu(server.process())?;
        let begun = Instant::now();
        let rate = handshakes::rate(server.address, 16, self.time)?;
        let spent = usage::cpu(server.process())?.saturating_sub(processor);
        let each = spent.as_secs_f64() / (rate * begun.elapsed().as_secs_f64());
        let loaded = usage::memory(server.process())?;
        let report = &mut self.report;
        report.add(
            "start with TLS",
            milliseconds(starts[2]),
            "ms",
            Target::AtMost(100.0),
            "",
        );
        report.add(
            "memory 1 s after start with TLS",
            megabytes(idle),
            "MB",
            Target::AtMost(22.0),
            "",
        );
        report.add(
            "whole handshakes, 16 clients",
            rate,
            "/s",
            Target::AtLeast(1_000.0),
            "",
        );
        report.add("  processor time", each * 1000.0, "ms", Target::None, "");
        report.add(
            "memory after handshakes",
            megabytes(loaded),
            "MB",
            Target::AtMost(40.0),
            "",
        );
        Ok(())
    }

    fn reads(&mut self, server: &Appliance, access: &Access) -> Result<()> {
        let one = |number| access.read(&format!("SECRET_{:05}", number % 100));
        let one = self.load(server, "one secret, 16 connections", 16, u64::MAX, &one)?;
        self.report.add(
            "  requests",
            one.0.rate(),
            "/s",
            Target::AtLeast(10_000.0),
            "159 /s",
        );
        self.report.add(
            "  processor time",
            milliseconds(one.1),
            "ms",
            Target::AtMost(0.1),
            "10.3 ms",
        );

        let list = |_| access.list("dev", "/");
        let list = self.load(server, "list of 100, 16 connections", 16, u64::MAX, &list)?;
        self.report
            .add("  requests", list.0.rate(), "/s", Target::None, "");
        self.report
            .add("  processor time", milliseconds(list.1), "ms", Target::None, "");
        Ok(())
    }

    /// Logins as fast as they go, and what they cost those who read meanwhile.
    fn logins(&mut self, server: &Appliance, access: &Access) -> Result<()> {
        let login = |_| access.log_in();
        let logins = self.load(server, "logins of machines, 16 connections", 16, u64::MAX, &login)?;
        self.report.add(
            "  logins",
            logins.0.rate(),
            "/s",
            Target::AtLeast(3_000.0),
            "16 /s",
        );
        self.report
            .add("  processor time", milliseconds(logins.1), "ms", Target::None, "");

        say("reads beside logins");
        let limit = Limit {
            requests: u64::MAX,
            time: self.time,
        };
        let read = |number| access.read(&format!("SECRET_{:05}", number % 100));
        let reads = || load::run(server.address, 4, limit, read);
        let alone = reads()?.rate();
        self.report
            .add("reads alone, 4 connections", alone, "/s", Target::None, "125 /s");
        // As many logins as the other server can do at all, and six times as many. Both sides share two cores: logins
        // without a limit would measure how the kernel divides them.
        for (pace, target, reference) in [
            (16.0, Target::AtLeast(alone * 0.9), "11 /s"),
            (100.0, Target::None, ""),
        ] {
            let until = Instant::now() + self.time;
            let goes_on = |_| Instant::now() <= until;
            let log_in = |_| access.log_in();
            let (beside, paced) = std::thread::scope(|scope| {
                let paced = scope
                    .spawn(|| load::run_while(server.address, 1, Pace::PerSecond(pace), goes_on, log_in));
                (reads(), paced.join())
            });
            let beside = beside?.rate();
            let paced = paced.map_err(|_| anyhow::anyhow!("the logins ended"))??.rate();
            self.report.add(
                format!("reads beside {paced:.0} logins/s"),
                beside,
                "/s",
                target,
                reference,
            );
        }
        Ok(())
    }

    fn writes(&mut self, server: &Appliance, access: &Access) -> Result<()> {
        for (environment, folder) in [("prod", "an empty folder"), ("staging", "a folder of 5,000")] {
            let title = format!("create in {folder}, 8 connections");
            let create = |number: u64| access.create(environment, "/", &format!("CREATED_{number:07}"));
            // A bounded number, so that the empty folder stays small while it is measured.
            let create = self.load(server, &title, 8, 3_000, &create)?;
            self.report
                .add("  requests", create.0.rate(), "/s", Target::AtLeast(1_000.0), "");
            self.report
                .add("  processor time", milliseconds(create.1), "ms", Target::None, "");
        }
        Ok(())
    }

    fn large(&mut self, server: &Appliance, access: &Access) -> Result<()> {
        for (title, folder, most, reference) in [
            ("list of 1,000", "/thousand", 6.0, "57 ms"),
            ("list of 5,000", "/five-thousand", 25.0, "201 ms"),
        ] {
            let list = |_| access.list("dev", folder);
            self.timed(server, title, u64::MAX, Target::AtMost(most), reference, &list)?;
        }
        let batch = |number| access.create_batch("prod", &format!("/batch-{number}"), 500);
        self.timed(
            server,
            "batch create of 500",
            BATCHES,
            Target::AtMost(40.0),
            "",
            &batch,
        )
    }

    fn start(&self) -> Result<Appliance> {
        Appliance::start(&self.binary, &self.data, &self.log)
    }

    /// One request after the other; its target is about the median.
    fn timed(
        &mut self,
        server: &Appliance,
        title: &str,
        requests: u64,
        target: Target,
        reference: &'static str,
        request: &(dyn Fn(u64) -> Request + Sync),
    ) -> Result<()> {
        let (measured, each) = self.run_load(server, title, 1, requests, request)?;
        let (median, slow) = (measured.percentile(50), measured.percentile(99));
        self.report
            .add(title, milliseconds(median), "ms p50", target, reference);
        self.report
            .add("", milliseconds(slow), "ms p99", Target::None, "");
        self.report
            .add("  processor time", milliseconds(each), "ms", Target::None, "");
        Ok(())
    }

    /// Runs a load, reports its latencies; the measurement and the server's processor time for each request.
    fn load(
        &mut self,
        server: &Appliance,
        title: &str,
        connections: usize,
        requests: u64,
        request: &(dyn Fn(u64) -> Request + Sync),
    ) -> Result<(Measurement, Duration)> {
        let (measured, each) = self.run_load(server, title, connections, requests, request)?;
        self.report.add(
            title,
            milliseconds(measured.percentile(50)),
            "ms p50",
            Target::None,
            "",
        );
        self.report.add(
            "",
            milliseconds(measured.percentile(99)),
            "ms p99",
            Target::None,
            "",
        );
        Ok((measured, each))
    }

    fn run_load(
        &self,
        server: &Appliance,
        title: &str,
        connections: usize,
        requests: u64,
        request: &(dyn Fn(u64) -> Request + Sync),
    ) -> Result<(Measurement, Duration)> {
        say(title);
        let before = usage::cpu(server.process())?;
        let limit = Limit {
            requests,
            time: self.time,
        };
        let measured = load::run(server.address, connections, limit, request).context(title.to_owned())?;
        let used = usage::cpu(server.process())?.saturating_sub(before);
        let each = used / u32::try_from(measured.requests()).unwrap_or(u32::MAX).max(1);
        Ok((measured, each))
    }
}

#[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1_000_000.0
}

fn kilobytes(bytes: u64) -> f64 {
    megabytes(bytes) * 1_000.0
}
