//! Rotating data keys: a new key at once, and everything that is sealed under older ones sealed anew in the background, the
//! trash and old versions included.
//!
//! Each step is one transaction, so it may end at any moment and go on later. Whoever writes meanwhile uses the newest key
//! already, and versions never change, so nobody waits for anybody.

use shared::model::ids::ProjectId;
use shared::model::keys::RotationState as State;

use super::data_keys::{self, DataKeys, Part};
use super::{Context, Error};
use crate::store;
use crate::store::data_key_rotations::{Resealed, Rotation};
use crate::store::secrets::Secret;

/// Begins a rotation of a project's data key. One that was under way goes on towards the newer key.
pub fn begin(cx: &mut Context, project: ProjectId) -> Result<(), Error> {
    let version = data_keys::renew(cx, project)?;
    let total = store::data_key_rotations::count_older(cx.tx, project, version)?;
    let rotation = Rotation {
        project,
        version,
        state: State::Running,
        total,
        done: 0,
        unreadable: 0,
        cursor: (String::new(), 0),
        started: cx.now,
        updated: cx.now,
    };
    Ok(store::data_key_rotations::put(cx.tx, &rotation)?)
}

/// Begins one for every project, the deleted ones included; returns how many.
pub fn begin_all(cx: &mut Context) -> Result<usize, Error> {
    let projects = store::projects::ids_with_trash(cx.tx)?;
    for project in &projects {
        begin(cx, *project)?;
    }
    Ok(projects.len())
}

/// Whether there is something to do.
pub fn is_running(cx: &mut Context) -> Result<bool, Error> {
    Ok(store::data_key_rotations::next(cx.tx)?.is_some())
}

/// Seals up to `most` versions anew. `false` when there is nothing to do.
pub fn step(cx: &mut Context, most: i64) -> Result<bool, Error> {
    let Some(mut rotation) = store::data_key_rotations::next(cx.tx)? else {
        return Ok(false);
    };
    let keys = data_keys::open(cx, rotation.project)?;
    let after = (rotation.cursor.0.as_str(), rotation.cursor.1);
    let rows = store::secrets::versions_after(cx.tx, rotation.project, after, most)?;
    match rows.last() {
        Some(last) => {
            rotation.cursor = (last.id.to_string(), last.version);
            for row in &rows {
                if keys.is_current(&row.value_sealed).unwrap_or_default() {
                    continue;
                }
                match resealed(&keys, row)? {
                    Some(resealed) => {
                        store::data_key_rotations::reseal(cx.tx, &resealed)?;
                        rotation.done += 1;
                    }
                    None => rotation.unreadable += 1,
                }
            }
        }
        None => rotation.state = finished(cx, &rotation)?,
    }
    rotation.updated = cx.now;
    store::data_key_rotations::put(cx.tx, &rotation)?;
    Ok(true)
}

/// The end: older keys go, once nothing is under them.
fn finished(cx: &mut Context, rotation: &Rotation) -> Result<State, Error> {
    if store::data_key_rotations::count_older(cx.tx, rotation.project, rotation.version)? > 0 {
        return Ok(State::Incomplete);
    }
    store::project_keys::remove_older(cx.tx, rotation.project, rotation.version)?;
    Ok(State::Done)
}

/// A version as it is under the newest key; none when it does not open.
fn resealed(keys: &DataKeys, row: &Secret) -> Result<Option<Resealed>, Error> {
    let anew =
        |part_of, sealed: Option<&Vec<u8>>| sealed.map(|sealed| part(keys, row, part_of, sealed)).transpose();
    let parts = anew(Part::Value, Some(&row.value_sealed)).and_then(|value| {
        let comment = anew(Part::Comment, row.comment_sealed.as_ref())?;
        let details = anew(Part::Details, row.details_sealed.as_ref())?;
        Ok((value.unwrap_or_default(), comment, details))
    });
    match parts {
        Ok((value, comment, details)) => Ok(Some(Resealed {
            secret: row.id,
            version: row.version,
            key_version: keys.current_version(),
            value,
            comment,
            details,
        })),
        Err(Error::Crypto(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// One part under the newest key. It is opened again before it takes the place of what is there.
fn part(keys: &DataKeys, row: &Secret, part: Part, sealed: &[u8]) -> Result<Vec<u8>, Error> {
    let text = keys.open(row.id, row.version, part, &row.owner_id, sealed)?;
    let anew = keys.seal(row.id, row.version, part, &row.owner_id, &text)?;
    if keys.open(row.id, row.version, part, &row.owner_id, &anew)? != text {
        return Err(Error::Store(store::Error::Corrupt(
            "a value that was just sealed",
        )));
    }
    Ok(anew)
}

/// Stops all that run, for now.
pub fn pause(cx: &mut Context) -> Result<u64, Error> {
    Ok(store::data_key_rotations::turn(
        cx.tx,
        State::Running,
        State::Paused,
        cx.now,
    )?)
}

/// Goes on with all that were stopped.
pub fn resume(cx: &mut Context) -> Result<u64, Error> {
    Ok(store::data_key_rotations::turn(
        cx.tx,
        State::Paused,
        State::Running,
        cx.now,
    )?)
}
