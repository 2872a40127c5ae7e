//! Client secrets: what a machine identity logs in with.

use shared::model::ids::{ClientId, ClientSecretId};
use shared::model::time::UnixMillis;

use super::{Error, Row, Tx, Value};

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
    /// When it was revoked, by somebody or because it was of no use any more.
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
pub fn insert(tx: Tx, new: &ClientSecret) -> Result<(), Error> {
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

/// The client secrets of a client id that are not revoked, oldest first.
pub fn list(tx: Tx, client: ClientId) -> Result<Vec<ClientSecret>, Error> {
    let rows = tx.query(
        "SELECT id, client_id, description, prefix, secret_hash, uses, uses_limit, ttl, last_used_at, created_at, \
         updated_at, revoked_at FROM client_secrets WHERE client_id = $1 AND revoked_at IS NULL \
         ORDER BY created_at, id",
        &[Value::text(client)],
    )?;
    rows.iter().map(client_secret).collect()
}

/// One client secret of a client id, revoked or not.
pub fn by_id(tx: Tx, client: ClientId, id: ClientSecretId) -> Result<Option<ClientSecret>, Error> {
    let rows = tx.query(
        "SELECT id, client_id, description, prefix, secret_hash, uses, uses_limit, ttl, last_used_at, created_at, \
         updated_at, revoked_at FROM client_secrets WHERE client_id = $1 AND id = $2",
        &[Value::text(client), Value::text(id)],
    )?;
    rows.first().map(client_secret).transpose()
}

/// The client secret of a client id with a hash, revoked or not. The hash is keyed: how long the database looks for it
/// tells nobody anything about the secret.
pub fn by_hash(tx: Tx, client: ClientId, hash: &[u8]) -> Result<Option<ClientSecret>, Error> {
    let rows = tx.query(
        "SELECT id, client_id, description, prefix, secret_hash, uses, uses_limit, ttl, last_used_at, created_at, \
         updated_at, revoked_at FROM client_secrets WHERE client_id = $1 AND secret_hash = $2",
        &[Value::text(client), Value::from(hash)],
    )?;
    rows.first().map(client_secret).transpose()
}

/// Counts a login; 0 rows when none is left.
pub fn use_once(tx: Tx, id: ClientSecretId, now: UnixMillis) -> Result<u64, Error> {
    tx.execute(
        "UPDATE client_secrets SET uses = uses + 1, last_used_at = $2, updated_at = $2 \
         WHERE id = $1 AND revoked_at IS NULL AND (uses_limit = 0 OR uses < uses_limit)",
        &[Value::text(id), Value::from(now.0)],
    )
}

/// Revokes a client secret; the tokens that came from it are not touched.
pub fn revoke(tx: Tx, id: ClientSecretId, now: UnixMillis) -> Result<(), Error> {
    tx.execute(
        "UPDATE client_secrets SET revoked_at = $2, updated_at = $2 WHERE id = $1 AND revoked_at IS NULL",
        &[Value::text(id), Value::from(now.0)],
    )?;
    Ok(())
}

/// Removes every client secret of a client id.
pub fn remove_all(tx: Tx, client: ClientId) -> Result<u64, Error> {
    tx.execute(
        "DELETE FROM client_secrets WHERE client_id = $1",
        &[Value::text(client)],
    )
}
