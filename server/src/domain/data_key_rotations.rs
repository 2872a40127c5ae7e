//! Rotating data keys: a new key at once, and everything that is sealed under older ones sealed anew in the background, the
//! trash and old versions included.
//!
//! Each step is one transaction, so it may end at any moment and go on later. Whoever writes meanwhile uses the newest key
//! already, and versions never change, so nobody waits for anybody.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use shared::model::ids::ProjectId;
use shared::model::keys::RotationState as State;
use shared::model::time::UnixMillis;

use super::data_keys::{self, DataKeys, Part};
use super::{Context, Error};
use crate::store;
use crate::store::data_key_rotations::{Resealed, Rotation};
use crate::store::secrets::Secret;

/// Versions of secrets that one step looks at, whosever they are.
const LOOKED_AT: i64 = 2_000;

/// Begins a rotation of a project's data key. One that was under way goes on towards the newer key.
pub fn begin(cx: &mut Context, project: ProjectId) -> Result<(), Error> {
    let versions = store::data_key_rotations::versions(cx.tx)?;
    let started = start(cx)?;
    begin_one(cx, project, started, &versions)
}

/// Begins one for every project, the deleted ones included; returns how many.
pub fn begin_all(cx: &mut Context) -> Result<usize, Error> {
    let projects = store::projects::ids_with_trash(cx.tx)?;
    let versions = store::data_key_rotations::versions(cx.tx)?;
    let started = start(cx)?;
    for project in &projects {
        begin_one(cx, *project, started, &versions)?;
    }
    Ok(projects.len())
}

/// A time of its own for those that begin together: by it they are known to end together.
fn start(cx: &mut Context) -> Result<UnixMillis, Error> {
    let latest = store::data_key_rotations::latest_start(cx.tx)?;
    Ok(latest.map_or(cx.now, |UnixMillis(latest)| UnixMillis(latest + 1).max(cx.now)))
}

fn begin_one(
    cx: &mut Context,
    project: ProjectId,
    started: UnixMillis,
    versions: &HashMap<ProjectId, i64>,
) -> Result<(), Error> {
    let rotation = Rotation {
        project,
        version: data_keys::renew(cx, project)?,
        state: State::Running,
        total: versions.get(&project).copied().unwrap_or_default(),
        done: 0,
        unreadable: 0,
        cursor: (String::new(), 0),
        started,
        updated: cx.now,
    };
    Ok(store::data_key_rotations::put(cx.tx, &rotation)?)
}

/// Whether there is something to do.
pub fn is_running(cx: &mut Context) -> Result<bool, Error> {
    Ok(store::data_key_rotations::next(cx.tx)?.is_some())
}

/// Seals up to `most` versions anew. `false` when there is nothing to do.
///
/// All projects are gone through together, in the order of the versions themselves: thousands of projects cost no more than
/// one. The rotation that began first keeps the place; at its end those that began with it have been through as well.
pub fn step(cx: &mut Context, most: i64) -> Result<bool, Error> {
    let Some(first) = store::data_key_rotations::next(cx.tx)? else {
        return Ok(false);
    };
    let Some(end) = store::data_key_rotations::place_after(cx.tx, &first.cursor, LOOKED_AT)? else {
        store::data_key_rotations::finish(cx.tx, first.started, cx.now)?;
        return Ok(true);
    };
    let rows = store::data_key_rotations::older(cx.tx, &first.cursor, &end, most)?;
    let reached = match rows.last() {
        Some((_, last)) if i64::try_from(rows.len()) == Ok(most) => (last.id.to_string(), last.version),
        _ => end,
    };
    let mut projects: HashMap<ProjectId, Progress> = HashMap::new();
    for (project, row) in &rows {
        let progress = match projects.entry(*project) {
            Entry::Occupied(progress) => progress.into_mut(),
            Entry::Vacant(place) => place.insert(Progress::of(data_keys::open(cx, *project)?)),
        };
        match resealed(&progress.keys, row)? {
            Some(resealed) => {
                store::data_key_rotations::reseal(cx.tx, &resealed)?;
                progress.done += 1;
            }
            None => progress.unreadable += 1,
        }
    }
    for (project, progress) in projects {
        store::data_key_rotations::count(cx.tx, project, progress.done, progress.unreadable, cx.now)?;
    }
    store::data_key_rotations::look_on(cx.tx, first.project, &reached, cx.now)?;
    Ok(true)
}

/// What one step did for a project.
struct Progress {
    keys: DataKeys,
    done: i64,
    unreadable: i64,
}

impl Progress {
    fn of(keys: DataKeys) -> Self {
        Self {
            keys,
            done: 0,
            unreadable: 0,
        }
    }
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
