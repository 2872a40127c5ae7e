//! Client secrets of machine identities.

use shared::model::access::Action;
use shared::model::ids::{ClientSecretId, IdentityId};
use shared::model::names::Description;
use shared::model::text::SecretText;

use super::access_tokens::{count, seconds};
use super::caller::Caller;
use super::universal_auth::{attached, get as settings};
use super::{Context, Error, audit, identities};
use crate::crypto::{random, token};
use crate::store;
use crate::store::client_secrets::ClientSecret;

/// A client secret to be made.
#[derive(Debug, Clone, Default)]
pub struct NewClientSecret {
    /// What it is for.
    pub description: Description,
    /// Logins; 0 for any number.
    pub uses_limit: i64,
    /// Seconds; 0 for ever.
    pub ttl: i64,
}

/// What is stored of a client secret.
pub(super) fn hash(cx: &Context, text: &SecretText) -> Vec<u8> {
    token::keyed_hash(cx.keys.token_key(), "client-secret", text).to_vec()
}

/// Makes a client secret: the only time its text is seen.
pub fn create(
    cx: &mut Context,
    caller: &Caller,
    id: IdentityId,
    new: &NewClientSecret,
) -> Result<(SecretText, ClientSecret), Error> {
    let identity = identities::find(cx, caller, id, Action::Create)?;
    identities::require_no_stronger(cx, caller, &identity)?;
    let auth = attached(cx, id)?;
    let text = token::new_secret()?;
    let secret = ClientSecret {
        id: ClientSecretId::from_random(random::bytes()?),
        client_id: auth.client_id,
        description: new.description.to_string(),
        prefix: token::prefix(&text),
        secret_hash: hash(cx, &text),
        uses: 0,
        uses_limit: count("numUsesLimit", new.uses_limit)?,
        ttl: seconds("ttl", new.ttl)?,
        last_used_at: None,
        created_at: cx.now,
        updated_at: cx.now,
        revoked_at: None,
    };
    store::client_secrets::insert(cx.tx, &secret)?;
    let entry = audit::Entry::new("identity.client-secret.create")
        .with("identity", &identity.id)
        .with("client_secret", &secret.id);
    audit::record(cx, caller, &entry)?;
    Ok((text, secret))
}

/// The client secrets of an identity that are not revoked, oldest first.
pub fn list(cx: &mut Context, caller: &Caller, id: IdentityId) -> Result<Vec<ClientSecret>, Error> {
    let auth = settings(cx, caller, id)?;
    Ok(store::client_secrets::list(cx.tx, auth.client_id)?)
}

/// One client secret of an identity, revoked or not.
pub fn get(
    cx: &mut Context,
    caller: &Caller,
    id: IdentityId,
    secret: ClientSecretId,
) -> Result<ClientSecret, Error> {
    identities::find(cx, caller, id, Action::Read)?;
    one(cx, id, secret)
}

fn one(cx: &mut Context, id: IdentityId, secret: ClientSecretId) -> Result<ClientSecret, Error> {
    let auth = attached(cx, id)?;
    store::client_secrets::by_id(cx.tx, auth.client_id, secret)?
        .ok_or_else(|| Error::NotFound(format!("Client secret with id '{secret}' not found")))
}

/// Revokes a client secret together with the access tokens that came from it.
pub fn revoke(
    cx: &mut Context,
    caller: &Caller,
    id: IdentityId,
    secret: ClientSecretId,
) -> Result<ClientSecret, Error> {
    identities::find(cx, caller, id, Action::Delete)?;
    let mut found = one(cx, id, secret)?;
    store::client_secrets::revoke(cx.tx, secret, cx.now)?;
    store::access_tokens::revoke_from(cx.tx, id, secret, cx.now)?;
    found.revoked_at.get_or_insert(cx.now);
    let entry = audit::Entry::new("identity.client-secret.revoke")
        .with("identity", &id)
        .with("client_secret", &secret);
    audit::record(cx, caller, &entry)?;
    Ok(found)
}
