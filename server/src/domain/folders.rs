//! Folders of environments: a tree of names under a root that is always there.
//!
//! What lies in a folder is renamed and deleted with it, so both ask for permission on the secrets and imports below too:
//! a scope that ends above them does not reach them by way of their folder, nor does it get them out of its reach.

pub mod restoring;
pub(super) mod tree;

use std::collections::{HashMap, HashSet};

use shared::model::access::{Action, Subject};
use shared::model::change::Change;
use shared::model::ids::{EnvironmentId, FolderId, ProjectId};
use shared::model::names::{Description, FolderName, FolderPath, InvalidName};
use shared::model::time::UnixMillis;

use super::access::{Access, Scope};
use super::caller::{Actor, Caller};
use super::places::{self, Place, Surroundings};
use super::{Context, Error, audit, projects};
use crate::crypto::random;
use crate::store;
use crate::store::environments::Environment;
use crate::store::folders::Folder as Row;

/// Most folders changed in one request: each takes a look at the whole environment.
const MOST_CHANGES: usize = 100;

/// A folder with what leads to it.
#[derive(Debug, Clone)]
pub struct Folder {
    /// The row.
    pub row: Row,
    /// Project.
    pub project: ProjectId,
    /// Environment.
    pub environment: Environment,
    /// Where it is.
    pub path: FolderPath,
    /// The same as seen from the folder whose content was listed, when everything below was asked for.
    pub relative_path: Option<FolderPath>,
    /// When a shared secret in it was last made, changed or deleted.
    pub last_secret_modified: Option<UnixMillis>,
}

/// The folders of a place.
#[derive(Debug)]
pub struct Listing {
    /// Oldest first; with everything below, each folder before what it holds.
    pub folders: Vec<Folder>,
    /// What is missing when environment or folder do not exist. The list is empty then, as Infisical's is.
    pub missing: Option<String>,
}

/// Adds a row.
pub(super) fn insert(
    cx: &mut Context,
    environment: EnvironmentId,
    parent: Option<FolderId>,
    name: &str,
    description: Option<String>,
) -> Result<Row, Error> {
    let row = Row {
        id: FolderId::from_random(random::bytes()?),
        environment_id: environment,
        parent_id: parent,
        name: name.to_owned(),
        description,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    };
    store::folders::insert(cx.tx, &row).map_err(|error| Error::or_exists(error, &taken(name)))?;
    Ok(row)
}

fn taken(name: &str) -> String {
    format!("A folder with the name '{name}' exists there already")
}

fn not_found(reference: &str, path: &FolderPath) -> Error {
    Error::NotFound(format!("Folder '{reference}' not found in '{path}'"))
}

fn unknown(id: FolderId) -> Error {
    Error::NotFound(format!("Folder with id '{id}' not found"))
}

fn corrupt(_: InvalidName) -> Error {
    Error::Store(store::Error::Corrupt("folders.name"))
}

/// The surroundings of a place on routes where the project and the environment have to be named. What is done happens
/// in the path that comes back: a service token may stand for another one than the request does.
fn surroundings(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    action: Action,
) -> Result<Surroundings, Error> {
    // Any other credential may stand for a place of its own.
    if matches!(caller.actor, Actor::User(_) | Actor::Identity(_)) {
        for (field, given) in [
            ("workspaceId", &place.project),
            ("environment", &place.environment),
        ] {
            if given.is_none() {
                let reason = "Required".to_owned();
                return Err(Error::Invalid { field, reason });
            }
        }
    }
    places::surroundings(cx, caller, place, action, Subject::Folders)
}

/// A folder that holds others, and what leads to it.
struct Parent {
    id: FolderId,
    project: ProjectId,
    access: Access,
    environment: Environment,
    path: FolderPath,
}

fn parent(cx: &mut Context, caller: &Caller, place: &Place, action: Action) -> Result<Parent, Error> {
    let around = surroundings(cx, caller, place, action)?;
    let environment = around
        .environment
        .ok_or_else(|| places::environment_not_found(around.project, &around.slug))?;
    let id = places::find_folder(cx, &environment, &around.path)?
        .ok_or_else(|| places::folder_not_found(&around.path, &environment.slug))?;
    Ok(Parent {
        id,
        project: around.project,
        access: around.access,
        environment,
        path: around.path,
    })
}

