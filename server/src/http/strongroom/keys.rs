//! Keys of the instance.

use std::sync::Arc;

use axum::extract::State;
use shared::wire::keys::{DoKeys, Keys, KeysDone};

use crate::app::App;
use crate::http::error::Failure;
use crate::http::extract::Json;
use crate::http::guard::Bearer;
use crate::http::reauthenticate;

/// Everything as it is.
pub async fn state(State(app): State<Arc<App>>, Bearer(caller): Bearer) -> Result<Json<Keys>, Failure> {
    Ok(Json(app.keys(caller).await?))
}

/// Does something with keys, once the password was given again.
pub async fn act(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Json(request): Json<DoKeys>,
) -> Result<Json<KeysDone>, Failure> {
    reauthenticate::by_password(&app, &caller, request.password, |caller| {
        caller.require_instance_admin()
    })
    .await?;
    let message = app.act_on_keys(caller.clone(), request.act).await?;
    let keys = app.keys(caller).await?;
    Ok(Json(KeysDone { message, keys }))
}
