//! Machine identities of an organization.

use std::collections::HashMap;

use shared::model::access::{Action, OrganizationRole, Subject};
use shared::model::ids::{IdentityId, MembershipId, MetadataId, OrganizationId};
use shared::model::names::{Description, DisplayName};

use super::access::{require_holds, require_organization};
use super::caller::Caller;
use super::{Context, Error, audit, members, organizations};
use crate::crypto::random;
use crate::store;
use crate::store::identities::Identity;
use crate::store::identity_metadata::Metadata;
use crate::store::members::Member;
use crate::store::organizations::Organization;

/// The refusal for an identity that is not there, in Infisical's words.
pub fn not_found(id: IdentityId) -> Error {
    Error::NotFound(format!("Failed to find identity with id {id}"))
}

/// Refuses whose role does not allow an action on identities.
pub fn require(caller: &Caller, action: Action) -> Result<(), Error> {
    require_organization(caller, action, Subject::Identities)
}

/// An identity of the caller's organization, for a caller who may do the action.
pub fn find(cx: &mut Context, caller: &Caller, id: IdentityId, action: Action) -> Result<Identity, Error> {
    require_organization(caller, action, Subject::Identities)?;
    let (organization, _) = caller.organization()?;
    store::identities::by_id(cx.tx, organization, id)?.ok_or_else(|| not_found(id))
}

