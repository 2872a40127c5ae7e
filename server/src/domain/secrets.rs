//! Secrets: finding the folder, asking for permission, sealing and opening values, keeping versions.

use std::collections::BTreeMap;

use serde::Serialize;
use shared::model::access::{Action, Subject};
use shared::model::ids::{EnvironmentId, FolderId, ProjectId, SecretId};
use shared::model::names::{EnvSlug, FolderPath, SecretName};
use shared::model::text::SecretText;
use shared::model::time::UnixMillis;

use super::access::{Scope, require_project};
use super::audit::{Audited, Entry};
use super::caller::Caller;
use super::data_keys::{DataKeys, Part};
use super::proof::damage;
use super::{Context, Error, audit, data_keys, projects};
use crate::crypto::random;
use crate::store;
use crate::store::folders::Folder as FolderRow;
use crate::store::secrets::{Secret as Row, Writer};

/// Shared secrets belong to nobody in particular.
const NO_OWNER: &str = "";

/// Where a request looks: the words of the caller, not yet resolved.
#[derive(Debug, Clone)]
pub struct Place {
    /// Id, slug or unique name of the project.
    pub project: String,
    /// Slug of the environment.
    pub environment: String,
    /// Folder.
    pub path: FolderPath,
}

/// A secret with its opened value.
#[derive(Debug, Clone)]
pub struct Secret {
    /// Id.
    pub id: SecretId,
    /// Project.
    pub project: ProjectId,
    /// Slug of the environment.
    pub environment: String,
    /// Folder.
    pub path: FolderPath,
    /// Name.
    pub name: String,
    /// Version shown.
    pub version: i64,
    /// Value; none when it was asked for without.
    pub value: Option<SecretText>,
    /// Comment, empty when there is none.
    pub comment: SecretText,
    /// See Infisical's CLI.
    pub skip_multiline_encoding: Option<bool>,
    /// When the secret was made.
    pub created_at: UnixMillis,
    /// When this version was made.
    pub updated_at: UnixMillis,
}

/// A resolved place: the project and, when both exist, the folder.
struct Folder {
    project: ProjectId,
    environment: String,
    path: FolderPath,
    found: Result<FolderId, Error>,
}

impl Folder {
    /// The folder's id, or what is missing.
    fn id(self) -> Result<(FolderId, Self), Error> {
        let id = self.found?;
        Ok((
            id,
            Self {
                found: Ok(id),
                ..self
            },
        ))
    }

    fn entry(&self, event: &'static str) -> Entry {
        Entry::in_project(event, self.project)
            .with("environment", &self.environment)
            .with("path", &self.path)
    }
}

/// Finds the project, asks for permission, then looks for environment and folder: who may not look learns nothing
/// about what is there.
fn resolve(cx: &mut Context, caller: &Caller, place: &Place, action: Action) -> Result<Folder, Error> {
    let membership = projects::find(cx, caller, &place.project)?;
    let scope = Scope {
        environment: Some(&place.environment),
        path: Some(&place.path),
    };
    require_project(membership.role, action, Subject::Secrets, scope)?;
    let project = membership.project.id;
    let found = find_folder(cx, project, place)?;
    Ok(Folder {
        project,
        environment: place.environment.clone(),
        path: place.path.clone(),
        found,
    })
}

/// The folder, or what is missing as the inner error.
fn find_folder(
    cx: &mut Context,
    project: ProjectId,
    place: &Place,
) -> Result<Result<FolderId, Error>, Error> {
    let no_environment = || {
        let slug = &place.environment;
        Error::NotFound(format!(
            "Environment with slug '{slug}' in project with ID {project} not found"
        ))
    };
    let no_folder = || {
        let (path, slug) = (&place.path, &place.environment);
        Error::NotFound(format!(
            "Folder with path '{path}' in environment with slug '{slug}' not found"
        ))
    };
    let Ok(slug) = place.environment.parse::<EnvSlug>() else {
        return Ok(Err(no_environment()));
    };
    let Some(environment) = store::environments::by_slug(cx.tx, project, &slug)? else {
        return Ok(Err(no_environment()));
    };
    let Some(mut folder) = store::folders::child(cx.tx, environment.id, None, "")? else {
        return Ok(Err(no_folder()));
    };
    for segment in place.path.segments() {
        match store::folders::child(cx.tx, environment.id, Some(folder), segment)? {
            Some(child) => folder = child,
            None => return Ok(Err(no_folder())),
        }
    }
    Ok(Ok(folder))
}

