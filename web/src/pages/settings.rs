//! `/projects/:project/settings`: name, environments and end of a project.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use crate::components::project_head::ProjectHead;

/// The page.
#[component]
pub fn SettingsPage() -> impl IntoView {
    let params = use_params_map();
    let project = Memo::new(move |_| params.with(|params| params.get("project")).unwrap_or_default());
    view! {
        <main id="main" tabindex="-1" class="page">
            <ProjectHead project page="settings" />
        </main>
    }
}
