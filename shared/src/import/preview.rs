//! What an import would do to the secrets that are there.

use std::collections::BTreeMap;

use super::{Entry, Parsed};
use crate::model::text::SecretText;

/// A secret as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Existing {
    /// Its value; none where the reader does not know it, and then every value counts as a change.
    pub value: Option<SecretText>,
    /// Its comment, empty when there is none.
    pub comment: SecretText,
}

/// What an import would do to one secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The name is not there yet.
    New,
    /// Something of it becomes another.
    Changed {
        /// The value does.
        value: bool,
        /// The comment does. An entry without one leaves the comment as it is.
        comment: bool,
    },
    /// Everything is as the text says already.
    Same,
}

/// A line of a preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row<'a> {
    /// A secret and what becomes of it.
    Secret(&'a Entry, Fate),
    /// Something that will not be imported.
    Invalid(&'a super::Problem),
}

impl Row<'_> {
    /// The line in the text.
    pub fn line(&self) -> usize {
        match self {
            Self::Secret(entry, _) => entry.line,
            Self::Invalid(problem) => problem.line,
        }
    }
}

/// What an import would do, in the order of lines. `existing` has the shared secrets of the folder by their names.
pub fn preview<'a>(parsed: &'a Parsed, existing: &BTreeMap<String, Existing>) -> Vec<Row<'a>> {
    let mut rows: Vec<Row> = parsed
        .entries
        .iter()
        .map(|entry| Row::Secret(entry, fate(entry, existing.get(entry.name.as_str()))))
        .chain(parsed.problems.iter().map(Row::Invalid))
        .collect();
    rows.sort_by_key(Row::line);
    rows
}

fn fate(entry: &Entry, existing: Option<&Existing>) -> Fate {
    let Some(existing) = existing else {
        return Fate::New;
    };
    // The server stores the normalized form: a space at the end is no change.
    let same = |value: &SecretText| value.normalized_value() == entry.value.normalized_value();
    let value = !existing.value.as_ref().is_some_and(same);
    let comment = entry
        .comment
        .as_ref()
        .is_some_and(|comment| comment.trimmed() != existing.comment.trimmed());
    if value || comment {
        Fate::Changed { value, comment }
    } else {
        Fate::Same
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, parse};
    use super::*;

    #[test]
    fn says_what_becomes_of_each_line() {
        let text = "NEW=1\nSAME=a\nTRIMMED='  a '\nVALUE=b\nCOMMENT=a # said now\nBOTH=b # said now\nKEPT=a\nUNKNOWN=a\nno value\n";
        let parsed = parse(text, Some(Format::Dotenv));
        let existing: BTreeMap<String, Existing> = [
            "SAME", "TRIMMED", "VALUE", "COMMENT", "BOTH", "KEPT", "UNKNOWN", "ELSE",
        ]
        .into_iter()
        .map(|name| {
            let existing = Existing {
                value: (name != "UNKNOWN").then(|| "a".into()),
                comment: if name == "KEPT" {
                    "said before".into()
                } else {
                    "".into()
                },
            };
            (name.to_owned(), existing)
        })
        .collect();
        let changed = |value, comment| Some(Fate::Changed { value, comment });
        let rows = preview(&parsed, &existing);
        let seen: Vec<Option<Fate>> = rows
            .iter()
            .map(|row| match row {
                Row::Secret(_, fate) => Some(*fate),
                Row::Invalid(_) => None,
            })
            .collect();
        assert_eq!(
            seen,
            [
                Some(Fate::New),
                Some(Fate::Same),
                Some(Fate::Same),
                changed(true, false),
                changed(false, true),
                changed(true, true),
                Some(Fate::Same),
                changed(true, false),
                None,
            ]
        );
        assert_eq!(
            rows.iter().map(Row::line).collect::<Vec<_>>(),
            (1..=9).collect::<Vec<_>>()
        );
    }
}
