//! Secrets and their versions. Values live only in `secret_versions`; `secrets` points at the current one.

use shared::model::ids::{EnvironmentId, FolderId, ProjectId, SecretId};
use shared::model::names::SecretName;
use shared::model::time::UnixMillis;

use super::{Error, Row, Tx, Value};

/// A secret joined with one of its versions.
#[derive(Debug, Clone)]
pub struct Secret {
    /// Id, the same across versions.
    pub id: SecretId,
    /// Folder it lies in.
    pub folder_id: FolderId,
    /// Name.
    pub name: String,
    /// User whose override it is; empty for the shared secret.
    pub owner_id: String,
    /// Version shown here.
    pub version: i64,
    /// The value under the project's data key.
    pub value_sealed: Vec<u8>,
    /// The comment likewise; nothing when there is none.
    pub comment_sealed: Option<Vec<u8>>,
    /// Metadata and reminder likewise.
    pub details_sealed: Option<Vec<u8>>,
    /// See Infisical's CLI.
    pub skip_multiline_encoding: Option<bool>,
    /// When the secret was made.
    pub created_at: UnixMillis,
    /// When this version was made.
    pub updated_at: UnixMillis,
}

fn secret(row: &Row) -> Result<Secret, Error> {
    Ok(Secret {
        id: row.parsed(0)?,
        folder_id: row.parsed(1)?,
        name: row.get(2)?,
        owner_id: row.get(3)?,
        version: row.get(4)?,
        value_sealed: row.get(5)?,
        comment_sealed: row.get(6)?,
        skip_multiline_encoding: row.get(7)?,
        created_at: UnixMillis(row.get(8)?),
        updated_at: UnixMillis(row.get(9)?),
        details_sealed: row.get(10)?,
    })
}

/// The owner of shared secrets: nobody in particular.
pub const SHARED: &str = "";

/// Who wrote a version.
#[derive(Debug, Clone, Copy)]
pub struct Writer<'a> {
    /// `user`, `identity` or `operator`.
    pub kind: &'a str,
    /// Id of the user or identity.
    pub id: &'a str,
    /// Version of the data key that the value is sealed with.
    pub key_version: u32,
}

/// The shared secrets of a folder, by name, and with each the override of this user; [`SHARED`] for none.
pub fn list(tx: Tx, folder: FolderId, user: &str) -> Result<Vec<Secret>, Error> {
    let rows = tx.query(
        "SELECT s.id, s.folder_id, s.name, s.owner_id, v.version, v.value_sealed, v.comment_sealed, \
         v.skip_multiline_encoding, s.created_at, v.created_at, v.details_sealed FROM secrets s \
         JOIN secret_versions v ON v.secret_id = s.id AND v.version = s.version \
         WHERE s.folder_id = $1 AND s.owner_id IN ('', $2) AND s.deleted_at IS NULL ORDER BY s.name, s.owner_id",
        &[Value::text(folder), Value::from(user)],
    )?;
    rows.iter().map(secret).collect()
}

/// The shared secrets of a folder by name, a page at a time after the last name seen: for a backup.
pub fn list_after(tx: Tx, folder: FolderId, after: &str, limit: i64) -> Result<Vec<Secret>, Error> {
    let rows = tx.query(
        "SELECT s.id, s.folder_id, s.name, s.owner_id, v.version, v.value_sealed, v.comment_sealed, \
         v.skip_multiline_encoding, s.created_at, v.created_at, v.details_sealed FROM secrets s \
         JOIN secret_versions v ON v.secret_id = s.id AND v.version = s.version \
         WHERE s.folder_id = $1 AND s.name > $2 AND s.owner_id = '' AND s.deleted_at IS NULL ORDER BY s.name LIMIT $3",
        &[Value::text(folder), Value::from(after), Value::from(limit)],
    )?;
    rows.iter().map(secret).collect()
}

