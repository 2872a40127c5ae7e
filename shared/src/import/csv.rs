//! CSV with a header that has the columns `key` and `value`, and perhaps `comment`.

use csv::{ReaderBuilder, StringRecord};

use super::found::{Found, Lines};
use crate::model::names::SecretName;
use crate::model::text::SecretText;

/// What separates columns: a comma, or what spreadsheets of other countries write.
const DELIMITERS: [char; 3] = [',', ';', '\t'];

/// Where the columns are.
struct Columns {
    key: usize,
    value: usize,
    comment: Option<usize>,
    count: usize,
}

impl Columns {
    fn of<'a>(header: impl Iterator<Item = &'a str>) -> Option<Self> {
        let names: Vec<String> = header.map(|name| name.trim().to_lowercase()).collect();
        let place = |wanted: &[&str]| names.iter().position(|name| wanted.contains(&name.as_str()));
        Some(Self {
            key: place(&["key", "name", "secretkey"])?,
            value: place(&["value", "secretvalue"])?,
            comment: place(&["comment", "secretcomment"]),
            count: names.len(),
        })
    }
}

/// Whether a line is such a header.
pub fn is_header(line: &str) -> bool {
    delimiter(line).is_some_and(|delimiter| {
        let unquoted = |name: &'_ str| name.trim().trim_matches('"').to_owned();
        let names: Vec<String> = line.split(delimiter).map(unquoted).collect();
        Columns::of(names.iter().map(String::as_str)).is_some()
    })
}

fn delimiter(header: &str) -> Option<char> {
    DELIMITERS.into_iter().find(|c| header.contains(*c))
}

/// Reads a whole text.
pub fn read(text: &str, found: &mut Found) {
    let header = text.trim_start().lines().next().unwrap_or_default();
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(u8::try_from(delimiter(header).unwrap_or(',')).unwrap_or(b','))
        .from_reader(text.as_bytes());
    let mut lines = Lines::new(text.as_bytes());
    let mut columns = None;
    let mut record = StringRecord::new();
    let mut begin = 0;
    while !found.has_given_up() {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                found.give_up(lines.line(begin), "This is not valid CSV", kind_of(&error));
                break;
            }
        }
        let end = usize::try_from(reader.position().byte()).unwrap_or(text.len());
        let raw = text.get(begin..end).unwrap_or_default();
        // Empty lines before a record are read with it.
        let line = lines.line(begin + raw.len() - raw.trim_start_matches(['\r', '\n']).len());
        begin = end;
        if !raw.bytes().filter(|byte| *byte == b'"').count().is_multiple_of(2) {
            found.give_up(
                line,
                "A quote in this row is never closed",
                "Put a value that has a quote into quotes, and write the quote in it twice.",
            );
            break;
        }
        if record.iter().all(|field| field.trim().is_empty()) {
            continue;
        }
        match &columns {
            None => {
                columns = Columns::of(record.iter());
                if columns.is_none() {
                    found.give_up(
                        line,
                        "The header is missing",
                        "The first line names the columns: key,value or key,value,comment.",
                    );
                }
            }
            Some(columns) => row(columns, &record, line, found),
        }
    }
    if columns.is_none() {
        found.give_up(
            1,
            "The header is missing",
            "The first line names the columns: key,value or key,value,comment.",
        );
    }
}

fn row(columns: &Columns, record: &StringRecord, line: usize, found: &mut Found) {
    let name = record.get(columns.key).unwrap_or_default();
    if record.len() > columns.count || record.get(columns.value).is_none() {
        let parsed: Option<SecretName> = name.parse().ok();
        found.problem(
            line,
            parsed.as_ref(),
            format!(
                "The row has {} columns, the header {}",
                record.len(),
                columns.count
            ),
            "Put a value that has a comma into quotes.",
        );
        return;
    }
    let field = |at: usize| record.get(at).map(SecretText::from);
    let value = field(columns.value).unwrap_or_default();
    found.entry(line, name, value, columns.comment.and_then(field));
}

fn kind_of(error: &csv::Error) -> &'static str {
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "It is not UTF-8.",
        _ => "The rows cannot be told apart.",
    }
}
