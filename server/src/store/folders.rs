//! Folders of environments. The root folder has an empty name and an empty parent.

use shared::model::ids::{EnvironmentId, FolderId, ProjectId};
use shared::model::time::UnixMillis;

use super::{Error, Row, Tx, Value};

/// A row of `folders`.
#[derive(Debug, Clone)]
pub struct Folder {
    /// Id.
    pub id: FolderId,
    /// Environment it belongs to.
    pub environment_id: EnvironmentId,
    /// The folder it lies in; none for the root.
    pub parent_id: Option<FolderId>,
    /// Name, empty for the root.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// Counts changes of name and description, from 1.
    pub version: i64,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When its name or description was last changed.
    pub updated_at: UnixMillis,
}

fn folder(row: &Row) -> Result<Folder, Error> {
    let parent: String = row.get(2)?;
    let parent_id = match parent.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|_| Error::Corrupt("folders.parent_id"))?),
    };
    Ok(Folder {
        id: row.parsed(0)?,
        environment_id: row.parsed(1)?,
        parent_id,
        name: row.get(3)?,
        description: row.get(4)?,
        version: row.get(5)?,
        created_at: UnixMillis(row.get(6)?),
        updated_at: UnixMillis(row.get(7)?),
    })
}

fn parent(id: Option<FolderId>) -> Value {
    Value::from(id.map(|id| id.to_string()).unwrap_or_default())
}

/// A folder by its name in a parent; `None` as parent and an empty name mean the root.
pub fn child(
    tx: Tx,
    environment: EnvironmentId,
    parent_id: Option<FolderId>,
    name: &str,
) -> Result<Option<FolderId>, Error> {
    let rows = tx.query(
        "SELECT id FROM folders WHERE environment_id = $1 AND parent_id = $2 AND name = $3 AND deleted_at IS NULL",
        &[Value::text(environment), parent(parent_id), Value::from(name)],
    )?;
    rows.first().map(|row| row.parsed(0)).transpose()
}

/// Adds a folder. A second one of the same name in the parent is [`Error::Unique`].
pub fn insert(tx: Tx, new: &Folder) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO folders (id, environment_id, parent_id, name, description, version, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            Value::text(new.id),
            Value::text(new.environment_id),
            parent(new.parent_id),
            Value::from(new.name.as_str()),
            Value::from(new.description.clone()),
            Value::from(new.version),
            Value::from(new.created_at.0),
            Value::from(new.updated_at.0),
        ],
    )?;
    Ok(())
}

/// Every folder of an environment, oldest first.
pub fn list(tx: Tx, environment: EnvironmentId) -> Result<Vec<Folder>, Error> {
    let rows = tx.query(
        "SELECT id, environment_id, parent_id, name, description, version, created_at, updated_at FROM folders \
         WHERE environment_id = $1 AND deleted_at IS NULL ORDER BY created_at, name",
        &[Value::text(environment)],
    )?;
    rows.iter().map(folder).collect()
}

/// The folders that lie directly in one, oldest first.
pub fn children(tx: Tx, environment: EnvironmentId, parent_id: FolderId) -> Result<Vec<Folder>, Error> {
    let rows = tx.query(
        "SELECT id, environment_id, parent_id, name, description, version, created_at, updated_at FROM folders \
         WHERE environment_id = $1 AND parent_id = $2 AND deleted_at IS NULL ORDER BY created_at, name",
        &[Value::text(environment), Value::text(parent_id)],
    )?;
    rows.iter().map(folder).collect()
}

/// A folder by id in any project, with the project. Nothing when its environment or project is in the trash.
pub fn by_id(tx: Tx, id: FolderId) -> Result<Option<(Folder, ProjectId)>, Error> {
    let rows = tx.query(
        "SELECT f.id, f.environment_id, f.parent_id, f.name, f.description, f.version, f.created_at, f.updated_at, \
         e.project_id FROM folders f JOIN environments e ON e.id = f.environment_id \
         JOIN projects p ON p.id = e.project_id \
         WHERE f.id = $1 AND f.deleted_at IS NULL AND e.deleted_at IS NULL AND p.deleted_at IS NULL",
        &[Value::text(id)],
    )?;
    rows.first()
        .map(|row| Ok((folder(row)?, row.parsed(8)?)))
        .transpose()
}

/// The same for one that may be in the trash itself, with the time it went there.
pub fn with_trash(tx: Tx, id: FolderId) -> Result<Option<(Folder, ProjectId, Option<UnixMillis>)>, Error> {
    let rows = tx.query(
        "SELECT f.id, f.environment_id, f.parent_id, f.name, f.description, f.version, f.created_at, f.updated_at, \
         e.project_id, f.deleted_at FROM folders f JOIN environments e ON e.id = f.environment_id \
         JOIN projects p ON p.id = e.project_id \
         WHERE f.id = $1 AND e.deleted_at IS NULL AND p.deleted_at IS NULL",
        &[Value::text(id)],
    )?;
    rows.first()
        .map(|row| {
            let deleted: Option<i64> = row.get(9)?;
            Ok((folder(row)?, row.parsed(8)?, deleted.map(UnixMillis)))
        })
        .transpose()
}

