//! What comes from the server: the list, folders, tags, and what others made of a secret while its form was open.

use std::collections::BTreeSet;
use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::model::ids::{FolderId, SecretId};
use shared::model::names::{FolderName, TagSlug};
use shared::wire::folders::Folder;
use shared::wire::secrets::Secret;

use super::draft::{Draft, Original};
use super::entry::Entry;
use super::freshness::{Freshness, Worth};
use super::{Secrets, Sheet};
use crate::api;
use crate::api::error::Error;
use crate::api::secrets::Place;
use crate::components::focus::focus_next;
use crate::problem::Problem;
use crate::projects::Load;

/// The id of the element of a secret's row.
pub fn row_id(entry: &Entry) -> String {
    format!("secret-{}", entry.id)
}

impl Secrets {
    /// Loads the list again; what is shown stays until the answer is here.
    pub fn reload(self) {
        spawn_local(self.refresh());
    }

    /// Loads the list again and waits for it. Of several answers under way the newest counts.
    pub async fn refresh(self) {
        loop {
            let Some(place) = self.place.try_get_untracked() else {
                return;
            };
            let Some(ticket) = self.freshness.try_update_value(Freshness::ask) else {
                return;
            };
            let folders = api::folders::list(self.session, &place).await;
            let answer = api::secrets::list(self.session, &place).await;
            match self.freshness.try_get_value().map(|now| now.worth(ticket)) {
                Some(Worth::Newest) if self.is_at(&place) => return self.take(folders, answer),
                Some(Worth::Changed) => {}
                _ => return,
            }
        }
    }

    fn take(self, folders: Result<Vec<Folder>, Error>, answer: Result<Vec<Secret>, Error>) {
        // Folders are an addition to the list: without the right to see them the secrets still show.
        self.folders.set(folders.unwrap_or_default());
        match answer {
            Ok(secrets) => self.show(&secrets),
            // What is there already stays: a form with typed text may be open in it.
            Err(error) if self.list.with_untracked(|list| matches!(list, Load::Ready(_))) => self
                .announcements
                .say(format!("The list may be out of date. {}", error.message)),
            Err(error) => self
                .list
                .set(Load::Failed(Problem::new("The secrets were not loaded", &error))),
        }
    }

    fn show(self, secrets: &[Secret]) {
        let known = untrack(|| self.with_entries(<[_]>::to_vec));
        let mut by_id: std::collections::HashMap<_, _> =
            known.into_iter().map(|entry| (entry.id, entry)).collect();
        let mut entries: Vec<Arc<Entry>> = secrets
            .iter()
            .map(|secret| {
                let entry = Entry::from(secret);
                // The same row stays the same row.
                match by_id.remove(&entry.id) {
                    Some(known) if *known == entry => known,
                    _ => Arc::new(entry),
                }
            })
            .collect();
        entries.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        self.list.set(Load::Ready(entries));
        for draft in untrack(|| self.drafts()) {
            self.check(&draft);
        }
    }

    /// Looks whether somebody else changed the secret of a form since it was opened, or took it away.
    fn check(self, draft: &Draft) {
        if self.saving.get_untracked() {
            return;
        }
        let Some(id) = untrack(|| draft.secret()) else {
            return;
        };
        let entry = self.entry(id);
        if draft.gone.get_untracked() != entry.is_none() {
            draft.gone.set(entry.is_none());
        }
        let theirs = draft
            .theirs
            .with_untracked(|theirs| theirs.as_ref().map(|theirs| theirs.version));
        let known = theirs.or_else(|| untrack(|| draft.version()));
        if entry.is_some_and(|entry| known != Some(entry.version)) {
            let (draft, place) = (draft.clone(), self.place.get_untracked());
            spawn_local(async move { self.meet(&place, &draft, id).await });
        }
    }

    /// Reads what became of the secret of a form, if it is not as the form knows it, and tells the form.
    pub(super) async fn meet(self, place: &Place, draft: &Draft, id: SecretId) {
        let Some(entry) = self.entry(id) else {
            return draft.gone.set(true);
        };
        if untrack(|| draft.version()) == Some(entry.version) {
            return;
        }
        match self.read(place, &entry).await {
            Ok(secret) => draft.met(Original::from(&secret)),
            Err(error) => {
                let problem = Problem::new(format!("{} was not read", entry.name), &error);
                draft.problem.set(Some(problem));
            }
        }
    }

