//! Universal Auth: the client id of a machine identity and its client secrets.

use shared::model::ids::{ClientId, ClientSecretId, IdentityId, OrganizationId};
use shared::model::time::UnixMillis;

use super::{Error, Row, Tx, Value};

/// A row of `universal_auths`.
#[derive(Debug, Clone)]
pub struct UniversalAuth {
    /// What the machine logs in with.
    pub client_id: ClientId,
    /// The identity.
    pub identity_id: IdentityId,
    /// Seconds an access token lives without renewal; 0 for ever.
    pub access_token_ttl: i64,
    /// Seconds from creation after which renewal ends; 0 for no limit.
    pub access_token_max_ttl: i64,
    /// Requests an access token is good for; 0 for any number.
    pub access_token_uses_limit: i64,
    /// Ranges as text separated by spaces: where client secrets may be used from.
    pub client_secret_trusted_ips: String,
    /// The same for access tokens.
    pub access_token_trusted_ips: String,
    /// When it was attached.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
}

fn universal_auth(row: &Row) -> Result<UniversalAuth, Error> {
    Ok(UniversalAuth {
        client_id: row.parsed(0)?,
        identity_id: row.parsed(1)?,
        access_token_ttl: row.get(2)?,
        access_token_max_ttl: row.get(3)?,
        access_token_uses_limit: row.get(4)?,
        client_secret_trusted_ips: row.get(5)?,
        access_token_trusted_ips: row.get(6)?,
        created_at: UnixMillis(row.get(7)?),
        updated_at: UnixMillis(row.get(8)?),
    })
}

/// Attaches Universal Auth to an identity.
pub fn insert(tx: Tx, new: &UniversalAuth) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO universal_auths (client_id, identity_id, access_token_ttl, access_token_max_ttl, \
         access_token_uses_limit, client_secret_trusted_ips, access_token_trusted_ips, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            Value::text(new.client_id),
            Value::text(new.identity_id),
            Value::from(new.access_token_ttl),
            Value::from(new.access_token_max_ttl),
            Value::from(new.access_token_uses_limit),
            Value::from(new.client_secret_trusted_ips.as_str()),
            Value::from(new.access_token_trusted_ips.as_str()),
            Value::from(new.created_at.0),
            Value::from(new.updated_at.0),
        ],
    )?;
    Ok(())
}

/// The settings of an identity.
pub fn by_identity(tx: Tx, identity: IdentityId) -> Result<Option<UniversalAuth>, Error> {
    let rows = tx.query(
        "SELECT client_id, identity_id, access_token_ttl, access_token_max_ttl, access_token_uses_limit, \
         client_secret_trusted_ips, access_token_trusted_ips, created_at, updated_at FROM universal_auths \
         WHERE identity_id = $1",
        &[Value::text(identity)],
    )?;
    rows.first().map(universal_auth).transpose()
}

/// The settings under a client id, with the organization of the identity, unless that is deleted.
pub fn by_client_id(tx: Tx, client: ClientId) -> Result<Option<(UniversalAuth, OrganizationId)>, Error> {
    let rows = tx.query(
        "SELECT u.client_id, u.identity_id, u.access_token_ttl, u.access_token_max_ttl, u.access_token_uses_limit, \
         u.client_secret_trusted_ips, u.access_token_trusted_ips, u.created_at, u.updated_at, i.organization_id \
         FROM universal_auths u JOIN identities i ON i.id = u.identity_id \
         WHERE u.client_id = $1 AND i.deleted_at IS NULL",
        &[Value::text(client)],
    )?;
    rows.first()
        .map(|row| Ok((universal_auth(row)?, row.parsed(9)?)))
        .transpose()
}

/// A row of `client_secrets`.
#[derive(Debug, Clone)]
pub struct ClientSecret {
    /// Id.
    pub id: ClientSecretId,
    /// The client id it belongs to.
    pub client_id: ClientId,
    /// What it is for.
    pub description: String,
    /// Its first four characters.
    pub prefix: String,
    /// Keyed hash.
    pub secret_hash: Vec<u8>,
    /// Logins so far.
    pub uses: i64,
    /// 0 for any number.
    pub uses_limit: i64,
    /// Seconds it lives; 0 for ever.
    pub ttl: i64,
    /// Last login.
    pub last_used_at: Option<UnixMillis>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
    /// When it was revoked.
    pub revoked_at: Option<UnixMillis>,
}

fn client_secret(row: &Row) -> Result<ClientSecret, Error> {
    Ok(ClientSecret {
        id: row.parsed(0)?,
        client_id: row.parsed(1)?,
        description: row.get(2)?,
        prefix: row.get(3)?,
        secret_hash: row.get(4)?,
        uses: row.get(5)?,
        uses_limit: row.get(6)?,
        ttl: row.get(7)?,
        last_used_at: row.get::<Option<i64>>(8)?.map(UnixMillis),
        created_at: UnixMillis(row.get(9)?),
        updated_at: UnixMillis(row.get(10)?),
        revoked_at: row.get::<Option<i64>>(11)?.map(UnixMillis),
    })
}

/// Adds a client secret.
pub fn insert_secret(tx: Tx, new: &ClientSecret) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO client_secrets (id, client_id, description, prefix, secret_hash, uses, uses_limit, ttl, \
         created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
        &[
            Value::text(new.id),
            Value::text(new.client_id),
            Value::from(new.description.as_str()),
            Value::from(new.prefix.as_str()),
            Value::from(new.secret_hash.as_slice()),
            Value::from(new.uses),
            Value::from(new.uses_limit),
            Value::from(new.ttl),
            Value::from(new.created_at.0),
        ],
    )?;
    Ok(())
}

/// Every client secret of a client id, revoked ones too, newest first.
pub fn secrets(tx: Tx, client: ClientId) -> Result<Vec<ClientSecret>, Error> {
    let rows = tx.query(
        "SELECT id, client_id, description, prefix, secret_hash, uses, uses_limit, ttl, last_used_at, created_at, \
         updated_at, revoked_at FROM client_secrets WHERE client_id = $1 ORDER BY created_at DESC, id",
        &[Value::text(client)],
    )?;
    rows.iter().map(client_secret).collect()
}

/// Counts a login.
pub fn use_secret(tx: Tx, id: ClientSecretId, now: UnixMillis) -> Result<(), Error> {
    tx.execute(
        "UPDATE client_secrets SET uses = uses + 1, last_used_at = $2, updated_at = $2 WHERE id = $1",
        &[Value::text(id), Value::from(now.0)],
    )?;
    Ok(())
}

/// Revokes a client secret, and with it every access token that came from it.
pub fn revoke_secret(tx: Tx, id: ClientSecretId, now: UnixMillis) -> Result<(), Error> {
    tx.execute(
        "UPDATE client_secrets SET revoked_at = $2, updated_at = $2 WHERE id = $1 AND revoked_at IS NULL",
        &[Value::text(id), Value::from(now.0)],
    )?;
    tx.execute(
        "UPDATE access_tokens SET revoked_at = $2 WHERE client_secret_id = $1 AND revoked_at IS NULL",
        &[Value::text(id), Value::from(now.0)],
    )?;
    Ok(())
}
