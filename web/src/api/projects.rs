//! Projects and their environments.

use shared::wire::projects::{CreateProjectRequest, Project, ProjectResponse, WorkspacesResponse};

use super::error::Error;
use super::request::Request;
use crate::session::Session;

/// The projects that the caller belongs to, by name.
pub async fn list(session: Session) -> Result<Vec<Project>, Error> {
    let answer: WorkspacesResponse = Request::get("/api/v1/workspace").send(session).await?;
    Ok(answer.workspaces)
}

/// Makes a project with the environments dev, staging and prod.
pub async fn create(session: Session, name: String) -> Result<Project, Error> {
    let body = CreateProjectRequest {
        project_name: name,
        project_description: None,
        slug: None,
        should_create_default_envs: Some(true),
        has_delete_protection: None,
        kind: None,
    };
    let answer: ProjectResponse = Request::post("/api/v2/workspace")
        .json(&body)?
        .send(session)
        .await?;
    Ok(answer.project)
}
