//! Environments of projects.

use shared::model::ids::{EnvironmentId, ProjectId};
use shared::model::names::EnvSlug;
use shared::model::time::UnixMillis;

use super::{Error, Row, Tx, Value};

/// A row of `environments`.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Id.
    pub id: EnvironmentId,
    /// Project it belongs to.
    pub project_id: ProjectId,
    /// Name.
    pub name: String,
    /// Unique in the project.
    pub slug: String,
    /// Place in the list, from 1.
    pub position: i64,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
}

fn environment(row: &Row) -> Result<Environment, Error> {
    Ok(Environment {
        id: row.parsed(0)?,
        project_id: row.parsed(1)?,
        name: row.get(2)?,
        slug: row.get(3)?,
        position: row.get(4)?,
        created_at: UnixMillis(row.get(5)?),
        updated_at: UnixMillis(row.get(6)?),
    })
}

/// Adds an environment. A second one of the same slug in the project is [`Error::Unique`].
pub fn insert(tx: Tx, new: &Environment) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO environments (id, project_id, name, slug, position, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            Value::text(new.id),
            Value::text(new.project_id),
            Value::from(new.name.as_str()),
            Value::from(new.slug.as_str()),
            Value::from(new.position),
            Value::from(new.created_at.0),
            Value::from(new.updated_at.0),
        ],
    )?;
    Ok(())
}

/// The environments of a project in their order.
pub fn list(tx: Tx, project: ProjectId) -> Result<Vec<Environment>, Error> {
    let rows = tx.query(
        "SELECT id, project_id, name, slug, position, created_at, updated_at FROM environments \
         WHERE project_id = $1 AND deleted_at IS NULL ORDER BY position, slug",
        &[Value::text(project)],
    )?;
    rows.iter().map(environment).collect()
}

/// An environment of a project by slug.
pub fn by_slug(tx: Tx, project: ProjectId, slug: &EnvSlug) -> Result<Option<Environment>, Error> {
    let rows = tx.query(
        "SELECT id, project_id, name, slug, position, created_at, updated_at FROM environments \
         WHERE project_id = $1 AND slug = $2 AND deleted_at IS NULL",
        &[Value::text(project), Value::from(slug.as_str())],
    )?;
    rows.first().map(environment).transpose()
}

/// An environment of a project by id.
pub fn by_id(tx: Tx, project: ProjectId, id: EnvironmentId) -> Result<Option<Environment>, Error> {
    let rows = tx.query(
        "SELECT id, project_id, name, slug, position, created_at, updated_at FROM environments \
         WHERE project_id = $1 AND id = $2 AND deleted_at IS NULL",
        &[Value::text(project), Value::text(id)],
    )?;
    rows.first().map(environment).transpose()
}

/// An environment by id in any project that is not in the trash.
pub fn anywhere(tx: Tx, id: EnvironmentId) -> Result<Option<Environment>, Error> {
    let rows = tx.query(
        "SELECT e.id, e.project_id, e.name, e.slug, e.position, e.created_at, e.updated_at FROM environments e \
         JOIN projects p ON p.id = e.project_id \
         WHERE e.id = $1 AND e.deleted_at IS NULL AND p.deleted_at IS NULL",
        &[Value::text(id)],
    )?;
    rows.first().map(environment).transpose()
}

/// Changes name, slug and position.
pub fn update(tx: Tx, changed: &Environment) -> Result<(), Error> {
    tx.execute(
        "UPDATE environments SET name = $2, slug = $3, position = $4, updated_at = $5 WHERE id = $1",
        &[
            Value::text(changed.id),
            Value::from(changed.name.as_str()),
            Value::from(changed.slug.as_str()),
            Value::from(changed.position),
            Value::from(changed.updated_at.0),
        ],
    )?;
    Ok(())
}

/// Moves an environment to the trash.
pub fn delete(tx: Tx, id: EnvironmentId, now: UnixMillis) -> Result<(), Error> {
    tx.execute(
        "UPDATE environments SET deleted_at = $2, updated_at = $2 WHERE id = $1",
        &[Value::text(id), Value::from(now.0)],
    )?;
    Ok(())
}
