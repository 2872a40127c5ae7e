//! The only writer to standard output and standard error.

use std::fmt::Display;
use std::io::Write as _;

/// Prints one line.
pub fn say(line: impl Display) {
    // A closed standard output has nobody left to tell.
    drop(writeln!(std::io::stdout().lock(), "{line}"));
}

/// Prints why a command failed.
pub fn complain(error: &anyhow::Error) {
    drop(writeln!(std::io::stderr().lock(), "error: {error:#}"));
}

/// Announces a step, set off from the output of the tools before it.
pub fn heading(title: impl Display) {
    say(format_args!("\n== {title}"));
}

/// A size the way people read it.
pub fn human_size(bytes: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", bytes / unit, bytes % unit * 10 / unit);
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", tenths(1_000)),
        _ => format!("{} MB", tenths(1_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_well() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (176_336, "176.3 kB"),
            (12_303_840, "12.3 MB"),
        ] {
            assert_eq!(human_size(bytes), text);
        }
    }
}
