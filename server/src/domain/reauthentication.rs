//! Asking a logged-in person for the password again, before what the holder of a stolen session must not do. In three
//! steps and with the same counters as a login ([`super::login`]), so that a session buys no further guesses.

use super::caller::Caller;
use super::limiter::{self, Purpose};
use super::login::Begun;
use super::{Context, Error, audit, users};

/// Lets an attempt of the caller through, or refuses it when account or source must wait.
pub fn begin(cx: &mut Context, caller: &Caller) -> Result<Begun, Error> {
    let user = users::me(cx, caller)?;
    let attempt = limiter::begin(cx, Purpose::Password, &user.email, &caller.source)?;
    Ok(Begun::of(attempt, &user))
}

/// How an attempt ended. A refusal is a value, not an error: its record must be committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finished {
    /// The password was right.
    Confirmed,
    /// It was not.
    Refused,
}

/// Settles an attempt.
pub fn finish(
    cx: &mut Context,
    caller: &Caller,
    begun: &Begun,
    password_right: bool,
) -> Result<Finished, Error> {
    if password_right {
        limiter::succeed(cx, begun.attempt())?;
        return Ok(Finished::Confirmed);
    }
    audit::record(cx, caller, &audit::Entry::new("user.reauthentication.refused"))?;
    Ok(Finished::Refused)
}

/// The answer to a wrong password.
pub fn refused() -> Error {
    Error::BadRequest("The password is wrong. Nothing was changed".into())
}
