//! Folders of an environment, v1 and v2: the two differ in how the project is called and in what deleting asks for.

use serde::{Deserialize, Serialize};

use crate::model::change::Change;
use crate::model::ids::{EnvironmentId, FolderId, ProjectId};
use crate::model::time::UnixMillis;

/// A folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Folder {
    /// Id.
    pub id: FolderId,
    /// Name; `root` for the top folder.
    pub name: String,
    /// Counts changes of name and description, from 1.
    pub version: i64,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When its name or description was last changed.
    pub updated_at: UnixMillis,
    /// Environment it belongs to.
    pub env_id: EnvironmentId,
    /// The folder it lies in; null for the top folder.
    pub parent_id: Option<FolderId>,
    /// Always false: Infisical's hidden folders of approvals do not exist here.
    pub is_reserved: bool,
    /// Free text.
    pub description: Option<String>,
    /// When a shared secret in it was last made, changed or deleted.
    pub last_secret_modified: Option<UnixMillis>,
    /// Where it is, such as `/app/database`.
    pub path: String,
    /// The same as seen from the folder that was listed; in recursive lists alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relative_path: Option<String>,
}

/// A folder with what leads to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FolderDetails {
    /// The folder.
    #[serde(flatten)]
    pub folder: Folder,
    /// Project.
    pub project_id: ProjectId,
    /// Environment.
    pub environment: FolderEnvironment,
}

/// The environment of a folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FolderEnvironment {
    /// Id.
    pub env_id: EnvironmentId,
    /// Name.
    pub env_name: String,
    /// Slug.
    pub env_slug: String,
}

/// `GET /api/v1/folders` and `GET /api/v2/folders`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FolderQuery {
    /// Project, by id, slug or unique name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// The same under its older name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<String>,
    /// The same as a slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_slug: Option<String>,
    /// The same as a slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_slug: Option<String>,
    /// Slug of the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The folder whose folders are wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The same under its older name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// The same under the name that secrets use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_path: Option<String>,
    /// Whether folders of folders are wanted too: true or false in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recursive: Option<String>,
    /// Only folders in which a secret was changed since this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_secret_modified: Option<String>,
}

/// The body of whatever changes folders.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FolderBody {
    /// Project, by id, slug or unique name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// The same under its older name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<String>,
    /// The same as a slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_slug: Option<String>,
    /// The same as a slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_slug: Option<String>,
    /// Slug of the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The folder that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The same under its older name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// The same under the name that secrets use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_path: Option<String>,
    /// Name of the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Free text; null removes it.
    #[serde(default, skip_serializing_if = "Change::is_keep")]
    pub description: Change<String>,
    /// Whether v2 deletes a folder that is not empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub force_delete: Option<bool>,
}

/// `PATCH /api/v1/folders/batch`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FolderBatchBody {
    /// Project, by id, slug or unique name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// The same under its older name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<String>,
    /// The same as a slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_slug: Option<String>,
    /// What changes, all or none.
    pub folders: Vec<FolderBatchItem>,
}

/// One folder of a [`FolderBatchBody`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FolderBatchItem {
    /// Id.
    pub id: String,
    /// Slug of the environment.
    pub environment: String,
    /// New name.
    pub name: String,
    /// The folder that holds it.
    #[serde(default)]
    pub path: Option<String>,
    /// New description; null removes it.
    #[serde(default, skip_serializing_if = "Change::is_keep")]
    pub description: Change<String>,
}

/// One folder: the answer to making, changing and deleting it, and to `POST /api/strongroom/v1/folders/{id}/restore`,
/// our own way back, which takes no body.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FolderResponse {
    /// The folder.
    pub folder: Folder,
}

/// One folder, looked up by its id or path.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FolderDetailsResponse {
    /// The folder.
    pub folder: FolderDetails,
}

/// Several folders.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FoldersResponse {
    /// The folders.
    pub folders: Vec<Folder>,
}