impl Parent {
    /// A folder in it by id or name. A name may look like an id; the id counts first.
    fn child(&self, cx: &mut Context, reference: &str) -> Result<Row, Error> {
        let mut children = store::folders::children(cx.tx, self.environment.id, self.id)?;
        let id: Option<FolderId> = reference.parse().ok();
        let index = children
            .iter()
            .position(|child| Some(child.id) == id)
            .or_else(|| children.iter().position(|child| child.name == reference))
            .ok_or_else(|| not_found(reference, &self.path))?;
        Ok(children.swap_remove(index))
    }

    fn folder(&self, cx: &mut Context, row: Row) -> Result<Folder, Error> {
        let path = self
            .path
            .child(&row.name.parse().map_err(corrupt)?)
            .map_err(corrupt)?;
        let last_secret_modified = last_change(cx, &row)?;
        Ok(Folder {
            row,
            project: self.project,
            environment: self.environment.clone(),
            path,
            relative_path: None,
            last_secret_modified,
        })
    }

    fn entry(&self, event: &'static str, path: &FolderPath) -> audit::Entry {
        audit::Entry::in_project(event, self.project)
            .with("environment", &self.environment.slug)
            .with("path", path)
    }

    /// Refuses whoever may not do an action to the secrets and the imports in a folder and below, were it at a path; says
    /// whether there are any, or folders.
    fn require_content(
        &self,
        cx: &mut Context,
        row: &Row,
        path: &FolderPath,
        action: Action,
    ) -> Result<bool, Error> {
        let all = store::folders::list(cx.tx, self.environment.id)?;
        let mut folders = tree::below(all, row.id, path)?;
        let mut filled = !folders.is_empty();
        folders.push((row.clone(), path.clone()));
        let holding = [
            (
                Subject::Secrets,
                store::folders::holding_secrets(cx.tx, self.environment.id)?,
            ),
            (
                Subject::SecretImports,
                store::folders::holding_imports(cx.tx, self.environment.id)?,
            ),
        ];
        for (subject, holding) in holding {
            let holding: HashSet<FolderId> = holding.into_iter().collect();
            for (_, path) in folders.iter().filter(|(row, _)| holding.contains(&row.id)) {
                let scope = Scope {
                    environment: Some(&self.environment.slug),
                    path: Some(path),
                };
                self.access.require(action, subject, scope)?;
                filled = true;
            }
        }
        Ok(filled)
    }
}

fn last_change(cx: &mut Context, row: &Row) -> Result<Option<UnixMillis>, Error> {
    Ok(changes(cx, row.environment_id)?.get(&row.id).copied())
}

fn changes(cx: &mut Context, environment: EnvironmentId) -> Result<HashMap<FolderId, UnixMillis>, Error> {
    Ok(store::folders::secrets_changed(cx.tx, environment)?
        .into_iter()
        .collect())
}

