//! `/account`: the person's own password, sessions and theme.

use leptos::prelude::*;

use crate::components::page::Page;

/// The page.
#[component]
pub fn AccountPage() -> impl IntoView {
    view! { <Page title="Account">""</Page> }
}
