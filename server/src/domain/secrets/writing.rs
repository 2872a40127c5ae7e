//! What all ways to write secrets have in common: sealing a version, giving it its tags, keeping overrides with the
//! secret they override.

use std::collections::{BTreeSet, HashMap};

use shared::model::access::{Action, Subject};
use shared::model::ids::{ProjectId, SecretId};
use shared::model::names::SecretName;
use shared::model::text::SecretText;

use super::{Change, Content, Kind, NewSecret, Secret, SecretTag, assembled, content_of, not_found, opened};
use crate::crypto::random;
use crate::domain::access::{Access, Scope};
use crate::domain::caller::Caller;
use crate::domain::data_keys::{DataKeys, Part};
use crate::domain::places::{self, Folder};
use crate::domain::{Context, Error, data_keys, references};
use crate::store;
use crate::store::secrets::{SHARED, Secret as Row, Writer};

/// Most tags of a secret, and most words for tags in a request.
const MOST_TAGS: usize = 100;

/// How a request names tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagWord {
    /// By id.
    Id,
    /// By slug.
    Slug,
}

impl TagWord {
    fn field(self) -> &'static str {
        match self {
            Self::Id => "tagIds",
            Self::Slug => "tagSlugs",
        }
    }
}

/// The tags of a project.
struct Available {
    /// By slug.
    tags: Vec<SecretTag>,
    /// Where each id stands in them.
    ids: HashMap<String, usize>,
    /// Where each slug stands in them.
    slugs: HashMap<String, usize>,
}

impl Available {
    fn new(tags: Vec<SecretTag>) -> Self {
        let places = |word: fn(&SecretTag) -> String| tags.iter().map(word).zip(0..).collect();
        Self {
            ids: places(|tag| tag.id.to_string().to_ascii_lowercase()),
            slugs: places(|tag| tag.slug.clone()),
            tags,
        }
    }

    fn position(&self, kind: TagWord, word: &str) -> Option<usize> {
        match kind {
            TagWord::Id => self.ids.get(&word.trim().to_ascii_lowercase()),
            TagWord::Slug => self.slugs.get(&word.trim().to_lowercase()),
        }
        .copied()
    }
}

fn too_many_tags(kind: TagWord) -> Error {
    Error::Invalid {
        field: kind.field(),
        reason: format!("a secret has at most {MOST_TAGS} tags. Give it fewer"),
    }
}

/// Writing in one project: its keys and tags are read once, however much is written.
pub struct Writing {
    project: ProjectId,
    keys: DataKeys,
    actor_kind: &'static str,
    actor_id: String,
    available: Option<Available>,
}

impl Writing {
    /// Gets the keys of the project.
    pub fn open(cx: &mut Context, caller: &Caller, project: ProjectId) -> Result<Self, Error> {
        Ok(Self {
            project,
            keys: data_keys::open(cx, project)?,
            actor_kind: caller.actor.kind(),
            actor_id: caller.actor.id(),
            available: None,
        })
    }

