//! Tags of projects.

use shared::model::ids::{ProjectId, TagId};
use shared::model::names::TagSlug;
use shared::model::time::UnixMillis;

use super::{Error, Row, Tx, Value};

/// A row of `tags`.
#[derive(Debug, Clone)]
pub struct Tag {
    /// Id.
    pub id: TagId,
    /// Project it belongs to.
    pub project_id: ProjectId,
    /// Unique in the project.
    pub slug: String,
    /// Colour, may be empty.
    pub color: String,
    /// `user` or `identity`.
    pub created_by_kind: String,
    /// Id of whoever made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
}

fn tag(row: &Row) -> Result<Tag, Error> {
    Ok(Tag {
        id: row.parsed(0)?,
        project_id: row.parsed(1)?,
        slug: row.get(2)?,
        color: row.get(3)?,
        created_by_kind: row.get(4)?,
        created_by: row.get(5)?,
        created_at: UnixMillis(row.get(6)?),
        updated_at: UnixMillis(row.get(7)?),
    })
}

/// Adds a tag. A second one of the same slug in the project is [`Error::Unique`].
pub fn insert(tx: Tx, new: &Tag) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO tags (id, project_id, slug, color, created_by_kind, created_by, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            Value::text(new.id),
            Value::text(new.project_id),
            Value::from(new.slug.as_str()),
            Value::from(new.color.as_str()),
            Value::from(new.created_by_kind.as_str()),
            Value::from(new.created_by.as_str()),
            Value::from(new.created_at.0),
            Value::from(new.updated_at.0),
        ],
    )?;
    Ok(())
}

/// The tags of a project by slug.
pub fn list(tx: Tx, project: ProjectId) -> Result<Vec<Tag>, Error> {
    let rows = tx.query(
        "SELECT id, project_id, slug, color, created_by_kind, created_by, created_at, updated_at FROM tags \
         WHERE project_id = $1 AND deleted_at IS NULL ORDER BY slug",
        &[Value::text(project)],
    )?;
    rows.iter().map(tag).collect()
}

/// A tag of a project by id.
pub fn by_id(tx: Tx, project: ProjectId, id: TagId) -> Result<Option<Tag>, Error> {
    let rows = tx.query(
        "SELECT id, project_id, slug, color, created_by_kind, created_by, created_at, updated_at FROM tags \
         WHERE project_id = $1 AND id = $2 AND deleted_at IS NULL",
        &[Value::text(project), Value::text(id)],
    )?;
    rows.first().map(tag).transpose()
}

/// A tag of a project by slug.
pub fn by_slug(tx: Tx, project: ProjectId, slug: &TagSlug) -> Result<Option<Tag>, Error> {
    let rows = tx.query(
        "SELECT id, project_id, slug, color, created_by_kind, created_by, created_at, updated_at FROM tags \
         WHERE project_id = $1 AND slug = $2 AND deleted_at IS NULL",
        &[Value::text(project), Value::from(slug.as_str())],
    )?;
    rows.first().map(tag).transpose()
}

/// Changes slug and colour. A slug that another tag of the project has is [`Error::Unique`].
pub fn update(tx: Tx, changed: &Tag) -> Result<(), Error> {
    tx.execute(
        "UPDATE tags SET slug = $2, color = $3, updated_at = $4 WHERE id = $1",
        &[
            Value::text(changed.id),
            Value::from(changed.slug.as_str()),
            Value::from(changed.color.as_str()),
            Value::from(changed.updated_at.0),
        ],
    )?;
    Ok(())
}

/// Moves a tag to the trash: secrets no longer show it, and its slug is free.
pub fn delete(tx: Tx, id: TagId, now: UnixMillis) -> Result<(), Error> {
    tx.execute(
        "UPDATE tags SET deleted_at = $2, updated_at = $2 WHERE id = $1",
        &[Value::text(id), Value::from(now.0)],
    )?;
    Ok(())
}
