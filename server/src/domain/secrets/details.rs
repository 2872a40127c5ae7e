//! What stands beside the value of a secret: metadata and a reminder. One JSON text, sealed with each version.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shared::model::text::SecretText;

use crate::domain::Error;
use crate::store;

const MOST_ITEMS: usize = 100;
const LONGEST_KEY: usize = 255;
const LONGEST_VALUE: usize = 1_020;
const LONGEST_NOTE: usize = 1_024;
const LONGEST_REPEAT: i64 = 365;

/// Metadata and reminder of a version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// Metadata in the order given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metadata: Vec<MetadataItem>,
    /// The map that clients of old store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legacy: Option<BTreeMap<String, SecretText>>,
    /// What to be reminded of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reminder_note: Option<String>,
    /// Days between reminders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reminder_repeat_days: Option<i64>,
}

/// A piece of metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetadataItem {
    /// Key.
    pub key: String,
    /// Value.
    pub value: SecretText,
    /// Whether the writer called it confidential; sealed are all of them.
    #[serde(default)]
    pub encrypted: bool,
}

/// A change to the details; absent parts stay as they are.
#[derive(Debug, Clone, Default)]
pub struct DetailsChange {
    /// Replaces the metadata.
    pub metadata: Option<Vec<MetadataItem>>,
    /// Replaces the map that clients of old store.
    pub legacy: Option<BTreeMap<String, SecretText>>,
    /// What to be reminded of; empty for nothing.
    pub reminder_note: Option<String>,
    /// Days between reminders; 0 for none.
    pub reminder_repeat_days: Option<i64>,
}

impl Details {
    /// The details of a sealed text that was opened.
    pub fn from_text(text: &SecretText) -> Result<Self, Error> {
        serde_json::from_str(text.expose())
            .map_err(|_| Error::Store(store::Error::Corrupt("details of a secret do not parse")))
    }

    /// The text to be sealed; none when there is nothing to say.
    pub fn to_text(&self) -> Result<Option<SecretText>, Error> {
        if *self == Self::default() {
            return Ok(None);
        }
        serde_json::to_string(self)
            .map(|text| Some(SecretText::new(text)))
            .map_err(|_| Error::Store(store::Error::Corrupt("details of a secret cannot be written")))
    }

    /// These details with a change, whose limits are checked.
    #[must_use = "the details themselves stay as they are"]
    pub fn changed(&self, change: &DetailsChange) -> Result<Self, Error> {
        let mut details = self.clone();
        if let Some(metadata) = &change.metadata {
            check_count("secretMetadata", metadata.len())?;
            for item in metadata {
                check_item("secretMetadata", &item.key, &item.value)?;
            }
            details.metadata.clone_from(metadata);
        }
        if let Some(legacy) = &change.legacy {
            check_count("metadata", legacy.len())?;
            for (key, value) in legacy {
                check_item("metadata", key, value)?;
            }
            details.legacy = (!legacy.is_empty()).then(|| legacy.clone());
        }
        if let Some(note) = change.reminder_note.as_deref().map(str::trim) {
            if note.chars().count() > LONGEST_NOTE {
                return Err(invalid(
                    "secretReminderNote",
                    format!("at most {LONGEST_NOTE} characters"),
                ));
            }
            details.reminder_note = (!note.is_empty()).then(|| note.to_owned());
        }
        if let Some(days) = change.reminder_repeat_days {
            if !(0..=LONGEST_REPEAT).contains(&days) {
                let reason = format!("between 1 and {LONGEST_REPEAT} days, or 0 for no reminder");
                return Err(invalid("secretReminderRepeatDays", reason));
            }
            details.reminder_repeat_days = (days > 0).then_some(days);
        }
        Ok(details)
    }
}

fn invalid(field: &'static str, reason: String) -> Error {
    Error::Invalid { field, reason }
}

fn check_count(field: &'static str, count: usize) -> Result<(), Error> {
    if count > MOST_ITEMS {
        return Err(invalid(
            field,
            format!("at most {MOST_ITEMS} items; these are {count}"),
        ));
    }
    Ok(())
}

fn check_item(field: &'static str, key: &str, value: &SecretText) -> Result<(), Error> {
    let length = key.chars().count();
    if key.trim().is_empty() || length > LONGEST_KEY {
        return Err(invalid(field, format!("a key has 1 to {LONGEST_KEY} characters")));
    }
    if value.expose().chars().count() > LONGEST_VALUE {
        return Err(invalid(
            field,
            format!("the value of '{key}' is longer than {LONGEST_VALUE} characters"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(key: &str, value: &str) -> MetadataItem {
        MetadataItem {
            key: key.into(),
            value: value.into(),
            encrypted: true,
        }
    }

    fn refused(change: &DetailsChange, field: &str) {
        match Details::default().changed(change) {
            Err(Error::Invalid { field: named, .. }) => assert_eq!(named, field),
            other => panic!("{field}: {other:?}"),
        }
    }

    #[test]
    fn what_is_beyond_the_limits_is_refused() {
        for metadata in [
            vec![item("", "x")],
            vec![item("  ", "x")],
            vec![item(&"k".repeat(256), "x")],
            vec![item("k", &"v".repeat(1_021))],
            vec![item("k", "v"); 101],
        ] {
            let change = DetailsChange {
                metadata: Some(metadata),
                ..DetailsChange::default()
            };
            refused(&change, "secretMetadata");
        }
        for days in [-1, 366, i64::MAX] {
            let change = DetailsChange {
                reminder_repeat_days: Some(days),
                ..DetailsChange::default()
            };
            refused(&change, "secretReminderRepeatDays");
        }
        let note = DetailsChange {
            reminder_note: Some("n".repeat(1_025)),
            ..DetailsChange::default()
        };
        refused(&note, "secretReminderNote");
    }

    #[test]
    fn absent_parts_stay_and_empty_ones_clear() {
        let full = DetailsChange {
            metadata: Some(vec![item("ключ", &"ü".repeat(1_020))]),
            legacy: Some(BTreeMap::from([("a".to_owned(), "b".into())])),
            reminder_note: Some(" rotate ".into()),
            reminder_repeat_days: Some(30),
        };
        let details = Details::default().changed(&full).unwrap();
        assert_eq!(details.reminder_note.as_deref(), Some("rotate"));
        assert_eq!(details.changed(&DetailsChange::default()).unwrap(), details);
        let text = details.to_text().unwrap().unwrap();
        assert_eq!(Details::from_text(&text).unwrap(), details);
        let clear = DetailsChange {
            metadata: Some(Vec::new()),
            legacy: Some(BTreeMap::new()),
            reminder_note: Some(String::new()),
            reminder_repeat_days: Some(0),
        };
        let cleared = details.changed(&clear).unwrap();
        assert_eq!(cleared, Details::default());
        assert!(cleared.to_text().unwrap().is_none());
    }

    #[test]
    fn what_does_not_parse_is_damage() {
        for text in ["", "[7]", "{\"metadata\":7}"] {
            assert!(
                matches!(
                    Details::from_text(&text.into()),
                    Err(Error::Store(store::Error::Corrupt(_)))
                ),
                "{text}"
            );
        }
    }
}
