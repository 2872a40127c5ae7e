//! Service tokens: credentials of one project with scopes of their own, older than machine identities and still what
//! many scripts hold.

use serde::{Deserialize, Serialize};

use crate::model::ids::{ProjectId, ServiceTokenId, UserId};
use crate::model::text::SecretText;
use crate::model::time::UnixMillis;

/// Where a token works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceTokenScope {
    /// Slug of the environment.
    pub environment: String,
    /// A folder, or a pattern of folders with `*`, `**`, `?` and `{a,b}`; `/` when absent.
    #[serde(default)]
    pub secret_path: String,
}

/// `POST /api/v2/service-token`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateServiceTokenRequest {
    /// What it is for.
    pub name: String,
    /// Id, slug or unique name of the project.
    #[serde(default)]
    pub workspace_id: Option<String>,
    /// The same under its newer name.
    #[serde(default)]
    pub project_id: Option<String>,
    /// At least one: an empty list would open nothing.
    pub scopes: Vec<ServiceTokenScope>,
    /// `read` and `write`, at least one of them.
    pub permissions: Vec<String>,
    /// Seconds it lives; for ever when 0, null or absent.
    #[serde(default)]
    pub expires_in: Option<i64>,
    /// Kept for the client as it came: for clients that encrypt the key of a project for the token.
    #[serde(default)]
    pub encrypted_key: Option<String>,
    /// Belongs to the encrypted key.
    #[serde(default)]
    pub iv: Option<String>,
    /// Belongs to the encrypted key.
    #[serde(default)]
    pub tag: Option<String>,
}

/// Whoever made a token.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceTokenUser {
    /// Id.
    #[serde(rename = "_id")]
    pub id_again: UserId,
    /// Id.
    pub id: UserId,
    /// E-mail address.
    pub email: String,
    /// The same as the address.
    pub username: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
}

/// A token without its secret. `GET /api/v2/service-token` answers with it bare.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceToken {
    /// Id.
    #[serde(rename = "_id")]
    pub id_again: ServiceTokenId,
    /// Id.
    pub id: ServiceTokenId,
    /// What it is for.
    pub name: String,
    /// The project.
    pub workspace: ProjectId,
    /// The project.
    pub project_id: ProjectId,
    /// Where it works.
    pub scopes: Vec<ServiceTokenScope>,
    /// `read` and `write`.
    pub permissions: Vec<String>,
    /// When it ends; null for never.
    pub expires_at: Option<UnixMillis>,
    /// When it was last used, to the minute.
    pub last_used: Option<UnixMillis>,
    /// As it came.
    pub encrypted_key: String,
    /// As it came.
    pub iv: String,
    /// As it came.
    pub tag: String,
    /// Whoever made it.
    pub created_by: UserId,
    /// The same with name and address: for the token itself alone. The command line reads a text here in the answer to
    /// making one and fails on anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<ServiceTokenUser>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
    /// Always 0.
    #[serde(rename = "__v")]
    pub revision: i64,
}

/// Answer to [`CreateServiceTokenRequest`]: the only time the token is shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreatedServiceTokenResponse {
    /// `st.<id>.<secret>`
    pub service_token: SecretText,
    /// The same without the secret.
    pub service_token_data: ServiceToken,
}

/// One token after its deletion.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceTokenResponse {
    /// The token.
    pub service_token_data: ServiceToken,
}

/// The tokens of a project.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceTokensResponse {
    /// By name.
    pub service_token_data: Vec<ServiceToken>,
}
