//! What to do when something broke, written by this instance about itself.

use shared::model::text::SecretText;

use super::error::Error;
use super::request::Request;
use crate::session::Session;

/// The text, in Markdown.
pub async fn get(session: Session) -> Result<SecretText, Error> {
    let text = Request::get("/api/strongroom/v1/runbook")
        .send_for_text(session)
        .await?;
    Ok(SecretText::new(text))
}
