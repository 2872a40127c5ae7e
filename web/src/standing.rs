//! Who is logged in, and how far the first steps are: loaded once, shared by every page behind the login.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::model::ids::OrganizationId;
use shared::wire::onboarding::Onboarding;
use shared::wire::system::Me;

use crate::api;
use crate::problem::Problem;
use crate::session::Session;

/// What is known; a handle that is cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    session: Session,
    me: RwSignal<Option<Me>>,
    problem: RwSignal<Option<Problem>>,
    onboarding: RwSignal<Option<Onboarding>>,
}

impl Standing {
    /// Begins to load it.
    pub fn load(session: Session) -> Self {
        let standing = Self {
            session,
            me: RwSignal::new(None),
            problem: RwSignal::new(None),
            onboarding: RwSignal::new(None),
        };
        standing.reload();
        standing
    }

    /// The one that [`crate::app::App`] provides behind the login.
    pub fn current() -> Self {
        expect_context()
    }

    /// Loads it again.
    pub fn reload(self) {
        spawn_local(async move {
            match api::me::get(self.session).await {
                Ok(me) => {
                    let administers = me.instance_admin;
                    self.problem.try_set(None);
                    self.me.try_set(Some(me));
                    if administers {
                        self.refresh().await;
                    }
                }
                Err(error) => {
                    self.problem
                        .try_set(Some(Problem::new("Your account was not loaded", &error)));
                }
            }
        });
    }

    /// Asks again how far the first steps are. Without an answer what was known stays: this is no page's main matter.
    pub async fn refresh(self) {
        if let Ok(onboarding) = api::onboarding::get(self.session).await {
            self.keep(onboarding);
        }
    }

    /// Takes over what the server said of the first steps.
    pub fn keep(self, onboarding: Onboarding) {
        if self.onboarding.try_get_untracked().flatten().as_ref() != Some(&onboarding) {
            self.onboarding.try_set(Some(onboarding));
        }
    }

    /// The person, once loaded.
    pub fn me(self) -> Option<Me> {
        self.me.get()
    }

    /// The organization of this session, once loaded.
    pub fn organization(self) -> Option<OrganizationId> {
        self.me.with(|me| me.as_ref().and_then(|me| me.organization_id))
    }

    /// Why the person is not known.
    pub fn problem(self) -> Option<Problem> {
        self.problem.get()
    }

    /// Whether the person administers the instance; nothing while it is not known.
    pub fn administers(self) -> Option<bool> {
        self.me.with(|me| me.as_ref().map(|me| me.instance_admin))
    }

    /// Whether the person is known to administer the instance.
    pub fn is_instance_admin(self) -> bool {
        self.administers() == Some(true)
    }

    /// The first steps, for people who administer the instance.
    pub fn onboarding(self) -> Option<Onboarding> {
        self.onboarding.get()
    }
}
