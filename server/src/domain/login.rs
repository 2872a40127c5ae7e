//! Password login in three steps, because checking a password takes long and must not hold a transaction:
//! [`begin`] counts the attempt and fetches the hash, the caller checks it, [`finish`] settles the outcome.

use shared::model::ids::UserId;
use shared::model::names::Email;

use super::caller::{Actor, Caller, Source};
use super::limiter::{self, Attempt, Purpose};
use super::sessions::{self, Opened};
use super::{Context, Error, audit};
use crate::store;
use crate::store::users::User;

/// An attempt that was let through.
#[derive(Clone)]
pub struct Begun {
    attempt: Attempt,
    user: Option<(UserId, String)>,
}

impl Begun {
    /// An attempt of somebody known.
    pub(super) fn of(attempt: Attempt, user: &User) -> Self {
        Self {
            attempt,
            user: Some((user.id, user.password_hash.clone())),
        }
    }

    /// How it was counted.
    pub(super) fn attempt(&self) -> &Attempt {
        &self.attempt
    }

    /// Hash to check the password against; none for an unknown user, which must cost the same time.
    pub fn password_hash(&self) -> Option<&str> {
        self.user.as_ref().map(|(_, hash)| hash.as_str())
    }
}

/// Lets an attempt through, or refuses it when account or source must wait.
pub fn begin(cx: &mut Context, email: &str, source: &Source) -> Result<Begun, Error> {
    let email = email.parse::<Email>().ok();
    let account = email.as_ref().map_or(limiter::NOBODY, Email::as_str);
    let attempt = limiter::begin(cx, Purpose::Password, account, source)?;
    let user = match &email {
        Some(email) => store::users::by_email(cx.tx, email)?.map(|user| (user.id, user.password_hash)),
        None => None,
    };
    Ok(Begun { attempt, user })
}

/// Takes an attempt back whose password could not be checked: that is our failure, not the caller's.
pub fn undo(cx: &mut Context, begun: &Begun) -> Result<(), Error> {
    limiter::undo(cx, &begun.attempt)
}

/// How a login ended. A refusal is a value, not an error: its record must be committed.
#[derive(Debug)]
pub enum Finished {
    /// The password was right.
    Opened(Opened),
    /// Unknown user or wrong password: nobody learns which.
    Refused,
}

/// Settles an attempt. The password may have been changed while it was being checked: then it is as wrong as any other.
pub fn finish(
    cx: &mut Context,
    begun: &Begun,
    password_right: bool,
    source: &Source,
) -> Result<Finished, Error> {
    let mut caller = Caller::anonymous(source.clone());
    if let Some((user, _)) = &begun.user {
        caller.actor = Actor::User(*user);
    }
    if let Some((user, hash)) = &begun.user
        && password_right
        && store::users::by_id(cx.tx, *user)?.is_some_and(|now| now.password_hash == *hash)
    {
        limiter::succeed(cx, &begun.attempt)?;
        audit::record(cx, &caller, &audit::Entry::new("user.login"))?;
        return Ok(Finished::Opened(sessions::open(cx, *user, None, source)?));
    }
    audit::record(cx, &caller, &audit::Entry::new("user.login.refused"))?;
    Ok(Finished::Refused)
}

/// The one answer to every failed login.
pub fn refused() -> Error {
    Error::BadRequest("Invalid credentials: unknown e-mail address or wrong password".into())
}
