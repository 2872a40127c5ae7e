//! The rows of the page: entries that match the search, and open drafts, which always show.

use std::collections::HashMap;
use std::sync::Arc;

use shared::model::ids::SecretId;

use super::draft::Draft;
use super::entry::Entry;

/// One row.
#[derive(Debug, Clone)]
pub enum Row {
    /// A form above the list: of a new secret, or of one that is not in the list any more.
    Above(Draft),
    /// The form of a secret in the list.
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
            Self::Above(draft) | Self::Open(_, draft) => RowKey::Draft(draft.number),
            Self::Closed(entry) => RowKey::Secret(entry.id, entry.version),
        }
    }

    /// The secret that it shows, if it shows one.
    pub fn secret(&self) -> Option<&Arc<Entry>> {
        match self {
            Self::Above(_) => None,
            Self::Open(entry, _) | Self::Closed(entry) => Some(entry),
        }
    }
}

/// The rows for a search. New drafts come first, the newest on top, then those whose secret was taken away: what was typed
/// must not disappear with it.
pub fn rows(entries: &[Arc<Entry>], drafts: &[Draft], search: &str) -> Vec<Row> {
    let wanted = search.trim().to_lowercase();
    let mut open: HashMap<SecretId, &Draft> = HashMap::new();
    for draft in drafts {
        if let Some(id) = draft.secret() {
            open.entry(id).or_insert(draft);
        }
    }
    let mut below = Vec::new();
    let mut listed = Vec::new();
    for entry in entries {
        match open.get(&entry.id) {
            Some(draft) if draft.is_new => {}
            Some(draft) => {
                listed.push(draft.number);
                below.push(Row::Open(entry.clone(), (*draft).clone()));
            }
            None if entry.matches(&wanted) => below.push(Row::Closed(entry.clone())),
            None => {}
        }
    }
    let new = drafts.iter().rev().filter(|draft| draft.is_new);
    let gone = drafts
        .iter()
        .filter(|draft| !draft.is_new && !listed.contains(&draft.number));
    let mut rows: Vec<Row> = new.chain(gone).cloned().map(Row::Above).collect();
    rows.append(&mut below);
    rows
}

/// The secret that the focus goes to when one is deleted: the next of those that the search leaves, or else the one before.
pub fn neighbour(entries: &[Arc<Entry>], search: &str, id: SecretId) -> Option<Arc<Entry>> {
    let rows = rows(entries, &[], search);
    let left: Vec<_> = rows.iter().filter_map(Row::secret).collect();
    let at = left.iter().position(|entry| entry.id == id)?;
    let before = || at.checked_sub(1).and_then(|before| left.get(before));
    left.get(at + 1).or_else(before).map(|entry| (*entry).clone())
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
    use crate::secrets::draft::{Content, Original};

    fn entry(number: u8, name: &str) -> Arc<Entry> {
        Arc::new(Entry::new(
            SecretId::from_random([number; 16]),
            name.to_owned(),
            SecretText::default(),
            Vec::new(),
            1,
        ))
    }

    fn draft_of(number: u64, entry: &Entry) -> Draft {
        Draft::of(
            number,
            Original {
                id: entry.id,
                version: entry.version,
                content: Content {
                    name: entry.name.clone(),
                    ..Content::default()
                },
            },
        )
    }

    fn shown(rows: &[Row]) -> Vec<String> {
        rows.iter()
            .map(|row| match row {
                Row::Above(draft) => format!("above {}", draft.number),
                Row::Open(entry, _) => format!("open {}", entry.name),
                Row::Closed(entry) => entry.name.clone(),
            })
            .collect()
    }

    #[test]
    fn forms_stay_whatever_is_searched() {
        let entries = [entry(1, "API_KEY"), entry(2, "DB_URL"), entry(3, "TLS_KEY")];
        let drafts = [Draft::new(7), draft_of(8, &entries[1]), Draft::new(9)];
        assert_eq!(
            shown(&rows(&entries, &drafts, "")),
            ["above 9", "above 7", "API_KEY", "open DB_URL", "TLS_KEY"]
        );
        assert_eq!(
            shown(&rows(&entries, &drafts, " tls ")),
            ["above 9", "above 7", "open DB_URL", "TLS_KEY"]
        );
        assert_eq!(shown(&rows(&entries, &[], "nothing")), Vec::<String>::new());
    }

    #[test]
    fn a_form_outlives_its_secret() {
        let entries = [entry(1, "API_KEY"), entry(2, "DB_URL")];
        let drafts = [draft_of(1, &entries[1]), Draft::new(2)];
        assert_eq!(
            shown(&rows(&entries[..1], &drafts, "")),
            ["above 2", "above 1", "API_KEY"]
        );
    }

    #[test]
    fn a_form_that_was_saved_while_typing_stays_where_it_is() {
        let entries = [entry(1, "API_KEY"), entry(2, "DB_URL")];
        let draft = Draft::new(5);
        draft.saved(entries[1].id, 1, Content::default());
        assert_eq!(shown(&rows(&entries, &[draft], "")), ["above 5", "API_KEY"]);
    }

    #[test]
    fn the_focus_goes_to_the_neighbour_of_what_is_deleted() {
        let entries = [entry(1, "A"), entry(2, "AB"), entry(3, "B")];
        let next = |search: &str, at: usize| {
            neighbour(&entries, search, entries[at].id).map(|entry| entry.name.clone())
        };
        assert_eq!(next("", 0).as_deref(), Some("AB"));
        assert_eq!(next("", 2).as_deref(), Some("AB"));
        assert_eq!(next("a", 1).as_deref(), Some("A"));
        assert_eq!(neighbour(&entries[..1], "", entries[0].id), None);
    }

    #[test]
    fn a_new_version_is_a_new_row_but_a_form_stays_the_same() {
        let old = entry(1, "A");
        let mut newer = (*old).clone();
        newer.version = 2;
        let newer = Arc::new(newer);
        assert_ne!(Row::Closed(old.clone()).key(), Row::Closed(newer.clone()).key());
        let draft = draft_of(1, &old);
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
