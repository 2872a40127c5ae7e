//! Rotations of keys in a large store: how long they take, and what those who read meanwhile notice.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::access::Access;
use super::appliance::Appliance;
use super::backups;
use super::load::{self, Limit, Measurement, Pace};
use super::megabytes;
use super::report::{Report, Target, milliseconds};
use crate::process;
use crate::terminal::say;

/// Projects, each with a data key under the root key.
const PROJECTS: u64 = 10_000;
/// Secrets of one batch, and batches of one project.
const BATCH: u64 = 500;
const BATCHES: u64 = 200;
/// What the file has at least when its key is changed.
const FILE: u64 = 200_000_000;
/// Bytes of the values that make it so large, and how many of them fit into one request.
const LARGE: usize = 4_096;
const LARGE_BATCH: u64 = 200;
/// Reads in a second, which leave a rotation most of the two cores: without a limit one would measure how the kernel
/// divides them.
const READS: f64 = 500.0;
const READERS: usize = 8;
/// Names that are read. Most reads repeat one of the last ten seconds, as those of pollers do.
const NAMES: u64 = 100;
/// No step may take longer.
const PATIENCE: Duration = Duration::from_mins(3);

/// Makes a large store in `data` and rotates all of its keys.
pub fn measure(binary: &Path, data: &Path, log: &Path, time: Duration, report: &mut Report) -> Result<()> {
    let server = Appliance::start(binary, data, log)?;
    let access = Access::set_up(server.address)?;
    let mut bench = Bench {
        binary,
        data,
        time,
        server,
        access,
        report,
    };
    bench.fill()?;
    bench.root()?;
    let alone = bench.reads_alone()?;
    bench.values(&alone)?;
    bench.back_up()?;
    bench.file(&alone)?;
    bench.every_project()
}

struct Bench<'a> {
    binary: &'a Path,
    data: &'a Path,
    time: Duration,
    server: Appliance,
    access: Access,
    report: &'a mut Report,
}

