//! Tags of projects, under `projects` and `workspace`.

use std::sync::Arc;

use axum::extract::State;
use shared::model::names::{TagColor, TagSlug};
use shared::wire::tags::{
    CreateTagRequest, Tag, TagResponse, TagsResponse, UpdateTagRequest, WorkspaceTagResponse,
    WorkspaceTagsResponse,
};

use crate::app::App;
use crate::domain::caller::{Credential, Source};
use crate::domain::tags;
use crate::http::error::Failure;
use crate::http::extract::{Json, Path, parsed};
use crate::http::guard::Bearer;
use crate::store;

type Caller = (Credential, Source);

fn body(row: store::tags::Tag) -> Tag {
    Tag {
        id: row.id,
        name: row.slug.clone(),
        slug: row.slug,
        color: row.color,
        project_id: row.project_id,
        created_by: row.created_by,
        created_by_actor_type: row.created_by_kind,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

/// As the older routes wrap it.
fn older(tag: Tag) -> Json<WorkspaceTagResponse> {
    Json(WorkspaceTagResponse { workspace_tag: tag })
}

/// As the newer routes wrap it.
fn newer(tag: Tag) -> Json<TagResponse> {
    Json(TagResponse { tag })
}

async fn all(app: &App, caller: Caller, project: String) -> Result<Vec<Tag>, Failure> {
    let rows = app
        .read_as(caller, move |cx, caller| tags::list(cx, caller, &project))
        .await?;
    Ok(rows.into_iter().map(body).collect())
}

async fn one(app: &App, caller: Caller, (project, id): (String, String)) -> Result<Tag, Failure> {
    let row = app
        .read_as(caller, move |cx, caller| tags::get(cx, caller, &project, &id))
        .await?;
    Ok(body(row))
}

async fn named(app: &App, caller: Caller, (project, slug): (String, String)) -> Result<Tag, Failure> {
    let row = app
        .read_as(caller, move |cx, caller| {
            tags::get_by_slug(cx, caller, &project, &slug)
        })
        .await?;
    Ok(body(row))
}

async fn made(app: &App, caller: Caller, project: String, request: CreateTagRequest) -> Result<Tag, Failure> {
    let slug: TagSlug = parsed("slug", &request.slug)?;
    let color: TagColor = parsed("color", &request.color)?;
    let row = app
        .write_as(caller, move |cx, caller| {
            tags::create(cx, caller, &project, &slug, &color)
        })
        .await?;
    Ok(body(row))
}

async fn changed(
    app: &App,
    caller: Caller,
    (project, id): (String, String),
    request: UpdateTagRequest,
) -> Result<Tag, Failure> {
    let slug: Option<TagSlug> = request.slug.map(|slug| parsed("slug", &slug)).transpose()?;
    let color: Option<TagColor> = request.color.map(|color| parsed("color", &color)).transpose()?;
    let row = app
        .write_as(caller, move |cx, caller| {
            tags::update(cx, caller, &project, &id, slug.as_ref(), color.as_ref())
        })
        .await?;
    Ok(body(row))
}

async fn removed(app: &App, caller: Caller, (project, id): (String, String)) -> Result<Tag, Failure> {
    let row = app
        .write_as(caller, move |cx, caller| tags::delete(cx, caller, &project, &id))
        .await?;
    Ok(body(row))
}

/// `GET /api/v1/projects/{project}/tags`
pub async fn list(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(project): Path<String>,
) -> Result<Json<TagsResponse>, Failure> {
    let tags = all(&app, caller, project).await?;
    Ok(Json(TagsResponse { tags }))
}

/// `GET /api/v1/workspace/{project}/tags`
pub async fn list_workspace(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(project): Path<String>,
) -> Result<Json<WorkspaceTagsResponse>, Failure> {
    let workspace_tags = all(&app, caller, project).await?;
    Ok(Json(WorkspaceTagsResponse { workspace_tags }))
}

/// `GET /api/v1/projects/{project}/tags/{id}`
pub async fn get(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(tag): Path<(String, String)>,
) -> Result<Json<TagResponse>, Failure> {
    one(&app, caller, tag).await.map(newer)
}

/// `GET /api/v1/workspace/{project}/tags/{id}`
pub async fn get_workspace(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(tag): Path<(String, String)>,
) -> Result<Json<WorkspaceTagResponse>, Failure> {
    one(&app, caller, tag).await.map(older)
}

/// `GET /api/v1/projects/{project}/tags/slug/{slug}`
pub async fn get_by_slug(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(tag): Path<(String, String)>,
) -> Result<Json<TagResponse>, Failure> {
    named(&app, caller, tag).await.map(newer)
}

/// `GET /api/v1/workspace/{project}/tags/slug/{slug}`
pub async fn get_workspace_by_slug(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(tag): Path<(String, String)>,
) -> Result<Json<WorkspaceTagResponse>, Failure> {
    named(&app, caller, tag).await.map(older)
}

/// `POST /api/v1/projects/{project}/tags`
pub async fn create(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(project): Path<String>,
    Json(request): Json<CreateTagRequest>,
) -> Result<Json<TagResponse>, Failure> {
    made(&app, caller, project, request).await.map(newer)
}

/// `POST /api/v1/workspace/{project}/tags`
pub async fn create_workspace(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(project): Path<String>,
    Json(request): Json<CreateTagRequest>,
) -> Result<Json<WorkspaceTagResponse>, Failure> {
    made(&app, caller, project, request).await.map(older)
}

/// `PATCH /api/v1/projects/{project}/tags/{id}`
pub async fn update(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(tag): Path<(String, String)>,
    Json(request): Json<UpdateTagRequest>,
) -> Result<Json<TagResponse>, Failure> {
    changed(&app, caller, tag, request).await.map(newer)
}

/// `PATCH /api/v1/workspace/{project}/tags/{id}`
pub async fn update_workspace(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(tag): Path<(String, String)>,
    Json(request): Json<UpdateTagRequest>,
) -> Result<Json<WorkspaceTagResponse>, Failure> {
    changed(&app, caller, tag, request).await.map(older)
}

/// `DELETE /api/v1/projects/{project}/tags/{id}`
pub async fn delete(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(tag): Path<(String, String)>,
) -> Result<Json<TagResponse>, Failure> {
    removed(&app, caller, tag).await.map(newer)
}

/// `DELETE /api/v1/workspace/{project}/tags/{id}`
pub async fn delete_workspace(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(tag): Path<(String, String)>,
) -> Result<Json<WorkspaceTagResponse>, Failure> {
    removed(&app, caller, tag).await.map(older)
}
