//! `/projects`: leads to a project, or to the first one's creation.

use leptos::prelude::*;
use leptos_router::hooks::{use_navigate, use_params_map};

use crate::app::replacing;
use crate::components::new_project::NewProjectForm;
use crate::components::notice::ProblemNotice;
use crate::projects::{Load, Projects, first_page_of};

/// The page.
#[component]
pub fn ProjectsPage() -> impl IntoView {
    document().set_title("Projects · Strongroom");
    let projects = expect_context::<Projects>();
    let params = use_params_map();
    let navigate = use_navigate();
    let wanted = move || params.with(|params| params.get("project"));
    Effect::new(move |_| {
        if let Load::Ready(list) = projects.list() {
            let project = match wanted() {
                Some(id) => list.iter().find(|project| project.id.to_string() == id),
                None => list.first(),
            };
            if let Some(project) = project.filter(|project| !project.environments.is_empty()) {
                navigate(&first_page_of(project), replacing());
            }
        }
    });
    let failed = Signal::derive(move || match projects.list() {
        Load::Failed(problem) => Some(problem),
        _ => None,
    });
    let nothing_yet = Memo::new(move |_| matches!(projects.list(), Load::Ready(list) if list.is_empty()));
    let dead_end = Memo::new(move |_| match (projects.list(), wanted()) {
        (Load::Ready(list), Some(id)) => {
            !list.is_empty()
                && !list
                    .iter()
                    .any(|project| project.id.to_string() == id && !project.environments.is_empty())
        }
        (Load::Ready(list), None) => list
            .first()
            .is_some_and(|project| project.environments.is_empty()),
        _ => false,
    });
    view! {
        <main class="page">
            <ProblemNotice problem=failed retry=move |()| projects.reload() />
            <Show when=move || nothing_yet.get()>
                <section class="card">
                    <h1>"Create your first project"</h1>
                    <p class="lead">
                        "A project holds the secrets of one app or machine. It starts with Development, Staging and "
                        "Production."
                    </p>
                    <NewProjectForm on_done=|()| () />
                </section>
            </Show>
            <Show when=move || dead_end.get()>
                <div class="empty">
                    <h1>"Nothing to show here"</h1>
                    <p>
                        "This project does not exist, you are not a member of it, or it has no environments. Choose "
                        "another one above."
                    </p>
                </div>
            </Show>
        </main>
    }
}
