//! A backup of a large store, its check and its restore: how long each takes, and what memory it needs meanwhile.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::report::{Report, Target};
use super::{megabytes, usage};
use crate::terminal::say;

/// Most resident memory of any step, in MB: it does not grow with the store.
const MEMORY: f64 = 100.0;
/// No step may take longer.
const PATIENCE: Duration = Duration::from_mins(3);
/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// Measures all three on the store in `data`, whose server is the process `server`.
pub fn measure(binary: &Path, data: &Path, server: u32, report: &mut Report) -> Result<()> {
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
    let steps = [
        // The command hands it over to the server.
        (
            "back up",
            command(&["backup"], &[("--output", &file), ("--data-dir", data)]),
            Some(server),
        ),
        (
            "verify the backup",
            command(&["backup", "verify"], &[("", &file), ("--identity", &kit)]),
            None,
        ),
        (
            "restore it",
            command(
                &["restore"],
                &[("", &file), ("--identity", &kit), ("--data-dir", &restored)],
            ),
            None,
        ),
    ];
    for (title, mut command, works) in steps {
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
        report.add(
            title.to_owned(),
            begun.elapsed().as_secs_f64(),
            "s",
            Target::None,
            "",
        );
        report.add(
            "",
            megabytes(peak),
            "MB resident at most",
            Target::AtMost(MEMORY),
            "",
        );
    }
    let size = file.metadata()?.len();
    report.add("  its file", megabytes(size), "MB", Target::None, "");
    Ok(())
}
