//! Environments of projects.

use std::sync::Arc;

use axum::extract::State;
use shared::model::ids::EnvironmentId;
use shared::model::names::{DisplayName, EnvSlug};
use shared::wire::environments::{
    CreateEnvironmentRequest, Environment, EnvironmentChangeResponse, EnvironmentResponse,
    UpdateEnvironmentRequest,
};

use crate::app::App;
use crate::domain::environments;
use crate::http::error::Failure;
use crate::http::extract::{Json, Path, filled, parsed};
use crate::http::guard::Bearer;
use crate::store;

/// An environment as it is shown.
pub fn body(row: store::environments::Environment) -> Environment {
    Environment {
        id: row.id,
        name: row.name,
        slug: row.slug,
        position: row.position,
        project_id: row.project_id,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

fn change(message: &str, row: store::environments::Environment) -> Json<EnvironmentChangeResponse> {
    Json(EnvironmentChangeResponse {
        message: message.to_owned(),
        workspace: row.project_id,
        environment: body(row),
    })
}

/// The position that a client wants. 0 is none: Terraform sends it when it changes something else.
fn wanted(position: Option<i64>) -> Option<i64> {
    position.filter(|position| *position != 0)
}

/// `GET …/environments/{id}`
pub async fn get(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path((project, id)): Path<(String, String)>,
) -> Result<Json<EnvironmentResponse>, Failure> {
    let id: EnvironmentId = parsed("environment", &id)?;
    let row = app
        .read_as(caller, move |cx, caller| {
            environments::get(cx, caller, &project, id)
        })
        .await?;
    Ok(Json(EnvironmentResponse {
        environment: body(row),
    }))
}

/// `GET /api/v1/workspace/environments/{id}`: without its project.
pub async fn get_anywhere(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
) -> Result<Json<EnvironmentResponse>, Failure> {
    let id: EnvironmentId = parsed("environment", &id)?;
    let row = app
        .read_as(caller, move |cx, caller| {
            environments::get_anywhere(cx, caller, id)
        })
        .await?;
    Ok(Json(EnvironmentResponse {
        environment: body(row),
    }))
}

/// `GET …/environments/slug/{slug}`: the environment without a name around it.
pub async fn get_by_slug(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path((project, slug)): Path<(String, String)>,
) -> Result<Json<Environment>, Failure> {
    let row = app
        .read_as(caller, move |cx, caller| {
            environments::get_by_slug(cx, caller, &project, &slug)
        })
        .await?;
    Ok(Json(body(row)))
}

/// `POST …/environments`
pub async fn create(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(project): Path<String>,
    Json(request): Json<CreateEnvironmentRequest>,
) -> Result<Json<EnvironmentChangeResponse>, Failure> {
    let name: DisplayName = parsed("name", &request.name)?;
    let slug: EnvSlug = parsed("slug", &request.slug)?;
    let position = wanted(request.position);
    let row = app
        .write_as(caller, move |cx, caller| {
            environments::create(cx, caller, &project, &name, &slug, position)
        })
        .await?;
    Ok(change("Successfully created new environment", row))
}

/// `PATCH …/environments/{id}`
pub async fn update(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path((project, id)): Path<(String, String)>,
    Json(request): Json<UpdateEnvironmentRequest>,
) -> Result<Json<EnvironmentChangeResponse>, Failure> {
    let id: EnvironmentId = parsed("environment", &id)?;
    let name: Option<DisplayName> = filled(request.name.as_ref())
        .map(|name| parsed("name", name))
        .transpose()?;
    let slug: Option<EnvSlug> = filled(request.slug.as_ref())
        .map(|slug| parsed("slug", slug))
        .transpose()?;
    let position = wanted(request.position);
    let row = app
        .write_as(caller, move |cx, caller| {
            environments::update(cx, caller, &project, id, name.as_ref(), slug.as_ref(), position)
        })
        .await?;
    Ok(change("Successfully updated environment", row))
}

/// `DELETE …/environments/{id}`
pub async fn delete(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path((project, id)): Path<(String, String)>,
) -> Result<Json<EnvironmentChangeResponse>, Failure> {
    let id: EnvironmentId = parsed("environment", &id)?;
    let row = app
        .write_as(caller, move |cx, caller| {
            environments::delete(cx, caller, &project, id)
        })
        .await?;
    Ok(change("Successfully deleted environment", row))
}
