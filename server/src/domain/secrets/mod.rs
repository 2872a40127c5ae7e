//! Secrets: sealing and opening values, keeping versions.

pub mod export;
pub mod read;
pub mod write;

use shared::model::ids::{ProjectId, SecretId};
use shared::model::names::{FolderPath, SecretName};
use shared::model::text::SecretText;
use shared::model::time::UnixMillis;

use super::Error;
use super::data_keys::{DataKeys, Part};
use super::places::Folder;
use crate::store::secrets::Secret as Row;

/// A secret with its opened value.
#[derive(Debug, Clone)]
pub struct Secret {
    /// Id.
    pub id: SecretId,
    /// Project.
    pub project: ProjectId,
    /// Slug of the environment.
    pub environment: String,
    /// Folder.
    pub path: FolderPath,
    /// Name.
    pub name: String,
    /// Version shown.
    pub version: i64,
    /// Value; none when it was asked for without.
    pub value: Option<SecretText>,
    /// Comment, empty when there is none.
    pub comment: SecretText,
    /// See Infisical's CLI.
    pub skip_multiline_encoding: Option<bool>,
    /// When the secret was made.
    pub created_at: UnixMillis,
    /// When this version was made.
    pub updated_at: UnixMillis,
}

fn opened(keys: &DataKeys, folder: &Folder, row: Row, with_value: bool) -> Result<Secret, Error> {
    let value = if with_value {
        Some(keys.open(row.id, row.version, Part::Value, &row.owner_id, &row.value_sealed)?)
    } else {
        None
    };
    let comment = match &row.comment_sealed {
        Some(sealed) => keys.open(row.id, row.version, Part::Comment, &row.owner_id, sealed)?,
        None => SecretText::default(),
    };
    Ok(Secret {
        id: row.id,
        project: folder.project,
        environment: folder.environment.slug.clone(),
        path: folder.path.clone(),
        name: row.name,
        version: row.version,
        value,
        comment,
        skip_multiline_encoding: row.skip_multiline_encoding,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

fn not_found(name: &SecretName) -> Error {
    Error::NotFound(format!("Secret with name '{name}' not found"))
}
