//! Single values, when somebody asks for one: to see it, to copy it, to edit it.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::wire::secrets::Secret;

use super::Secrets;
use super::draft::{Draft, Original};
use super::entry::Entry;
use crate::api;
use crate::api::error::{Error, Kind};
use crate::api::secrets::Place;
use crate::components::clipboard;
use crate::problem::Problem;

impl Secrets {
    /// Reads one secret with its value.
    pub(super) async fn read(self, place: &Place, entry: &Entry) -> Result<Secret, Error> {
        let secret = api::secrets::get(self.session, place, &entry.name).await?;
        if self.is_at(place) {
            self.learn(Entry::from(&secret));
        }
        Ok(secret)
    }

    /// Reads one secret, then hands it on, if the page still shows the place that it is in; one reading of each at a time.
    fn read_then(self, entry: Arc<Entry>, what: &'static str, then: impl FnOnce(Self, Secret) + 'static) {
        let id = entry.id;
        if self.reading.with_value(|reading| reading.contains(&id)) {
            return;
        }
        self.reading.update_value(|reading| reading.push(id));
        self.set_trouble(id, None);
        let place = self.place.get_untracked();
        spawn_local(async move {
            let answer = self.read(&place, &entry).await;
            let _ = self
                .reading
                .try_update_value(|reading| reading.retain(|other| *other != id));
            if !self.is_at(&place) {
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
        if untrack(|| self.revealed.value(id)).is_some() {
            return self.revealed.mask(id);
        }
        let asked = self.revealed.moment();
        self.read_then(entry, "revealed", move |secrets, secret| {
            secrets.revealed.show(asked, [(id, secret.secret_value)]);
        });
    }

    /// Shows all values of this place, or hides them again. The server records it as one reading.
    pub fn reveal_all(self) {
        if untrack(|| self.revealed.any()) {
            return self.revealed.mask_all();
        }
        let asked = self.revealed.moment();
        let place = self.place.get_untracked();
        self.revealing.set(true);
        spawn_local(async move {
            let answer = self.known_at(&place).await;
            let _ = self.revealing.try_set(false);
            match answer {
                Ok(list) if self.is_at(&place) => self.revealed.show(
                    asked,
                    list.into_iter()
                        .filter(|secret| !secret.secret_value_hidden)
                        .map(|secret| (secret.id, secret.secret_value)),
                ),
                Ok(_) => {}
                Err(error) => self
                    .announcements
                    .say(format!("The values were not revealed. {}", error.message)),
            }
        });
    }

    /// Puts a value on the clipboard, without showing it.
    pub fn copy(self, entry: Arc<Entry>) {
        let id = entry.id;
        let asked = self.revealed.moment();
        self.read_then(entry, "copied", move |secrets, secret| {
            spawn_local(async move {
                let name = secret.secret_key;
                let copied = clipboard::copy_for_a_while(secrets.announcements, &name, &secret.secret_value);
                if !copied.await {
                    secrets.revealed.show(asked, [(id, secret.secret_value)]);
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
                let draft = Draft::of(secrets.unsaved.next_number(), Original::from(&secret));
                secrets.open(draft);
            }
        });
    }
}
