//! Machine identities as members of projects; people are in [`super::project_users`].

use shared::model::access::{Action, ProjectRole, Subject};
use shared::model::ids::{IdentityId, MembershipId, OrganizationId};

use super::access::require_holds;
use super::caller::Caller;
use super::projects::{Membership, find_for};
use super::{Context, Error, audit, identities};
use crate::crypto::random;
use crate::store;
use crate::store::identities::Identity;
use crate::store::members::{IdentityMembership, Member};
use crate::store::projects::Project;

/// A membership with both of its ends.
pub type IdentityInProject = (IdentityMembership, Identity, Project);

fn identity(cx: &mut Context, caller: &Caller, id: IdentityId) -> Result<Identity, Error> {
    let (organization, _) = caller.organization()?;
    store::identities::by_id(cx.tx, organization, id)?.ok_or_else(|| identities::not_found(id))
}

fn not_in_project(id: IdentityId) -> Error {
    Error::NotFound(format!("Identity with id '{id}' is not a member of this project"))
}

/// Refuses to take away somebody without whom a project would have no administrator: nobody could ever let anybody in
/// again.
pub fn require_dispensable(
    cx: &mut Context,
    organization: OrganizationId,
    member: Member,
) -> Result<(), Error> {
    for (project, role) in store::projects::of_member(cx.tx, organization, member)? {
        if role == ProjectRole::Admin {
            require_another_admin(cx, &project, member)?;
        }
    }
    Ok(())
}

/// The same for one project that the member leaves, or whose administrator he ceases to be.
pub(super) fn require_another_admin(
    cx: &mut Context,
    project: &Project,
    member: Member,
) -> Result<(), Error> {
    let admins = store::members::admins(cx.tx, project.id)?;
    if admins
        .iter()
        .any(|admin| *admin != (member.kind().to_owned(), member.id()))
    {
        return Ok(());
    }
    Err(Error::BadRequest(format!(
        "This is the last administrator of the project '{}'. Make somebody else its administrator first",
        project.name
    )))
}

/// The machine identities of a project.
pub fn list(cx: &mut Context, caller: &Caller, project: &str) -> Result<Vec<IdentityInProject>, Error> {
    let found = find_for(cx, caller, project, Action::Read, Subject::ProjectMembers)?;
    let mut members = Vec::new();
    for membership in store::members::identities(cx.tx, found.project.id)? {
        let identity = identity(cx, caller, membership.identity_id)?;
        members.push((membership, identity, found.project.clone()));
    }
    Ok(members)
}

/// One machine identity of a project.
pub fn get(
    cx: &mut Context,
    caller: &Caller,
    project: &str,
    id: IdentityId,
) -> Result<IdentityInProject, Error> {
    let found = find_for(cx, caller, project, Action::Read, Subject::ProjectMembers)?;
    one(cx, caller, &found, id)
}

fn one(
    cx: &mut Context,
    caller: &Caller,
    found: &Membership,
    id: IdentityId,
) -> Result<IdentityInProject, Error> {
    let membership = store::members::identities(cx.tx, found.project.id)?
        .into_iter()
        .find(|membership| membership.identity_id == id)
        .ok_or_else(|| not_in_project(id))?;
    Ok((membership, identity(cx, caller, id)?, found.project.clone()))
}

/// Adds a machine identity to a project.
pub fn add(
    cx: &mut Context,
    caller: &Caller,
    project: &str,
    id: IdentityId,
    role: ProjectRole,
) -> Result<IdentityInProject, Error> {
    let found = find_for(cx, caller, project, Action::Create, Subject::ProjectMembers)?;
    require_holds(found.access.role(), role)?;
    identity(cx, caller, id)?;
    let membership = MembershipId::from_random(random::bytes()?);
    store::members::insert(
        cx.tx,
        membership,
        found.project.id,
        Member::Identity(id),
        role,
        cx.now,
    )
    .map_err(|error| {
        Error::or_exists(
            error,
            &format!(
                "Identity with id {id} already exists in project with id {}",
                found.project.id
            ),
        )
    })?;
    let entry = audit::Entry::in_project("project.member.add", found.project.id)
        .with("identity", &id)
        .with("role", &role);
    audit::record(cx, caller, &entry)?;
    one(cx, caller, &found, id)
}

/// Changes the role of a machine identity in a project.
pub fn set_role(
    cx: &mut Context,
    caller: &Caller,
    project: &str,
    id: IdentityId,
    role: ProjectRole,
) -> Result<IdentityInProject, Error> {
    let found = find_for(cx, caller, project, Action::Edit, Subject::ProjectMembers)?;
    require_holds(found.access.role(), role)?;
    let member = Member::Identity(id);
    let (before, ..) = one(cx, caller, &found, id)?;
    if before.role == ProjectRole::Admin && role != ProjectRole::Admin {
        require_another_admin(cx, &found.project, member)?;
    }
    store::members::set_role(cx.tx, found.project.id, member, role, cx.now)?;
    let entry = audit::Entry::in_project("project.member.role", found.project.id)
        .with("identity", &id)
        .with("role", &role);
    audit::record(cx, caller, &entry)?;
    one(cx, caller, &found, id)
}

/// Takes a machine identity out of a project.
pub fn remove(
    cx: &mut Context,
    caller: &Caller,
    project: &str,
    id: IdentityId,
) -> Result<IdentityInProject, Error> {
    let found = find_for(cx, caller, project, Action::Delete, Subject::ProjectMembers)?;
    let member = one(cx, caller, &found, id)?;
    if member.0.role == ProjectRole::Admin {
        require_another_admin(cx, &found.project, Member::Identity(id))?;
    }
    store::members::remove(cx.tx, found.project.id, Member::Identity(id))?;
    let entry = audit::Entry::in_project("project.member.remove", found.project.id).with("identity", &id);
    audit::record(cx, caller, &entry)?;
    Ok(member)
}
