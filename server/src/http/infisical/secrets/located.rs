//! A secret by its id.

use std::sync::Arc;

use axum::extract::State;
use shared::model::ids::SecretId;
use shared::wire::secrets::{SecretQuery, SecretResponse};

use super::body;
use crate::app::App;
use crate::domain::Error;
use crate::domain::secrets::located;
use crate::http::error::Failure;
use crate::http::extract::{Json, Path, Query, switch};
use crate::http::guard::Bearer;

/// An id from the path. What is no id is the id of nothing.
pub(super) fn id_of(text: &str) -> Result<SecretId, Failure> {
    text.parse()
        .map_err(|_| Error::NotFound(format!("Secret with id '{text}' not found")).into())
}

/// `GET /api/v3/secrets/raw/id/{secret}` and `GET /api/v4/secrets/id/{secret}`
pub async fn get(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
    Query(query): Query<SecretQuery>,
) -> Result<Json<SecretResponse>, Failure> {
    let id = id_of(&id)?;
    let with_value = switch("viewSecretValue", query.view_secret_value.as_ref(), true)?;
    let secret = app
        .read_audited(caller, move |cx, caller| located::get(cx, caller, id, with_value))
        .await?;
    Ok(Json(SecretResponse { secret: body(secret) }))
}
