//! `/`: leads to where the person can go on.

use leptos::prelude::*;
use leptos_router::components::Redirect;

use crate::app::replacing;
use crate::session::{Phase, Session};

/// A redirect.
#[component]
pub fn Home() -> impl IntoView {
    let session = Session::current();
    move || {
        let path = match session.phase() {
            Phase::NeedsSetup => "/admin/signup",
            Phase::SignedIn => "/projects",
            _ => "/login",
        };
        view! { <Redirect path options=replacing() /> }
    }
}
