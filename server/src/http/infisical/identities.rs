//! Machine identities.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use shared::model::access::OrganizationRole;
use shared::model::ids::{IdentityId, OrganizationId};
use shared::model::names::DisplayName;
use shared::wire::identities::{
    CreateIdentityRequest, IdentitiesResponse, Identity, IdentityMembershipInOrganizationResponse,
    IdentityOrganizationMembership, IdentityResponse,
};

use crate::app::App;
use crate::domain::identities;
use crate::http::error::Failure;
use crate::http::extract::{Json, Path, Query, filled, parsed};
use crate::http::guard::Bearer;
use crate::store;

/// An identity on the wire.
pub fn body(row: &store::identities::Identity) -> Identity {
    Identity {
        id: row.id,
        name: row.name.clone(),
        has_delete_protection: row.delete_protection,
        auth_methods: if row.universal_auth {
            vec!["universal-auth".into()]
        } else {
            Vec::new()
        },
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

fn membership(row: &store::identities::Identity) -> IdentityOrganizationMembership {
    IdentityOrganizationMembership {
        id: row.membership_id,
        role: row.role,
        role_id: None,
        org_id: row.organization_id,
        identity_id: row.id,
        identity: body(row),
    }
}

/// `POST /api/v1/identities`
pub async fn create(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Json(request): Json<CreateIdentityRequest>,
) -> Result<Json<IdentityResponse>, Failure> {
    let name: DisplayName = parsed("name", &request.name)?;
    let organization: OrganizationId = parsed("organizationId", &request.organization_id)?;
    let role = match filled(request.role.as_ref()) {
        None => OrganizationRole::NoAccess,
        Some(word) => word
            .parse()
            .map_err(|_| Failure::invalid("role", "expected admin, member or no-access"))?,
    };
    let protection = request.has_delete_protection.unwrap_or(false);
    let row = app
        .write_as(caller, move |cx, caller| {
            identities::create(cx, caller, organization, &name, role, protection)
        })
        .await?;
    Ok(Json(IdentityResponse { identity: body(&row) }))
}

/// Query of the list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListQuery {
    org_id: Option<String>,
}

/// `GET /api/v1/identities?orgId=`
pub async fn list(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Query(query): Query<ListQuery>,
) -> Result<Json<IdentitiesResponse>, Failure> {
    let organization: OrganizationId = parsed("orgId", filled(query.org_id.as_ref()).unwrap_or_default())?;
    let rows = app
        .read_as(caller, move |cx, caller| {
            identities::list(cx, caller, organization)
        })
        .await?;
    let identities: Vec<_> = rows.iter().map(membership).collect();
    let total_count = i64::try_from(identities.len()).unwrap_or(i64::MAX);
    Ok(Json(IdentitiesResponse {
        identities,
        total_count,
    }))
}

/// `GET /api/v1/identities/{id}`
pub async fn get(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
) -> Result<Json<IdentityMembershipInOrganizationResponse>, Failure> {
    let id: IdentityId = parsed("identityId", &id)?;
    let row = app
        .read_as(caller, move |cx, caller| identities::get(cx, caller, id))
        .await?;
    Ok(Json(IdentityMembershipInOrganizationResponse {
        identity: membership(&row),
    }))
}

/// `DELETE /api/v1/identities/{id}`
pub async fn delete(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
) -> Result<Json<IdentityResponse>, Failure> {
    let id: IdentityId = parsed("identityId", &id)?;
    let row = app
        .write_as(caller, move |cx, caller| identities::delete(cx, caller, id))
        .await?;
    Ok(Json(IdentityResponse { identity: body(&row) }))
}
