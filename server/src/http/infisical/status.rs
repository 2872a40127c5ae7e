//! Is it alive, and can it serve secrets?

use std::sync::Arc;

use axum::extract::State;
use shared::wire::system::{Health, Status};

use crate::app::{App, disk};
use crate::domain::{Error, data_keys};
use crate::http::error::Failure;
use crate::http::extract::Json;

/// 200 when the database answers, the keys open what is in it, and the disk takes what is written; 503 otherwise.
/// Infisical's answer says Ok with a dead database; ours asks.
pub async fn status(State(app): State<Arc<App>>) -> Result<Json<Status>, Failure> {
    let proven = app.read(data_keys::prove).await?;
    if !proven {
        return Err(Error::Locked.into());
    }
    if let Some(dir) = app.data_dir() {
        disk::require_room(dir.path())?;
    }
    Ok(Json(Status {
        date: app.clock.now(),
        message: "Ok".into(),
        email_configured: false,
        // Nobody signs himself up, whatever Infisical's own answer means by this field.
        invite_only_signup: true,
        redis_configured: false,
        secret_scanning_configured: false,
    }))
}

/// 200 as long as the process answers.
pub async fn health(State(app): State<Arc<App>>) -> Json<Health> {
    let status = if app.store().is_ok() { "ok" } else { "locked" };
    Json(Health {
        status: status.into(),
        version: env!("CARGO_PKG_VERSION").into(),
    })
}
