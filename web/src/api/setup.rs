//! The state of the server and its first administrator.

use shared::wire::setup::{SetupRequest, SetupResponse, SetupState};
use shared::wire::system::Health;

use super::error::Error;
use super::request::Request;
use crate::session::Session;

/// Whether the server is open or locked; it answers either way.
pub async fn health() -> Result<Health, Error> {
    Request::get("/api/health").send_anonymous().await
}

/// Whether the first administrator exists.
pub async fn state() -> Result<SetupState, Error> {
    Request::get("/api/strongroom/v1/setup").send_anonymous().await
}

/// Makes the first administrator, who is logged in afterwards.
pub async fn create(session: Session, body: &SetupRequest) -> Result<(), Error> {
    let answer: SetupResponse = Request::post("/api/strongroom/v1/setup")
        .json(body)?
        .send_anonymous()
        .await?;
    session.begin(answer.token);
    Ok(())
}
