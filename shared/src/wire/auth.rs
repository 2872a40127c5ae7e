//! Logging in: people with a password, machine identities with a client secret.

use serde::{Deserialize, Serialize};

use crate::model::ids::{OrganizationId, UserId};
use crate::model::text::SecretText;
use crate::model::time::UnixMillis;

/// `POST /api/v3/auth/login`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LoginRequest {
    /// Compared lower-cased.
    pub email: String,
    /// The password.
    pub password: SecretText,
}

/// Answer to [`LoginRequest`]: a user token without organization. The refresh token travels in the cookie `jid`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoginResponse {
    /// Bearer token, a JWT.
    pub access_token: SecretText,
}

/// `POST /api/v3/auth/select-organization`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SelectOrganizationRequest {
    /// An organization that the user belongs to.
    pub organization_id: String,
}

/// Answer to [`SelectOrganizationRequest`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SelectOrganizationResponse {
    /// Bearer token with the organization in it.
    pub token: SecretText,
    /// Always false: a second factor comes later.
    pub is_mfa_enabled: bool,
}

/// Answer to `POST /api/v1/auth/checkAuth`, to logout and to token revocation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MessageResponse {
    /// One sentence.
    pub message: String,
}

/// Answer to `POST /api/v1/auth/token`: a fresh bearer token for the holder of the refresh cookie.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenResponse {
    /// Bearer token.
    pub token: SecretText,
    /// The organization in the token, once one was selected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
}

/// `POST /api/v1/auth/universal-auth/login`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UniversalAuthLoginRequest {
    /// Trimmed.
    pub client_id: String,
    /// Trimmed.
    pub client_secret: SecretText,
}

/// Answer to machine logins and renewals. All four fields are read by some client.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessTokenResponse {
    /// Bearer token, a JWT.
    pub access_token: SecretText,
    /// Seconds until it expires unless renewed; 0 means never.
    pub expires_in: i64,
    /// Seconds from creation after which no renewal helps; 0 means no limit.
    #[serde(rename = "accessTokenMaxTTL")]
    pub access_token_max_ttl: i64,
    /// Always `Bearer`.
    pub token_type: String,
}

/// `POST /api/v1/auth/token/revoke`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RevokeTokenRequest {
    /// The token to end.
    pub access_token: SecretText,
}

/// A person, as Infisical shows one.
#[expect(clippy::struct_excessive_bools, reason = "the shape is Infisical's")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Id of the user.
    pub id: UserId,
    /// E-mail address.
    pub email: String,
    /// The same: we have no separate user names.
    pub username: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// Whether the user administers the whole instance.
    pub super_admin: bool,
    /// `email`: the only way for people to log in so far.
    #[serde(default)]
    pub auth_methods: Vec<String>,
    /// Always true: nobody waits to be accepted.
    #[serde(default)]
    pub is_accepted: bool,
    /// Always true: whoever makes a user vouches for the address.
    #[serde(default)]
    pub is_email_verified: bool,
    /// Always false: a second factor comes later.
    #[serde(default)]
    pub is_mfa_enabled: bool,
    /// Always false.
    #[serde(default)]
    pub is_ghost: bool,
    /// When the user was made.
    #[serde(default)]
    pub created_at: UnixMillis,
    /// When the user was last changed.
    #[serde(default)]
    pub updated_at: UnixMillis,
}

/// A user as he sees himself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CurrentUser {
    /// Who it is.
    #[serde(flatten)]
    pub user: User,
    /// The id again.
    pub user_id: UserId,
    /// Always null: a second factor comes later.
    pub mfa_methods: Option<Vec<String>>,
}

/// `GET /api/v1/user`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserResponse {
    /// The caller.
    pub user: CurrentUser,
}
