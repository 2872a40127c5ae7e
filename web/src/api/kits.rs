//! Recovery kits.

use shared::model::text::SecretText;
use shared::wire::kits::{AddKit, KitAdded, KitSkipped, Kits, Unlocker};

use super::error::Error;
use super::request::Request;
use crate::session::Session;

/// What opens the store.
pub async fn list(session: Session) -> Result<Kits, Error> {
    Request::get("/api/strongroom/v1/kits").send(session).await
}

/// Makes the store open for a recipient. The secret half stays where it was made.
pub async fn add(
    session: Session,
    name: String,
    recipient: String,
    password: SecretText,
) -> Result<Unlocker, Error> {
    let body = AddKit {
        name,
        recipient,
        password,
    };
    let answer: KitAdded = Request::post("/api/strongroom/v1/kits")
        .json(&body)?
        .send(session)
        .await?;
    Ok(answer.unlocker)
}

/// Goes on without a kit.
pub async fn skip(session: Session) -> Result<(), Error> {
    let _: KitSkipped = Request::post("/api/strongroom/v1/kits/skip")
        .send(session)
        .await?;
    Ok(())
}
