//! The environments of a project, as tabs that are links: each has its address.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::projects::{Projects, page_of};

/// The tabs.
#[component]
pub fn EnvironmentTabs(
    /// Id of the project.
    #[prop(into)]
    project: Signal<String>,
) -> impl IntoView {
    let projects = expect_context::<Projects>();
    let environments = move || {
        projects
            .find(&project.get())
            .map(|project| project.environments)
            .unwrap_or_default()
    };
    view! {
        <nav class="tabs" aria-label="Environments">
            <For each=environments key=|environment| environment.id let(environment)>
                <A href=page_of(&project.get_untracked(), &environment.slug) attr:class="tab">
                    <bdi>{environment.name.clone()}</bdi>
                </A>
            </For>
        </nav>
    }
}
