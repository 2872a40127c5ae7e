//! The person who is logged in, asked for once and shared by every page behind the login.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::model::ids::OrganizationId;
use shared::wire::system::Me;

use crate::api;
use crate::problem::Problem;
use crate::session::Session;

/// The person; a handle that is cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    session: Session,
    me: RwSignal<Option<Me>>,
    problem: RwSignal<Option<Problem>>,
}

impl Person {
    /// Begins to ask.
    pub fn load(session: Session) -> Self {
        let person = Self {
            session,
            me: RwSignal::new(None),
            problem: RwSignal::new(None),
        };
        person.reload();
        person
    }

    /// The one that is provided behind the login.
    pub fn current() -> Self {
        expect_context()
    }

    /// Asks again. Without an answer the pages of administrators stay out of the navigation; the server decides anyway.
    pub fn reload(self) {
        spawn_local(async move {
            match api::system::me(self.session).await {
                Ok(me) => {
                    self.problem.try_set(None);
                    self.me.try_set(Some(me));
                }
                Err(error) => {
                    self.problem
                        .try_set(Some(Problem::new("Your account was not loaded", &error)));
                }
            }
        });
    }

    /// Whether the answer is here.
    pub fn is_known(self) -> bool {
        self.me.with(Option::is_some)
    }

    /// Why there is no answer.
    pub fn problem(self) -> Option<Problem> {
        self.problem.get()
    }

    /// E-mail address, empty until it is known.
    pub fn email(self) -> String {
        self.me
            .with(|me| me.as_ref().and_then(|me| me.email.clone()))
            .unwrap_or_default()
    }

    /// The organization of this session, once known.
    pub fn organization(self) -> Option<OrganizationId> {
        self.me.with(|me| me.as_ref().and_then(|me| me.organization_id))
    }

    /// Whether this person administers the server.
    pub fn administers_the_server(self) -> bool {
        self.me.with(|me| me.as_ref().is_some_and(|me| me.instance_admin))
    }
}
