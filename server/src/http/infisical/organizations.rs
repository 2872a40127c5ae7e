//! Organizations.

use std::sync::Arc;

use axum::extract::State;
use shared::model::access::OrganizationRole;
use shared::model::ids::OrganizationId;
use shared::wire::organizations::{
    AccessibleOrganization, AccessibleOrganizationsResponse, Organization, OrganizationResponse,
    OrganizationsResponse,
};

use crate::app::App;
use crate::domain::organizations;
use crate::http::error::Failure;
use crate::http::extract::{Json, Path};
use crate::http::guard::Bearer;
use crate::store::organizations::Membership;

fn body(membership: Membership) -> Organization {
    let row = membership.organization;
    Organization {
        id: row.id,
        name: row.name,
        slug: row.slug,
        customer_id: None,
        auth_enforced: false,
        scim_enabled: false,
        kms_default_key_id: None,
        kms_encrypted_data_key: None,
        org_auth_method: String::new(),
        enforce_mfa: false,
        selected_mfa_method: None,
        default_membership_role: OrganizationRole::Member,
        user_role: Some(membership.role),
        user_joined_at: Some(membership.joined_at),
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

/// `GET /api/v1/organization`
pub async fn list(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
) -> Result<Json<OrganizationsResponse>, Failure> {
    let found = app.read_as(caller, organizations::list).await?;
    Ok(Json(OrganizationsResponse {
        organizations: found.into_iter().map(body).collect(),
    }))
}

/// `GET /api/v1/organization/accessible-with-sub-orgs`
pub async fn list_accessible(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
) -> Result<Json<AccessibleOrganizationsResponse>, Failure> {
    let found = app.read_as(caller, organizations::list).await?;
    let organizations = found
        .into_iter()
        .map(|membership| membership.organization)
        .map(|row| AccessibleOrganization {
            id: row.id,
            name: row.name,
            slug: row.slug,
            sub_organizations: Vec::new(),
        })
        .collect();
    Ok(Json(AccessibleOrganizationsResponse { organizations }))
}

/// `GET /api/v1/organization/{id}`
pub async fn get(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
) -> Result<Json<OrganizationResponse>, Failure> {
    let Ok(id) = id.parse::<OrganizationId>() else {
        return Err(organizations::not_a_member().into());
    };
    let found = app
        .read_as(caller, move |cx, caller| organizations::get(cx, caller, id))
        .await?;
    Ok(Json(OrganizationResponse {
        organization: body(found),
    }))
}
