//! People in projects.

use std::sync::Arc;

use axum::extract::State;
use shared::model::access::ProjectRole;
use shared::model::ids::MembershipId;
use shared::model::names::Email;
use shared::wire::members::{
    MembershipRequest, ProjectReference, RolesResponse, UserMembership, UserMembershipDetailsRequest,
    UserMembershipResponse, UserMembershipsRequest, UserMembershipsResponse,
};

use super::{auth, members};
use crate::app::App;
use crate::domain::Error;
use crate::domain::project_users::{self, UserInProject};
use crate::http::error::Failure;
use crate::http::extract::{Json, Path, filled, parsed};
use crate::http::guard::Bearer;

fn body((membership, project): UserInProject) -> UserMembership {
    UserMembership {
        id: membership.id,
        user_id: membership.user.id,
        project_id: project.id,
        roles: vec![members::assignment(membership.id, membership.role)],
        user: auth::user_body(&membership.user),
        project: ProjectReference {
            id: project.id,
            name: project.name,
        },
        created_at: membership.created_at,
        updated_at: membership.updated_at,
    }
}

fn bodies(found: Vec<UserInProject>) -> Json<UserMembershipsResponse> {
    Json(UserMembershipsResponse {
        memberships: found.into_iter().map(body).collect(),
    })
}

/// The people that a request names, each once.
fn people(request: &UserMembershipsRequest) -> Result<Vec<Email>, Failure> {
    let named = [("emails", &request.emails), ("usernames", &request.usernames)];
    let mut people = Vec::new();
    for (field, texts) in named {
        for text in texts.iter().flatten() {
            let email: Email = parsed(field, text)?;
            if !people.contains(&email) {
                people.push(email);
            }
        }
    }
    if people.is_empty() {
        return Err(Error::BadRequest("Whom? Give e-mail addresses as emails or usernames".into()).into());
    }
    Ok(people)
}

/// `GET /api/v1/workspace/{projectId}/memberships`
pub async fn list(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(project): Path<String>,
) -> Result<Json<UserMembershipsResponse>, Failure> {
    let found = app
        .read_as(caller, move |cx, caller| {
            project_users::list(cx, caller, &project)
        })
        .await?;
    Ok(bodies(found))
}

/// `POST /api/v1/workspace/{projectId}/memberships/details`
pub async fn details(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(project): Path<String>,
    Json(request): Json<UserMembershipDetailsRequest>,
) -> Result<Json<UserMembershipResponse>, Failure> {
    let email: Email = parsed("username", &request.username)?;
    let found = app
        .read_as(caller, move |cx, caller| {
            project_users::get(cx, caller, &project, &email)
        })
        .await?;
    Ok(Json(UserMembershipResponse {
        membership: body(found),
    }))
}

/// `POST /api/v2/workspace/{projectId}/memberships`; without a role they become members, as in Infisical.
pub async fn add(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(project): Path<String>,
    Json(request): Json<UserMembershipsRequest>,
) -> Result<Json<UserMembershipsResponse>, Failure> {
    let people = people(&request)?;
    let role = match request.role_slugs.as_deref() {
        None | Some([]) => ProjectRole::Member,
        Some([word]) => match filled(Some(word)) {
            Some(word) => members::role_of(word)?,
            None => ProjectRole::Member,
        },
        Some(_) => {
            let reason = "Exactly one role is supported: give the strongest of them alone";
            return Err(Error::BadRequest(reason.into()).into());
        }
    };
    let added = app
        .write_as(caller, move |cx, caller| {
            project_users::add(cx, caller, &project, &people, role)
        })
        .await?;
    Ok(bodies(added))
}

/// `PATCH /api/v1/workspace/{projectId}/memberships/{membershipId}`
pub async fn set_role(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path((project, id)): Path<(String, String)>,
    Json(request): Json<MembershipRequest>,
) -> Result<Json<RolesResponse>, Failure> {
    let id: MembershipId = parsed("membershipId", &id)?;
    let role = members::role(&request, None)?;
    let role = app
        .write_as(caller, move |cx, caller| {
            project_users::set_role(cx, caller, &project, id, role)
        })
        .await?;
    Ok(Json(RolesResponse {
        roles: vec![members::assignment(id, role)],
    }))
}

/// `DELETE /api/v2/workspace/{projectId}/memberships`
pub async fn remove(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(project): Path<String>,
    Json(request): Json<UserMembershipsRequest>,
) -> Result<Json<UserMembershipsResponse>, Failure> {
    let people = people(&request)?;
    let removed = app
        .write_as(caller, move |cx, caller| {
            project_users::remove(cx, caller, &project, &people)
        })
        .await?;
    Ok(bodies(removed))
}
