//! The rows of the page: entries that match the search, and open drafts, which always show.

use std::sync::Arc;

use shared::model::ids::SecretId;

use super::draft::Draft;
use super::entry::Entry;

/// One row.
#[derive(Debug, Clone)]
pub enum Row {
    /// The form of a new secret.
    New(Draft),
    /// The form of an existing one.
    Open(Arc<Entry>, Draft),
    /// A secret.
    Closed(Arc<Entry>),
}

/// What makes two rows the same row, so that focus and typed text survive when the list changes around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RowKey {
    /// A form, by the number of its draft.
    Draft(u64),
    /// A secret in its version.
    Secret(SecretId, i64),
}

impl Row {
    /// Its key.
    pub fn key(&self) -> RowKey {
        match self {
            Self::New(draft) | Self::Open(_, draft) => RowKey::Draft(draft.number),
            Self::Closed(entry) => RowKey::Secret(entry.id, entry.version),
        }
    }

    /// The secret that it shows, if it shows one.
    pub fn secret(&self) -> Option<&Arc<Entry>> {
        match self {
            Self::New(_) => None,
            Self::Open(entry, _) | Self::Closed(entry) => Some(entry),
        }
    }
}

/// The rows for a search. New drafts come first, the newest on top.
pub fn rows(entries: &[Arc<Entry>], drafts: &[Draft], search: &str) -> Vec<Row> {
    let wanted = search.trim().to_lowercase();
    let new = drafts.iter().rev().filter(|draft| draft.secret.is_none());
    let mut rows: Vec<Row> = new.cloned().map(Row::New).collect();
    rows.extend(entries.iter().filter_map(|entry| {
        let draft = drafts.iter().find(|draft| draft.secret == Some(entry.id));
        match draft {
            Some(draft) => Some(Row::Open(entry.clone(), draft.clone())),
            None => entry.matches(&wanted).then(|| Row::Closed(entry.clone())),
        }
    }));
    rows
}

/// The name that somebody who found nothing may want to create: what was searched for, as names are written.
pub fn name_for(search: &str) -> Option<String> {
    let name = search.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (!name.is_empty() && name.chars().count() <= 64 && name.chars().all(plain))
        .then(|| name.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use shared::model::text::SecretText;

    use super::*;

    fn entry(number: u8, name: &str) -> Arc<Entry> {
        Arc::new(Entry::new(
            SecretId::from_random([number; 16]),
            name.to_owned(),
            SecretText::default(),
            Vec::new(),
            1,
        ))
    }

    fn shown(rows: &[Row]) -> Vec<String> {
        rows.iter()
            .map(|row| match row {
                Row::New(draft) => format!("new {}", draft.number),
                Row::Open(entry, _) => format!("open {}", entry.name),
                Row::Closed(entry) => entry.name.clone(),
            })
            .collect()
    }

    #[test]
    fn forms_stay_whatever_is_searched() {
        let entries = [entry(1, "API_KEY"), entry(2, "DB_URL"), entry(3, "TLS_KEY")];
        let drafts = [
            Draft::new(7, None),
            Draft::new(8, Some(entries[1].id)),
            Draft::new(9, None),
        ];
        assert_eq!(
            shown(&rows(&entries, &drafts, "")),
            ["new 9", "new 7", "API_KEY", "open DB_URL", "TLS_KEY"]
        );
        assert_eq!(
            shown(&rows(&entries, &drafts, " tls ")),
            ["new 9", "new 7", "open DB_URL", "TLS_KEY"]
        );
        assert_eq!(shown(&rows(&entries, &[], "nothing")), Vec::<String>::new());
    }

    #[test]
    fn a_new_version_is_a_new_row_but_a_form_stays_the_same() {
        let old = entry(1, "A");
        let mut newer = (*old).clone();
        newer.version = 2;
        let newer = Arc::new(newer);
        assert_ne!(Row::Closed(old.clone()).key(), Row::Closed(newer.clone()).key());
        let draft = Draft::new(1, Some(old.id));
        assert_eq!(Row::Open(old, draft.clone()).key(), Row::Open(newer, draft).key());
    }

    #[test]
    fn names_to_create() {
        assert_eq!(name_for(" redis_url ").as_deref(), Some("REDIS_URL"));
        for search in ["", "  ", "a b", "<b>", "\u{202e}x"] {
            assert_eq!(name_for(search), None, "{search:?}");
        }
    }

    #[test]
    fn five_thousand_secrets_are_searched_within_a_blink() {
        let entries: Vec<_> = (0..5_000u32)
            .map(|number| {
                let mut id = [0; 16];
                id[..4].copy_from_slice(&number.to_be_bytes());
                Arc::new(Entry::new(
                    SecretId::from_random(id),
                    format!("NAME_{number}"),
                    SecretText::default(),
                    Vec::new(),
                    1,
                ))
            })
            .collect();
        assert_eq!(rows(&entries, &[], "_4999").len(), 1);
        assert_eq!(rows(&entries, &[], "").len(), 5_000);
    }
}
