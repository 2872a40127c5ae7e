//! Membership of machine identities in projects.

use serde::{Deserialize, Serialize};

use crate::model::access::ProjectRole;
use crate::model::ids::{IdentityId, MembershipId, ProjectId};
use crate::model::time::UnixMillis;
use crate::wire::identities::Identity;

/// One assigned role.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleAssignment {
    /// Word of the role.
    pub role: String,
    /// Always false until roles with an end exist.
    #[serde(default)]
    pub is_temporary: bool,
}

/// `POST` and `PATCH …/identity-memberships/{identityId}`: `role`, or `roles` with exactly one.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct MembershipRequest {
    /// The role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The same as a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<RoleAssignment>>,
}

/// The project inside a membership.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProjectReference {
    /// Id.
    pub id: ProjectId,
    /// Name.
    pub name: String,
}

/// Membership of an identity in a project.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityMembership {
    /// Id.
    pub id: MembershipId,
    /// Project.
    pub project_id: ProjectId,
    /// Identity.
    pub identity_id: IdentityId,
    /// The role, as a list of one.
    pub roles: Vec<RoleAssignment>,
    /// The identity itself.
    pub identity: Identity,
    /// The project itself.
    pub project: ProjectReference,
    /// Since when.
    pub created_at: UnixMillis,
    /// When the role was last changed.
    pub updated_at: UnixMillis,
}

impl IdentityMembership {
    /// The one role in force.
    pub fn role(&self) -> Option<ProjectRole> {
        self.roles
            .first()
            .and_then(|assignment| assignment.role.parse().ok())
    }
}

/// One membership.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityMembershipResponse {
    /// The membership.
    pub identity_membership: IdentityMembership,
}

/// All memberships of a project.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityMembershipsResponse {
    /// By name of the identity.
    pub identity_memberships: Vec<IdentityMembership>,
    /// How many there are.
    pub total_count: i64,
}

/// Answer to changing the role of a membership.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RolesResponse {
    /// The role, as a list of one.
    pub roles: Vec<RoleAssignment>,
}
