//! Changes to many secrets at once: what they do, and why one of them cannot be made.

use serde::{Deserialize, Serialize};

/// Most changes in one request.
pub const MOST_CHANGES: usize = 5_000;

/// What a change does to a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Op {
    /// Makes it.
    Create,
    /// Adds a version.
    Update,
    /// Moves it to the trash.
    Delete,
    /// Takes it out of the trash.
    Restore,
    /// Adds a version that has the content of a past one.
    Revert,
}

/// The kinds of reasons to refuse a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RefusedKind {
    /// The secret, its past version or a tag is not there.
    Missing,
    /// Somebody changed the secret in the meantime.
    Stale,
    /// Another secret has the name.
    Taken,
    /// It refers to a place where its writer may not read.
    Denied,
    /// It contradicts another change of the request, or changes nothing.
    Invalid,
}

/// Why one change of a request cannot be made: an item of `details` in the answer that refuses all of them, with status
/// 400, 403, 404 or 409.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// Where the change stands in the request, from 0.
    pub index: usize,
    /// The name of the secret, or its id where no name is known.
    pub name: String,
    /// The kind of reason.
    pub kind: RefusedKind,
    /// The reason in words, without the name.
    pub reason: String,
    /// The version that the secret has now, when somebody changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_version: Option<i64>,
}
