//! Universal Auth of machine identities: settings and client secrets.

use serde::{Deserialize, Serialize};

use crate::model::ids::{ClientId, ClientSecretId, IdentityId};
use crate::model::text::SecretText;
use crate::model::time::UnixMillis;

/// A range of addresses from which a credential may be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrustedIp {
    /// Address, with `/prefix` in requests.
    pub ip_address: String,
    /// `ipv4` or `ipv6`, in answers.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Length of the network part, in answers where a range was given with one; in requests it may stand here too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<u8>,
}

/// `POST /api/v1/auth/universal-auth/identities/{id}`; also its `PATCH`, where absent fields stay as they are.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UniversalAuthRequest {
    /// Where client secrets may be used from; everywhere when absent.
    pub client_secret_trusted_ips: Option<Vec<TrustedIp>>,
    /// Where access tokens may be used from; everywhere when absent.
    pub access_token_trusted_ips: Option<Vec<TrustedIp>>,
    /// Seconds; 30 days when absent, 0 for never.
    #[serde(rename = "accessTokenTTL")]
    pub access_token_ttl: Option<i64>,
    /// Seconds; 30 days when absent, 0 for no limit.
    #[serde(rename = "accessTokenMaxTTL")]
    pub access_token_max_ttl: Option<i64>,
    /// Requests an access token is good for; 0 for any number.
    pub access_token_num_uses_limit: Option<i64>,
    /// Seconds a token lives without renewal, any number of which is possible; 0 for the two times above.
    pub access_token_period: Option<i64>,
    /// Whether wrong client secrets lock the client id; true when absent.
    pub lockout_enabled: Option<bool>,
    /// Wrong client secrets in a row that lock it; 3 when absent.
    pub lockout_threshold: Option<i64>,
    /// Seconds it stays locked; 300 when absent.
    pub lockout_duration_seconds: Option<i64>,
    /// Seconds after which wrong client secrets are forgotten; 30 when absent.
    pub lockout_counter_reset_seconds: Option<i64>,
}

/// Universal Auth settings of an identity.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UniversalAuth {
    /// Id of the settings, the client id again.
    pub id: ClientId,
    /// What the machine logs in with.
    pub client_id: ClientId,
    /// Seconds.
    #[serde(rename = "accessTokenTTL")]
    pub access_token_ttl: i64,
    /// Seconds.
    #[serde(rename = "accessTokenMaxTTL")]
    pub access_token_max_ttl: i64,
    /// 0 for any number.
    pub access_token_num_uses_limit: i64,
    /// Seconds; 0 when tokens are not periodic.
    pub access_token_period: i64,
    /// Where client secrets may be used from.
    pub client_secret_trusted_ips: Vec<TrustedIp>,
    /// Where access tokens may be used from.
    pub access_token_trusted_ips: Vec<TrustedIp>,
    /// Whether wrong client secrets lock the client id.
    pub lockout_enabled: bool,
    /// Wrong client secrets in a row that lock it.
    pub lockout_threshold: i64,
    /// Seconds it stays locked.
    pub lockout_duration_seconds: i64,
    /// Seconds after which wrong client secrets are forgotten.
    pub lockout_counter_reset_seconds: i64,
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
pub struct UniversalAuthResponse {
    /// The settings.
    pub identity_universal_auth: UniversalAuth,
}

/// `POST …/client-secrets`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateClientSecretRequest {
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// Logins it is good for; 0 for any number.
    #[serde(default)]
    pub num_uses_limit: Option<i64>,
    /// Seconds it lives; 0 for ever.
    #[serde(default)]
    pub ttl: Option<i64>,
}

/// What may be known of a client secret after its creation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientSecretData {
    /// Id.
    pub id: ClientSecretId,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
    /// What it is for.
    pub description: String,
    /// Its first four characters.
    pub client_secret_prefix: String,
    /// Logins so far.
    pub client_secret_num_uses: i64,
    /// 0 for any number.
    pub client_secret_num_uses_limit: i64,
    /// Seconds; 0 for ever.
    #[serde(rename = "clientSecretTTL")]
    pub client_secret_ttl: i64,
    /// The Universal Auth settings it belongs to.
    #[serde(rename = "identityUAId")]
    pub identity_ua_id: ClientId,
    /// Whether it was revoked.
    pub is_client_secret_revoked: bool,
    /// Last login.
    pub client_secret_last_used_at: Option<UnixMillis>,
}

/// A new client secret: the only time it is shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateClientSecretResponse {
    /// The secret itself.
    pub client_secret: SecretText,
    /// What is kept of it.
    pub client_secret_data: ClientSecretData,
}

/// One client secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientSecretResponse {
    /// What is kept of it.
    pub client_secret_data: ClientSecretData,
}

/// All client secrets that are not revoked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientSecretsResponse {
    /// Oldest first.
    pub client_secret_data: Vec<ClientSecretData>,
}