/// A secret by name and owner, [`SHARED`] or a user, in its current version.
pub fn by_name(tx: Tx, folder: FolderId, name: &SecretName, owner: &str) -> Result<Option<Secret>, Error> {
    let rows = tx.query(
        "SELECT s.id, s.folder_id, s.name, s.owner_id, v.version, v.value_sealed, v.comment_sealed, \
         v.skip_multiline_encoding, s.created_at, v.created_at, v.details_sealed FROM secrets s \
         JOIN secret_versions v ON v.secret_id = s.id AND v.version = s.version \
         WHERE s.folder_id = $1 AND s.name = $2 AND s.owner_id = $3 AND s.deleted_at IS NULL",
        &[
            Value::text(folder),
            Value::from(name.as_str()),
            Value::from(owner),
        ],
    )?;
    rows.first().map(secret).transpose()
}

/// A past or present version of a secret that is not deleted.
pub fn at_version(tx: Tx, id: SecretId, version: i64) -> Result<Option<Secret>, Error> {
    let rows = tx.query(
        "SELECT s.id, s.folder_id, s.name, s.owner_id, v.version, v.value_sealed, v.comment_sealed, \
         v.skip_multiline_encoding, s.created_at, v.created_at, v.details_sealed FROM secrets s \
         JOIN secret_versions v ON v.secret_id = s.id \
         WHERE s.id = $1 AND v.version = $2 AND s.deleted_at IS NULL",
        &[Value::text(id), Value::from(version)],
    )?;
    rows.first().map(secret).transpose()
}

/// A secret by id in its current version, whoever owns it.
pub fn by_id(tx: Tx, id: SecretId) -> Result<Option<Secret>, Error> {
    let rows = tx.query(
        "SELECT s.id, s.folder_id, s.name, s.owner_id, v.version, v.value_sealed, v.comment_sealed, \
         v.skip_multiline_encoding, s.created_at, v.created_at, v.details_sealed FROM secrets s \
         JOIN secret_versions v ON v.secret_id = s.id AND v.version = s.version \
         WHERE s.id = $1 AND s.deleted_at IS NULL",
        &[Value::text(id)],
    )?;
    rows.first().map(secret).transpose()
}

/// A shared secret without what it holds.
#[derive(Debug, Clone)]
pub struct Named {
    /// Id.
    pub id: SecretId,
    /// Name.
    pub name: String,
    /// Current version.
    pub version: i64,
}

fn named(row: &Row) -> Result<Named, Error> {
    Ok(Named {
        id: row.parsed(0)?,
        name: row.get(1)?,
        version: row.get(2)?,
    })
}

/// The shared secrets of a folder without what they hold.
pub fn names(tx: Tx, folder: FolderId) -> Result<Vec<Named>, Error> {
    let rows = tx.query(
        "SELECT id, name, version FROM secrets WHERE folder_id = $1 AND owner_id = '' AND deleted_at IS NULL",
        &[Value::text(folder)],
    )?;
    rows.iter().map(named).collect()
}

/// A shared secret that went from a folder into the trash.
pub fn in_trash(tx: Tx, folder: FolderId, id: SecretId) -> Result<Option<Named>, Error> {
    let rows = tx.query(
        "SELECT id, name, version FROM secrets \
         WHERE id = $1 AND folder_id = $2 AND owner_id = '' AND deleted_at IS NOT NULL",
        &[Value::text(id), Value::text(folder)],
    )?;
    rows.first().map(named).transpose()
}

/// The project and the environment of a secret by id; nothing when anything on the way is in the trash.
pub fn environment_of(tx: Tx, id: SecretId) -> Result<Option<(ProjectId, EnvironmentId, String)>, Error> {
    let rows = tx.query(
        "SELECT e.project_id, e.id, e.slug FROM secrets s JOIN folders f ON f.id = s.folder_id \
         JOIN environments e ON e.id = f.environment_id JOIN projects p ON p.id = e.project_id \
         WHERE s.id = $1 AND s.deleted_at IS NULL AND f.deleted_at IS NULL AND e.deleted_at IS NULL \
         AND p.deleted_at IS NULL",
        &[Value::text(id)],
    )?;
    rows.first()
        .map(|row| Ok((row.parsed(0)?, row.parsed(1)?, row.get(2)?)))
        .transpose()
}

