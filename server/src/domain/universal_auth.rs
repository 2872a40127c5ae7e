//! Universal Auth: a machine logs in with a client id and one of its client secrets.

use shared::model::access::{Action, OrganizationRole};
use shared::model::ids::{ClientId, ClientSecretId, IdentityId};
use shared::model::names::Description;
use shared::model::text::SecretText;

use super::access_tokens::{self, Issued, Lifetime};
use super::caller::{Actor, Caller, Source};
use super::limiter::{self, Purpose};
use super::{Context, Error, audit, identities, trusted_ips};
use crate::crypto::{random, token};
use crate::store;
use crate::store::universal_auths::{ClientSecret, UniversalAuth};

/// Infisical's default of 30 days.
const DEFAULT_TTL: i64 = 2_592_000;
/// Infisical's limit of ten years.
const LONGEST_TTL: i64 = 315_360_000;

/// Settings as a client gives them; absent ones take the default or stay.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Seconds.
    pub access_token_ttl: Option<i64>,
    /// Seconds.
    pub access_token_max_ttl: Option<i64>,
    /// 0 for any number.
    pub access_token_uses_limit: Option<i64>,
    /// Stored form of [`trusted_ips`].
    pub client_secret_trusted_ips: Option<String>,
    /// Stored form of [`trusted_ips`].
    pub access_token_trusted_ips: Option<String>,
}

fn seconds(field: &'static str, seconds: i64) -> Result<i64, Error> {
    match seconds {
        0..=LONGEST_TTL => Ok(seconds),
        i64::MIN..0 => Err(Error::Invalid {
            field,
            reason: "seconds, 0 or more".into(),
        }),
        _ => Err(Error::BadRequest(format!(
            "{field} is at most {LONGEST_TTL} seconds"
        ))),
    }
}

fn count(field: &'static str, count: i64) -> Result<i64, Error> {
    if (0..=i64::from(i32::MAX)).contains(&count) {
        return Ok(count);
    }
    Err(Error::Invalid {
        field,
        reason: "a number from 0 to 2147483647".into(),
    })
}

/// Attaches Universal Auth to an identity.
pub fn attach(
    cx: &mut Context,
    caller: &Caller,
    id: IdentityId,
    settings: &Settings,
) -> Result<UniversalAuth, Error> {
    let identity = identities::find(cx, caller, id, Action::Edit)?;
    let ttl = seconds("accessTokenTTL", settings.access_token_ttl.unwrap_or(DEFAULT_TTL))?;
    let max_ttl = seconds(
        "accessTokenMaxTTL",
        settings.access_token_max_ttl.unwrap_or(DEFAULT_TTL),
    )?;
    if max_ttl > 0 && ttl > max_ttl {
        return Err(Error::BadRequest(
            "Access token TTL cannot be greater than max TTL".into(),
        ));
    }
    let everywhere = || trusted_ips::EVERYWHERE.to_owned();
    let attached = UniversalAuth {
        client_id: ClientId::from_random(random::bytes()?),
        identity_id: id,
        access_token_ttl: ttl,
        access_token_max_ttl: max_ttl,
        access_token_uses_limit: count(
            "accessTokenNumUsesLimit",
            settings.access_token_uses_limit.unwrap_or(0),
        )?,
        client_secret_trusted_ips: settings
            .client_secret_trusted_ips
            .clone()
            .unwrap_or_else(everywhere),
        access_token_trusted_ips: settings
            .access_token_trusted_ips
            .clone()
            .unwrap_or_else(everywhere),
        created_at: cx.now,
        updated_at: cx.now,
    };
    store::universal_auths::insert(cx.tx, &attached)
        .map_err(|error| Error::or_exists(error, "Universal Auth is attached to this identity already"))?;
    let entry = audit::Entry::new("identity.universal-auth.attach").with("identity", &identity.id);
    audit::record(cx, caller, &entry)?;
    Ok(attached)
}

fn attached(cx: &mut Context, id: IdentityId) -> Result<UniversalAuth, Error> {
    store::universal_auths::by_identity(cx.tx, id)?.ok_or_else(|| {
        Error::NotFound(format!(
            "Universal Auth is not attached to the identity with id '{id}'"
        ))
    })
}

/// The settings of an identity.
pub fn get(cx: &mut Context, caller: &Caller, id: IdentityId) -> Result<UniversalAuth, Error> {
    identities::find(cx, caller, id, Action::Read)?;
    attached(cx, id)
}

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

/// Makes a client secret: the only time its text is seen.
pub fn create_secret(
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
    store::universal_auths::insert_secret(cx.tx, &secret)?;
    let entry = audit::Entry::new("identity.client-secret.create")
        .with("identity", &identity.id)
        .with("client_secret", &secret.id);
    audit::record(cx, caller, &entry)?;
    Ok((text, secret))
}

fn hash(cx: &Context, text: &SecretText) -> Vec<u8> {
    token::keyed_hash(cx.keys.token_key(), "client-secret", text).to_vec()
}

