//! How much of everything there is, for reports about backups.

use serde::{Deserialize, Serialize};

/// Numbers of what is not deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contents {
    /// Projects.
    pub projects: u64,
    /// Secrets, personal ones too.
    pub secrets: u64,
    /// Versions of secrets, those of deleted secrets included: they can be brought back.
    pub versions: u64,
    /// People.
    pub users: u64,
    /// Machine identities.
    pub identities: u64,
}
