//! Organizations as their members see them.

use shared::model::access::OrganizationRole;
use shared::model::ids::OrganizationId;

use super::caller::Caller;
use super::{Context, Error};
use crate::store;
use crate::store::organizations::Organization;

/// The organizations of the caller with the role in each.
pub fn list(cx: &mut Context, caller: &Caller) -> Result<Vec<(Organization, OrganizationRole)>, Error> {
    let member = caller.member()?;
    Ok(store::organizations::of_member(cx.tx, member)?)
}

/// One organization of the caller.
pub fn get(
    cx: &mut Context,
    caller: &Caller,
    id: OrganizationId,
) -> Result<(Organization, OrganizationRole), Error> {
    let member = caller.member()?;
    let role = store::organizations::role_of(cx.tx, id, member)?.ok_or_else(not_a_member)?;
    let organization = store::organizations::by_id(cx.tx, id)?.ok_or_else(not_a_member)?;
    Ok((organization, role))
}

/// The same answer for an organization that does not exist and for one the caller does not belong to.
pub fn not_a_member() -> Error {
    Error::Forbidden("You do not belong to this organization".into())
}
