//! Whether an organization has anything of a kind yet. Each question ends at the first row found.

use shared::model::ids::OrganizationId;

use super::{Error, Tx, Value};

/// Whether there is a project.
pub fn has_project(tx: Tx, organization: OrganizationId) -> Result<bool, Error> {
    let rows = tx.query(
        "SELECT id FROM projects WHERE organization_id = $1 AND deleted_at IS NULL LIMIT 1",
        &[Value::text(organization)],
    )?;
    Ok(!rows.is_empty())
}

/// Whether a project has a secret.
pub fn has_secret(tx: Tx, organization: OrganizationId) -> Result<bool, Error> {
    let rows = tx.query(
        "SELECT s.id FROM projects p JOIN environments e ON e.project_id = p.id JOIN folders f ON \
         f.environment_id = e.id JOIN secrets s ON s.folder_id = f.id WHERE p.organization_id = $1 AND \
         p.deleted_at IS NULL AND e.deleted_at IS NULL AND f.deleted_at IS NULL AND s.deleted_at IS NULL LIMIT 1",
        &[Value::text(organization)],
    )?;
    Ok(!rows.is_empty())
}

/// Whether there is a machine identity, besides the one that set-up makes.
pub fn has_identity(tx: Tx, organization: OrganizationId) -> Result<bool, Error> {
    let rows = tx.query(
        "SELECT id FROM identities WHERE organization_id = $1 AND instance_admin = $2 AND deleted_at IS NULL LIMIT 1",
        &[Value::text(organization), Value::from(false)],
    )?;
    Ok(!rows.is_empty())
}
