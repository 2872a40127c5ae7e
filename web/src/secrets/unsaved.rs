//! What was typed and not saved yet, and what was saved and can be taken back. Both outlive the page, so that looking into
//! another environment loses nothing; logging out drops them.

use leptos::prelude::*;
use shared::model::ids::SecretId;

use super::draft::Draft;
use super::undo::UndoStack;
use crate::api::secrets::Place;

/// Both; a handle that is cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Unsaved {
    drafts: RwSignal<Vec<(Place, Draft)>>,
    undo: StoredValue<UndoStack>,
    last: StoredValue<u64>,
    touched: RwSignal<u64>,
}

impl Unsaved {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            drafts: RwSignal::new(Vec::new()),
            undo: StoredValue::new(UndoStack::default()),
            last: StoredValue::new(0),
            touched: RwSignal::new(0),
        }
    }

    /// The one that [`crate::app::App`] provides behind the login.
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
                .find(|(_, draft)| draft.secret == Some(secret))
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