    fn writer(&self) -> Writer<'_> {
        Writer {
            kind: self.actor_kind,
            id: &self.actor_id,
            key_version: self.keys.current_version(),
        }
    }

    /// The tags of the project that words mean, each once, by slug; a refusal when one of the words means none.
    pub fn tags(
        &mut self,
        cx: &mut Context,
        words: &[String],
        kind: TagWord,
    ) -> Result<Vec<SecretTag>, Error> {
        if words.is_empty() {
            return Ok(Vec::new());
        }
        if words.len() > MOST_TAGS {
            return Err(too_many_tags(kind));
        }
        let available = match &mut self.available {
            Some(available) => available,
            none => none.insert(Available::new(store::secret_tags::available(
                cx.tx,
                self.project,
            )?)),
        };
        let mut picked = BTreeSet::new();
        for word in words {
            let position = available
                .position(kind, word)
                .ok_or_else(|| Error::NotFound(format!("Tag not found: the project has no tag '{word}'")))?;
            picked.insert(position);
        }
        let picked = picked
            .into_iter()
            .filter_map(|position| available.tags.get(position));
        Ok(picked.cloned().collect())
    }

    /// The same for tags that may stay as they are.
    fn tags_or(
        &mut self,
        cx: &mut Context,
        given: Option<&(TagWord, Vec<String>)>,
        present: Vec<SecretTag>,
    ) -> Result<Vec<SecretTag>, Error> {
        match given {
            None => Ok(present),
            Some((kind, words)) => self.tags(cx, words, *kind),
        }
    }

    /// Refuses a value that refers to a place where its writer may not read: he would learn what stands there as soon as
    /// somebody else reads his secret to him.
    pub fn check_references(
        &self,
        cx: &mut Context,
        folder: &Folder,
        name: &str,
        value: &SecretText,
    ) -> Result<(), Error> {
        let places = references::places_named(value);
        let environments = if places.is_empty() {
            Vec::new()
        } else {
            store::environments::list(cx.tx, self.project)?
        };
        for (environment, path) in places {
            let found = places::among(&environments, &environment);
            let scope = Scope {
                environment: Some(found.map_or(&environment, |found| &found.slug)),
                path: Some(&path),
            };
            if !folder.access.allows(Action::Read, Subject::Secrets, scope) {
                return Err(Error::Forbidden(format!(
                    "Secret '{name}' refers to environment '{environment}' at path '{path}', where you are not allowed \
                     to read secrets"
                )));
            }
        }
        if matches!(folder.access, Access::Token(_)) && references::has_composed_names(value) {
            return Err(Error::Forbidden(format!(
                "Secret '{name}' has a reference whose name is put together from other references: nobody knows yet \
                 where it will lead, and a service token refers only to where it may read. Write the name out"
            )));
        }
        Ok(())
    }

    /// The same for the value that a version has.
    pub fn check_references_of(
        &self,
        cx: &mut Context,
        folder: &Folder,
        name: &str,
        row: &Row,
    ) -> Result<(), Error> {
        let value = content_of(&self.keys, row, Vec::new(), true)?.value;
        value.map_or(Ok(()), |value| self.check_references(cx, folder, name, &value))
    }

    fn seal(&self, row: &mut Row, content: &Content) -> Result<(), Error> {
        let seal = |part, text: &SecretText| self.keys.seal(row.id, row.version, part, &row.owner_id, text);
        let none = SecretText::default();
        let value = seal(Part::Value, content.value.as_ref().unwrap_or(&none))?;
        let comment = if content.comment.is_empty() {
            None
        } else {
            Some(seal(Part::Comment, &content.comment)?)
        };
        let details = match content.details.to_text()? {
            None => None,
            Some(text) => Some(seal(Part::Details, &text)?),
        };
        row.value_sealed = value;
        row.comment_sealed = comment;
        row.details_sealed = details;
        Ok(())
    }

    /// Makes a secret with version 1. `owner` is [`SHARED`] or a user, who needs a shared secret to override.
    pub fn create(
        &mut self,
        cx: &mut Context,
        folder: &Folder,
        owner: &str,
        new: &NewSecret,
    ) -> Result<Secret, Error> {
        if owner != SHARED && store::secrets::by_name(cx.tx, folder.id, &new.name, SHARED)?.is_none() {
            return Err(Error::BadRequest(format!(
                "There is no shared secret '{}' to override. Make the shared one first",
                new.name
            )));
        }
        let content = Content {
            value: Some(new.value.clone()),
            comment: new.comment.clone(),
            details: super::Details::default().changed(&new.details)?,
            tags: self.tags_or(cx, new.tags.as_ref(), Vec::new())?,
        };
        let skip = Some(new.skip_multiline_encoding.unwrap_or(false));
        self.insert(cx, folder, owner, new.name.as_str(), skip, content)
    }

    /// Makes a shared secret in a folder with the name and the content that one of the same project has elsewhere.
    pub fn copy(
        &self,
        cx: &mut Context,
        folder: &Folder,
        source: &Row,
        tags: Vec<SecretTag>,
    ) -> Result<Secret, Error> {
        let content = content_of(&self.keys, source, tags, true)?;
        let skip = source.skip_multiline_encoding;
        self.insert(cx, folder, SHARED, &source.name, skip, content)
    }

    fn insert(
        &self,
        cx: &mut Context,
        folder: &Folder,
        owner: &str,
        name: &str,
        skip_multiline_encoding: Option<bool>,
        content: Content,
    ) -> Result<Secret, Error> {
        if let Some(value) = &content.value {
            self.check_references(cx, folder, name, value)?;
        }
        let mut row = Row {
            id: SecretId::from_random(random::bytes()?),
            folder_id: folder.id,
            name: name.to_owned(),
            owner_id: owner.to_owned(),
            version: 1,
            value_sealed: Vec::new(),
            comment_sealed: None,
            details_sealed: None,
            skip_multiline_encoding,
            created_at: cx.now,
            updated_at: cx.now,
        };
        self.seal(&mut row, &content)?;
        store::secrets::insert(cx.tx, &row, self.writer()).map_err(|error| exists(error, &row.name))?;
        store::secret_tags::assign(cx.tx, row.id, row.version, &content.tags)?;
        assembled(folder, row, content)
    }

    /// Adds a version to a secret.
    pub fn update(
        &mut self,
        cx: &mut Context,
        folder: &Folder,
        mut row: Row,
        change: &Change,
    ) -> Result<Secret, Error> {
        check_version(&row, change.expected_version)?;
        let present = store::secret_tags::of_version(cx.tx, row.id, row.version)?;
        let mut content = content_of(&self.keys, &row, present, true)?;
        if let Some(value) = &change.value {
            self.check_references(cx, folder, &row.name, value)?;
            content.value = Some(value.clone());
        }
        if let Some(comment) = &change.comment {
            content.comment = comment.clone();
        }
        content.details = content.details.changed(&change.details)?;
        content.tags = self.tags_or(cx, change.tags.as_ref(), content.tags)?;
        if change.skip_multiline_encoding.is_some() {
            row.skip_multiline_encoding = change.skip_multiline_encoding;
        }
        self.replace(cx, folder, row, content, change.name.as_ref())
    }

    /// Adds a version that has the content of a past one, whose row that is.
    pub fn revert(
        &self,
        cx: &mut Context,
        folder: &Folder,
        mut row: Row,
        past: &Row,
        name: Option<&SecretName>,
    ) -> Result<Secret, Error> {
        let tags = store::secret_tags::of_version(cx.tx, past.id, past.version)?;
        self.check_references_of(cx, folder, &row.name, past)?;
        let content = content_of(&self.keys, past, tags, true)?;
        row.skip_multiline_encoding = past.skip_multiline_encoding;
        self.replace(cx, folder, row, content, name)
    }

    /// Adds a version, with another name for the secret and all overrides of it when one is given.
    fn replace(
        &self,
        cx: &mut Context,
        folder: &Folder,
        mut row: Row,
        content: Content,
        name: Option<&SecretName>,
    ) -> Result<Secret, Error> {
        let old_name = row.name.clone();
        if let Some(name) = name.filter(|name| name.as_str() != old_name) {
            if row.owner_id != SHARED {
                return Err(Error::BadRequest(format!(
                    "The personal secret '{old_name}' has the name of the shared one and cannot be renamed by itself"
                )));
            }
            row.name = name.to_string();
        }
        self.add_version(cx, &mut row, &content)?;
        if row.name != old_name {
            store::secrets::rename_overrides(cx.tx, folder.id, &old_name, &row.name)
                .map_err(|error| exists(error, &row.name))?;
        }
        assembled(folder, row, content)
    }

    /// Changes the tags of a secret by adding a version; nothing happens when they stay the same.
    pub fn retag(
        &mut self,
        cx: &mut Context,
        folder: &Folder,
        mut row: Row,
        change: impl FnOnce(&mut Vec<SecretTag>),
    ) -> Result<(Secret, bool), Error> {
        let before = store::secret_tags::of_version(cx.tx, row.id, row.version)?;
        let mut content = content_of(&self.keys, &row, before.clone(), true)?;
        change(&mut content.tags);
        if content.tags.len() > MOST_TAGS.max(before.len()) {
            return Err(too_many_tags(TagWord::Slug));
        }
        let changed = content.tags != before;
        if changed {
            self.add_version(cx, &mut row, &content)?;
        }
        Ok((assembled(folder, row, content)?, changed))
    }

    fn add_version(&self, cx: &mut Context, row: &mut Row, content: &Content) -> Result<(), Error> {
        row.version += 1;
        row.updated_at = cx.now;
        self.seal(row, content)?;
        store::secrets::update(cx.tx, row, self.writer()).map_err(|error| exists(error, &row.name))?;
        Ok(store::secret_tags::assign(
            cx.tx,
            row.id,
            row.version,
            &content.tags,
        )?)
    }

    /// Moves a secret to the trash, a shared one together with all overrides of it, and returns that one.
    pub fn delete(&self, cx: &mut Context, folder: &Folder, row: Row) -> Result<Secret, Error> {
        let tags = store::secret_tags::of_version(cx.tx, row.id, row.version)?;
        let secret = opened(&self.keys, folder, row, tags, true)?;
        if secret.owner.is_none() {
            store::secrets::delete_name(cx.tx, folder.id, &secret.name, cx.now)?;
        } else {
            store::secrets::delete(cx.tx, secret.id, cx.now)?;
        }
        Ok(secret)
    }
}

