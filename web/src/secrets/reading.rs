//! What comes from the server: the list, folders, tags, and single values when somebody asks for one.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::model::ids::FolderId;
use shared::model::names::{FolderName, TagSlug};
use shared::wire::folders::Folder;
use shared::wire::secrets::Secret;

use super::draft::{Draft, Original};
use super::entry::Entry;
use super::{Secrets, Sheet};
use crate::api;
use crate::api::error::{Error, Kind};
use crate::api::secrets::Place;
use crate::components::focus::focus_next;
use crate::plaintext;
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

    /// Loads the list again and waits for it.
    pub async fn refresh(self) {
        let Some(place) = self.place.try_get_untracked() else {
            return;
        };
        let folders = api::folders::list(self.session, &place).await;
        let answer = api::secrets::list(self.session, &place).await;
        if !self.is_at(&place) {
            return;
        }
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

    /// Looks whether somebody else changed the secret of a form since it was opened.
    fn check(self, draft: &Draft) {
        if self.saving.get_untracked() {
            return;
        }
        let seen = draft
            .original
            .with_untracked(|original| original.as_ref().map(|original| (original.id, original.version)));
        if let Some((id, version)) = seen
            && self.entry(id).is_some_and(|entry| entry.version != version)
        {
            let draft = draft.clone();
            spawn_local(async move { self.meet(&draft).await });
        }
    }

    /// Reads what became of the secret of a form, and tells the form.
    pub(super) async fn meet(self, draft: &Draft) {
        let Some(entry) = draft.secret.and_then(|id| self.entry(id)) else {
            draft.problem.set(Some(Problem::local(
                format!("{} was not saved", untrack(|| draft.title())),
                "Somebody else deleted it while you were editing.",
                "Copy what you typed if you still need it, then cancel.",
            )));
            return;
        };
        match self.read(&entry).await {
            Ok(secret) => {
                let seen = draft
                    .original
                    .with_untracked(|original| original.as_ref().map(|original| original.version));
                if seen == Some(secret.version) {
                    return;
                }
                if untrack(|| draft.is_dirty()) {
                    draft.met(Original::from(&secret));
                } else {
                    // Nothing was typed: the form simply shows what is there now.
                    draft.met(Original::from(&secret));
                    draft.take_theirs();
                }
            }
            Err(error) => draft
                .problem
                .set(Some(Problem::new(format!("{} was not read", entry.name), &error))),
        }
    }

    /// Reads one secret with its value.
    async fn read(self, entry: &Entry) -> Result<Secret, Error> {
        let place = self.place.get_untracked();
        let secret = api::secrets::get(self.session, &place, &entry.name).await?;
        if self.is_at(&place) {
            self.learn(Entry::from(&secret));
        }
        Ok(secret)
    }

    /// Reads one secret, then hands it on; one reading of each at a time.
    fn read_then(self, entry: Arc<Entry>, what: &'static str, then: impl FnOnce(Self, Secret) + 'static) {
        let id = entry.id;
        if self.reading.with_value(|reading| reading.contains(&id)) {
            return;
        }
        self.reading.update_value(|reading| reading.push(id));
        self.set_trouble(id, None);
        spawn_local(async move {
            let answer = self.read(&entry).await;
            // The page may be gone by now.
            if self
                .reading
                .try_update_value(|reading| reading.retain(|other| *other != id))
                .is_none()
            {
                return;
            }
            match answer {
                Ok(secret) => then(self, secret),
                Err(error) => {
                    if error.kind == Kind::NotFound {
                        self.reload();
                    }
                    let problem = Problem::new(format!("{} was not {what}", entry.name), &error);
                    self.set_trouble(id, Some(problem));
                }
            }
        });
    }

    /// Shows a value, or hides it again.
    pub fn reveal(self, entry: Arc<Entry>) {
        let id = entry.id;
        if self.revealed.value(id).is_some() {
            self.revealed.mask(id);
        } else {
            self.read_then(entry, "revealed", move |secrets, secret| {
                secrets.revealed.show(id, secret.secret_value);
            });
        }
    }

    /// Puts a value on the clipboard, without showing it.
    pub fn copy(self, entry: Arc<Entry>) {
        let id = entry.id;
        self.read_then(entry, "copied", move |secrets, secret| {
            spawn_local(async move {
                let name = secret.secret_key;
                if plaintext::to_clipboard(&secret.secret_value).await {
                    secrets.announcements.say(format!("Copied {name}"));
                } else {
                    secrets.revealed.show(id, secret.secret_value);
                    secrets.announcements.say(format!(
                        "This browser does not let the page copy. {name} is shown instead: select and copy it."
                    ));
                }
            });
        });
    }

    /// Opens the form of a secret.
    pub fn edit(self, entry: Arc<Entry>) {
        self.load_tags();
        if let Some(draft) = self.unsaved.of(entry.id) {
            self.wants_focus.set(Some(draft.number));
            return;
        }
        self.read_then(entry, "opened", move |secrets, secret| {
            secrets.revealed.mask(secret.id);
            if secrets.unsaved.of(secret.id).is_none() {
                let draft = Draft::of(secrets.unsaved.next_number(), &secret);
                secrets.open(draft);
            }
        });
    }

    /// Closes a form and gives the focus back to where it came from.
    pub fn leave(self, draft: &Draft) {
        let entry = draft.secret.and_then(|id| self.entry(id));
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

    /// Makes a tag.
    pub async fn create_tag(self, slug: &TagSlug) -> Result<String, Error> {
        let project = self.place.get_untracked().project;
        let slug = api::tags::create(self.session, &project, slug).await?;
        self.tags.update(|tags| {
            if !tags.contains(&slug) {
                tags.push(slug.clone());
                tags.sort();
            }
        });
        Ok(slug)
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
        self.sheet.set(Sheet::Nothing);
        focus_next("main");
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
