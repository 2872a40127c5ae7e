//! Reading secrets. What changes them is in `changes`.

use js_sys::encode_uri_component;
use shared::model::ids::SecretId;
use shared::model::names::FolderPath;
use shared::wire::secrets::{Secret, SecretResponse, SecretVersionsResponse, SecretsResponse};

use super::error::Error;
use super::request::Request;
use crate::session::Session;

/// Where secrets are: a folder in an environment of a project.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Place {
    /// Id of the project.
    pub project: String,
    /// Slug of the environment.
    pub environment: String,
    /// The folder.
    pub folder: FolderPath,
}

impl Place {
    /// Where it is inside its project, in words: `dev` or `dev /backend`.
    pub fn title(&self) -> String {
        if self.folder.segments().is_empty() {
            self.environment.clone()
        } else {
            format!("{} {}", self.environment, self.folder)
        }
    }

    fn read(&self, path: String, with_values: bool) -> Request {
        Request::get(path)
            .query("workspaceId", self.project.as_str())
            .query("environment", self.environment.as_str())
            .query("secretPath", self.folder.to_string())
            .query("viewSecretValue", if with_values { "true" } else { "false" })
    }
}

fn path(name: &str) -> String {
    format!("/api/v3/secrets/raw/{}", String::from(encode_uri_component(name)))
}

/// All shared secrets of a place, by name, without their values. Not what is imported: that is changed elsewhere.
pub async fn list(session: Session, place: &Place) -> Result<Vec<Secret>, Error> {
    list_of(session, place, false).await
}

async fn list_of(session: Session, place: &Place, with_values: bool) -> Result<Vec<Secret>, Error> {
    let answer: SecretsResponse = place
        .read("/api/v4/secrets".to_owned(), with_values)
        .query("includePersonalOverrides", "false")
        .query("includeImports", "false")
        .query("expandSecretReferences", "false")
        .send(session)
        .await?;
    Ok(answer.secrets)
}

/// One secret with its value. The server records who read it.
pub async fn get(session: Session, place: &Place, name: &str) -> Result<Secret, Error> {
    let answer: SecretResponse = place.read(path(name), true).send(session).await?;
    Ok(answer.secret)
}

/// All shared secrets of a place with their values: what an import is compared with.
pub async fn list_with_values(session: Session, place: &Place) -> Result<Vec<Secret>, Error> {
    list_of(session, place, true).await
}

/// The versions of a secret, newest first, with their values. The server records who read them.
pub async fn versions(
    session: Session,
    id: SecretId,
    offset: usize,
    limit: usize,
) -> Result<Vec<Secret>, Error> {
    let answer: SecretVersionsResponse = Request::get(format!("/api/v1/secret/{id}/secret-versions"))
        .query("offset", offset.to_string())
        .query("limit", limit.to_string())
        .send(session)
        .await?;
    Ok(answer.secret_versions)
}
