//! Token Auth: settings, and access tokens made by hand.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use shared::model::access::Action;
use shared::model::ids::{AccessTokenId, IdentityId};
use shared::model::names::Description;
use shared::wire::auth::MessageResponse;
use shared::wire::token_auth::{
    CreateTokenResponse, TokenAuth, TokenAuthRequest, TokenAuthResponse, TokenData, TokenDataResponse,
    TokenRequest, TokensResponse,
};

use super::trusted_ips;
use crate::app::App;
use crate::domain::access_tokens::GivenTerms;
use crate::domain::token_auth;
use crate::http::error::Failure;
use crate::http::extract::{Json, Path, Query, page, parsed};
use crate::http::guard::Bearer;
use crate::store;
use crate::store::access_tokens::AccessToken;

fn body(row: &store::token_auths::TokenAuth) -> Json<TokenAuthResponse> {
    Json(TokenAuthResponse {
        identity_token_auth: TokenAuth {
            id: row.id,
            access_token_ttl: row.terms.ttl,
            access_token_max_ttl: row.terms.max_ttl,
            access_token_num_uses_limit: row.terms.uses_limit,
            access_token_trusted_ips: trusted_ips::bodies(&row.terms.trusted_ips),
            created_at: row.created_at,
            updated_at: row.updated_at,
            identity_id: row.identity_id,
        },
    })
}

fn token_body(row: AccessToken) -> TokenData {
    TokenData {
        id: row.id,
        name: row.name,
        access_token_ttl: row.terms.ttl,
        access_token_max_ttl: row.terms.max_ttl,
        access_token_period: row.terms.period,
        access_token_num_uses: row.uses.min(row.terms.uses_limit),
        access_token_num_uses_limit: row.terms.uses_limit,
        access_token_last_used_at: row.last_used_at,
        access_token_last_renewed_at: Some(row.renewed_at).filter(|renewed| *renewed > row.created_at),
        is_access_token_revoked: row.revoked_at.is_some(),
        identity_ua_client_secret_id: row.client_secret_id,
        identity_id: row.identity_id,
        auth_method: row.method.to_string(),
        created_at: row.created_at,
        updated_at: row.renewed_at,
    }
}

fn terms(request: TokenAuthRequest) -> Result<GivenTerms, Failure> {
    Ok(GivenTerms {
        ttl: request.access_token_ttl,
        max_ttl: request.access_token_max_ttl,
        period: None,
        uses_limit: request.access_token_num_uses_limit,
        trusted_ips: trusted_ips::stored("accessTokenTrustedIps", request.access_token_trusted_ips)?,
    })
}

fn name(request: TokenRequest) -> Result<Description, Failure> {
    parsed("name", &request.name.unwrap_or_default())
}

/// `POST …/identities/{id}`
pub async fn attach(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
    Json(request): Json<TokenAuthRequest>,
) -> Result<Json<TokenAuthResponse>, Failure> {
    let id: IdentityId = parsed("identityId", &id)?;
    let terms = terms(request)?;
    let row = app
        .write_as(caller, move |cx, caller| {
            token_auth::attach(cx, caller, id, &terms)
        })
        .await?;
    Ok(body(&row))
}

/// `GET …/identities/{id}`
pub async fn get(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
) -> Result<Json<TokenAuthResponse>, Failure> {
    let id: IdentityId = parsed("identityId", &id)?;
    let row = app
        .read_as(caller, move |cx, caller| token_auth::get(cx, caller, id))
        .await?;
    Ok(body(&row))
}

/// `PATCH …/identities/{id}`
pub async fn update(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
    Json(request): Json<TokenAuthRequest>,
) -> Result<Json<TokenAuthResponse>, Failure> {
    let id: IdentityId = parsed("identityId", &id)?;
    let terms = terms(request)?;
    let row = app
        .write_as(caller, move |cx, caller| {
            token_auth::update(cx, caller, id, &terms)
        })
        .await?;
    Ok(body(&row))
}

/// `DELETE …/identities/{id}`
pub async fn detach(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
) -> Result<Json<TokenAuthResponse>, Failure> {
    let id: IdentityId = parsed("identityId", &id)?;
    let row = app
        .write_as(caller, move |cx, caller| token_auth::detach(cx, caller, id))
        .await?;
    Ok(body(&row))
}

/// `POST …/identities/{id}/tokens`
pub async fn create_token(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
    Json(request): Json<TokenRequest>,
) -> Result<Json<CreateTokenResponse>, Failure> {
    let id: IdentityId = parsed("identityId", &id)?;
    let name = name(request)?;
    let issued = app
        .write_as(caller, move |cx, caller| {
            token_auth::create_token(cx, caller, id, &name)
        })
        .await?;
    Ok(Json(CreateTokenResponse {
        access_token: issued.token,
        expires_in: issued.ttl,
        access_token_max_ttl: issued.max_ttl,
        token_type: "Bearer".into(),
        token_data: token_body(issued.row),
    }))
}

/// Which part of a list.
#[derive(Deserialize)]
pub struct PageQuery {
    offset: Option<String>,
    limit: Option<String>,
}

/// `GET …/identities/{id}/tokens`
pub async fn tokens(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<Json<TokensResponse>, Failure> {
    let id: IdentityId = parsed("identityId", &id)?;
    let (offset, limit) = page(query.offset.as_ref(), query.limit.as_ref())?;
    let rows = app
        .read_as(caller, move |cx, caller| {
            token_auth::tokens(cx, caller, id, offset, limit)
        })
        .await?;
    Ok(Json(TokensResponse {
        tokens: rows.into_iter().map(token_body).collect(),
    }))
}

/// `GET …/tokens/{tokenId}`
pub async fn token(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
) -> Result<Json<TokenDataResponse>, Failure> {
    let id: AccessTokenId = parsed("tokenId", &id)?;
    let row = app
        .read_as(caller, move |cx, caller| {
            token_auth::token(cx, caller, id, Action::Read)
        })
        .await?;
    Ok(Json(TokenDataResponse {
        token: token_body(row),
    }))
}

/// `PATCH …/tokens/{tokenId}`
pub async fn rename_token(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
    Json(request): Json<TokenRequest>,
) -> Result<Json<TokenDataResponse>, Failure> {
    let id: AccessTokenId = parsed("tokenId", &id)?;
    let name = name(request)?;
    let row = app
        .write_as(caller, move |cx, caller| {
            token_auth::rename_token(cx, caller, id, &name)
        })
        .await?;
    Ok(Json(TokenDataResponse {
        token: token_body(row),
    }))
}

/// `POST …/tokens/{tokenId}/revoke`
pub async fn revoke_token(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
) -> Result<Json<MessageResponse>, Failure> {
    let id: AccessTokenId = parsed("tokenId", &id)?;
    app.write_as(caller, move |cx, caller| token_auth::revoke_token(cx, caller, id))
        .await?;
    Ok(Json(MessageResponse {
        message: "Successfully revoked access token".into(),
    }))
}
