//! The log: to standard error, one line for each event. Values of secrets cannot get there: their type prints
//! `[redacted]`, and bodies and headers are never logged.

use std::io::IsTerminal;

use clap::ValueEnum;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

const VARIABLE: &str = "STRONGROOM_LOG";

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
    let asked = std::env::var_os(VARIABLE).unwrap_or_default();
    let asked = filter(&asked.to_string_lossy());
    let is_wrong = asked.is_err();
    let log = tracing_subscriber::fmt()
        .with_env_filter(asked.unwrap_or_else(|_| EnvFilter::new("info")))
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
    if is_wrong {
        tracing::warn!(
            "{VARIABLE} is neither a level, such as info, nor a list, such as info,server::jobs=debug. The level is info"
        );
    }
}

/// What is shown: a part that is not named has the level of all, and that is `info` unless another is given. Something that is no
/// level would otherwise be taken for the name of a part, and everything else would be silent, refused logins included.
fn filter(asked: &str) -> Result<EnvFilter, ParseError> {
    let parts = || asked.split(',').map(str::trim).filter(|part| !part.is_empty());
    let is_level = |part: &str| part.parse::<LevelFilter>().is_ok();
    let default = (!parts().any(is_level)).then_some("info");
    let all: Vec<&str> = default.into_iter().chain(parts()).collect();
    EnvFilter::try_new(all.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_logins_are_silenced_by_a_level_alone() {
        for (asked, expected) in [
            ("", LevelFilter::INFO),
            (" ", LevelFilter::INFO),
            ("warn", LevelFilter::WARN),
            ("server::jobs=debug", LevelFilter::DEBUG),
            ("error", LevelFilter::ERROR),
        ] {
            assert_eq!(
                filter(asked).unwrap().max_level_hint(),
                Some(expected),
                "{asked:?}"
            );
        }
        for asked in ["server::jobs=debug", "verbose", ""] {
            let shown = filter(asked).unwrap().to_string();
            assert!(shown.split(',').any(|part| part == "info"), "{asked:?}: {shown}");
        }
        assert!(filter("a=b=c").is_err());
    }
}
