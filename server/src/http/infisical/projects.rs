//! Projects, in all their spellings: `workspace` v1 and v2, `projects`.

use std::sync::Arc;

use axum::extract::State;
use shared::model::access::ProjectRole;
use shared::model::ids::OrganizationId;
use shared::model::names::{Description, DisplayName, ProjectSlug};
use shared::wire::projects::{
    AuditRetentionRequest, AuditRetentionResponse, CreateProjectRequest, EnvironmentSummary,
    OrganizationProject, OrganizationProjectsResponse, Project, ProjectResponse, ProjectsQuery,
    ProjectsResponse, RoleSummary, UpdateProjectRequest, WorkspaceResponse, WorkspacesResponse,
};

use crate::app::App;
use crate::domain::caller::{Credential, Source};
use crate::domain::projects::{self, NewProject, Overview, ProjectChange};
use crate::domain::{Error, organizations};
use crate::http::error::Failure;
use crate::http::extract::{Json, Path, Query, filled, parsed, switch};
use crate::http::guard::Bearer;
use crate::store;

/// The one kind of projects.
const KIND: &str = "secret-manager";
/// Ten years.
const MOST_RETENTION_DAYS: i64 = 3_650;

fn body((project, environments): Overview) -> Project {
    Project {
        id: project.id,
        id_again: project.id,
        name: project.name,
        slug: project.slug,
        description: project.description,
        kind: KIND.into(),
        org_id: project.organization_id,
        auto_capitalization: project.auto_capitalization,
        has_delete_protection: project.delete_protection,
        version: 3,
        upgrade_status: None,
        pit_version_limit: 10,
        audit_logs_retention_days: project.audit_retention_days,
        kms_certificate_key_id: None,
        secret_sharing: false,
        created_at: project.created_at,
        updated_at: project.updated_at,
        document_version: 0,
        environments: environments.into_iter().map(environment).collect(),
        roles: None,
    }
}

fn environment(row: store::environments::Environment) -> EnvironmentSummary {
    EnvironmentSummary {
        id: row.id,
        name: row.name,
        slug: row.slug,
    }
}

/// The built-in roles, weakest first.
fn roles() -> Vec<RoleSummary> {
    use ProjectRole::{Admin, Member, NoAccess, Viewer};
    [
        (
            NoAccess,
            "No Access",
            "Belongs to the project and may do nothing in it",
        ),
        (Viewer, "Viewer", "Reads"),
        (
            Member,
            "Developer",
            "Reads and writes secrets, folders, imports and tags",
        ),
        (Admin, "Admin", "Everything in the project"),
    ]
    .into_iter()
    .map(|(role, name, description)| RoleSummary {
        name: name.into(),
        slug: role.to_string(),
        description: description.into(),
    })
    .collect()
}

async fn all(
    app: &App,
    caller: (Credential, Source),
    query: &ProjectsQuery,
) -> Result<Vec<Project>, Failure> {
    let with_roles = switch("includeRoles", query.include_roles.as_ref(), false)?;
    let mut projects: Vec<Project> = app
        .read_as(caller, projects::list)
        .await?
        .into_iter()
        .map(body)
        .collect();
    // There are no projects of other kinds.
    if !matches!(filled(query.kind.as_ref()), None | Some(KIND | "all")) {
        projects.clear();
    }
    if with_roles {
        for project in &mut projects {
            project.roles = Some(roles());
        }
    }
    Ok(projects)
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
    let slug: Option<ProjectSlug> = filled(request.slug.as_ref())
        .map(|slug| parsed("slug", slug))
        .transpose()?;
    let change = ProjectChange {
        name,
        slug,
        description: request
            .description
            .try_map(|text| parsed::<Description>("description", &text))?,
        delete_protection: request.has_delete_protection,
        auto_capitalization: request.auto_capitalization,
        audit_retention_days: None,
    };
    let overview = app
        .write_as(caller, move |cx, caller| {
            projects::update(cx, caller, &reference, &change)
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
    Query(query): Query<ProjectsQuery>,
) -> Result<Json<ProjectsResponse>, Failure> {
    Ok(Json(ProjectsResponse {
        projects: all(&app, caller, &query).await?,
    }))
}

/// `GET /api/v1/workspace`
pub async fn list_workspaces(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Query(query): Query<ProjectsQuery>,
) -> Result<Json<WorkspacesResponse>, Failure> {
    Ok(Json(WorkspacesResponse {
        workspaces: all(&app, caller, &query).await?,
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
    if let Some(kind) = filled(request.kind.as_ref()).filter(|kind| *kind != KIND) {
        let reason = format!("Projects of the type '{kind}' are not offered. Use {KIND}, or leave type out");
        return Err(Error::BadRequest(reason).into());
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
        delete_protection: request.has_delete_protection.unwrap_or(false),
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

/// `PATCH /api/v2/workspace/{slug}`: the project without a name around it.
pub async fn update_bare(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(reference): Path<String>,
    Json(request): Json<UpdateProjectRequest>,
) -> Result<Json<Project>, Failure> {
    Ok(Json(changed(&app, caller, reference, request).await?))
}

/// `PUT /api/v1/workspace/{slug}/audit-logs-retention`
pub async fn set_audit_retention(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(reference): Path<String>,
    Json(request): Json<AuditRetentionRequest>,
) -> Result<Json<AuditRetentionResponse>, Failure> {
    let days = request.audit_logs_retention_days;
    if !(0..=MOST_RETENTION_DAYS).contains(&days) {
        let reason = format!("a number of days from 0 to {MOST_RETENTION_DAYS} is expected");
        return Err(Failure::invalid("auditLogsRetentionDays", &reason));
    }
    let change = ProjectChange {
        audit_retention_days: Some(days),
        ..ProjectChange::default()
    };
    let overview = app
        .write_as(caller, move |cx, caller| {
            projects::update(cx, caller, &reference, &change)
        })
        .await?;
    Ok(Json(AuditRetentionResponse {
        message: "Successfully updated project's audit logs retention period".into(),
        workspace: body(overview),
    }))
}

/// `GET /api/v2/organizations/{organization}/workspaces`
pub async fn list_of_organization(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(organization): Path<String>,
) -> Result<Json<OrganizationProjectsResponse>, Failure> {
    let Ok(organization) = organization.parse::<OrganizationId>() else {
        return Err(organizations::not_a_member().into());
    };
    let found = app
        .read_as(caller, move |cx, caller| {
            projects::list_of_organization(cx, caller, organization)
        })
        .await?;
    let workspaces = found
        .into_iter()
        .map(|(project, environments)| OrganizationProject {
            id: project.id,
            id_again: project.id,
            name: project.name,
            slug: project.slug,
            organization: project.organization_id,
            environments: environments.into_iter().map(environment).collect(),
        })
        .collect();
    Ok(Json(OrganizationProjectsResponse { workspaces }))
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

/// `DELETE /api/v2/workspace/{slug}`: the project without a name around it.
pub async fn delete_bare(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(reference): Path<String>,
) -> Result<Json<Project>, Failure> {
    Ok(Json(removed(&app, caller, reference).await?))
}
