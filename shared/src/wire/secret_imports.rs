//! Imports of folders.

use serde::{Deserialize, Serialize};

use crate::model::ids::{EnvironmentId, FolderId, ProjectId, SecretImportId};
use crate::model::time::UnixMillis;
use crate::wire::secrets::ImportBlock;

/// An environment as an import names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportEnvironment {
    /// Id.
    pub id: EnvironmentId,
    /// Name.
    pub name: String,
    /// Slug.
    pub slug: String,
}

/// An import.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretImport {
    /// Id.
    pub id: SecretImportId,
    /// Counts changes, from 1.
    pub version: i64,
    /// Folder that is imported.
    pub import_path: String,
    /// Environment it lies in.
    pub import_env: ImportEnvironment,
    /// Place among the imports of the folder, from 1. Of two that have a key, the last one counts.
    pub position: i64,
    /// Folder that imports.
    pub folder_id: FolderId,
    /// Always false: replicated imports do not exist here.
    #[serde(default)]
    pub is_replication: bool,
    /// Always null.
    #[serde(default)]
    pub is_replication_success: Option<bool>,
    /// Always null.
    #[serde(default)]
    pub replication_status: Option<String>,
    /// Always null.
    #[serde(default)]
    pub last_replicated: Option<String>,
    /// Always false.
    #[serde(default)]
    pub is_reserved: bool,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
}

/// `GET /api/v1/secret-imports`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretImportsResponse {
    /// One sentence.
    pub message: String,
    /// In the order of their positions.
    pub secret_imports: Vec<SecretImport>,
}

/// `GET /api/v1/secret-imports/secrets`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ImportedSecretsResponse {
    /// What each import brings, in the order of the imports.
    pub secrets: Vec<ImportBlock>,
}

/// Answer to creating, changing and deleting an import.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretImportChangeResponse {
    /// One sentence.
    pub message: String,
    /// The import.
    pub secret_import: SecretImport,
}

/// An import with the place of the folder that imports.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlacedSecretImport {
    /// The import.
    #[serde(flatten)]
    pub import: SecretImport,
    /// Environment of the folder that imports.
    pub environment: ImportEnvironment,
    /// Project.
    pub project_id: ProjectId,
    /// Path of the folder that imports.
    pub secret_path: String,
}

/// `GET /api/v1/secret-imports/{id}`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretImportResponse {
    /// The import.
    pub secret_import: PlacedSecretImport,
}

/// What is imported. Empty texts count as absent, and so does the position 0: some clients send them for what they do
/// not mean to change.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ImportSource {
    /// Slug of the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Place among the imports of the folder (only when changing).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<i64>,
}

/// Body of creating, changing and deleting an import, and query of listing: which folder imports, and for the first two
/// what.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretImportRequest {
    /// Project, v2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// Project, v1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<String>,
    /// Project by slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_slug: Option<String>,
    /// Project by slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_slug: Option<String>,
    /// Slug of the environment of the folder that imports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The folder that imports, `/` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What it imports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<ImportSource>,
    /// Asks for copies that follow their source; refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_replication: Option<bool>,
}
