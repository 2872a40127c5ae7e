//! Recovery kits, under `/api/strongroom/v1/kits`.

use serde::{Deserialize, Serialize};

use crate::model::ids::InstanceId;
pub use crate::model::keys::{Unlocker, UnlockerKind};
use crate::model::text::SecretText;
use crate::model::time::UnixMillis;

/// `GET /api/strongroom/v1/kits`: what opens the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kits {
    /// The installation; a kit says which one it belongs to.
    pub instance: InstanceId,
    /// The server's own key and the recovery kits, oldest first.
    pub unlockers: Vec<Unlocker>,
    /// When somebody decided to go on without a kit.
    pub skipped_at: Option<UnixMillis>,
}

/// `POST /api/strongroom/v1/kits`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AddKit {
    /// Name of the kit.
    pub name: String,
    /// The public half of a key that was made elsewhere, `age1…`.
    pub recipient: String,
    /// The password of the person who asks.
    pub password: SecretText,
}

/// Answer to [`AddKit`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KitAdded {
    /// The kit, which opens the store from now on.
    pub unlocker: Unlocker,
}

/// Answer to `POST /api/strongroom/v1/kits/skip`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KitSkipped {
    /// When it was skipped, now or before.
    pub skipped_at: UnixMillis,
}
