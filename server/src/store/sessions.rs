//! Logins of people.

use shared::model::ids::{OrganizationId, SessionId, UserId};
use shared::model::time::UnixMillis;

use super::{Error, Row, Tx, Value};

/// A row of `sessions`.
#[derive(Debug, Clone)]
pub struct Session {
    /// Id.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// The organization selected in it.
    pub organization_id: Option<OrganizationId>,
    /// Keyed hash of the refresh token.
    pub refresh_hash: Vec<u8>,
    /// The one before, honoured for a moment: two tabs may refresh at once.
    pub previous_refresh_hash: Option<Vec<u8>>,
    /// When the refresh token was last exchanged.
    pub refreshed_at: UnixMillis,
    /// When it was used last, to within a minute.
    pub last_used_at: UnixMillis,
    /// Address it was made from.
    pub ip: String,
    /// Program it was made with.
    pub user_agent: String,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it ends.
    pub expires_at: UnixMillis,
}

fn session(row: &Row) -> Result<Session, Error> {
    Ok(Session {
        id: row.parsed(0)?,
        user_id: row.parsed(1)?,
        organization_id: row.parsed_optional(2)?,
        refresh_hash: row.get(3)?,
        previous_refresh_hash: row.get(4)?,
        refreshed_at: UnixMillis(row.get(5)?),
        ip: row.get(6)?,
        user_agent: row.get(7)?,
        created_at: UnixMillis(row.get(8)?),
        expires_at: UnixMillis(row.get(9)?),
        last_used_at: UnixMillis(row.get(10)?),
    })
}

/// Adds a session.
pub fn insert(tx: Tx, new: &Session) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO sessions (id, user_id, organization_id, refresh_hash, refreshed_at, ip, user_agent, created_at, \
         expires_at, last_used_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            Value::text(new.id),
            Value::text(new.user_id),
            Value::text_optional(new.organization_id),
            Value::from(new.refresh_hash.as_slice()),
            Value::from(new.refreshed_at.0),
            Value::from(new.ip.as_str()),
            Value::from(new.user_agent.as_str()),
            Value::from(new.created_at.0),
            Value::from(new.expires_at.0),
            Value::from(new.last_used_at.0),
        ],
    )?;
    Ok(())
}

/// A session that is neither revoked nor past its end.
pub fn live(tx: Tx, id: SessionId, now: UnixMillis) -> Result<Option<Session>, Error> {
    let rows = tx.query(
        "SELECT id, user_id, organization_id, refresh_hash, previous_refresh_hash, refreshed_at, ip, user_agent, \
         created_at, expires_at, last_used_at FROM sessions WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2",
        &[Value::text(id), Value::from(now.0)],
    )?;
    rows.first().map(session).transpose()
}

/// The sessions of a user that are neither revoked nor past their end, the one used last first.
pub fn live_of_user(tx: Tx, user: UserId, now: UnixMillis, limit: i64) -> Result<Vec<Session>, Error> {
    let rows = tx.query(
        "SELECT id, user_id, organization_id, refresh_hash, previous_refresh_hash, refreshed_at, ip, user_agent, \
         created_at, expires_at, last_used_at FROM sessions WHERE user_id = $1 AND revoked_at IS NULL AND \
         expires_at > $2 ORDER BY last_used_at DESC, id LIMIT $3",
        &[Value::text(user), Value::from(now.0), Value::from(limit)],
    )?;
    rows.iter().map(session).collect()
}

/// Writes down that a session was used, unless that was done since a time.
pub fn touch(tx: Tx, id: SessionId, since: UnixMillis, now: UnixMillis) -> Result<(), Error> {
    tx.execute(
        "UPDATE sessions SET last_used_at = $3 WHERE id = $1 AND last_used_at <= $2",
        &[Value::text(id), Value::from(since.0), Value::from(now.0)],
    )?;
    Ok(())
}

/// Replaces the refresh token and keeps the old one for the moment of grace.
pub fn rotate(tx: Tx, id: SessionId, refresh_hash: &[u8], now: UnixMillis) -> Result<(), Error> {
    tx.execute(
        "UPDATE sessions SET previous_refresh_hash = refresh_hash, refresh_hash = $2, refreshed_at = $3, \
         last_used_at = $3 WHERE id = $1",
        &[Value::text(id), Value::from(refresh_hash), Value::from(now.0)],
    )?;
    Ok(())
}

/// Remembers the organization selected in a session.
pub fn select_organization(tx: Tx, id: SessionId, organization: OrganizationId) -> Result<(), Error> {
    tx.execute(
        "UPDATE sessions SET organization_id = $2 WHERE id = $1",
        &[Value::text(id), Value::text(organization)],
    )?;
    Ok(())
}

/// Ends a session.
pub fn revoke(tx: Tx, id: SessionId, now: UnixMillis) -> Result<(), Error> {
    tx.execute(
        "UPDATE sessions SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL",
        &[Value::text(id), Value::from(now.0)],
    )?;
    Ok(())
}

/// Ends every session of a user, except one if that is said; returns how many were in force.
pub fn revoke_all(tx: Tx, user: UserId, except: Option<SessionId>, now: UnixMillis) -> Result<u64, Error> {
    let except = except.map(|id| id.to_string()).unwrap_or_default();
    tx.execute(
        "UPDATE sessions SET revoked_at = $3 WHERE user_id = $1 AND id <> $2 AND revoked_at IS NULL AND expires_at > $3",
        &[Value::text(user), Value::from(except.as_str()), Value::from(now.0)],
    )
}

/// Lets no session last longer than so many milliseconds after its beginning.
pub fn shorten(tx: Tx, millis: i64) -> Result<(), Error> {
    tx.execute(
        "UPDATE sessions SET expires_at = created_at + $1 WHERE expires_at > created_at + $1",
        &[Value::from(millis)],
    )?;
    Ok(())
}

/// Removes sessions that ended before a time, by revocation or by age.
pub fn remove_ended_before(tx: Tx, time: UnixMillis) -> Result<u64, Error> {
    tx.execute(
        "DELETE FROM sessions WHERE revoked_at < $1 OR expires_at < $1",
        &[Value::from(time.0)],
    )
}
