//! Membership in projects: of machine identities and of people.

use serde::{Deserialize, Serialize};

use crate::model::access::ProjectRole;
use crate::model::ids::{IdentityId, MembershipId, ProjectId, UserId};
use crate::model::time::UnixMillis;
use crate::wire::auth::User;
use crate::wire::identities::Identity;

/// One assigned role. Roles of one's own and roles with an end come later: until then their fields are null.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RoleAssignment {
    /// Id, that of the membership.
    pub id: Option<MembershipId>,
    /// Word of the role.
    pub role: String,
    /// Always null.
    pub custom_role_id: Option<String>,
    /// Always null.
    pub custom_role_name: Option<String>,
    /// Always null.
    pub custom_role_slug: Option<String>,
    /// Always false.
    pub is_temporary: bool,
    /// Always null.
    pub temporary_mode: Option<String>,
    /// Always null.
    pub temporary_range: Option<String>,
    /// Always null.
    pub temporary_access_start_time: Option<String>,
    /// Always null.
    pub temporary_access_end_time: Option<String>,
}

/// `POST` and `PATCH …/identity-memberships/{identityId}` and `PATCH …/memberships/{membershipId}`: `role`, or `roles` with
/// exactly one.
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
    /// Oldest first.
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

/// `POST` and `DELETE /api/v2/workspace/{projectId}/memberships`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UserMembershipsRequest {
    /// E-mail addresses of members of the organization.
    pub emails: Option<Vec<String>>,
    /// The same: we have no separate user names.
    pub usernames: Option<Vec<String>>,
    /// Exactly one role for all of them; `member` when absent.
    pub role_slugs: Option<Vec<String>>,
}

/// `POST /api/v1/workspace/{projectId}/memberships/details`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserMembershipDetailsRequest {
    /// E-mail address.
    pub username: String,
}

/// Membership of a person in a project.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserMembership {
    /// Id.
    pub id: MembershipId,
    /// The person.
    pub user_id: UserId,
    /// Project.
    pub project_id: ProjectId,
    /// The role, as a list of one.
    pub roles: Vec<RoleAssignment>,
    /// The person himself.
    pub user: User,
    /// The project itself.
    pub project: ProjectReference,
    /// Since when.
    pub created_at: UnixMillis,
    /// When the role was last changed.
    pub updated_at: UnixMillis,
}

/// Some memberships of people.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserMembershipsResponse {
    /// By e-mail address.
    pub memberships: Vec<UserMembership>,
}

/// One membership of a person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserMembershipResponse {
    /// The membership.
    pub membership: UserMembership,
}
