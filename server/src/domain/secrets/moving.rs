//! Moving secrets to another folder or environment of their project. They stay what they are: id, versions, tags,
//! overrides.

use std::collections::BTreeSet;

use shared::model::access::{Action, Subject};
use shared::model::ids::SecretId;
use shared::model::names::SecretName;

use super::writing::exists;
use crate::domain::access::Scope;
use crate::domain::caller::Caller;
use crate::domain::places::{self, Folder, Place};
use crate::domain::{Context, Error, audit};
use crate::store;
use crate::store::secrets::SHARED;

/// What is to be moved, and where to.
#[derive(Debug, Clone)]
pub struct Move {
    /// Where the secrets are.
    pub source: Place,
    /// Where they are to be.
    pub destination: Place,
    /// Which.
    pub ids: Vec<SecretId>,
    /// Whether secrets of the same names at the destination go to the trash; otherwise they stand in the way.
    pub overwrite: bool,
}

/// Moves all of them or none.
pub fn move_secrets(cx: &mut Context, caller: &Caller, request: &Move) -> Result<(), Error> {
    let (source, destination) = both_places(cx, caller, request)?;
    let mut moved = BTreeSet::new();
    let mut taken = Vec::new();
    for id in &request.ids {
        let row = store::secrets::by_id(cx.tx, *id)?
            .filter(|row| row.folder_id == source.id && row.owner_id == SHARED)
            .ok_or_else(|| invalid(*id, &source))?;
        let name = row.name.parse().map_err(|_| invalid(*id, &source))?;
        if !moved.insert(row.name) {
            continue;
        }
        if store::secrets::by_name(cx.tx, destination.id, &name, SHARED)?.is_some() {
            taken.push(name);
        }
    }
    if !request.overwrite && !taken.is_empty() {
        return Err(in_the_way(&taken, &destination));
    }
    for name in &taken {
        store::secrets::delete_name(cx.tx, destination.id, name.as_str(), cx.now)?;
    }
    for name in &moved {
        store::secrets::move_name(cx.tx, source.id, name, destination.id, cx.now)
            .map_err(|error| exists(error, name))?;
    }
    let mut entry = source
        .entry("secret.move")
        .with("destination_environment", &destination.environment.slug)
        .with("destination_path", &destination.path)
        .with_names("secrets", moved.iter().map(String::as_str))
        .with("count", &moved.len());
    if !taken.is_empty() {
        entry = entry.with_names("overwritten", taken.iter().map(SecretName::as_str));
    }
    audit::record(cx, caller, &entry)
}

fn both_places(cx: &mut Context, caller: &Caller, request: &Move) -> Result<(Folder, Folder), Error> {
    let source = places::resolve(cx, caller, &request.source, Action::Delete, Subject::Secrets)?;
    let destination = places::resolve(cx, caller, &request.destination, Action::Create, Subject::Secrets)?;
    if request.overwrite {
        let scope = Scope {
            environment: Some(&destination.environment),
            path: Some(&destination.path),
        };
        destination
            .access
            .require(Action::Edit, Subject::Secrets, scope)?;
    }
    let (source, destination) = (source.folder?, destination.folder?);
    if source.project != destination.project {
        return Err(Error::BadRequest(
            "Secrets do not move between projects. Create them in the other one".into(),
        ));
    }
    if source.id == destination.id {
        return Err(Error::BadRequest(
            "Source and destination are the same folder: there is nothing to move".into(),
        ));
    }
    Ok((source, destination))
}

fn invalid(id: SecretId, source: &Folder) -> Error {
    Error::BadRequest(format!(
        "Invalid secrets: there is no shared secret with id {id} in '{}' of environment '{}'. Nothing was moved",
        source.path, source.environment.slug
    ))
}

fn in_the_way(taken: &[SecretName], destination: &Folder) -> Error {
    Error::BadRequest(format!(
        "Secret already exist in '{}' of environment '{}': {}. Nothing was moved; pass shouldOverwrite: true to \
         replace what is there",
        destination.path,
        destination.environment.slug,
        super::some_of(taken)
    ))
}
