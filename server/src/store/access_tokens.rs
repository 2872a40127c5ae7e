//! Access tokens of machine identities. The token itself is a JWT and not stored: its id is.

use shared::model::access::OrganizationRole;
use shared::model::ids::{AccessTokenId, ClientSecretId, IdentityId, OrganizationId};
use shared::model::time::UnixMillis;

use super::{Error, Tx, Value};

/// A row of `access_tokens`.
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// Id.
    pub id: AccessTokenId,
    /// Whose it is.
    pub identity_id: IdentityId,
    /// The client secret it came from; none for a token made directly.
    pub client_secret_id: Option<ClientSecretId>,
    /// What it is for.
    pub name: String,
    /// Seconds it lives without renewal; 0 for ever.
    pub ttl: i64,
    /// Seconds from creation after which renewal ends; 0 for no limit.
    pub max_ttl: i64,
    /// Requests so far, counted only when there is a limit.
    pub uses: i64,
    /// 0 for any number.
    pub uses_limit: i64,
    /// Ranges as text separated by spaces.
    pub trusted_ips: String,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was last renewed.
    pub renewed_at: UnixMillis,
}

/// A token that is not revoked, with what a request needs to know of its identity.
#[derive(Debug, Clone)]
pub struct Bearer {
    /// The token.
    pub token: AccessToken,
    /// Organization of the identity.
    pub organization_id: OrganizationId,
    /// Role of the identity there.
    pub organization_role: OrganizationRole,
    /// Name of the identity.
    pub identity_name: String,
    /// Whether the identity administers the instance.
    pub instance_admin: bool,
}

/// Adds a token.
pub fn insert(tx: Tx, new: &AccessToken) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO access_tokens (id, identity_id, client_secret_id, name, ttl, max_ttl, uses, uses_limit, \
         trusted_ips, created_at, renewed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            Value::text(new.id),
            Value::text(new.identity_id),
            Value::text_optional(new.client_secret_id),
            Value::from(new.name.as_str()),
            Value::from(new.ttl),
            Value::from(new.max_ttl),
            Value::from(new.uses),
            Value::from(new.uses_limit),
            Value::from(new.trusted_ips.as_str()),
            Value::from(new.created_at.0),
            Value::from(new.renewed_at.0),
        ],
    )?;
    Ok(())
}

/// The bearer of a token: nothing when it is revoked or its identity is deleted.
pub fn bearer(tx: Tx, id: AccessTokenId) -> Result<Option<Bearer>, Error> {
    let rows = tx.query(
        "SELECT t.id, t.identity_id, t.client_secret_id, t.name, t.ttl, t.max_ttl, t.uses, t.uses_limit, \
         t.trusted_ips, t.created_at, t.renewed_at, i.organization_id, m.role, i.name, i.instance_admin \
         FROM access_tokens t JOIN identities i ON i.id = t.identity_id \
         JOIN organization_members m ON m.organization_id = i.organization_id AND m.member_kind = 'identity' \
         AND m.member_id = i.id WHERE t.id = $1 AND t.revoked_at IS NULL AND i.deleted_at IS NULL",
        &[Value::text(id)],
    )?;
    rows.first()
        .map(|row| {
            Ok(Bearer {
                token: AccessToken {
                    id: row.parsed(0)?,
                    identity_id: row.parsed(1)?,
                    client_secret_id: row.parsed_optional(2)?,
                    name: row.get(3)?,
                    ttl: row.get(4)?,
                    max_ttl: row.get(5)?,
                    uses: row.get(6)?,
                    uses_limit: row.get(7)?,
                    trusted_ips: row.get(8)?,
                    created_at: UnixMillis(row.get(9)?),
                    renewed_at: UnixMillis(row.get(10)?),
                },
                organization_id: row.parsed(11)?,
                organization_role: row.parsed(12)?,
                identity_name: row.get(13)?,
                instance_admin: row.get(14)?,
            })
        })
        .transpose()
}

/// Counts a request made with a limited token; 0 rows when the limit is reached.
pub fn use_once(tx: Tx, id: AccessTokenId) -> Result<u64, Error> {
    tx.execute(
        "UPDATE access_tokens SET uses = uses + 1 WHERE id = $1 AND (uses_limit = 0 OR uses < uses_limit)",
        &[Value::text(id)],
    )
}

/// Starts the token's time to live again.
pub fn renew(tx: Tx, id: AccessTokenId, now: UnixMillis) -> Result<(), Error> {
    tx.execute(
        "UPDATE access_tokens SET renewed_at = $2 WHERE id = $1",
        &[Value::text(id), Value::from(now.0)],
    )?;
    Ok(())
}

/// Ends a token; 0 rows when it had ended before.
pub fn revoke(tx: Tx, id: AccessTokenId, now: UnixMillis) -> Result<u64, Error> {
    tx.execute(
        "UPDATE access_tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL",
        &[Value::text(id), Value::from(now.0)],
    )
}

/// Ends every token of an identity.
pub fn revoke_all(tx: Tx, identity: IdentityId, now: UnixMillis) -> Result<u64, Error> {
    tx.execute(
        "UPDATE access_tokens SET revoked_at = $2 WHERE identity_id = $1 AND revoked_at IS NULL",
        &[Value::text(identity), Value::from(now.0)],
    )
}

/// Removes tokens that ended before a time, by revocation or by age.
pub fn remove_ended_before(tx: Tx, time: UnixMillis) -> Result<u64, Error> {
    tx.execute(
        "DELETE FROM access_tokens WHERE revoked_at < $1 OR (ttl > 0 AND renewed_at + ttl * 1000 < $1) \
         OR (max_ttl > 0 AND created_at + max_ttl * 1000 < $1)",
        &[Value::from(time.0)],
    )
}
