//! Universal Auth: a machine logs in with a client id and one of its client secrets. Here are the settings;
//! [`super::client_secrets`] and [`super::machine_login`] are the rest.

use shared::model::access::{Action, AuthMethod};
use shared::model::ids::{ClientId, IdentityId};

use super::access_tokens::{self, GivenTerms};
use super::caller::Caller;
use super::{Context, Error, audit, identities, trusted_ips};
use crate::crypto::random;
use crate::store;
use crate::store::universal_auths::{Lockout, UniversalAuth};

/// Infisical's defaults.
const USUAL_LOCKOUT: Lockout = Lockout {
    enabled: true,
    threshold: 3,
    seconds: 300,
    reset_seconds: 30,
};

/// Settings as a client gives them; absent ones take the default or stay.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Terms of the access tokens.
    pub terms: GivenTerms,
    /// Stored form of [`trusted_ips`].
    pub client_secret_trusted_ips: Option<String>,
    /// Whether wrong client secrets lock the client id.
    pub lockout_enabled: Option<bool>,
    /// How many of them.
    pub lockout_threshold: Option<i64>,
    /// Seconds.
    pub lockout_seconds: Option<i64>,
    /// Seconds.
    pub lockout_reset_seconds: Option<i64>,
}

impl Settings {
    fn over(&self, mut before: UniversalAuth) -> Result<UniversalAuth, Error> {
        before.terms = self.terms.over(&before.terms)?;
        if let Some(ranges) = &self.client_secret_trusted_ips {
            before.client_secret_trusted_ips.clone_from(ranges);
        }
        let lockout = before.lockout;
        before.lockout = Lockout {
            enabled: self.lockout_enabled.unwrap_or(lockout.enabled),
            threshold: within("lockoutThreshold", self.lockout_threshold, 1, 30)?
                .unwrap_or(lockout.threshold),
            seconds: within("lockoutDurationSeconds", self.lockout_seconds, 30, 86_400)?
                .unwrap_or(lockout.seconds),
            reset_seconds: within("lockoutCounterResetSeconds", self.lockout_reset_seconds, 5, 3_600)?
                .unwrap_or(lockout.reset_seconds),
        };
        Ok(before)
    }
}

fn within(field: &'static str, given: Option<i64>, least: i64, most: i64) -> Result<Option<i64>, Error> {
    if given.is_none_or(|given| (least..=most).contains(&given)) {
        return Ok(given);
    }
    Err(Error::Invalid {
        field,
        reason: format!("a number from {least} to {most}"),
    })
}

/// Attaches Universal Auth to an identity. It opens nothing before a client secret is made.
pub fn attach(
    cx: &mut Context,
    caller: &Caller,
    id: IdentityId,
    settings: &Settings,
) -> Result<UniversalAuth, Error> {
    let identity = identities::find(cx, caller, id, Action::Edit)?;
    let attached = settings.over(UniversalAuth {
        client_id: ClientId::from_random(random::bytes()?),
        identity_id: id,
        terms: access_tokens::usual_terms(),
        client_secret_trusted_ips: trusted_ips::EVERYWHERE.to_owned(),
        lockout: USUAL_LOCKOUT,
        created_at: cx.now,
        updated_at: cx.now,
    })?;
    store::universal_auths::insert(cx.tx, &attached).map_err(|error| {
        Error::or_exists(
            error,
            "Failed to add universal auth to already configured identity",
        )
    })?;
    let entry = audit::Entry::new("identity.universal-auth.attach").with("identity", &identity.id);
    audit::record(cx, caller, &entry)?;
    Ok(attached)
}

/// The settings of an identity that is known to exist.
pub(super) fn attached(cx: &mut Context, id: IdentityId) -> Result<UniversalAuth, Error> {
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

/// Changes settings. Where tokens may be used from counts for those in force too; how long they live does not.
pub fn update(
    cx: &mut Context,
    caller: &Caller,
    id: IdentityId,
    settings: &Settings,
) -> Result<UniversalAuth, Error> {
    let identity = identities::find(cx, caller, id, Action::Edit)?;
    identities::require_no_stronger(cx, caller, &identity)?;
    let before = attached(cx, id)?;
    let mut changed = settings.over(before.clone())?;
    changed.updated_at = cx.now;
    store::universal_auths::update(cx.tx, &changed)?;
    if changed.terms.trusted_ips != before.terms.trusted_ips {
        let ranges = &changed.terms.trusted_ips;
        store::access_tokens::trust(cx.tx, id, AuthMethod::UniversalAuth, ranges)?;
    }
    let entry = audit::Entry::new("identity.universal-auth.update").with("identity", &id);
    audit::record(cx, caller, &entry)?;
    Ok(changed)
}

/// Takes Universal Auth away: its client secrets and the tokens that came from them end at once.
pub fn detach(cx: &mut Context, caller: &Caller, id: IdentityId) -> Result<UniversalAuth, Error> {
    identities::find(cx, caller, id, Action::Delete)?;
    let auth = attached(cx, id)?;
    let tokens = store::access_tokens::revoke_method(cx.tx, id, AuthMethod::UniversalAuth, cx.now)?;
    let secrets = store::client_secrets::remove_all(cx.tx, auth.client_id)?;
    store::universal_auths::delete(cx.tx, auth.client_id)?;
    let entry = audit::Entry::new("identity.universal-auth.detach")
        .with("identity", &id)
        .with("client_secrets", &secrets)
        .with("tokens", &tokens);
    audit::record(cx, caller, &entry)?;
    Ok(auth)
}
