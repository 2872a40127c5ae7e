//! Imports: a folder shows the secrets of another one besides its own.

use shared::model::ids::{EnvironmentId, FolderId, ProjectId, SecretImportId};
use shared::model::names::FolderPath;
use shared::model::time::UnixMillis;

use super::{Error, Row, Tx, Value};

/// A row of `secret_imports` with the environment it imports from.
#[derive(Debug, Clone)]
pub struct SecretImport {
    /// Id.
    pub id: SecretImportId,
    /// The folder that imports.
    pub folder_id: FolderId,
    /// The environment that is imported from.
    pub source_environment_id: EnvironmentId,
    /// Its slug.
    pub source_slug: String,
    /// Its name.
    pub source_name: String,
    /// The folder that is imported, which need not exist any more.
    pub source_path: String,
    /// Place among the imports of the folder, from 1; the last one that has a key wins.
    pub position: i64,
    /// Counts changes, from 1.
    pub version: i64,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
}

fn secret_import(row: &Row) -> Result<SecretImport, Error> {
    Ok(SecretImport {
        id: row.parsed(0)?,
        folder_id: row.parsed(1)?,
        source_environment_id: row.parsed(2)?,
        source_slug: row.get(3)?,
        source_name: row.get(4)?,
        source_path: row.get(5)?,
        position: row.get(6)?,
        version: row.get(7)?,
        created_at: UnixMillis(row.get(8)?),
        updated_at: UnixMillis(row.get(9)?),
    })
}

/// The imports of a folder in their order. Those from an environment in the trash are not there.
pub fn list(tx: Tx, folder: FolderId) -> Result<Vec<SecretImport>, Error> {
    let rows = tx.query(
        "SELECT i.id, i.folder_id, i.source_environment_id, e.slug, e.name, i.source_path, i.position, i.version, \
         i.created_at, i.updated_at FROM secret_imports i JOIN environments e ON e.id = i.source_environment_id \
         WHERE i.folder_id = $1 AND i.deleted_at IS NULL AND e.deleted_at IS NULL ORDER BY i.position, i.id",
        &[Value::text(folder)],
    )?;
    rows.iter().map(secret_import).collect()
}

/// An import by id in any project, with the project and the environment of the folder that imports. Nothing when one of
/// these is in the trash.
pub fn by_id(tx: Tx, id: SecretImportId) -> Result<Option<(SecretImport, ProjectId, EnvironmentId)>, Error> {
    let rows = tx.query(
        "SELECT i.id, i.folder_id, i.source_environment_id, e.slug, e.name, i.source_path, i.position, i.version, \
         i.created_at, i.updated_at, own.project_id, own.id FROM secret_imports i \
         JOIN environments e ON e.id = i.source_environment_id JOIN folders f ON f.id = i.folder_id \
         JOIN environments own ON own.id = f.environment_id JOIN projects p ON p.id = own.project_id \
         WHERE i.id = $1 AND i.deleted_at IS NULL AND e.deleted_at IS NULL AND f.deleted_at IS NULL \
         AND own.deleted_at IS NULL AND p.deleted_at IS NULL",
        &[Value::text(id)],
    )?;
    rows.first()
        .map(|row| Ok((secret_import(row)?, row.parsed(10)?, row.parsed(11)?)))
        .transpose()
}

/// Adds an import.
pub fn insert(tx: Tx, new: &SecretImport) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO secret_imports (id, folder_id, source_environment_id, source_path, position, version, \
         created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            Value::text(new.id),
            Value::text(new.folder_id),
            Value::text(new.source_environment_id),
            Value::from(new.source_path.as_str()),
            Value::from(new.position),
            Value::from(new.version),
            Value::from(new.created_at.0),
            Value::from(new.updated_at.0),
        ],
    )?;
    Ok(())
}

/// Changes source, position and version.
pub fn update(tx: Tx, changed: &SecretImport) -> Result<(), Error> {
    tx.execute(
        "UPDATE secret_imports SET source_environment_id = $2, source_path = $3, position = $4, version = $5, \
         updated_at = $6 WHERE id = $1",
        &[
            Value::text(changed.id),
            Value::text(changed.source_environment_id),
            Value::from(changed.source_path.as_str()),
            Value::from(changed.position),
            Value::from(changed.version),
            Value::from(changed.updated_at.0),
        ],
    )?;
    Ok(())
}

/// Moves an import to the trash.
pub fn delete(tx: Tx, id: SecretImportId, now: UnixMillis) -> Result<(), Error> {
    tx.execute(
        "UPDATE secret_imports SET deleted_at = $2, updated_at = $2 WHERE id = $1",
        &[Value::text(id), Value::from(now.0)],
    )?;
    Ok(())
}

/// A folder has another path now: imports of it, and of folders below it, follow; those in the trash too, so that they
/// still lead there when they come back.
pub fn rename_source(
    tx: Tx,
    environment: EnvironmentId,
    old: &FolderPath,
    new: &FolderPath,
) -> Result<(), Error> {
    let (old, new) = (old.to_string(), new.to_string());
    tx.execute(
        "UPDATE secret_imports SET source_path = $3 \
         WHERE source_environment_id = $1 AND source_path = $2",
        &[
            Value::text(environment),
            Value::from(old.as_str()),
            Value::from(new.as_str()),
        ],
    )?;
    // Paths hold ASCII only, so bytes and characters are the same.
    let length = i64::try_from(old.len()).map_err(|_| Error::Corrupt("a path beyond all lengths"))?;
    tx.execute(
        "UPDATE secret_imports SET source_path = CAST($3 AS TEXT) || substr(source_path, CAST($4 AS INTEGER) + 1) \
         WHERE source_environment_id = $1 AND substr(source_path, 1, CAST($4 AS INTEGER) + 1) = CAST($2 AS TEXT) || '/'",
        &[
            Value::text(environment),
            Value::from(old.as_str()),
            Value::from(new.as_str()),
            Value::from(length),
        ],
    )?;
    Ok(())
}
