//! Secrets out of a text that somebody has: dotenv, JSON, YAML or CSV.
//!
//! Reading never fails as a whole: [`parse`] answers what can be imported, and for everything else in the text a
//! [`Problem`] with its line. A problem never repeats a value, nor a line that could hold one. Nothing is looked up
//! anywhere: `${NAME}` stays as it is written.

mod csv;
mod dotenv;
mod found;
mod json;
pub mod preview;
mod record;
mod yaml;

use std::fmt;

use crate::model::names::SecretName;
use crate::model::text::SecretText;
use found::{Found, Lines};

/// Most bytes of a text, 2 MiB.
pub const LONGEST_TEXT: usize = 2 * 1024 * 1024;
/// Most entries of a text.
pub const MOST_ENTRIES: usize = 5_000;
/// Most problems that are told; reading ends there.
pub const MOST_PROBLEMS: usize = 1_000;

/// How secrets are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `NAME=value` or `NAME: value`, one a line, as `.env` files have it.
    Dotenv,
    /// An object of names and values, or an array of objects with `key`, `value` and `comment`.
    Json,
    /// The same shapes as JSON.
    Yaml,
    /// A header with the columns `key`, `value` and, if there is one, `comment`; then a line for each secret.
    Csv,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dotenv => "dotenv",
            Self::Json => "JSON",
            Self::Yaml => "YAML",
            Self::Csv => "CSV",
        })
    }
}

impl Format {
    /// The format that the name of a file promises: `.json`, `.yaml`, `.yml`, `.csv`, `.env`, and names such as
    /// `.env.local`.
    pub fn of_file_name(name: &str) -> Option<Self> {
        let name = name.rsplit(['/', '\\']).next()?.to_ascii_lowercase();
        match name.rsplit_once('.')?.1 {
            "json" => Some(Self::Json),
            "yaml" | "yml" => Some(Self::Yaml),
            "csv" => Some(Self::Csv),
            "env" => Some(Self::Dotenv),
            _ => name.starts_with(".env.").then_some(Self::Dotenv),
        }
    }

    /// The format that a text seems to have; dotenv where nothing speaks for another.
    pub fn detect(text: &str) -> Self {
        let text = without_mark(text);
        let mut lines = text
            .lines()
            .map(str::trim_end)
            .filter(|line| !line.trim_start().is_empty() && !line.trim_start().starts_with('#'));
        let Some(first) = lines.next() else {
            return Self::Dotenv;
        };
        if first.trim_start().starts_with(['{', '[']) {
            return Self::Json;
        }
        if csv::is_header(first) {
            return Self::Csv;
        }
        if first.starts_with("---") || first.starts_with("%YAML") || first.starts_with("- ") {
            return Self::Yaml;
        }
        // `NAME: value` is dotenv as well, but a file that has it alone is read by the rules of YAML.
        let is_yaml = |line: &str| {
            line.starts_with([' ', '\t', '-', '}', ']']) || !dotenv::is_assignment(line) && line.contains(':')
        };
        if is_yaml(first) && lines.all(|line| line.starts_with([' ', '\t']) || !dotenv::is_assignment(line)) {
            Self::Yaml
        } else {
            Self::Dotenv
        }
    }
}

/// A secret that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: SecretName,
    /// Its value; may be empty.
    pub value: SecretText,
    /// Its comment; none where the text has none.
    pub comment: Option<SecretText>,
    /// The line on which it begins, counted from 1.
    pub line: usize,
}

/// Something in the text that will not be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line on which it begins, counted from 1.
    pub line: usize,
    /// The name that it is about, where there is one.
    pub name: Option<SecretName>,
    /// What is wrong, a sentence without its full stop.
    pub what: String,
    /// Why it is, or what to do about it; a sentence.
    pub why: String,
    /// Whether a later line took the place of this one, as everybody would read it: worth knowing, but nothing is wrong.
    pub is_replaced: bool,
}

/// What is in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The format as which it was read.
    pub format: Format,
    /// The secrets, in the order of their lines; each name once.
    pub entries: Vec<Entry>,
    /// What will not be imported, in the order of lines.
    pub problems: Vec<Problem>,
}

/// Reads a text in a format, or in the one that it seems to have.
pub fn parse(text: &str, format: Option<Format>) -> Parsed {
    let mut found = Found::default();
    if text.len() > LONGEST_TEXT {
        found.give_up(
            1,
            "The text is too long",
            format!(
                "It has {} bytes; {LONGEST_TEXT} (2 MiB) are read at once. Split it.",
                text.len()
            ),
        );
        return found.into_parsed(format.unwrap_or(Format::Dotenv));
    }
    let text = without_mark(text);
    let format = format.unwrap_or_else(|| Format::detect(text));
    match format {
        Format::Dotenv => dotenv::read(text, &mut found),
        Format::Json => json::read(text, &mut found),
        Format::Yaml => yaml::read(text, &mut found),
        Format::Csv => csv::read(text, &mut found),
    }
    found.into_parsed(format)
}

/// Reads the bytes of a file, which must be UTF-8.
pub fn parse_bytes(bytes: &[u8], format: Option<Format>) -> Parsed {
    match std::str::from_utf8(bytes) {
        Ok(text) => parse(text, format),
        Err(error) => {
            let mut found = Found::default();
            let why = if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
                "The file is UTF-16, as some Windows programs write it. Save it as UTF-8."
            } else {
                "Here is a byte that UTF-8 does not have. Save the file as UTF-8."
            };
            found.give_up(
                Lines::new(bytes).line(error.valid_up_to()),
                "The file is not UTF-8 text",
                why,
            );
            found.into_parsed(format.unwrap_or(Format::Dotenv))
        }
    }
}

/// Some programs for Windows begin every file with a byte order mark.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

#[cfg(test)]
mod tests;
