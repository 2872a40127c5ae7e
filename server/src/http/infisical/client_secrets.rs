//! Client secrets of machine identities.

use std::sync::Arc;

use axum::extract::State;
use shared::model::ids::{ClientSecretId, IdentityId};
use shared::wire::universal_auth::{
    ClientSecretData, ClientSecretResponse, ClientSecretsResponse, CreateClientSecretRequest,
    CreateClientSecretResponse,
};

use crate::app::App;
use crate::domain::client_secrets::{self, NewClientSecret};
use crate::http::error::Failure;
use crate::http::extract::{Json, Path, parsed};
use crate::http::guard::Bearer;
use crate::store;

fn body(row: store::client_secrets::ClientSecret) -> ClientSecretData {
    ClientSecretData {
        id: row.id,
        created_at: row.created_at,
        updated_at: row.updated_at,
        description: row.description,
        client_secret_prefix: row.prefix,
        client_secret_num_uses: row.uses,
        client_secret_num_uses_limit: row.uses_limit,
        client_secret_ttl: row.ttl,
        identity_ua_id: row.client_id,
        is_client_secret_revoked: row.revoked_at.is_some(),
        client_secret_last_used_at: row.last_used_at,
    }
}

fn ids((identity, secret): &(String, String)) -> Result<(IdentityId, ClientSecretId), Failure> {
    Ok((parsed("identityId", identity)?, parsed("clientSecretId", secret)?))
}

/// `POST …/identities/{id}/client-secrets`
pub async fn create(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
    Json(request): Json<CreateClientSecretRequest>,
) -> Result<Json<CreateClientSecretResponse>, Failure> {
    let id: IdentityId = parsed("identityId", &id)?;
    let new = NewClientSecret {
        description: parsed("description", &request.description.unwrap_or_default())?,
        uses_limit: request.num_uses_limit.unwrap_or(0),
        ttl: request.ttl.unwrap_or(0),
    };
    let (client_secret, row) = app
        .write_as(caller, move |cx, caller| {
            client_secrets::create(cx, caller, id, &new)
        })
        .await?;
    Ok(Json(CreateClientSecretResponse {
        client_secret,
        client_secret_data: body(row),
    }))
}

/// `GET …/identities/{id}/client-secrets`
pub async fn list(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
) -> Result<Json<ClientSecretsResponse>, Failure> {
    let id: IdentityId = parsed("identityId", &id)?;
    let rows = app
        .read_as(caller, move |cx, caller| client_secrets::list(cx, caller, id))
        .await?;
    Ok(Json(ClientSecretsResponse {
        client_secret_data: rows.into_iter().map(body).collect(),
    }))
}

/// `GET …/identities/{id}/client-secrets/{clientSecretId}`
pub async fn get(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(path): Path<(String, String)>,
) -> Result<Json<ClientSecretResponse>, Failure> {
    let (id, secret) = ids(&path)?;
    let row = app
        .read_as(caller, move |cx, caller| {
            client_secrets::get(cx, caller, id, secret)
        })
        .await?;
    Ok(Json(ClientSecretResponse {
        client_secret_data: body(row),
    }))
}

/// `POST …/identities/{id}/client-secrets/{clientSecretId}/revoke`
pub async fn revoke(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(path): Path<(String, String)>,
) -> Result<Json<ClientSecretResponse>, Failure> {
    let (id, secret) = ids(&path)?;
    let row = app
        .write_as(caller, move |cx, caller| {
            client_secrets::revoke(cx, caller, id, secret)
        })
        .await?;
    Ok(Json(ClientSecretResponse {
        client_secret_data: body(row),
    }))
}
