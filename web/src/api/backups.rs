//! Backups: those there are, what is done with them, and downloads.

use shared::model::backups::{Backups, BackupsAct};
use shared::model::ids::BackupId;
use shared::model::text::SecretText;
use shared::wire::backups::{Backup, BackupStarted, BackupTicket, BackupsDone, DoBackups, StartBackup};

use super::error::Error;
use super::request::Request;
use crate::session::Session;

/// Everything as it is.
pub async fn list(session: Session) -> Result<Backups, Error> {
    Request::get("/api/strongroom/v1/backups").send(session).await
}

/// Does something with backups.
pub async fn act(session: Session, act: BackupsAct, password: SecretText) -> Result<BackupsDone, Error> {
    Request::post("/api/strongroom/v1/backups/acts")
        .json(&DoBackups { act, password })?
        .send(session)
        .await
}

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

/// The right to fetch the file of any backup that is kept.
pub async fn ticket(session: Session, id: BackupId, password: SecretText) -> Result<SecretText, Error> {
    let answer: BackupTicket = Request::post(format!("/api/strongroom/v1/backups/{id}/tickets"))
        .json(&StartBackup { password })?
        .send(session)
        .await?;
    Ok(answer.ticket)
}
