//! A backup of a large store, its check, its restore and its drill: how long each takes, and what memory it needs meanwhile.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::access::Access;
use super::appliance::Appliance;
use super::load::{self, Limit, Measurement, Pace};
use super::report::{Report, Target, milliseconds};
use super::{megabytes, usage};
use crate::terminal::say;

/// Most resident memory of any step, in MB: it does not grow with the store.
const MEMORY: f64 = 100.0;
/// No step may take longer.
const PATIENCE: Duration = Duration::from_mins(3);
/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// Secrets of the store of a gigabyte, how many of them lie in a folder, and bytes of each.
const LARGE: u64 = 16_000;
const LARGE_FOLDER: u64 = 4_000;
const LARGE_VALUE: usize = 64 * 1024;
/// As many as fit into one request.
const LARGE_BATCH: u64 = 8;
/// Writes in a second while a backup is made.
const WRITES: f64 = 50.0;

/// Makes a store of a gigabyte in `data` and measures them on it.
pub fn measure_large(binary: &Path, data: &Path, log: &Path, report: &mut Report) -> Result<()> {
    let server = Appliance::start(binary, data, log)?;
    let access = Access::set_up(server.address)?;
    say(format_args!("setting up: {LARGE} secrets of {LARGE_VALUE} bytes"));
    let value = "v".repeat(LARGE_VALUE);
    for folder in 0..LARGE / LARGE_FOLDER {
        let folder = format!("large-{folder}");
        access.make_folder("prod", &folder)?;
        let limit = Limit {
            requests: LARGE_FOLDER / LARGE_BATCH,
            time: PATIENCE,
        };
        let path = format!("/{folder}");
        let create =
            |batch| access.create_batch_from("prod", &path, batch * LARGE_BATCH, LARGE_BATCH, &value);
        let made = load::run(server.address, 2, limit, create)?.requests();
        if u64::try_from(made)? != limit.requests {
            bail!(
                "only {made} of {} requests were answered in {PATIENCE:?}",
                limit.requests
            );
        }
    }
    measure(binary, data, &server, &access, report)
}

/// Measures them on the store in `data`, and what writers notice of the first.
pub fn measure(
    binary: &Path,
    data: &Path,
    server: &Appliance,
    access: &Access,
    report: &mut Report,
) -> Result<()> {
    let folder = data.parent().context("a data directory in a folder")?;
    let [kit, file, restored] = ["kit.txt", "backup.age", "restored"].map(|name| folder.join(name));
    let command = |arguments: &[&str], paths: &[(&str, &Path)]| {
        let mut command = Command::new(binary);
        command.args(arguments);
        for (flag, path) in paths {
            if !flag.is_empty() {
                command.arg(flag);
            }
            command.arg(path);
        }
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let made = command(&["keys", "kit"], &[("--output", &kit), ("--data-dir", data)]).status()?;
    if !made.success() {
        bail!("no recovery kit was made: {made}");
    }
    // The command hands it over to the server.
    let backup = command(&["backup"], &[("--output", &file), ("--data-dir", data)]);
    let (step, writes) = beside_writes(server, access, || {
        watch("back up", backup, Some(server.process()))
    })?;
    step.report(report);
    let worst = milliseconds(writes.percentile(100));
    let title = format!("  writes meanwhile, {WRITES}/s");
    report.add(
        title,
        milliseconds(writes.percentile(50)),
        "ms p50",
        Target::None,
        "",
    );
    report.add("", worst, "ms at most", Target::None, "");
    report.add(
        "  its file",
        megabytes(file.metadata()?.len()),
        "MB",
        Target::None,
        "",
    );
    let verify = command(&["backup", "verify"], &[("", &file), ("--identity", &kit)]);
    watch("verify the backup", verify, None)?.report(report);
    let paths: [(&str, &Path); 3] = [("", &file), ("--identity", &kit), ("--data-dir", &restored)];
    watch("restore it", command(&["restore"], &paths), None)?.report(report);
    // A drill takes the newest backup of those that the server keeps.
    access.back_up(PATIENCE)?;
    let drill = command(&["backup", "drill"], &[("--data-dir", data)]);
    watch("rehearse it", drill, Some(server.process()))?.report(report);
    Ok(())
}

/// Writes as long as something else goes on.
fn beside_writes<T>(
    server: &Appliance,
    access: &Access,
    work: impl FnOnce() -> Result<T>,
) -> Result<(T, Measurement)> {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writes = scope.spawn(|| {
            let goes_on = |_| !over.load(Ordering::Relaxed);
            let write = |number| access.create("staging", "/", &format!("BESIDE_{number:06}"));
            load::run_while(server.address, 1, Pace::PerSecond(WRITES), goes_on, write)
        });
        let done = work();
        over.store(true, Ordering::Relaxed);
        let writes = writes
            .join()
            .map_err(|_| anyhow::anyhow!("the writes ended"))?
            .context("writes")?;
        Ok((done?, writes))
    })
}

/// What one command took.
struct Step {
    title: &'static str,
    taken: Duration,
    /// Most resident memory in bytes.
    peak: u64,
}

impl Step {
    fn report(&self, report: &mut Report) {
        let seconds = self.taken.as_secs_f64();
        report.add(self.title, seconds, "s", Target::None, "");
        let target = Target::AtMost(MEMORY);
        report.add("", megabytes(self.peak), "MB resident at most", target, "");
    }
}

/// Runs a command and watches the memory of the process that works: `works`, or the command itself.
fn watch(title: &'static str, mut command: Command, works: Option<u32>) -> Result<Step> {
    say(title);
    let begun = Instant::now();
    let mut child = command.spawn()?;
    let mut peak = 0;
    let status = loop {
        // A process that ends while it is looked at has no memory any more.
        peak = peak.max(usage::memory(works.unwrap_or(child.id())).unwrap_or_default());
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if begun.elapsed() > PATIENCE {
            child.kill()?;
            bail!("to {title} takes longer than {PATIENCE:?}");
        }
        std::thread::sleep(LOOK);
    };
    if !status.success() {
        bail!("to {title} failed: {status}");
    }
    Ok(Step {
        title,
        taken: begun.elapsed(),
        peak,
    })
}
