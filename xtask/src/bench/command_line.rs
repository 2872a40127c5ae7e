//! What the command line costs beside its server: its help, an export, and a command that it starts.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::access::Access;
use super::report::{Report, Target, milliseconds};
use crate::terminal::say;

/// Of each command.
const RUNS: usize = 21;

/// Measures from outside, each process from its start to its end.
pub fn measure(binary: &Path, access: &Access, report: &mut Report) -> Result<()> {
    say("running the command line");
    let environment = access.environment();
    let client = |arguments: &[&str]| -> Result<Duration> {
        median(|| {
            let mut command = Command::new(binary);
            command
                .args(arguments)
                .env_clear()
                .envs(environment.iter().cloned());
            command
        })
    };
    let help = client(&["--help"])?;
    report.add("--help", milliseconds(help), "ms", Target::AtMost(10.0), "");
    let export = client(&["export", "--format", "json"])?;
    report.add(
        "export of 100 secrets",
        milliseconds(export),
        "ms",
        Target::AtMost(30.0),
        "",
    );
    let alone = median(|| Command::new("/bin/true"))?;
    let run = client(&["run", "--silent", "--", "/bin/true"])?;
    report.add(
        "run, beyond the command itself",
        milliseconds(run.saturating_sub(alone)),
        "ms",
        Target::AtMost(20.0),
        "",
    );
    Ok(())
}

/// The time in the middle. A command that fails is no measurement.
fn median(command: impl Fn() -> Command) -> Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let mut command = command();
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let begun = Instant::now();
        let status = command.status()?;
        times.push(begun.elapsed());
        ensure!(status.success(), "{command:?} ended with {status}");
    }
    times.sort_unstable();
    Ok(times[RUNS / 2])
}
