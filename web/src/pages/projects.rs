//! `/projects`: the projects of the person who is logged in, or the first one's creation.

use leptos::prelude::*;
use leptos_router::components::A;
use shared::wire::projects::Project;

use crate::components::badge::Badge;
use crate::components::button::{Button, Weight};
use crate::components::empty::EmptyState;
use crate::components::icon::{Glyph, Icon};
use crate::components::new_project::{NewProjectDialog, NewProjectForm};
use crate::components::notice::ProblemNotice;
use crate::components::onboarding::Onboarding;
use crate::components::page::Page;
use crate::components::skeleton::Skeleton;
use crate::problem::Problem;
use crate::projects::{Load, Projects, first_page_of};

/// From here on there is a search.
const MANY: usize = 6;

/// The page.
#[component]
pub fn ProjectsPage() -> impl IntoView {
    let projects = expect_context::<Projects>();
    let failed = Signal::derive(move || projects.problem());
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
                <p class="lead">"A project holds the secrets of one app or machine."</p>
                <NewProjectForm on_done=|()| () />
            </section>
        </main>
    }
}

#[component]
fn ProjectList(
    #[prop(into)] loading: Signal<bool>,
    #[prop(into)] failed: Signal<Option<Problem>>,
) -> impl IntoView {
    let projects = expect_context::<Projects>();
    let creating = RwSignal::new(false);
    let wanted = RwSignal::new(String::new());
    let list = move || match projects.list() {
        Load::Ready(list) => wanted.with(|wanted| matching(list, wanted)),
        _ => Vec::new(),
    };
    let many = Memo::new(move |_| matches!(projects.list(), Load::Ready(list) if list.len() > MANY));
    let nothing_found = Memo::new(move |_| many.get() && list().is_empty());
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
            <Show when=move || many.get()>
                <div class="toolbar">
                    <div class="search">
                        <Glyph icon=Icon::Search />
                        <input
                            type="search"
                            aria-label="Search projects"
                            placeholder="Search projects"
                            autocomplete="off"
                            spellcheck="false"
                            prop:value=move || wanted.get()
                            on:input=move |event| wanted.set(event_target_value(&event))
                        />
                    </div>
                </div>
            </Show>
            <Show when=move || nothing_found.get()>
                <EmptyState
                    title="No project of that name"
                    text="Look for a part of its name or slug, or show all of them again."
                    icon=Icon::Search
                >
                    <Button label="Show all" on_press=move |()| wanted.set(String::new()) />
                </EmptyState>
            </Show>
            <ul class="project-cards" aria-label="Projects">
                <For each=list key=|project| (project.id, project.name.clone(), slugs(project)) let(project)>
                    <li>
                        <A href=first_page_of(&project) attr:class="project-card">
                            <span class="project-card-name">
                                <Glyph icon=Icon::Projects />
                                <bdi>{project.name.clone()}</bdi>
                            </span>
                            <Environments names=names(&project) />
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

/// The first few environments of a project, and how many more there are.
#[component]
fn Environments(names: Vec<String>) -> impl IntoView {
    const SHOWN: usize = 4;
    let more = names.len().saturating_sub(SHOWN);
    view! {
        <span class="badges">
            {names.into_iter().take(SHOWN).map(|name| view! { <Badge text=name /> }).collect_view()}
            {(more > 0).then(|| view! { <Badge text=format!("{more} more") /> })}
        </span>
    }
}

fn names(project: &Project) -> Vec<String> {
    let environments = project.environments.iter();
    environments.map(|environment| environment.name.clone()).collect()
}

fn slugs(project: &Project) -> Vec<(String, String)> {
    let environments = project.environments.iter();
    environments
        .map(|environment| (environment.slug.clone(), environment.name.clone()))
        .collect()
}

/// The projects whose name or slug holds what was typed, in any case.
fn matching(list: Vec<Project>, wanted: &str) -> Vec<Project> {
    let wanted = wanted.trim().to_lowercase();
    list.into_iter()
        .filter(|project| project.name.to_lowercase().contains(&wanted) || project.slug.contains(&wanted))
        .collect()
}
