//! Rotations of data keys, one row for the latest of each project.

use shared::model::ids::{ProjectId, SecretId};
use shared::model::keys::RotationState as State;
use shared::model::time::UnixMillis;

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
    /// The version that was looked at last: the id of its secret, and its number.
    pub cursor: (String, i64),
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

/// How many versions of a project's secrets, trash included, are under a key older than this.
pub fn count_older(tx: Tx, project: ProjectId, version: u32) -> Result<i64, Error> {
    let rows = tx.query(
        "SELECT count(*) FROM environments e JOIN folders f ON f.environment_id = e.id JOIN secrets s ON \
         s.folder_id = f.id JOIN secret_versions v ON v.secret_id = s.id WHERE e.project_id = $1 AND v.key_version < $2",
        &[Value::text(project), Value::from(i64::from(version))],
    )?;
    rows.first().ok_or(Error::Corrupt("no count"))?.get(0)
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