impl Bench<'_> {
    fn fill(&self) -> Result<()> {
        say(format_args!(
            "setting up: {PROJECTS} projects, {} secrets",
            BATCHES * BATCH
        ));
        self.all(PROJECTS - 1, |number| {
            self.access.create_project(&format!("project-{number:05}"))
        })?;
        let folder = |number: u64| format!("batch-{number:03}");
        for number in 1..BATCHES {
            self.access.make_folder("dev", &folder(number))?;
        }
        self.all(BATCHES, |number| {
            // The first ones lie where they are read.
            let path = match number {
                0 => "/".to_owned(),
                _ => format!("/{}", folder(number)),
            };
            self.access.create_batch("dev", &path, BATCH)
        })
    }

    /// Sends a number of requests, all of which must be answered.
    fn all(&self, requests: u64, request: impl Fn(u64) -> super::Request + Sync) -> Result<()> {
        let limit = Limit {
            requests,
            time: PATIENCE,
        };
        let made = load::run(self.server.address, 4, limit, request)?.requests();
        if u64::try_from(made)? != requests {
            bail!("only {made} of {requests} requests were answered in {PATIENCE:?}");
        }
        Ok(())
    }

    fn root(&mut self) -> Result<()> {
        let title = format!("rotate the root key, {PROJECTS} projects");
        say(&title);
        let begun = Instant::now();
        self.keys(&["rotate-root"])?;
        self.seconds(title, begun.elapsed());
        Ok(())
    }

    fn reads_alone(&mut self) -> Result<Measurement> {
        say("reads alone");
        let until = Instant::now() + self.time.max(Duration::from_secs(2));
        let alone = self.reads(|_| Instant::now() <= until)?;
        self.latencies(format!("{READS} reads/s alone"), &alone, None);
        Ok(alone)
    }

    /// Every value of one project, first with nobody else there, then beside reads.
    fn values(&mut self, alone: &Measurement) -> Result<()> {
        let project = self.access.project().to_owned();
        for beside in [false, true] {
            let others = if beside { "beside reads" } else { "alone" };
            let title = format!("seal {} values anew, {others}", BATCHES * BATCH);
            say(&title);
            let begun = Instant::now();
            let rotate = || -> Result<u64> {
                self.keys(&["rotate-data", "--project", &project])?;
                self.resealed(begun)
            };
            let (sealed, reads) = if beside {
                let (sealed, reads) = self.beside_reads(rotate)?;
                (sealed, Some(reads))
            } else {
                (rotate()?, None)
            };
            let taken = begun.elapsed();
            if sealed != BATCHES * BATCH {
                bail!("{sealed} values were sealed anew, not {}", BATCHES * BATCH);
            }
            let rate = f64::from(u32::try_from(sealed)?) / taken.as_secs_f64();
            self.report.add(title, rate, "values/s", Target::None, "");
            if let Some(reads) = reads {
                self.latencies("  reads meanwhile".into(), &reads, Some(alone));
            }
        }
        Ok(())
    }

    /// One backup of everything, checked and restored.
    fn back_up(&mut self) -> Result<()> {
        backups::measure(self.binary, self.data, &self.server, &self.access, self.report)
    }

    /// All projects, most of them empty: what each costs by itself.
    fn every_project(&mut self) -> Result<()> {
        let title = format!("rotate the data keys of {PROJECTS} projects");
        say(&title);
        let begun = Instant::now();
        self.keys(&["rotate-data"])?;
        self.resealed(begun)?;
        self.seconds(title, begun.elapsed());
        Ok(())
    }

    fn file(&mut self, alone: &Measurement) -> Result<()> {
        say(format_args!("filling the file up to {} MB", megabytes(FILE)));
        let begun = Instant::now();
        let value = "v".repeat(LARGE);
        let mut folders = 0;
        while self.file_size()? < FILE {
            if begun.elapsed() > PATIENCE {
                bail!("after {PATIENCE:?} the file has {} bytes", self.file_size()?);
            }
            let folder = format!("large-{folders}");
            self.access.make_folder("prod", &folder)?;
            self.all(1, |_| {
                self.access
                    .create_batch_of("prod", &format!("/{folder}"), LARGE_BATCH, &value)
            })?;
            folders += 1;
        }
        let title = format!("rekey a file of {:.0} MB", megabytes(self.file_size()?));
        say(&title);
        let begun = Instant::now();
        let (taken, reads) = self.beside_reads(|| {
            self.keys(&["rekey-database"])?;
            Ok(begun.elapsed())
        })?;
        self.seconds(title, taken);
        self.latencies("  reads meanwhile".into(), &reads, Some(alone));
        Ok(())
    }

    fn file_size(&self) -> Result<u64> {
        let file = self.data.join("strongroom.db");
        let file = file
            .metadata()
            .with_context(|| format!("there is no {}", file.display()))?;
        Ok(file.len())
    }

    /// `strongroom keys`, which hands its command over to the server.
    fn keys(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new("timeout");
        command
            .arg(PATIENCE.as_secs().to_string())
            .arg(self.binary)
            .arg("keys")
            .args(arguments)
            .arg("--data-dir")
            .arg(self.data);
        process::capture(&mut command)
    }

    /// Waits until no rotation of data keys is under way; how many values the latest ones sealed anew.
    fn resealed(&self, begun: Instant) -> Result<u64> {
        loop {
            let asked = Instant::now();
            let state: Value = serde_json::from_str(&self.keys(&["list", "--json"])?)?;
            let rotations = state["rotations"].as_array().context("no rotations")?;
            if rotations.iter().any(|rotation| rotation["state"] == "incomplete") {
                bail!("some values did not open");
            }
            if rotations.iter().all(|rotation| rotation["state"] == "done") {
                let sealed = rotations.iter().filter_map(|rotation| rotation["done"].as_u64());
                return Ok(sealed.sum());
            }
            if begun.elapsed() > PATIENCE {
                bail!("the rotation of data keys takes longer than {PATIENCE:?}");
            }
            // Thousands of rotations are a long answer: asking costs the server a small part of its time.
            std::thread::sleep(Duration::from_millis(100).max(asked.elapsed() * 10));
        }
    }

    fn reads(&self, goes_on: impl Fn(u64) -> bool + Sync) -> Result<Measurement> {
        let read = |number| self.access.read(&format!("SECRET_{:05}", number % NAMES));
        load::run_while(
            self.server.address,
            READERS,
            Pace::PerSecond(READS),
            goes_on,
            read,
        )
    }

    /// Reads as long as something else goes on.
    fn beside_reads<T: Send>(&self, work: impl FnOnce() -> Result<T> + Send) -> Result<(T, Measurement)> {
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let reads = scope.spawn(|| self.reads(|_| !over.load(Ordering::Relaxed)));
            let done = work();
            over.store(true, Ordering::Relaxed);
            let reads = reads
                .join()
                .map_err(|_| anyhow::anyhow!("the reads ended"))?
                .context("reads")?;
            Ok((done?, reads))
        })
    }

    fn seconds(&mut self, title: String, taken: Duration) {
        self.report.add(title, taken.as_secs_f64(), "s", Target::None, "");
    }

    fn latencies(&mut self, title: String, reads: &Measurement, alone: Option<&Measurement>) {
        let mut title = Some(title);
        for (percent, unit) in [(50, "ms p50"), (99, "ms p99"), (100, "ms at most")] {
            let value = reads.percentile(percent);
            let title = title.take().unwrap_or_default();
            self.report
                .add(title, milliseconds(value), unit, Target::None, "");
            if let Some(alone) = alone {
                let ratio = value.as_secs_f64() / alone.percentile(percent).as_secs_f64();
                self.report.add("", ratio, "times alone", Target::None, "");
            }
        }
    }
}
