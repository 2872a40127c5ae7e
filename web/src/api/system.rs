//! Who the bearer of the access token is.

use shared::wire::system::Me;

use super::error::Error;
use super::request::Request;
use crate::session::Session;

/// The person who is logged in.
pub async fn me(session: Session) -> Result<Me, Error> {
    Request::get("/api/strongroom/v1/me").send(session).await
}
