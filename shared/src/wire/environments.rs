//! Environments of a project.

use serde::{Deserialize, Serialize};

use crate::model::ids::{EnvironmentId, ProjectId};
use crate::model::time::UnixMillis;

/// An environment.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Environment {
    /// Id.
    pub id: EnvironmentId,
    /// Name.
    pub name: String,
    /// Slug, unique in the project.
    pub slug: String,
    /// Place in the list, from 1.
    pub position: i64,
    /// Project it belongs to.
    pub project_id: ProjectId,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
}

/// `POST …/environments`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CreateEnvironmentRequest {
    /// Name.
    pub name: String,
    /// Slug.
    pub slug: String,
    /// Place in the list, from 1; at the end when absent or 0.
    #[serde(default)]
    pub position: Option<i64>,
}

/// `PATCH …/environments/{id}`; absent fields stay as they are.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct UpdateEnvironmentRequest {
    /// New name.
    #[serde(default)]
    pub name: Option<String>,
    /// New slug.
    #[serde(default)]
    pub slug: Option<String>,
    /// New place in the list, from 1; as it is when absent or 0.
    #[serde(default)]
    pub position: Option<i64>,
}

/// `POST /api/strongroom/v1/projects/{project}/environments/{id}/clone`: our own. Folders and imports are copied; what
/// is imported from the environment itself is imported from the clone.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CloneEnvironmentRequest {
    /// Name of the clone.
    pub name: String,
    /// Slug of the clone.
    pub slug: String,
    /// Whether the shared secrets come along, each as version 1 of a new one with comment, tags and metadata.
    pub with_secrets: bool,
}

/// Answer to cloning an environment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CloneEnvironmentResponse {
    /// The clone, the last one in the list.
    pub environment: Environment,
    /// How many folders it has, the root not counted.
    pub folders: usize,
    /// How many imports.
    pub imports: usize,
    /// How many secrets.
    pub secrets: usize,
}

/// Answer to creating, changing and deleting an environment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EnvironmentChangeResponse {
    /// One sentence.
    pub message: String,
    /// Id of the project.
    pub workspace: ProjectId,
    /// The environment.
    pub environment: Environment,
}

/// `GET …/environments/{id}`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EnvironmentResponse {
    /// The environment.
    pub environment: Environment,
}
