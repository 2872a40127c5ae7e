//! Keys of the instance, under `/api/strongroom/v1/keys`. `GET` answers with [`Keys`].

use serde::{Deserialize, Serialize};

pub use crate::model::keys::{Keys, KeysAct};
use crate::model::text::SecretText;

/// `POST /api/strongroom/v1/keys`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DoKeys {
    /// What to do.
    #[serde(flatten)]
    pub act: KeysAct,
    /// The password of the person who asks.
    pub password: SecretText,
}

/// Answer to [`DoKeys`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeysDone {
    /// One sentence that says what was done.
    pub message: String,
    /// Everything as it is now.
    pub keys: Keys,
}
