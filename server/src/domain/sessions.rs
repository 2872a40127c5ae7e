//! Sessions of people: from login to logout, kept alive by a rotating refresh token in a cookie.

use shared::model::ids::{OrganizationId, SessionId, UserId};
use shared::model::text::SecretText;

use super::caller::{Caller, Source};
use super::limiter::{self, Purpose};
use super::{Context, Error, audit, organizations, tokens};
use crate::crypto::{random, token};
use crate::store;
use crate::store::members::Member;
use crate::store::sessions::Session;

/// Seconds a session can be refreshed (Infisical's default of 90 days).
pub const SESSION_SECONDS: i64 = 90 * 24 * 60 * 60;

/// Seconds in which the refresh token before the present one is still honoured: two tabs may refresh at once.
const GRACE_SECONDS: i64 = 60;

/// A bearer token and, when it changed, the refresh token to put into the cookie.
#[derive(Debug)]
pub struct Opened {
    /// Bearer token.
    pub access: SecretText,
    /// `session id.secret`.
    pub refresh: Option<SecretText>,
    /// The organization in the bearer token.
    pub organization: Option<OrganizationId>,
}

fn refresh_text(session: SessionId, secret: &SecretText) -> SecretText {
    token::join(&session.to_string(), secret)
}

fn hash(cx: &Context, secret: &SecretText) -> Vec<u8> {
    token::keyed_hash(cx.keys.token_key(), "refresh", secret).to_vec()
}

/// Starts a session.
pub fn open(
    cx: &mut Context,
    user: UserId,
    organization: Option<OrganizationId>,
    source: &Source,
) -> Result<Opened, Error> {
    let secret = token::new_secret()?;
    let session = Session {
        id: SessionId::from_random(random::bytes()?),
        user_id: user,
        organization_id: organization,
        refresh_hash: hash(cx, &secret),
        previous_refresh_hash: None,
        refreshed_at: cx.now,
        ip: source.ip.clone(),
        user_agent: source.user_agent.clone(),
        created_at: cx.now,
        expires_at: cx.now.plus_seconds(SESSION_SECONDS),
    };
    store::sessions::insert(cx.tx, &session)?;
    Ok(Opened {
        access: tokens::for_user(cx, user, session.id, organization)?,
        refresh: Some(refresh_text(session.id, &secret)),
        organization,
    })
}

/// Selects an organization in the caller's session.
pub fn select_organization(
    cx: &mut Context,
    caller: &Caller,
    organization: OrganizationId,
) -> Result<SecretText, Error> {
    let (user, session) = caller.user_session()?;
    if store::organizations::role_of(cx.tx, organization, Member::User(user))?.is_none() {
        return Err(organizations::not_a_member());
    }
    store::sessions::select_organization(cx.tx, session, organization)?;
    tokens::for_user(cx, user, session, Some(organization))
}

/// How a refresh ended. A refusal is a value, not an error: the revocation it may cause must be committed.
#[derive(Debug)]
pub enum Refreshed {
    /// Here is a new bearer token.
    Opened(Opened),
    /// The refresh token is unknown, ended, or was stolen: the session is over.
    Refused,
}

/// Exchanges a refresh token. Presenting one that was replaced longer ago than the grace period ends the session:
/// somebody has a copy. Refused exchanges are counted like wrong passwords.
pub fn refresh(cx: &mut Context, cookie: &SecretText, source: &Source) -> Result<Refreshed, Error> {
    let named = token::split(cookie)
        .map(|(session, _)| session)
        .unwrap_or_default();
    let attempt = limiter::begin(cx, Purpose::Refresh, named, source)?;
    let refreshed = exchange(cx, cookie)?;
    if matches!(refreshed, Refreshed::Opened(_)) {
        limiter::succeed(cx, &attempt)?;
    }
    Ok(refreshed)
}

fn exchange(cx: &mut Context, cookie: &SecretText) -> Result<Refreshed, Error> {
    let Some((session, secret)) = token::split(cookie) else {
        return Ok(Refreshed::Refused);
    };
    let Ok(session) = session.parse::<SessionId>() else {
        return Ok(Refreshed::Refused);
    };
    let Some(session) = store::sessions::live(cx.tx, session, cx.now)? else {
        return Ok(Refreshed::Refused);
    };
    let presented = hash(cx, &secret);
    let organization = session.organization_id;
    if token::matches(&presented, &session.refresh_hash) {
        let next = token::new_secret()?;
        let next_hash = hash(cx, &next);
        store::sessions::rotate(cx.tx, session.id, &next_hash, cx.now)?;
        return Ok(Refreshed::Opened(Opened {
            access: tokens::for_user(cx, session.user_id, session.id, organization)?,
            refresh: Some(refresh_text(session.id, &next)),
            organization,
        }));
    }
    let previous = session
        .previous_refresh_hash
        .as_deref()
        .is_some_and(|old| token::matches(&presented, old));
    if previous && cx.now < session.refreshed_at.plus_seconds(GRACE_SECONDS) {
        return Ok(Refreshed::Opened(Opened {
            access: tokens::for_user(cx, session.user_id, session.id, organization)?,
            refresh: None,
            organization,
        }));
    }
    if previous {
        store::sessions::revoke(cx.tx, session.id, cx.now)?;
        let mut caller = Caller::anonymous(Source::default());
        caller.actor = super::caller::Actor::User(session.user_id);
        caller.credential_id = session.id.to_string();
        audit::record(cx, &caller, &audit::Entry::new("user.session.reuse"))?;
    }
    Ok(Refreshed::Refused)
}

/// Ends the session of a refresh token, if there is one: for a logout whose bearer token is gone already.
pub fn close_by_cookie(cx: &mut Context, cookie: &SecretText, source: &Source) -> Result<(), Error> {
    let Some((session, secret)) = token::split(cookie) else {
        return Ok(());
    };
    let Ok(session) = session.parse::<SessionId>() else {
        return Ok(());
    };
    let Some(session) = store::sessions::live(cx.tx, session, cx.now)? else {
        return Ok(());
    };
    if !token::matches(&hash(cx, &secret), &session.refresh_hash) {
        return Ok(());
    }
    let mut caller = Caller::anonymous(source.clone());
    caller.actor = super::caller::Actor::User(session.user_id);
    caller.credential_id = session.id.to_string();
    close(cx, &caller)
}

/// Ends the caller's session.
pub fn close(cx: &mut Context, caller: &Caller) -> Result<(), Error> {
    let (_, session) = caller.user_session()?;
    store::sessions::revoke(cx.tx, session, cx.now)?;
    audit::record(cx, caller, &audit::Entry::new("user.logout"))
}
