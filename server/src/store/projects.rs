//! Projects.

use shared::model::access::ProjectRole;
use shared::model::ids::{OrganizationId, ProjectId};
use shared::model::time::UnixMillis;

use super::members::Member;
use super::{Error, Row, Tx, Value};

/// A row of `projects`.
#[derive(Debug, Clone)]
pub struct Project {
    /// Id.
    pub id: ProjectId,
    /// Organization it belongs to.
    pub organization_id: OrganizationId,
    /// Name.
    pub name: String,
    /// Unique in the organization.
    pub slug: String,
    /// Free text.
    pub description: Option<String>,
    /// Whether deleting it is refused.
    pub delete_protection: bool,
    /// A wish of whoever writes in capitals, kept for clients that ask for it.
    pub auto_capitalization: bool,
    /// Days that its audit records are to be kept.
    pub audit_retention_days: Option<i64>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
}

fn project(row: &Row) -> Result<Project, Error> {
    Ok(Project {
        id: row.parsed(0)?,
        organization_id: row.parsed(1)?,
        name: row.get(2)?,
        slug: row.get(3)?,
        description: row.get(4)?,
        delete_protection: row.get(5)?,
        auto_capitalization: row.get(6)?,
        audit_retention_days: row.get(7)?,
        created_at: UnixMillis(row.get(8)?),
        updated_at: UnixMillis(row.get(9)?),
    })
}

/// Adds a project. A second one of the same slug in the organization is [`Error::Unique`].
pub fn insert(tx: Tx, new: &Project) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO projects (id, organization_id, name, slug, description, delete_protection, auto_capitalization, \
         audit_retention_days, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            Value::text(new.id),
            Value::text(new.organization_id),
            Value::from(new.name.as_str()),
            Value::from(new.slug.as_str()),
            Value::from(new.description.clone()),
            Value::from(new.delete_protection),
            Value::from(new.auto_capitalization),
            Value::from(new.audit_retention_days),
            Value::from(new.created_at.0),
            Value::from(new.updated_at.0),
        ],
    )?;
    Ok(())
}

/// A project of an organization by id.
pub fn by_id(tx: Tx, organization: OrganizationId, id: ProjectId) -> Result<Option<Project>, Error> {
    let rows = tx.query(
        "SELECT id, organization_id, name, slug, description, delete_protection, auto_capitalization, \
         audit_retention_days, created_at, updated_at FROM projects \
         WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL",
        &[Value::text(organization), Value::text(id)],
    )?;
    rows.first().map(project).transpose()
}

/// A project of an organization by slug.
pub fn by_slug(tx: Tx, organization: OrganizationId, slug: &str) -> Result<Option<Project>, Error> {
    let rows = tx.query(
        "SELECT id, organization_id, name, slug, description, delete_protection, auto_capitalization, \
         audit_retention_days, created_at, updated_at FROM projects \
         WHERE organization_id = $1 AND slug = $2 AND deleted_at IS NULL",
        &[Value::text(organization), Value::from(slug)],
    )?;
    rows.first().map(project).transpose()
}

/// The projects of an organization that somebody belongs to, with the role in each, by name.
pub fn of_member(
    tx: Tx,
    organization: OrganizationId,
    member: Member,
) -> Result<Vec<(Project, ProjectRole)>, Error> {
    let rows = tx.query(
        "SELECT p.id, p.organization_id, p.name, p.slug, p.description, p.delete_protection, p.auto_capitalization, \
         p.audit_retention_days, p.created_at, p.updated_at, m.role \
         FROM projects p JOIN project_members m ON m.project_id = p.id \
         WHERE p.organization_id = $1 AND m.member_kind = $2 AND m.member_id = $3 AND p.deleted_at IS NULL \
         ORDER BY p.name, p.id",
        &[
            Value::text(organization),
            Value::from(member.kind()),
            Value::from(member.id()),
        ],
    )?;
    rows.iter()
        .map(|row| Ok((project(row)?, row.parsed(10)?)))
        .collect()
}

/// Changes everything but id, organization and time of making. A slug that another project of the organization has is
/// [`Error::Unique`].
pub fn update(tx: Tx, changed: &Project) -> Result<(), Error> {
    tx.execute(
        "UPDATE projects SET name = $2, slug = $3, description = $4, delete_protection = $5, \
         auto_capitalization = $6, audit_retention_days = $7, updated_at = $8 WHERE id = $1",
        &[
            Value::text(changed.id),
            Value::from(changed.name.as_str()),
            Value::from(changed.slug.as_str()),
            Value::from(changed.description.clone()),
            Value::from(changed.delete_protection),
            Value::from(changed.auto_capitalization),
            Value::from(changed.audit_retention_days),
            Value::from(changed.updated_at.0),
        ],
    )?;
    Ok(())
}

/// Moves a project to the trash.
pub fn delete(tx: Tx, id: ProjectId, now: UnixMillis) -> Result<(), Error> {
    tx.execute(
        "UPDATE projects SET deleted_at = $2, updated_at = $2 WHERE id = $1",
        &[Value::text(id), Value::from(now.0)],
    )?;
    Ok(())
}

/// The projects of the instance by slug and id, a page at a time after the last one seen; nothing before the first page.
pub fn all_after(tx: Tx, last: Option<&Project>, limit: i64) -> Result<Vec<Project>, Error> {
    let (slug, id) = last.map_or_else(Default::default, |last| (last.slug.clone(), last.id.to_string()));
    let rows = tx.query(
        "SELECT id, organization_id, name, slug, description, delete_protection, auto_capitalization, \
         audit_retention_days, created_at, updated_at FROM projects \
         WHERE deleted_at IS NULL AND (slug, id) > ($1, $2) ORDER BY slug, id LIMIT $3",
        &[Value::from(slug), Value::from(id), Value::from(limit)],
    )?;
    rows.iter().map(project).collect()
}

/// Ids of all projects, trash included: for proving that everything in them opens.
pub fn ids_with_trash(tx: Tx) -> Result<Vec<ProjectId>, Error> {
    let rows = tx.query("SELECT id FROM projects ORDER BY id", &[])?;
    rows.iter().map(|row| row.parsed(0)).collect()
}
