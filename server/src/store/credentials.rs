//! Everything with which somebody comes in: what a restore brings back into force.

use shared::model::time::UnixMillis;

use super::{Error, Tx};

/// A credential that is in force.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Credential {
    /// What it is, for people: `session`, `client secret`.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Whose it is: an address, the name of an identity or of the token.
    pub name: String,
}

/// All that were not revoked and whose owner is not deleted. Access tokens of machines live for hours and are not among them,
/// but those without an end are.
pub fn in_force(tx: Tx, now: UnixMillis) -> Result<Vec<Credential>, Error> {
    let rows = tx.query(
        "SELECT 'session', s.id, u.email FROM sessions s JOIN users u ON u.id = s.user_id \
         WHERE s.revoked_at IS NULL AND s.expires_at > $1 AND u.deleted_at IS NULL \
         UNION ALL SELECT 'client secret', c.id, i.name FROM client_secrets c \
         JOIN universal_auths a ON a.client_id = c.client_id JOIN identities i ON i.id = a.identity_id \
         WHERE c.revoked_at IS NULL AND i.deleted_at IS NULL \
         UNION ALL SELECT 'access token', t.id, i.name FROM access_tokens t JOIN identities i ON i.id = t.identity_id \
         WHERE t.revoked_at IS NULL AND t.client_secret_id IS NULL AND i.deleted_at IS NULL \
         UNION ALL SELECT 'service token', v.id, v.name FROM service_tokens v \
         WHERE v.revoked_at IS NULL AND (v.expires_at IS NULL OR v.expires_at > $1) ORDER BY 1, 3, 2",
        &[now.0.into()],
    )?;
    rows.iter()
        .map(|row| {
            Ok(Credential {
                kind: row.get(0)?,
                id: row.get(1)?,
                name: row.get(2)?,
            })
        })
        .collect()
}

/// Ends every session of every person.
pub fn revoke_sessions(tx: Tx, now: UnixMillis) -> Result<u64, Error> {
    tx.execute(
        "UPDATE sessions SET revoked_at = $1 WHERE revoked_at IS NULL",
        &[now.0.into()],
    )
}
