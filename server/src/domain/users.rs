//! People.

use shared::model::access::OrganizationRole;
use shared::model::ids::{MembershipId, OrganizationId, UserId};
use shared::model::names::Email;

use super::caller::Caller;
use super::limiter::{self, Purpose};
use super::{Context, Error, audit};
use crate::crypto::random;
use crate::store;
use crate::store::members::Member;
use crate::store::users::User;

/// A person to be added.
#[derive(Clone)]
pub struct NewUser {
    /// Address.
    pub email: Email,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// The password's hash, made outside the transaction because it takes long.
    pub password_hash: String,
    /// Whether the person administers the instance.
    pub instance_admin: bool,
}

/// Adds a person to an organization.
pub fn create(
    cx: &mut Context,
    new: &NewUser,
    organization: OrganizationId,
    role: OrganizationRole,
) -> Result<User, Error> {
    let user = User {
        id: UserId::from_random(random::bytes()?),
        email: new.email.to_string(),
        first_name: new.first_name.clone(),
        last_name: new.last_name.clone(),
        password_hash: new.password_hash.clone(),
        instance_admin: new.instance_admin,
        created_at: cx.now,
        updated_at: cx.now,
    };
    store::users::insert(cx.tx, &user)
        .map_err(|error| Error::or_exists(error, "A user with this e-mail address exists already"))?;
    let membership = MembershipId::from_random(random::bytes()?);
    store::organizations::insert_member(
        cx.tx,
        membership,
        organization,
        Member::User(user.id),
        role,
        cx.now,
    )?;
    Ok(user)
}

/// Adds a person to the first organization, on behalf of the operator.
pub fn create_by_operator(cx: &mut Context, new: &NewUser) -> Result<User, Error> {
    let organization = store::organizations::first(cx.tx)?.ok_or_else(|| {
        Error::BadRequest("The instance is not set up yet. Open /admin/signup in a browser first".into())
    })?;
    let user = create(cx, new, organization.id, OrganizationRole::Member)?;
    let entry = audit::Entry::new("user.create").with("email", &user.email);
    audit::record(cx, &Caller::operator(), &entry)?;
    Ok(user)
}

/// Gives a person a new password, on behalf of the operator: every session ends, and failed logins are forgotten.
pub fn reset_password_by_operator(
    cx: &mut Context,
    email: &Email,
    password_hash: &str,
) -> Result<u64, Error> {
    let user = known(cx, email)?;
    store::users::set_password(cx.tx, user.id, password_hash, cx.now)?;
    let ended = store::sessions::revoke_all(cx.tx, user.id, None, cx.now)?;
    limiter::forgive(cx, Purpose::Password, email.as_str())?;
    let entry = audit::Entry::new("user.password.reset")
        .with("email", &user.email)
        .with("sessions_ended", &ended);
    audit::record(cx, &Caller::operator(), &entry)?;
    Ok(ended)
}

/// Lets a person log in who failed too often, on behalf of the operator.
pub fn unlock_by_operator(cx: &mut Context, email: &Email) -> Result<(), Error> {
    let user = known(cx, email)?;
    limiter::forgive(cx, Purpose::Password, email.as_str())?;
    let entry = audit::Entry::new("user.unlock").with("email", &user.email);
    audit::record(cx, &Caller::operator(), &entry)
}

fn known(cx: &mut Context, email: &Email) -> Result<User, Error> {
    store::users::by_email(cx.tx, email)?
        .ok_or_else(|| Error::NotFound(format!("There is no user with the e-mail address {email}")))
}

/// The caller as a person.
pub fn me(cx: &mut Context, caller: &Caller) -> Result<User, Error> {
    let (user, _) = caller.user_session()?;
    store::users::by_id(cx.tx, user)?.ok_or_else(|| Error::NotFound("The user does not exist".into()))
}
