//! Keys of the instance.

use shared::model::text::SecretText;
use shared::wire::keys::{DoKeys, Keys, KeysAct, KeysDone};

use super::error::Error;
use super::request::Request;
use crate::session::Session;

/// Everything as it is.
pub async fn get(session: Session) -> Result<Keys, Error> {
    Request::get("/api/strongroom/v1/keys").send(session).await
}

/// Does something with keys.
pub async fn act(session: Session, act: KeysAct, password: SecretText) -> Result<KeysDone, Error> {
    Request::post("/api/strongroom/v1/keys")
        .json(&DoKeys { act, password })?
        .send(session)
        .await
}
