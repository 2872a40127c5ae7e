//! The secrets of one place, as the page works with them: names, comments, tags and versions, and forms with what was typed.
//! Values come one at a time, when somebody asks.
//!
//! `reading` and `values` bring things from the server, `saving` sends changes to it; the other files know none of them.

pub mod diff;
pub mod draft;
pub mod entry;
pub mod freshness;
pub mod importing;
pub mod listing;
pub mod pasted;
pub mod reading;
pub mod revealed;
pub mod saving;
pub mod shape;
pub mod undo;
pub mod unsaved;
pub mod values;
pub mod window;

use std::collections::HashMap;
use std::sync::Arc;

use leptos::prelude::*;
use shared::import::Format;
use shared::model::ids::SecretId;
use shared::model::text::SecretText;
use shared::wire::folders::Folder;

use crate::api::secrets::Place;
use crate::components::announcer::Announcements;
use crate::problem::Problem;
use crate::projects::Load;
use crate::session::Session;
use draft::Draft;
use entry::Entry;
use freshness::Freshness;
use revealed::Revealed;
use unsaved::Unsaved;

/// What is open over the page.
#[derive(Debug, Clone, Default)]
pub enum Sheet {
    /// Nothing.
    #[default]
    Nothing,
    /// The question whether to delete a secret.
    Delete(Arc<Entry>),
    /// The versions of a secret.
    Versions(Arc<Entry>),
    /// The import, perhaps with a text that was pasted or dropped.
    Import(Option<Source>),
    /// The list of keys.
    Keys,
    /// The name of a new folder.
    NewFolder,
    /// Another name for a folder.
    RenameFolder(Folder),
    /// The question whether to delete a folder.
    DeleteFolder(Folder),
}

/// A text to import.
#[derive(Debug, Clone)]
pub struct Source {
    /// The text.
    pub text: SecretText,
    /// Its format, where the name of a file tells it.
    pub format: Option<Format>,
}

/// The secrets of a place; a handle that is cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Secrets {
    session: Session,
    announcements: Announcements,
    unsaved: Unsaved,
    place: Memo<Place>,
    list: RwSignal<Load<Vec<Arc<Entry>>>>,
    folders: RwSignal<Vec<Folder>>,
    tags: RwSignal<Vec<String>>,
    troubles: RwSignal<HashMap<SecretId, Problem>>,
    reading: StoredValue<Vec<SecretId>>,
    freshness: StoredValue<Freshness>,
    /// What is searched for.
    pub search: RwSignal<String>,
    /// Values in sight.
    pub revealed: Revealed,
    /// The secret that keys act on.
    pub active: RwSignal<Option<SecretId>>,
    /// What is open over the page.
    pub sheet: RwSignal<Sheet>,
    /// Whether all values are on their way.
    pub revealing: RwSignal<bool>,
    /// Whether changes are on their way.
    pub saving: RwSignal<bool>,
    /// Why the last changes were not made.
    pub problem: RwSignal<Option<Problem>>,
    /// The draft that takes the focus when its form appears.
    pub wants_focus: RwSignal<Option<u64>>,
}

impl Secrets {
    /// The secrets of `place`, loaded again whenever it changes or the tab comes back into sight.
    pub fn of(place: Memo<Place>) -> Self {
        let secrets = Self {
            session: Session::current(),
            announcements: Announcements::current(),
            unsaved: Unsaved::current(),
            place,
            list: RwSignal::new(Load::Loading),
            folders: RwSignal::new(Vec::new()),
            tags: RwSignal::new(Vec::new()),
            troubles: RwSignal::new(HashMap::new()),
            reading: StoredValue::new(Vec::new()),
            freshness: StoredValue::new(Freshness::default()),
            search: RwSignal::new(String::new()),
            revealed: Revealed::new(),
            active: RwSignal::new(None),
            sheet: RwSignal::new(Sheet::Nothing),
            revealing: RwSignal::new(false),
            saving: RwSignal::new(false),
            problem: RwSignal::new(None),
            wants_focus: RwSignal::new(None),
        };
        Effect::new(move |_| {
            place.track();
            untrack(|| secrets.start());
        });
        Effect::new(move |first: Option<()>| {
            secrets.unsaved.track_touches();
            if first.is_some() {
                secrets.revealed.mask_all();
                secrets.reload();
            }
        });
        let listener = window_event_listener_untyped("visibilitychange", move |_| {
            if !document().hidden() {
                secrets.reload();
            }
        });
        on_cleanup(move || listener.remove());
        secrets
    }

    fn start(self) {
        self.revealed.mask_all();
        self.search.set(String::new());
        self.active.set(None);
        self.sheet.set(Sheet::Nothing);
        self.problem.set(None);
        self.troubles.update(HashMap::clear);
        self.folders.set(Vec::new());
        self.list.set(Load::Loading);
        self.reload();
    }

    /// How far loading is.
    pub fn list(self) -> Load<Vec<Arc<Entry>>> {
        self.list.get()
    }

    /// The secrets, none while they are not loaded.
    pub fn with_entries<T>(self, look: impl FnOnce(&[Arc<Entry>]) -> T) -> T {
        self.list.with(|list| match list {
            Load::Ready(entries) => look(entries),
            _ => look(&[]),
        })
    }

    /// Whether they were loaded and there is none.
    pub fn is_empty(self) -> bool {
        self.list
            .with(|list| matches!(list, Load::Ready(entries) if entries.is_empty()))
    }

