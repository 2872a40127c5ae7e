//! `/projects`: the projects of the person who is logged in, or the first one's creation.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::components::button::{Button, Weight};
use crate::components::icon::{Glyph, Icon};
use crate::components::new_project::{NewProjectDialog, NewProjectForm};
use crate::components::notice::ProblemNotice;
use crate::components::onboarding::Onboarding;
use crate::components::page::Page;
use crate::components::skeleton::Skeleton;
use crate::projects::{Load, Projects, first_page_of};

/// The page.
#[component]
pub fn ProjectsPage() -> impl IntoView {
    let projects = expect_context::<Projects>();
    let failed = Signal::derive(move || match projects.list() {
        Load::Failed(problem) => Some(problem),
        _ => None,
    });
    let loading = Memo::new(move |_| matches!(projects.list(), Load::Loading));
    let nothing_yet = Memo::new(move |_| matches!(projects.list(), Load::Ready(list) if list.is_empty()));
    view! {
        {move || {
            if nothing_yet.get() {
                view! { <FirstProject /> }.into_any()
            } else {
                view! { <ProjectList loading failed /> }.into_any()
            }
        }}
    }
}

#[component]
fn FirstProject() -> impl IntoView {
    document().set_title("Projects · Strongroom");
    view! {
        <main id="main" tabindex="-1" class="page">
            <Onboarding />
            <section class="card">
                <h1>"Create your first project"</h1>
                <p class="lead">
                    "A project holds the secrets of one app or machine. It starts with Development, Staging and "
                    "Production."
                </p>
                <NewProjectForm on_done=|()| () />
            </section>
        </main>
    }
}

#[component]
fn ProjectList(
    #[prop(into)] loading: Signal<bool>,
    #[prop(into)] failed: Signal<Option<crate::problem::Problem>>,
) -> impl IntoView {
    let projects = expect_context::<Projects>();
    let creating = RwSignal::new(false);
    let list = move || match projects.list() {
        Load::Ready(list) => list,
        _ => Vec::new(),
    };
    let create = move || {
        view! {
            <Button
                label="Create project"
                icon=Icon::Plus
                weight=Weight::Primary
                on_press=move |()| creating.set(true)
            />
        }
    };
    view! {
        <Page title="Projects" actions=create>
            <Onboarding />
            <ProblemNotice problem=failed retry=move |()| projects.reload() />
            <Show when=move || loading.get()>
                <Skeleton label="Loading projects" />
            </Show>
            <ul class="project-cards">
                <For each=list key=|project| (project.id, project.updated_at) let(project)>
                    <li>
                        <A href=first_page_of(&project) attr:class="project-card">
                            <Glyph icon=Icon::Projects />
                            <bdi>{project.name.clone()}</bdi>
                        </A>
                    </li>
                </For>
            </ul>
        </Page>
        <Show when=move || creating.get()>
            <NewProjectDialog on_close=move |()| creating.set(false) />
        </Show>
    }
}
