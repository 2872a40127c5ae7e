//! Token Auth: access tokens of a machine identity that are made by hand, for programs that cannot log in.

use shared::model::access::{Action, AuthMethod};
use shared::model::ids::{AccessTokenId, IdentityId, TokenAuthId};
use shared::model::names::Description;

use super::access_tokens::{self, GivenTerms, Issued};
use super::caller::Caller;
use super::{Context, Error, audit, identities};
use crate::crypto::random;
use crate::store;
use crate::store::access_tokens::AccessToken;
use crate::store::token_auths::TokenAuth;

/// Attaches Token Auth to an identity. It opens nothing before a token is made.
pub fn attach(
    cx: &mut Context,
    caller: &Caller,
    id: IdentityId,
    given: &GivenTerms,
) -> Result<TokenAuth, Error> {
    identities::find(cx, caller, id, Action::Edit)?;
    let attached = TokenAuth {
        id: TokenAuthId::from_random(random::bytes()?),
        identity_id: id,
        terms: given.over(&access_tokens::usual_terms())?,
        created_at: cx.now,
        updated_at: cx.now,
    };
    store::token_auths::insert(cx.tx, &attached).map_err(|error| {
        Error::or_exists(error, "Failed to add token auth to already configured identity")
    })?;
    let entry = audit::Entry::new("identity.token-auth.attach").with("identity", &id);
    audit::record(cx, caller, &entry)?;
    Ok(attached)
}

fn attached(cx: &mut Context, id: IdentityId) -> Result<TokenAuth, Error> {
    store::token_auths::by_identity(cx.tx, id)?.ok_or_else(|| {
        Error::NotFound(format!(
            "Token Auth is not attached to the identity with id '{id}'"
        ))
    })
}

/// The settings of an identity.
pub fn get(cx: &mut Context, caller: &Caller, id: IdentityId) -> Result<TokenAuth, Error> {
    identities::find(cx, caller, id, Action::Read)?;
    attached(cx, id)
}

/// Changes settings. Where tokens may be used from counts for those in force too; how long they live does not.
pub fn update(
    cx: &mut Context,
    caller: &Caller,
    id: IdentityId,
    given: &GivenTerms,
) -> Result<TokenAuth, Error> {
    let identity = identities::find(cx, caller, id, Action::Edit)?;
    identities::require_no_stronger(cx, caller, &identity)?;
    let before = attached(cx, id)?;
    let changed = TokenAuth {
        terms: given.over(&before.terms)?,
        updated_at: cx.now,
        ..before.clone()
    };
    store::token_auths::update(cx.tx, &changed)?;
    if changed.terms.trusted_ips != before.terms.trusted_ips {
        let ranges = &changed.terms.trusted_ips;
        store::access_tokens::trust(cx.tx, id, AuthMethod::TokenAuth, ranges)?;
    }
    let entry = audit::Entry::new("identity.token-auth.update").with("identity", &id);
    audit::record(cx, caller, &entry)?;
    Ok(changed)
}

/// Takes Token Auth away: every token that was made by hand ends at once.
pub fn detach(cx: &mut Context, caller: &Caller, id: IdentityId) -> Result<TokenAuth, Error> {
    identities::find(cx, caller, id, Action::Delete)?;
    let auth = attached(cx, id)?;
    let tokens = store::access_tokens::revoke_method(cx.tx, id, AuthMethod::TokenAuth, cx.now)?;
    store::token_auths::delete(cx.tx, id)?;
    let entry = audit::Entry::new("identity.token-auth.detach")
        .with("identity", &id)
        .with("tokens", &tokens);
    audit::record(cx, caller, &entry)?;
    Ok(auth)
}

/// Makes a token: the only time its text is seen.
pub fn create_token(
    cx: &mut Context,
    caller: &Caller,
    id: IdentityId,
    name: &Description,
) -> Result<Issued, Error> {
    let identity = identities::find(cx, caller, id, Action::Create)?;
    identities::require_no_stronger(cx, caller, &identity)?;
    let auth = attached(cx, id)?;
    let issued = access_tokens::issue(cx, id, None, name.as_str(), auth.terms)?;
    let entry = audit::Entry::new("identity.token.create")
        .with("identity", &id)
        .with("token", &issued.row.id);
    audit::record(cx, caller, &entry)?;
    Ok(issued)
}

/// The tokens of an identity that were made by hand and are not revoked, oldest first.
pub fn tokens(
    cx: &mut Context,
    caller: &Caller,
    id: IdentityId,
    offset: i64,
    limit: i64,
) -> Result<Vec<AccessToken>, Error> {
    identities::find(cx, caller, id, Action::Read)?;
    attached(cx, id)?;
    Ok(store::access_tokens::all_made_by_hand(cx.tx, id, offset, limit)?)
}

/// A token of an identity of the caller's organization, for a caller who may do the action.
pub fn token(
    cx: &mut Context,
    caller: &Caller,
    id: AccessTokenId,
    action: Action,
) -> Result<AccessToken, Error> {
    let not_found = || Error::NotFound(format!("Token with id '{id}' not found"));
    identities::require(caller, action)?;
    let token = store::access_tokens::made_by_hand(cx.tx, id)?.ok_or_else(not_found)?;
    match identities::find(cx, caller, token.identity_id, action) {
        Ok(_) => Ok(token),
        // The token of another organization is answered as one that does not exist.
        Err(Error::NotFound(_)) => Err(not_found()),
        Err(other) => Err(other),
    }
}

/// Gives a token another name.
pub fn rename_token(
    cx: &mut Context,
    caller: &Caller,
    id: AccessTokenId,
    name: &Description,
) -> Result<AccessToken, Error> {
    let mut token = token(cx, caller, id, Action::Edit)?;
    store::access_tokens::rename(cx.tx, id, name.as_str())?;
    token.name = name.to_string();
    let entry = audit::Entry::new("identity.token.rename").with("token", &id);
    audit::record(cx, caller, &entry)?;
    Ok(token)
}

/// Ends a token.
pub fn revoke_token(cx: &mut Context, caller: &Caller, id: AccessTokenId) -> Result<(), Error> {
    let token = token(cx, caller, id, Action::Delete)?;
    store::access_tokens::revoke(cx.tx, id, cx.now)?;
    let entry = audit::Entry::new("identity.token.revoke")
        .with("identity", &token.identity_id)
        .with("token", &id);
    audit::record(cx, caller, &entry)
}