    /// Looks at the secret that has the name of a new one. When it is what was typed, it was saved by a request whose answer
    /// was lost.
    pub(super) async fn meet_namesake(self, place: &Place, draft: &Draft) {
        let name = untrack(|| draft.typed()).name;
        let Some(entry) = self.entry_named(name.trim()) else {
            return;
        };
        if let Ok(secret) = self.read(place, &entry).await {
            let (there, typed) = (Original::from(&secret), untrack(|| draft.typed()));
            if there.content.is_stored_as(&typed) {
                draft.saved(there.id, there.version, typed);
            }
        }
    }

    /// Closes a form and gives the focus back to where it came from.
    pub fn leave(self, draft: &Draft) {
        let entry = untrack(|| draft.secret()).and_then(|id| self.entry(id));
        self.discard(draft);
        focus_next(entry.map_or_else(|| "add-secret".to_owned(), |entry| row_id(&entry)));
    }

    /// Loads the tags of the project, once somebody may need them.
    pub fn load_tags(self) {
        let place = self.place.get_untracked();
        spawn_local(async move {
            // Without the tags of the project a form still offers those of its secret.
            if let Ok(tags) = api::tags::list(self.session, &place.project).await
                && self.is_at(&place)
            {
                self.tags.set(tags);
            }
        });
    }

    /// Makes those of the tags that the project does not have yet.
    pub(super) async fn make_tags(self, project: &str, mut wanted: BTreeSet<String>) -> Result<(), Error> {
        if let Some(known) = self.tags.try_get_untracked() {
            wanted.retain(|slug| !known.contains(slug));
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let mut there = api::tags::list(self.session, project).await?;
        for slug in wanted {
            // Slugs were checked when they were typed.
            if let Ok(slug) = slug.parse::<TagSlug>()
                && !there.iter().any(|known| known == slug.as_str())
            {
                there.push(api::tags::create(self.session, project, &slug).await?);
            }
        }
        there.sort();
        if self
            .place
            .try_with_untracked(|place| place.project == project)
            .unwrap_or_default()
        {
            self.tags.set(there);
        }
        Ok(())
    }

    /// Makes a folder here.
    pub async fn create_folder(self, name: &FolderName) -> Result<(), Error> {
        let place = self.place.get_untracked();
        api::folders::create(self.session, &place, name).await?;
        self.after_folders(format!("Created the folder {name}")).await;
        Ok(())
    }

    /// Renames a folder.
    pub async fn rename_folder(self, folder: &Folder, name: &FolderName) -> Result<(), Error> {
        let place = self.place.get_untracked();
        api::folders::rename(self.session, &place, folder.id, name).await?;
        self.after_folders(format!("Renamed {} to {name}", folder.name))
            .await;
        Ok(())
    }

    /// Deletes a folder with all that is in it.
    pub async fn delete_folder(self, folder: &Folder) -> Result<(), Error> {
        let place = self.place.get_untracked();
        api::folders::delete(self.session, &place, folder.id).await?;
        self.sheet.set(Sheet::Nothing);
        focus_next("main");
        let (id, name) = (folder.id, folder.name.clone());
        self.announcements
            .say_with_undo(format!("Deleted the folder {name}"), move |()| {
                spawn_local(self.restore_folder(id, name.clone()));
            });
        self.refresh().await;
        Ok(())
    }

    /// Brings a folder back that was deleted a moment ago.
    async fn restore_folder(self, id: FolderId, name: String) {
        match api::folders::restore(self.session, id).await {
            Ok(()) => self.announcements.say(format!("The folder {name} is back")),
            Err(error) => self.announcements.say(format!(
                "The folder {name} was not brought back. {}",
                error.message
            )),
        }
        self.refresh().await;
    }

    async fn after_folders(self, what: String) {
        // The page may be gone by now.
        if self.sheet.try_set(Sheet::Nothing).is_none() {
            focus_next("main");
        }
        self.announcements.say(what);
        self.refresh().await;
    }

    /// The secrets of any place with their values: what an import is compared with.
    pub async fn known_at(self, place: &Place) -> Result<Vec<Secret>, Error> {
        api::secrets::list_with_values(self.session, place).await
    }

    /// The versions of a secret, newest first.
    pub async fn versions(self, entry: &Entry, offset: usize, limit: usize) -> Result<Vec<Secret>, Error> {
        api::secrets::versions(self.session, entry.id, offset, limit).await
    }
}
