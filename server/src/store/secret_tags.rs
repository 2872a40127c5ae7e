//! Which tags the versions of secrets have. Tags that were deleted are left out: they come back with nothing.

use std::collections::HashMap;

use shared::model::ids::{FolderId, ProjectId, SecretId, TagId};

use super::{Error, Row, Tx, Value};

/// A tag as it stands on a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretTag {
    /// Id.
    pub id: TagId,
    /// Slug, which is its name too.
    pub slug: String,
    /// Color, may be empty.
    pub color: String,
}

fn tag(row: &Row) -> Result<SecretTag, Error> {
    Ok(SecretTag {
        id: row.parsed(0)?,
        slug: row.get(1)?,
        color: row.get(2)?,
    })
}

/// The tags that secrets of a project can have, by slug.
pub fn available(tx: Tx, project: ProjectId) -> Result<Vec<SecretTag>, Error> {
    let rows = tx.query(
        "SELECT id, slug, color FROM tags WHERE project_id = $1 AND deleted_at IS NULL ORDER BY slug",
        &[Value::text(project)],
    )?;
    rows.iter().map(tag).collect()
}

/// The tags of one version of a secret, by slug.
pub fn of_version(tx: Tx, secret: SecretId, version: i64) -> Result<Vec<SecretTag>, Error> {
    let rows = tx.query(
        "SELECT t.id, t.slug, t.color FROM secret_version_tags a JOIN tags t ON t.id = a.tag_id \
         WHERE a.secret_id = $1 AND a.version = $2 AND t.deleted_at IS NULL ORDER BY t.slug",
        &[Value::text(secret), Value::from(version)],
    )?;
    rows.iter().map(tag).collect()
}

/// The tags of everything in a folder in its current version, by slug: one statement for a whole list.
pub fn of_folder(tx: Tx, folder: FolderId) -> Result<HashMap<SecretId, Vec<SecretTag>>, Error> {
    let rows = tx.query(
        "SELECT t.id, t.slug, t.color, s.id FROM secrets s \
         JOIN secret_version_tags a ON a.secret_id = s.id AND a.version = s.version \
         JOIN tags t ON t.id = a.tag_id \
         WHERE s.folder_id = $1 AND s.deleted_at IS NULL AND t.deleted_at IS NULL ORDER BY t.slug",
        &[Value::text(folder)],
    )?;
    let mut tags: HashMap<SecretId, Vec<SecretTag>> = HashMap::new();
    for row in &rows {
        tags.entry(row.parsed(3)?).or_default().push(tag(row)?);
    }
    Ok(tags)
}

/// The tags of every version of a secret, by slug.
pub fn of_versions(tx: Tx, secret: SecretId) -> Result<HashMap<i64, Vec<SecretTag>>, Error> {
    let rows = tx.query(
        "SELECT t.id, t.slug, t.color, a.version FROM secret_version_tags a JOIN tags t ON t.id = a.tag_id \
         WHERE a.secret_id = $1 AND t.deleted_at IS NULL ORDER BY t.slug",
        &[Value::text(secret)],
    )?;
    let mut tags: HashMap<i64, Vec<SecretTag>> = HashMap::new();
    for row in &rows {
        tags.entry(row.get(3)?).or_default().push(tag(row)?);
    }
    Ok(tags)
}

/// Gives a version its tags.
pub fn assign(tx: Tx, secret: SecretId, version: i64, tags: &[SecretTag]) -> Result<(), Error> {
    for tag in tags {
        tx.execute(
            "INSERT INTO secret_version_tags (secret_id, version, tag_id) VALUES ($1, $2, $3)",
            &[Value::text(secret), Value::from(version), Value::text(tag.id)],
        )?;
    }
    Ok(())
}
