//! First administrator: Infisical's bootstrap for scripts, our own sign-up for the browser.

use serde::{Deserialize, Serialize};

use crate::model::ids::{IdentityId, OrganizationId};
use crate::model::text::SecretText;
use crate::wire::auth::User;

/// Header that carries the set-up code where the body cannot, and may carry it everywhere else.
pub const SETUP_CODE_HEADER: &str = "x-strongroom-setup-code";

/// `POST /api/v1/admin/bootstrap` and `POST /api/strongroom/v1/setup`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetupRequest {
    /// Of the form a@b.cd.
    pub email: String,
    /// 12 characters or more, not among the known common ones.
    pub password: SecretText,
    /// Name of the organization, 1 to 64 characters.
    pub organization: String,
    /// The code that `serve` prints; also accepted as the header [`SETUP_CODE_HEADER`]. Not needed by a script on the
    /// same machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup_code: Option<SecretText>,
}

/// Answer to bootstrap, in Infisical's shape.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BootstrapResponse {
    /// One sentence.
    pub message: String,
    /// A machine identity that administers the instance.
    pub identity: BootstrapIdentity,
    /// The organization.
    pub organization: BootstrapOrganization,
    /// The administrator.
    pub user: User,
}

/// The identity inside [`BootstrapResponse`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BootstrapIdentity {
    /// Id.
    pub id: IdentityId,
    /// Name.
    pub name: String,
    /// Its token.
    pub credentials: BootstrapCredentials,
}

/// The token inside [`BootstrapIdentity`]: shown once, never expires, revocable.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BootstrapCredentials {
    /// Bearer token.
    pub token: SecretText,
}

/// The organization inside [`BootstrapResponse`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BootstrapOrganization {
    /// Id.
    pub id: OrganizationId,
    /// Name.
    pub name: String,
    /// Slug.
    pub slug: String,
}

/// `GET /api/strongroom/v1/setup`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetupState {
    /// Whether the first administrator exists: then sign-up is closed.
    pub initialized: bool,
}

/// Answer to `POST /api/strongroom/v1/setup`: the administrator is logged in at once; the refresh token travels in the
/// cookie `jid`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetupResponse {
    /// Bearer token with the organization in it.
    pub token: SecretText,
    /// The administrator.
    pub user: User,
    /// The organization.
    pub organization: BootstrapOrganization,
}
