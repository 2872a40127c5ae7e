//! What programs look for on every site: whom to tell of a weakness (RFC 9116), and what search engines may list.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::error::Failure;
use crate::app::App;

/// The standard asks for an end, and for less than a year. It moves on with every answer.
const GOOD_FOR_SECONDS: i64 = 180 * 24 * 60 * 60;

/// `GET /.well-known/security.txt`. Only whoever runs an instance knows whom to tell: without a contact there is no file.
pub async fn security(State(app): State<Arc<App>>) -> Result<Response, Failure> {
    let Some(contact) = &app.host().security_contact else {
        return Err(Failure::NoFile);
    };
    let expires = app.clock.now().plus_seconds(GOOD_FOR_SECONDS);
    Ok(text(format!("Contact: {contact}\nExpires: {expires}\n")))
}

/// `GET /robots.txt`: nothing here is for search engines.
pub async fn robots() -> Response {
    text("User-agent: *\nDisallow: /\n")
}

fn text(body: impl Into<String>) -> Response {
    let mut response = body.into().into_response();
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
