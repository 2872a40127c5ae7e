//! `cargo xtask bench`: start, memory, throughput and size of the static binary, measured from outside.
//!
//! Client and server share this machine's cores, so the rates are lower bounds; processor time and memory are the
//! server's own.

mod appliance;
mod connection;
mod load;
mod report;
mod usage;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::dist;
use crate::machine;
use crate::terminal::say;
use crate::web;
use crate::workspace::Workspace;
use appliance::Appliance;
use connection::{Connection, Request};
use load::{Limit, Measurement};
use report::{Report, Target, milliseconds};

/// Options of the command.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Measure the binary that is there instead of building it
    #[arg(long)]
    no_build: bool,
    /// Seconds for each load
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Exit with an error when a target is missed
    #[arg(long)]
    strict: bool,
}

/// Builds the static binary and measures it.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let binary = workspace.static_binary();
    if !options.no_build {
        dist::run(workspace, machine::in_ci())?;
    }
    let size = binary
        .metadata()
        .with_context(|| format!("there is no {}", binary.display()))?
        .len();
    let mut report = Report::default();
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

    let folder = Folder::new()?;
    let mut bench = Bench {
        binary,
        data: folder.0.join("data"),
        log: folder.0.join("log"),
        time: Duration::from_secs(options.seconds),
        report,
    };
    bench.measure()?;
    let missed = bench.report.print();
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

/// A project to work in, and the token for it.
struct Access {
    project: String,
    token: String,
}

impl Bench {
    fn measure(&mut self) -> Result<()> {
        let first = self.start()?;
        say("setting up: an administrator, a project, 100 secrets in dev, 5,000 in staging");
        let access = set_up(first.address)?;
        fill(first.address, &access, "dev", 100)?;
        fill(first.address, &access, "staging", 5_000)?;
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
        std::thread::sleep(Duration::from_secs(1));
        let idle = megabytes(usage::memory(server.process())?);
        self.report.add(
            "memory 1 s after start",
            idle,
            "MB",
            Target::AtMost(20.0),
            "438 MB",
        );

        let one = |number| access.read(server.address, &format!("SECRET_{:05}", number % 100));
        let one = self.load(&server, "one secret, 16 connections", 16, u64::MAX, &one)?;
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

        let list = |_| access.list(server.address);
        let list = self.load(&server, "list of 100, 16 connections", 16, u64::MAX, &list)?;
        self.report
            .add("  requests", list.0.rate(), "/s", Target::None, "");
        self.report
            .add("  processor time", milliseconds(list.1), "ms", Target::None, "");

        for (environment, folder) in [("prod", "an empty folder"), ("staging", "a folder of 5,000")] {
            let title = format!("create in {folder}, 8 connections");
            let create =
                |number: u64| access.create(server.address, environment, &format!("CREATED_{number:07}"));
            // A bounded number, so that the empty folder stays small while it is measured.
            let create = self.load(&server, &title, 8, 3_000, &create)?;
            self.report
                .add("  requests", create.0.rate(), "/s", Target::AtLeast(1_000.0), "");
            self.report
                .add("  processor time", milliseconds(create.1), "ms", Target::None, "");
        }
        let loaded = megabytes(usage::memory(server.process())?);
        self.report
            .add("memory after load", loaded, "MB", Target::AtMost(40.0), "");
        Ok(())
    }

    fn start(&self) -> Result<Appliance> {
        Appliance::start(&self.binary, &self.data, &self.log)
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
        say(title);
        let before = usage::cpu(server.process())?;
        let limit = Limit {
            requests,
            time: self.time,
        };
        let measured = load::run(server.address, connections, limit, request).context(title.to_owned())?;
        let used = usage::cpu(server.process())?.saturating_sub(before);
        let each = used / u32::try_from(measured.requests()).unwrap_or(u32::MAX).max(1);
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
}

impl Access {
    fn read(&self, address: SocketAddr, name: &str) -> Request {
        let path = format!(
            "/api/v3/secrets/raw/{name}?workspaceId={}&environment=dev",
            self.project
        );
        Request::new("GET", &path, address, Some(&self.token), None)
    }

    fn list(&self, address: SocketAddr) -> Request {
        let path = format!("/api/v3/secrets/raw?workspaceId={}&environment=dev", self.project);
        Request::new("GET", &path, address, Some(&self.token), None)
    }

    fn create(&self, address: SocketAddr, environment: &str, name: &str) -> Request {
        let path = format!("/api/v3/secrets/raw/{name}");
        let body = json!({
            "workspaceId": self.project,
            "environment": environment,
            "secretPath": "/",
            "type": "shared",
            "secretValue": "postgres://app:a-password-of-usual-length@database.internal:5432/app",
        });
        Request::new("POST", &path, address, Some(&self.token), Some(&body))
    }
}

/// The first administrator comes with a machine identity; its token does everything here.
fn set_up(address: SocketAddr) -> Result<Access> {
    let mut connection = Connection::open(address)?;
    let mut post = |path: &str, token: Option<&str>, body: &Value| -> Result<Value> {
        let answer = connection.send(&Request::new("POST", path, address, token, Some(body)))?;
        answer.json().with_context(|| format!("POST {path}"))
    };
    let body = json!({
        "email": "bench@example.com",
        "password": "a long enough passphrase",
        "organization": "Benchmark",
    });
    let answer = post("/api/v1/admin/bootstrap", None, &body)?;
    let token = text(&answer, "/identity/credentials/token")?;
    let answer = post(
        "/api/v2/workspace",
        Some(&token),
        &json!({ "projectName": "bench" }),
    )?;
    let project = text(&answer, "/project/id")?;
    Ok(Access { project, token })
}

fn fill(address: SocketAddr, access: &Access, environment: &str, count: u64) -> Result<()> {
    let limit = Limit {
        requests: count,
        time: Duration::from_mins(2),
    };
    let request = |number| access.create(address, environment, &format!("SECRET_{number:05}"));
    let measured = load::run(address, 8, limit, request)?;
    let made = measured.requests();
    if u64::try_from(made)? != count {
        bail!("only {made} of {count} secrets could be made in two minutes");
    }
    Ok(())
}

fn text(answer: &Value, pointer: &str) -> Result<String> {
    let found = answer.pointer(pointer).and_then(Value::as_str);
    found
        .map(str::to_owned)
        .with_context(|| format!("the answer has no {pointer}: {answer}"))
}

#[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1_000_000.0
}

fn kilobytes(bytes: u64) -> f64 {
    megabytes(bytes) * 1_000.0
}
