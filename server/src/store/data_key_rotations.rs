//! Rotations of data keys, one row for the latest of each project.

use std::collections::HashMap;

use shared::model::ids::{ProjectId, SecretId};
use shared::model::keys::RotationState as State;
use shared::model::time::UnixMillis;

use super::secrets::Secret;
use super::{Error, Row, Tx, Value};

fn name(state: State) -> &'static str {
    match state {
        State::Running => "running",
        State::Paused => "paused",
        State::Done => "done",
        State::Incomplete => "incomplete",
    }
}

fn from_name(name: &str) -> Result<State, Error> {
    match name {
        "running" => Ok(State::Running),
        "paused" => Ok(State::Paused),
        "done" => Ok(State::Done),
        "incomplete" => Ok(State::Incomplete),
        _ => Err(Error::Corrupt("data_key_rotations.state")),
    }
}

/// A version of a secret among all of them: the id of the secret, and the number.
pub type Place = (String, i64);

/// A row of `data_key_rotations`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// Whose key it is.
    pub project: ProjectId,
    /// The version of the key under which everything goes.
    pub version: u32,
    /// How far it is.
    pub state: State,
    /// Versions of secrets that were to be sealed anew when it began.
    pub total: i64,
    /// Versions sealed anew.
    pub done: i64,
    /// Versions that did not open.
    pub unreadable: i64,
    /// The version that was looked at last.
    pub cursor: Place,
    /// When it began.
    pub started: UnixMillis,
    /// When it last moved.
    pub updated: UnixMillis,
}

fn rotation(row: &Row) -> Result<Rotation, Error> {
    Ok(Rotation {
        project: row.parsed(0)?,
        version: u32::try_from(row.get::<i64>(1)?)
            .map_err(|_| Error::Corrupt("data_key_rotations.version"))?,
        state: from_name(&row.get::<String>(2)?)?,
        total: row.get(3)?,
        done: row.get(4)?,
        unreadable: row.get(5)?,
        cursor: (row.get(6)?, row.get(7)?),
        started: UnixMillis(row.get(8)?),
        updated: UnixMillis(row.get(9)?),
    })
}

/// All of them, the latest first.
pub fn list(tx: Tx) -> Result<Vec<Rotation>, Error> {
    let rows = tx.query(
        "SELECT project_id, version, state, total, done, unreadable, cursor_secret, cursor_version, started_at, \
         updated_at FROM data_key_rotations ORDER BY started_at DESC, project_id",
        &[],
    )?;
    rows.iter().map(rotation).collect()
}

/// The running one that began first.
pub fn next(tx: Tx) -> Result<Option<Rotation>, Error> {
    let rows = tx.query(
        "SELECT project_id, version, state, total, done, unreadable, cursor_secret, cursor_version, started_at, \
         updated_at FROM data_key_rotations WHERE state = $1 ORDER BY started_at, project_id LIMIT 1",
        &[Value::from(name(State::Running))],
    )?;
    rows.first().map(rotation).transpose()
}

/// When the latest one of any project began.
pub fn latest_start(tx: Tx) -> Result<Option<UnixMillis>, Error> {
    let rows = tx.query("SELECT max(started_at) FROM data_key_rotations", &[])?;
    let latest: Option<i64> = rows.first().ok_or(Error::Corrupt("no maximum"))?.get(0)?;
    Ok(latest.map(UnixMillis))
}

/// Puts one in the place of the project's last.
pub fn put(tx: Tx, rotation: &Rotation) -> Result<(), Error> {
    tx.execute(
        "DELETE FROM data_key_rotations WHERE project_id = $1",
        &[Value::text(rotation.project)],
    )?;
    tx.execute(
        "INSERT INTO data_key_rotations (project_id, version, state, total, done, unreadable, cursor_secret, \
         cursor_version, started_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            Value::text(rotation.project),
            Value::from(i64::from(rotation.version)),
            Value::from(name(rotation.state)),
            Value::from(rotation.total),
            Value::from(rotation.done),
            Value::from(rotation.unreadable),
            Value::from(rotation.cursor.0.as_str()),
            Value::from(rotation.cursor.1),
            Value::from(rotation.started.0),
            Value::from(rotation.updated.0),
        ],
    )?;
    Ok(())
}

/// Turns all that are in one state to another; returns how many.
pub fn turn(tx: Tx, from: State, to: State, now: UnixMillis) -> Result<u64, Error> {
    tx.execute(
        "UPDATE data_key_rotations SET state = $2, updated_at = $3 WHERE state = $1",
        &[Value::from(name(from)), Value::from(name(to)), Value::from(now.0)],
    )
}

/// How many versions of secrets each project has, trash included. Projects without any are left out. Versions are numbered
/// without gaps, so their own, much larger table need not be read.
pub fn versions(tx: Tx) -> Result<HashMap<ProjectId, i64>, Error> {
    let rows = tx.query(
        "SELECT e.project_id, CAST(sum(s.version) AS BIGINT) FROM secrets s JOIN folders f ON f.id = s.folder_id \
         JOIN environments e ON e.id = f.environment_id GROUP BY e.project_id",
        &[],
    )?;
    rows.iter().map(|row| Ok((row.parsed(0)?, row.get(1)?))).collect()
}

