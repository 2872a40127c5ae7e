//! Environments of a project.

use shared::wire::environments::{
    CloneEnvironmentRequest, CloneEnvironmentResponse, CreateEnvironmentRequest, Environment,
    EnvironmentChangeResponse, UpdateEnvironmentRequest,
};
use shared::wire::projects::EnvironmentSummary;

use super::error::Error;
use super::request::Request;
use crate::session::Session;

/// Adds an environment at the end.
pub async fn create(
    session: Session,
    project: &str,
    name: String,
    slug: String,
) -> Result<EnvironmentSummary, Error> {
    let body = CreateEnvironmentRequest {
        name,
        slug,
        position: None,
    };
    let answer: EnvironmentChangeResponse =
        Request::post(format!("/api/v1/workspace/{project}/environments"))
            .json(&body)?
            .send(session)
            .await?;
    let Environment { id, name, slug, .. } = answer.environment;
    Ok(EnvironmentSummary { id, name, slug })
}

/// Changes what is given and leaves the rest.
pub async fn update(
    session: Session,
    project: &str,
    environment: &str,
    body: &UpdateEnvironmentRequest,
) -> Result<(), Error> {
    let path = format!("/api/v1/workspace/{project}/environments/{environment}");
    let _: EnvironmentChangeResponse = Request::patch(path).json(body)?.send(session).await?;
    Ok(())
}

/// Makes another one with the same folders and imports, and perhaps the same secrets.
pub async fn clone(
    session: Session,
    project: &str,
    environment: &str,
    body: &CloneEnvironmentRequest,
) -> Result<CloneEnvironmentResponse, Error> {
    let path = format!("/api/strongroom/v1/projects/{project}/environments/{environment}/clone");
    Request::post(path).json(body)?.send(session).await
}

/// Deletes an environment with everything in it.
pub async fn delete(session: Session, project: &str, environment: &str) -> Result<(), Error> {
    let path = format!("/api/v1/workspace/{project}/environments/{environment}");
    let _: EnvironmentChangeResponse = Request::delete(path).send(session).await?;
    Ok(())
}
