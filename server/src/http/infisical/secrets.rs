//! Secrets, v3 raw and v4: the two differ in how the project is called, and one handler serves both.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};
use shared::model::names::{FolderPath, SecretName};
use shared::model::text::SecretText;
use shared::wire::secrets::{
    HIDDEN_VALUE, Secret, SecretBody, SecretQuery, SecretResponse, SecretType, SecretsResponse,
};

use crate::app::App;
use crate::domain::Error;
use crate::domain::secrets::{self, Change, NewSecret, Place};
use crate::http::error::Failure;
use crate::http::extract::{Json, Path, Query, filled, parsed, switch};
use crate::http::guard::Bearer;

/// The project in any of its four spellings; ids before slugs.
fn project(spellings: [Option<&String>; 4]) -> Result<&str, Failure> {
    spellings.into_iter().find_map(filled).ok_or_else(|| {
        Error::BadRequest("Which project? Give projectId, workspaceId or workspaceSlug".into()).into()
    })
}

fn place(project: &str, environment: Option<&String>, path: Option<&String>) -> Result<Place, Failure> {
    let environment = filled(environment).ok_or_else(|| {
        Failure::from(Error::BadRequest(
            "Which environment? Give its slug as environment, such as dev".into(),
        ))
    })?;
    let path: FolderPath = parsed("secretPath", path.map_or("/", |path| path.as_str()))?;
    Ok(Place {
        project: project.to_owned(),
        environment: environment.to_owned(),
        path,
    })
}

fn place_of_query(query: &SecretQuery) -> Result<Place, Failure> {
    let project = project([
        query.project_id.as_ref(),
        query.workspace_id.as_ref(),
        query.workspace_slug.as_ref(),
        query.project_slug.as_ref(),
    ])?;
    place(project, query.environment.as_ref(), query.secret_path.as_ref())
}

fn place_of_body(body: &SecretBody) -> Result<Place, Failure> {
    let project = project([
        body.project_id.as_ref(),
        body.workspace_id.as_ref(),
        body.workspace_slug.as_ref(),
        body.project_slug.as_ref(),
    ])?;
    place(project, body.environment.as_ref(), body.secret_path.as_ref())
}

/// Personal overrides come later; nothing is silently written or deleted in their place.
fn require_shared(kind: Option<SecretType>) -> Result<(), Failure> {
    match kind {
        None | Some(SecretType::Shared) => Ok(()),
        Some(SecretType::Personal) => {
            Err(Error::BadRequest("Personal overrides are not supported yet. Use type=shared".into()).into())
        }
    }
}

fn kind_of_query(query: &SecretQuery) -> Result<Option<SecretType>, Failure> {
    match filled(query.kind.as_ref()) {
        None => Ok(None),
        Some("shared") => Ok(Some(SecretType::Shared)),
        Some("personal") => Ok(Some(SecretType::Personal)),
        Some(_) => Err(Failure::invalid("type", "expected shared or personal")),
    }
}

fn body(secret: secrets::Secret) -> Secret {
    let hidden = secret.value.is_none();
    Secret {
        id: secret.id,
        id_again: secret.id,
        workspace: secret.project,
        environment: secret.environment,
        version: secret.version,
        kind: SecretType::Shared,
        secret_key: secret.name,
        secret_value: secret.value.unwrap_or_else(|| SecretText::from(HIDDEN_VALUE)),
        secret_comment: secret.comment,
        secret_path: secret.path.to_string(),
        secret_value_hidden: hidden,
        skip_multiline_encoding: secret.skip_multiline_encoding,
        secret_reminder_note: None,
        secret_reminder_repeat_days: None,
        is_rotated_secret: false,
        rotation_id: None,
        metadata: None,
        secret_metadata: Vec::new(),
        tags: Vec::new(),
        created_at: secret.created_at,
        updated_at: secret.updated_at,
    }
}

/// `GET /api/v3/secrets/raw` and `GET /api/v4/secrets`
pub async fn list(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Query(query): Query<SecretQuery>,
) -> Result<Response, Failure> {
    let place = place_of_query(&query)?;
    let with_values = switch("viewSecretValue", query.view_secret_value.as_ref(), true)?;
    let listing = app
        .read_audited(caller, move |cx, caller| {
            secrets::list(cx, caller, &place, with_values)
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
    let place = place_of_query(&query)?;
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
            secrets::get(cx, caller, &place, &name, version, with_value)
        })
        .await?;
    Ok(Json(SecretResponse { secret: body(secret) }))
}

/// `POST /api/v3/secrets/raw/{name}` and `POST /api/v4/secrets/{name}`
pub async fn create(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(name): Path<String>,
    Json(request): Json<SecretBody>,
) -> Result<Json<SecretResponse>, Failure> {
    let place = place_of_body(&request)?;
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
        .write_as(caller, move |cx, caller| {
            secrets::create(cx, caller, &place, &new)
        })
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
    let place = place_of_body(&request)?;
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
            secrets::update(cx, caller, &place, &name, &change)
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
    let place = place_of_body(&request)?;
    require_shared(request.kind)?;
    let secret = app
        .write_as(caller, move |cx, caller| {
            secrets::delete(cx, caller, &place, &name)
        })
        .await?;
    Ok(Json(SecretResponse { secret: body(secret) }))
}