/// The last of the next so many versions after a place; none at the end.
pub fn place_after(tx: Tx, after: &Place, count: i64) -> Result<Option<Place>, Error> {
    let rows = tx.query(
        "SELECT secret_id, version FROM (SELECT secret_id, version FROM secret_versions \
         WHERE (secret_id, version) > ($1, $2) ORDER BY secret_id, version LIMIT $3) AS following \
         ORDER BY secret_id DESC, version DESC LIMIT 1",
        &[
            Value::from(after.0.as_str()),
            Value::from(after.1),
            Value::from(count),
        ],
    )?;
    rows.first().map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// The first versions between two places, trash included, that are under an older key than the running rotation of their
/// project wants. The first place is left out, the second one belongs to it.
pub fn older(tx: Tx, after: &Place, upto: &Place, most: i64) -> Result<Vec<(ProjectId, Secret)>, Error> {
    let rows = tx.query(
        "SELECT s.id, s.folder_id, v.name, s.owner_id, v.version, v.value_sealed, v.comment_sealed, \
         v.skip_multiline_encoding, s.created_at, v.created_at, v.details_sealed, e.project_id FROM secret_versions v \
         JOIN secrets s ON s.id = v.secret_id JOIN folders f ON f.id = s.folder_id \
         JOIN environments e ON e.id = f.environment_id JOIN data_key_rotations r ON r.project_id = e.project_id \
         WHERE (v.secret_id, v.version) > ($1, $2) AND (v.secret_id, v.version) <= ($3, $4) \
         AND v.key_version < r.version AND r.state = $5 ORDER BY v.secret_id, v.version LIMIT $6",
        &[
            Value::from(after.0.as_str()),
            Value::from(after.1),
            Value::from(upto.0.as_str()),
            Value::from(upto.1),
            Value::from(name(State::Running)),
            Value::from(most),
        ],
    )?;
    rows.iter().map(super::secrets::of_project).collect()
}

/// Notes what was sealed anew of a project, and what could not be.
pub fn count(tx: Tx, project: ProjectId, done: i64, unreadable: i64, now: UnixMillis) -> Result<(), Error> {
    tx.execute(
        "UPDATE data_key_rotations SET done = done + $2, unreadable = unreadable + $3, updated_at = $4 \
         WHERE project_id = $1",
        &[
            Value::text(project),
            Value::from(done),
            Value::from(unreadable),
            Value::from(now.0),
        ],
    )?;
    Ok(())
}

/// Notes up to where one has looked.
pub fn look_on(tx: Tx, project: ProjectId, place: &Place, now: UnixMillis) -> Result<(), Error> {
    tx.execute(
        "UPDATE data_key_rotations SET cursor_secret = $2, cursor_version = $3, updated_at = $4 WHERE project_id = $1",
        &[
            Value::text(project),
            Value::from(place.0.as_str()),
            Value::from(place.1),
            Value::from(now.0),
        ],
    )?;
    Ok(())
}

/// Ends the running ones that began at one time: the older keys of their projects go, where nothing is under them any more.
pub fn finish(tx: Tx, started: UnixMillis, now: UnixMillis) -> Result<(), Error> {
    let turn = |tx: Tx, to: State, which: &str| {
        tx.execute(
            which,
            &[
                Value::from(name(State::Running)),
                Value::from(started.0),
                Value::from(name(to)),
                Value::from(now.0),
            ],
        )
    };
    turn(
        tx,
        State::Incomplete,
        "UPDATE data_key_rotations SET state = $3, updated_at = $4 WHERE state = $1 AND started_at = $2 \
         AND project_id IN (SELECT e.project_id FROM secret_versions v JOIN secrets s ON s.id = v.secret_id \
         JOIN folders f ON f.id = s.folder_id JOIN environments e ON e.id = f.environment_id \
         WHERE v.key_version < (SELECT max(version) FROM data_key_rotations WHERE state = $1 AND started_at = $2) \
         AND v.key_version < (SELECT r.version FROM data_key_rotations r \
         WHERE r.project_id = e.project_id AND r.state = $1 AND r.started_at = $2))",
    )?;
    tx.execute(
        "DELETE FROM project_keys WHERE EXISTS (SELECT 1 FROM data_key_rotations r \
         WHERE r.project_id = project_keys.project_id AND r.version > project_keys.version \
         AND r.state = $1 AND r.started_at = $2)",
        &[Value::from(name(State::Running)), Value::from(started.0)],
    )?;
    turn(
        tx,
        State::Done,
        "UPDATE data_key_rotations SET state = $3, updated_at = $4 WHERE state = $1 AND started_at = $2",
    )?;
    Ok(())
}

/// What a version of a secret is sealed as under another key.
#[derive(Debug)]
pub struct Resealed {
    /// The secret.
    pub secret: SecretId,
    /// Its version.
    pub version: i64,
    /// The version of the key.
    pub key_version: u32,
    /// The value.
    pub value: Vec<u8>,
    /// The comment, if there is one.
    pub comment: Option<Vec<u8>>,
    /// Metadata and reminder, if there are any.
    pub details: Option<Vec<u8>>,
}

/// Puts the newly sealed parts of a version in place of the old ones. They hold the same.
pub fn reseal(tx: Tx, resealed: &Resealed) -> Result<(), Error> {
    let changed = tx.execute(
        "UPDATE secret_versions SET value_sealed = $3, comment_sealed = $4, details_sealed = $5, key_version = $6 \
         WHERE secret_id = $1 AND version = $2 AND key_version < $6",
        &[
            Value::text(resealed.secret),
            Value::from(resealed.version),
            Value::from(resealed.value.as_slice()),
            Value::from(resealed.comment.as_deref()),
            Value::from(resealed.details.as_deref()),
            Value::from(i64::from(resealed.key_version)),
        ],
    )?;
    if changed == 1 {
        Ok(())
    } else {
        Err(Error::Corrupt("a version of a secret that was just read"))
    }
}
