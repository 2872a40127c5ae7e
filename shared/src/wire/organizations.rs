//! Organizations.

use serde::{Deserialize, Serialize};

use crate::model::access::OrganizationRole;
use crate::model::ids::OrganizationId;
use crate::model::time::UnixMillis;

/// An organization. Fields that only Infisical's paid plans use are constants.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    /// Id.
    pub id: OrganizationId,
    /// Name.
    pub name: String,
    /// Slug.
    pub slug: String,
    /// Always null.
    pub customer_id: Option<String>,
    /// Always false.
    pub auth_enforced: bool,
    /// Always false.
    pub scim_enabled: bool,
    /// Always null.
    pub kms_default_key_id: Option<String>,
    /// Always null.
    pub kms_encrypted_data_key: Option<String>,
    /// Always empty: people log in with a password.
    #[serde(default)]
    pub org_auth_method: String,
    /// Always false: nobody is made to use a second factor.
    #[serde(default)]
    pub enforce_mfa: bool,
    /// Always null.
    #[serde(default)]
    pub selected_mfa_method: Option<String>,
    /// Role of a new member.
    pub default_membership_role: OrganizationRole,
    /// The caller's role here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_role: Option<OrganizationRole>,
    /// When the caller joined.
    #[serde(default)]
    pub user_joined_at: Option<UnixMillis>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
}

/// An organization as others point to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OrganizationReference {
    /// Id.
    pub id: OrganizationId,
    /// Name.
    pub name: String,
    /// Slug.
    pub slug: String,
}

/// `GET /api/v1/organization`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OrganizationsResponse {
    /// Those the caller belongs to.
    pub organizations: Vec<Organization>,
}

/// `GET /api/v1/organization/{id}`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OrganizationResponse {
    /// The organization.
    pub organization: Organization,
}

/// `GET /api/v1/organization/accessible-with-sub-orgs`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccessibleOrganizationsResponse {
    /// Those the caller belongs to.
    pub organizations: Vec<AccessibleOrganization>,
}

/// An organization in an [`AccessibleOrganizationsResponse`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessibleOrganization {
    /// Id.
    pub id: OrganizationId,
    /// Name.
    pub name: String,
    /// Slug.
    pub slug: String,
    /// Always empty: organizations hold no others here.
    pub sub_organizations: Vec<SubOrganization>,
}

/// An organization inside another.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SubOrganization {
    /// Id.
    pub id: OrganizationId,
    /// Name.
    pub name: String,
    /// Slug.
    pub slug: String,
}
