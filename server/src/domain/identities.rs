//! Machine identities of an organization.

use shared::model::access::{Action, OrganizationRole, Subject};
use shared::model::ids::{IdentityId, MembershipId, OrganizationId};
use shared::model::names::DisplayName;

use super::access::require_organization;
use super::caller::Caller;
use super::{Context, Error, audit, organizations};
use crate::crypto::random;
use crate::store;
use crate::store::identities::Identity;
use crate::store::members::Member;

/// An identity of the caller's organization, for a caller who may do the action.
pub fn find(cx: &mut Context, caller: &Caller, id: IdentityId, action: Action) -> Result<Identity, Error> {
    require_organization(caller, action, Subject::Identities)?;
    let (organization, _) = caller.organization()?;
    store::identities::by_id(cx.tx, organization, id)?
        .ok_or_else(|| Error::NotFound(format!("Identity with id '{id}' not found")))
}

/// Refuses to hand out credentials of an identity that may do more than the caller: whoever holds them acts with its
/// roles.
pub fn require_no_stronger(cx: &mut Context, caller: &Caller, identity: &Identity) -> Result<(), Error> {
    let (_, own) = caller.organization()?;
    let refused = || {
        Error::Forbidden(format!(
            "You cannot make credentials for '{}': it has roles that you do not hold yourself",
            identity.name
        ))
    };
    if identity.role > own || (identity.instance_admin && !caller.instance_admin) {
        return Err(refused());
    }
    let member = caller.member()?;
    let identity_member = Member::Identity(identity.id);
    for (project, role) in store::projects::of_member(cx.tx, identity.organization_id, identity_member)? {
        if store::members::role_of(cx.tx, project.id, member)?.is_none_or(|own| own < role) {
            return Err(refused());
        }
    }
    Ok(())
}

/// The identities of an organization, by name.
pub fn list(cx: &mut Context, caller: &Caller, organization: OrganizationId) -> Result<Vec<Identity>, Error> {
    require_organization(caller, Action::Read, Subject::Identities)?;
    if caller.organization()?.0 != organization {
        return Err(organizations::not_a_member());
    }
    Ok(store::identities::list(cx.tx, organization)?)
}

/// One identity.
pub fn get(cx: &mut Context, caller: &Caller, id: IdentityId) -> Result<Identity, Error> {
    find(cx, caller, id, Action::Read)
}

/// Makes an identity without credentials.
pub fn create(
    cx: &mut Context,
    caller: &Caller,
    organization: OrganizationId,
    name: &DisplayName,
    role: OrganizationRole,
    delete_protection: bool,
) -> Result<Identity, Error> {
    require_organization(caller, Action::Create, Subject::Identities)?;
    let (own, own_role) = caller.organization()?;
    if own != organization {
        return Err(organizations::not_a_member());
    }
    if role > own_role {
        return Err(Error::Forbidden(format!(
            "You cannot give the role {role}: your own is {own_role}"
        )));
    }
    let id = IdentityId::from_random(random::bytes()?);
    store::identities::insert(
        cx.tx,
        id,
        organization,
        name.as_str(),
        delete_protection,
        false,
        cx.now,
    )?;
    let membership = MembershipId::from_random(random::bytes()?);
    store::organizations::insert_member(
        cx.tx,
        membership,
        organization,
        Member::Identity(id),
        role,
        cx.now,
    )?;
    let entry = audit::Entry::new("identity.create")
        .with("identity", &id)
        .with("name", &name);
    audit::record(cx, caller, &entry)?;
    get(cx, caller, id)
}

/// Deletes an identity: its tokens and memberships end at once.
pub fn delete(cx: &mut Context, caller: &Caller, id: IdentityId) -> Result<Identity, Error> {
    let identity = find(cx, caller, id, Action::Delete)?;
    if identity.delete_protection {
        return Err(Error::BadRequest(format!(
            "Identity '{}' is protected from deletion",
            identity.name
        )));
    }
    store::access_tokens::revoke_all(cx.tx, id, cx.now)?;
    store::members::remove_everywhere(cx.tx, Member::Identity(id))?;
    store::identities::delete(cx.tx, id, cx.now)?;
    let entry = audit::Entry::new("identity.delete")
        .with("identity", &id)
        .with("name", &identity.name);
    audit::record(cx, caller, &entry)?;
    Ok(identity)
}
