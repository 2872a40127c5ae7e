//! Sessions of the person who asks, under `/api/strongroom/v1/sessions`.

use serde::{Deserialize, Serialize};

use crate::model::ids::SessionId;
use crate::model::time::UnixMillis;

/// `GET /api/strongroom/v1/sessions`: the caller's sessions in force, the one used last first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sessions {
    /// At most the 500 used last.
    pub sessions: Vec<Session>,
}

/// A login that has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Id.
    pub id: SessionId,
    /// Whether it is the one that asks.
    pub current: bool,
    /// When the person logged in.
    pub created_at: UnixMillis,
    /// When it was used last, to within a minute.
    pub last_used_at: UnixMillis,
    /// Address of the login.
    pub ip: String,
    /// What the program that logged in says of itself; may be empty, and may be anything.
    pub user_agent: String,
    /// When it ends by itself.
    pub expires_at: UnixMillis,
}

/// Answer to `DELETE /api/strongroom/v1/sessions/{session}`, to `DELETE /api/strongroom/v1/sessions` (`?others=true` keeps
/// the one that asks).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionsEnded {
    /// How many sessions ended. From now on neither their bearer tokens nor their refresh cookies are worth anything.
    pub ended: u64,
}
