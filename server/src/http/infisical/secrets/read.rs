//! Reading secrets.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};
use shared::model::names::SecretName;
use shared::wire::secrets::{SecretQuery, SecretResponse, SecretType, SecretsResponse};

use super::body;
use crate::app::App;
use crate::domain::Error;
use crate::domain::secrets::read;
use crate::http::error::Failure;
use crate::http::extract::{Json, Path, Query, filled, parsed, switch};
use crate::http::guard::Bearer;
use crate::http::infisical::places::{Spelling, place_of};

fn kind_of_query(query: &SecretQuery) -> Result<Option<SecretType>, Failure> {
    match filled(query.kind.as_ref()) {
        None => Ok(None),
        Some("shared") => Ok(Some(SecretType::Shared)),
        Some("personal") => Ok(Some(SecretType::Personal)),
        Some(_) => Err(Failure::invalid("type", "expected shared or personal")),
    }
}

/// `GET /api/v3/secrets/raw` and `GET /api/v4/secrets`
pub async fn list(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Query(query): Query<SecretQuery>,
) -> Result<Response, Failure> {
    let place = place_of(&Spelling::from(&query))?;
    let with_values = switch("viewSecretValue", query.view_secret_value.as_ref(), true)?;
    let listing = app
        .read_audited(caller, move |cx, caller| {
            read::list(cx, caller, &place, with_values)
        })
        .await?;
    let secrets = listing.secrets.into_iter().map(body).collect();
    let mut response = Json(SecretsResponse {
        secrets,
        imports: Vec::new(),
    })
    .into_response();
    if let Some(missing) = listing.missing
        && let Ok(hint) = HeaderValue::from_str(&missing)
    {
        response.headers_mut().insert("x-strongroom-hint", hint);
    }
    Ok(response)
}

/// `GET /api/v3/secrets/raw/{name}` and `GET /api/v4/secrets/{name}`
pub async fn get(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(name): Path<String>,
    Query(query): Query<SecretQuery>,
) -> Result<Json<SecretResponse>, Failure> {
    let name: SecretName = parsed("secretName", &name)?;
    let place = place_of(&Spelling::from(&query))?;
    let kind = kind_of_query(&query)?;
    let with_value = switch("viewSecretValue", query.view_secret_value.as_ref(), true)?;
    let version: Option<i64> = filled(query.version.as_ref())
        .map(|version| parsed("version", version))
        .transpose()?;
    if kind == Some(SecretType::Personal) {
        // There are none yet, so there is none of this name.
        return Err(Error::NotFound(format!("Secret with name '{name}' not found")).into());
    }
    let secret = app
        .read_audited(caller, move |cx, caller| {
            read::get(cx, caller, &place, &name, version, with_value)
        })
        .await?;
    Ok(Json(SecretResponse { secret: body(secret) }))
}
