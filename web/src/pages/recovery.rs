//! `/recovery`: recovery kits and backups.

use leptos::prelude::*;

use crate::components::page::Page;

/// The page.
#[component]
pub fn RecoveryPage() -> impl IntoView {
    view! { <Page title="Keys & recovery">""</Page> }
}
