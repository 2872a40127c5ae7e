//! Projects, which Infisical's older routes call workspaces.

use serde::{Deserialize, Serialize};

use crate::model::change::Change;
use crate::model::ids::{EnvironmentId, OrganizationId, ProjectId};
use crate::model::time::UnixMillis;

/// A project with its environments.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// Id.
    pub id: ProjectId,
    /// The same id again: older clients read this one.
    #[serde(rename = "_id")]
    pub id_again: ProjectId,
    /// Name.
    pub name: String,
    /// Unique in the organization.
    pub slug: String,
    /// Free text.
    pub description: Option<String>,
    /// Always `secret-manager`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Organization it belongs to.
    pub org_id: OrganizationId,
    /// Whether clients may write names in capitals; the server itself never changes their case.
    pub auto_capitalization: bool,
    /// Whether deleting it is refused.
    pub has_delete_protection: bool,
    /// Infisical's data format, always 3.
    pub version: i64,
    /// Always null.
    pub upgrade_status: Option<String>,
    /// Number of versions Infisical would keep in snapshots.
    pub pit_version_limit: i64,
    /// Days that its audit records are to be kept; null for the instance's default.
    pub audit_logs_retention_days: Option<i64>,
    /// Always null.
    pub kms_certificate_key_id: Option<String>,
    /// Always false: nothing is shown to people without an account.
    #[serde(default)]
    pub secret_sharing: bool,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
    /// Document version of older clients, always 0.
    #[serde(rename = "__v")]
    pub document_version: i64,
    /// In their order.
    pub environments: Vec<EnvironmentSummary>,
    /// The roles that its members can have; in lists that asked for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<RoleSummary>>,
}

/// A role inside a [`Project`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RoleSummary {
    /// Name.
    pub name: String,
    /// The word for it in requests.
    pub slug: String,
    /// What it allows.
    pub description: String,
}

/// `GET /api/v1/workspace` and `GET /api/v1/projects`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProjectsQuery {
    /// Kind of projects: `secret-manager`, `all`, or one that does not exist here.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Whether the roles are wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_roles: Option<String>,
}

/// An environment inside a [`Project`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EnvironmentSummary {
    /// Id.
    pub id: EnvironmentId,
    /// Name.
    pub name: String,
    /// Slug, the address used by every secret route.
    pub slug: String,
}

/// `POST /api/v2/workspace` and `POST /api/v1/projects`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateProjectRequest {
    /// Name.
    pub project_name: String,
    /// Free text.
    #[serde(default)]
    pub project_description: Option<String>,
    /// Empty means: make one from the name.
    #[serde(default)]
    pub slug: Option<String>,
    /// Whether to start with dev, staging and prod.
    #[serde(default)]
    pub should_create_default_envs: Option<bool>,
    /// Whether deleting it shall be refused.
    #[serde(default)]
    pub has_delete_protection: Option<bool>,
    /// `secret-manager`; other kinds of projects are not offered.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// One project, the newer spelling.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProjectResponse {
    /// The project.
    pub project: Project,
}

/// `GET /api/v1/projects`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProjectsResponse {
    /// Those the caller belongs to, by name.
    pub projects: Vec<Project>,
}

/// One project, the older spelling.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WorkspaceResponse {
    /// The project.
    pub workspace: Project,
}

/// `GET /api/v1/workspace`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WorkspacesResponse {
    /// Those the caller belongs to, by name.
    pub workspaces: Vec<Project>,
}

/// `PATCH` of a project; absent fields stay as they are.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateProjectRequest {
    /// New name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// New slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// New description; null removes it.
    #[serde(default, skip_serializing_if = "Change::is_keep")]
    pub description: Change<String>,
    /// Whether deleting it shall be refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_delete_protection: Option<bool>,
    /// Kept for clients that ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_capitalization: Option<bool>,
}

/// `PUT /api/v1/workspace/{slug}/audit-logs-retention`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditRetentionRequest {
    /// Days.
    pub audit_logs_retention_days: i64,
}

/// Answer to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuditRetentionResponse {
    /// One sentence.
    pub message: String,
    /// The project.
    pub workspace: Project,
}

/// `GET /api/v2/organizations/{id}/workspaces`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OrganizationProjectsResponse {
    /// Those the caller belongs to, by name.
    pub workspaces: Vec<OrganizationProject>,
}

/// A project in a [`OrganizationProjectsResponse`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OrganizationProject {
    /// Id.
    pub id: ProjectId,
    /// The same id again: older clients read this one.
    #[serde(rename = "_id")]
    pub id_again: ProjectId,
    /// Name.
    pub name: String,
    /// Unique in the organization.
    pub slug: String,
    /// Organization it belongs to.
    pub organization: OrganizationId,
    /// In their order.
    pub environments: Vec<EnvironmentSummary>,
}
