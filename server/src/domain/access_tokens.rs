//! Access tokens of machine identities: making them, judging them, ending them.

use shared::model::access::AuthMethod;
use shared::model::ids::{AccessTokenId, ClientSecretId, IdentityId};
use shared::model::text::SecretText;
use shared::model::time::UnixMillis;

use super::caller::{Actor, Caller, Credential, Source};
use super::service_tokens::TOUCH_SECONDS;
use super::{Context, Error, audit, tokens, trusted_ips};
use crate::crypto::random;
use crate::store;
use crate::store::access_tokens::{AccessToken, Bearer, Terms};

/// Infisical's default of 30 days.
const DEFAULT_TTL: i64 = 2_592_000;
/// Infisical's limit of ten years.
const LONGEST_TTL: i64 = 315_360_000;
/// What Infisical says instead of "no limit" for the longest life of a periodic token; the agent compares with it.
const PERIODIC_MAX_TTL: i64 = 1_000_000_000;

/// Terms as a client gives them; absent ones stay.
#[derive(Debug, Clone, Default)]
pub struct GivenTerms {
    /// Seconds.
    pub ttl: Option<i64>,
    /// Seconds.
    pub max_ttl: Option<i64>,
    /// Seconds.
    pub period: Option<i64>,
    /// 0 for any number.
    pub uses_limit: Option<i64>,
    /// Stored form of [`trusted_ips`].
    pub trusted_ips: Option<String>,
}

impl GivenTerms {
    /// The terms before with those that are given in their place.
    pub fn over(&self, before: &Terms) -> Result<Terms, Error> {
        let terms = Terms {
            ttl: seconds("accessTokenTTL", self.ttl.unwrap_or(before.ttl))?,
            max_ttl: seconds("accessTokenMaxTTL", self.max_ttl.unwrap_or(before.max_ttl))?,
            period: seconds("accessTokenPeriod", self.period.unwrap_or(before.period))?,
            uses_limit: count(
                "accessTokenNumUsesLimit",
                self.uses_limit.unwrap_or(before.uses_limit),
            )?,
            trusted_ips: self
                .trusted_ips
                .clone()
                .unwrap_or_else(|| before.trusted_ips.clone()),
        };
        if terms.max_ttl > 0 && terms.ttl > terms.max_ttl {
            return Err(Error::BadRequest(
                "Access token TTL cannot be greater than max TTL".into(),
            ));
        }
        Ok(terms)
    }
}

/// The terms where nothing else is said.
pub fn usual_terms() -> Terms {
    Terms {
        ttl: DEFAULT_TTL,
        max_ttl: DEFAULT_TTL,
        ..endless_terms()
    }
}

/// The terms of a token without any end or limit.
pub fn endless_terms() -> Terms {
    Terms {
        ttl: 0,
        max_ttl: 0,
        period: 0,
        uses_limit: 0,
        trusted_ips: trusted_ips::EVERYWHERE.to_owned(),
    }
}

