//! A server whose store is locked.

use shared::wire::unlock::{Locked, Unlock, Unlocked};

use super::error::Error;
use super::request::Request;

/// Whether it is locked, and what would open it.
pub async fn state() -> Result<Locked, Error> {
    Request::get("/api/strongroom/v1/locked").send_anonymous().await
}

/// Opens it.
pub async fn unlock(body: &Unlock) -> Result<Unlocked, Error> {
    Request::post("/api/strongroom/v1/unlock")
        .json(body)?
        .send_anonymous()
        .await
}
