//! Access tokens of machine identities. The token itself is a JWT and not stored: its id is.

use shared::model::access::{AuthMethod, OrganizationRole};
use shared::model::ids::{AccessTokenId, ClientSecretId, IdentityId, OrganizationId};
use shared::model::time::UnixMillis;

use super::{Error, Row, Tx, Value};

/// On which terms access tokens are made: of the way to get them, and of each token as it was then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Seconds a token lives without renewal; 0 for ever.
    pub ttl: i64,
    /// Seconds from creation after which renewal ends; 0 for no limit.
    pub max_ttl: i64,
    /// Seconds a periodic token lives without renewal, which then has no end; 0 when tokens are not periodic.
    pub period: i64,
    /// Requests a token is good for; 0 for any number.
    pub uses_limit: i64,
    /// Ranges as text separated by spaces: where a token may be used from.
    pub trusted_ips: String,
}

/// A row of `access_tokens`.
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// Id.
    pub id: AccessTokenId,
    /// Whose it is.
    pub identity_id: IdentityId,
    /// How it was got.
    pub method: AuthMethod,
    /// The client secret it came from; none for a token made directly.
    pub client_secret_id: Option<ClientSecretId>,
    /// What it is for.
    pub name: String,
    /// Its terms.
    pub terms: Terms,
    /// Requests so far, counted only when there is a limit.
    pub uses: i64,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was last renewed.
    pub renewed_at: UnixMillis,
    /// The last request, to the minute, of a token made by hand or whose requests are counted; or the last renewal.
    pub last_used_at: Option<UnixMillis>,
    /// When it was revoked.
    pub revoked_at: Option<UnixMillis>,
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

/// The first columns of every query here, in this order.
fn access_token(row: &Row) -> Result<AccessToken, Error> {
    Ok(AccessToken {
        id: row.parsed(0)?,
        identity_id: row.parsed(1)?,
        method: row.parsed(2)?,
        client_secret_id: row.parsed_optional(3)?,
        name: row.get(4)?,
        terms: Terms {
            ttl: row.get(5)?,
            max_ttl: row.get(6)?,
            period: row.get(7)?,
            uses_limit: row.get(8)?,
            trusted_ips: row.get(9)?,
        },
        uses: row.get(10)?,
        created_at: UnixMillis(row.get(11)?),
        renewed_at: UnixMillis(row.get(12)?),
        last_used_at: row.get::<Option<i64>>(13)?.map(UnixMillis),
        revoked_at: row.get::<Option<i64>>(14)?.map(UnixMillis),
    })
}

/// Adds a token.
pub fn insert(tx: Tx, new: &AccessToken) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO access_tokens (id, identity_id, method, client_secret_id, name, ttl, max_ttl, period, uses, \
         uses_limit, trusted_ips, created_at, renewed_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        &[
            Value::text(new.id),
            Value::text(new.identity_id),
            Value::text(new.method),
            Value::text_optional(new.client_secret_id),
            Value::from(new.name.as_str()),
            Value::from(new.terms.ttl),
            Value::from(new.terms.max_ttl),
            Value::from(new.terms.period),
            Value::from(new.uses),
            Value::from(new.terms.uses_limit),
            Value::from(new.terms.trusted_ips.as_str()),
            Value::from(new.created_at.0),
            Value::from(new.renewed_at.0),
        ],
    )?;
    Ok(())
}

/// The bearer of a token: nothing when it is revoked or its identity is deleted.
pub fn bearer(tx: Tx, id: AccessTokenId) -> Result<Option<Bearer>, Error> {
    let rows = tx.query(
        "SELECT t.id, t.identity_id, t.method, t.client_secret_id, t.name, t.ttl, t.max_ttl, t.period, t.uses_limit, \
         t.trusted_ips, t.uses, t.created_at, t.renewed_at, t.last_used_at, t.revoked_at, \
         i.organization_id, m.role, i.name, i.instance_admin \
         FROM access_tokens t JOIN identities i ON i.id = t.identity_id \
         JOIN organization_members m ON m.organization_id = i.organization_id AND m.member_kind = 'identity' \
         AND m.member_id = i.id WHERE t.id = $1 AND t.revoked_at IS NULL AND i.deleted_at IS NULL",
        &[Value::text(id)],
    )?;
    rows.first()
        .map(|row| {
            Ok(Bearer {
                token: access_token(row)?,
                organization_id: row.parsed(15)?,
                organization_role: row.parsed(16)?,
                identity_name: row.get(17)?,
                instance_admin: row.get(18)?,
            })
        })
        .transpose()
}

/// A token made by hand, revoked or not.
pub fn made_by_hand(tx: Tx, id: AccessTokenId) -> Result<Option<AccessToken>, Error> {
    let rows = tx.query(
        "SELECT id, identity_id, method, client_secret_id, name, ttl, max_ttl, period, uses_limit, trusted_ips, uses, \
         created_at, renewed_at, last_used_at, revoked_at FROM access_tokens WHERE id = $1 AND method = 'token-auth'",
        &[Value::text(id)],
    )?;
    rows.first().map(access_token).transpose()
}

