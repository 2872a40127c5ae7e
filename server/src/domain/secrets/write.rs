//! Making, changing and deleting secrets.

use shared::model::access::{Action, Subject};
use shared::model::ids::SecretId;
use shared::model::names::SecretName;
use shared::model::text::SecretText;

use super::{Secret, not_found, opened};
use crate::crypto::random;
use crate::domain::caller::Caller;
use crate::domain::data_keys::{DataKeys, Part};
use crate::domain::places::{self, Place};
use crate::domain::{Context, Error, audit, data_keys};
use crate::store;
use crate::store::secrets::{SHARED, Secret as Row, Writer};

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
}

struct Content<'a> {
    value: &'a SecretText,
    comment: &'a SecretText,
}

/// Seals the content of a version into its row.
fn seal_into(keys: &DataKeys, row: &mut Row, content: &Content) -> Result<(), Error> {
    row.value_sealed = keys.seal(row.id, row.version, Part::Value, &row.owner_id, content.value)?;
    row.comment_sealed = if content.comment.is_empty() {
        None
    } else {
        Some(keys.seal(row.id, row.version, Part::Comment, &row.owner_id, content.comment)?)
    };
    Ok(())
}

fn exists(error: store::Error, name: &SecretName) -> Error {
    Error::or_exists(error, &format!("Secret already exist: '{name}'"))
}

/// Makes a secret with version 1.
pub fn create(cx: &mut Context, caller: &Caller, place: &Place, new: &NewSecret) -> Result<Secret, Error> {
    let folder = places::resolve_folder(cx, caller, place, Action::Create, Subject::Secrets)?;
    let keys = data_keys::open(cx, folder.project)?;
    let mut row = Row {
        id: SecretId::from_random(random::bytes()?),
        folder_id: folder.id,
        name: new.name.to_string(),
        owner_id: SHARED.to_owned(),
        version: 1,
        value_sealed: Vec::new(),
        comment_sealed: None,
        details_sealed: None,
        skip_multiline_encoding: new.skip_multiline_encoding,
        created_at: cx.now,
        updated_at: cx.now,
    };
    seal_into(
        &keys,
        &mut row,
        &Content {
            value: &new.value,
            comment: &new.comment,
        },
    )?;
    let actor = caller.actor.id();
    let writer = Writer {
        kind: caller.actor.kind(),
        id: &actor,
        key_version: keys.current_version(),
    };
    store::secrets::insert(cx.tx, &row, writer).map_err(|error| exists(error, &new.name))?;
    audit::record(
        cx,
        caller,
        &folder.entry("secret.create").with("secret", &new.name),
    )?;
    opened(&keys, &folder, row, Vec::new(), true)
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
    /// The version the writer saw; the change is refused when it is no longer the current one.
    pub expected_version: Option<i64>,
}

/// Changes a secret by adding a version.
pub fn update(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    name: &SecretName,
    change: &Change,
) -> Result<Secret, Error> {
    let folder = places::resolve_folder(cx, caller, place, Action::Edit, Subject::Secrets)?;
    let mut row = store::secrets::by_name(cx.tx, folder.id, name, SHARED)?.ok_or_else(|| not_found(name))?;
    if let Some(expected) = change
        .expected_version
        .filter(|expected| *expected != row.version)
    {
        return Err(Error::Stale(format!(
            "Somebody changed '{name}' in the meantime: it is at version {}, you saw version {expected}. \
             Read it again and repeat your change",
            row.version
        )));
    }
    let keys = data_keys::open(cx, folder.project)?;
    let before = opened(&keys, &folder, row.clone(), Vec::new(), true)?;
    let kept = before.value.unwrap_or_default();
    row.version += 1;
    row.updated_at = cx.now;
    if let Some(new_name) = &change.name {
        row.name = new_name.to_string();
    }
    if change.skip_multiline_encoding.is_some() {
        row.skip_multiline_encoding = change.skip_multiline_encoding;
    }
    let content = Content {
        value: change.value.as_ref().unwrap_or(&kept),
        comment: change.comment.as_ref().unwrap_or(&before.comment),
    };
    seal_into(&keys, &mut row, &content)?;
    let actor = caller.actor.id();
    let writer = Writer {
        kind: caller.actor.kind(),
        id: &actor,
        key_version: keys.current_version(),
    };
    let new_name = change.name.as_ref().unwrap_or(name);
    store::secrets::update(cx.tx, &row, writer).map_err(|error| exists(error, new_name))?;
    let mut entry = folder
        .entry("secret.update")
        .with("secret", &name)
        .with("version", &row.version);
    if new_name != name {
        entry = entry.with("new_name", &new_name);
    }
    audit::record(cx, caller, &entry)?;
    opened(&keys, &folder, row, Vec::new(), true)
}

/// Moves a secret to the trash and returns it.
pub fn delete(cx: &mut Context, caller: &Caller, place: &Place, name: &SecretName) -> Result<Secret, Error> {
    let folder = places::resolve_folder(cx, caller, place, Action::Delete, Subject::Secrets)?;
    let row = store::secrets::by_name(cx.tx, folder.id, name, SHARED)?.ok_or_else(|| not_found(name))?;
    let keys = data_keys::open(cx, folder.project)?;
    let secret = opened(&keys, &folder, row, Vec::new(), true)?;
    store::secrets::delete(cx.tx, secret.id, cx.now)?;
    audit::record(cx, caller, &folder.entry("secret.delete").with("secret", &name))?;
    Ok(secret)
}
