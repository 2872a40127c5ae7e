//! Backups, under `/api/strongroom/v1/backups`. `GET` answers with [`Backups`].

use serde::{Deserialize, Serialize};

pub use crate::model::backups::{Backups, BackupsAct};
pub use crate::model::contents::Contents;
use crate::model::text::SecretText;

/// `POST /api/strongroom/v1/backups/acts`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DoBackups {
    /// What to do.
    #[serde(flatten)]
    pub act: BackupsAct,
    /// The password of the person who asks.
    pub password: SecretText,
}

/// Answer to [`DoBackups`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupsDone {
    /// One sentence that says what was done.
    pub message: String,
    /// Everything as it is now.
    pub backups: Backups,
}

/// Answer to `POST /api/strongroom/v1/backups/{backup}/tickets`, whose body is a [`StartBackup`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupTicket {
    /// Good for one download at `/api/strongroom/v1/backups/download/{ticket}`, begun within ten minutes.
    pub ticket: SecretText,
}

/// `POST /api/strongroom/v1/backups`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StartBackup {
    /// The password of the person who asks.
    pub password: SecretText,
}

/// Answer to [`StartBackup`], with status 202.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupStarted {
    /// What to ask for with `GET /api/strongroom/v1/backups/{id}`.
    pub id: String,
}

/// How far a backup is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BackupState {
    /// It is being written.
    Writing,
    /// It is complete and can be downloaded.
    Ready,
    /// It was not completed, and nothing of it was kept.
    Failed,
}

/// `GET /api/strongroom/v1/backups/{id}`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Backup {
    /// How far it is.
    pub state: BackupState,
    /// Rows written so far.
    pub rows_done: u64,
    /// Rows there are.
    pub rows_total: u64,
    /// Size of the file in bytes, once it is complete.
    #[serde(default)]
    pub size: Option<u64>,
    /// SHA-256 of the file in hex, once it is complete.
    #[serde(default)]
    pub sha256: Option<String>,
    /// Name of the file, once it is complete.
    #[serde(default)]
    pub file_name: Option<String>,
    /// Names of the recovery kits that open it.
    #[serde(default)]
    pub opens_with: Vec<String>,
    /// What is in it, once it is complete.
    #[serde(default)]
    pub counts: Option<Contents>,
    /// Number of values that are there, but do not open: anything but 0 is for somebody to look at.
    #[serde(default)]
    pub unreadable: u64,
    /// Good for one download at `/api/strongroom/v1/backups/download/{ticket}` within ten minutes. Each answer has a new
    /// one, so a download that broke off can be begun again; for a quarter of an hour after the end of the backup, because
    /// the password was asked for before.
    #[serde(default)]
    pub ticket: Option<SecretText>,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<String>,
}
