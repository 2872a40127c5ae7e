//! Universal Auth: the client id of a machine identity and the terms under it.

use shared::model::ids::{ClientId, IdentityId, OrganizationId};
use shared::model::time::UnixMillis;

use super::access_tokens::Terms;
use super::{Error, Row, Tx, Value};

/// When wrong client secrets lock a client id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lockout {
    /// Whether they do at all.
    pub enabled: bool,
    /// Wrong client secrets in a row that lock it.
    pub threshold: i64,
    /// How long it stays locked.
    pub seconds: i64,
    /// After so many seconds without one, wrong client secrets are forgotten.
    pub reset_seconds: i64,
}

/// A row of `universal_auths`.
#[derive(Debug, Clone)]
pub struct UniversalAuth {
    /// What the machine logs in with.
    pub client_id: ClientId,
    /// The identity.
    pub identity_id: IdentityId,
    /// Terms of the access tokens that a login gives.
    pub terms: Terms,
    /// Ranges as text separated by spaces: where client secrets may be used from.
    pub client_secret_trusted_ips: String,
    /// When wrong client secrets lock it.
    pub lockout: Lockout,
    /// When it was attached.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
}

fn universal_auth(row: &Row) -> Result<UniversalAuth, Error> {
    Ok(UniversalAuth {
        client_id: row.parsed(0)?,
        identity_id: row.parsed(1)?,
        terms: Terms {
            ttl: row.get(2)?,
            max_ttl: row.get(3)?,
            period: row.get(4)?,
            uses_limit: row.get(5)?,
            trusted_ips: row.get(6)?,
        },
        client_secret_trusted_ips: row.get(7)?,
        lockout: Lockout {
            enabled: row.get(8)?,
            threshold: row.get(9)?,
            seconds: row.get(10)?,
            reset_seconds: row.get(11)?,
        },
        created_at: UnixMillis(row.get(12)?),
        updated_at: UnixMillis(row.get(13)?),
    })
}

/// Attaches Universal Auth to an identity.
pub fn insert(tx: Tx, new: &UniversalAuth) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO universal_auths (client_id, identity_id, access_token_ttl, access_token_max_ttl, \
         access_token_period, access_token_uses_limit, access_token_trusted_ips, client_secret_trusted_ips, \
         lockout_enabled, lockout_threshold, lockout_seconds, lockout_reset_seconds, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)",
        &values(new, new.created_at),
    )?;
    Ok(())
}

fn values(row: &UniversalAuth, time: UnixMillis) -> [Value; 13] {
    [
        Value::text(row.client_id),
        Value::text(row.identity_id),
        Value::from(row.terms.ttl),
        Value::from(row.terms.max_ttl),
        Value::from(row.terms.period),
        Value::from(row.terms.uses_limit),
        Value::from(row.terms.trusted_ips.as_str()),
        Value::from(row.client_secret_trusted_ips.as_str()),
        Value::from(row.lockout.enabled),
        Value::from(row.lockout.threshold),
        Value::from(row.lockout.seconds),
        Value::from(row.lockout.reset_seconds),
        Value::from(time.0),
    ]
}

/// Writes every setting.
pub fn update(tx: Tx, changed: &UniversalAuth) -> Result<(), Error> {
    tx.execute(
        "UPDATE universal_auths SET access_token_ttl = $3, access_token_max_ttl = $4, access_token_period = $5, \
         access_token_uses_limit = $6, access_token_trusted_ips = $7, client_secret_trusted_ips = $8, \
         lockout_enabled = $9, lockout_threshold = $10, lockout_seconds = $11, lockout_reset_seconds = $12, \
         updated_at = $13 WHERE client_id = $1 AND identity_id = $2",
        &values(changed, changed.updated_at),
    )?;
    Ok(())
}

/// Detaches it; its client secrets have to be removed before.
pub fn delete(tx: Tx, client: ClientId) -> Result<(), Error> {
    tx.execute(
        "DELETE FROM universal_auths WHERE client_id = $1",
        &[Value::text(client)],
    )?;
    Ok(())
}

/// The settings of an identity.
pub fn by_identity(tx: Tx, identity: IdentityId) -> Result<Option<UniversalAuth>, Error> {
    let rows = tx.query(
        "SELECT client_id, identity_id, access_token_ttl, access_token_max_ttl, access_token_period, \
         access_token_uses_limit, access_token_trusted_ips, client_secret_trusted_ips, lockout_enabled, \
         lockout_threshold, lockout_seconds, lockout_reset_seconds, created_at, updated_at FROM universal_auths \
         WHERE identity_id = $1",
        &[Value::text(identity)],
    )?;
    rows.first().map(universal_auth).transpose()
}

/// The settings under a client id, with the organization of the identity, unless that is deleted.
pub fn by_client_id(tx: Tx, client: ClientId) -> Result<Option<(UniversalAuth, OrganizationId)>, Error> {
    let rows = tx.query(
        "SELECT u.client_id, u.identity_id, u.access_token_ttl, u.access_token_max_ttl, u.access_token_period, \
         u.access_token_uses_limit, u.access_token_trusted_ips, u.client_secret_trusted_ips, u.lockout_enabled, \
         u.lockout_threshold, u.lockout_seconds, u.lockout_reset_seconds, u.created_at, u.updated_at, \
         i.organization_id FROM universal_auths u JOIN identities i ON i.id = u.identity_id \
         WHERE u.client_id = $1 AND i.deleted_at IS NULL",
        &[Value::text(client)],
    )?;
    rows.first()
        .map(|row| Ok((universal_auth(row)?, row.parsed(14)?)))
        .transpose()
}
