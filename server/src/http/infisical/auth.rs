//! People logging in and out.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use shared::model::ids::OrganizationId;
use shared::model::text::SecretText;
use shared::wire::auth::{
    CurrentUser, LoginRequest, LoginResponse, MessageResponse, SelectOrganizationRequest,
    SelectOrganizationResponse, TokenResponse, User, UserResponse,
};

use crate::app::App;
use crate::domain::caller::Source;
use crate::domain::login::{self, Finished};
use crate::domain::sessions::{self, Refreshed};
use crate::domain::{Error, organizations, users};
use crate::http::error::Failure;
use crate::http::extract::Json;
use crate::http::guard::{Bearer, From, credential, refresh_cookie};
use crate::http::refused_login;
use crate::store;

/// A user on the wire.
pub fn user_body(user: &store::users::User) -> User {
    User {
        id: user.id,
        email: user.email.clone(),
        username: user.email.clone(),
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        super_admin: user.instance_admin,
        auth_methods: vec!["email".into()],
        is_accepted: true,
        is_email_verified: true,
        is_mfa_enabled: false,
        is_ghost: false,
        created_at: user.created_at,
        updated_at: user.updated_at,
    }
}

/// The refresh cookie. It becomes `Secure` where the connection is known ([`crate::http::layers`]).
fn cookie(value: &str, seconds: i64) -> Option<HeaderValue> {
    let text = format!("jid={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}");
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// An answer that also sets the refresh cookie, when there is a new refresh token.
pub fn with_cookie(refresh: Option<&SecretText>, body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    if let Some(refresh) = refresh
        && let Some(value) = cookie(refresh.expose(), sessions::SESSION_SECONDS)
    {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

/// `POST /api/v3/auth/login`
pub async fn login(
    State(app): State<Arc<App>>,
    From(source): From,
    Json(request): Json<LoginRequest>,
) -> Result<Response, Failure> {
    let outcome = log_in(&app, source.clone(), request).await;
    refused_login::noted(&source, "password", outcome)
}

async fn log_in(app: &App, source: Source, request: LoginRequest) -> Result<Response, Failure> {
    let (email, from) = (request.email, source.clone());
    let begun = app.write(move |cx| login::begin(cx, &email, &from)).await?;
    let hash = begun.password_hash().map(str::to_owned);
    let right = match app.password_fits(request.password, hash).await {
        Ok(right) => right,
        Err(error) => {
            app.write(move |cx| login::undo(cx, &begun)).await?;
            return Err(error.into());
        }
    };
    match app
        .write(move |cx| login::finish(cx, &begun, right, &source))
        .await?
    {
        Finished::Refused => Err(login::refused().into()),
        Finished::Opened(opened) => {
            let body = Json(LoginResponse {
                access_token: opened.access,
            });
            Ok(with_cookie(opened.refresh.as_ref(), body))
        }
    }
}

/// `POST /api/v3/auth/login1` and `login2`: the older, SRP-based login. The command line falls back to it after any
/// failed login, and this answer is what its user sees.
pub async fn srp_is_not_offered() -> Failure {
    login::refused().into()
}

/// `POST /api/v3/auth/select-organization`
pub async fn select_organization(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Json(request): Json<SelectOrganizationRequest>,
) -> Result<Response, Failure> {
    let Ok(organization) = request.organization_id.parse::<OrganizationId>() else {
        return Err(organizations::not_a_member().into());
    };
    let opened = app
        .write_as(caller, move |cx, caller| {
            sessions::select_organization(cx, caller, organization)
        })
        .await?;
    let body = SelectOrganizationResponse {
        token: opened.access,
        is_mfa_enabled: false,
    };
    Ok(with_cookie(opened.refresh.as_ref(), Json(body)))
}

/// `POST /api/v1/auth/checkAuth`
pub async fn check(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
) -> Result<Json<MessageResponse>, Failure> {
    app.read_as(caller, |_, caller| {
        caller.user_session()?;
        caller.organization().map(drop)
    })
    .await?;
    Ok(Json(MessageResponse {
        message: "Authenticated".into(),
    }))
}

/// `POST /api/v1/auth/token`: the refresh cookie buys a bearer token.
pub async fn token(
    State(app): State<Arc<App>>,
    From(source): From,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let refused = || {
        Failure::from(Error::Unauthenticated(
            "Failed to find refresh token. Log in again".into(),
        ))
    };
    let presented = refresh_cookie(&headers)?.ok_or_else(refused)?;
    match app
        .write(move |cx| sessions::refresh(cx, &presented, &source))
        .await?
    {
        // The browser forgets a cookie that is of no use, instead of presenting it at every visit.
        Refreshed::Refused => Ok(without_cookie(refused())),
        Refreshed::Opened(opened) => {
            let body = TokenResponse {
                token: opened.access,
                organization_id: opened.organization,
            };
            Ok(with_cookie(opened.refresh.as_ref(), Json(body)))
        }
    }
}

/// An answer after which the browser has no refresh cookie.
pub fn without_cookie(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    if let Some(value) = cookie("", 0) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

/// `POST /api/v1/auth/logout`: ends the session of the bearer token or of the refresh cookie, and clears the cookie.
pub async fn logout(
    State(app): State<Arc<App>>,
    From(source): From,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let ended = match credential(&app, &headers) {
        Ok(Some(credential)) => app.write_as((credential, source.clone()), sessions::close).await,
        Ok(None) => Err(Error::Unauthenticated("There is no session to end".into())),
        Err(Failure::Domain(error)) => Err(error),
        Err(other) => return Err(other),
    };
    match (ended, refresh_cookie(&headers)?) {
        (Ok(()), _) => {}
        // A page whose bearer token has ended still has the cookie.
        (Err(_), Some(cookie)) => {
            app.write(move |cx| sessions::close_by_cookie(cx, &cookie, &source))
                .await?;
        }
        (Err(error), None) => return Err(error.into()),
    }
    let message = "Logged out".into();
    Ok(without_cookie(Json(MessageResponse { message })))
}

/// `GET /api/v1/user`
pub async fn user(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
) -> Result<Json<UserResponse>, Failure> {
    let user = app.read_as(caller, users::me).await?;
    Ok(Json(UserResponse {
        user: CurrentUser {
            user: user_body(&user),
            user_id: user.id,
            mfa_methods: None,
        },
    }))
}
