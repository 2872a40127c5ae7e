//! Backups for download.

use shared::model::text::SecretText;
use shared::wire::backups::{Backup, BackupStarted, StartBackup};

use super::error::Error;
use super::request::Request;
use crate::session::Session;

/// Begins to write one; the answer is its id.
pub async fn start(session: Session, password: SecretText) -> Result<String, Error> {
    let answer: BackupStarted = Request::post("/api/strongroom/v1/backups")
        .json(&StartBackup { password })?
        .send(session)
        .await?;
    Ok(answer.id)
}

/// How far it is.
pub async fn get(session: Session, id: &str) -> Result<Backup, Error> {
    Request::get(format!("/api/strongroom/v1/backups/{id}"))
        .send(session)
        .await
}
