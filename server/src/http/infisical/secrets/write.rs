//! Making, changing and deleting secrets.

use std::sync::Arc;

use axum::extract::State;
use shared::model::names::SecretName;
use shared::wire::secrets::{SecretBody, SecretResponse, SecretType};

use super::body;
use crate::app::App;
use crate::domain::Error;
use crate::domain::secrets::write::{self, Change, NewSecret};
use crate::http::error::Failure;
use crate::http::extract::{Json, Path, filled, parsed};
use crate::http::guard::Bearer;
use crate::http::infisical::places::{Spelling, place_of};

/// Personal overrides come later; nothing is silently written or deleted in their place.
fn require_shared(kind: Option<SecretType>) -> Result<(), Failure> {
    match kind {
        None | Some(SecretType::Shared) => Ok(()),
        Some(SecretType::Personal) => {
            Err(Error::BadRequest("Personal overrides are not supported yet. Use type=shared".into()).into())
        }
    }
}

/// `POST /api/v3/secrets/raw/{name}` and `POST /api/v4/secrets/{name}`
pub async fn create(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(name): Path<String>,
    Json(request): Json<SecretBody>,
) -> Result<Json<SecretResponse>, Failure> {
    let place = place_of(&Spelling::from(&request))?;
    require_shared(request.kind)?;
    let Some(value) = request.secret_value else {
        return Err(Failure::invalid("secretValue", "Required"));
    };
    let new = NewSecret {
        name: parsed("secretName", &name)?,
        value: value.normalized_value(),
        comment: request.secret_comment.unwrap_or_default().trimmed(),
        skip_multiline_encoding: request.skip_multiline_encoding,
    };
    let secret = app
        .write_as(caller, move |cx, caller| write::create(cx, caller, &place, &new))
        .await?;
    Ok(Json(SecretResponse { secret: body(secret) }))
}

/// `PATCH /api/v3/secrets/raw/{name}` and `PATCH /api/v4/secrets/{name}`
pub async fn update(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(name): Path<String>,
    Json(request): Json<SecretBody>,
) -> Result<Json<SecretResponse>, Failure> {
    let name: SecretName = parsed("secretName", &name)?;
    let place = place_of(&Spelling::from(&request))?;
    require_shared(request.kind)?;
    let change = Change {
        name: filled(request.new_secret_name.as_ref())
            .map(|name| parsed("newSecretName", name))
            .transpose()?,
        value: request.secret_value.map(|value| value.normalized_value()),
        comment: request.secret_comment.map(|comment| comment.trimmed()),
        skip_multiline_encoding: request.skip_multiline_encoding,
        expected_version: request.expected_version,
    };
    let secret = app
        .write_as(caller, move |cx, caller| {
            write::update(cx, caller, &place, &name, &change)
        })
        .await?;
    Ok(Json(SecretResponse { secret: body(secret) }))
}

/// `DELETE /api/v3/secrets/raw/{name}` and `DELETE /api/v4/secrets/{name}`
pub async fn delete(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(name): Path<String>,
    Json(request): Json<SecretBody>,
) -> Result<Json<SecretResponse>, Failure> {
    let name: SecretName = parsed("secretName", &name)?;
    let place = place_of(&Spelling::from(&request))?;
    require_shared(request.kind)?;
    let secret = app
        .write_as(caller, move |cx, caller| write::delete(cx, caller, &place, &name))
        .await?;
    Ok(Json(SecretResponse { secret: body(secret) }))
}
