//! Many secrets in one request: all of them or none.

use std::collections::{BTreeMap, HashMap, HashSet};

use shared::model::access::{Action, Subject};
use shared::model::names::{FolderPath, SecretName};

use super::write::{Change, NewSecret};
use super::writing::{Writing, find};
use super::{Kind, Secret, some_of};
use crate::domain::access::Scope;
use crate::domain::audit::Entry;
use crate::domain::caller::Caller;
use crate::domain::places::{self, Folder, Origin, Place};
use crate::domain::{Context, Error, audit};
use crate::store;
use crate::store::secrets::Secret as Row;

/// Most secrets in one request: beyond this a transaction would keep others waiting.
pub const MOST: usize = 1_000;

/// A secret to be made.
#[derive(Debug, Clone)]
pub struct Creation {
    /// Shared or the caller's own.
    pub kind: Kind,
    /// What it holds.
    pub new: NewSecret,
}

/// A change to one of many secrets.
#[derive(Debug, Clone)]
pub struct Update {
    /// Its name.
    pub name: SecretName,
    /// Shared or the caller's own.
    pub kind: Kind,
    /// Its folder, when that is not the one of the request.
    pub path: Option<FolderPath>,
    /// What changes.
    pub change: Change,
}

/// One of many secrets to be deleted.
#[derive(Debug, Clone)]
pub struct Deletion {
    /// Its name.
    pub name: SecretName,
    /// Shared or the caller's own.
    pub kind: Kind,
}

/// What an update does with a secret that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// Refuses the whole request.
    #[default]
    Refuse,
    /// Leaves it out.
    Ignore,
    /// Makes it.
    Create,
}

/// Makes secrets in one folder.
pub fn create(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    items: &[Creation],
) -> Result<Vec<Secret>, Error> {
    let folder = places::resolve_folder(cx, caller, place, Action::Create, Subject::Secrets)?;
    check_count(items.len())?;
    once_each(items.iter().map(|item| (&folder.path, &item.new.name, item.kind)))?;
    let mut writing = Writing::open(cx, caller, folder.project)?;
    let mut made = Vec::with_capacity(items.len());
    for item in items {
        let owner = item.kind.owner(caller)?;
        let secret = writing
            .create(cx, &folder, &owner, &item.new)
            .map_err(|error| about(&item.new.name, error))?;
        made.push(secret);
    }
    let names: Vec<&str> = items.iter().map(|item| item.new.name.as_str()).collect();
    record(cx, caller, folder.entry("secret.create"), &names, &made)?;
    Ok(made)
}

