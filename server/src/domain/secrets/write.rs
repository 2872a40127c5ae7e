//! Making, changing and deleting a secret.

use shared::model::access::{Action, Subject};
use shared::model::names::SecretName;
use shared::model::text::SecretText;

use super::writing::{Writing, find, word};
use super::{DetailsChange, Kind, Secret, TagWord};
use crate::domain::audit::Entry;
use crate::domain::caller::Caller;
use crate::domain::places::{self, Place};
use crate::domain::{Context, Error, audit};

/// A secret to be made.
#[derive(Debug, Clone)]
pub struct NewSecret {
    /// Name.
    pub name: SecretName,
    /// Value.
    pub value: SecretText,
    /// Comment, may be empty.
    pub comment: SecretText,
    /// See Infisical's CLI.
    pub skip_multiline_encoding: Option<bool>,
    /// Its tags.
    pub tags: Option<(TagWord, Vec<String>)>,
    /// Metadata and reminder.
    pub details: DetailsChange,
}

/// A change to a secret; absent parts stay as they are.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// New name.
    pub name: Option<SecretName>,
    /// New value.
    pub value: Option<SecretText>,
    /// New comment.
    pub comment: Option<SecretText>,
    /// See Infisical's CLI.
    pub skip_multiline_encoding: Option<bool>,
    /// The tags that replace its own.
    pub tags: Option<(TagWord, Vec<String>)>,
    /// Metadata and reminder.
    pub details: DetailsChange,
    /// The version the writer saw; the change is refused when it is no longer the current one.
    pub expected_version: Option<i64>,
}

fn with_kind(entry: Entry, kind: Kind) -> Entry {
    match word(kind) {
        None => entry,
        Some(word) => entry.with("type", word),
    }
}

/// Makes a secret with version 1.
pub fn create(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    kind: Kind,
    new: &NewSecret,
) -> Result<Secret, Error> {
    let folder = places::resolve_folder(cx, caller, place, Action::Create, Subject::Secrets)?;
    let owner = kind.owner(caller)?;
    let secret = Writing::open(cx, caller, folder.project)?.create(cx, &folder, &owner, new)?;
    let entry = folder.entry("secret.create").with("secret", &new.name);
    audit::record(cx, caller, &with_kind(entry, kind))?;
    Ok(secret)
}

/// Changes a secret by adding a version.
pub fn update(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    kind: Kind,
    name: &SecretName,
    change: &Change,
) -> Result<Secret, Error> {
    let folder = places::resolve_folder(cx, caller, place, Action::Edit, Subject::Secrets)?;
    let owner = kind.owner(caller)?;
    let row = find(cx, &folder, name, &owner)?;
    let secret = Writing::open(cx, caller, folder.project)?.update(cx, &folder, row, change)?;
    let mut entry = folder
        .entry("secret.update")
        .with("secret", name)
        .with("version", &secret.version);
    if secret.name != name.as_str() {
        entry = entry.with("new_name", &secret.name);
    }
    audit::record(cx, caller, &with_kind(entry, kind))?;
    Ok(secret)
}

/// Moves a secret to the trash and returns it.
pub fn delete(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    kind: Kind,
    name: &SecretName,
) -> Result<Secret, Error> {
    let folder = places::resolve_folder(cx, caller, place, Action::Delete, Subject::Secrets)?;
    let owner = kind.owner(caller)?;
    let row = find(cx, &folder, name, &owner)?;
    let secret = Writing::open(cx, caller, folder.project)?.delete(cx, &folder, row)?;
    let entry = folder.entry("secret.delete").with("secret", name);
    audit::record(cx, caller, &with_kind(entry, kind))?;
    Ok(secret)
}
