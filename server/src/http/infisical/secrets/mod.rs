//! Secrets, v3 raw and v4: the two differ in how the project is called, and one handler serves both.

pub mod batch;
pub mod located;
pub mod moving;
pub mod read;
pub mod tagging;
pub mod versions;
pub mod write;

use shared::model::text::SecretText;
use shared::wire::secrets::{
    HIDDEN_VALUE, ImportBlock, Secret, SecretBody, SecretMetadata, SecretQuery, SecretTag, SecretType,
    SecretsBody, TagSecretBody, ValueBody,
};

use crate::domain::secrets::read::ImportBlock as ImportedBlock;
use crate::domain::secrets::{self, Kind, MetadataItem};
use crate::http::infisical::places::spelled;

spelled! {
    SecretQuery: secret_path;
    SecretBody: secret_path;
    SecretsBody: secret_path;
    TagSecretBody: secret_path;
    ValueBody: secret_path;
}

fn kind_of(kind: Option<SecretType>) -> Kind {
    match kind {
        None | Some(SecretType::Shared) => Kind::Shared,
        Some(SecretType::Personal) => Kind::Personal,
    }
}

/// A block of imported secrets.
pub(super) fn import_block(block: ImportedBlock) -> ImportBlock {
    ImportBlock {
        secret_path: block.path.to_string(),
        environment: block.environment,
        folder_id: block.folder,
        secrets: block.secrets.into_iter().map(body).collect(),
    }
}

fn body(secret: secrets::Secret) -> Secret {
    let hidden = secret.value.is_none();
    let details = secret.details;
    Secret {
        id: secret.id,
        id_again: secret.id,
        workspace: secret.project,
        environment: secret.environment,
        version: secret.version,
        kind: match secret.owner {
            None => SecretType::Shared,
            Some(_) => SecretType::Personal,
        },
        secret_key: secret.name,
        secret_value: secret.value.unwrap_or_else(|| SecretText::from(HIDDEN_VALUE)),
        secret_comment: secret.comment,
        secret_path: secret.path.to_string(),
        secret_value_hidden: hidden,
        skip_multiline_encoding: secret.skip_multiline_encoding,
        secret_reminder_note: details.reminder_note,
        secret_reminder_repeat_days: details.reminder_repeat_days,
        is_rotated_secret: false,
        rotation_id: None,
        metadata: details.legacy,
        secret_metadata: details
            .metadata
            .into_iter()
            .map(|item| metadata_body(item, hidden))
            .collect(),
        tags: secret.tags.into_iter().map(tag_body).collect(),
        created_at: secret.created_at,
        updated_at: secret.updated_at,
    }
}

/// What was called confidential is hidden together with the value.
fn metadata_body(item: MetadataItem, hidden: bool) -> SecretMetadata {
    SecretMetadata {
        key: item.key,
        value: if hidden && item.encrypted {
            SecretText::from(HIDDEN_VALUE)
        } else {
            item.value
        },
        is_encrypted: item.encrypted,
    }
}

fn tag_body(tag: secrets::SecretTag) -> SecretTag {
    SecretTag {
        id: tag.id,
        name: tag.slug.clone(),
        slug: tag.slug,
        color: tag.color,
    }
}
