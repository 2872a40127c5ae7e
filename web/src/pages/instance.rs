//! `/instance`: the server itself.

use leptos::prelude::*;

use crate::components::page::Page;

/// The page.
#[component]
pub fn InstancePage() -> impl IntoView {
    view! { <Page title="Instance">""</Page> }
}
