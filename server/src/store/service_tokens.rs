//! Service tokens. Only a keyed hash of a token's secret is stored.

use shared::model::ids::{OrganizationId, ProjectId, ServiceTokenId, UserId};
use shared::model::time::UnixMillis;

use super::{Error, Row, Tx, Value};

/// A row of `service_tokens`.
#[derive(Clone)]
pub struct ServiceToken {
    /// Id.
    pub id: ServiceTokenId,
    /// The one project it is for.
    pub project_id: ProjectId,
    /// What it is for.
    pub name: String,
    /// Keyed hash of the secret part.
    pub secret_hash: Vec<u8>,
    /// Scopes as text.
    pub scopes: String,
    /// Permissions separated by spaces.
    pub permissions: String,
    /// As the client gave it.
    pub encrypted_key: String,
    /// As the client gave it.
    pub iv: String,
    /// As the client gave it.
    pub tag: String,
    /// Who made it.
    pub created_by: UserId,
    /// When it ends; never when none.
    pub expires_at: Option<UnixMillis>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<UnixMillis>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
}

/// A token with what a request needs to know.
#[derive(Clone)]
pub struct Bearer {
    /// The token.
    pub token: ServiceToken,
    /// Whether it was revoked.
    pub revoked: bool,
    /// Organization of the project; none when either is gone.
    pub organization_id: Option<OrganizationId>,
}

fn service_token(row: &Row) -> Result<ServiceToken, Error> {
    let expires_at: Option<i64> = row.get(10)?;
    let last_used_at: Option<i64> = row.get(11)?;
    Ok(ServiceToken {
        id: row.parsed(0)?,
        project_id: row.parsed(1)?,
        name: row.get(2)?,
        secret_hash: row.get(3)?,
        scopes: row.get(4)?,
        permissions: row.get(5)?,
        encrypted_key: row.get(6)?,
        iv: row.get(7)?,
        tag: row.get(8)?,
        created_by: row.parsed(9)?,
        expires_at: expires_at.map(UnixMillis),
        last_used_at: last_used_at.map(UnixMillis),
        created_at: UnixMillis(row.get(12)?),
        updated_at: UnixMillis(row.get(13)?),
    })
}

/// Adds a token.
pub fn insert(tx: Tx, new: &ServiceToken) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO service_tokens (id, project_id, name, secret_hash, scopes, permissions, encrypted_key, iv, tag, \
         created_by, expires_at, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)",
        &[
            Value::text(new.id),
            Value::text(new.project_id),
            Value::from(new.name.as_str()),
            Value::from(new.secret_hash.clone()),
            Value::from(new.scopes.as_str()),
            Value::from(new.permissions.as_str()),
            Value::from(new.encrypted_key.as_str()),
            Value::from(new.iv.as_str()),
            Value::from(new.tag.as_str()),
            Value::text(new.created_by),
            Value::from(new.expires_at.map(|time| time.0)),
            Value::from(new.created_at.0),
        ],
    )?;
    Ok(())
}

/// A token that may have been revoked or outlived its project: whoever proves to hold it is told which.
pub fn bearer(tx: Tx, id: ServiceTokenId) -> Result<Option<Bearer>, Error> {
    let rows = tx.query(
        "SELECT t.id, t.project_id, t.name, t.secret_hash, t.scopes, t.permissions, t.encrypted_key, t.iv, t.tag, \
         t.created_by, t.expires_at, t.last_used_at, t.created_at, t.updated_at, t.revoked_at, o.id \
         FROM service_tokens t LEFT JOIN projects p ON p.id = t.project_id AND p.deleted_at IS NULL \
         LEFT JOIN organizations o ON o.id = p.organization_id AND o.deleted_at IS NULL WHERE t.id = $1",
        &[Value::text(id)],
    )?;
    rows.first()
        .map(|row| {
            let revoked_at: Option<i64> = row.get(14)?;
            Ok(Bearer {
                token: service_token(row)?,
                revoked: revoked_at.is_some(),
                organization_id: row.parsed_optional(15)?,
            })
        })
        .transpose()
}

/// A token of an organization that was not revoked.
pub fn by_id(
    tx: Tx,
    organization: OrganizationId,
    id: ServiceTokenId,
) -> Result<Option<ServiceToken>, Error> {
    let rows = tx.query(
        "SELECT t.id, t.project_id, t.name, t.secret_hash, t.scopes, t.permissions, t.encrypted_key, t.iv, t.tag, \
         t.created_by, t.expires_at, t.last_used_at, t.created_at, t.updated_at \
         FROM service_tokens t JOIN projects p ON p.id = t.project_id \
         WHERE p.organization_id = $1 AND t.id = $2 AND t.revoked_at IS NULL AND p.deleted_at IS NULL",
        &[Value::text(organization), Value::text(id)],
    )?;
    rows.first().map(service_token).transpose()
}

/// The tokens of a project that were not revoked, by name.
pub fn of_project(tx: Tx, project: ProjectId) -> Result<Vec<ServiceToken>, Error> {
    let rows = tx.query(
        "SELECT id, project_id, name, secret_hash, scopes, permissions, encrypted_key, iv, tag, created_by, \
         expires_at, last_used_at, created_at, updated_at FROM service_tokens \
         WHERE project_id = $1 AND revoked_at IS NULL ORDER BY name, id",
        &[Value::text(project)],
    )?;
    rows.iter().map(service_token).collect()
}

/// Remembers that a token was used, unless a use after `since` is remembered already.
pub fn touch(tx: Tx, id: ServiceTokenId, since: UnixMillis, now: UnixMillis) -> Result<(), Error> {
    tx.execute(
        "UPDATE service_tokens SET last_used_at = $3 \
         WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $2)",
        &[Value::text(id), Value::from(since.0), Value::from(now.0)],
    )?;
    Ok(())
}

/// Ends a token.
pub fn revoke(tx: Tx, id: ServiceTokenId, now: UnixMillis) -> Result<(), Error> {
    tx.execute(
        "UPDATE service_tokens SET revoked_at = $2, updated_at = $2 WHERE id = $1 AND revoked_at IS NULL",
        &[Value::text(id), Value::from(now.0)],
    )?;
    Ok(())
}
