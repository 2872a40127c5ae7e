//! How far the first steps are, asked for once and shared by every page behind the login.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::wire::onboarding::Onboarding;

use crate::api;
use crate::person::Person;
use crate::session::Session;

/// The first steps; a handle that is cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct FirstSteps {
    session: Session,
    person: Person,
    known: RwSignal<Option<Onboarding>>,
}

impl FirstSteps {
    /// Begins to ask as soon as the person is known, and is one of those who may know.
    pub fn load(session: Session, person: Person) -> Self {
        let steps = Self {
            session,
            person,
            known: RwSignal::new(None),
        };
        Effect::new(move |_| {
            if person.administers_the_server() {
                spawn_local(steps.refresh());
            }
        });
        steps
    }

    /// The ones that are provided behind the login.
    pub fn current() -> Self {
        expect_context()
    }

    /// Asks again. Without an answer what was known stays: this is no page's main matter.
    pub async fn refresh(self) {
        if !untrack(|| self.person.administers_the_server()) {
            return;
        }
        if let Ok(onboarding) = api::onboarding::get(self.session).await {
            self.keep(onboarding);
        }
    }

    /// Takes over what the server said.
    pub fn keep(self, onboarding: Onboarding) {
        if self.known.try_get_untracked().flatten().as_ref() != Some(&onboarding) {
            self.known.try_set(Some(onboarding));
        }
    }

    /// What is known; nothing for people who do not administer the server.
    pub fn known(self) -> Option<Onboarding> {
        self.known.get()
    }
}
