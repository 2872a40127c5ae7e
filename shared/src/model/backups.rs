//! Backups of an instance: those there are, when they are made, where copies go, and whether they restore.

use serde::{Deserialize, Serialize};

use super::ids::{BackupId, TargetId};
use super::text::SecretText;
use super::time::UnixMillis;

/// Everything there is to know about backups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Backups {
    /// The newest first.
    pub backups: Vec<BackupFile>,
    /// When they are made by themselves.
    pub schedule: Schedule,
    /// When that is next; nothing when it is switched off.
    #[serde(default)]
    pub next_at: Option<UnixMillis>,
    /// Where copies go.
    pub targets: Vec<Target>,
    /// Why the last attempt to make one failed; nothing once one succeeded.
    #[serde(default)]
    pub failure: Option<BackupFailure>,
    /// Whether the newest backup is older than two rounds of the schedule: somebody has to look.
    #[serde(default)]
    pub overdue: bool,
    /// Rehearsed restores, the newest first.
    pub drills: Vec<Drill>,
    /// Whether one is being rehearsed at this moment.
    #[serde(default)]
    pub drilling: bool,
    /// Whether the last rehearsal that passed is more than two weeks ago, or the last one did not pass.
    #[serde(default)]
    pub drill_overdue: bool,
    /// Names of the recovery kits that open a backup made now. Without one there are no backups.
    pub opens_with: Vec<String>,
    /// Directories below which a directory may be a target: the host's configuration names them.
    #[serde(default)]
    pub roots: Vec<String>,
}

/// A backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupFile {
    /// Id.
    pub id: BackupId,
    /// Name of the file.
    pub file_name: String,
    /// Why it was made.
    pub reason: BackupReason,
    /// When its snapshot was taken.
    pub created_at: UnixMillis,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 of the file in hex.
    pub sha256: String,
    /// The Merkle root of its rows in hex.
    pub root: String,
    /// Names of the recovery kits that open it, with their fingerprints. Empty when that is not known: the file was there
    /// before this store was.
    pub opens_with: Vec<String>,
    /// Secrets in it.
    pub secrets: u64,
    /// Values in it that do not open.
    pub unreadable: u64,
    /// Whether the file is in the data directory. If not, only targets have it.
    pub here: bool,
    /// Whether it is not kept any more, and its copies at targets are being removed.
    #[serde(default)]
    pub removed: bool,
    /// Copies at targets.
    pub copies: Vec<Copy>,
}

/// Why a backup was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BackupReason {
    /// The schedule said so.
    Schedule,
    /// Somebody asked for it.
    Request,
    /// A newer program was about to change the database.
    Upgrade,
    /// Unknown: the file was there before this store was.
    Found,
}

/// A copy of a backup at a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Copy {
    /// Where.
    pub target: TargetId,
    /// Since when it is there.
    #[serde(default)]
    pub copied_at: Option<UnixMillis>,
    /// Why it is not.
    #[serde(default)]
    pub error: Option<String>,
}

/// Why somebody has to look at the backups: the worst of what is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BackupTrouble {
    /// The last one could not be made.
    Failed,
    /// None was made for two rounds of the schedule.
    Overdue,
    /// The last rehearsed restore did not pass.
    DrillFailed,
    /// No rehearsed restore passed for two weeks.
    DrillOverdue,
}

/// When backups are made, and how long they are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// A cron expression in UTC, such as `0 3 * * *`; nothing switches it off.
    pub cron: Option<String>,
    /// The newest backup of each of so many days is kept.
    pub daily: u32,
    /// The same for weeks, Monday to Sunday.
    pub weekly: u32,
    /// The same for months.
    pub monthly: u32,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            cron: Some("0 3 * * *".to_owned()),
            daily: 7,
            weekly: 4,
            monthly: 12,
        }
    }
}

/// A place where copies of backups go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// Id.
    pub id: TargetId,
    /// Name, to tell it from others.
    pub name: String,
    /// Where it is, without credentials.
    pub place: TargetPlace,
}

/// Where a target is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum TargetPlace {
    /// A directory of the server's machine, such as a mounted disk, below one that the host's configuration allows.
    Directory {
        /// Absolute path.
        path: String,
    },
    /// A bucket of an S3-compatible service.
    S3 {
        /// Base address of the service, such as `https://s3.eu-central-1.example`.
        endpoint: String,
        /// Region, such as `eu-central-1`.
        region: String,
        /// Name of the bucket, which has to exist.
        bucket: String,
        /// What names of objects begin with; may be empty.
        #[serde(default)]
        prefix: String,
        /// Id of the access key.
        access_key: String,
    },
    /// A folder of a WebDAV server.
    WebDav {
        /// Address of the folder, which has to exist.
        url: String,
        /// Name for the login; may be empty.
        #[serde(default)]
        user: String,
    },
}

/// The last failure of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupFailure {
    /// When.
    pub at: UnixMillis,
    /// Why, in words for people.
    pub reason: String,
}

/// A rehearsed restore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Drill {
    /// When it ended.
    pub at: UnixMillis,
    /// Whether the backup restores whole.
    pub passed: bool,
    /// Name of the backup's file.
    pub file_name: String,
    /// SHA-256 of the file in hex, as it was read.
    pub sha256: String,
    /// When the backup was made.
    pub created_at: UnixMillis,
    /// Secrets that were restored.
    pub secrets: u64,
    /// Values that did not open.
    pub unreadable: u64,
    /// Rows that were restored.
    pub rows: u64,
    /// The Merkle root of the restored rows in hex.
    pub root: String,
    /// Why it did not pass.
    #[serde(default)]
    pub problem: Option<String>,
    /// Whether the record of it is as it was written. One that somebody changed counts for nothing.
    #[serde(default)]
    pub genuine: bool,
}

/// Something that is done with backups.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum BackupsAct {
    /// Changes when they are made and how long they are kept.
    Schedule {
        /// The new one.
        schedule: Schedule,
    },
    /// Adds a target, after a trial: a small file is written there and removed.
    AddTarget {
        /// Name, to tell it from others.
        name: String,
        /// Where it is.
        place: TargetPlace,
        /// The secret key of S3, the password of WebDAV.
        #[serde(default)]
        secret: Option<SecretText>,
    },
    /// Removes a target. The copies there stay.
    RemoveTarget {
        /// Which.
        target: TargetId,
    },
    /// Removes a backup from the data directory and from targets.
    Remove {
        /// Which.
        backup: BackupId,
    },
    /// Begins to rehearse a restore of the newest backup.
    Drill,
}
