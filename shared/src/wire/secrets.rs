//! Secrets: one shape for v3 raw and v4, list and single.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::model::ids::{FolderId, ProjectId, SecretId, TagId};
use crate::model::text::SecretText;
use crate::model::time::UnixMillis;

/// Whether everybody in the project shares a value or it is one user's override.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretType {
    /// Everybody's.
    #[default]
    Shared,
    /// One user's override.
    Personal,
}

/// A secret with its current value. Every field that some client requires is present, never null where a client
/// would stumble.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Secret {
    /// Id, the same across versions.
    pub id: SecretId,
    /// The same id again: older clients read this one.
    #[serde(rename = "_id")]
    pub id_again: SecretId,
    /// Project.
    pub workspace: ProjectId,
    /// Slug of the environment.
    pub environment: String,
    /// From 1, one more with each change.
    pub version: i64,
    /// Shared or personal.
    #[serde(rename = "type")]
    pub kind: SecretType,
    /// Name.
    pub secret_key: String,
    /// Value; `<hidden-by-infisical>` when it was asked for without values.
    pub secret_value: SecretText,
    /// Comment, empty when there is none.
    pub secret_comment: SecretText,
    /// Folder, `/` for the root.
    #[serde(default)]
    pub secret_path: String,
    /// Whether the value was left out.
    #[serde(default)]
    pub secret_value_hidden: bool,
    /// See Infisical's CLI: real newlines become `\n` in dotenv exports.
    #[serde(default)]
    pub skip_multiline_encoding: Option<bool>,
    /// What to be reminded of.
    #[serde(default)]
    pub secret_reminder_note: Option<String>,
    /// Days between reminders.
    #[serde(default)]
    pub secret_reminder_repeat_days: Option<i64>,
    /// Always false until rotation exists.
    #[serde(default)]
    pub is_rotated_secret: bool,
    /// Always null until rotation exists.
    #[serde(default)]
    pub rotation_id: Option<String>,
    /// What clients of old store beside a secret.
    #[serde(default)]
    pub metadata: Option<BTreeMap<String, SecretText>>,
    /// Metadata in the order given.
    #[serde(default)]
    pub secret_metadata: Vec<SecretMetadata>,
    /// Tags by slug.
    #[serde(default)]
    pub tags: Vec<SecretTag>,
    /// When the secret was made.
    pub created_at: UnixMillis,
    /// When its current version was made.
    pub updated_at: UnixMillis,
}

/// A tag as it stands on a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretTag {
    /// Id.
    pub id: TagId,
    /// Slug.
    pub slug: String,
    /// The slug again.
    pub name: String,
    /// Color; a text even when there is none, because some client requires it.
    #[serde(default, deserialize_with = "null_as_default")]
    pub color: String,
}

/// A piece of metadata of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretMetadata {
    /// Key.
    pub key: String,
    /// Value.
    pub value: SecretText,
    /// Whether the writer called it confidential. Ours are all encrypted.
    #[serde(default, deserialize_with = "null_as_default")]
    pub is_encrypted: bool,
}

/// Reads null as if the field were absent.
fn null_as_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Stands where a value was asked for without the value, as in Infisical.
pub const HIDDEN_VALUE: &str = "<hidden-by-infisical>";

/// One secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SecretResponse {
    /// The secret.
    pub secret: Secret,
}

/// The secrets of a folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SecretsResponse {
    /// By name.
    pub secrets: Vec<Secret>,
    /// What the folder imports, in the order of the imports. Always present, because one client requires it.
    #[serde(default)]
    pub imports: Vec<ImportBlock>,
}

/// The secrets that one import brings. Of two that have a key, the last one counts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportBlock {
    /// Folder that is imported.
    pub secret_path: String,
    /// Slug of its environment.
    pub environment: String,
    /// Its id.
    pub folder_id: FolderId,
    /// Each key once: those of the folder itself, then those that it imports.
    pub secrets: Vec<Secret>,
}

/// Body of creating, changing and deleting a secret, v3 and v4: the union of their fields, everything optional.
///
/// The project is given as `projectId`, `workspaceId`, `workspaceSlug` or `projectSlug`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretBody {
    /// Project, v4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// Project, v3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<String>,
    /// Project by slug, v3 in some clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_slug: Option<String>,
    /// Project by slug, v3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_slug: Option<String>,
    /// Slug of the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Folder, `/` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_path: Option<String>,
    /// Name, where it does not stand in the path: in the items of a batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_key: Option<String>,
    /// Shared when absent.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<SecretType>,
    /// New value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_value: Option<SecretText>,
    /// New comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_comment: Option<SecretText>,
    /// New name (only when changing).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_secret_name: Option<String>,
    /// See [`Secret::skip_multiline_encoding`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_multiline_encoding: Option<bool>,
    /// Ids of the tags it is to have; they replace those it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag_ids: Option<Vec<String>>,
    /// Metadata it is to have; it replaces what it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_metadata: Option<Vec<SecretMetadata>>,
    /// See [`Secret::metadata`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BTreeMap<String, SecretText>>,
    /// What to be reminded of; empty for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_reminder_note: Option<String>,
    /// Days between reminders; 0 for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_reminder_repeat_days: Option<i64>,
    /// The version the writer saw. When given and no longer current, nothing is changed and the answer is 409:
    /// two people editing one secret do not overwrite each other. Ours; Infisical's clients do not send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<i64>,
}

