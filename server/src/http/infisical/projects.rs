//! Projects, in all their spellings: `workspace` v1 and v2, `projects`.

use std::sync::Arc;

use axum::extract::State;
use shared::model::names::{Description, DisplayName, ProjectSlug};
use shared::wire::projects::{
    CreateProjectRequest, EnvironmentSummary, Project, ProjectResponse, ProjectsResponse,
    UpdateProjectRequest, WorkspaceResponse, WorkspacesResponse,
};

use crate::app::App;
use crate::domain::Error;
use crate::domain::caller::{Credential, Source};
use crate::domain::projects::{self, NewProject, Overview};
use crate::http::error::Failure;
use crate::http::extract::{Json, Path, filled, parsed};
use crate::http::guard::Bearer;

fn body((project, environments): Overview) -> Project {
    Project {
        id: project.id,
        id_again: project.id,
        name: project.name,
        slug: project.slug,
        description: project.description,
        kind: "secret-manager".into(),
        org_id: project.organization_id,
        auto_capitalization: false,
        has_delete_protection: false,
        version: 3,
        upgrade_status: None,
        pit_version_limit: 10,
        audit_logs_retention_days: None,
        kms_certificate_key_id: None,
        created_at: project.created_at,
        updated_at: project.updated_at,
        document_version: 0,
        environments: environments
            .into_iter()
            .map(|environment| EnvironmentSummary {
                id: environment.id,
                name: environment.name,
                slug: environment.slug,
            })
            .collect(),
    }
}

async fn all(app: &App, caller: (Credential, Source)) -> Result<Vec<Project>, Failure> {
    Ok(app
        .read_as(caller, projects::list)
        .await?
        .into_iter()
        .map(body)
        .collect())
}

async fn one(app: &App, caller: (Credential, Source), reference: String) -> Result<Project, Failure> {
    Ok(body(
        app.read_as(caller, move |cx, caller| projects::get(cx, caller, &reference))
            .await?,
    ))
}

async fn changed(
    app: &App,
    caller: (Credential, Source),
    reference: String,
    request: UpdateProjectRequest,
) -> Result<Project, Failure> {
    let name: Option<DisplayName> = filled(request.name.as_ref())
        .map(|name| parsed("name", name))
        .transpose()?;
    let description: Option<Description> = request
        .description
        .map(|text| parsed("description", &text))
        .transpose()?;
    let overview = app
        .write_as(caller, move |cx, caller| {
            projects::update(cx, caller, &reference, name.as_ref(), description.as_ref())
        })
        .await?;
    Ok(body(overview))
}

async fn removed(app: &App, caller: (Credential, Source), reference: String) -> Result<Project, Failure> {
    Ok(body(
        app.write_as(caller, move |cx, caller| projects::delete(cx, caller, &reference))
            .await?,
    ))
}

/// `GET /api/v1/projects`
pub async fn list(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
) -> Result<Json<ProjectsResponse>, Failure> {
    Ok(Json(ProjectsResponse {
        projects: all(&app, caller).await?,
    }))
}

/// `GET /api/v1/workspace`
pub async fn list_workspaces(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
) -> Result<Json<WorkspacesResponse>, Failure> {
    Ok(Json(WorkspacesResponse {
        workspaces: all(&app, caller).await?,
    }))
}

/// `GET /api/v1/projects/{id}`
pub async fn get(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(reference): Path<String>,
) -> Result<Json<ProjectResponse>, Failure> {
    Ok(Json(ProjectResponse {
        project: one(&app, caller, reference).await?,
    }))
}

/// `GET /api/v1/workspace/{id}`
pub async fn get_workspace(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(reference): Path<String>,
) -> Result<Json<WorkspaceResponse>, Failure> {
    Ok(Json(WorkspaceResponse {
        workspace: one(&app, caller, reference).await?,
    }))
}

/// `GET /api/v2/workspace/{slug}` and `GET /api/v1/projects/slug/{slug}`: the project without a name around it.
pub async fn get_bare(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(reference): Path<String>,
) -> Result<Json<Project>, Failure> {
    Ok(Json(one(&app, caller, reference).await?))
}

/// `POST /api/v2/workspace` and `POST /api/v1/projects`
pub async fn create(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Json(request): Json<CreateProjectRequest>,
) -> Result<Json<ProjectResponse>, Failure> {
    if request.has_delete_protection == Some(true) {
        let reason = "Delete protection of projects is not supported yet. Leave hasDeleteProtection out";
        return Err(Error::BadRequest(reason.into()).into());
    }
    let slug: Option<ProjectSlug> = filled(request.slug.as_ref())
        .map(|slug| parsed("slug", slug))
        .transpose()?;
    let new = NewProject {
        name: parsed("projectName", &request.project_name)?,
        slug,
        description: filled(request.project_description.as_ref())
            .map(|text| parsed("projectDescription", text))
            .transpose()?,
        default_environments: request.should_create_default_envs.unwrap_or(true),
    };
    let overview = app
        .write_as(caller, move |cx, caller| projects::create(cx, caller, &new))
        .await?;
    Ok(Json(ProjectResponse {
        project: body(overview),
    }))
}

/// `PATCH /api/v1/projects/{id}`
pub async fn update(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(reference): Path<String>,
    Json(request): Json<UpdateProjectRequest>,
) -> Result<Json<ProjectResponse>, Failure> {
    Ok(Json(ProjectResponse {
        project: changed(&app, caller, reference, request).await?,
    }))
}

/// `PATCH /api/v1/workspace/{id}`
pub async fn update_workspace(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(reference): Path<String>,
    Json(request): Json<UpdateProjectRequest>,
) -> Result<Json<WorkspaceResponse>, Failure> {
    Ok(Json(WorkspaceResponse {
        workspace: changed(&app, caller, reference, request).await?,
    }))
}

/// `DELETE /api/v1/projects/{id}`
pub async fn delete(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(reference): Path<String>,
) -> Result<Json<ProjectResponse>, Failure> {
    Ok(Json(ProjectResponse {
        project: removed(&app, caller, reference).await?,
    }))
}

/// `DELETE /api/v1/workspace/{id}`
pub async fn delete_workspace(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(reference): Path<String>,
) -> Result<Json<WorkspaceResponse>, Failure> {
    Ok(Json(WorkspaceResponse {
        workspace: removed(&app, caller, reference).await?,
    }))
}
