//! The first hour.

use serde::{Deserialize, Serialize};

use crate::model::time::UnixMillis;

/// The first read of a secret by a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FirstRead {
    /// When.
    pub at: UnixMillis,
    /// Name of the machine identity or service token, or e-mail address of whoever used the command line.
    pub by: String,
    /// What it was.
    pub kind: Reader,
}

/// Programs that read secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reader {
    /// A machine identity.
    Identity,
    /// A service token.
    ServiceToken,
    /// A person with a command line, ours or Infisical's.
    CommandLine,
}