/// What a batch does with the change of a secret that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BatchMode {
    /// Refuse the whole request.
    #[default]
    FailOnNotFound,
    /// Make it.
    Upsert,
    /// Leave it out.
    Ignore,
}

/// Body of creating, changing and deleting many secrets, v3 and v4. The project as in [`SecretBody`].
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretsBody {
    /// Project, v4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// Project, v3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<String>,
    /// Project by slug, v3 in some clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_slug: Option<String>,
    /// Project by slug, v3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_slug: Option<String>,
    /// Slug of the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Folder, `/` when absent. When changing, an item may name its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_path: Option<String>,
    /// Only when changing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<BatchMode>,
    /// The secrets, each with its `secretKey`. Their places are those of the request.
    pub secrets: Vec<SecretBody>,
}

/// Many secrets, after a batch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BatchResponse {
    /// In the order of the request.
    pub secrets: Vec<Secret>,
}

/// Body of moving secrets. The project as in [`SecretBody`].
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MoveBody {
    /// Project, v4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// Project, some clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<String>,
    /// Project by slug, some clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_slug: Option<String>,
    /// Project by slug, v3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_slug: Option<String>,
    /// Where the secrets are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_environment: Option<String>,
    /// Where the secrets are, `/` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_secret_path: Option<String>,
    /// Where they are to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_environment: Option<String>,
    /// Where they are to be, `/` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_secret_path: Option<String>,
    /// Which.
    pub secret_ids: Vec<String>,
    /// Whether secrets of the same names give way; false when absent.
    #[serde(default, deserialize_with = "null_as_default")]
    pub should_overwrite: bool,
}

/// Secrets were moved.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MoveResponse {
    /// Always true: nothing waits for anybody's approval.
    pub is_source_updated: bool,
    /// Always true.
    pub is_destination_updated: bool,
}

/// Body of attaching tags to a secret and detaching them. The project as in [`SecretBody`].
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TagSecretBody {
    /// Project, some clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// Project, some clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<String>,
    /// Project by slug, some clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_slug: Option<String>,
    /// Project by slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_slug: Option<String>,
    /// Slug of the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Folder, `/` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_path: Option<String>,
    /// Shared when absent.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<SecretType>,
    /// Slugs of the tags.
    pub tag_slugs: Vec<String>,
}

/// Versions of a secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretVersionsResponse {
    /// Newest first.
    pub secret_versions: Vec<Secret>,
}

/// Which versions of a secret are asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct VersionsQuery {
    /// How many to skip.
    pub offset: i64,
    /// How many to show.
    pub limit: i64,
}

/// Body of the short form that changes a value. Place as in [`SecretBody`], here or in the query.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValueBody {
    /// Project, v4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// Project, v3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<String>,
    /// Project by slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_slug: Option<String>,
    /// Project by slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_slug: Option<String>,
    /// Slug of the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Folder, `/` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_path: Option<String>,
    /// New value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<SecretText>,
    /// The same under the name it has elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_value: Option<SecretText>,
}

/// Query of listing and reading secrets, v3 and v4: the union of their parameters. Switches are `true` or `false`,
/// an empty text counts as absent.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretQuery {
    /// Project, v4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// Project, v3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<String>,
    /// Project by slug, v3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_slug: Option<String>,
    /// Project by slug, some clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_slug: Option<String>,
    /// Slug of the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Folder, `/` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_path: Option<String>,
    /// The same, where imports are listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// `shared` when absent.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// A past version of one secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether to include values; true when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view_secret_value: Option<String>,
    /// Whether to expand references; false in v3 and true in v4 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expand_secret_references: Option<String>,
    /// Whether to include imports; false in v3 and true in v4 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_imports: Option<String>,
    /// The same in its older spelling, which counts before the other.
    #[serde(default, rename = "include_imports", skip_serializing_if = "Option::is_none")]
    pub include_imports_v3: Option<String>,
    /// Whether to list the folders below too; false when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recursive: Option<String>,
    /// Whether the caller's overrides take the place of shared secrets, v4; false when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_personal_overrides: Option<String>,
    /// Slugs with commas between them: secrets that have one of these tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag_slugs: Option<String>,
    /// `key=a,value=b|key=c,value=d`: secrets that have all of this metadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata_filter: Option<String>,
}
