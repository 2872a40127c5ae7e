//! A server whose store is locked, under `/api/strongroom/v1/locked` and `/api/strongroom/v1/unlock`.

use serde::{Deserialize, Serialize};

use crate::model::keys::UnlockerKind;
use crate::model::text::SecretText;

/// `GET /api/strongroom/v1/locked`: nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Locked {
    /// Whether the store is locked.
    pub locked: bool,
    /// Fingerprint of the key that the server misses, or of its certificate. Its log names the same, so that a person can
    /// compare before a kit travels.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// Whether it is that of the certificate: then the browser knows it too, and a person compares the browser's with the
    /// log's.
    #[serde(default)]
    pub certificate: bool,
    /// What opens the store, but for the server's own key.
    #[serde(default)]
    pub unlockers: Vec<UnlockerName>,
    /// Whether [`Unlock`] must repeat [`Locked::fingerprint`]: whoever asks is not on the machine itself.
    #[serde(default)]
    pub confirmation_needed: bool,
}

/// A key of the store as anybody may see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnlockerName {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub kind: UnlockerKind,
    /// Its fingerprint; it stands in a recovery kit too.
    pub fingerprint: String,
}

/// `POST /api/strongroom/v1/unlock`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unlock {
    /// The text of a recovery kit or its key alone, cards, an SSH key, a passphrase, or the value of `ENCRYPTION_KEY`.
    pub identity: SecretText,
    /// The fingerprint that the person compared.
    #[serde(default)]
    pub confirmed_fingerprint: Option<String>,
}

/// Answer to [`Unlock`]: the server runs on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unlocked {
    /// Name of the key that opened the store.
    pub unlocked_by: String,
}
