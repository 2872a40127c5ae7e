//! `/projects/:project/settings`: name, environments and end of a project.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_params_map};
use shared::model::names::DisplayName;
use shared::model::text::SecretText;
use shared::wire::projects::{Project, UpdateProjectRequest};

use super::project::UnknownProject;
use crate::api;
use crate::components::announcer::Announcements;
use crate::components::button::{Button, Weight};
use crate::components::copy_button::CopyButton;
use crate::components::dialog::TypedConfirmDialog;
use crate::components::environment_settings::EnvironmentSettings;
use crate::components::field::{Checkbox, Field};
use crate::components::icon::Icon;
use crate::components::notice::{ProblemNotice, tell};
use crate::components::project_head::ProjectHead;
use crate::components::skeleton::Skeleton;
use crate::problem::Problem;
use crate::projects::{Load, Projects};
use crate::session::Session;

/// The page.
#[component]
pub fn SettingsPage() -> impl IntoView {
    let projects = expect_context::<Projects>();
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("project")).unwrap_or_default());
    let name = Memo::new(move |_| projects.find(&id.get()).map(|project| project.name));
    Effect::new(move |_| {
        document().set_title(&format!(
            "{} settings · Strongroom",
            name.get().unwrap_or_default()
        ));
    });
    let failed = Signal::derive(move || projects.problem());
    let known = Memo::new(move |_| name.with(Option::is_some));
    let ready = Memo::new(move |_| matches!(projects.list(), Load::Ready(_)));
    view! {
        <main id="main" tabindex="-1" class="page">
            <ProblemNotice problem=failed retry=move |()| projects.reload() />
            {move || match (known.get(), ready.get()) {
                (true, _) => {
                    view! {
                        <ProjectHead project=id page="settings" />
                        <div class="column">
                            <General project=id />
                            <EnvironmentSettings project=id />
                            <Danger project=id />
                        </div>
                    }
                        .into_any()
                }
                (false, true) => view! { <UnknownProject /> }.into_any(),
                (false, false) => view! { <Skeleton label="Loading the project" lines=4 /> }.into_any(),
            }}
        </main>
    }
}

/// The project as it was when a part of the page was drawn.
fn now(projects: Projects, id: Signal<String>) -> Option<Project> {
    untrack(|| projects.find(&id.get()))
}

#[component]
fn General(#[prop(into)] project: Signal<String>) -> impl IntoView {
    let session = Session::current();
    let projects = expect_context::<Projects>();
    let announcements = Announcements::current();
    let name = RwSignal::new(String::new());
    let protected = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    // Another project on the same page starts with its own words; what was typed for one is not meant for another.
    Effect::new(move |_| {
        project.track();
        if let Some(now) = now(projects, project) {
            name.set(now.name);
            protected.set(now.has_delete_protection);
            problem.set(None);
        }
    });
    let slug = Memo::new(move |_| {
        projects
            .find(&project.get())
            .map(|project| project.slug)
            .unwrap_or_default()
    });
    let id_text = Signal::derive(move || SecretText::new(project.get()));
    let slug_text = Signal::derive(move || SecretText::new(slug.get()));
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let what = "The project was not saved";
        let name = match name.with_untracked(|name| name.parse::<DisplayName>()) {
            Ok(name) => name.to_string(),
            Err(reason) => {
                return problem.set(Some(Problem::local(what, reason.to_string(), "Change the name.")));
            }
        };
        let body = UpdateProjectRequest {
            name: Some(name),
            has_delete_protection: Some(protected.get_untracked()),
            ..UpdateProjectRequest::default()
        };
        busy.set(true);
        problem.set(None);
        let id = project.get_untracked();
        spawn_local(async move {
            match api::projects::update(session, &id, &body).await {
                Ok(()) => announcements.say(projects.refresh_after("Saved the project".to_owned()).await),
                Err(error) => tell(problem, announcements, Problem::new(what, &error)),
            }
            busy.try_set(false);
        });
    };
    view! {
        <section class="panel" aria-labelledby="general-heading">
            <div class="panel-head">
                <h2 id="general-heading">"General"</h2>
            </div>
            <form class="form" on:submit=save>
                <Field id="project-name" label="Project name" value=name />
                <Checkbox
                    label="Refuse to delete this project"
                    checked=protected
                    hint="Holds for this page, the command line and the API, until it is taken off again."
                />
                <ProblemNotice problem />
                <div class="actions actions-start">
                    <Button label="Save" kind="submit" weight=Weight::Primary busy />
                </div>
            </form>
            <dl class="facts">
                <dt>"Project ID"</dt>
                <dd class="fact-copied">
                    <code>{move || project.get()}</code>
                    <CopyButton what="project ID" text=id_text />
                </dd>
                <dt>"Slug"</dt>
                <dd class="fact-copied">
                    <code>{move || slug.get()}</code>
                    <CopyButton what="slug" text=slug_text />
                </dd>
            </dl>
        </section>
    }
}

#[component]
fn Danger(#[prop(into)] project: Signal<String>) -> impl IntoView {
    let projects = expect_context::<Projects>();
    let deleting = RwSignal::new(false);
    let protected = Memo::new(move |_| {
        projects
            .find(&project.get())
            .is_some_and(|project| project.has_delete_protection)
    });
    view! {
        <section class="panel panel-danger" aria-labelledby="danger-heading">
            <div class="panel-head">
                <h2 id="danger-heading">"Delete this project"</h2>
                <Button
                    label="Delete project"
                    icon=Icon::Bin
                    weight=Weight::Danger
                    disabled=protected
                    on_press=move |()| deleting.set(true)
                />
            </div>
            <p class="lead">
                {move || {
                    if protected.get() {
                        "The project refuses to be deleted. Take that off under General first."
                    } else {
                        "All environments with their secrets go, and programs that read from it get an error."
                    }
                }}
            </p>
        </section>
        {move || {
            let project = deleting.get().then(|| now(projects, project)).flatten();
            project.map(|project| view! { <DeleteProject project on_close=move |()| deleting.set(false) /> })
        }}
    }
}

#[component]
fn DeleteProject(project: Project, #[prop(into)] on_close: Callback<()>) -> impl IntoView {
    let session = Session::current();
    let projects = expect_context::<Projects>();
    let announcements = Announcements::current();
    let navigate = use_navigate();
    let Project { id, name, slug, .. } = project;
    let own_name = name.clone();
    let delete = move || {
        let (name, navigate) = (own_name.clone(), navigate.clone());
        async move {
            api::projects::delete(session, &id.to_string())
                .await
                .map_err(|error| Problem::new(format!("{name} was not deleted"), &error))?;
            announcements.say(format!("Deleted {name}"));
            navigate("/projects", NavigateOptions::default());
            projects.reload();
            Ok(())
        }
    };
    view! {
        <TypedConfirmDialog
            title=format!("Delete {name}?")
            consequence="All its environments with their folders, secrets and imports go with it."
            name
            slug
            action=delete
            on_close
        />
    }
}
