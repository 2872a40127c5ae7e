//! Secrets of one environment.

use js_sys::encode_uri_component;
use shared::model::text::SecretText;
use shared::wire::secrets::{Secret, SecretBody, SecretResponse, SecretsResponse};

use super::error::Error;
use super::request::Request;
use crate::session::Session;

/// Where secrets are: a project and one of its environments. Folders come later; until then it is the root.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// Id of the project.
    pub project: String,
    /// Slug of the environment.
    pub environment: String,
}

/// A new secret, or what becomes of an existing one.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Name.
    pub name: String,
    /// Value.
    pub value: SecretText,
    /// Comment, may be empty.
    pub comment: SecretText,
}

impl Place {
    fn body(&self) -> SecretBody {
        SecretBody {
            workspace_id: Some(self.project.clone()),
            environment: Some(self.environment.clone()),
            secret_path: Some("/".to_owned()),
            ..SecretBody::default()
        }
    }

    fn read(&self, path: String, with_values: bool) -> Request {
        Request::get(path)
            .query("workspaceId", self.project.as_str())
            .query("environment", self.environment.as_str())
            .query("secretPath", "/")
            .query("viewSecretValue", if with_values { "true" } else { "false" })
    }
}

fn path(name: &str) -> String {
    format!("/api/v3/secrets/raw/{}", String::from(encode_uri_component(name)))
}

/// All shared secrets of a place, by name, without their values. Not what is imported: that is changed elsewhere.
pub async fn list(session: Session, place: &Place) -> Result<Vec<Secret>, Error> {
    let answer: SecretsResponse = place
        .read("/api/v4/secrets".to_owned(), false)
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

/// Makes a secret.
pub async fn create(session: Session, place: &Place, draft: Draft) -> Result<Secret, Error> {
    let body = SecretBody {
        secret_value: Some(draft.value),
        secret_comment: Some(draft.comment),
        ..place.body()
    };
    let request = Request::post(path(&draft.name)).json(&body)?;
    let answer: SecretResponse = request.send(session).await?;
    Ok(answer.secret)
}

/// Changes the secret `name`, unless somebody else has changed it since `version` was read.
pub async fn update(
    session: Session,
    place: &Place,
    name: &str,
    version: i64,
    draft: Draft,
) -> Result<Secret, Error> {
    let body = SecretBody {
        secret_value: Some(draft.value),
        secret_comment: Some(draft.comment),
        new_secret_name: (draft.name != name).then_some(draft.name),
        expected_version: Some(version),
        ..place.body()
    };
    let request = Request::patch(path(name)).json(&body)?;
    let answer: SecretResponse = request.send(session).await?;
    Ok(answer.secret)
}

/// Deletes a secret.
pub async fn delete(session: Session, place: &Place, name: &str) -> Result<(), Error> {
    let request = Request::delete(path(name)).json(&place.body())?;
    let _: SecretResponse = request.send(session).await?;
    Ok(())
}
