//! Access tokens of machine identities: making them, judging them, ending them.

use shared::model::ids::{AccessTokenId, ClientSecretId, IdentityId};
use shared::model::text::SecretText;
use shared::model::time::UnixMillis;

use super::caller::{Caller, Credential, Source};
use super::{Context, Error, audit, tokens, trusted_ips};
use crate::crypto::random;
use crate::store;
use crate::store::access_tokens::{AccessToken, Bearer};

/// How long a new token lives and what it is good for.
#[derive(Debug, Clone)]
pub struct Lifetime {
    /// Seconds without renewal; 0 for ever.
    pub ttl: i64,
    /// Seconds from creation after which renewal ends; 0 for no limit.
    pub max_ttl: i64,
    /// Requests; 0 for any number.
    pub uses_limit: i64,
    /// Stored ranges of [`trusted_ips`].
    pub trusted_ips: String,
}

/// A token just made, with what the client is told about it.
#[derive(Debug)]
pub struct Issued {
    /// The bearer token.
    pub token: SecretText,
    /// Seconds until it expires; 0 for never.
    pub ttl: i64,
    /// Seconds from creation after which renewal ends; 0 for no limit.
    pub max_ttl: i64,
}

/// Makes a token.
pub fn issue(
    cx: &mut Context,
    identity: IdentityId,
    client_secret: Option<ClientSecretId>,
    name: &str,
    lifetime: Lifetime,
) -> Result<Issued, Error> {
    let token = AccessToken {
        id: AccessTokenId::from_random(random::bytes()?),
        identity_id: identity,
        client_secret_id: client_secret,
        name: name.to_owned(),
        ttl: lifetime.ttl,
        max_ttl: lifetime.max_ttl,
        uses: 0,
        uses_limit: lifetime.uses_limit,
        trusted_ips: lifetime.trusted_ips,
        created_at: cx.now,
        renewed_at: cx.now,
    };
    store::access_tokens::insert(cx.tx, &token)?;
    signed(cx, &token)
}

fn signed(cx: &Context, token: &AccessToken) -> Result<Issued, Error> {
    let bearer = tokens::for_identity(cx, token, expires_at(token))?;
    Ok(Issued {
        token: bearer,
        ttl: token.ttl,
        max_ttl: token.max_ttl,
    })
}

/// When a token ends unless it is renewed: the earlier of its time to live since the last renewal and its longest
/// life since creation.
fn expires_at(token: &AccessToken) -> Option<UnixMillis> {
    let by_ttl = (token.ttl > 0).then(|| token.renewed_at.plus_seconds(token.ttl));
    let by_max_ttl = (token.max_ttl > 0).then(|| token.created_at.plus_seconds(token.max_ttl));
    match (by_ttl, by_max_ttl) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The bearer of a token that may be used now, from here.
pub fn in_force(cx: &mut Context, id: AccessTokenId, source: &Source) -> Result<Bearer, Error> {
    let bearer = store::access_tokens::bearer(cx.tx, id)?
        .ok_or_else(|| Error::Unauthenticated("The access token was revoked. Log in again".into()))?;
    if expires_at(&bearer.token).is_some_and(|end| end <= cx.now) {
        return Err(Error::Unauthenticated(
            "The access token has expired. Log in again".into(),
        ));
    }
    if bearer.token.uses_limit > 0 && bearer.token.uses > bearer.token.uses_limit {
        return Err(uses_exhausted());
    }
    if !trusted_ips::allow(&bearer.token.trusted_ips, &source.ip) {
        return Err(Error::Forbidden(
            "You are not allowed to access this resource from the current IP address".into(),
        ));
    }
    Ok(bearer)
}

fn uses_exhausted() -> Error {
    Error::Unauthenticated("The access token has reached its number of uses limit. Log in again".into())
}

/// Counts a request of a limited token, or refuses it.
pub fn count_use(cx: &mut Context, id: AccessTokenId) -> Result<(), Error> {
    if store::access_tokens::use_once(cx.tx, id)? == 0 {
        Err(uses_exhausted())
    } else {
        Ok(())
    }
}

fn of_identity(credential: &Credential) -> Result<AccessTokenId, Error> {
    match credential {
        Credential::Identity { token, .. } => Ok(*token),
        Credential::User { .. } | Credential::ServiceToken { .. } => Err(Error::BadRequest(
            "Only access tokens of machine identities fit here, not sessions of users or service tokens"
                .into(),
        )),
    }
}

/// Lets a token live on: its time to live starts again, never past its longest life. The client gets a new JWT of
/// the same token.
pub fn renew(cx: &mut Context, credential: &Credential, source: &Source) -> Result<Issued, Error> {
    let mut bearer = in_force(cx, of_identity(credential)?, source)?;
    let end = cx.now.plus_seconds(bearer.token.ttl);
    let limit = bearer.token.created_at.plus_seconds(bearer.token.max_ttl);
    if bearer.token.ttl > 0 && bearer.token.max_ttl > 0 && end > limit {
        return Err(Error::Unauthenticated(
            "Failed to renew MI access token: it would live past its Max TTL expiration. Log in again".into(),
        ));
    }
    store::access_tokens::renew(cx.tx, bearer.token.id, cx.now)?;
    bearer.token.renewed_at = cx.now;
    signed(cx, &bearer.token)
}

/// Ends a token; whoever holds it may.
pub fn revoke(cx: &mut Context, credential: &Credential, source: Source) -> Result<(), Error> {
    let id = of_identity(credential)?;
    let bearer = store::access_tokens::bearer(cx.tx, id)?
        .ok_or_else(|| Error::Unauthenticated("The access token was revoked before".into()))?;
    store::access_tokens::revoke(cx.tx, id, cx.now)?;
    let mut caller = Caller::anonymous(source);
    caller.actor = super::caller::Actor::Identity(bearer.token.identity_id);
    caller.credential_id = id.to_string();
    caller.organization = Some((bearer.organization_id, bearer.organization_role));
    audit::record(cx, &caller, &audit::Entry::new("identity.token.revoke"))
}

/// Days after which the row of a credential that has ended is of no use to anybody.
const KEPT_DAYS: i64 = 30;

/// Removes the rows of access tokens and sessions that ended long ago.
pub fn remove_ended(cx: &mut Context) -> Result<u64, Error> {
    let limit = cx.now.plus_seconds(-KEPT_DAYS * 24 * 60 * 60);
    let tokens = store::access_tokens::remove_ended_before(cx.tx, limit)?;
    Ok(tokens + store::sessions::remove_ended_before(cx.tx, limit)?)
}
