//! Token Auth: access tokens of a machine identity that are made by hand.

use shared::model::ids::{IdentityId, TokenAuthId};
use shared::model::time::UnixMillis;

use super::access_tokens::Terms;
use super::{Error, Tx, Value};

/// A row of `token_auths`. Its tokens are never periodic.
#[derive(Debug, Clone)]
pub struct TokenAuth {
    /// Id.
    pub id: TokenAuthId,
    /// The identity.
    pub identity_id: IdentityId,
    /// Terms of the tokens.
    pub terms: Terms,
    /// When it was attached.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
}

/// Attaches Token Auth to an identity.
pub fn insert(tx: Tx, new: &TokenAuth) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO token_auths (identity_id, id, access_token_ttl, access_token_max_ttl, access_token_uses_limit, \
         access_token_trusted_ips, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
        &[
            Value::text(new.identity_id),
            Value::text(new.id),
            Value::from(new.terms.ttl),
            Value::from(new.terms.max_ttl),
            Value::from(new.terms.uses_limit),
            Value::from(new.terms.trusted_ips.as_str()),
            Value::from(new.created_at.0),
        ],
    )?;
    Ok(())
}

/// The settings of an identity.
pub fn by_identity(tx: Tx, identity: IdentityId) -> Result<Option<TokenAuth>, Error> {
    let rows = tx.query(
        "SELECT id, identity_id, access_token_ttl, access_token_max_ttl, access_token_uses_limit, \
         access_token_trusted_ips, created_at, updated_at FROM token_auths WHERE identity_id = $1",
        &[Value::text(identity)],
    )?;
    rows.first()
        .map(|row| {
            Ok(TokenAuth {
                id: row.parsed(0)?,
                identity_id: row.parsed(1)?,
                terms: Terms {
                    ttl: row.get(2)?,
                    max_ttl: row.get(3)?,
                    period: 0,
                    uses_limit: row.get(4)?,
                    trusted_ips: row.get(5)?,
                },
                created_at: UnixMillis(row.get(6)?),
                updated_at: UnixMillis(row.get(7)?),
            })
        })
        .transpose()
}

/// Writes every setting.
pub fn update(tx: Tx, changed: &TokenAuth) -> Result<(), Error> {
    tx.execute(
        "UPDATE token_auths SET access_token_ttl = $2, access_token_max_ttl = $3, access_token_uses_limit = $4, \
         access_token_trusted_ips = $5, updated_at = $6 WHERE identity_id = $1",
        &[
            Value::text(changed.identity_id),
            Value::from(changed.terms.ttl),
            Value::from(changed.terms.max_ttl),
            Value::from(changed.terms.uses_limit),
            Value::from(changed.terms.trusted_ips.as_str()),
            Value::from(changed.updated_at.0),
        ],
    )?;
    Ok(())
}

/// Detaches it.
pub fn delete(tx: Tx, identity: IdentityId) -> Result<(), Error> {
    tx.execute(
        "DELETE FROM token_auths WHERE identity_id = $1",
        &[Value::text(identity)],
    )?;
    Ok(())
}