fn check_version(row: &Row, expected: Option<i64>) -> Result<(), Error> {
    match expected.filter(|expected| *expected != row.version) {
        None => Ok(()),
        Some(expected) => Err(Error::Stale(format!(
            "Somebody changed '{}' in the meantime: it is at version {}, you saw version {expected}. \
             Read it again and repeat your change",
            row.name, row.version
        ))),
    }
}

/// The secret of a name and an owner that the caller may change.
pub fn find(cx: &mut Context, folder: &Folder, name: &SecretName, owner: &str) -> Result<Row, Error> {
    if let Some(row) = store::secrets::by_name(cx.tx, folder.id, name, owner)? {
        return Ok(row);
    }
    if owner != SHARED && store::secrets::by_name(cx.tx, folder.id, name, SHARED)?.is_some() {
        return Err(Error::NotFound(only_personal_was_asked_for(name)));
    }
    Err(not_found(name))
}

/// What somebody is told whose client asks for personal secrets by default, as the CLI does when it deletes.
fn only_personal_was_asked_for(name: &SecretName) -> String {
    format!(
        "Secret with name '{name}' not found among your personal secrets, and only type personal was asked for. \
         For the shared secret of this name pass type: shared (in the CLI --type=shared)"
    )
}

/// A name that is taken, said by name.
pub fn exists(error: store::Error, name: &str) -> Error {
    Error::or_exists(error, &format!("Secret already exist: '{name}'"))
}

/// The word of a record for an override; nothing is said of shared secrets.
pub fn word(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Shared => None,
        Kind::Personal => Some("personal"),
    }
}
