//! Organizations as their members see them.

use shared::model::ids::OrganizationId;

use super::caller::Caller;
use super::{Context, Error};
use crate::store;
use crate::store::organizations::Membership;

/// The organizations of the caller with the caller's place in each.
pub fn list(cx: &mut Context, caller: &Caller) -> Result<Vec<Membership>, Error> {
    let member = caller.member()?;
    Ok(store::organizations::of_member(cx.tx, member)?)
}

/// One organization of the caller.
pub fn get(cx: &mut Context, caller: &Caller, id: OrganizationId) -> Result<Membership, Error> {
    list(cx, caller)?
        .into_iter()
        .find(|membership| membership.organization.id == id)
        .ok_or_else(not_a_member)
}

/// The same answer for an organization that does not exist and for one the caller does not belong to.
pub fn not_a_member() -> Error {
    Error::Forbidden("You do not belong to this organization".into())
}