/// Changes secrets of one or several folders of an environment.
pub fn update(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    items: &[Update],
    missing: Missing,
) -> Result<Vec<Secret>, Error> {
    check_count(items.len())?;
    let folders = folders_of(cx, caller, place, items)?;
    let mut keys = Vec::with_capacity(items.len());
    for item in items {
        keys.push((&folder_of(&folders, item)?.path, &item.name, item.kind));
    }
    once_each(keys.into_iter())?;
    let mut rows = Vec::with_capacity(items.len());
    let mut absent = Vec::new();
    for item in items {
        let folder = folder_of(&folders, item)?;
        let owner = item.kind.owner(caller)?;
        let row = store::secrets::by_name(cx.tx, folder.id, &item.name, &owner)?;
        if row.is_none() {
            absent.push(&item.name);
        }
        rows.push(row);
    }
    if missing == Missing::Refuse
        && let Some(first) = absent.first()
    {
        return Err(refuse_missing(first, &absent));
    }
    let first = folder_of(&folders, &items[0])?;
    let mut writing = Writing::open(cx, caller, first.project)?;
    let mut written = Vec::with_capacity(items.len());
    let mut names = Vec::with_capacity(items.len());
    let mut renamed = BTreeMap::new();
    for (item, row) in items.iter().zip(rows) {
        let folder = folder_of(&folders, item)?;
        let secret = match (row, missing) {
            (Some(row), _) => writing.update(cx, folder, row, &item.change),
            (None, Missing::Create) => create_missing(cx, caller, &mut writing, folder, item),
            (None, _) => continue,
        };
        let secret = secret.map_err(|error| about(&item.name, error))?;
        let name = if folder.path == first.path {
            item.name.to_string()
        } else {
            format!("{}/{}", folder.path, item.name)
        };
        if secret.name != item.name.as_str() {
            renamed.insert(name.clone(), secret.name.clone());
        }
        names.push(name);
        written.push(secret);
    }
    let mut entry = first.entry("secret.update");
    if !renamed.is_empty() {
        let renamed = renamed.iter().map(|(old, new)| (old.as_str(), new.as_str()));
        entry = entry.with_renamed(renamed);
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    record(cx, caller, entry, &names, &written)?;
    Ok(written)
}

fn create_missing(
    cx: &mut Context,
    caller: &Caller,
    writing: &mut Writing,
    folder: &Folder,
    item: &Update,
) -> Result<Secret, Error> {
    let scope = Scope {
        environment: Some(&folder.environment.slug),
        path: Some(&folder.path),
    };
    folder.access.require(Action::Create, Subject::Secrets, scope)?;
    let change = &item.change;
    let Some(value) = &change.value else {
        return Err(Error::Invalid {
            field: "secretValue",
            reason: "needed to make a secret that is not there yet".into(),
        });
    };
    let new = NewSecret {
        name: change.name.clone().unwrap_or_else(|| item.name.clone()),
        value: value.clone(),
        comment: change.comment.clone().unwrap_or_default(),
        skip_multiline_encoding: change.skip_multiline_encoding,
        tags: change.tags.clone(),
        details: change.details.clone(),
    };
    writing.create(cx, folder, &item.kind.owner(caller)?, &new)
}

/// Moves secrets to the trash and returns them.
pub fn delete(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    items: &[Deletion],
) -> Result<Vec<Secret>, Error> {
    let folder = places::resolve_folder(cx, caller, place, Action::Delete, Subject::Secrets)?;
    check_count(items.len())?;
    once_each(items.iter().map(|item| (&folder.path, &item.name, item.kind)))?;
    // All are looked up first: a shared secret takes its overrides with it.
    let mut rows: Vec<Row> = Vec::with_capacity(items.len());
    let mut absent = Vec::new();
    let mut refusal = None;
    for item in items {
        match find(cx, &folder, &item.name, &item.kind.owner(caller)?) {
            Ok(row) => rows.push(row),
            Err(error @ Error::NotFound(_)) => {
                absent.push(&item.name);
                refusal.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    match (refusal, &absent[..]) {
        (None, _) => {}
        (Some(error), [_]) => return Err(error),
        (Some(_), absent) => return Err(refuse_missing(absent[0], absent)),
    }
    let writing = Writing::open(cx, caller, folder.project)?;
    let mut deleted = Vec::with_capacity(rows.len());
    for row in rows {
        deleted.push(writing.delete(cx, &folder, row)?);
    }
    let names: Vec<&str> = items.iter().map(|item| item.name.as_str()).collect();
    record(cx, caller, folder.entry("secret.delete"), &names, &deleted)?;
    Ok(deleted)
}

/// The folders that items name, each resolved once; under no path the one of the request.
type Folders = HashMap<Option<FolderPath>, Folder>;

fn folders_of(cx: &mut Context, caller: &Caller, place: &Place, items: &[Update]) -> Result<Folders, Error> {
    let mut folders = Folders::new();
    for item in items {
        if folders.contains_key(&item.path) {
            continue;
        }
        let mut place = place.clone();
        if let Some(path) = &item.path {
            place.path = path.clone();
            place.origin = Origin::Request { path_given: true };
        }
        let folder = places::resolve_folder(cx, caller, &place, Action::Edit, Subject::Secrets)?;
        folders.insert(item.path.clone(), folder);
    }
    Ok(folders)
}

fn folder_of<'a>(folders: &'a Folders, item: &Update) -> Result<&'a Folder, Error> {
    folders
        .get(&item.path)
        .ok_or_else(|| Error::NotFound("Folder not found".into()))
}

fn check_count(count: usize) -> Result<(), Error> {
    let reason = match count {
        0 => "at least one is needed".to_owned(),
        1..=MOST => return Ok(()),
        _ => format!("at most {MOST} in one request, these are {count}. Send them in several requests"),
    };
    Err(Error::Invalid {
        field: "secrets",
        reason,
    })
}

/// Refuses a secret that occurs twice: which of the two is meant would depend on their order.
fn once_each<'a>(items: impl Iterator<Item = (&'a FolderPath, &'a SecretName, Kind)>) -> Result<(), Error> {
    let mut seen = HashSet::new();
    for (path, name, kind) in items {
        if !seen.insert((path, name, kind)) {
            return Err(Error::BadRequest(format!(
                "Secret '{name}' occurs twice in the request. Nothing was changed"
            )));
        }
    }
    Ok(())
}

fn refuse_missing(first: &SecretName, absent: &[&SecretName]) -> Error {
    if absent.len() == 1 {
        return super::not_found(first);
    }
    Error::NotFound(format!(
        "Secrets not found: {}. Nothing was changed",
        some_of(absent)
    ))
}

/// Says which of the secrets a refusal is about, where it does not say so itself.
fn about(name: &SecretName, error: Error) -> Error {
    match error {
        Error::Invalid { field, reason } => Error::Invalid {
            field,
            reason: format!("'{name}': {reason}"),
        },
        // Of a tag.
        Error::NotFound(message) => Error::NotFound(format!("{message} (for secret '{name}')")),
        other => other,
    }
}

/// One record for all of them: names, never values.
fn record(
    cx: &mut Context,
    caller: &Caller,
    entry: Entry,
    names: &[&str],
    secrets: &[Secret],
) -> Result<(), Error> {
    let personal = secrets.iter().filter(|secret| secret.owner.is_some()).count();
    let mut entry = entry
        .with_names("secrets", names.iter().copied())
        .with("count", &names.len());
    if personal > 0 {
        entry = entry.with("personal", &personal);
    }
    audit::record(cx, caller, &entry)
}
