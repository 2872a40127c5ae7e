//! `/identities`: what programs log in as.

use leptos::prelude::*;

use crate::components::page::Page;

/// The page.
#[component]
pub fn IdentitiesPage() -> impl IntoView {
    view! { <Page title="Machine Identities">""</Page> }
}