/// Lists the folders in a place, or everything below it.
pub fn list(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    recursive: bool,
    modified_since: Option<UnixMillis>,
) -> Result<Listing, Error> {
    let around = surroundings(cx, caller, place, Action::Read)?;
    let nothing = |missing: Error| {
        Ok(Listing {
            folders: Vec::new(),
            missing: Some(missing.to_string()),
        })
    };
    let Some(environment) = around.environment else {
        return nothing(places::environment_not_found(around.project, &around.slug));
    };
    let Some(start) = places::find_folder(cx, &environment, &around.path)? else {
        return nothing(places::folder_not_found(&around.path, &environment.slug));
    };
    let rows = if recursive {
        let all = store::folders::list(cx.tx, environment.id)?;
        tree::below(all, start, &FolderPath::root())?
    } else {
        let children = store::folders::children(cx.tx, environment.id, start)?;
        tree::below(children, start, &FolderPath::root())?
    };
    let changes = changes(cx, environment.id)?;
    let mut folders = Vec::with_capacity(rows.len());
    for (row, relative_path) in rows {
        let path = around.path.join(&relative_path);
        // Who may not list a folder does not learn what it holds.
        let holder = path.parent();
        let scope = Scope {
            environment: Some(&environment.slug),
            path: Some(&holder),
        };
        if !around.access.allows(Action::Read, Subject::Folders, scope) {
            continue;
        }
        let last_secret_modified = changes.get(&row.id).copied();
        if modified_since.is_some_and(|since| last_secret_modified.is_none_or(|last| last < since)) {
            continue;
        }
        folders.push(Folder {
            row,
            project: around.project,
            environment: environment.clone(),
            path,
            relative_path: recursive.then_some(relative_path),
            last_secret_modified,
        });
    }
    Ok(Listing {
        folders,
        missing: None,
    })
}

/// A folder by id alone. One of a project that the caller does not belong to does not exist for him.
pub fn get(cx: &mut Context, caller: &Caller, id: FolderId) -> Result<Folder, Error> {
    let (row, project) = store::folders::by_id(cx.tx, id)?.ok_or_else(|| unknown(id))?;
    let found = match projects::find(cx, caller, &project.to_string()) {
        Err(Error::Forbidden(_) | Error::NotFound(_)) => return Err(unknown(id)),
        other => other?,
    };
    let environment =
        store::environments::by_id(cx.tx, project, row.environment_id)?.ok_or_else(|| unknown(id))?;
    let path = tree::path_of(cx, environment.id, row.id)?;
    let at = |path| Scope {
        environment: Some(&environment.slug),
        path: Some(path),
    };
    // Who may list where it lies sees it there; who may look into it has its path.
    let above = path.parent();
    if !found.access.allows(Action::Read, Subject::Folders, at(&above)) {
        found.access.require(Action::Read, Subject::Folders, at(&path))?;
    }
    let last_secret_modified = last_change(cx, &row)?;
    Ok(Folder {
        row,
        project,
        environment,
        path,
        relative_path: None,
        last_secret_modified,
    })
}

/// A folder by its place, which has to exist.
pub fn get_by_path(cx: &mut Context, caller: &Caller, place: &Place) -> Result<Folder, Error> {
    let found = places::resolve_folder(cx, caller, place, Action::Read, Subject::Folders)?;
    get(cx, caller, found.id)
}

/// Makes a folder, and those above it that are missing. One that exists is returned as it is.
pub fn create(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    name: &FolderName,
    description: Option<&Description>,
) -> Result<Folder, Error> {
    let around = surroundings(cx, caller, place, Action::Create)?;
    let environment = around
        .environment
        .ok_or_else(|| places::environment_not_found(around.project, &around.slug))?;
    let path = around
        .path
        .child(name)
        .map_err(|reason| Error::invalid("path", &reason))?;
    let mut parent = Parent {
        id: places::find_folder(cx, &environment, &FolderPath::root())?
            .ok_or(Error::Store(store::Error::Corrupt("folders.parent_id")))?,
        project: around.project,
        access: around.access,
        environment,
        path: FolderPath::root(),
    };
    for segment in around.path.segments() {
        let name: FolderName = segment.parse().map_err(corrupt)?;
        let next = parent.path.child(&name).map_err(corrupt)?;
        parent.id = match store::folders::child(cx.tx, parent.environment.id, Some(parent.id), segment)? {
            Some(existing) => existing,
            None => add(cx, caller, &parent, &next, segment, None)?.id,
        };
        parent.path = next;
    }
    let existing = store::folders::children(cx.tx, parent.environment.id, parent.id)?
        .into_iter()
        .find(|child| child.name == name.as_str());
    let row = match existing {
        Some(row) => row,
        None => add(cx, caller, &parent, &path, name.as_str(), description)?,
    };
    parent.folder(cx, row)
}