fn opened(keys: &DataKeys, folder: &Folder, row: Row, with_value: bool) -> Result<Secret, Error> {
    let value = if with_value {
        Some(keys.open(row.id, row.version, Part::Value, &row.owner_id, &row.value_sealed)?)
    } else {
        None
    };
    let comment = match &row.comment_sealed {
        Some(sealed) => keys.open(row.id, row.version, Part::Comment, &row.owner_id, sealed)?,
        None => SecretText::default(),
    };
    Ok(Secret {
        id: row.id,
        project: folder.project,
        environment: folder.environment.clone(),
        path: folder.path.clone(),
        name: row.name,
        version: row.version,
        value,
        comment,
        skip_multiline_encoding: row.skip_multiline_encoding,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// The secrets of a folder.
#[derive(Debug)]
pub struct Listing {
    /// By name.
    pub secrets: Vec<Secret>,
    /// What is missing when environment or folder do not exist. Infisical answers with an empty list then, and scripts
    /// rely on it.
    pub missing: Option<String>,
}

/// Lists the shared secrets of a folder.
pub fn list(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    with_values: bool,
) -> Result<Audited<Listing>, Error> {
    let folder = resolve(cx, caller, place, Action::Read)?;
    let event = if with_values {
        "secret.list"
    } else {
        "secret.list-names"
    };
    let entry = folder.entry(event);
    let listing = match folder.id() {
        Err(Error::NotFound(missing)) => Listing {
            secrets: Vec::new(),
            missing: Some(missing),
        },
        Err(other) => return Err(other),
        Ok((id, folder)) => {
            let keys = data_keys::open(cx, folder.project)?;
            let rows = store::secrets::list(cx.tx, id)?;
            let secrets = rows
                .into_iter()
                .map(|row| opened(&keys, &folder, row, with_values))
                .collect::<Result<Vec<_>, Error>>()?;
            Listing {
                secrets,
                missing: None,
            }
        }
    };
    let entry = entry.with("secrets", &listing.secrets.len());
    Audited::new(cx, caller, &entry, listing)
}

fn not_found(name: &SecretName) -> Error {
    Error::NotFound(format!("Secret with name '{name}' not found"))
}

/// One shared secret by name, in its current or a past version.
pub fn get(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    name: &SecretName,
    version: Option<i64>,
    with_value: bool,
) -> Result<Audited<Secret>, Error> {
    let (id, folder) = resolve(cx, caller, place, Action::Read)?.id()?;
    let mut row = store::secrets::by_name(cx.tx, id, name)?.ok_or_else(|| not_found(name))?;
    if let Some(version) = version.filter(|version| *version != row.version) {
        row = store::secrets::at_version(cx.tx, row.id, version)?
            .ok_or_else(|| Error::NotFound(format!("Version {version} of secret '{name}' not found")))?;
    }
    let keys = data_keys::open(cx, folder.project)?;
    let secret = opened(&keys, &folder, row, with_value)?;
    let event = if with_value {
        "secret.read"
    } else {
        "secret.read-name"
    };
    let entry = folder
        .entry(event)
        .with("secret", &name)
        .with("version", &secret.version);
    Audited::new(cx, caller, &entry, secret)
}

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
    let (id, folder) = resolve(cx, caller, place, Action::Create)?.id()?;
    let keys = data_keys::open(cx, folder.project)?;
    let mut row = Row {
        id: SecretId::from_random(random::bytes()?),
        folder_id: id,
        name: new.name.to_string(),
        owner_id: NO_OWNER.to_owned(),
        version: 1,
        value_sealed: Vec::new(),
        comment_sealed: None,
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
    opened(&keys, &folder, row, true)
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
    let (id, folder) = resolve(cx, caller, place, Action::Edit)?.id()?;
    let mut row = store::secrets::by_name(cx.tx, id, name)?.ok_or_else(|| not_found(name))?;
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
    let before = opened(&keys, &folder, row.clone(), true)?;
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
    opened(&keys, &folder, row, true)
}

/// Moves a secret to the trash and returns it.
pub fn delete(cx: &mut Context, caller: &Caller, place: &Place, name: &SecretName) -> Result<Secret, Error> {
    let (id, folder) = resolve(cx, caller, place, Action::Delete)?.id()?;
    let row = store::secrets::by_name(cx.tx, id, name)?.ok_or_else(|| not_found(name))?;
    let keys = data_keys::open(cx, folder.project)?;
    let secret = opened(&keys, &folder, row, true)?;
    store::secrets::delete(cx.tx, secret.id, cx.now)?;
    audit::record(cx, caller, &folder.entry("secret.delete").with("secret", &name))?;
    Ok(secret)
}

/// Folders of an environment by path, each with its secrets by name: what a person reads in a backup.
pub type Exported = BTreeMap<String, BTreeMap<String, ExportedValue>>;

/// A value in a backup.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum ExportedValue {
    /// It opened.
    Opened(SecretText),
    /// It did not, and the backup says so in its place.
    Unreadable {
        /// Why.
        unreadable: String,
    },
}

/// The current values of an environment, for a backup. No caller is asked for: only the operator gets here.
pub fn export_environment(
    cx: &mut Context,
    project: ProjectId,
    environment: EnvironmentId,
) -> Result<Exported, Error> {
    let folders = store::folders::list(cx.tx, environment)?;
    let keys = damage(data_keys::open(cx, project))?;
    let mut exported = Exported::new();
    for folder in &folders {
        let mut secrets = BTreeMap::new();
        for row in store::secrets::list(cx.tx, folder.id)? {
            let value = match &keys {
                Ok(keys) => {
                    damage(keys.open(row.id, row.version, Part::Value, &row.owner_id, &row.value_sealed))?
                }
                Err(why) => Err(why.clone()),
            };
            let value = value.map_or_else(
                |unreadable| ExportedValue::Unreadable { unreadable },
                ExportedValue::Opened,
            );
            secrets.insert(row.name, value);
        }
        exported.insert(path_of(folder, &folders), secrets);
    }
    Ok(exported)
}

/// The path of a folder among all folders of its environment.
fn path_of(folder: &FolderRow, folders: &[FolderRow]) -> String {
    let mut names = Vec::new();
    let mut current = Some(folder);
    while let Some(folder) =
        current.filter(|folder| folder.parent_id.is_some() && names.len() <= folders.len())
    {
        names.push(folder.name.as_str());
        current = folders.iter().find(|other| Some(other.id) == folder.parent_id);
    }
    names.reverse();
    format!("/{}", names.join("/"))
}