/// Refuses to hand out credentials of an identity that may do more than the caller: whoever holds them acts with its
/// roles.
pub fn require_no_stronger(cx: &mut Context, caller: &Caller, identity: &Identity) -> Result<(), Error> {
    let (_, own) = caller.organization()?;
    let refused = || {
        Error::Forbidden(format!(
            "You cannot make or change credentials of '{}': it has roles that you do not hold yourself",
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

/// An identity with the free text about it.
pub type Described = (Identity, Vec<Metadata>);

/// What to look for among identities; everything when empty.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// A text that the name contains, whatever the case.
    pub name_contains: Option<String>,
    /// The name is one of these.
    pub names: Option<Vec<String>>,
    /// The role is one of these words.
    pub roles: Option<Vec<String>>,
    /// How many to leave out.
    pub offset: usize,
    /// How many to give at most.
    pub limit: usize,
}

impl Search {
    fn fits(&self, identity: &Identity) -> bool {
        let contains = |part: &String| identity.name.to_lowercase().contains(&part.to_lowercase());
        self.name_contains.as_ref().is_none_or(contains)
            && self
                .names
                .as_ref()
                .is_none_or(|names| names.contains(&identity.name))
            && self
                .roles
                .as_ref()
                .is_none_or(|roles| roles.contains(&identity.role.to_string()))
    }
}

/// The identities of an organization that fit, by name, and how many there are of them in all. None is the caller's
/// own organization.
pub fn search(
    cx: &mut Context,
    caller: &Caller,
    organization: Option<OrganizationId>,
    search: &Search,
) -> Result<(Vec<Described>, usize), Error> {
    require(caller, Action::Read)?;
    let (own, _) = caller.organization()?;
    if organization.is_some_and(|asked| asked != own) {
        return Err(organizations::not_a_member());
    }
    let mut found = store::identities::list(cx.tx, own)?;
    found.retain(|identity| search.fits(identity));
    let total = found.len();
    let mut metadata: HashMap<IdentityId, Vec<Metadata>> = HashMap::new();
    for (identity, pair) in store::identity_metadata::of_organization(cx.tx, own)? {
        metadata.entry(identity).or_default().push(pair);
    }
    let described = found
        .into_iter()
        .skip(search.offset)
        .take(search.limit)
        .map(|identity| {
            let pairs = metadata.remove(&identity.id).unwrap_or_default();
            (identity, pairs)
        })
        .collect();
    Ok((described, total))
}

/// One identity.
pub fn get(cx: &mut Context, caller: &Caller, id: IdentityId) -> Result<Described, Error> {
    let identity = find(cx, caller, id, Action::Read)?;
    described(cx, identity)
}

fn described(cx: &mut Context, identity: Identity) -> Result<Described, Error> {
    let metadata = store::identity_metadata::of(cx.tx, identity.id)?;
    Ok((identity, metadata))
}

/// The organization of the machine identity that asks.
pub fn details(cx: &mut Context, caller: &Caller) -> Result<Organization, Error> {
    let (organization, _) = caller.organization()?;
    store::organizations::by_id(cx.tx, organization)?.ok_or_else(organizations::not_a_member)
}

/// Pairs of names and values about an identity, as a client gives them.
pub type GivenMetadata = Vec<(String, String)>;

/// More free text about an identity is a mistake.
const MOST_METADATA: usize = 100;

fn checked_metadata(given: &GivenMetadata) -> Result<Vec<Metadata>, Error> {
    let invalid = |reason: String| Error::Invalid {
        field: "metadata",
        reason,
    };
    if given.len() > MOST_METADATA {
        return Err(invalid(format!("at most {MOST_METADATA} pairs of key and value")));
    }
    given
        .iter()
        .map(|(name, value)| {
            let name: DisplayName = name.parse().map_err(|error| invalid(format!("key: {error}")))?;
            let value: Description = value
                .parse()
                .map_err(|error| invalid(format!("value: {error}")))?;
            Ok(Metadata {
                id: MetadataId::from_random(random::bytes()?),
                name: name.to_string(),
                value: value.to_string(),
            })
        })
        .collect()
}

/// An identity to be made.
#[derive(Debug, Clone)]
pub struct NewIdentity {
    /// Where.
    pub organization: OrganizationId,
    /// Name.
    pub name: DisplayName,
    /// Role in the organization.
    pub role: OrganizationRole,
    /// Whether deleting it is refused.
    pub delete_protection: bool,
    /// Free text about it.
    pub metadata: GivenMetadata,
}

/// Makes an identity without credentials.
pub fn create(cx: &mut Context, caller: &Caller, new: &NewIdentity) -> Result<Described, Error> {
    require(caller, Action::Create)?;
    let (own, own_role) = caller.organization()?;
    if own != new.organization {
        return Err(organizations::not_a_member());
    }
    require_holds(own_role, new.role)?;
    let metadata = checked_metadata(&new.metadata)?;
    let id = IdentityId::from_random(random::bytes()?);
    store::identities::insert(
        cx.tx,
        id,
        new.organization,
        new.name.as_str(),
        new.delete_protection,
        false,
        cx.now,
    )?;
    store::identity_metadata::replace(cx.tx, id, &metadata)?;
    let membership = MembershipId::from_random(random::bytes()?);
    store::organizations::insert_member(
        cx.tx,
        membership,
        new.organization,
        Member::Identity(id),
        new.role,
        cx.now,
    )?;
    let entry = audit::Entry::new("identity.create")
        .with("identity", &id)
        .with("name", &new.name)
        .with("role", &new.role);
    audit::record(cx, caller, &entry)?;
    get(cx, caller, id)
}

/// What to change in an identity; absent fields stay.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Name.
    pub name: Option<DisplayName>,
    /// Role in the organization.
    pub role: Option<OrganizationRole>,
    /// Whether deleting it is refused.
    pub delete_protection: Option<bool>,
    /// Free text about it, in the place of all there was.
    pub metadata: Option<GivenMetadata>,
}

/// Changes an identity.
pub fn update(
    cx: &mut Context,
    caller: &Caller,
    id: IdentityId,
    change: &Change,
) -> Result<Described, Error> {
    let identity = find(cx, caller, id, Action::Edit)?;
    let (organization, own_role) = caller.organization()?;
    let name = change
        .name
        .as_ref()
        .map_or(identity.name.as_str(), DisplayName::as_str);
    let protection = change.delete_protection.unwrap_or(identity.delete_protection);
    store::identities::update(cx.tx, id, name, protection, cx.now)?;
    let mut entry = audit::Entry::new("identity.update")
        .with("identity", &id)
        .with("name", name);
    if let Some(role) = change.role.filter(|role| *role != identity.role) {
        require_holds(own_role, role)?;
        if identity.instance_admin && !caller.instance_admin {
            return Err(Error::Forbidden(format!(
                "Only an administrator of the instance can change the role of '{}'",
                identity.name
            )));
        }
        let member = Member::Identity(id);
        store::organizations::set_role(cx.tx, organization, member, role, cx.now)?;
        entry = entry.with("role", &role);
    }
    if let Some(metadata) = &change.metadata {
        store::identity_metadata::replace(cx.tx, id, &checked_metadata(metadata)?)?;
    }
    audit::record(cx, caller, &entry)?;
    get(cx, caller, id)
}

/// Deletes an identity: its tokens and memberships end at once.
pub fn delete(cx: &mut Context, caller: &Caller, id: IdentityId) -> Result<Described, Error> {
    let identity = find(cx, caller, id, Action::Delete)?;
    if identity.delete_protection {
        return Err(Error::BadRequest(format!(
            "Identity '{}' is protected from deletion. Take the protection away first",
            identity.name
        )));
    }
    members::require_dispensable(cx, identity.organization_id, Member::Identity(id))?;
    let described = described(cx, identity)?;
    store::access_tokens::revoke_all(cx.tx, id, cx.now)?;
    store::members::remove_everywhere(cx.tx, Member::Identity(id))?;
    store::identities::delete(cx.tx, id, cx.now)?;
    let entry = audit::Entry::new("identity.delete")
        .with("identity", &id)
        .with("name", &described.0.name);
    audit::record(cx, caller, &entry)?;
    Ok(described)
}
