//! State of the server.

use serde::{Deserialize, Serialize};

use crate::model::ids::OrganizationId;
use crate::model::time::UnixMillis;

/// `GET /api/status`: 200 when secrets can be served, 503 when the store is locked or cannot be used.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the shape is Infisical's")]
pub struct Status {
    /// The server's clock.
    pub date: UnixMillis,
    /// `Ok`, or what is wrong.
    pub message: String,
    /// Whether mail can be sent.
    pub email_configured: bool,
    /// Whether accounts are made by invitation only.
    pub invite_only_signup: bool,
    /// Whether Redis is in use.
    pub redis_configured: bool,
    /// Always false.
    pub secret_scanning_configured: bool,
}

/// `GET /api/health`: 200 as long as the process answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Health {
    /// `ok` or `locked`.
    pub status: String,
    /// Version of the program.
    pub version: String,
}

/// `GET /api/strongroom/v1/me`: who the bearer of a token is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// `user` or `identity`.
    pub kind: String,
    /// E-mail address of a user, name of an identity.
    pub name: String,
    /// E-mail address of a user; none for a machine identity.
    #[serde(default)]
    pub email: Option<String>,
    /// The organization in the token.
    pub organization_id: Option<OrganizationId>,
    /// Whether the bearer administers the instance: keys, backups, the state of the server.
    #[serde(default)]
    pub instance_admin: bool,
}
