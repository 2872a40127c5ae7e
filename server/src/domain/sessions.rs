//! Sessions of people: from login to logout, kept alive by a rotating refresh token in a cookie.

use shared::model::ids::{OrganizationId, SessionId, UserId};
use shared::model::settings::RuntimeSetting;
use shared::model::text::SecretText;

use super::caller::{Actor, Caller, Source, ended};
use super::limiter::{self, Purpose};
use super::{Context, Error, audit, organizations, settings, tokens};
use crate::crypto::{random, token};
use crate::store;
use crate::store::members::Member;
use crate::store::sessions::Session;

/// Most seconds a session can be refreshed (Infisical's default of 90 days); an administrator may say less.
pub const SESSION_SECONDS: i64 = RuntimeSetting::SessionDays.range().1 * 24 * 60 * 60;

/// Most sessions in one answer.
const MOST_LISTED: i64 = 500;

/// Seconds between two notes that a session is in use.
const TOUCH_SECONDS: i64 = 60;

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
    let seconds = settings::days_in_seconds(cx, RuntimeSetting::SessionDays)?;
    let session = Session {
        id: SessionId::from_random(random::bytes()?),
        user_id: user,
        organization_id: organization,
        refresh_hash: hash(cx, &secret),
        previous_refresh_hash: None,
        refreshed_at: cx.now,
        last_used_at: cx.now,
        ip: source.ip.clone(),
        user_agent: source.user_agent.clone(),
        created_at: cx.now,
        expires_at: cx.now.plus_seconds(seconds),
    };
    store::sessions::insert(cx.tx, &session)?;
    Ok(Opened {
        access: tokens::for_user(cx, user, session.id, organization)?,
        refresh: Some(refresh_text(session.id, &secret)),
        organization,
    })
}

/// Selects an organization in the caller's session. The first time it ends the login and hands out a new refresh token
/// in place of the one from the password. Later a bearer token alone buys none: whoever holds a stolen one could keep the
/// session for as long as refreshing goes on.
pub fn select_organization(
    cx: &mut Context,
    caller: &Caller,
    organization: OrganizationId,
) -> Result<Opened, Error> {
    let (user, id) = caller.user_session()?;
    if store::organizations::role_of(cx.tx, organization, Member::User(user))?.is_none() {
        return Err(organizations::not_a_member());
    }
    let session = store::sessions::live(cx.tx, id, cx.now)?.ok_or_else(ended)?;
    let refresh = match session.organization_id {
        Some(_) => None,
        None => Some(rotate(cx, id)?),
    };
    store::sessions::select_organization(cx.tx, id, organization)?;
    Ok(Opened {
        access: tokens::for_user(cx, user, id, Some(organization))?,
        refresh,
        organization: Some(organization),
    })
}

/// Lets no session last longer than so many days after its login, those of people who are logged in included.
pub fn shorten(cx: &mut Context, days: i64) -> Result<(), Error> {
    Ok(store::sessions::shorten(cx.tx, days * 24 * 60 * 60 * 1000)?)
}