    /// The folders in this place.
    pub fn folders(self) -> Vec<Folder> {
        self.folders.get()
    }

    /// The tags of the project, as far as they are known.
    pub fn tags(self) -> Vec<String> {
        self.tags.get()
    }

    /// Where they are.
    pub fn place(self) -> Place {
        self.place.get()
    }

    /// The open forms of this place.
    pub fn drafts(self) -> Vec<Draft> {
        self.place.with(|place| self.unsaved.at(place))
    }

    /// What is unsaved in all places.
    pub fn unsaved(self) -> Unsaved {
        self.unsaved
    }

    /// The secret that keys act on, if it is still there.
    pub fn active_entry(self) -> Option<Arc<Entry>> {
        let active = self.active.get_untracked()?;
        self.entry(active)
    }

    /// A secret by its id.
    pub fn entry(self, id: SecretId) -> Option<Arc<Entry>> {
        self.find(|entry| entry.id == id)
    }

    fn entry_named(self, name: &str) -> Option<Arc<Entry>> {
        self.find(|entry| entry.name == name)
    }

    fn find(self, wanted: impl Fn(&Entry) -> bool) -> Option<Arc<Entry>> {
        // The page may be gone by now.
        self.list
            .try_with_untracked(|list| match list {
                Load::Ready(entries) => entries.iter().find(|entry| wanted(entry)).cloned(),
                _ => None,
            })
            .flatten()
    }

    /// What went wrong with a secret.
    pub fn trouble(self, secret: SecretId) -> Option<Problem> {
        self.troubles.with(|troubles| troubles.get(&secret).cloned())
    }

    fn set_trouble(self, secret: SecretId, problem: Option<Problem>) {
        let known = self
            .troubles
            .with_untracked(|troubles| troubles.contains_key(&secret));
        if problem.is_none() && !known {
            return;
        }
        self.troubles.update(|troubles| {
            match problem {
                Some(problem) => troubles.insert(secret, problem),
                None => troubles.remove(&secret),
            };
        });
    }

    /// Opens the form of a new secret.
    pub fn add(self) {
        self.add_with(&draft::Content::default());
    }

    /// Opens the form of a new secret with some text in it.
    pub fn add_with(self, content: &draft::Content) {
        let draft = Draft::with(self.unsaved.next_number(), content);
        self.open(draft);
    }

    fn open(self, draft: Draft) {
        self.wants_focus.set(Some(draft.number));
        self.unsaved.open(self.place.get_untracked(), draft);
    }

    /// Opens the import with a text that was pasted.
    pub fn import(self, text: String) {
        self.sheet.set(Sheet::Import(Some(Source {
            text: SecretText::new(text),
            format: None,
        })));
    }

    /// Where the page leaves its messages.
    pub fn announcements(self) -> Announcements {
        self.announcements
    }

    /// Closes the form of a draft without saving; what was typed can be brought back for a moment.
    pub fn discard(self, draft: &Draft) {
        self.discard_all(vec![draft.clone()]);
    }

    /// Makes a new secret of what was typed for one that is gone.
    pub fn keep_as_new(self, draft: &Draft) {
        let copy = Draft::with(self.unsaved.next_number(), &untrack(|| draft.typed()));
        copy.new_tag.set(draft.new_tag.get_untracked());
        self.unsaved.close(&[draft.number]);
        self.open(copy);
    }

    /// Closes all forms of this place without saving.
    pub fn discard_everything(self) {
        self.problem.set(None);
        self.discard_all(untrack(|| self.drafts()));
    }

    fn discard_all(self, drafts: Vec<Draft>) {
        let place = self.place.get_untracked();
        let numbers: Vec<u64> = drafts.iter().map(|draft| draft.number).collect();
        let lost: Vec<Draft> = untrack(|| drafts.into_iter().filter(Draft::is_dirty).collect());
        self.unsaved.close(&numbers);
        if lost.is_empty() {
            return;
        }
        let what = match lost.as_slice() {
            [one] => format!("Discarded what was typed for {}", untrack(|| one.title())),
            many => format!("Discarded {} changes", many.len()),
        };
        self.announcements.say_with_undo(what, move |()| {
            for draft in &lost {
                if !self.unsaved.reopen(place.clone(), draft.clone()) {
                    let title = untrack(|| draft.title());
                    self.announcements.say(format!(
                        "{title} is being edited again: what was discarded does not replace that"
                    ));
                }
            }
        });
    }

    /// Whether the page still shows this place; answers may come late.
    fn is_at(self, place: &Place) -> bool {
        self.place
            .try_get_untracked()
            .is_some_and(|current| current == *place)
    }

    /// Changes the list, and sorts it again.
    fn update(self, change: impl FnOnce(&mut Vec<Arc<Entry>>)) {
        self.list.update(|list| {
            if let Load::Ready(entries) = list {
                change(entries);
                entries.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
            }
        });
    }

    /// Puts what is known about a secret into the list.
    fn learn(self, entry: Entry) {
        let known = self.entry(entry.id);
        if known.is_some_and(|known| *known == entry) {
            return;
        }
        self.update(|entries| {
            entries.retain(|other| other.id != entry.id);
            entries.push(Arc::new(entry));
        });
        self.has_changed();
    }

    /// The server has something else than a list under way may say.
    fn has_changed(self) {
        let _ = self.freshness.try_update_value(Freshness::change);
    }
}
