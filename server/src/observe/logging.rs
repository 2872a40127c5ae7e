//! The log: to standard error, one line for each event. Values of secrets cannot get there: their type prints
//! `[redacted]`, and bodies and headers are never logged.

use std::io::IsTerminal;

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

/// Whom the log is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A person.
    #[default]
    Text,
    /// A program: one object of JSON in each line.
    Json,
}

/// Starts logging. `STRONGROOM_LOG` sets what is shown, `info` by default; see the documentation for its form.
pub fn start(format: Format) {
    let filter = EnvFilter::try_from_env("STRONGROOM_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        // It would be said on standard error as well, and a process that cannot write there would end: the log may lie on a
        // full disk.
        .log_internal_errors(false);
    let started = match format {
        Format::Text => log
            .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
            .try_init(),
        Format::Json => log.json().flatten_event(true).with_current_span(false).try_init(),
    };
    if started.is_err() {
        // Only tests start a second server in one process, and the first one's log serves both.
        tracing::debug!("logging was started before");
    }
}