/// Adds a folder to a parent, with its record.
fn add(
    cx: &mut Context,
    caller: &Caller,
    parent: &Parent,
    path: &FolderPath,
    name: &str,
    description: Option<&Description>,
) -> Result<Row, Error> {
    let scope = Scope {
        environment: Some(&parent.environment.slug),
        path: Some(&parent.path),
    };
    parent.access.require(Action::Create, Subject::Folders, scope)?;
    let description = description.map(ToString::to_string);
    let row = insert(cx, parent.environment.id, Some(parent.id), name, description)?;
    audit::record(cx, caller, &parent.entry("folder.create", path))?;
    Ok(row)
}

/// A change to a folder; absent parts stay as they are.
#[derive(Debug, Clone, Default)]
pub struct FolderChange {
    /// New name.
    pub name: Option<FolderName>,
    /// New description.
    pub description: Change<Description>,
}

/// Renames or describes a folder of a place, given by id or name. Imports that point at it or below follow it.
pub fn update(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    reference: &str,
    change: &FolderChange,
) -> Result<Folder, Error> {
    let parent = parent(cx, caller, place, Action::Edit)?;
    let row = parent.child(cx, reference)?;
    let mut folder = parent.folder(cx, row)?;
    let before = folder.path.clone();
    if let Some(name) = change
        .name
        .as_ref()
        .filter(|name| name.as_str() != folder.row.name)
    {
        parent.require_content(cx, &folder.row, &before, Action::Edit)?;
        let occupied = store::folders::child(cx.tx, parent.environment.id, Some(parent.id), name.as_str())?;
        if occupied.is_some() {
            return Err(Error::BadRequest(taken(name.as_str())));
        }
        folder.row.name = name.to_string();
        folder.path = parent
            .path
            .child(name)
            .map_err(|reason| Error::invalid("path", &reason))?;
        // What is in it comes to lie at another path, where its scope may not reach.
        parent.require_content(cx, &folder.row, &folder.path, Action::Create)?;
    }
    folder.row.description = change.description.to_text().apply(folder.row.description.take());
    folder.row.version += 1;
    folder.row.updated_at = cx.now;
    store::folders::update(cx.tx, &folder.row)?;
    let mut entry = parent.entry("folder.update", &before);
    if folder.path != before {
        store::secret_imports::rename_source(cx.tx, parent.environment.id, &before, &folder.path)?;
        entry = entry.with("new_path", &folder.path);
    }
    audit::record(cx, caller, &entry)?;
    Ok(folder)
}

/// One of several changes that happen together.
#[derive(Debug, Clone)]
pub struct BatchChange {
    /// The place that holds the folder.
    pub place: Place,
    /// Id or name.
    pub reference: String,
    /// What changes.
    pub change: FolderChange,
}

/// Changes several folders, all or none.
pub fn update_all(cx: &mut Context, caller: &Caller, changes: &[BatchChange]) -> Result<Vec<Folder>, Error> {
    if changes.len() > MOST_CHANGES {
        return Err(Error::Invalid {
            field: "folders",
            reason: format!("at most {MOST_CHANGES} in one request. Send them in several requests"),
        });
    }
    changes
        .iter()
        .map(|item| update(cx, caller, &item.place, &item.reference, &item.change))
        .collect()
}

/// Moves a folder of a place, given by id or name, to the trash with everything in it. Without `force` it has to be
/// empty.
pub fn delete(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    reference: &str,
    force: bool,
) -> Result<Folder, Error> {
    let parent = parent(cx, caller, place, Action::Delete)?;
    let row = parent.child(cx, reference)?;
    let folder = parent.folder(cx, row)?;
    let filled = parent.require_content(cx, &folder.row, &folder.path, Action::Delete)?;
    if filled && !force {
        return Err(Error::BadRequest(format!(
            "The folder '{}' is not empty. Delete what is in it first, or repeat with forceDelete: true to delete all \
             of it",
            folder.path
        )));
    }
    store::folders::delete(cx.tx, folder.row.id, cx.now)?;
    audit::record(cx, caller, &parent.entry("folder.delete", &folder.path))?;
    Ok(folder)
}
