//! `/projects/:project`: leads to the first environment of a project.

use leptos::prelude::*;
use leptos_router::hooks::{use_navigate, use_params_map};

use crate::app::replacing;
use crate::components::empty::EmptyState;
use crate::components::icon::Icon;
use crate::components::notice::ProblemNotice;
use crate::components::skeleton::Skeleton;
use crate::projects::{Load, Projects, first_page_of};

/// The page.
#[component]
pub fn ProjectPage() -> impl IntoView {
    let projects = expect_context::<Projects>();
    let params = use_params_map();
    let navigate = use_navigate();
    let wanted = move || params.with(|params| params.get("project")).unwrap_or_default();
    Effect::new(move |_| {
        if let Some(project) = projects.find(&wanted()) {
            navigate(&first_page_of(&project), replacing());
        }
    });
    let failed = Signal::derive(move || projects.problem());
    let loading = Memo::new(move |_| matches!(projects.list(), Load::Loading));
    let unknown =
        Memo::new(move |_| matches!(projects.list(), Load::Ready(_)) && projects.find(&wanted()).is_none());
    view! {
        <main id="main" tabindex="-1" class="page">
            <ProblemNotice problem=failed retry=move |()| projects.reload() />
            <Show when=move || loading.get()>
                <Skeleton label="Loading the project" />
            </Show>
            <Show when=move || unknown.get()>
                <UnknownProject />
            </Show>
        </main>
    }
}

/// What stands in place of a project that is not there.
#[component]
pub fn UnknownProject() -> impl IntoView {
    view! {
        <EmptyState
            title="There is no such project"
            text="It was deleted, or you are not a member of it. An administrator of the project can add you."
            icon=Icon::Projects
        >
            <leptos_router::components::A href="/projects" attr:class="button button-primary">
                "Go to your projects"
            </leptos_router::components::A>
        </EmptyState>
    }
}
