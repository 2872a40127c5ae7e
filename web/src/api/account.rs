//! The own account.

use shared::wire::account::{PasswordChange, PasswordChanged};

use super::error::Error;
use super::request::Request;
use crate::session::Session;

/// Changes the password; the answer is how many other sessions ended.
pub async fn change_password(session: Session, change: &PasswordChange) -> Result<u64, Error> {
    let answer: PasswordChanged = Request::post("/api/strongroom/v1/account/password")
        .json(change)?
        .send(session)
        .await?;
    Ok(answer.ended)
}
