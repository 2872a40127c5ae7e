//! Tags of a project.

use shared::model::names::TagSlug;
use shared::wire::tags::{CreateTagRequest, TagResponse, TagsResponse};

use super::error::Error;
use super::request::Request;
use crate::session::Session;

fn path(project: &str) -> String {
    format!("/api/v1/projects/{project}/tags")
}

/// The slugs of a project's tags, sorted.
pub async fn list(session: Session, project: &str) -> Result<Vec<String>, Error> {
    let answer: TagsResponse = Request::get(path(project)).send(session).await?;
    let mut slugs: Vec<String> = answer.tags.into_iter().map(|tag| tag.slug).collect();
    slugs.sort();
    Ok(slugs)
}

/// Makes a tag without a colour.
pub async fn create(session: Session, project: &str, slug: &TagSlug) -> Result<String, Error> {
    let body = CreateTagRequest {
        slug: slug.to_string(),
        color: String::new(),
    };
    let answer: TagResponse = Request::post(path(project)).json(&body)?.send(session).await?;
    Ok(answer.tag.slug)
}
