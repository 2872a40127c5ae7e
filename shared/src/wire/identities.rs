//! Machine identities of an organization.

use serde::{Deserialize, Serialize};

use crate::model::access::OrganizationRole;
use crate::model::ids::{IdentityId, MembershipId, MetadataId, OrganizationId};
use crate::model::time::UnixMillis;
use crate::wire::organizations::OrganizationReference;

/// A pair of free text about an identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Id, in answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<MetadataId>,
    /// Name.
    pub key: String,
    /// Value.
    pub value: String,
}

/// A machine identity.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Id.
    pub id: IdentityId,
    /// Name.
    pub name: String,
    /// Whether deleting it is refused.
    pub has_delete_protection: bool,
    /// The first of the next field, for older clients.
    #[serde(default)]
    pub auth_method: Option<String>,
    /// `universal-auth` and `token-auth`, as attached.
    pub auth_methods: Vec<String>,
    /// Free text about it.
    #[serde(default)]
    pub metadata: Vec<Metadata>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
}

/// One identity after creation, change or deletion.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IdentityResponse {
    /// The identity.
    pub identity: Identity,
}

/// `POST /api/v1/identities`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateIdentityRequest {
    /// Name.
    pub name: String,
    /// Organization it belongs to.
    pub organization_id: String,
    /// Role in the organization; `no-access` when absent.
    #[serde(default)]
    pub role: Option<String>,
    /// Whether deleting it shall be refused.
    #[serde(default)]
    pub has_delete_protection: Option<bool>,
    /// Free text about it.
    #[serde(default)]
    pub metadata: Option<Vec<Metadata>>,
}

/// `PATCH /api/v1/identities/{id}`; absent fields stay as they are.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UpdateIdentityRequest {
    /// Name.
    pub name: Option<String>,
    /// Role in the organization.
    pub role: Option<String>,
    /// Whether deleting it shall be refused.
    pub has_delete_protection: Option<bool>,
    /// Free text about it, in the place of all there was.
    pub metadata: Option<Vec<Metadata>>,
}

/// An identity's membership in its organization.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityOrganizationMembership {
    /// Id of the membership.
    pub id: MembershipId,
    /// Role in the organization.
    pub role: OrganizationRole,
    /// Always null: own roles come later.
    pub role_id: Option<String>,
    /// Organization.
    pub org_id: OrganizationId,
    /// Identity.
    pub identity_id: IdentityId,
    /// Free text about the identity.
    #[serde(default)]
    pub metadata: Vec<Metadata>,
    /// The identity itself.
    pub identity: Identity,
    /// When the identity was made.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
}

/// `GET /api/v1/identities/{id}`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IdentityMembershipInOrganizationResponse {
    /// The membership with the identity in it.
    pub identity: IdentityOrganizationMembership,
}

/// `GET /api/v1/identities?orgId=` and `POST /api/v2/identities/search`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentitiesResponse {
    /// By name.
    pub identities: Vec<IdentityOrganizationMembership>,
    /// How many there are, beyond those that were asked for too.
    pub total_count: i64,
}

/// `POST /api/v2/identities/search`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SearchIdentitiesRequest {
    /// What to look for; everything when absent.
    pub search: Option<IdentitySearch>,
    /// How many to leave out.
    pub offset: Option<i64>,
    /// How many to show at most.
    pub limit: Option<i64>,
}

/// What an identity must have.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct IdentitySearch {
    /// Its name.
    pub name: Option<Condition>,
    /// Its role in the organization.
    pub role: Option<Condition>,
}

/// What a field must be.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Condition {
    /// This text.
    Text(String),
    /// All of these.
    Operators(Operators),
}

/// What a field must be, in operators.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Operators {
    /// This text.
    #[serde(rename = "$eq")]
    pub equal: Option<String>,
    /// Anything with this in it, whatever the case.
    #[serde(rename = "$contains")]
    pub contains: Option<String>,
    /// One of these.
    #[serde(rename = "$in")]
    pub one_of: Option<Vec<String>>,
}

/// `GET /api/v1/identities/details`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityDetailsResponse {
    /// About the caller.
    pub identity_details: IdentityDetails,
}

/// What a machine identity may know of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IdentityDetails {
    /// The organization it belongs to.
    pub organization: OrganizationReference,
}