/// The client secrets of an identity that are not revoked, newest first.
pub fn list_secrets(cx: &mut Context, caller: &Caller, id: IdentityId) -> Result<Vec<ClientSecret>, Error> {
    let auth = get(cx, caller, id)?;
    let mut secrets = store::universal_auths::secrets(cx.tx, auth.client_id)?;
    secrets.retain(|secret| secret.revoked_at.is_none());
    Ok(secrets)
}

/// Revokes a client secret together with the access tokens made from it.
pub fn revoke_secret(
    cx: &mut Context,
    caller: &Caller,
    id: IdentityId,
    secret: ClientSecretId,
) -> Result<ClientSecret, Error> {
    identities::find(cx, caller, id, Action::Delete)?;
    let auth = attached(cx, id)?;
    let mut found = store::universal_auths::secrets(cx.tx, auth.client_id)?
        .into_iter()
        .find(|found| found.id == secret)
        .ok_or_else(|| Error::NotFound(format!("Client secret with id '{secret}' not found")))?;
    store::universal_auths::revoke_secret(cx.tx, secret, cx.now)?;
    found.revoked_at.get_or_insert(cx.now);
    let entry = audit::Entry::new("identity.client-secret.revoke")
        .with("identity", &id)
        .with("client_secret", &secret);
    audit::record(cx, caller, &entry)?;
    Ok(found)
}

/// How a machine login ended. A refusal is a value, not an error: its record must be committed.
#[derive(Debug)]
pub enum LoggedIn {
    /// The token.
    Issued(Issued),
    /// Why not; said in Infisical's words, because its clients match on them.
    Refused(Error),
}

/// Logs a machine in.
pub fn login(
    cx: &mut Context,
    client_id: &str,
    client_secret: &SecretText,
    source: &Source,
) -> Result<LoggedIn, Error> {
    let invalid = || LoggedIn::Refused(Error::Unauthenticated("Invalid credentials".into()));
    let presented = hash(cx, &client_secret.trimmed());
    let Ok(client) = client_id.trim().parse::<ClientId>() else {
        return Ok(invalid());
    };
    let Some((auth, organization)) = store::universal_auths::by_client_id(cx.tx, client)? else {
        return Ok(invalid());
    };
    let caller = Caller {
        actor: Actor::Identity(auth.identity_id),
        organization: Some((organization, OrganizationRole::NoAccess)),
        ..Caller::anonymous(source.clone())
    };
    let secret = store::universal_auths::secrets(cx.tx, client)?
        .into_iter()
        .find(|secret| token::matches(&presented, &secret.secret_hash));
    let refused = match secret {
        None => match limiter::begin(cx, Purpose::ClientSecret, &client.to_string(), source) {
            Ok(_) => Error::Unauthenticated("Invalid credentials".into()),
            // Not recorded any more: otherwise anybody who knows a client id could fill the disk with refusals.
            Err(Error::TooManyAttempts { retry_after }) => {
                return Ok(LoggedIn::Refused(Error::Unauthenticated(format!(
                    "Invalid credentials. Too many wrong client secrets: wait {retry_after} seconds"
                ))));
            }
            Err(other) => return Err(other),
        },
        Some(secret) => match require_usable(cx, &auth, &secret, source) {
            Ok(()) => return issue(cx, &caller, auth, &secret).map(LoggedIn::Issued),
            Err(refused) => refused,
        },
    };
    let entry = audit::Entry::new("identity.login.refused").with("reason", &refused);
    audit::record(cx, &caller, &entry)?;
    Ok(LoggedIn::Refused(refused))
}

/// Makes the access token of a login. Successful logins are not limited.
fn issue(
    cx: &mut Context,
    caller: &Caller,
    auth: UniversalAuth,
    secret: &ClientSecret,
) -> Result<Issued, Error> {
    store::universal_auths::use_secret(cx.tx, secret.id, cx.now)?;
    let lifetime = Lifetime {
        ttl: auth.access_token_ttl,
        max_ttl: auth.access_token_max_ttl,
        uses_limit: auth.access_token_uses_limit,
        trusted_ips: auth.access_token_trusted_ips,
    };
    let issued = access_tokens::issue(cx, auth.identity_id, Some(secret.id), "", lifetime)?;
    let entry = audit::Entry::new("identity.login").with("client_secret", &secret.id);
    audit::record(cx, caller, &entry)?;
    Ok(issued)
}

fn require_usable(
    cx: &Context,
    auth: &UniversalAuth,
    secret: &ClientSecret,
    source: &Source,
) -> Result<(), Error> {
    if secret.revoked_at.is_some() {
        return Err(Error::Unauthenticated("Invalid credentials".into()));
    }
    if secret.ttl > 0 && secret.created_at.plus_seconds(secret.ttl) <= cx.now {
        return Err(Error::Unauthenticated(
            "Access denied due to expired client secret".into(),
        ));
    }
    if secret.uses_limit > 0 && secret.uses >= secret.uses_limit {
        return Err(Error::Unauthenticated(
            "Access denied due to client secret usage limit reached".into(),
        ));
    }
    if !trusted_ips::allow(&auth.client_secret_trusted_ips, &source.ip) {
        return Err(Error::Forbidden(
            "You are not allowed to log in from the current IP address".into(),
        ));
    }
    Ok(())
}
