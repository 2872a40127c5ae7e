//! The environments of a project, as tabs that are links: each has its address.

use leptos::prelude::*;
use leptos_router::components::A;
use shared::model::names::FolderPath;

use crate::projects::{Projects, page_of_folder};

/// The tabs.
#[component]
pub fn EnvironmentTabs(
    /// Id of the project.
    #[prop(into)]
    project: Signal<String>,
    /// The folder that the tabs lead to, the same in each environment.
    #[prop(into)]
    folder: Signal<FolderPath>,
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
                <A href={
                    let slug = environment.slug.clone();
                    move || folder.with(|folder| page_of_folder(&project.get(), &slug, folder))
                } attr:class="tab">
                    <bdi>{environment.name.clone()}</bdi>
                </A>
            </For>
        </nav>
    }
}
