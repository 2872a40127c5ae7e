//! Restoring a backup into an empty instance, under `/api/strongroom/v1/restore`.

use serde::{Deserialize, Serialize};

use crate::model::text::SecretText;
use crate::model::time::UnixMillis;
use crate::wire::backups::Contents;

/// Answer to `PUT /api/strongroom/v1/restore/upload`, whose body is the backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Uploaded {
    /// What [`StartRestore`] names it by.
    pub upload: String,
    /// How many bytes arrived.
    pub size: u64,
}

/// `POST /api/strongroom/v1/restore`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StartRestore {
    /// The uploaded backup.
    pub upload: String,
    /// The text of a recovery kit, or its key alone.
    pub identity: SecretText,
    /// The set-up code; not needed on the machine itself when the code was turned off.
    #[serde(default)]
    pub code: Option<SecretText>,
    /// Whether every person has to log in again.
    #[serde(default)]
    pub revoke_sessions: bool,
}

/// Answer to [`StartRestore`]: the server goes on with the restored store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Restored {
    /// What was restored.
    pub report: RestoreReport,
}

/// The facts of a restored backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestoreReport {
    /// When the backup was made.
    pub created_at: UnixMillis,
    /// Version of the program that made it.
    pub version: String,
    /// What is in it.
    pub counts: Contents,
    /// How many values cannot be read, in the backup as in the new store; none in a healthy one.
    pub unreadable: u64,
    /// What is in force again, whether it was revoked since the backup or not.
    pub in_force: Vec<InForce>,
}

/// Credentials of one kind that are in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InForce {
    /// What they are, for people: `session`, `client secret`.
    pub kind: String,
    /// How many there are.
    pub count: u64,
}
