//! Machine identities.

use shared::model::access::{AuthMethod, OrganizationRole};
use shared::model::ids::{IdentityId, MembershipId, OrganizationId};
use shared::model::time::UnixMillis;

use super::{Error, Row, Tx, Value};

/// A row of `identities` with its membership in the organization.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Id.
    pub id: IdentityId,
    /// Organization it belongs to.
    pub organization_id: OrganizationId,
    /// Name.
    pub name: String,
    /// Whether deleting it is refused.
    pub delete_protection: bool,
    /// Whether it administers the instance (made by bootstrap).
    pub instance_admin: bool,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
    /// Id of its membership in the organization.
    pub membership_id: MembershipId,
    /// Role in the organization.
    pub role: OrganizationRole,
    /// Ways to get access tokens that are attached.
    pub methods: Vec<AuthMethod>,
}

fn identity(row: &Row) -> Result<Identity, Error> {
    Ok(Identity {
        id: row.parsed(0)?,
        organization_id: row.parsed(1)?,
        name: row.get(2)?,
        delete_protection: row.get(3)?,
        instance_admin: row.get(4)?,
        created_at: UnixMillis(row.get(5)?),
        updated_at: UnixMillis(row.get(6)?),
        membership_id: row.parsed(7)?,
        role: row.parsed(8)?,
        methods: [(9, AuthMethod::UniversalAuth), (10, AuthMethod::TokenAuth)]
            .into_iter()
            .filter_map(|(column, method)| match row.get::<Option<String>>(column) {
                Ok(attached) => attached.map(|_| Ok(method)),
                Err(error) => Some(Err(error)),
            })
            .collect::<Result<_, _>>()?,
    })
}

/// Adds an identity (its membership is added by [`super::organizations::insert_member`]).
pub fn insert(
    tx: Tx,
    id: IdentityId,
    organization: OrganizationId,
    name: &str,
    delete_protection: bool,
    instance_admin: bool,
    now: UnixMillis,
) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO identities (id, organization_id, name, delete_protection, instance_admin, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $6)",
        &[
            Value::text(id),
            Value::text(organization),
            Value::from(name),
            Value::from(delete_protection),
            Value::from(instance_admin),
            Value::from(now.0),
        ],
    )?;
    Ok(())
}

/// An identity of an organization.
pub fn by_id(tx: Tx, organization: OrganizationId, id: IdentityId) -> Result<Option<Identity>, Error> {
    let rows = tx.query(
        "SELECT i.id, i.organization_id, i.name, i.delete_protection, i.instance_admin, i.created_at, i.updated_at, \
         m.id, m.role, u.client_id, t.id FROM identities i \
         JOIN organization_members m ON m.organization_id = i.organization_id \
         AND m.member_kind = 'identity' AND m.member_id = i.id \
         LEFT JOIN universal_auths u ON u.identity_id = i.id \
         LEFT JOIN token_auths t ON t.identity_id = i.id \
         WHERE i.organization_id = $1 AND i.id = $2 AND i.deleted_at IS NULL",
        &[Value::text(organization), Value::text(id)],
    )?;
    rows.first().map(identity).transpose()
}

/// The identities of an organization, by name.
pub fn list(tx: Tx, organization: OrganizationId) -> Result<Vec<Identity>, Error> {
    let rows = tx.query(
        "SELECT i.id, i.organization_id, i.name, i.delete_protection, i.instance_admin, i.created_at, i.updated_at, \
         m.id, m.role, u.client_id, t.id FROM identities i \
         JOIN organization_members m ON m.organization_id = i.organization_id \
         AND m.member_kind = 'identity' AND m.member_id = i.id \
         LEFT JOIN universal_auths u ON u.identity_id = i.id \
         LEFT JOIN token_auths t ON t.identity_id = i.id \
         WHERE i.organization_id = $1 AND i.deleted_at IS NULL ORDER BY i.name, i.id",
        &[Value::text(organization)],
    )?;
    rows.iter().map(identity).collect()
}

/// Changes name and protection.
pub fn update(
    tx: Tx,
    id: IdentityId,
    name: &str,
    delete_protection: bool,
    now: UnixMillis,
) -> Result<(), Error> {
    tx.execute(
        "UPDATE identities SET name = $2, delete_protection = $3, updated_at = $4 WHERE id = $1",
        &[
            Value::text(id),
            Value::from(name),
            Value::from(delete_protection),
            Value::from(now.0),
        ],
    )?;
    Ok(())
}

/// Moves an identity to the trash: its tokens stop at once.
pub fn delete(tx: Tx, id: IdentityId, now: UnixMillis) -> Result<(), Error> {
    tx.execute(
        "UPDATE identities SET deleted_at = $2, updated_at = $2 WHERE id = $1",
        &[Value::text(id), Value::from(now.0)],
    )?;
    Ok(())
}
