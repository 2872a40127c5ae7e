//! Tags of a project. The older routes under `workspace` wrap them under another name.

use serde::{Deserialize, Serialize};

use crate::model::ids::{ProjectId, TagId};
use crate::model::time::UnixMillis;

/// A tag.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tag {
    /// Id.
    pub id: TagId,
    /// Unique in the project.
    pub slug: String,
    /// The slug again.
    pub name: String,
    /// Colour, may be empty.
    pub color: String,
    /// Project it belongs to.
    pub project_id: ProjectId,
    /// Id of the user or machine identity that made it.
    pub created_by: String,
    /// `user` or `identity`.
    pub created_by_actor_type: String,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
}

/// `POST …/tags`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CreateTagRequest {
    /// Slug.
    pub slug: String,
    /// Colour, may be empty.
    pub color: String,
}

/// `PATCH …/tags/{id}`; absent fields stay as they are.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct UpdateTagRequest {
    /// New slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// New colour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
}

/// One tag, the newer spelling.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TagResponse {
    /// The tag.
    pub tag: Tag,
}

/// The tags of a project, the newer spelling.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TagsResponse {
    /// By slug.
    pub tags: Vec<Tag>,
}

/// One tag, the older spelling.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceTagResponse {
    /// The tag.
    pub workspace_tag: Tag,
}

/// The tags of a project, the older spelling.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceTagsResponse {
    /// By slug.
    pub workspace_tags: Vec<Tag>,
}
