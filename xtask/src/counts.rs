//! Running tests and counting them.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::process;
use crate::terminal::say;

/// Results of one or more test binaries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
    /// Tests that did not run because they are marked `#[ignore]`.
    pub ignored: u64,
}

impl Counts {
    /// Tests that ran.
    pub fn ran(self) -> u64 {
        self.passed + self.failed
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}

/// A run: how many, and whether the command succeeded as a whole.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// One entry for each test binary, in cargo's order.
    pub binaries: Vec<Counts>,
    /// Whether cargo reported success: a binary that does not compile has no counts.
    pub success: bool,
}

impl Outcome {
    /// All binaries together.
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        for counts in &self.binaries {
            total += *counts;
        }
        total
    }
}

/// Runs `cargo test …`, passes its output on and counts.
pub fn run(command: &mut Command) -> Result<Outcome> {
    let line = process::line(command);
    say(&line);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {line}"))?;
    let output = child.stdout.take().context("the child has no standard output")?;
    let binaries = read(output, |line| say(line))?;
    Ok(Outcome {
        binaries,
        success: child.wait()?.success(),
    })
}

/// Counts what a run prints, line by line as it comes.
fn read(output: impl std::io::Read, mut pass_on: impl FnMut(&str)) -> Result<Vec<Counts>> {
    let mut binaries = Vec::new();
    for bytes in BufReader::new(output).split(b'\n') {
        let bytes = bytes?;
        let line = String::from_utf8_lossy(&bytes);
        pass_on(&line);
        binaries.extend(parse(&line));
    }
    Ok(binaries)
}

/// Reads `test result: ok. 5 passed; 0 failed; 1 ignored; …`.
fn parse(line: &str) -> Option<Counts> {
    let counts = line.strip_prefix("test result: ")?.split_once(". ")?.1;
    let number = |name: &str| {
        let part = counts
            .split(';')
            .find_map(|part| part.trim().strip_suffix(name))?;
        part.trim().parse().ok()
    };
    Some(Counts {
        passed: number("passed")?,
        failed: number("failed")?,
        ignored: number("ignored")?,
    })
}

/// Both databases must have seen the same tests, or a bug of one of them could hide.
pub fn require_same(sqlite: &Outcome, postgres: &Outcome) -> Result<()> {
    let ran = |outcome: &Outcome| {
        outcome
            .binaries
            .iter()
            .map(|counts| counts.ran())
            .collect::<Vec<_>>()
    };
    let (on_sqlite, on_postgres) = (ran(sqlite), ran(postgres));
    if on_sqlite != on_postgres {
        bail!(
            "the databases did not run the same tests: SQLite {on_sqlite:?}, PostgreSQL {on_postgres:?} per binary"
        );
    }
    if sqlite.total().ran() == 0 {
        bail!("no server test ran at all");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(ran: &[u64]) -> Outcome {
        let binaries = ran
            .iter()
            .map(|passed| Counts {
                passed: *passed,
                ..Counts::default()
            })
            .collect();
        Outcome {
            binaries,
            success: true,
        }
    }

    #[test]
    fn result_lines_are_read() {
        let line = "test result: FAILED. 37 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.16s";
        assert_eq!(
            parse(line),
            Some(Counts {
                passed: 37,
                failed: 1,
                ignored: 2
            })
        );
        assert_eq!(parse("test tidy::tests::result ... ok"), None);
        assert_eq!(parse("test result: ok. many passed"), None);
    }

    #[test]
    fn different_counts_fail() {
        assert!(require_same(&outcome(&[5, 2]), &outcome(&[5, 2])).is_ok());
        assert!(require_same(&outcome(&[5, 2]), &outcome(&[5, 1])).is_err());
        assert!(require_same(&outcome(&[5, 2]), &outcome(&[2, 5])).is_err());
        assert!(require_same(&outcome(&[5, 2]), &outcome(&[5])).is_err());
        assert!(
            require_same(&outcome(&[0]), &outcome(&[0])).is_err(),
            "nothing ran"
        );
    }

    #[test]
    fn every_binary_is_counted_and_every_line_passed_on() {
        let printed = "running 2 tests\ntest result: ok. 2 passed; 0 failed; 0 ignored; x\n\n\n\
            test result: FAILED. 1 passed; 3 failed; 0 ignored; x\n";
        let mut lines = 0;
        let binaries = read(printed.as_bytes(), |_| lines += 1).unwrap();
        let outcome = Outcome {
            binaries,
            success: false,
        };
        assert_eq!(
            outcome.total(),
            Counts {
                passed: 3,
                failed: 3,
                ignored: 0
            }
        );
        assert_eq!((outcome.binaries.len(), lines), (2, 5));
    }

    #[test]
    fn a_failed_command_is_noticed() {
        assert!(!run(&mut Command::new("false")).unwrap().success);
        assert!(run(&mut Command::new("true")).unwrap().success);
        assert!(run(&mut Command::new("no-such-program-here")).is_err());
    }
}
