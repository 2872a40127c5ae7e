//! What an import would do, and the changes that do it.

use std::collections::{BTreeMap, HashMap, HashSet};

use shared::import::Parsed;
use shared::import::preview::{Existing, Fate, Row, preview};
use shared::model::ids::SecretId;
use shared::wire::changes::Change;
use shared::wire::secrets::Secret;

/// What is there already, by name.
#[derive(Debug, Clone, Default)]
pub struct Known {
    ids: HashMap<String, (SecretId, i64)>,
    existing: BTreeMap<String, Existing>,
}

impl Known {
    /// The secrets of the folder that is imported into.
    pub fn new(secrets: &[Secret]) -> Self {
        let mut known = Self::default();
        for secret in secrets {
            let name = secret.secret_key.clone();
            known.ids.insert(name.clone(), (secret.id, secret.version));
            known.existing.insert(
                name,
                Existing {
                    value: (!secret.secret_value_hidden).then(|| secret.secret_value.clone()),
                    comment: secret.secret_comment.clone(),
                },
            );
        }
        known
    }
}

/// What happens to a line of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// A secret is made.
    New,
    /// A secret gets another value or comment.
    Changed,
    /// The secret is as the text says already.
    Same,
    /// Nothing can be made of it.
    Invalid,
}

impl Outcome {
    /// All of them, in the order in which they are counted.
    pub const ALL: [Self; 4] = [Self::New, Self::Changed, Self::Same, Self::Invalid];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "New",
            Self::Changed => "Changed",
            Self::Same => "Same",
            Self::Invalid => "Invalid",
        }
    }

    /// Whether it would change anything.
    pub fn writes(self) -> bool {
        matches!(self, Self::New | Self::Changed)
    }
}

/// A line of the preview. It holds no value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Line {
    /// Its number in the text, from 1.
    pub number: usize,
    /// The name, where one was found.
    pub name: Option<String>,
    /// What happens.
    pub outcome: Outcome,
    /// What is to be said about it.
    pub note: String,
}

/// The preview, in the order of the text.
pub fn lines(parsed: &Parsed, known: &Known) -> Vec<Line> {
    preview(parsed, &known.existing)
        .into_iter()
        .map(|row| match row {
            Row::Secret(entry, fate) => Line {
                number: entry.line,
                name: Some(entry.name.to_string()),
                outcome: outcome(fate),
                note: note(fate).to_owned(),
            },
            Row::Invalid(problem) => Line {
                number: problem.line,
                name: problem.name.as_ref().map(ToString::to_string),
                outcome: Outcome::Invalid,
                note: format!("{}. {}", problem.what, problem.why),
            },
        })
        .collect()
}

fn outcome(fate: Fate) -> Outcome {
    match fate {
        Fate::New => Outcome::New,
        Fate::Changed { .. } => Outcome::Changed,
        Fate::Same => Outcome::Same,
    }
}

fn note(fate: Fate) -> &'static str {
    match fate {
        Fate::New => "",
        Fate::Changed {
            value: true,
            comment: false,
        } => "Another value",
        Fate::Changed { value: false, .. } => "Another comment",
        Fate::Changed { .. } => "Another value and comment",
        Fate::Same => "Nothing to do",
    }
}

/// The changes that import everything but the names that are left out.
pub fn changes(parsed: &Parsed, known: &Known, left_out: &HashSet<String>) -> Vec<Change> {
    preview(parsed, &known.existing)
        .into_iter()
        .filter_map(|row| {
            let Row::Secret(entry, fate) = row else {
                return None;
            };
            let name = entry.name.as_str();
            if left_out.contains(name) {
                return None;
            }
            match fate {
                Fate::Same => None,
                Fate::New => Some(Change::Create {
                    name: name.to_owned(),
                    value: entry.value.clone(),
                    comment: entry.comment.clone(),
                    tag_slugs: None,
                }),
                Fate::Changed { value, comment } => known.ids.get(name).map(|(id, version)| Change::Update {
                    id: *id,
                    version: *version,
                    name: None,
                    value: value.then(|| entry.value.clone()),
                    comment: entry.comment.clone().filter(|_| comment),
                    tag_slugs: None,
                }),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use shared::import::{Format, parse};
    use shared::model::text::SecretText;

    use super::*;

    fn known() -> Known {
        let mut known = Known::default();
        for (number, name, value) in [(1, "SAME", "a"), (2, "OTHER", "old")] {
            known
                .ids
                .insert(name.to_owned(), (SecretId::from_random([number; 16]), 7));
            known.existing.insert(
                name.to_owned(),
                Existing {
                    value: Some(SecretText::from(value)),
                    comment: SecretText::default(),
                },
            );
        }
        known
    }

    #[test]
    fn each_line_is_told_and_no_value_is() {
        let parsed = parse(
            "NEW=hush\nSAME=a\nOTHER=hush\nno assignment\n",
            Some(Format::Dotenv),
        );
        let lines = lines(&parsed, &known());
        let outcomes: Vec<_> = lines.iter().map(|line| (line.number, line.outcome)).collect();
        assert_eq!(
            outcomes,
            [
                (1, Outcome::New),
                (2, Outcome::Same),
                (3, Outcome::Changed),
                (4, Outcome::Invalid)
            ]
        );
        assert!(!format!("{lines:?}").contains("hush"));
    }

    #[test]
    fn what_is_left_out_or_the_same_is_not_written() {
        let parsed = parse("NEW=x\nMORE=y\nSAME=a\nOTHER=b\n", Some(Format::Dotenv));
        let written = changes(&parsed, &known(), &HashSet::from(["MORE".to_owned()]));
        assert_eq!(written.len(), 2);
        assert!(matches!(&written[0], Change::Create { name, .. } if name == "NEW"));
        assert!(matches!(
            &written[1],
            Change::Update {
                version: 7,
                value: Some(_),
                comment: None,
                name: None,
                ..
            }
        ));
        let everything = ["NEW", "MORE", "OTHER"].map(str::to_owned).into();
        assert!(changes(&parsed, &known(), &everything).is_empty());
    }
}
