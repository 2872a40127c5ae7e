//! People as members of projects.

use shared::model::access::{Action, ProjectRole, Subject};
use shared::model::ids::MembershipId;
use shared::model::names::Email;

use super::access::require_holds;
use super::caller::Caller;
use super::members::require_another_admin;
use super::projects::{Membership, find_for};
use super::{Context, Error, audit};
use crate::crypto::random;
use crate::store;
use crate::store::members::{Member, UserMembership};
use crate::store::projects::Project;

/// A membership with its project.
pub type UserInProject = (UserMembership, Project);

fn all(cx: &mut Context, found: &Membership) -> Result<Vec<UserInProject>, Error> {
    let members = store::members::users(cx.tx, found.project.id)?;
    let with_project = |member| (member, found.project.clone());
    Ok(members.into_iter().map(with_project).collect())
}

fn with_email(cx: &mut Context, found: &Membership, email: &Email) -> Result<UserInProject, Error> {
    all(cx, found)?
        .into_iter()
        .find(|(member, _)| member.user.email == email.as_str())
        .ok_or_else(|| Error::NotFound(format!("{email} is not a member of this project")))
}

/// The people in a project, by e-mail address.
pub fn list(cx: &mut Context, caller: &Caller, project: &str) -> Result<Vec<UserInProject>, Error> {
    let found = find_for(cx, caller, project, Action::Read, Subject::ProjectMembers)?;
    all(cx, &found)
}

/// The membership of somebody.
pub fn get(cx: &mut Context, caller: &Caller, project: &str, email: &Email) -> Result<UserInProject, Error> {
    let found = find_for(cx, caller, project, Action::Read, Subject::ProjectMembers)?;
    with_email(cx, &found, email)
}

/// Adds members of the organization to a project: all of them or none.
pub fn add(
    cx: &mut Context,
    caller: &Caller,
    project: &str,
    emails: &[Email],
    role: ProjectRole,
) -> Result<Vec<UserInProject>, Error> {
    let found = find_for(cx, caller, project, Action::Create, Subject::ProjectMembers)?;
    require_holds(found.access.role(), role)?;
    let (organization, _) = caller.organization()?;
    let mut added = Vec::with_capacity(emails.len());
    for email in emails {
        let user = store::users::in_organization(cx.tx, organization, email)?.ok_or_else(|| {
            Error::BadRequest(format!(
                "{email} is not a member of the organization. Nobody was added; add that person to the organization first"
            ))
        })?;
        let member = Member::User(user.id);
        let membership = MembershipId::from_random(random::bytes()?);
        store::members::insert(cx.tx, membership, found.project.id, member, role, cx.now).map_err(
            |error| {
                let message = format!("{email} is a member of this project already. Nobody was added");
                Error::or_exists(error, &message)
            },
        )?;
        let entry = audit::Entry::in_project("project.member.add", found.project.id)
            .with("user", &user.id)
            .with("role", &role);
        audit::record(cx, caller, &entry)?;
        added.push(with_email(cx, &found, email)?);
    }
    Ok(added)
}

/// Changes the role of somebody.
pub fn set_role(
    cx: &mut Context,
    caller: &Caller,
    project: &str,
    id: MembershipId,
    role: ProjectRole,
) -> Result<ProjectRole, Error> {
    let found = find_for(cx, caller, project, Action::Edit, Subject::ProjectMembers)?;
    require_holds(found.access.role(), role)?;
    let (before, _) = all(cx, &found)?
        .into_iter()
        .find(|(member, _)| member.id == id)
        .ok_or_else(|| Error::NotFound(format!("Membership with id '{id}' not found in this project")))?;
    let member = Member::User(before.user.id);
    if before.role == ProjectRole::Admin && role != ProjectRole::Admin {
        require_another_admin(cx, &found.project, member)?;
    }
    store::members::set_role(cx.tx, found.project.id, member, role, cx.now)?;
    let entry = audit::Entry::in_project("project.member.role", found.project.id)
        .with("user", &before.user.id)
        .with("role", &role);
    audit::record(cx, caller, &entry)?;
    Ok(role)
}

/// Takes people out of a project: all of them or none.
pub fn remove(
    cx: &mut Context,
    caller: &Caller,
    project: &str,
    emails: &[Email],
) -> Result<Vec<UserInProject>, Error> {
    let found = find_for(cx, caller, project, Action::Delete, Subject::ProjectMembers)?;
    let mut removed = Vec::with_capacity(emails.len());
    for email in emails {
        let gone = with_email(cx, &found, email)?;
        let member = Member::User(gone.0.user.id);
        if gone.0.role == ProjectRole::Admin {
            require_another_admin(cx, &found.project, member)?;
        }
        store::members::remove(cx.tx, found.project.id, member)?;
        let entry =
            audit::Entry::in_project("project.member.remove", found.project.id).with("user", &gone.0.user.id);
        audit::record(cx, caller, &entry)?;
        removed.push(gone);
    }
    Ok(removed)
}
