//! What can go wrong with keys and ciphertext.

use std::io;
use std::path::{Path, PathBuf};

/// Why an operation on keys or ciphertext was refused. Never contains key material or plaintext.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Authenticated decryption failed: another key, another context, or changed bytes. Which of them cannot be told.
    #[error("decryption failed: the key does not fit, or the data was changed or moved")]
    WrongKey,
    /// The bytes do not have the shape they must have; the text says what was expected.
    #[error("malformed data: {0}")]
    Malformed(&'static str),
    /// None of the given age identities opens a slot of the keyring.
    #[error("none of the given identities opens the keyring")]
    NoIdentityOpens,
    /// The data names a key version that the caller does not have.
    #[error("key version {0} is not in the keyring")]
    UnknownKeyVersion(u32),
    /// Too many passwords are being checked right now; trying again soon is right.
    #[error("too many passwords are being checked at the moment; try again in a few seconds")]
    Busy,
    /// The keyring has no slot with this id.
    #[error("the keyring has no such slot")]
    UnknownSlot,
    /// The keyring already has a slot for this recipient.
    #[error("the keyring already has a slot for this recipient")]
    SlotExists,
    /// The last way to unlock the keyring cannot be removed: nothing could ever open it again.
    #[error(
        "the last slot of the keyring cannot be removed: nothing could open it afterwards; add another one first"
    )]
    LastSlot,
    /// Text that was expected to be an age recipient (`age1…`) is not one.
    #[error("not an age recipient: text such as age1… is expected")]
    InvalidRecipient,
    /// The data was written by a newer release. Falling back to something older could lose keys, so nothing is done.
    #[error("this was written by a newer release of this program: install that release, or a later one")]
    NewerFormat,
    /// Another keyring lies in the folder: of another instance, or newer than the one that was to be stored.
    #[error(
        "the folder holds the keyring of another instance or a newer generation of this one; it was left as it is"
    )]
    KeyringInTheWay,
    /// An identity file could be read but not used.
    #[error("{path}: {why}")]
    IdentityFile {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        why: String,
    },
    /// A named file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Reading or writing a stream failed.
    #[error("input or output failed: {0}")]
    Io(#[from] io::Error),
    /// The operating system gave no random numbers. Nothing may be encrypted or issued without them.
    #[error("the operating system gave no random numbers")]
    Random,
}

impl Error {
    /// For `map_err`: an input or output error with the file it happened to.
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}
