//! Renewing and revoking access tokens of machine identities. The token stands in the body, not in the header.

use std::sync::Arc;

use axum::extract::State;
use shared::wire::auth::{AccessTokenResponse, MessageResponse, RevokeTokenRequest};

use crate::app::App;
use crate::domain::access_tokens::{self, Issued, Renewal};
use crate::domain::tokens;
use crate::http::error::Failure;
use crate::http::extract::Json;
use crate::http::guard::From;

/// A token as every machine login answers it.
pub fn body(issued: Issued) -> AccessTokenResponse {
    AccessTokenResponse {
        access_token: issued.token,
        expires_in: issued.ttl,
        access_token_max_ttl: issued.max_ttl,
        token_type: "Bearer".into(),
    }
}

/// `POST /api/v1/auth/token/renew`
pub async fn renew(
    State(app): State<Arc<App>>,
    From(source): From,
    Json(request): Json<RevokeTokenRequest>,
) -> Result<Json<AccessTokenResponse>, Failure> {
    let token = request.access_token.trimmed();
    let credential = tokens::verify(&app.store()?.keyring(), token.expose(), app.clock.now())?;
    let renewal = app
        .write(move |cx| access_tokens::renew(cx, &credential, &source))
        .await?;
    match renewal {
        Renewal::Refused(error) => Err(error.into()),
        Renewal::Renewed(issued) => Ok(Json(body(issued))),
    }
}

/// `POST /api/v1/auth/token/revoke`
pub async fn revoke(
    State(app): State<Arc<App>>,
    From(source): From,
    Json(request): Json<RevokeTokenRequest>,
) -> Result<Json<MessageResponse>, Failure> {
    let token = request.access_token.trimmed();
    let credential = tokens::verify(&app.store()?.keyring(), token.expose(), app.clock.now())?;
    app.write(move |cx| access_tokens::revoke(cx, &credential, source.clone()))
        .await?;
    Ok(Json(MessageResponse {
        message: "Successfully revoked access token".into(),
    }))
}
