//! The state of the instance.

use shared::wire::instance::Instance;

use super::error::Error;
use super::request::Request;
use crate::session::Session;

/// The state, for people who administer it.
pub async fn get(session: Session) -> Result<Instance, Error> {
    Request::get("/api/strongroom/v1/instance").send(session).await
}
