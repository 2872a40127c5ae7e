//! The first administrator: allowed once, and only to whoever can prove to own the machine.

use data_encoding::HEXLOWER;
use shared::model::access::OrganizationRole;
use shared::model::ids::{IdentityId, MembershipId, OrganizationId};
use shared::model::names::DisplayName;
use shared::model::text::SecretText;
use shared::model::time::UnixMillis;

use super::access_tokens::{self, Issued};
use super::caller::{Actor, Caller, Source};
use super::limiter::{self, Purpose};
use super::sessions::{self, Opened};
use super::users::{self, NewUser};
use super::{Context, Error, audit};
use crate::crypto::{random, token};
use crate::store;
use crate::store::members::Member;
use crate::store::organizations::Organization;
use crate::store::users::User;

/// Seconds a set-up code lives.
pub const CODE_SECONDS: i64 = 60 * 60;

const CODE: &str = "setup_code";
/// There is one set-up code, so attempts at it count together.
const ACCOUNT: &str = "instance";

/// Whether the first administrator exists.
pub fn is_done(cx: &mut Context) -> Result<bool, Error> {
    Ok(store::users::any(cx.tx)?)
}

/// When the instance was set up: when its first organization was made. None before.
pub fn done_at(cx: &mut Context) -> Result<Option<UnixMillis>, Error> {
    Ok(store::organizations::first(cx.tx)?.map(|first| first.created_at))
}

/// The refusal of a second set-up.
pub fn already_done() -> Error {
    Error::BadRequest("Instance has already been set up. Log in at /login".into())
}

/// Makes a new set-up code and forgets the one before. Refused once the instance is set up.
pub fn new_code(cx: &mut Context) -> Result<(SecretText, UnixMillis), Error> {
    if is_done(cx)? {
        return Err(already_done());
    }
    limiter::forgive(cx, Purpose::SetupCode, ACCOUNT)?;
    let code = token::new_setup_code()?;
    let expires = cx.now.plus_seconds(CODE_SECONDS);
    let hash = code_hash(cx, &code);
    store::settings::set(cx.tx, CODE, &format!("{}:{hash}", expires.0))?;
    Ok((code, expires))
}

fn code_hash(cx: &Context, code: &SecretText) -> String {
    HEXLOWER.encode(&token::keyed_hash(cx.keys.token_key(), CODE, code))
}

/// Checks a set-up code; wrong ones are counted. A refusal is a value, so that the count is committed.
pub fn code_fits(cx: &mut Context, code: &SecretText, source: &Source) -> Result<bool, Error> {
    let attempt = limiter::begin(cx, Purpose::SetupCode, ACCOUNT, source)?;
    let Some(stored) = store::settings::get(cx.tx, CODE)? else {
        return Ok(false);
    };
    let Some((expires, hash)) = stored.split_once(':') else {
        return Ok(false);
    };
    let Ok(typed) = token::normalized_setup_code(code) else {
        return Ok(false);
    };
    let presented = code_hash(cx, &typed);
    let live = expires.parse::<i64>().is_ok_and(|expires| cx.now.0 < expires);
    let fits = live && token::matches(presented.as_bytes(), hash.as_bytes());
    if fits {
        limiter::succeed(cx, &attempt)?;
    }
    Ok(fits)
}

/// The refusal of a missing or wrong set-up code.
pub fn code_refused() -> Error {
    Error::Forbidden(
        "The setup code is missing, wrong or older than 60 minutes. The server prints it when it starts; \
         `strongroom setup-code` on the server makes a new one"
            .into(),
    )
}

/// What set-up makes.
pub struct Done {
    /// The administrator.
    pub user: User,
    /// The organization.
    pub organization: Organization,
}

/// Makes the administrator and the organization. Refused when somebody was faster.
pub fn create(
    cx: &mut Context,
    new: &NewUser,
    organization: &DisplayName,
    source: &Source,
) -> Result<Done, Error> {
    if is_done(cx)? {
        return Err(already_done());
    }
    let slug = match organization.slugified() {
        slug if slug.is_empty() => "organization".to_owned(),
        slug => slug,
    };
    let organization = Organization {
        id: OrganizationId::from_random(random::bytes()?),
        name: organization.to_string(),
        slug: format!("{slug}-{}", random::letters(4)?.to_lowercase()),
        created_at: cx.now,
        updated_at: cx.now,
    };
    store::organizations::insert(cx.tx, &organization)?;
    let user = users::create(cx, new, organization.id, OrganizationRole::Admin)?;
    store::settings::remove(cx.tx, CODE)?;
    let mut caller = Caller::anonymous(source.clone());
    caller.actor = Actor::User(user.id);
    caller.organization = Some((organization.id, OrganizationRole::Admin));
    audit::record(
        cx,
        &caller,
        &audit::Entry::new("instance.setup").with("email", &user.email),
    )?;
    Ok(Done { user, organization })
}

/// Adds the machine identity that Infisical's bootstrap hands to scripts: it administers the instance, its token does
/// not expire.
pub fn create_identity(cx: &mut Context, done: &Done) -> Result<(IdentityId, &'static str, Issued), Error> {
    const NAME: &str = "Instance Admin Identity";
    let id = IdentityId::from_random(random::bytes()?);
    store::identities::insert(cx.tx, id, done.organization.id, NAME, false, true, cx.now)?;
    store::organizations::insert_member(
        cx.tx,
        MembershipId::from_random(random::bytes()?),
        done.organization.id,
        Member::Identity(id),
        OrganizationRole::Admin,
        cx.now,
    )?;
    let terms = access_tokens::endless_terms();
    let issued = access_tokens::issue(cx, id, None, "bootstrap", terms)?;
    Ok((id, NAME, issued))
}

/// Logs the new administrator in.
pub fn open_session(cx: &mut Context, done: &Done, source: &Source) -> Result<Opened, Error> {
    sessions::open(cx, done.user.id, Some(done.organization.id), source)
}
