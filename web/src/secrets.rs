//! The secrets of one environment, as a page holds them: names, comments and versions, never values.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::model::ids::SecretId;
use shared::model::text::SecretText;
use shared::wire::secrets::Secret;

use crate::api;
use crate::api::error::Error;
use crate::api::secrets::{Draft, Place};
use crate::components::announcer::Announcements;
use crate::problem::Problem;
use crate::projects::Load;
use crate::session::Session;

/// One secret without its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Name.
    pub name: String,
    /// Comment, may be empty.
    pub comment: SecretText,
    /// Version that this page knows.
    pub version: i64,
}

impl From<&Secret> for Entry {
    fn from(secret: &Secret) -> Self {
        Self {
            name: secret.secret_key.clone(),
            comment: secret.secret_comment.clone(),
            version: secret.version,
        }
    }
}

/// One line of the list. It stays the same line while its entry changes, so that focus and typed text survive.
#[derive(Debug, Clone)]
pub struct Line {
    /// Id of the secret.
    pub id: SecretId,
    /// What is known about it.
    pub entry: ArcRwSignal<Entry>,
}

impl Line {
    fn new(secret: &Secret) -> Self {
        Self {
            id: secret.id,
            entry: ArcRwSignal::new(secret.into()),
        }
    }

    /// Its name now.
    pub fn name(&self) -> String {
        self.entry.with_untracked(|entry| entry.name.clone())
    }
}

/// Which form is open. One at a time: the labels of two would be told apart by nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Open {
    /// None.
    #[default]
    Nothing,
    /// The form of a new secret.
    Add,
    /// The form of an existing one.
    Edit(SecretId),
}

/// The list; a handle that is cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Secrets {
    session: Session,
    place: Memo<Place>,
    announcements: Announcements,
    list: RwSignal<Load<Vec<Line>>>,
    /// Which form is open.
    pub open: RwSignal<Open>,
}

impl Secrets {
    /// The secrets of `place`, loaded again whenever it changes.
    pub fn of(place: Memo<Place>) -> Self {
        let secrets = Self {
            session: Session::current(),
            announcements: Announcements::current(),
            place,
            list: RwSignal::new(Load::Loading),
            open: RwSignal::new(Open::Nothing),
        };
        Effect::new(move |_| {
            place.track();
            secrets.open.set(Open::Nothing);
            secrets.list.set(Load::Loading);
            secrets.reload();
        });
        secrets
    }

    /// Loads the list again; what is shown stays until the answer is here.
    pub fn reload(self) {
        let place = self.place.get_untracked();
        spawn_local(async move {
            let answer = api::secrets::list(self.session, &place).await;
            if !self.is_at(&place) {
                return;
            }
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
        });
    }

    /// How far loading is.
    pub fn list(self) -> Load<Vec<Line>> {
        self.list.get()
    }

    /// Whether it was loaded and there is none.
    pub fn is_empty(self) -> bool {
        self.list
            .with(|list| matches!(list, Load::Ready(lines) if lines.is_empty()))
    }

    /// Where they are.
    pub fn place(self) -> Place {
        self.place.get_untracked()
    }

    /// Reads one value.
    pub async fn read(self, name: &str) -> Result<Secret, Error> {
        api::secrets::get(self.session, &self.place(), name).await
    }

    /// Adds a secret.
    pub async fn create(self, draft: Draft) -> Result<(), Error> {
        let place = self.place();
        let secret = api::secrets::create(self.session, &place, draft).await?;
        if self.is_at(&place) {
            self.change(|lines| lines.push(Line::new(&secret)));
        }
        Ok(())
    }

    /// Changes a secret, unless somebody else did so since `version`.
    pub async fn update(self, line: &Line, version: i64, draft: Draft) -> Result<(), Error> {
        let place = self.place();
        let secret = api::secrets::update(self.session, &place, &line.name(), version, draft).await?;
        line.entry.set((&secret).into());
        if self.is_at(&place) {
            self.change(|_| ());
        }
        Ok(())
    }

    /// Deletes a secret.
    pub async fn delete(self, line: &Line) -> Result<(), Error> {
        let place = self.place();
        api::secrets::delete(self.session, &place, &line.name()).await?;
        if self.is_at(&place) {
            self.change(|lines| lines.retain(|other| other.id != line.id));
        }
        Ok(())
    }

    /// Whether the page still shows this place; answers may come late.
    fn is_at(self, place: &Place) -> bool {
        self.place
            .try_get_untracked()
            .is_some_and(|current| current == *place)
    }

    fn show(self, secrets: &[Secret]) {
        self.list.update(|list| {
            let known = match list {
                Load::Ready(lines) => std::mem::take(lines),
                _ => Vec::new(),
            };
            let lines = secrets
                .iter()
                .map(|secret| match known.iter().find(|line| line.id == secret.id) {
                    Some(line) => {
                        line.entry.set(secret.into());
                        line.clone()
                    }
                    None => Line::new(secret),
                });
            *list = Load::Ready(lines.collect());
        });
    }

    fn change(self, change: impl FnOnce(&mut Vec<Line>)) {
        self.list.update(|list| {
            if let Load::Ready(lines) = list {
                change(lines);
                lines.sort_by_cached_key(Line::name);
            }
        });
    }
}