/// Replaces the refresh token of a session.
fn rotate(cx: &mut Context, session: SessionId) -> Result<SecretText, Error> {
    let next = token::new_secret()?;
    let next_hash = hash(cx, &next);
    store::sessions::rotate(cx.tx, session, &next_hash, cx.now)?;
    Ok(refresh_text(session, &next))
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
/// somebody has a copy. Refused exchanges are counted like wrong passwords; a right token is never limited.
pub fn refresh(cx: &mut Context, cookie: &SecretText, source: &Source) -> Result<Refreshed, Error> {
    let Some((id, secret)) = parts(cookie) else {
        return refused(cx, limiter::NOBODY, source);
    };
    match store::sessions::live(cx.tx, id, cx.now)? {
        Some(session) => match exchange(cx, &session, &hash(cx, &secret), source)? {
            Some(opened) => Ok(Refreshed::Opened(opened)),
            None => refused(cx, &id.to_string(), source),
        },
        None => refused(cx, limiter::NOBODY, source),
    }
}

/// Session and secret of a refresh token, if it has that form.
fn parts(cookie: &SecretText) -> Option<(SessionId, SecretText)> {
    let (id, secret) = token::split(cookie)?;
    Some((id.parse().ok()?, secret))
}

/// Counts a refusal. When there were too many already, it needs no counting, and what led to it (a stolen token ended
/// its session) must be kept: so this is no error.
fn refused(cx: &mut Context, account: &str, source: &Source) -> Result<Refreshed, Error> {
    match limiter::begin(cx, Purpose::Refresh, account, source) {
        Ok(_) | Err(Error::TooManyAttempts { .. }) => Ok(Refreshed::Refused),
        Err(other) => Err(other),
    }
}

fn exchange(
    cx: &mut Context,
    session: &Session,
    presented: &[u8],
    source: &Source,
) -> Result<Option<Opened>, Error> {
    let opened = |cx: &Context, refresh| {
        Ok(Some(Opened {
            access: tokens::for_user(cx, session.user_id, session.id, session.organization_id)?,
            refresh,
            organization: session.organization_id,
        }))
    };
    if token::matches(presented, &session.refresh_hash) {
        let next = rotate(cx, session.id)?;
        return opened(cx, Some(next));
    }
    if !is_previous(session, presented) {
        return Ok(None);
    }
    if cx.now < session.refreshed_at.plus_seconds(GRACE_SECONDS) {
        return opened(cx, None);
    }
    store::sessions::revoke(cx.tx, session.id, cx.now)?;
    audit::record(
        cx,
        &holder(session, source),
        &audit::Entry::new("user.session.reuse"),
    )?;
    Ok(None)
}

fn is_previous(session: &Session, presented: &[u8]) -> bool {
    let previous = session.previous_refresh_hash.as_deref();
    previous.is_some_and(|previous| token::matches(presented, previous))
}

/// Whoever presents a refresh token, for the record.
fn holder(session: &Session, source: &Source) -> Caller {
    Caller {
        actor: Actor::User(session.user_id),
        credential_id: session.id.to_string(),
        ..Caller::anonymous(source.clone())
    }
}

/// Ends the session of a refresh token, if there is one: for a logout whose bearer token is gone already.
pub fn close_by_cookie(cx: &mut Context, cookie: &SecretText, source: &Source) -> Result<(), Error> {
    let Some((id, secret)) = parts(cookie) else {
        return Ok(());
    };
    let Some(session) = store::sessions::live(cx.tx, id, cx.now)? else {
        return Ok(());
    };
    let presented = hash(cx, &secret);
    if !token::matches(&presented, &session.refresh_hash) && !is_previous(&session, &presented) {
        return Ok(());
    }
    close(cx, &holder(&session, source))
}

/// Ends the caller's session.
pub fn close(cx: &mut Context, caller: &Caller) -> Result<(), Error> {
    let (_, session) = caller.user_session()?;
    store::sessions::revoke(cx.tx, session, cx.now)?;
    audit::record(cx, caller, &audit::Entry::new("user.logout"))
}

/// The caller's sessions in force, the one used last first.
pub fn list(cx: &mut Context, caller: &Caller) -> Result<Vec<Session>, Error> {
    let (user, _) = caller.user_session()?;
    Ok(store::sessions::live_of_user(cx.tx, user, cx.now, MOST_LISTED)?)
}

/// The refusal for a session that is over, or somebody else's, or never was: nobody learns which.
pub fn unknown() -> Error {
    Error::NotFound("You have no such session. It may have ended already".into())
}

/// Ends one of the caller's sessions.
pub fn end(cx: &mut Context, caller: &Caller, id: SessionId) -> Result<(), Error> {
    let (user, _) = caller.user_session()?;
    store::sessions::live(cx.tx, id, cx.now)?
        .filter(|session| session.user_id == user)
        .ok_or_else(unknown)?;
    store::sessions::revoke(cx.tx, id, cx.now)?;
    let entry = audit::Entry::new("user.session.revoke").with("session", &id);
    audit::record(cx, caller, &entry)
}

/// Ends the caller's sessions, all or all others; returns how many.
pub fn end_all(cx: &mut Context, caller: &Caller, others: bool) -> Result<u64, Error> {
    let (user, current) = caller.user_session()?;
    let ended = store::sessions::revoke_all(cx.tx, user, others.then_some(current), cx.now)?;
    let entry = audit::Entry::new("user.session.revoke-all")
        .with("sessions_ended", &ended)
        .with("others", &others);
    audit::record(cx, caller, &entry)?;
    Ok(ended)
}

/// Whether the use of a session is to be written down.
pub(super) fn is_unremembered(cx: &Context, session: &Session) -> bool {
    session.last_used_at <= cx.now.plus_seconds(-TOUCH_SECONDS)
}

/// Writes down that a session was used.
pub(super) fn touch(cx: &mut Context, id: SessionId) -> Result<(), Error> {
    let since = cx.now.plus_seconds(-TOUCH_SECONDS);
    Ok(store::sessions::touch(cx.tx, id, since, cx.now)?)
}
