//! Universal Auth: settings, and the login itself.

use std::sync::Arc;

use axum::extract::State;
use shared::model::ids::IdentityId;
use shared::wire::auth::{AccessTokenResponse, UniversalAuthLoginRequest};
use shared::wire::universal_auth::{UniversalAuth, UniversalAuthRequest, UniversalAuthResponse};

use super::{access_tokens, trusted_ips};
use crate::app::App;
use crate::domain::access_tokens::GivenTerms;
use crate::domain::machine_login::{self, LoggedIn};
use crate::domain::universal_auth::{self, Settings};
use crate::http::error::Failure;
use crate::http::extract::{Json, Path, parsed};
use crate::http::guard::{Bearer, From};
use crate::http::refused_login;
use crate::store;

fn body(row: &store::universal_auths::UniversalAuth) -> Json<UniversalAuthResponse> {
    Json(UniversalAuthResponse {
        identity_universal_auth: UniversalAuth {
            id: row.client_id,
            client_id: row.client_id,
            access_token_ttl: row.terms.ttl,
            access_token_max_ttl: row.terms.max_ttl,
            access_token_num_uses_limit: row.terms.uses_limit,
            access_token_period: row.terms.period,
            client_secret_trusted_ips: trusted_ips::bodies(&row.client_secret_trusted_ips),
            access_token_trusted_ips: trusted_ips::bodies(&row.terms.trusted_ips),
            lockout_enabled: row.lockout.enabled,
            lockout_threshold: row.lockout.threshold,
            lockout_duration_seconds: row.lockout.seconds,
            lockout_counter_reset_seconds: row.lockout.reset_seconds,
            created_at: row.created_at,
            updated_at: row.updated_at,
            identity_id: row.identity_id,
        },
    })
}

fn settings(request: UniversalAuthRequest) -> Result<Settings, Failure> {
    Ok(Settings {
        terms: GivenTerms {
            ttl: request.access_token_ttl,
            max_ttl: request.access_token_max_ttl,
            period: request.access_token_period,
            uses_limit: request.access_token_num_uses_limit,
            trusted_ips: trusted_ips::stored("accessTokenTrustedIps", request.access_token_trusted_ips)?,
        },
        client_secret_trusted_ips: trusted_ips::stored(
            "clientSecretTrustedIps",
            request.client_secret_trusted_ips,
        )?,
        lockout_enabled: request.lockout_enabled,
        lockout_threshold: request.lockout_threshold,
        lockout_seconds: request.lockout_duration_seconds,
        lockout_reset_seconds: request.lockout_counter_reset_seconds,
    })
}

/// `POST …/identities/{id}`
pub async fn attach(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
    Json(request): Json<UniversalAuthRequest>,
) -> Result<Json<UniversalAuthResponse>, Failure> {
    let id: IdentityId = parsed("identityId", &id)?;
    let settings = settings(request)?;
    let row = app
        .write_as(caller, move |cx, caller| {
            universal_auth::attach(cx, caller, id, &settings)
        })
        .await?;
    Ok(body(&row))
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
    Ok(body(&row))
}

/// `PATCH …/identities/{id}`
pub async fn update(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
    Json(request): Json<UniversalAuthRequest>,
) -> Result<Json<UniversalAuthResponse>, Failure> {
    let id: IdentityId = parsed("identityId", &id)?;
    let settings = settings(request)?;
    let row = app
        .write_as(caller, move |cx, caller| {
            universal_auth::update(cx, caller, id, &settings)
        })
        .await?;
    Ok(body(&row))
}

/// `DELETE …/identities/{id}`
pub async fn detach(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
) -> Result<Json<UniversalAuthResponse>, Failure> {
    let id: IdentityId = parsed("identityId", &id)?;
    let row = app
        .write_as(caller, move |cx, caller| universal_auth::detach(cx, caller, id))
        .await?;
    Ok(body(&row))
}

/// `POST /api/v1/auth/universal-auth/login`
pub async fn login(
    State(app): State<Arc<App>>,
    From(source): From,
    Json(request): Json<UniversalAuthLoginRequest>,
) -> Result<Json<AccessTokenResponse>, Failure> {
    let from = source.clone();
    let logged_in = app
        .write_patiently(move |cx| {
            machine_login::login(cx, &request.client_id, &request.client_secret, &from)
        })
        .await?;
    let outcome = match logged_in {
        LoggedIn::Refused(error) => Err(error),
        LoggedIn::Issued(issued) => Ok(Json(access_tokens::body(issued))),
    };
    refused_login::noted(&source, "universal-auth", outcome)
}
