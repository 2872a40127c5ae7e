//! `/welcome`: right after the first account: its recovery kit, before anything is stored.

use leptos::prelude::*;
use leptos_router::components::Redirect;

use crate::app::replacing;

/// The page.
#[component]
pub fn Welcome() -> impl IntoView {
    view! { <Redirect path="/projects" options=replacing() /> }
}
