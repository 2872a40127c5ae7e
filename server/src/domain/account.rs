//! What people change about themselves.

use super::caller::Caller;
use super::{Context, Error, audit};
use crate::store;

/// Replaces the caller's password, whose hash was made outside the transaction because it takes long. Every other session
/// of the person ends, because one of them may be why; returns how many.
pub fn change_password(cx: &mut Context, caller: &Caller, password_hash: &str) -> Result<u64, Error> {
    let (user, session) = caller.user_session()?;
    store::users::set_password(cx.tx, user, password_hash, cx.now)?;
    let ended = store::sessions::revoke_all(cx.tx, user, Some(session), cx.now)?;
    let entry = audit::Entry::new("user.password.change").with("sessions_ended", &ended);
    audit::record(cx, caller, &entry)?;
    Ok(ended)
}
