//! Secrets by id alone. An id opens nothing: whoever may not look at the place of a secret is told that there is none.

use shared::model::access::{Action, Subject};
use shared::model::ids::SecretId;

use super::{Secret, opened};
use crate::domain::audit::Audited;
use crate::domain::caller::Caller;
use crate::domain::folders::tree;
use crate::domain::places::{self, Folder, Origin, Place};
use crate::domain::{Context, Error, data_keys};
use crate::store;
use crate::store::secrets::{SHARED, Secret as Row};

/// A secret and the folder it lies in, for whoever may do this there.
pub(super) fn locate(
    cx: &mut Context,
    caller: &Caller,
    id: SecretId,
    action: Action,
) -> Result<(Folder, Row), Error> {
    let row = store::secrets::by_id(cx.tx, id)?.ok_or_else(|| not_found(id))?;
    let (project, environment, slug) =
        store::secrets::environment_of(cx.tx, id)?.ok_or_else(|| not_found(id))?;
    let place = Place {
        project: Some(project.to_string()),
        environment: Some(slug),
        path: tree::path_of(cx, environment, row.folder_id)?,
        origin: Origin::Named,
    };
    let folder = match places::resolve_folder(cx, caller, &place, action, Subject::Secrets) {
        Ok(folder) => folder,
        // In a project the caller does not belong to it does not exist, as far as he may know.
        Err(Error::Forbidden(_) | Error::NotFound(_)) => return Err(not_found(id)),
        Err(other) => return Err(other),
    };
    if row.owner_id != SHARED && row.owner_id != caller.actor.id() {
        return Err(not_found(id));
    }
    Ok((folder, row))
}

fn not_found(id: SecretId) -> Error {
    Error::NotFound(format!("Secret with id '{id}' not found"))
}

/// A secret by id in its current version.
pub fn get(
    cx: &mut Context,
    caller: &Caller,
    id: SecretId,
    with_value: bool,
) -> Result<Audited<Secret>, Error> {
    let (folder, row) = locate(cx, caller, id, Action::Read)?;
    let keys = data_keys::open(cx, folder.project)?;
    let tags = store::secret_tags::of_version(cx.tx, row.id, row.version)?;
    let secret = opened(&keys, &folder, row, tags, with_value)?;
    let event = if with_value {
        "secret.read"
    } else {
        "secret.read-name"
    };
    let entry = folder
        .entry(event)
        .with("secret", &secret.name)
        .with("version", &secret.version);
    Ok(Audited::new(cx, caller, &entry, secret)?.showing(usize::from(with_value)))
}