/// A length of time as a client gives it: up to ten years.
pub fn seconds(field: &'static str, seconds: i64) -> Result<i64, Error> {
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

/// A number of uses as a client gives it.
pub fn count(field: &'static str, count: i64) -> Result<i64, Error> {
    if (0..=i64::from(i32::MAX)).contains(&count) {
        return Ok(count);
    }
    Err(Error::Invalid {
        field,
        reason: "a number from 0 to 2147483647".into(),
    })
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
    /// Its row.
    pub row: AccessToken,
}

/// Makes a token: by Universal Auth when it comes from a client secret, by hand otherwise.
pub fn issue(
    cx: &mut Context,
    identity: IdentityId,
    client_secret: Option<ClientSecretId>,
    name: &str,
    terms: Terms,
) -> Result<Issued, Error> {
    let token = AccessToken {
        id: AccessTokenId::from_random(random::bytes()?),
        identity_id: identity,
        method: match client_secret {
            Some(_) => AuthMethod::UniversalAuth,
            None => AuthMethod::TokenAuth,
        },
        client_secret_id: client_secret,
        name: name.to_owned(),
        terms,
        uses: 0,
        created_at: cx.now,
        renewed_at: cx.now,
        last_used_at: None,
        revoked_at: None,
    };
    store::access_tokens::insert(cx.tx, &token)?;
    signed(cx, token)
}

fn signed(cx: &Context, row: AccessToken) -> Result<Issued, Error> {
    let token = tokens::for_identity(cx, &row, expires_at(&row))?;
    let (ttl, max_ttl) = if row.terms.period > 0 {
        (row.terms.period, PERIODIC_MAX_TTL)
    } else {
        (row.terms.ttl, row.terms.max_ttl)
    };
    Ok(Issued {
        token,
        ttl,
        max_ttl,
        row,
    })
}

/// When a token ends unless it is renewed.
fn expires_by_ttl(token: &AccessToken) -> Option<UnixMillis> {
    let ttl = if token.terms.period > 0 {
        token.terms.period
    } else {
        token.terms.ttl
    };
    (ttl > 0).then(|| token.renewed_at.plus_seconds(ttl))
}

/// When a token ends whatever happens.
fn expires_by_max_ttl(token: &AccessToken) -> Option<UnixMillis> {
    let limited = token.terms.period == 0 && token.terms.max_ttl > 0;
    limited.then(|| token.created_at.plus_seconds(token.terms.max_ttl))
}

/// The earlier of the two.
fn expires_at(token: &AccessToken) -> Option<UnixMillis> {
    match (expires_by_ttl(token), expires_by_max_ttl(token)) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// A token that is unknown, revoked, or whose identity is gone; in Infisical's words, as the other refusals here.
fn unknown() -> Error {
    Error::Unauthenticated("No identity access token found".into())
}

fn uses_exhausted() -> Error {
    Error::Unauthenticated("Unable to renew because access token number of uses limit reached".into())
}

/// The bearer of a token that may be used now, from here. Uses are counted by [`count_use`].
pub fn in_force(cx: &mut Context, id: AccessTokenId, source: &Source) -> Result<Bearer, Error> {
    let bearer = store::access_tokens::bearer(cx.tx, id)?.ok_or_else(unknown)?;
    judge(&bearer.token, cx.now, source)?;
    Ok(bearer)
}

/// Says why a token that is not revoked may not be used now, from here.
fn judge(token: &AccessToken, now: UnixMillis, source: &Source) -> Result<(), Error> {
    let is_over = |end: Option<UnixMillis>| end.is_some_and(|end| end <= now);
    if is_over(expires_by_max_ttl(token)) {
        return Err(Error::Unauthenticated(
            "Failed to renew MI access token due to Max TTL expiration".into(),
        ));
    }
    if is_over(expires_by_ttl(token)) {
        return Err(Error::Unauthenticated(
            "Failed to renew MI access token due to TTL expiration".into(),
        ));
    }
    if !trusted_ips::allow(&token.terms.trusted_ips, &source.ip) {
        return Err(Error::Forbidden(
            "You are not allowed to access this resource from the current IP address".into(),
        ));
    }
    Ok(())
}

/// Whether the use of a token is to be written down: once a minute, and of tokens made by hand alone, because people
/// tidy up nothing else.
pub fn is_unremembered(cx: &Context, token: &AccessToken) -> bool {
    let stale = cx.now.plus_seconds(-TOUCH_SECONDS);
    token.method == AuthMethod::TokenAuth && token.last_used_at.is_none_or(|last| last <= stale)
}

/// Writes down that a token was used.
pub fn touch(cx: &mut Context, id: AccessTokenId) -> Result<(), Error> {
    let since = cx.now.plus_seconds(-TOUCH_SECONDS);
    Ok(store::access_tokens::touch(cx.tx, id, since, cx.now)?)
}

/// Counts a request of a limited token, if the token may be used now, from here: whoever holds it where it is not trusted
/// must not use it up. The first refusal for the limit says why, further ones that there is no such token, as Infisical
/// has it; so it is a value, not an error: that it was said must be committed.
pub fn count_use(
    cx: &mut Context,
    id: AccessTokenId,
    text_expired: bool,
    source: &Source,
) -> Result<Option<Error>, Error> {
    in_force(cx, id, source)?;
    if text_expired {
        return Err(tokens::expired());
    }
    if store::access_tokens::use_once(cx.tx, id, cx.now)? > 0 {
        return Ok(None);
    }
    if store::access_tokens::use_past_limit(cx.tx, id)? > 0 {
        return Ok(Some(uses_exhausted()));
    }
    Err(unknown())
}

/// The token of a credential that was sent in the body, and whether its text has an end of its own that is over.
fn of_identity(credential: &Credential, done: &str) -> Result<(AccessTokenId, bool), Error> {
    match credential {
        Credential::Identity { token, expired, .. } => Ok((*token, *expired)),
        Credential::User { .. } | Credential::ServiceToken { .. } => Err(Error::BadRequest(format!(
            "Only identity access tokens can be {done}"
        ))),
    }
}

/// How a renewal ended. A refusal is a value, not an error: its record must be committed.
#[derive(Debug)]
pub enum Renewal {
    /// The token with its new text.
    Renewed(Issued),
    /// Why not.
    Refused(Error),
}

/// Lets a token live on: its time to live starts again, never past its longest life. The client gets a new JWT of
/// the same token, which stays bound to the client secret it came from.
pub fn renew(cx: &mut Context, credential: &Credential, source: &Source) -> Result<Renewal, Error> {
    let (id, text_expired) = of_identity(credential, "renewed")?;
    let bearer = store::access_tokens::bearer(cx.tx, id)?.ok_or_else(unknown)?;
    let caller = holder(&bearer, source.clone());
    let mut token = bearer.token;
    if let Err(refused) = judge_renewal(&token, text_expired, cx.now, source) {
        let entry = audit::Entry::new("identity.token.renew.refused").with("reason", &refused);
        audit::record(cx, &caller, &entry)?;
        return Ok(Renewal::Refused(refused));
    }
    store::access_tokens::renew(cx.tx, token.id, cx.now)?;
    token.renewed_at = cx.now;
    audit::record(cx, &caller, &audit::Entry::new("identity.token.renew"))?;
    signed(cx, token).map(Renewal::Renewed)
}

/// Says why a token that is not revoked may not be renewed now, from here.
fn judge_renewal(
    token: &AccessToken,
    text_expired: bool,
    now: UnixMillis,
    source: &Source,
) -> Result<(), Error> {
    judge(token, now, source)?;
    if text_expired {
        return Err(tokens::expired());
    }
    let terms = &token.terms;
    if terms.uses_limit > 0 && token.uses >= terms.uses_limit {
        return Err(uses_exhausted());
    }
    if let Some(limit) = expires_by_max_ttl(token)
        && now.plus_seconds(terms.ttl) > limit
    {
        return Err(Error::Unauthenticated(
            "Failed to renew MI access token past its Max TTL expiration".into(),
        ));
    }
    Ok(())
}

/// Who holds a token that was sent in the body, for the record.
fn holder(bearer: &Bearer, source: Source) -> Caller {
    Caller {
        actor: Actor::Identity(bearer.token.identity_id),
        credential_id: bearer.token.id.to_string(),
        organization: Some((bearer.organization_id, bearer.organization_role)),
        ..Caller::anonymous(source)
    }
}

/// Ends a token; whoever holds it may.
pub fn revoke(cx: &mut Context, credential: &Credential, source: Source) -> Result<(), Error> {
    let (id, _) = of_identity(credential, "revoked")?;
    let bearer = store::access_tokens::bearer(cx.tx, id)?.ok_or_else(unknown)?;
    store::access_tokens::revoke(cx.tx, id, cx.now)?;
    let caller = holder(&bearer, source);
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
