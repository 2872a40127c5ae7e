//! How a machine logs in: a client id and a client secret buy an access token.

use shared::model::access::OrganizationRole;
use shared::model::ids::ClientId;
use shared::model::text::SecretText;

use super::access_tokens::{self, Issued};
use super::caller::{Actor, Caller, Source};
use super::lockouts;
use super::{Context, Error, audit, client_secrets, trusted_ips};
use crate::crypto::token;
use crate::store;
use crate::store::client_secrets::ClientSecret;
use crate::store::universal_auths::UniversalAuth;

/// How a machine login ended. A refusal is a value, not an error: its record must be committed.
#[derive(Debug)]
pub enum LoggedIn {
    /// The token.
    Issued(Issued),
    /// Why not; said in Infisical's words, because its clients match on them.
    Refused(Error),
}

fn invalid() -> Error {
    Error::Unauthenticated("Invalid credentials".into())
}

/// Logs a machine in.
pub fn login(
    cx: &mut Context,
    client_id: &str,
    client_secret: &SecretText,
    source: &Source,
) -> Result<LoggedIn, Error> {
    let presented = client_secrets::hash(cx, &client_secret.trimmed());
    let Ok(client) = client_id.trim().parse::<ClientId>() else {
        return Ok(LoggedIn::Refused(invalid()));
    };
    let Some((auth, organization)) = store::universal_auths::by_client_id(cx.tx, client)? else {
        return Ok(LoggedIn::Refused(invalid()));
    };
    let secret = store::client_secrets::by_hash(cx.tx, client, &presented)?
        .filter(|found| token::matches(&presented, &found.secret_hash));
    let standing = lockouts::standing(cx, client, source, auth.lockout)?;
    if let Some(seconds) = standing.locked
        && (auth.lockout.enabled || secret.is_none())
    {
        // Not recorded: otherwise anybody who knows a client id could fill the disk with refusals.
        return Ok(LoggedIn::Refused(locked(&auth, seconds)));
    }
    let caller = Caller {
        actor: Actor::Identity(auth.identity_id),
        organization: Some((organization, OrganizationRole::NoAccess)),
        ..Caller::anonymous(source.clone())
    };
    let refused = match secret {
        None => {
            lockouts::count(cx, &standing)?;
            invalid()
        }
        Some(secret) => {
            lockouts::clear(cx, &standing)?;
            match admit(cx, &auth, &secret, source)? {
                None => return issue(cx, &caller, auth, &secret).map(LoggedIn::Issued),
                Some(refused) => refused,
            }
        }
    };
    let entry = audit::Entry::new("identity.login.refused").with("reason", &refused);
    audit::record(cx, &caller, &entry)?;
    Ok(LoggedIn::Refused(refused))
}

/// The answer while a client id is locked. With the lock-out switched off, wrong client secrets are only no longer
/// recorded, and nobody has to wait.
fn locked(auth: &UniversalAuth, seconds: i64) -> Error {
    if !auth.lockout.enabled {
        return invalid();
    }
    Error::Unauthenticated(format!(
        "Too many wrong client secrets from this address: logging in is locked. Try again in {seconds} seconds"
    ))
}

/// Counts the use of a client secret, or says why it is refused. One that is of no use any more is marked as revoked;
/// the tokens that it bought while it was in force live on.
fn admit(
    cx: &mut Context,
    auth: &UniversalAuth,
    secret: &ClientSecret,
    source: &Source,
) -> Result<Option<Error>, Error> {
    if secret.revoked_at.is_some() {
        return Ok(Some(invalid()));
    }
    if secret.ttl > 0 && secret.created_at.plus_seconds(secret.ttl) <= cx.now {
        store::client_secrets::revoke(cx.tx, secret.id, cx.now)?;
        return Ok(Some(Error::Unauthenticated(
            "Access denied due to expired client secret".into(),
        )));
    }
    if !trusted_ips::allow(&auth.client_secret_trusted_ips, &source.ip) {
        return Ok(Some(Error::Forbidden(
            "You are not allowed to log in from the current IP address".into(),
        )));
    }
    if store::client_secrets::use_once(cx.tx, secret.id, cx.now)? == 0 {
        store::client_secrets::revoke(cx.tx, secret.id, cx.now)?;
        return Ok(Some(Error::Unauthenticated(
            "Access denied due to client secret usage limit reached".into(),
        )));
    }
    Ok(None)
}

/// Makes the access token of a login.
fn issue(
    cx: &mut Context,
    caller: &Caller,
    auth: UniversalAuth,
    secret: &ClientSecret,
) -> Result<Issued, Error> {
    let issued = access_tokens::issue(cx, auth.identity_id, Some(secret.id), "", auth.terms)?;
    let entry = audit::Entry::new("identity.login").with("client_secret", &secret.id);
    audit::record(cx, caller, &entry)?;
    Ok(issued)
}
