//! Token Auth of machine identities: settings, and access tokens made by hand.

use serde::{Deserialize, Serialize};

use crate::model::ids::{AccessTokenId, ClientSecretId, IdentityId, TokenAuthId};
use crate::model::text::SecretText;
use crate::model::time::UnixMillis;
use crate::wire::universal_auth::TrustedIp;

/// `POST /api/v1/auth/token-auth/identities/{id}`; also its `PATCH`, where absent fields stay as they are.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TokenAuthRequest {
    /// Where tokens may be used from; everywhere when absent.
    pub access_token_trusted_ips: Option<Vec<TrustedIp>>,
    /// Seconds; 30 days when absent, 0 for never.
    #[serde(rename = "accessTokenTTL")]
    pub access_token_ttl: Option<i64>,
    /// Seconds; 30 days when absent, 0 for no limit.
    #[serde(rename = "accessTokenMaxTTL")]
    pub access_token_max_ttl: Option<i64>,
    /// Requests a token is good for; 0 for any number.
    pub access_token_num_uses_limit: Option<i64>,
}

/// Token Auth settings of an identity.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenAuth {
    /// Id of the settings.
    pub id: TokenAuthId,
    /// Seconds.
    #[serde(rename = "accessTokenTTL")]
    pub access_token_ttl: i64,
    /// Seconds.
    #[serde(rename = "accessTokenMaxTTL")]
    pub access_token_max_ttl: i64,
    /// 0 for any number.
    pub access_token_num_uses_limit: i64,
    /// Where tokens may be used from.
    pub access_token_trusted_ips: Vec<TrustedIp>,
    /// When it was attached.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
    /// The identity.
    pub identity_id: IdentityId,
}

/// Settings after attaching, reading, changing or detaching.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenAuthResponse {
    /// The settings.
    pub identity_token_auth: TokenAuth,
}

/// `POST …/identities/{id}/tokens` and `PATCH …/tokens/{tokenId}`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct TokenRequest {
    /// What the token is for.
    #[serde(default)]
    pub name: Option<String>,
}

/// What may be known of a token after its creation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenData {
    /// Id.
    pub id: AccessTokenId,
    /// What it is for.
    pub name: String,
    /// Seconds.
    #[serde(rename = "accessTokenTTL")]
    pub access_token_ttl: i64,
    /// Seconds.
    #[serde(rename = "accessTokenMaxTTL")]
    pub access_token_max_ttl: i64,
    /// Seconds; 0 when it is not periodic.
    pub access_token_period: i64,
    /// Requests so far, counted only when there is a limit.
    pub access_token_num_uses: i64,
    /// 0 for any number.
    pub access_token_num_uses_limit: i64,
    /// Last request, to the minute, or renewal.
    pub access_token_last_used_at: Option<UnixMillis>,
    /// Last renewal.
    pub access_token_last_renewed_at: Option<UnixMillis>,
    /// Whether it was revoked.
    pub is_access_token_revoked: bool,
    /// The client secret it came from; null for a token made by hand.
    #[serde(rename = "identityUAClientSecretId")]
    pub identity_ua_client_secret_id: Option<ClientSecretId>,
    /// The identity.
    pub identity_id: IdentityId,
    /// `token-auth`
    pub auth_method: String,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was last renewed.
    pub updated_at: UnixMillis,
}

/// A new token: the only time it is shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateTokenResponse {
    /// Bearer token, a JWT.
    pub access_token: SecretText,
    /// Seconds until it expires unless renewed; 0 means never.
    pub expires_in: i64,
    /// Seconds from creation after which no renewal helps; 0 means no limit.
    #[serde(rename = "accessTokenMaxTTL")]
    pub access_token_max_ttl: i64,
    /// Always `Bearer`.
    pub token_type: String,
    /// What is kept of it.
    pub token_data: TokenData,
}

/// Tokens that are not revoked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TokensResponse {
    /// Oldest first.
    pub tokens: Vec<TokenData>,
}

/// One token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TokenDataResponse {
    /// What is kept of it.
    pub token: TokenData,
}
