//! Projects and their environments.

use shared::wire::projects::{
    CreateProjectRequest, Project, ProjectResponse, UpdateProjectRequest, WorkspaceResponse,
    WorkspacesResponse,
};

use super::error::Error;
use super::request::Request;
use crate::session::Session;

/// The projects that the caller belongs to, by name.
pub async fn list(session: Session) -> Result<Vec<Project>, Error> {
    let answer: WorkspacesResponse = Request::get("/api/v1/workspace").send(session).await?;
    Ok(answer.workspaces)
}

/// Makes a project, with the environments dev, staging and prod or without any.
pub async fn create(session: Session, name: String, usual_environments: bool) -> Result<Project, Error> {
    let body = CreateProjectRequest {
        project_name: name,
        project_description: None,
        slug: None,
        should_create_default_envs: Some(usual_environments),
        has_delete_protection: None,
        kind: None,
    };
    let answer: ProjectResponse = Request::post("/api/v2/workspace")
        .json(&body)?
        .send(session)
        .await?;
    Ok(answer.project)
}

/// Changes what is given and leaves the rest.
pub async fn update(session: Session, project: &str, body: &UpdateProjectRequest) -> Result<(), Error> {
    let path = format!("/api/v1/workspace/{project}");
    let _: WorkspaceResponse = Request::patch(path).json(body)?.send(session).await?;
    Ok(())
}

/// Deletes a project with everything in it.
pub async fn delete(session: Session, project: &str) -> Result<(), Error> {
    let _: WorkspaceResponse = Request::delete(format!("/api/v1/workspace/{project}"))
        .send(session)
        .await?;
    Ok(())
}
