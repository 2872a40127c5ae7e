//! Creating a project.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use shared::model::names::DisplayName;

use super::announcer::Announcements;
use super::button::{Button, Weight};
use super::dialog::{CancelButton, Dialog};
use super::field::Field;
use super::new_environments::NewEnvironments;
use super::notice::{ProblemNotice, tell};
use crate::problem::Problem;
use crate::projects::{Created, Projects, USUAL_ENVIRONMENTS, first_page_of};

const WHAT: &str = "The project was not created";

/// Asks for the name, creates the project, and goes there.
#[component]
pub fn NewProjectDialog(
    /// Called when it is done or was closed.
    #[prop(into)]
    on_close: Callback<()>,
) -> impl IntoView {
    view! {
        <Dialog title="Create a project" on_close>
            <p class="lead">
                "One for each app or machine that has its own secrets."
            </p>
            <NewProjectForm on_done=on_close cancel=true />
        </Dialog>
    }
}

/// The form alone, for the page of somebody who has no project yet.
#[component]
pub fn NewProjectForm(
    /// Called when the project exists.
    #[prop(into)]
    on_done: Callback<()>,
    /// Whether it stands in a dialog that can be left.
    #[prop(optional)]
    cancel: bool,
) -> impl IntoView {
    let projects = expect_context::<Projects>();
    let announcements = Announcements::current();
    let name = RwSignal::new(String::new());
    let environments = RwSignal::new(
        USUAL_ENVIRONMENTS
            .map(|(name, slug)| (name.to_owned(), slug.to_owned()))
            .to_vec(),
    );
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None);
    let navigate = use_navigate();
    let create = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let name = match name.with_untracked(|name| name.parse::<DisplayName>()) {
            Ok(name) => name.to_string(),
            Err(reason) => {
                problem.set(Some(Problem::local(WHAT, reason.to_string(), "Change the name.")));
                return;
            }
        };
        let environments = environments.get_untracked();
        if environments.is_empty() {
            problem.set(Some(Problem::local(
                WHAT,
                "It would have no environment, and secrets live in environments.",
                "Add at least one.",
            )));
            return;
        }
        busy.set(true);
        problem.set(None);
        let navigate = navigate.clone();
        spawn_local(async move {
            match projects.create(name, environments).await {
                Ok(Created { project, trouble }) => {
                    if let Some(trouble) = trouble {
                        announcements.say(trouble);
                    }
                    // Who closed the dialog meanwhile is elsewhere by now, and stays there.
                    if on_done.try_run(()).is_some() {
                        navigate(&first_page_of(&project), NavigateOptions::default());
                    }
                }
                Err(error) => {
                    busy.try_set(false);
                    tell(problem, announcements, Problem::new(WHAT, &error));
                }
            }
        });
    };
    view! {
        <form id="new-project" class="form" on:submit=create>
            <Field id="project-name" label="Project name" value=name focused=true />
            <NewEnvironments environments />
            <ProblemNotice problem />
            <Show when=move || !cancel>
                <div class="actions">
                    <Button label="Create" kind="submit" weight=Weight::Primary busy />
                </div>
            </Show>
        </form>
        <Show when=move || cancel>
            <div class="actions">
                <CancelButton />
                <Button label="Create" kind="submit" form="new-project" weight=Weight::Primary busy />
            </div>
        </Show>
    }
}
