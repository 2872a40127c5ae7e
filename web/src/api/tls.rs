//! TLS of the server.

use shared::model::text::SecretText;
use shared::wire::tls::{SetTls, TlsSettings, TlsState};

use super::error::Error;
use super::request::Request;
use crate::session::Session;

/// How it is.
pub async fn get(session: Session) -> Result<TlsState, Error> {
    Request::get("/api/strongroom/v1/tls").send(session).await
}

/// Chooses.
pub async fn set(session: Session, settings: TlsSettings, password: SecretText) -> Result<TlsState, Error> {
    Request::post("/api/strongroom/v1/tls")
        .json(&SetTls { settings, password })?
        .send(session)
        .await
}

/// Has what failed tried again at once.
pub async fn renew(session: Session) -> Result<TlsState, Error> {
    Request::post("/api/strongroom/v1/tls/renew").send(session).await
}
