//! Data keys of projects, sealed by a root key.

use shared::model::ids::ProjectId;
use shared::model::time::UnixMillis;

use super::{Error, Row, Tx, Value};

/// A row of `project_keys`.
#[derive(Debug, Clone)]
pub struct ProjectKey {
    /// From 1.
    pub version: u32,
    /// The key under a root key.
    pub key_sealed: Vec<u8>,
}

/// Every key of a project, newest first.
pub fn list(tx: Tx, project: ProjectId) -> Result<Vec<ProjectKey>, Error> {
    let rows = tx.query(
        "SELECT version, key_sealed FROM project_keys WHERE project_id = $1 ORDER BY version DESC",
        &[Value::text(project)],
    )?;
    rows.iter().map(project_key).collect()
}

fn project_key(row: &Row) -> Result<ProjectKey, Error> {
    let version = u32::try_from(row.get::<i64>(0)?).map_err(|_| Error::Corrupt("project_keys.version"))?;
    Ok(ProjectKey {
        version,
        key_sealed: row.get(1)?,
    })
}

/// Adds a key.
pub fn insert(tx: Tx, project: ProjectId, key: &ProjectKey, now: UnixMillis) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO project_keys (project_id, version, key_sealed, created_at) VALUES ($1, $2, $3, $4)",
        &[
            Value::text(project),
            Value::from(i64::from(key.version)),
            Value::from(key.key_sealed.as_slice()),
            Value::from(now.0),
        ],
    )?;
    Ok(())
}

/// Some key of some project, to prove that the keyring fits the store.
pub fn any(tx: Tx) -> Result<Option<(ProjectId, ProjectKey)>, Error> {
    let rows = tx.query(
        "SELECT version, key_sealed, project_id FROM project_keys ORDER BY created_at DESC LIMIT 1",
        &[],
    )?;
    rows.first()
        .map(|row| Ok((row.parsed(2)?, project_key(row)?)))
        .transpose()
}

/// Every key of every project, deleted ones included.
pub fn all(tx: Tx) -> Result<Vec<(ProjectId, ProjectKey)>, Error> {
    let rows = tx.query("SELECT version, key_sealed, project_id FROM project_keys", &[])?;
    rows.iter()
        .map(|row| Ok((row.parsed(2)?, project_key(row)?)))
        .collect()
}

/// Puts the same key, sealed by another root key, in the place of what was there.
pub fn reseal(tx: Tx, project: ProjectId, key: &ProjectKey) -> Result<(), Error> {
    tx.execute(
        "UPDATE project_keys SET key_sealed = $3 WHERE project_id = $1 AND version = $2",
        &[
            Value::text(project),
            Value::from(i64::from(key.version)),
            Value::from(key.key_sealed.as_slice()),
        ],
    )?;
    Ok(())
}