/// The folders of an environment that went into the trash at a certain time: those that were deleted together.
pub fn deleted_at(tx: Tx, environment: EnvironmentId, at: UnixMillis) -> Result<Vec<Folder>, Error> {
    let rows = tx.query(
        "SELECT id, environment_id, parent_id, name, description, version, created_at, updated_at FROM folders \
         WHERE environment_id = $1 AND deleted_at = $2 ORDER BY created_at, name",
        &[Value::text(environment), Value::from(at.0)],
    )?;
    rows.iter().map(folder).collect()
}

/// Changes name, description and version.
pub fn update(tx: Tx, changed: &Folder) -> Result<(), Error> {
    tx.execute(
        "UPDATE folders SET name = $2, description = $3, version = $4, updated_at = $5 WHERE id = $1",
        &[
            Value::text(changed.id),
            Value::from(changed.name.as_str()),
            Value::from(changed.description.clone()),
            Value::from(changed.version),
            Value::from(changed.updated_at.0),
        ],
    )?;
    Ok(())
}

/// When a shared secret was last made, changed or deleted in each folder of an environment.
pub fn secrets_changed(tx: Tx, environment: EnvironmentId) -> Result<Vec<(FolderId, UnixMillis)>, Error> {
    let rows = tx.query(
        "SELECT s.folder_id, max(s.updated_at) FROM secrets s JOIN folders f ON f.id = s.folder_id \
         WHERE f.environment_id = $1 AND f.deleted_at IS NULL AND s.owner_id = '' GROUP BY s.folder_id",
        &[Value::text(environment)],
    )?;
    rows.iter()
        .map(|row| Ok((row.parsed(0)?, UnixMillis(row.get(1)?))))
        .collect()
}

/// The folders of an environment that hold a secret, personal ones included.
pub fn holding_secrets(tx: Tx, environment: EnvironmentId) -> Result<Vec<FolderId>, Error> {
    let rows = tx.query(
        "SELECT DISTINCT s.folder_id FROM secrets s JOIN folders f ON f.id = s.folder_id \
         WHERE f.environment_id = $1 AND f.deleted_at IS NULL AND s.deleted_at IS NULL",
        &[Value::text(environment)],
    )?;
    rows.iter().map(|row| row.parsed(0)).collect()
}

/// The folders of an environment that import something.
pub fn holding_imports(tx: Tx, environment: EnvironmentId) -> Result<Vec<FolderId>, Error> {
    let rows = tx.query(
        "SELECT DISTINCT i.folder_id FROM secret_imports i JOIN folders f ON f.id = i.folder_id \
         WHERE f.environment_id = $1 AND f.deleted_at IS NULL AND i.deleted_at IS NULL",
        &[Value::text(environment)],
    )?;
    rows.iter().map(|row| row.parsed(0)).collect()
}

/// Moves a folder, everything below it, and the secrets and imports in all of these to the trash. They bear the same
/// time, so that they can be found together.
pub fn delete(tx: Tx, id: FolderId, now: UnixMillis) -> Result<(), Error> {
    let parameters = [Value::text(id), Value::from(now.0)];
    tx.execute(
        "UPDATE secrets SET deleted_at = $2, updated_at = $2 WHERE deleted_at IS NULL AND folder_id IN ( \
         WITH RECURSIVE below (id) AS (SELECT id FROM folders WHERE id = $1 UNION ALL SELECT f.id FROM folders f \
         JOIN below b ON f.parent_id = b.id WHERE f.deleted_at IS NULL) SELECT id FROM below)",
        &parameters,
    )?;
    tx.execute(
        "UPDATE secret_imports SET deleted_at = $2, updated_at = $2 WHERE deleted_at IS NULL AND folder_id IN ( \
         WITH RECURSIVE below (id) AS (SELECT id FROM folders WHERE id = $1 UNION ALL SELECT f.id FROM folders f \
         JOIN below b ON f.parent_id = b.id WHERE f.deleted_at IS NULL) SELECT id FROM below)",
        &parameters,
    )?;
    tx.execute(
        "UPDATE folders SET deleted_at = $2, updated_at = $2 WHERE id IN ( \
         WITH RECURSIVE below (id) AS (SELECT id FROM folders WHERE id = $1 UNION ALL SELECT f.id FROM folders f \
         JOIN below b ON f.parent_id = b.id WHERE f.deleted_at IS NULL) SELECT id FROM below)",
        &parameters,
    )?;
    Ok(())
}

/// What came out of the trash with a folder.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    /// Whether secrets did.
    pub secrets: bool,
    /// Whether imports did.
    pub imports: bool,
}

/// Takes a folder out of the trash, and those secrets and imports of it that went there at the same time.
/// [`Error::Unique`] when a name is taken.
pub fn restore(tx: Tx, id: FolderId, deleted: UnixMillis, now: UnixMillis) -> Result<Held, Error> {
    let parameters = [Value::text(id), Value::from(deleted.0), Value::from(now.0)];
    tx.execute(
        "UPDATE folders SET deleted_at = NULL, updated_at = $3 WHERE id = $1 AND deleted_at = $2",
        &parameters,
    )?;
    let secrets = tx.execute(
        "UPDATE secrets SET deleted_at = NULL, updated_at = $3 WHERE folder_id = $1 AND deleted_at = $2",
        &parameters,
    )?;
    let imports = tx.execute(
        "UPDATE secret_imports SET deleted_at = NULL, updated_at = $3 WHERE folder_id = $1 AND deleted_at = $2",
        &parameters,
    )?;
    Ok(Held {
        secrets: secrets > 0,
        imports: imports > 0,
    })
}