/// The versions of a secret that is not deleted, newest first, each with the name it had.
pub fn versions(tx: Tx, id: SecretId, offset: i64, limit: i64) -> Result<Vec<Secret>, Error> {
    let rows = tx.query(
        "SELECT s.id, s.folder_id, v.name, s.owner_id, v.version, v.value_sealed, v.comment_sealed, \
         v.skip_multiline_encoding, s.created_at, v.created_at, v.details_sealed FROM secrets s \
         JOIN secret_versions v ON v.secret_id = s.id \
         WHERE s.id = $1 AND s.deleted_at IS NULL ORDER BY v.version DESC LIMIT $3 OFFSET $2",
        &[Value::text(id), Value::from(offset), Value::from(limit)],
    )?;
    rows.iter().map(secret).collect()
}

/// Adds a secret with its first version. A second one of the same name is [`Error::Unique`].
pub fn insert(tx: Tx, new: &Secret, writer: Writer) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO secrets (id, folder_id, name, owner_id, version, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $6)",
        &[
            Value::text(new.id),
            Value::text(new.folder_id),
            Value::from(new.name.as_str()),
            Value::from(new.owner_id.as_str()),
            Value::from(new.version),
            Value::from(new.created_at.0),
        ],
    )?;
    insert_version(tx, new, writer)
}

/// Makes a new version the current one. [`Error::Stale`] when somebody else was faster.
pub fn update(tx: Tx, changed: &Secret, writer: Writer) -> Result<(), Error> {
    let rows = tx.execute(
        "UPDATE secrets SET name = $2, version = $3, updated_at = $4 \
         WHERE id = $1 AND version = $3 - 1 AND deleted_at IS NULL",
        &[
            Value::text(changed.id),
            Value::from(changed.name.as_str()),
            Value::from(changed.version),
            Value::from(changed.updated_at.0),
        ],
    )?;
    if rows == 0 {
        return Err(Error::Stale);
    }
    insert_version(tx, changed, writer)
}

fn insert_version(tx: Tx, secret: &Secret, writer: Writer) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO secret_versions (secret_id, version, name, value_sealed, comment_sealed, \
         details_sealed, key_version, skip_multiline_encoding, actor_kind, actor_id, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            Value::text(secret.id),
            Value::from(secret.version),
            Value::from(secret.name.as_str()),
            Value::from(secret.value_sealed.as_slice()),
            Value::from(secret.comment_sealed.clone()),
            Value::from(secret.details_sealed.clone()),
            Value::from(i64::from(writer.key_version)),
            Value::from(secret.skip_multiline_encoding),
            Value::from(writer.kind),
            Value::from(writer.id),
            Value::from(secret.updated_at.0),
        ],
    )?;
    Ok(())
}

/// Moves a secret to the trash.
pub fn delete(tx: Tx, id: SecretId, now: UnixMillis) -> Result<(), Error> {
    tx.execute(
        "UPDATE secrets SET deleted_at = $2, updated_at = $2 WHERE id = $1",
        &[Value::text(id), Value::from(now.0)],
    )?;
    Ok(())
}

/// Moves a shared secret and all overrides of it to the trash.
pub fn delete_name(tx: Tx, folder: FolderId, name: &str, now: UnixMillis) -> Result<(), Error> {
    tx.execute(
        "UPDATE secrets SET deleted_at = $3, updated_at = $3 \
         WHERE folder_id = $1 AND name = $2 AND deleted_at IS NULL",
        &[Value::text(folder), Value::from(name), Value::from(now.0)],
    )?;
    Ok(())
}

/// Takes a shared secret out of the trash, and the overrides that went there with it: they bear the same time.
/// [`Error::Unique`] when its name is taken.
pub fn restore(tx: Tx, folder: FolderId, secret: &Named, now: UnixMillis) -> Result<(), Error> {
    tx.execute(
        "UPDATE secrets SET deleted_at = NULL, updated_at = $4 WHERE folder_id = $1 AND name = $2 AND owner_id <> '' \
         AND deleted_at IS NOT NULL AND deleted_at = (SELECT s.deleted_at FROM secrets s WHERE s.id = $3)",
        &[
            Value::text(folder),
            Value::from(secret.name.as_str()),
            Value::text(secret.id),
            Value::from(now.0),
        ],
    )?;
    tx.execute(
        "UPDATE secrets SET deleted_at = NULL, updated_at = $2 WHERE id = $1",
        &[Value::text(secret.id), Value::from(now.0)],
    )?;
    Ok(())
}

