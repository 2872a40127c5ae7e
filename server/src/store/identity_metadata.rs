//! Free text about machine identities, as pairs of name and value.

use shared::model::ids::{IdentityId, MetadataId, OrganizationId};

use super::{Error, Row, Tx, Value};

/// A row of `identity_metadata`.
#[derive(Debug, Clone)]
pub struct Metadata {
    /// Id.
    pub id: MetadataId,
    /// Name.
    pub name: String,
    /// Value.
    pub value: String,
}

fn metadata(row: &Row) -> Result<Metadata, Error> {
    Ok(Metadata {
        id: row.parsed(0)?,
        name: row.get(1)?,
        value: row.get(2)?,
    })
}

/// Puts pairs in the place of all there were.
pub fn replace(tx: Tx, identity: IdentityId, pairs: &[Metadata]) -> Result<(), Error> {
    tx.execute(
        "DELETE FROM identity_metadata WHERE identity_id = $1",
        &[Value::text(identity)],
    )?;
    for (position, pair) in (0_i64..).zip(pairs) {
        tx.execute(
            "INSERT INTO identity_metadata (identity_id, position, id, name, value) VALUES ($1, $2, $3, $4, $5)",
            &[
                Value::text(identity),
                Value::from(position),
                Value::text(pair.id),
                Value::from(pair.name.as_str()),
                Value::from(pair.value.as_str()),
            ],
        )?;
    }
    Ok(())
}

/// The pairs of an identity in their order.
pub fn of(tx: Tx, identity: IdentityId) -> Result<Vec<Metadata>, Error> {
    let rows = tx.query(
        "SELECT id, name, value FROM identity_metadata WHERE identity_id = $1 ORDER BY position",
        &[Value::text(identity)],
    )?;
    rows.iter().map(metadata).collect()
}

/// The pairs of every identity of an organization, each in its order.
pub fn of_organization(tx: Tx, organization: OrganizationId) -> Result<Vec<(IdentityId, Metadata)>, Error> {
    let rows = tx.query(
        "SELECT d.id, d.name, d.value, d.identity_id FROM identity_metadata d \
         JOIN identities i ON i.id = d.identity_id \
         WHERE i.organization_id = $1 AND i.deleted_at IS NULL ORDER BY d.identity_id, d.position",
        &[Value::text(organization)],
    )?;
    rows.iter()
        .map(|row| Ok((row.parsed(3)?, metadata(row)?)))
        .collect()
}
