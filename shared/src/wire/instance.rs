//! The state of the instance, for its administrators.

use serde::{Deserialize, Serialize};

use crate::model::time::UnixMillis;

/// `GET /api/strongroom/v1/instance`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Instance {
    /// Version of the program.
    pub version: String,
    /// When this process began to serve.
    pub started_at: UnixMillis,
    /// Where the data is.
    pub database: Database,
    /// `unlocked`: a locked server does not get as far as answering this.
    pub state: String,
    /// Fingerprint of the key that opened the store; none when that key was removed since.
    pub key_fingerprint: Option<String>,
    /// Name of the key that opened the store; none when that key was removed since.
    pub unlocked_by: Option<String>,
    /// How many keys could open it: the server's own and recovery kits.
    pub unlockers: u64,
    /// The newest backup that was completed; none before the first.
    pub last_backup: Option<LastBackup>,
    /// The data directory on the server.
    pub data_directory: Option<String>,
    /// What the server may contact; nothing, unless somebody configured it.
    pub outbound: Vec<Outbound>,
    /// Addresses, ranges and host names outside the public internet that the host allows it to contact.
    pub outbound_allowed: Vec<String>,
}

/// A reason to contact other machines inside [`Instance`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outbound {
    /// What for.
    pub purpose: String,
    /// When.
    pub when: String,
    /// What is sent.
    pub sends: String,
    /// Whom, at least one.
    pub to: Vec<String>,
}

/// The database inside [`Instance`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Database {
    /// Which one.
    pub kind: DatabaseKind,
    /// What it takes on disk.
    pub size_bytes: u64,
}

/// Databases that can hold the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DatabaseKind {
    /// An encrypted file in the data directory.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

/// A backup inside [`Instance`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastBackup {
    /// When it was begun: what was stored later is not in it.
    pub at: UnixMillis,
    /// Size of the file.
    pub size_bytes: u64,
}