/// Gives a shared secret and all overrides of it another name without a new version, for the time until they get the
/// one they are to have: two secrets can swap names only by way of a third.
pub fn park(tx: Tx, folder: FolderId, name: &str, parked: &str) -> Result<(), Error> {
    tx.execute(
        "UPDATE secrets SET name = $3 WHERE folder_id = $1 AND name = $2 AND deleted_at IS NULL",
        &[Value::text(folder), Value::from(name), Value::from(parked)],
    )?;
    Ok(())
}

/// Gives the overrides of a secret its new name.
pub fn rename_overrides(tx: Tx, folder: FolderId, name: &str, new_name: &str) -> Result<(), Error> {
    tx.execute(
        "UPDATE secrets SET name = $3 WHERE folder_id = $1 AND name = $2 AND owner_id <> '' AND deleted_at IS NULL",
        &[Value::text(folder), Value::from(name), Value::from(new_name)],
    )?;
    Ok(())
}

/// Puts a shared secret and all overrides of it into another folder. [`Error::Unique`] when the name is taken there.
pub fn move_name(
    tx: Tx,
    folder: FolderId,
    name: &str,
    destination: FolderId,
    now: UnixMillis,
) -> Result<(), Error> {
    tx.execute(
        "UPDATE secrets SET folder_id = $3, updated_at = $4 \
         WHERE folder_id = $1 AND name = $2 AND deleted_at IS NULL",
        &[
            Value::text(folder),
            Value::from(name),
            Value::text(destination),
            Value::from(now.0),
        ],
    )?;
    Ok(())
}

/// Every version of every secret with its project, trash included, a page at a time after the last id and version seen: for
/// proving that all of them open.
pub fn versions_after(tx: Tx, after: (&str, i64), limit: i64) -> Result<Vec<(ProjectId, Secret)>, Error> {
    let rows = tx.query(
        "SELECT s.id, s.folder_id, v.name, s.owner_id, v.version, v.value_sealed, v.comment_sealed, \
         v.skip_multiline_encoding, s.created_at, v.created_at, v.details_sealed, e.project_id FROM secret_versions v \
         JOIN secrets s ON s.id = v.secret_id JOIN folders f ON f.id = s.folder_id \
         JOIN environments e ON e.id = f.environment_id \
         WHERE (v.secret_id, v.version) > ($1, $2) ORDER BY v.secret_id, v.version LIMIT $3",
        &[Value::from(after.0), Value::from(after.1), Value::from(limit)],
    )?;
    rows.iter().map(of_project).collect()
}

/// A version with the project it belongs to, behind the columns of [`secret`].
pub(super) fn of_project(row: &Row) -> Result<(ProjectId, Secret), Error> {
    Ok((row.parsed(11)?, secret(row)?))
}

/// Number of secrets that are not deleted, nor in anything deleted.
pub fn count(tx: Tx) -> Result<i64, Error> {
    let rows = tx.query(
        "SELECT count(*) FROM secrets s JOIN folders f ON f.id = s.folder_id \
         JOIN environments e ON e.id = f.environment_id JOIN projects p ON p.id = e.project_id \
         WHERE s.deleted_at IS NULL AND f.deleted_at IS NULL AND e.deleted_at IS NULL AND p.deleted_at IS NULL",
        &[],
    )?;
    rows.first().map_or(Ok(0), |row| row.get(0))
}

/// Number of secrets, trash included, whose current version is not there. Always 0, unless rows were lost.
pub fn count_without_version(tx: Tx) -> Result<u64, Error> {
    let rows = tx.query(
        "SELECT count(*) FROM secrets s WHERE NOT EXISTS \
         (SELECT 1 FROM secret_versions v WHERE v.secret_id = s.id AND v.version = s.version)",
        &[],
    )?;
    let count = rows.first().map_or(Ok(0), |row| row.get::<i64>(0))?;
    u64::try_from(count).map_err(|_| Error::Corrupt("a negative count"))
}
