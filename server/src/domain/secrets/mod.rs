//! Secrets: sealing and opening values, keeping versions.

mod details;
pub mod export;
pub mod read;
pub mod write;

use shared::model::ids::{ProjectId, SecretId, UserId};
use shared::model::names::{FolderPath, SecretName};
use shared::model::text::SecretText;
use shared::model::time::UnixMillis;

use super::Error;
use super::data_keys::{DataKeys, Part};
use super::places::Folder;
use crate::store;
pub use crate::store::secret_tags::SecretTag;
use crate::store::secrets::{SHARED, Secret as Row};
pub use details::{Details, DetailsChange, MetadataItem};

/// A secret with its opened value.
#[derive(Debug, Clone)]
pub struct Secret {
    /// Id.
    pub id: SecretId,
    /// The user whose override it is; none for a shared secret.
    pub owner: Option<UserId>,
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
    /// Metadata and reminder.
    pub details: Details,
    /// Tags by slug.
    pub tags: Vec<SecretTag>,
    /// See Infisical's CLI.
    pub skip_multiline_encoding: Option<bool>,
    /// When the secret was made.
    pub created_at: UnixMillis,
    /// When this version was made.
    pub updated_at: UnixMillis,
}

/// Whose secret of a name is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Everybody's.
    #[default]
    Shared,
    /// The caller's own override.
    Personal,
}

/// A row with everything it holds opened.
fn opened(
    keys: &DataKeys,
    folder: &Folder,
    row: Row,
    tags: Vec<SecretTag>,
    with_value: bool,
) -> Result<Secret, Error> {
    let open = |part, sealed: &[u8]| keys.open(row.id, row.version, part, &row.owner_id, sealed);
    let value = if with_value {
        Some(open(Part::Value, &row.value_sealed)?)
    } else {
        None
    };
    let comment = match &row.comment_sealed {
        Some(sealed) => open(Part::Comment, sealed)?,
        None => SecretText::default(),
    };
    let details = match &row.details_sealed {
        Some(sealed) => Details::from_text(&open(Part::Details, sealed)?)?,
        None => Details::default(),
    };
    Ok(Secret {
        id: row.id,
        owner: owner(&row)?,
        project: folder.project,
        environment: folder.environment.slug.clone(),
        path: folder.path.clone(),
        name: row.name,
        version: row.version,
        value,
        comment,
        details,
        tags,
        skip_multiline_encoding: row.skip_multiline_encoding,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

fn owner(row: &Row) -> Result<Option<UserId>, Error> {
    if row.owner_id == SHARED {
        return Ok(None);
    }
    row.owner_id
        .parse()
        .map(Some)
        .map_err(|_| Error::Store(store::Error::Corrupt("the owner of a secret is no user")))
}

fn not_found(name: &SecretName) -> Error {
    Error::NotFound(format!("Secret with name '{name}' not found"))
}
