//! Backups: one file that, with one recovery kit, is a full recovery.
//!
//! ```text
//! age (to every recovery kit, and to the store itself for its drills) of zstd of tar:
//!   MANIFEST.json                    format, versions, instance, number of rows of each table
//!   README.txt                       how to read this with stock tools
//!   keyring.json                     the keyring as in the data directory
//!   rows/<table>.<part>.jsonl        every row; sealed bytes as base64. Restore uses these alone
//!   values/<project>/<environment>.json   current values, opened: for a person with only age, zstd, tar and jq.
//!                                    {"unreadable": "why"} in place of one that does not open
//!   TOTALS.json                      the Merkle root of all rows, the number of secrets: known at the end of the pass
//! ```
//! Written in one pass from one snapshot, in constant memory; nothing lies on disk in plain.

mod destination;
pub mod read;
pub mod replace;
pub mod restore;
pub mod root;
pub mod rows;
pub mod set_aside;
pub mod values;
mod values_text;
pub mod verify;
pub mod write;

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};
use shared::model::ids::InstanceId;
use shared::model::time::UnixMillis;

use crate::{crypto, domain, store};

/// Names the format in the manifest.
pub const FORMAT: &str = "strongroom-backup";
/// Version of the format that this program writes, and the newest that it reads. The first had no totals.
pub const FORMAT_VERSION: u32 = 2;

/// First entry of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// [`FORMAT_VERSION`] of the writer.
    pub format_version: u32,
    /// Version of the program that wrote it.
    pub program_version: String,
    /// Schema of the rows.
    pub schema: i64,
    /// The instance.
    pub instance: InstanceId,
    /// When the snapshot was taken.
    pub created_at: UnixMillis,
    /// Number of rows of each table.
    pub rows: BTreeMap<String, u64>,
    /// Names of the recovery kits that open it, with their fingerprints.
    pub opens_with: Vec<String>,
}

/// Last entry of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// The Merkle root of all rows ([`root::Root`]), in hex.
    pub root: String,
    /// Number of secrets that are not deleted.
    pub secrets: u64,
    /// Number of their values that did not open when it was written.
    pub unreadable: u64,
}

/// What was written or restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The manifest.
    pub manifest: Manifest,
    /// The Merkle root of all rows, in hex; nothing for a backup of the first format.
    pub root: Option<String>,
    /// Number of secrets that are not deleted.
    pub secrets: u64,
    /// Number of values that are there, but do not open or are not complete. Anything but 0 is for somebody to look at.
    pub unreadable: u64,
}

/// Why a backup could not be written or restored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nobody to encrypt to.
    #[error(
        "there is no recovery kit yet, and a backup that nobody can open is none. \
         Make a kit first: strongroom keys kit --output recovery-kit.txt"
    )]
    NoKit,
    /// The output could not be written, or the file could not be read to its end.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The identity does not open the file, or the file is damaged.
    #[error("the backup does not open: {0}")]
    Crypto(#[from] crypto::Error),
    /// The file is not a backup that this program can read.
    #[error("the backup cannot be restored: {0}")]
    Malformed(String),
    /// The data directory is in use or not empty.
    #[error("{0}")]
    Refused(String),
    /// There is no way to the database into which a restore was to go.
    #[error("{0}")]
    Unreachable(String),
    /// The database failed.
    #[error("the database failed: {0}")]
    Store(#[from] store::Error),
    /// A value could not be opened.
    #[error("{0}")]
    Domain(#[from] domain::Error),
}

impl From<store::migrate::MigrationError> for Error {
    fn from(error: store::migrate::MigrationError) -> Self {
        Self::Malformed(error.to_string())
    }
}
