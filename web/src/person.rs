//! The person who is logged in, asked for once and shared by every page behind the login.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::wire::system::Me;

use crate::api;
use crate::session::Session;

/// The person; a handle that is cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Person(RwSignal<Option<Me>>);

impl Person {
    /// Begins to ask.
    pub fn load(session: Session) -> Self {
        let person = Self(RwSignal::new(None));
        spawn_local(async move {
            // Without an answer the pages of administrators stay out of the navigation; the server decides anyway.
            if let Ok(me) = api::system::me(session).await {
                person.0.try_set(Some(me));
            }
        });
        person
    }

    /// The one that is provided behind the login.
    pub fn current() -> Self {
        use_context().unwrap_or_else(|| Self(RwSignal::new(None)))
    }

    /// Whether the answer is here.
    pub fn is_known(self) -> bool {
        self.0.with(Option::is_some)
    }

    /// E-mail address, empty until it is known.
    pub fn email(self) -> String {
        self.0
            .with(|me| me.as_ref().and_then(|me| me.email.clone()))
            .unwrap_or_default()
    }

    /// Whether this person administers the server.
    pub fn administers_the_server(self) -> bool {
        self.0.with(|me| me.as_ref().is_some_and(|me| me.instance_admin))
    }
}
