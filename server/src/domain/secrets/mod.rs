//! Secrets: sealing and opening values, keeping versions.

pub mod batch;
pub mod changes;
pub mod copying;
mod details;
pub mod export;
mod filter;
mod imported;
pub mod located;
pub mod moving;
pub mod read;
pub mod tagging;
pub mod versions;
mod view;
pub mod write;
mod writing;

use shared::model::ids::{ProjectId, SecretId, UserId};
use shared::model::names::{FolderPath, SecretName};
use shared::model::text::SecretText;
use shared::model::time::UnixMillis;

use super::Error;
use super::caller::{Actor, Caller};
use super::data_keys::{DataKeys, Part};
use super::places::Folder;
use crate::store;
pub use crate::store::secret_tags::SecretTag;
use crate::store::secrets::{SHARED, Secret as Row};
pub use details::{Details, DetailsChange, MetadataItem};
use write::{Change, NewSecret};
pub use writing::TagWord;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Kind {
    /// Everybody's.
    #[default]
    Shared,
    /// The caller's own override.
    Personal,
}

impl Kind {
    /// The owner that rows of this kind have when the caller writes them.
    pub fn owner(self, caller: &Caller) -> Result<String, Error> {
        match (self, caller.actor) {
            (Self::Shared, _) => Ok(SHARED.to_owned()),
            (Self::Personal, Actor::User(id)) => Ok(id.to_string()),
            (Self::Personal, _) => Err(Error::BadRequest(
                "Personal secrets belong to people: the caller must be a user, not a machine. \
                 For the shared secret pass type: shared (in the CLI --type=shared)"
                    .into(),
            )),
        }
    }
}

/// What a version holds, in the clear.
#[derive(Debug, Clone)]
struct Content {
    value: Option<SecretText>,
    comment: SecretText,
    details: Details,
    tags: Vec<SecretTag>,
}

/// A row with everything it holds opened.
fn opened(
    keys: &DataKeys,
    folder: &Folder,
    row: Row,
    tags: Vec<SecretTag>,
    with_value: bool,
) -> Result<Secret, Error> {
    let content = content_of(keys, &row, tags, with_value)?;
    assembled(folder, row, content)
}

fn content_of(keys: &DataKeys, row: &Row, tags: Vec<SecretTag>, with_value: bool) -> Result<Content, Error> {
    let open = |part, sealed: &[u8]| keys.open(row.id, row.version, part, &row.owner_id, sealed);
    Ok(Content {
        value: if with_value {
            Some(open(Part::Value, &row.value_sealed)?)
        } else {
            None
        },
        comment: match &row.comment_sealed {
            Some(sealed) => open(Part::Comment, sealed)?,
            None => SecretText::default(),
        },
        details: match &row.details_sealed {
            Some(sealed) => Details::from_text(&open(Part::Details, sealed)?)?,
            None => Details::default(),
        },
        tags,
    })
}

/// A row whose content is at hand.
///
/// Who may write and not read is not shown what was there: the answer to a change is no way to read.
fn assembled(folder: &Folder, row: Row, mut content: Content) -> Result<Secret, Error> {
    if !folder.shows_secrets() {
        content.value = None;
        content.comment = SecretText::default();
        content.details = Details::default();
    }
    Ok(Secret {
        id: row.id,
        owner: owner(&row)?,
        project: folder.project,
        environment: folder.environment.slug.clone(),
        path: folder.path.clone(),
        name: row.name,
        version: row.version,
        value: content.value,
        comment: content.comment,
        details: content.details,
        tags: content.tags,
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

/// Most names in one message.
const MOST_NAMES: usize = 20;

/// Names for a message, the first of them when there are many.
fn some_of(names: &[impl std::fmt::Display]) -> String {
    let mut shown: Vec<String> = names
        .iter()
        .take(MOST_NAMES)
        .map(|name| format!("'{name}'"))
        .collect();
    if names.len() > MOST_NAMES {
        shown.push(format!("{} more", names.len() - MOST_NAMES));
    }
    shown.join(", ")
}
