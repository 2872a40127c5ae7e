//! Golden cases: command lines in a text file, with what they print and how they end.
//!
//! A case runs at a [`Desk`]: a server of its own, somebody logged in, an empty home. The file reads like a terminal:
//!
//! ```text
//! # A remark.
//! @env INFISICAL_PROJECT_ID=home-lab
//! $ strongroom secrets get A B
//! > a second line of the same script
//! a line of standard output
//! 2> a line of standard error
//! => 5
//! ```
//!
//! A line of standard output that would look like one of these has `| ` before it. `=> N` is the exit code, 0 when it is left out. What differs from run to run (addresses, ids, times, tokens) is
//! replaced by a word in brackets before the comparison. `GOLDEN=write` writes what was seen into the file instead of
//! comparing: read the difference before you commit it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};

use crate::desk::Desk;
use crate::program::{Run, binary};

const NO_FINAL_NEWLINE: &str = "(no newline at the end)";

/// Runs the case `name` and compares.
pub fn check(name: &str) -> Result<()> {
    let file = folder().join(format!("{name}.txt"));
    let expected = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let seen = Case::new()?.play(&expected).with_context(|| name.to_owned())?;
    if std::env::var_os("GOLDEN").is_some_and(|value| value == "write") {
        return Ok(fs::write(&file, seen)?);
    }
    if seen == expected {
        return Ok(());
    }
    let mut lines = expected.lines().zip(seen.lines()).enumerate();
    let first = lines.find(|(_, (expected, seen))| expected != seen);
    let line = first.map_or(expected.lines().count().min(seen.lines().count()), |(at, _)| at);
    bail!(
        "{} differs from line {}. Seen from there:\n{}",
        file.display(),
        line + 1,
        seen.lines().skip(line).take(12).collect::<Vec<_>>().join("\n")
    )
}

/// Where the cases lie.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}

struct Case {
    desk: Desk,
    path: String,
    program: String,
    environment: Vec<(String, String)>,
}

impl Case {
    fn new() -> Result<Self> {
        let desk = Desk::new()?;
        Ok(Self {
            program: fs::canonicalize(binary()?)?.display().to_string(),
            path: desk.path()?,
            desk,
            environment: Vec::new(),
        })
    }

    /// The file as it would be if everything it expects were as it was just seen.
    fn play(mut self, text: &str) -> Result<String> {
        let mut seen = String::new();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            if let Some(first) = line.strip_prefix("$ ") {
                let mut script = first.to_owned();
                writeln!(seen, "{line}")?;
                while let Some(more) = lines.peek().and_then(|line| line.strip_prefix("> ")) {
                    writeln!(seen, "> {more}")?;
                    script.push('\n');
                    script.push_str(more);
                    lines.next();
                }
                // What was expected is dropped: everything up to the next command, remark, setting or empty line that
                // precedes one.
                let mut gap = false;
                while let Some(next) = lines.peek() {
                    let starts = ["$ ", "# ", "@env "].iter().any(|mark| next.starts_with(mark));
                    if starts {
                        break;
                    }
                    gap = next.is_empty();
                    lines.next();
                }
                seen.push_str(&self.run(&script)?);
                if gap {
                    seen.push('\n');
                }
                continue;
            }
            if let Some(setting) = line.strip_prefix("@env ") {
                let (name, value) = setting.split_once('=').context("@env needs NAME=value")?;
                self.environment.push((name.to_owned(), value.to_owned()));
            } else {
                ensure!(
                    line.is_empty() || line.starts_with('#'),
                    "before the first command: {line}"
                );
            }
            writeln!(seen, "{line}")?;
        }
        Ok(seen)
    }

    fn run(&self, script: &str) -> Result<String> {
        let mut run = Run::of(Path::new("/bin/sh"), &self.desk.home)
            .args(["-c", script])
            .env("PATH", self.path.as_str())
            .env("SERVER", self.desk.server.url())
            .env("STRONGROOM_DATA_DIR", self.desk.server.data_dir.as_os_str())
            .env("PROJECT", self.desk.instance.project.as_str())
            .env("MACHINE", self.desk.instance.machine.as_str());
        for (name, value) in &self.environment {
            run = run.env(name, value.as_str());
        }
        let ended = run.finish()?;
        let mut text = String::new();
        let out = self.constant(&String::from_utf8_lossy(&ended.stdout));
        for line in out.lines() {
            let marks = ["$ ", "> ", "2> ", "=> ", "# ", "@env ", "| "];
            let escape = if marks.iter().any(|mark| line.starts_with(mark)) || line.is_empty() {
                "| "
            } else {
                ""
            };
            writeln!(text, "{}", format!("{escape}{line}").trim_end())?;
        }
        if !out.is_empty() && !out.ends_with('\n') {
            writeln!(text, "{NO_FINAL_NEWLINE}")?;
        }
        for line in self.constant(&ended.stderr).lines() {
            writeln!(text, "{}", format!("2> {line}").trim_end())?;
        }
        match ended.code {
            Some(0) => {}
            Some(code) => writeln!(text, "=> {code}")?,
            None => writeln!(text, "=> ended by a signal")?,
        }
        Ok(text)
    }

    /// The text without what differs from run to run.
    fn constant(&self, text: &str) -> String {
        let url = self.desk.server.url();
        let host = url.trim_start_matches("http://");
        let text = text
            .replace(&url, "[SERVER]")
            .replace(host, "[HOST]")
            .replace(&self.desk.home.display().to_string(), "[HOME]")
            .replace(&self.desk.server.data_dir.display().to_string(), "[DATA]")
            .replace(&self.program, "[PROGRAM]");
        let mut constant = String::new();
        let mut word = String::new();
        for c in text.chars() {
            if c.is_ascii_alphanumeric() || "-_.:".contains(c) {
                word.push(c);
            } else {
                constant.push_str(&known(&word));
                word.clear();
                constant.push(c);
            }
        }
        constant.push_str(&known(&word));
        without_fingerprints(&constant)
    }
}

