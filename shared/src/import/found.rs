//! What was found so far: checks names, sees doubles, keeps the limits. The same for every format.

use std::collections::HashMap;

use super::{Entry, Format, MOST_ENTRIES, MOST_PROBLEMS, Parsed, Problem};
use crate::model::names::SecretName;
use crate::model::text::SecretText;

/// Entries and problems while a text is read.
#[derive(Default)]
pub struct Found {
    /// None where a later line took the place of the entry.
    entries: Vec<Option<Entry>>,
    /// Where an entry stands, by its name.
    places: HashMap<SecretName, usize>,
    problems: Vec<Problem>,
    given_up: bool,
}

impl Found {
    /// A secret. Its name may be wrong, or one that was there before.
    pub fn entry(&mut self, line: usize, name: &str, value: SecretText, comment: Option<SecretText>) {
        let name: SecretName = match name.parse() {
            Ok(name) => name,
            Err(error) => {
                return self.problem(line, None, "The name cannot be used", format!("{error}."));
            }
        };
        let entry = Entry {
            name: name.clone(),
            value,
            comment: comment.filter(|comment| !comment.trimmed().is_empty()),
            line,
        };
        let place = self.entries.len();
        self.entries.push(Some(entry));
        let before = self.places.insert(name, place);
        if let Some(before) = before.and_then(|before| self.entries[before].take()) {
            self.add(Problem {
                line: before.line,
                what: format!(
                    "{} stands on line {} and again on line {line}",
                    before.name, before.line
                ),
                why: format!("The last one counts; what line {} says is left out.", before.line),
                name: Some(before.name),
                is_replaced: true,
            });
        } else if self.places.len() > MOST_ENTRIES {
            self.give_up(
                line,
                "There are too many secrets",
                format!("At most {MOST_ENTRIES} are read at once. Split the file."),
            );
        }
    }

    /// Something that will not be imported.
    pub fn problem(
        &mut self,
        line: usize,
        name: Option<&SecretName>,
        what: impl Into<String>,
        why: impl Into<String>,
    ) {
        self.add(Problem {
            line,
            name: name.cloned(),
            what: what.into(),
            why: why.into(),
            is_replaced: false,
        });
    }

    fn add(&mut self, problem: Problem) {
        if self.problems.len() + 1 < MOST_PROBLEMS {
            self.problems.push(problem);
        } else {
            self.give_up(
                problem.line,
                "There are too many problems",
                "Reading ended here, and nothing will be imported. Is it another format?",
            );
        }
    }

    /// A problem after which nothing of the text is trusted.
    pub fn give_up(&mut self, line: usize, what: impl Into<String>, why: impl Into<String>) {
        if !self.given_up {
            self.given_up = true;
            self.entries.clear();
            self.places.clear();
            self.problems.push(Problem {
                line,
                name: None,
                what: what.into(),
                why: why.into(),
                is_replaced: false,
            });
        }
    }

    /// Whether reading on is useless.
    pub fn has_given_up(&self) -> bool {
        self.given_up
    }

    /// Whether there is an entry of that name.
    pub fn has(&self, name: &str) -> bool {
        name.parse::<SecretName>()
            .is_ok_and(|name| self.places.contains_key(&name))
    }

    /// The end of the text.
    pub fn into_parsed(mut self, format: Format) -> Parsed {
        self.problems.sort_by_key(|problem| problem.line);
        Parsed {
            format,
            entries: self.entries.into_iter().flatten().collect(),
            problems: self.problems,
        }
    }
}

/// Lines of places that come in order: counts each part of the text once.
pub struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    /// At the beginning of a text.
    pub fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// The line of a place at or after the one asked for before; for an earlier one, the line from before.
    pub fn line(&mut self, at: usize) -> usize {
        let between = self.text.get(self.at..at).unwrap_or_default();
        self.line += between.split(|byte| *byte == b'\n').count() - 1;
        self.at = self.at.max(at);
        self.line
    }
}
