//! Universal Auth: settings, client secrets, and the login itself.

use std::sync::Arc;

use axum::extract::State;
use shared::model::ids::{ClientSecretId, IdentityId};
use shared::wire::auth::{AccessTokenResponse, UniversalAuthLoginRequest};
use shared::wire::identities::{
    ClientSecretData, ClientSecretResponse, ClientSecretsResponse, CreateClientSecretRequest,
    CreateClientSecretResponse, TrustedIp, UniversalAuth, UniversalAuthRequest, UniversalAuthResponse,
};

use super::access_tokens;
use crate::app::App;
use crate::domain::trusted_ips;
use crate::domain::universal_auth::{self, LoggedIn, NewClientSecret, Settings};
use crate::http::error::Failure;
use crate::http::extract::{Json, Path, parsed};
use crate::http::guard::{Bearer, From};
use crate::store;

fn ip_bodies(stored: &str) -> Vec<TrustedIp> {
    trusted_ips::ranges(stored)
        .map(|range| TrustedIp {
            ip_address: range.addr().to_string(),
            kind: Some(if range.addr().is_ipv4() { "ipv4" } else { "ipv6" }.into()),
            prefix: Some(range.prefix_len()),
        })
        .collect()
}

fn body(row: &store::universal_auths::UniversalAuth) -> UniversalAuth {
    UniversalAuth {
        id: row.client_id,
        client_id: row.client_id,
        access_token_ttl: row.access_token_ttl,
        access_token_max_ttl: row.access_token_max_ttl,
        access_token_num_uses_limit: row.access_token_uses_limit,
        access_token_period: 0,
        client_secret_trusted_ips: ip_bodies(&row.client_secret_trusted_ips),
        access_token_trusted_ips: ip_bodies(&row.access_token_trusted_ips),
        created_at: row.created_at,
        updated_at: row.updated_at,
        identity_id: row.identity_id,
    }
}

fn secret_body(row: store::universal_auths::ClientSecret) -> ClientSecretData {
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

fn stored_ips(field: &'static str, ips: Option<Vec<TrustedIp>>) -> Result<Option<String>, Failure> {
    let Some(ips) = ips else { return Ok(None) };
    let entries: Vec<String> = ips
        .into_iter()
        .map(|ip| match ip.prefix {
            Some(prefix) if !ip.ip_address.contains('/') => format!("{}/{prefix}", ip.ip_address),
            _ => ip.ip_address,
        })
        .collect();
    Ok(Some(trusted_ips::parse(field, &entries)?))
}

/// `POST …/identities/{id}`
pub async fn attach(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
    Json(request): Json<UniversalAuthRequest>,
) -> Result<Json<UniversalAuthResponse>, Failure> {
    let id: IdentityId = parsed("identityId", &id)?;
    let settings = Settings {
        access_token_ttl: request.access_token_ttl,
        access_token_max_ttl: request.access_token_max_ttl,
        access_token_uses_limit: request.access_token_num_uses_limit,
        client_secret_trusted_ips: stored_ips("clientSecretTrustedIps", request.client_secret_trusted_ips)?,
        access_token_trusted_ips: stored_ips("accessTokenTrustedIps", request.access_token_trusted_ips)?,
    };
    let row = app
        .write_as(caller, move |cx, caller| {
            universal_auth::attach(cx, caller, id, &settings)
        })
        .await?;
    Ok(Json(UniversalAuthResponse {
        identity_universal_auth: body(&row),
    }))
}

/// `GET …/identities/{id}`
pub async fn get(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
) -> Result<Json<UniversalAuthResponse>, Failure> {
    let id: IdentityId = parsed("identityId", &id)?;
    let row = app
        .read_as(caller, move |cx, caller| universal_auth::get(cx, caller, id))
        .await?;
    Ok(Json(UniversalAuthResponse {
        identity_universal_auth: body(&row),
    }))
}

/// `POST …/identities/{id}/client-secrets`
pub async fn create_secret(
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
            universal_auth::create_secret(cx, caller, id, &new)
        })
        .await?;
    Ok(Json(CreateClientSecretResponse {
        client_secret,
        client_secret_data: secret_body(row),
    }))
}

/// `GET …/identities/{id}/client-secrets`
pub async fn list_secrets(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
) -> Result<Json<ClientSecretsResponse>, Failure> {
    let id: IdentityId = parsed("identityId", &id)?;
    let rows = app
        .read_as(caller, move |cx, caller| {
            universal_auth::list_secrets(cx, caller, id)
        })
        .await?;
    Ok(Json(ClientSecretsResponse {
        client_secret_data: rows.into_iter().map(secret_body).collect(),
    }))
}

/// `POST …/identities/{id}/client-secrets/{clientSecretId}/revoke`
pub async fn revoke_secret(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path((id, secret)): Path<(String, String)>,
) -> Result<Json<ClientSecretResponse>, Failure> {
    let id: IdentityId = parsed("identityId", &id)?;
    let secret: ClientSecretId = parsed("clientSecretId", &secret)?;
    let row = app
        .write_as(caller, move |cx, caller| {
            universal_auth::revoke_secret(cx, caller, id, secret)
        })
        .await?;
    Ok(Json(ClientSecretResponse {
        client_secret_data: secret_body(row),
    }))
}

/// `POST /api/v1/auth/universal-auth/login`
pub async fn login(
    State(app): State<Arc<App>>,
    From(source): From,
    Json(request): Json<UniversalAuthLoginRequest>,
) -> Result<Json<AccessTokenResponse>, Failure> {
    let logged_in = app
        .write(move |cx| universal_auth::login(cx, &request.client_id, &request.client_secret, &source))
        .await?;
    match logged_in {
        LoggedIn::Refused(error) => Err(error.into()),
        LoggedIn::Issued(issued) => Ok(Json(access_tokens::body(issued))),
    }
}