/// Fingerprints of keys are four times four digits.
fn without_fingerprints(text: &str) -> String {
    const LENGTH: usize = 19;
    let is_fingerprint = |part: &str| {
        part.char_indices().all(|(at, c)| match at % 5 {
            4 => c == ' ',
            _ => c.is_ascii_digit() || ('a'..='f').contains(&c),
        })
    };
    let mut constant = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if rest.get(..LENGTH).is_some_and(is_fingerprint) {
            constant.push_str("[FINGERPRINT]");
            rest = &rest[LENGTH..];
        } else {
            constant.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    constant
}

/// A word, or what stands for its kind.
fn known(word: &str) -> String {
    if let Some((at, end)) = word.char_indices().next_back().filter(|(_, c)| ".:".contains(*c)) {
        return format!("{}{end}", known(&word[..at]));
    }
    let shape: String = word
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    let is_uuid = word.len() == 36
        && word.char_indices().all(|(at, c)| match at {
            8 | 13 | 18 | 23 => c == '-',
            _ => c.is_ascii_hexdigit(),
        });
    if is_uuid {
        "[ID]".to_owned()
    } else if let Some(rest) = shape.strip_prefix("0000-00-00") {
        if rest.is_empty() {
            "[DATE]".to_owned()
        } else {
            "[TIME]".to_owned()
        }
    } else if word.starts_with("eyJ") && word.matches('.').count() == 2 {
        "[JWT]".to_owned()
    } else if word.starts_with("st.") {
        "[SERVICE-TOKEN]".to_owned()
    } else if word.len() == 18 && word.starts_with("req-") {
        "[REQUEST]".to_owned()
    } else if word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        "[HASH]".to_owned()
    } else {
        word.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_change() {
        for (word, stands) in [
            ("7f1c0e9a-52f4-4a53-9a44-0c6f1d6f4b11", "[ID]"),
            ("2025-11-22", "[DATE]"),
            ("2025-11-22T00:00:00.000Z", "[TIME]"),
            ("eyJhbGciOi.eyJzdWIi.c2ln", "[JWT]"),
            ("st.a.b", "[SERVICE-TOKEN]"),
            ("req-12345678901234", "[REQUEST]"),
            ("req-12345678901234.", "[REQUEST]."),
            ("req-1", "req-1"),
            ("dev-2025", "dev-2025"),
        ] {
            assert_eq!(known(word), stands);
        }
    }

    #[test]
    fn fingerprints_change() {
        for (text, stands) in [
            ("kit (1f2e 3d4c 5b6a 7988), é", "kit ([FINGERPRINT]), é"),
            ("1f2e 3d4c 5b6a", "1f2e 3d4c 5b6a"),
            ("1f2e 3d4c 5b6a 798g", "1f2e 3d4c 5b6a 798g"),
        ] {
            assert_eq!(without_fingerprints(text), stands);
        }
    }
}
