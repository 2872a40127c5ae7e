//! Machine identities in projects.

use std::sync::Arc;

use axum::extract::State;
use shared::model::access::ProjectRole;
use shared::model::ids::{IdentityId, MembershipId};
use shared::wire::members::{
    IdentityMembership, IdentityMembershipResponse, IdentityMembershipsResponse, MembershipRequest,
    ProjectReference, RoleAssignment, RolesResponse,
};

use super::identities;
use crate::app::App;
use crate::domain::Error;
use crate::domain::members::{self, IdentityInProject};
use crate::http::error::Failure;
use crate::http::extract::{Json, Path, filled, parsed};
use crate::http::guard::Bearer;

/// A role on the wire.
pub(super) fn assignment(membership: MembershipId, role: ProjectRole) -> RoleAssignment {
    RoleAssignment {
        id: Some(membership),
        role: role.to_string(),
        ..RoleAssignment::default()
    }
}

fn body((membership, identity, project): IdentityInProject) -> IdentityMembership {
    IdentityMembership {
        id: membership.id,
        project_id: project.id,
        identity_id: identity.id,
        roles: vec![assignment(membership.id, membership.role)],
        identity: identities::body(&identity),
        project: ProjectReference {
            id: project.id,
            name: project.name,
        },
        created_at: membership.created_at,
        updated_at: membership.updated_at,
    }
}

/// A role by its word.
pub(super) fn role_of(word: &str) -> Result<ProjectRole, Failure> {
    let unknown = |_| {
        Error::NotFound(
            "Specified role was not found. The roles in a project are admin, member, viewer and no-access"
                .into(),
        )
    };
    Ok(word.parse().map_err(unknown)?)
}

/// The one role of a request.
pub(super) fn role(
    request: &MembershipRequest,
    default: Option<ProjectRole>,
) -> Result<ProjectRole, Failure> {
    let refused = |reason: &str| Err(Error::BadRequest(reason.into()).into());
    let word = match request.roles.as_deref() {
        Some([one]) if one.is_temporary => {
            return refused("Roles with an end are not supported yet: leave isTemporary out");
        }
        Some([one]) => Some(&one.role),
        Some([]) | None => request.role.as_ref(),
        Some(_) => return refused("Exactly one role is supported: give the strongest of them alone"),
    };
    match (filled(word), default) {
        (Some(word), _) => role_of(word),
        (None, Some(default)) => Ok(default),
        (None, None) => Err(Failure::invalid("roles", "Required")),
    }
}

/// `GET …/identity-memberships`
pub async fn list(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(project): Path<String>,
) -> Result<Json<IdentityMembershipsResponse>, Failure> {
    let found = app
        .read_as(caller, move |cx, caller| members::list(cx, caller, &project))
        .await?;
    let identity_memberships: Vec<_> = found.into_iter().map(body).collect();
    let total_count = i64::try_from(identity_memberships.len()).unwrap_or(i64::MAX);
    Ok(Json(IdentityMembershipsResponse {
        identity_memberships,
        total_count,
    }))
}

/// `GET …/identity-memberships/{identityId}`
pub async fn get(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path((project, id)): Path<(String, String)>,
) -> Result<Json<IdentityMembershipResponse>, Failure> {
    let id: IdentityId = parsed("identityId", &id)?;
    let found = app
        .read_as(caller, move |cx, caller| members::get(cx, caller, &project, id))
        .await?;
    Ok(Json(IdentityMembershipResponse {
        identity_membership: body(found),
    }))
}

/// `POST …/identity-memberships/{identityId}`; without a role the identity gets no access, as in Infisical.
pub async fn add(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path((project, id)): Path<(String, String)>,
    Json(request): Json<MembershipRequest>,
) -> Result<Json<IdentityMembershipResponse>, Failure> {
    let id: IdentityId = parsed("identityId", &id)?;
    let role = role(&request, Some(ProjectRole::NoAccess))?;
    let found = app
        .write_as(caller, move |cx, caller| {
            members::add(cx, caller, &project, id, role)
        })
        .await?;
    Ok(Json(IdentityMembershipResponse {
        identity_membership: body(found),
    }))
}

/// `PATCH …/identity-memberships/{identityId}`
pub async fn set_role(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path((project, id)): Path<(String, String)>,
    Json(request): Json<MembershipRequest>,
) -> Result<Json<RolesResponse>, Failure> {
    let id: IdentityId = parsed("identityId", &id)?;
    let role = role(&request, None)?;
    let (membership, ..) = app
        .write_as(caller, move |cx, caller| {
            members::set_role(cx, caller, &project, id, role)
        })
        .await?;
    Ok(Json(RolesResponse {
        roles: vec![assignment(membership.id, membership.role)],
    }))
}

/// `DELETE …/identity-memberships/{identityId}`
pub async fn remove(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path((project, id)): Path<(String, String)>,
) -> Result<Json<IdentityMembershipResponse>, Failure> {
    let id: IdentityId = parsed("identityId", &id)?;
    let found = app
        .write_as(caller, move |cx, caller| {
            members::remove(cx, caller, &project, id)
        })
        .await?;
    Ok(Json(IdentityMembershipResponse {
        identity_membership: body(found),
    }))
}
