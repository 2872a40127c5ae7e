//! Who is logged in, in this tab.
//!
//! The access token lives in memory only. A reload gets a new one for the refresh cookie, which no script can read.
//! The browser's storage keeps one flag, "this browser logged in before": with it a visitor who never logged in is not
//! asked for a cookie that does not exist.

use leptos::prelude::*;
use shared::model::text::SecretText;

use crate::api::error::{Error, Kind};
use crate::api::{auth, setup};
use crate::plaintext;
use crate::problem::Problem;

/// What the app shows, on the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Not known yet.
    Starting,
    /// The server cannot be reached, is locked, or cannot use its database.
    Unavailable,
    /// There is no administrator yet.
    NeedsSetup,
    /// Nobody is logged in.
    SignedOut,
    /// Somebody is logged in, in an organization.
    SignedIn,
}

/// The session of this tab; a handle that is cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Session {
    phase: RwSignal<Phase>,
    token: StoredValue<Option<SecretText>>,
    user: StoredValue<Option<String>>,
    trouble: RwSignal<Option<Problem>>,
    expired: RwSignal<bool>,
}

const HINT: &str = "strongroom.logged-in-before";

impl Session {
    /// A session that has not started; call [`Session::start`].
    pub fn new() -> Self {
        Self {
            phase: RwSignal::new(Phase::Starting),
            token: StoredValue::new(None),
            user: StoredValue::new(None),
            trouble: RwSignal::new(None),
            expired: RwSignal::new(false),
        }
    }

    /// The session that [`crate::app::App`] provides.
    pub fn current() -> Self {
        use_context().unwrap_or_else(Self::new)
    }

    /// What to show.
    pub fn phase(self) -> Phase {
        self.phase.get()
    }

    /// Whether somebody is logged in at this moment; nothing is watched.
    pub fn is_signed_in(self) -> bool {
        self.phase.get_untracked() == Phase::SignedIn
    }

    /// Why the server cannot be used, while the phase is [`Phase::Unavailable`].
    pub fn trouble(self) -> Option<Problem> {
        self.trouble.get()
    }

    /// Whether the last session ended by itself.
    pub fn has_expired(self) -> bool {
        self.expired.get()
    }

    /// Uses the access token, if there is one.
    pub fn with_token<T>(self, use_it: impl FnOnce(&SecretText) -> T) -> Option<T> {
        self.token.with_value(|token| token.as_ref().map(use_it))
    }

    /// Keeps a token that has no organization yet.
    pub fn hold(self, token: SecretText) {
        self.token.set_value(Some(token));
    }

    /// The id of the person who is logged in, or was last; none when the token does not tell it.
    pub fn user(self) -> Option<String> {
        self.user.get_value()
    }

    /// Whether somebody is logged in here, and the token is of somebody else: of a login in another tab.
    pub fn is_of_another(self, token: &SecretText) -> bool {
        self.is_signed_in() && plaintext::user_of(token) != self.user()
    }

    /// Starts working with a token that names an organization.
    pub fn begin(self, token: SecretText) {
        self.user.set_value(plaintext::user_of(&token));
        self.hold(token);
        remember(true);
        self.expired.set(false);
        self.set_phase(Phase::SignedIn);
    }

    /// Forgets the token: the person logged out.
    pub fn end(self) {
        self.token.set_value(None);
        remember(false);
        self.set_phase(Phase::SignedOut);
    }

    /// Forgets the token: the server does not accept it any more.
    pub fn expire(self) {
        self.expired.set(self.is_signed_in());
        self.end();
    }

    /// The first administrator exists now, whoever made it.
    pub fn set_up_elsewhere(self) {
        self.set_phase(Phase::SignedOut);
    }

    /// Finds out where things stand: a session from before, none, no administrator yet, or no usable server.
    pub async fn start(self) {
        self.set_phase(Phase::Starting);
        match self.look().await {
            Ok(phase) => self.set_phase(phase),
            Err(error) => {
                self.trouble
                    .set(Some(Problem::new("Strongroom cannot be used right now", &error)));
                self.set_phase(Phase::Unavailable);
            }
        }
    }

    async fn look(self) -> Result<Phase, Error> {
        if is_remembered() {
            match self.resume().await {
                Err(error) if error.kind == Kind::SignedOut => remember(false),
                outcome => return outcome,
            }
        }
        if setup::health().await?.status == "locked" {
            return Err(Error {
                kind: Kind::Unavailable,
                message: "The server runs, but its store is locked: the key that opens it is missing."
                    .to_owned(),
                request_id: None,
                fields: Vec::new(),
            });
        }
        Ok(if setup::state().await?.initialized {
            Phase::SignedOut
        } else {
            Phase::NeedsSetup
        })
    }

    async fn resume(self) -> Result<Phase, Error> {
        auth::refresh(self).await?;
        if self.is_signed_in() {
            return Ok(Phase::SignedIn);
        }
        // The cookie is of a login that stopped before the organization was chosen.
        self.token.set_value(None);
        Ok(Phase::SignedOut)
    }

    fn set_phase(self, phase: Phase) {
        if self.phase.get_untracked() != phase {
            self.phase.set(phase);
        }
    }
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

fn remember(logged_in: bool) {
    // Without storage (a hardened browser) a reload asks for the password again, which is all that is lost.
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = if logged_in {
            storage.set_item(HINT, "yes")
        } else {
            storage.remove_item(HINT)
        };
    }
}

fn is_remembered() -> bool {
    matches!(window().local_storage(), Ok(Some(storage)) if matches!(storage.get_item(HINT), Ok(Some(_))))
}
