//! The way back of a deleted folder: out of the trash with everything that went there with it.

use shared::model::access::{Action, Subject};
use shared::model::ids::FolderId;

use super::{Folder, Parent, corrupt, taken, tree, unknown};
use crate::domain::access::Scope;
use crate::domain::caller::Caller;
use crate::domain::{Context, Error, audit, projects};
use crate::store;

/// Takes a folder out of the trash with all that one deletion took away. What went there before stays there.
pub fn restore(cx: &mut Context, caller: &Caller, id: FolderId) -> Result<Folder, Error> {
    let (mut row, project, deleted) = store::folders::with_trash(cx.tx, id)?.ok_or_else(|| unknown(id))?;
    let access = match projects::find(cx, caller, &project.to_string()) {
        Err(Error::Forbidden(_) | Error::NotFound(_)) => return Err(unknown(id)),
        other => other?.access,
    };
    let environment =
        store::environments::by_id(cx.tx, project, row.environment_id)?.ok_or_else(|| unknown(id))?;
    let paths = tree::paths(cx, environment.id)?;
    let held_in = row
        .parent_id
        .and_then(|parent| Some((parent, paths.get(&parent)?.clone())));
    // Without a place a service token is refused; a role does not look at it.
    access.require(
        Action::Create,
        Subject::Folders,
        Scope {
            environment: Some(&environment.slug),
            path: held_in.as_ref().map(|(_, path)| path),
        },
    )?;
    let Some(deleted) = deleted else {
        return Err(Error::BadRequest(format!(
            "The folder '{}' is not in the trash: somebody restored it already",
            row.name
        )));
    };
    let Some((parent, above)) = held_in else {
        return Err(Error::Conflict(format!(
            "The folder that '{}' lay in was deleted too. Restore that one first",
            row.name
        )));
    };
    if store::folders::child(cx.tx, environment.id, Some(parent), &row.name)?.is_some() {
        return Err(Error::Conflict(format!(
            "{}. Rename or delete that one first",
            taken(&row.name)
        )));
    }
    let path = above
        .child(&row.name.parse().map_err(corrupt)?)
        .map_err(corrupt)?;
    let together = store::folders::deleted_at(cx.tx, environment.id, deleted)?;
    let mut folders = tree::below(together, id, &path)?;
    row.updated_at = cx.now;
    folders.push((row.clone(), path.clone()));
    for (folder, path) in &folders {
        let held = store::folders::restore(cx.tx, folder.id, deleted, cx.now)
            .map_err(|error| Error::or_exists(error, &taken(&folder.name)))?;
        let scope = Scope {
            environment: Some(&environment.slug),
            path: Some(path),
        };
        for (subject, there) in [
            (Subject::Secrets, held.secrets),
            (Subject::SecretImports, held.imports),
        ] {
            if there {
                access.require(Action::Create, subject, scope)?;
            }
        }
    }
    let parent = Parent {
        id: parent,
        project,
        access,
        environment,
        path: above,
    };
    audit::record(cx, caller, &parent.entry("folder.restore", &path))?;
    parent.folder(cx, row)
}
