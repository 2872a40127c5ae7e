//! People.

use shared::model::ids::{OrganizationId, UserId};
use shared::model::names::Email;
use shared::model::time::UnixMillis;

use super::{Error, Row, Tx, Value};

/// A row of `users`.
#[derive(Clone)]
pub struct User {
    /// Id.
    pub id: UserId,
    /// Lower-cased.
    pub email: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// Argon2id in PHC form.
    pub password_hash: String,
    /// Whether the user administers the instance.
    pub instance_admin: bool,
    /// When the user was made.
    pub created_at: UnixMillis,
    /// When the user was last changed.
    pub updated_at: UnixMillis,
}

/// The first columns of every query about users, in this order.
pub(super) fn user(row: &Row) -> Result<User, Error> {
    Ok(User {
        id: row.parsed(0)?,
        email: row.get(1)?,
        first_name: row.get(2)?,
        last_name: row.get(3)?,
        password_hash: row.get(4)?,
        instance_admin: row.get(5)?,
        created_at: UnixMillis(row.get(6)?),
        updated_at: UnixMillis(row.get(7)?),
    })
}

/// Adds a user. A second user of the same address is [`Error::Unique`].
pub fn insert(tx: Tx, new: &User) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO users (id, email, first_name, last_name, password_hash, instance_admin, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            Value::text(new.id),
            Value::from(new.email.as_str()),
            Value::from(new.first_name.as_str()),
            Value::from(new.last_name.as_str()),
            Value::from(new.password_hash.as_str()),
            Value::from(new.instance_admin),
            Value::from(new.created_at.0),
            Value::from(new.updated_at.0),
        ],
    )?;
    Ok(())
}

/// The user with an id.
pub fn by_id(tx: Tx, id: UserId) -> Result<Option<User>, Error> {
    let rows = tx.query(
        "SELECT id, email, first_name, last_name, password_hash, instance_admin, created_at, updated_at FROM users \
         WHERE id = $1 AND deleted_at IS NULL",
        &[Value::text(id)],
    )?;
    rows.first().map(user).transpose()
}

/// The user with an address.
pub fn by_email(tx: Tx, email: &Email) -> Result<Option<User>, Error> {
    let rows = tx.query(
        "SELECT id, email, first_name, last_name, password_hash, instance_admin, created_at, updated_at FROM users \
         WHERE email = $1 AND deleted_at IS NULL",
        &[Value::from(email.as_str())],
    )?;
    rows.first().map(user).transpose()
}

/// The member of an organization with an address.
pub fn in_organization(tx: Tx, organization: OrganizationId, email: &Email) -> Result<Option<User>, Error> {
    let rows = tx.query(
        "SELECT u.id, u.email, u.first_name, u.last_name, u.password_hash, u.instance_admin, u.created_at, \
         u.updated_at FROM users u JOIN organization_members m ON m.member_kind = 'user' AND m.member_id = u.id \
         WHERE m.organization_id = $1 AND u.email = $2 AND u.deleted_at IS NULL",
        &[Value::text(organization), Value::from(email.as_str())],
    )?;
    rows.first().map(user).transpose()
}

/// Replaces the password of a user.
pub fn set_password(tx: Tx, id: UserId, password_hash: &str, now: UnixMillis) -> Result<(), Error> {
    tx.execute(
        "UPDATE users SET password_hash = $2, updated_at = $3 WHERE id = $1 AND deleted_at IS NULL",
        &[Value::text(id), Value::from(password_hash), Value::from(now.0)],
    )?;
    Ok(())
}

/// Whether any user exists: then set-up is over.
pub fn any(tx: Tx) -> Result<bool, Error> {
    Ok(!tx.query("SELECT id FROM users LIMIT 1", &[])?.is_empty())
}
