//! What was typed and not saved yet, and what was saved and can be taken back. Both outlive the page, so that looking into
//! another environment loses nothing, and a session that ends by itself, so that logging in again goes on here. Logging out
//! drops them, and nobody else sees them.

use leptos::prelude::*;
use shared::model::ids::SecretId;

use super::draft::Draft;
use super::undo::UndoStack;
use crate::api::secrets::Place;

/// What is asked before somebody logs out with unsaved text.
pub const LOST: &str = "What you typed and did not save is lost.";

/// Both; a handle that is cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Unsaved {
    drafts: RwSignal<Vec<(Place, Draft)>>,
    undo: StoredValue<UndoStack>,
    last: StoredValue<u64>,
    touched: RwSignal<u64>,
    owner: StoredValue<Option<String>>,
    dropped: StoredValue<u64>,
}

impl Unsaved {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            drafts: RwSignal::new(Vec::new()),
            undo: StoredValue::new(UndoStack::default()),
            last: StoredValue::new(0),
            touched: RwSignal::new(0),
            owner: StoredValue::new(None),
            dropped: StoredValue::new(0),
        }
    }

    /// Closing the tab with unsaved text asks first, on whatever page; the words are the browser's. Belongs to the component
    /// that calls it.
    pub fn ask_before_leaving(self) {
        let leaving = window_event_listener_untyped("beforeunload", move |event| {
            if untrack(|| self.is_dirty()) {
                event.prevent_default();
            }
        });
        on_cleanup(move || leaving.remove());
    }

    /// Somebody begins to work here. What somebody else left is dropped, and so is everything when nobody knows who it is.
    pub fn belong_to(self, user: Option<String>) {
        let same = self.owner.with_value(|owner| owner.is_some() && *owner == user);
        if !same {
            self.drop_all();
            self.owner.set_value(user);
        }
    }

    /// Forgets everything.
    pub fn drop_all(self) {
        self.dropped.update_value(|count| *count += 1);
        self.undo.set_value(UndoStack::default());
        self.drafts.set(Vec::new());
    }

    /// Changes with [`Self::drop_all`]: what began before does not concern whoever is here afterwards.
    pub fn visit(self) -> u64 {
        self.dropped.get_value()
    }

    /// The one that [`crate::app::App`] provides.
    pub fn current() -> Self {
        use_context().unwrap_or_else(Self::new)
    }

    /// A number for a new draft.
    pub fn next_number(self) -> u64 {
        let next = self.last.get_value() + 1;
        self.last.set_value(next);
        next
    }

    /// The drafts of a place, oldest first.
    pub fn at(self, place: &Place) -> Vec<Draft> {
        self.drafts.with(|drafts| {
            drafts
                .iter()
                .filter(|(there, _)| there == place)
                .map(|(_, draft)| draft.clone())
                .collect()
        })
    }

    /// The draft of a secret, when its form is open.
    pub fn of(self, secret: SecretId) -> Option<Draft> {
        self.drafts.with_untracked(|drafts| {
            drafts
                .iter()
                .find(|(_, draft)| untrack(|| draft.secret()) == Some(secret))
                .map(|(_, draft)| draft.clone())
        })
    }

    /// Places other than this one where something would be lost, each once.
    pub fn elsewhere(self, place: &Place) -> Vec<Place> {
        self.drafts.with(|drafts| {
            let mut places: Vec<Place> = Vec::new();
            for (there, draft) in drafts {
                if there != place && !places.contains(there) && draft.is_dirty() {
                    places.push(there.clone());
                }
            }
            places
        })
    }

    /// Whether closing the tab would lose anything.
    pub fn is_dirty(self) -> bool {
        self.drafts
            .with(|drafts| drafts.iter().any(|(_, draft)| draft.is_dirty()))
    }

    /// Opens a form.
    pub fn open(self, place: Place, draft: Draft) {
        self.drafts.update(|drafts| drafts.push((place, draft)));
    }

    /// Opens a form again that was closed. A form of the same secret that was opened since makes place for it, unless
    /// something was typed there; then nothing happens, which the answer says.
    pub fn reopen(self, place: Place, draft: Draft) -> bool {
        let other = untrack(|| draft.secret()).and_then(|id| self.of(id));
        if let Some(other) = other {
            if untrack(|| other.is_dirty()) {
                return false;
            }
            self.close(&[other.number]);
        }
        self.open(place, draft);
        true
    }

    /// Closes forms.
    pub fn close(self, numbers: &[u64]) {
        self.drafts
            .update(|drafts| drafts.retain(|(_, draft)| !numbers.contains(&draft.number)));
    }

    /// Something was taken back: the page that is there now, which may be another one than before, looks again.
    pub fn touch(self) {
        // After logging out nobody looks.
        let _ = self.touched.try_update(|count| *count += 1);
    }

    /// Runs the caller again after [`Self::touch`].
    pub fn track_touches(self) {
        self.touched.track();
    }

    /// What can be taken back.
    pub fn undo(self) -> StoredValue<UndoStack> {
        self.undo
    }
}

impl Default for Unsaved {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use shared::model::text::SecretText;

    use super::*;
    use crate::secrets::draft::{Content, Original};

    fn draft(number: u64) -> Draft {
        let content = Content {
            name: "DB_URL".to_owned(),
            value: SecretText::from("old"),
            ..Content::default()
        };
        let id = SecretId::from_random([1; 16]);
        Draft::of(
            number,
            Original {
                id,
                version: 1,
                content,
            },
        )
    }

    fn numbers(unsaved: Unsaved) -> Vec<u64> {
        unsaved
            .at(&Place::default())
            .iter()
            .map(|draft| draft.number)
            .collect()
    }

    #[test]
    fn a_secret_has_one_form() {
        Owner::new().with(|| {
            let unsaved = Unsaved::new();
            let discarded = draft(1);
            discarded.value.set("typed".to_owned());
            let again = draft(2);
            unsaved.open(Place::default(), again.clone());
            assert!(unsaved.reopen(Place::default(), discarded.clone()));
            assert_eq!(numbers(unsaved), [1]);

            unsaved.close(&[1]);
            again.value.set("typed again".to_owned());
            unsaved.open(Place::default(), again);
            assert!(!unsaved.reopen(Place::default(), discarded));
            assert_eq!(numbers(unsaved), [2]);
        });
    }

    #[test]
    fn what_one_person_typed_is_not_shown_to_another() {
        Owner::new().with(|| {
            let unsaved = Unsaved::new();
            let user = |name: &str| Some(name.to_owned());
            unsaved.belong_to(user("one"));
            unsaved.open(Place::default(), draft(1));
            let visit = unsaved.visit();
            unsaved.belong_to(user("one"));
            assert_eq!(numbers(unsaved), [1], "the same person goes on");
            assert_eq!(unsaved.visit(), visit);
            unsaved.belong_to(user("other"));
            assert!(numbers(unsaved).is_empty());
            assert_ne!(unsaved.visit(), visit);

            unsaved.belong_to(None);
            unsaved.open(Place::default(), draft(2));
            unsaved.belong_to(None);
            assert!(numbers(unsaved).is_empty(), "nobody is not the same as nobody");
        });
    }
}
