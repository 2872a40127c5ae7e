//! Secrets, v3 raw and v4: the two differ in how the project is called, and one handler serves both.

pub mod read;
pub mod write;

use shared::model::text::SecretText;
use shared::wire::secrets::{HIDDEN_VALUE, Secret, SecretBody, SecretQuery, SecretType};

use crate::domain::secrets;
use crate::http::infisical::places::Spelling;

impl<'a> From<&'a SecretQuery> for Spelling<'a> {
    fn from(query: &'a SecretQuery) -> Self {
        Self {
            projects: [
                query.project_id.as_ref(),
                query.workspace_id.as_ref(),
                query.workspace_slug.as_ref(),
                query.project_slug.as_ref(),
            ],
            environment: query.environment.as_ref(),
            path: query.secret_path.as_ref(),
        }
    }
}

impl<'a> From<&'a SecretBody> for Spelling<'a> {
    fn from(body: &'a SecretBody) -> Self {
        Self {
            projects: [
                body.project_id.as_ref(),
                body.workspace_id.as_ref(),
                body.workspace_slug.as_ref(),
                body.project_slug.as_ref(),
            ],
            environment: body.environment.as_ref(),
            path: body.secret_path.as_ref(),
        }
    }
}

fn body(secret: secrets::Secret) -> Secret {
    let hidden = secret.value.is_none();
    Secret {
        id: secret.id,
        id_again: secret.id,
        workspace: secret.project,
        environment: secret.environment,
        version: secret.version,
        kind: SecretType::Shared,
        secret_key: secret.name,
        secret_value: secret.value.unwrap_or_else(|| SecretText::from(HIDDEN_VALUE)),
        secret_comment: secret.comment,
        secret_path: secret.path.to_string(),
        secret_value_hidden: hidden,
        skip_multiline_encoding: secret.skip_multiline_encoding,
        secret_reminder_note: None,
        secret_reminder_repeat_days: None,
        is_rotated_secret: false,
        rotation_id: None,
        metadata: None,
        secret_metadata: Vec::new(),
        tags: Vec::new(),
        created_at: secret.created_at,
        updated_at: secret.updated_at,
    }
}
