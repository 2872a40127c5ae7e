//! Machine identities.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use shared::model::access::OrganizationRole;
use shared::model::ids::{IdentityId, OrganizationId};
use shared::wire::identities::{
    Condition, CreateIdentityRequest, IdentitiesResponse, Identity, IdentityDetails, IdentityDetailsResponse,
    IdentityMembershipInOrganizationResponse, IdentityOrganizationMembership, IdentityResponse, Metadata,
    SearchIdentitiesRequest, UpdateIdentityRequest,
};
use shared::wire::organizations::OrganizationReference;

use crate::app::App;
use crate::domain::Error;
use crate::domain::identities::{self, Change, Described, GivenMetadata, NewIdentity, Search};
use crate::http::error::Failure;
use crate::http::extract::{Json, Path, Query, filled, page, parsed};
use crate::http::guard::Bearer;
use crate::store;

/// An identity on the wire, without the free text about it.
pub fn body(row: &store::identities::Identity) -> Identity {
    let auth_methods: Vec<_> = row.methods.iter().map(ToString::to_string).collect();
    Identity {
        id: row.id,
        name: row.name.clone(),
        has_delete_protection: row.delete_protection,
        auth_method: auth_methods.first().cloned(),
        auth_methods,
        metadata: Vec::new(),
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

fn pairs(metadata: Vec<store::identity_metadata::Metadata>) -> Vec<Metadata> {
    let pair = |row: store::identity_metadata::Metadata| Metadata {
        id: Some(row.id),
        key: row.name,
        value: row.value,
    };
    metadata.into_iter().map(pair).collect()
}

fn given(metadata: Vec<Metadata>) -> GivenMetadata {
    let pair = |pair: Metadata| (pair.key, pair.value);
    metadata.into_iter().map(pair).collect()
}

fn response((row, metadata): Described) -> Json<IdentityResponse> {
    Json(IdentityResponse {
        identity: Identity {
            metadata: pairs(metadata),
            ..body(&row)
        },
    })
}

fn membership((row, metadata): Described) -> IdentityOrganizationMembership {
    let metadata = pairs(metadata);
    IdentityOrganizationMembership {
        id: row.membership_id,
        role: row.role,
        role_id: None,
        org_id: row.organization_id,
        identity_id: row.id,
        identity: Identity {
            metadata: metadata.clone(),
            ..body(&row)
        },
        metadata,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

fn role(word: Option<&String>) -> Result<Option<OrganizationRole>, Failure> {
    filled(word)
        .map(|word| {
            let unknown = |_| {
                Error::NotFound(
                    "Specified role was not found. The roles in an organization are admin, member and no-access"
                        .into(),
                )
            };
            Ok(word.parse().map_err(unknown)?)
        })
        .transpose()
}

/// `POST /api/v1/identities`
pub async fn create(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Json(request): Json<CreateIdentityRequest>,
) -> Result<Json<IdentityResponse>, Failure> {
    let new = NewIdentity {
        organization: parsed("organizationId", &request.organization_id)?,
        name: parsed("name", &request.name)?,
        role: role(request.role.as_ref())?.unwrap_or(OrganizationRole::NoAccess),
        delete_protection: request.has_delete_protection.unwrap_or(false),
        metadata: given(request.metadata.unwrap_or_default()),
    };
    let made = app
        .write_as(caller, move |cx, caller| identities::create(cx, caller, &new))
        .await?;
    Ok(response(made))
}

/// Query of the list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListQuery {
    org_id: Option<String>,
    search: Option<String>,
    offset: Option<String>,
    limit: Option<String>,
}

/// The part of a list that starts somewhere.
fn part(search: Search, (offset, limit): (i64, i64)) -> Search {
    Search {
        offset: usize::try_from(offset).unwrap_or_default(),
        limit: usize::try_from(limit).unwrap_or_default(),
        ..search
    }
}

fn found((found, total): (Vec<Described>, usize)) -> Json<IdentitiesResponse> {
    Json(IdentitiesResponse {
        identities: found.into_iter().map(membership).collect(),
        total_count: i64::try_from(total).unwrap_or(i64::MAX),
    })
}

/// `GET /api/v1/identities?orgId=`
pub async fn list(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Query(query): Query<ListQuery>,
) -> Result<Json<IdentitiesResponse>, Failure> {
    let organization: OrganizationId = parsed("orgId", filled(query.org_id.as_ref()).unwrap_or_default())?;
    let named = Search {
        name_contains: filled(query.search.as_ref()).map(str::to_owned),
        ..Search::default()
    };
    let search = part(named, page(query.offset.as_ref(), query.limit.as_ref())?);
    let rows = app
        .read_as(caller, move |cx, caller| {
            identities::search(cx, caller, Some(organization), &search)
        })
        .await?;
    Ok(found(rows))
}

/// `POST /api/v2/identities/search`
pub async fn search(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Json(request): Json<SearchIdentitiesRequest>,
) -> Result<Json<IdentitiesResponse>, Failure> {
    let text = |number: Option<i64>| number.map(|number| number.to_string());
    let wanted = request.search.unwrap_or_default();
    let (mut names, mut name_contains, mut roles) = (None, None, None);
    if let Some(condition) = wanted.name {
        let (exact, contains) = operators(condition);
        (names, name_contains) = (exact, contains);
    }
    if let Some(condition) = wanted.role {
        (roles, _) = operators(condition);
    }
    let named = Search {
        name_contains,
        names,
        roles,
        ..Search::default()
    };
    let search = part(
        named,
        page(text(request.offset).as_ref(), text(request.limit).as_ref())?,
    );
    let rows = app
        .read_as(caller, move |cx, caller| {
            identities::search(cx, caller, None, &search)
        })
        .await?;
    Ok(found(rows))
}

/// The texts one of which a field must be, and the text it must contain.
fn operators(condition: Condition) -> (Option<Vec<String>>, Option<String>) {
    match condition {
        Condition::Text(text) => (Some(vec![text]), None),
        Condition::Operators(operators) => {
            let exact = match (operators.equal, operators.one_of) {
                (Some(equal), Some(one_of)) => Some(one_of.into_iter().filter(|one| *one == equal).collect()),
                (Some(equal), None) => Some(vec![equal]),
                (None, one_of) => one_of,
            };
            (exact, operators.contains)
        }
    }
}

/// `GET /api/v1/identities/details`: what a machine identity may know of itself.
pub async fn details(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
) -> Result<Json<IdentityDetailsResponse>, Failure> {
    let organization = app.read_as(caller, identities::details).await?;
    Ok(Json(IdentityDetailsResponse {
        identity_details: IdentityDetails {
            organization: OrganizationReference {
                id: organization.id,
                name: organization.name,
                slug: organization.slug,
            },
        },
    }))
}

/// `GET /api/v1/identities/{id}`
pub async fn get(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
) -> Result<Json<IdentityMembershipInOrganizationResponse>, Failure> {
    let id: IdentityId = parsed("identityId", &id)?;
    let found = app
        .read_as(caller, move |cx, caller| identities::get(cx, caller, id))
        .await?;
    Ok(Json(IdentityMembershipInOrganizationResponse {
        identity: membership(found),
    }))
}

/// `PATCH /api/v1/identities/{id}`
pub async fn update(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
    Json(request): Json<UpdateIdentityRequest>,
) -> Result<Json<IdentityResponse>, Failure> {
    let id: IdentityId = parsed("identityId", &id)?;
    let change = Change {
        name: request.name.map(|name| parsed("name", &name)).transpose()?,
        role: role(request.role.as_ref())?,
        delete_protection: request.has_delete_protection,
        metadata: request.metadata.map(given),
    };
    let changed = app
        .write_as(caller, move |cx, caller| {
            identities::update(cx, caller, id, &change)
        })
        .await?;
    Ok(response(changed))
}

/// `DELETE /api/v1/identities/{id}`
pub async fn delete(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
) -> Result<Json<IdentityResponse>, Failure> {
    let id: IdentityId = parsed("identityId", &id)?;
    let gone = app
        .write_as(caller, move |cx, caller| identities::delete(cx, caller, id))
        .await?;
    Ok(response(gone))
}
