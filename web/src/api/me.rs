//! The person who is logged in.

use shared::wire::system::Me;

use super::error::Error;
use super::request::Request;
use crate::session::Session;

/// Who is logged in, and whether he administers the instance.
pub async fn get(session: Session) -> Result<Me, Error> {
    Request::get("/api/strongroom/v1/me").send(session).await
}
