//! Many secrets in one request.

use std::sync::Arc;

use axum::extract::State;
use serde_json::json;
use shared::model::names::SecretName;
use shared::wire::secrets::{BatchMode, BatchResponse, SecretBody, SecretsBody};

use super::write::{change, new_secret, place_to_write};
use super::{body, kind_of};
use crate::app::App;
use crate::domain::secrets::Secret;
use crate::domain::secrets::batch::{self, Creation, Deletion, Missing, Update};
use crate::http::error::Failure;
use crate::http::extract::{Json, filled, parsed};
use crate::http::guard::Bearer;
use crate::http::infisical::places::Spelling;

/// Reads the items; a refusal says which of them it is about.
fn items<T>(
    secrets: Vec<SecretBody>,
    read: impl Fn(SecretName, SecretBody) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let read_one = |item: SecretBody| {
        let name = item.secret_key.as_deref().unwrap_or_default();
        read(parsed("secretKey", name)?, item)
    };
    secrets
        .into_iter()
        .enumerate()
        .map(|(index, item)| read_one(item).map_err(|failure| at(index, failure)))
        .collect()
}

fn at(index: usize, failure: Failure) -> Failure {
    match failure {
        Failure::Issues(mut issues) => {
            for issue in &mut issues {
                issue.path.splice(0..0, [json!("secrets"), json!(index)]);
            }
            Failure::Issues(issues)
        }
        other => other,
    }
}

fn response(secrets: Vec<Secret>) -> Json<BatchResponse> {
    Json(BatchResponse {
        secrets: secrets.into_iter().map(body).collect(),
    })
}

/// `POST /api/v3/secrets/batch/raw` and `POST /api/v4/secrets/batch`
pub async fn create(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Json(request): Json<SecretsBody>,
) -> Result<Json<BatchResponse>, Failure> {
    let place = place_to_write(&caller.0, &Spelling::from(&request))?;
    let items = items(request.secrets, |name, item| {
        Ok(Creation {
            kind: kind_of(item.kind),
            new: new_secret(name, item)?,
        })
    })?;
    let secrets = app
        .write_as(caller, move |cx, caller| {
            batch::create(cx, caller, &place, &items)
        })
        .await?;
    Ok(response(secrets))
}

/// `PATCH /api/v3/secrets/batch/raw` and `PATCH /api/v4/secrets/batch`
pub async fn update(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Json(request): Json<SecretsBody>,
) -> Result<Json<BatchResponse>, Failure> {
    let place = place_to_write(&caller.0, &Spelling::from(&request))?;
    let missing = match request.mode.unwrap_or_default() {
        BatchMode::FailOnNotFound => Missing::Refuse,
        BatchMode::Ignore => Missing::Ignore,
        BatchMode::Upsert => Missing::Create,
    };
    let items = items(request.secrets, |name, item| {
        Ok(Update {
            name,
            kind: kind_of(item.kind),
            path: filled(item.secret_path.as_ref())
                .map(|path| parsed("secretPath", path))
                .transpose()?,
            change: change(item)?,
        })
    })?;
    let secrets = app
        .write_as(caller, move |cx, caller| {
            batch::update(cx, caller, &place, &items, missing)
        })
        .await?;
    Ok(response(secrets))
}

/// `DELETE /api/v3/secrets/batch/raw` and `DELETE /api/v4/secrets/batch`
pub async fn delete(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Json(request): Json<SecretsBody>,
) -> Result<Json<BatchResponse>, Failure> {
    let place = place_to_write(&caller.0, &Spelling::from(&request))?;
    let items = items(request.secrets, |name, item| {
        Ok(Deletion {
            name,
            kind: kind_of(item.kind),
        })
    })?;
    let secrets = app
        .write_as(caller, move |cx, caller| {
            batch::delete(cx, caller, &place, &items)
        })
        .await?;
    Ok(response(secrets))
}
