//! Folders of environments. The root folder has an empty name and an empty parent.

use shared::model::ids::{EnvironmentId, FolderId};
use shared::model::time::UnixMillis;

use super::{Error, Tx, Value};

/// A folder by its name in a parent; `None` as parent and an empty name mean the root.
pub fn child(
    tx: Tx,
    environment: EnvironmentId,
    parent: Option<FolderId>,
    name: &str,
) -> Result<Option<FolderId>, Error> {
    let rows = tx.query(
        "SELECT id FROM folders WHERE environment_id = $1 AND parent_id = $2 AND name = $3 AND deleted_at IS NULL",
        &[
            Value::text(environment),
            Value::from(parent.map(|id| id.to_string()).unwrap_or_default()),
            Value::from(name),
        ],
    )?;
    rows.first().map(|row| row.parsed(0)).transpose()
}

/// Adds a folder.
pub fn insert(
    tx: Tx,
    id: FolderId,
    environment: EnvironmentId,
    parent: Option<FolderId>,
    name: &str,
    now: UnixMillis,
) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO folders (id, environment_id, parent_id, name, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $5)",
        &[
            Value::text(id),
            Value::text(environment),
            Value::from(parent.map(|id| id.to_string()).unwrap_or_default()),
            Value::from(name),
            Value::from(now.0),
        ],
    )?;
    Ok(())
}

/// A row of `folders`.
#[derive(Debug, Clone)]
pub struct Folder {
    /// Id.
    pub id: FolderId,
    /// The folder it lies in; none for the root.
    pub parent_id: Option<FolderId>,
    /// Name, empty for the root.
    pub name: String,
}

/// Every folder of an environment.
pub fn list(tx: Tx, environment: EnvironmentId) -> Result<Vec<Folder>, Error> {
    let rows = tx.query(
        "SELECT id, parent_id, name FROM folders WHERE environment_id = $1 AND deleted_at IS NULL",
        &[Value::text(environment)],
    )?;
    rows.iter()
        .map(|row| {
            let parent: String = row.get(1)?;
            let parent_id = match parent.as_str() {
                "" => None,
                text => Some(text.parse().map_err(|_| Error::Corrupt("folders.parent_id"))?),
            };
            Ok(Folder {
                id: row.parsed(0)?,
                parent_id,
                name: row.get(2)?,
            })
        })
        .collect()
}
