//! Everything that can go wrong in a rule: a closed list of meanings. HTTP gives each its status in one place.

use shared::model::access::{Action, Subject};
use shared::model::changes::Refused;
use shared::model::names::InvalidName;

use super::secrets::changes::summary;
use crate::{crypto, store};

/// What went wrong. Texts are for the caller, except those of [`Error::Store`] and [`Error::Crypto`], which go to the
/// log alone.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field has a value that cannot be accepted.
    #[error("{field}: {reason}")]
    Invalid {
        /// Name of the field on the wire.
        field: &'static str,
        /// What is expected.
        reason: String,
    },
    /// The request contradicts a rule or the present state.
    #[error("{0}")]
    BadRequest(String),
    /// It does not exist, as far as the caller may know.
    #[error("{0}")]
    NotFound(String),
    /// No credential, or one that has ended.
    #[error("{0}")]
    Unauthenticated(String),
    /// A token that is not ours, was changed, or has expired.
    #[error("{0}")]
    InvalidToken(String),
    /// A valid credential of the wrong kind, or of somebody who does not belong here.
    #[error("{0}")]
    Forbidden(String),
    /// The role does not allow it.
    #[error("You are not allowed to {action} on {subject}")]
    PermissionDenied {
        /// What was tried.
        action: Action,
        /// On what.
        subject: Subject,
    },
    /// A reference leads to what the caller may not read.
    #[error("{message}")]
    ReferenceDenied {
        /// What was refused.
        message: String,
        /// What is referred to: a name with its place, or the reference as it is written. Never a value.
        referenced: String,
        /// The secret that holds the reference: its name with its place.
        referencing: String,
    },
    /// Somebody else changed it first.
    #[error("{0}")]
    Stale(String),
    /// Some of the changes of a request cannot be made, so none was.
    #[error("{}", summary(.0))]
    ChangesRefused(Vec<Refused>),
    /// The present state does not allow it; the text says what has to come first.
    #[error("{0}")]
    Conflict(String),
    /// Too many failed attempts.
    #[error("Too many failed attempts. Try again in {retry_after} seconds")]
    TooManyAttempts {
        /// Seconds until the next attempt is looked at.
        retry_after: i64,
    },
    /// The store is locked: no key has opened it yet.
    #[error("The store is locked")]
    Locked,
    /// The database refused or failed.
    #[error("store: {0}")]
    Store(store::Error),
    /// A key or a sealed value is not what it should be.
    #[error("crypto: {0}")]
    Crypto(#[from] crypto::Error),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Stale => {
                Self::Stale("Somebody else changed this at the same moment. Read it again and repeat".into())
            }
            other => Self::Store(other),
        }
    }
}

impl Error {
    /// A field refused by a rule of `shared::model::names`.
    pub fn invalid(field: &'static str, reason: &InvalidName) -> Self {
        Self::Invalid {
            field,
            reason: reason.to_string(),
        }
    }

    /// A violated unique index, said in the words of whoever caused it; every other error unchanged.
    pub(super) fn or_exists(error: store::Error, message: &str) -> Self {
        match error {
            store::Error::Unique(_) => Self::BadRequest(message.to_owned()),
            other => other.into(),
        }
    }
}
