//! Sign-up of the first administrator in the browser.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use shared::wire::setup::{SetupRequest, SetupResponse, SetupState};

use crate::app::App;
use crate::domain::setup;
use crate::http::error::Failure;
use crate::http::extract::Json;
use crate::http::guard::{From, LocalScript, SetupCode};
use crate::http::infisical::{admin, auth};

/// Whether the first administrator exists.
pub async fn state(State(app): State<Arc<App>>) -> Result<Json<SetupState>, Failure> {
    let initialized = app.read(setup::is_done).await?;
    Ok(Json(SetupState { initialized }))
}

/// Makes the first administrator and logs him in.
pub async fn sign_up(
    State(app): State<Arc<App>>,
    From(source): From,
    LocalScript(local): LocalScript,
    SetupCode(code): SetupCode,
    Json(request): Json<SetupRequest>,
) -> Result<Response, Failure> {
    let prepared = admin::prepare(&app, &source, local, code, request).await?;
    let (done, opened) = app
        .write(move |cx| {
            let done = setup::create(cx, &prepared.user, &prepared.organization, &source)?;
            let opened = setup::open_session(cx, &done, &source)?;
            Ok((done, opened))
        })
        .await?;
    let body = SetupResponse {
        token: opened.access,
        user: auth::user_body(&done.user),
        organization: admin::organization_body(&done.organization),
    };
    Ok(auth::with_cookie(opened.refresh.as_ref(), Json(body)))
}
