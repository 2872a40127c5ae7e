//! Organizations and who belongs to them.

use shared::model::access::OrganizationRole;
use shared::model::ids::{MembershipId, OrganizationId};
use shared::model::time::UnixMillis;

use super::members::Member;
use super::{Error, Row, Tx, Value};

/// A row of `organizations`.
#[derive(Debug, Clone)]
pub struct Organization {
    /// Id.
    pub id: OrganizationId,
    /// Name.
    pub name: String,
    /// Slug, unique on the instance.
    pub slug: String,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
}

fn organization(row: &Row) -> Result<Organization, Error> {
    Ok(Organization {
        id: row.parsed(0)?,
        name: row.get(1)?,
        slug: row.get(2)?,
        created_at: UnixMillis(row.get(3)?),
        updated_at: UnixMillis(row.get(4)?),
    })
}

/// Adds an organization.
pub fn insert(tx: Tx, new: &Organization) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO organizations (id, name, slug, created_at, updated_at) VALUES ($1, $2, $3, $4, $5)",
        &[
            Value::text(new.id),
            Value::from(new.name.as_str()),
            Value::from(new.slug.as_str()),
            Value::from(new.created_at.0),
            Value::from(new.updated_at.0),
        ],
    )?;
    Ok(())
}

/// The organization with an id.
pub fn by_id(tx: Tx, id: OrganizationId) -> Result<Option<Organization>, Error> {
    let rows = tx.query(
        "SELECT id, name, slug, created_at, updated_at FROM organizations WHERE id = $1 AND deleted_at IS NULL",
        &[Value::text(id)],
    )?;
    rows.first().map(organization).transpose()
}

/// The organization that was made first: where `admin create` puts a new user.
pub fn first(tx: Tx) -> Result<Option<Organization>, Error> {
    let rows = tx.query(
        "SELECT id, name, slug, created_at, updated_at FROM organizations WHERE deleted_at IS NULL \
         ORDER BY created_at, id LIMIT 1",
        &[],
    )?;
    rows.first().map(organization).transpose()
}

/// An organization with somebody's place in it.
#[derive(Debug, Clone)]
pub struct Membership {
    /// The organization.
    pub organization: Organization,
    /// The member's role there.
    pub role: OrganizationRole,
    /// When the member joined.
    pub joined_at: UnixMillis,
}

/// The organizations of a member, by name.
pub fn of_member(tx: Tx, member: Member) -> Result<Vec<Membership>, Error> {
    let rows = tx.query(
        "SELECT o.id, o.name, o.slug, o.created_at, o.updated_at, m.role, m.created_at FROM organizations o \
         JOIN organization_members m ON m.organization_id = o.id \
         WHERE m.member_kind = $1 AND m.member_id = $2 AND o.deleted_at IS NULL ORDER BY o.name, o.id",
        &[Value::from(member.kind()), Value::from(member.id())],
    )?;
    rows.iter()
        .map(|row| {
            Ok(Membership {
                organization: organization(row)?,
                role: row.parsed(5)?,
                joined_at: UnixMillis(row.get(6)?),
            })
        })
        .collect()
}

/// The role of a member in an organization that is not deleted.
pub fn role_of(
    tx: Tx,
    organization: OrganizationId,
    member: Member,
) -> Result<Option<OrganizationRole>, Error> {
    let rows = tx.query(
        "SELECT m.role FROM organization_members m JOIN organizations o ON o.id = m.organization_id \
         WHERE m.organization_id = $1 AND m.member_kind = $2 AND m.member_id = $3 AND o.deleted_at IS NULL",
        &[
            Value::text(organization),
            Value::from(member.kind()),
            Value::from(member.id()),
        ],
    )?;
    rows.first().map(|row| row.parsed(0)).transpose()
}

/// Changes the role of a member.
pub fn set_role(
    tx: Tx,
    organization: OrganizationId,
    member: Member,
    role: OrganizationRole,
    now: UnixMillis,
) -> Result<(), Error> {
    tx.execute(
        "UPDATE organization_members SET role = $4, updated_at = $5 \
         WHERE organization_id = $1 AND member_kind = $2 AND member_id = $3",
        &[
            Value::text(organization),
            Value::from(member.kind()),
            Value::from(member.id()),
            Value::text(role),
            Value::from(now.0),
        ],
    )?;
    Ok(())
}

/// Makes somebody a member.
pub fn insert_member(
    tx: Tx,
    id: MembershipId,
    organization: OrganizationId,
    member: Member,
    role: OrganizationRole,
    now: UnixMillis,
) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO organization_members (id, organization_id, member_kind, member_id, role, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $6)",
        &[
            Value::text(id),
            Value::text(organization),
            Value::from(member.kind()),
            Value::from(member.id()),
            Value::text(role),
            Value::from(now.0),
        ],
    )?;
    Ok(())
}