/// Tokens of an identity that were made by hand and are not revoked, oldest first.
pub fn all_made_by_hand(
    tx: Tx,
    identity: IdentityId,
    offset: i64,
    limit: i64,
) -> Result<Vec<AccessToken>, Error> {
    let rows = tx.query(
        "SELECT id, identity_id, method, client_secret_id, name, ttl, max_ttl, period, uses_limit, trusted_ips, uses, \
         created_at, renewed_at, last_used_at, revoked_at FROM access_tokens \
         WHERE identity_id = $1 AND method = 'token-auth' AND revoked_at IS NULL \
         ORDER BY created_at, id LIMIT $2 OFFSET $3",
        &[Value::text(identity), Value::from(limit), Value::from(offset)],
    )?;
    rows.iter().map(access_token).collect()
}

/// Counts a request made with a limited token; 0 rows when the limit is reached or the token has ended.
pub fn use_once(tx: Tx, id: AccessTokenId, now: UnixMillis) -> Result<u64, Error> {
    tx.execute(
        "UPDATE access_tokens SET uses = uses + 1, last_used_at = $2 \
         WHERE id = $1 AND revoked_at IS NULL AND (uses_limit = 0 OR uses < uses_limit)",
        &[Value::text(id), Value::from(now.0)],
    )
}

/// Counts the first request past the limit; 0 rows for every further one. The token is not revoked: its last request may
/// still be on its way.
pub fn use_past_limit(tx: Tx, id: AccessTokenId) -> Result<u64, Error> {
    tx.execute(
        "UPDATE access_tokens SET uses = uses + 1 \
         WHERE id = $1 AND revoked_at IS NULL AND uses_limit > 0 AND uses = uses_limit",
        &[Value::text(id)],
    )
}

/// Writes down that a token was used, unless that was done since a time.
pub fn touch(tx: Tx, id: AccessTokenId, since: UnixMillis, now: UnixMillis) -> Result<(), Error> {
    tx.execute(
        "UPDATE access_tokens SET last_used_at = $3 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $2)",
        &[Value::text(id), Value::from(since.0), Value::from(now.0)],
    )?;
    Ok(())
}

/// Starts the token's time to live again.
pub fn renew(tx: Tx, id: AccessTokenId, now: UnixMillis) -> Result<(), Error> {
    tx.execute(
        "UPDATE access_tokens SET renewed_at = $2, last_used_at = $2 WHERE id = $1",
        &[Value::text(id), Value::from(now.0)],
    )?;
    Ok(())
}

/// Gives a token another name.
pub fn rename(tx: Tx, id: AccessTokenId, name: &str) -> Result<(), Error> {
    tx.execute(
        "UPDATE access_tokens SET name = $2 WHERE id = $1",
        &[Value::text(id), Value::from(name)],
    )?;
    Ok(())
}

/// Lets the tokens that an identity got by a method be used from elsewhere: tightening it takes effect at once.
pub fn trust(tx: Tx, identity: IdentityId, method: AuthMethod, trusted_ips: &str) -> Result<u64, Error> {
    tx.execute(
        "UPDATE access_tokens SET trusted_ips = $3 \
         WHERE identity_id = $1 AND method = $2 AND revoked_at IS NULL AND trusted_ips <> $3",
        &[
            Value::text(identity),
            Value::text(method),
            Value::from(trusted_ips),
        ],
    )
}

/// Ends a token; 0 rows when it had ended before.
pub fn revoke(tx: Tx, id: AccessTokenId, now: UnixMillis) -> Result<u64, Error> {
    tx.execute(
        "UPDATE access_tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL",
        &[Value::text(id), Value::from(now.0)],
    )
}

/// Ends every token that came from a client secret.
pub fn revoke_from(
    tx: Tx,
    identity: IdentityId,
    client_secret: ClientSecretId,
    now: UnixMillis,
) -> Result<u64, Error> {
    tx.execute(
        "UPDATE access_tokens SET revoked_at = $3 \
         WHERE identity_id = $1 AND client_secret_id = $2 AND revoked_at IS NULL",
        &[
            Value::text(identity),
            Value::text(client_secret),
            Value::from(now.0),
        ],
    )
}

/// Ends every token that an identity got by a method.
pub fn revoke_method(
    tx: Tx,
    identity: IdentityId,
    method: AuthMethod,
    now: UnixMillis,
) -> Result<u64, Error> {
    tx.execute(
        "UPDATE access_tokens SET revoked_at = $3 WHERE identity_id = $1 AND method = $2 AND revoked_at IS NULL",
        &[Value::text(identity), Value::text(method), Value::from(now.0)],
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
        "DELETE FROM access_tokens WHERE revoked_at < $1 \
         OR (period > 0 AND renewed_at + period * 1000 < $1) \
         OR (period = 0 AND ttl > 0 AND renewed_at + ttl * 1000 < $1) \
         OR (period = 0 AND max_ttl > 0 AND created_at + max_ttl * 1000 < $1)",
        &[Value::from(time.0)],
    )
}
