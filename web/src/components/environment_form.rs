//! The dialog in which an environment is added, renamed or cloned.

use std::str::FromStr;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::model::names::{DisplayName, EnvSlug};
use shared::wire::environments::{CloneEnvironmentRequest, UpdateEnvironmentRequest};
use shared::wire::projects::EnvironmentSummary;

use super::announcer::Announcements;
use super::button::{Button, Weight};
use super::dialog::{CancelButton, Dialog};
use super::field::{Checkbox, Field};
use super::notice::{ProblemNotice, tell};
use crate::api;
use crate::api::error::Error;
use crate::problem::Problem;
use crate::projects::Projects;
use crate::session::Session;
use crate::slug::slug_for;
use crate::words::count_of;

/// What the dialog is for.
#[derive(Debug, Clone)]
pub enum Purpose {
    /// A new one.
    Add,
    /// Other name or slug.
    Rename(EnvironmentSummary),
    /// Another one with the same content.
    Clone(EnvironmentSummary),
}

impl Purpose {
    fn title(&self) -> String {
        match self {
            Self::Add => "Add an environment".to_owned(),
            Self::Rename(environment) => format!("Rename {}", environment.name),
            Self::Clone(environment) => format!("Clone {}", environment.name),
        }
    }

    fn button(&self) -> &'static str {
        match self {
            Self::Add => "Add",
            Self::Rename(_) => "Save",
            Self::Clone(_) => "Clone",
        }
    }

    fn failed(&self) -> String {
        match self {
            Self::Add => "The environment was not added".to_owned(),
            Self::Rename(environment) => format!("{} was not changed", environment.name),
            Self::Clone(environment) => format!("{} was not cloned", environment.name),
        }
    }
}

/// The dialog.
#[component]
pub fn EnvironmentForm(
    /// Id of the project.
    project: String,
    /// What it is for.
    purpose: Purpose,
    /// Called when it is done or was closed.
    #[prop(into)]
    on_close: Callback<()>,
) -> impl IntoView {
    let session = Session::current();
    let projects = expect_context::<Projects>();
    let announcements = Announcements::current();
    let (first_name, first_slug) = match &purpose {
        Purpose::Add => (String::new(), String::new()),
        Purpose::Rename(environment) => (environment.name.clone(), environment.slug.clone()),
        Purpose::Clone(environment) => (
            format!("{} copy", environment.name),
            slug_for(&format!("{}-copy", environment.slug)),
        ),
    };
    let renaming = matches!(purpose, Purpose::Rename(_));
    let cloning = matches!(purpose, Purpose::Clone(_));
    let name = RwSignal::new(first_name);
    let slug = RwSignal::new(first_slug);
    let with_secrets = RwSignal::new(true);
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    // The slug follows the name until somebody types one. An existing slug stays: programs use it.
    let derived = StoredValue::new(slug.get_untracked());
    Effect::new(move |before: Option<()>| {
        let wanted = name.with(|name| slug_for(name));
        if before.is_some() && !renaming && slug.get_untracked() == derived.get_value() {
            derived.set_value(wanted.clone());
            slug.set(wanted);
        }
    });
    let title = purpose.title();
    let button = purpose.button();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let what = purpose.failed();
        let refuse = |why: String| Problem::local(what.clone(), why, "Change it and try again.");
        let name = match DisplayName::from_str(&name.get_untracked()) {
            Ok(name) => name.to_string(),
            Err(reason) => return problem.set(Some(refuse(reason.to_string()))),
        };
        let slug = match EnvSlug::from_str(&slug.get_untracked()) {
            Ok(slug) => slug.to_string(),
            Err(reason) => return problem.set(Some(refuse(reason.to_string()))),
        };
        busy.set(true);
        problem.set(None);
        let project = project.clone();
        let purpose = purpose.clone();
        let with_secrets = with_secrets.get_untracked();
        spawn_local(async move {
            match carry_out(session, &project, &purpose, name, slug, with_secrets).await {
                Ok(done) => {
                    announcements.say(projects.refresh_after(done).await);
                    on_close.try_run(());
                }
                Err(error) => {
                    busy.try_set(false);
                    tell(problem, announcements, Problem::new(what, &error));
                }
            }
        });
    };
    let slug_hint = Signal::stored(if renaming {
        "Programs find the environment by this. Change it only together with them.".to_owned()
    } else {
        "Programs find the environment by this, such as --env=staging.".to_owned()
    });
    view! {
        <Dialog title on_close>
            <form id="environment-form" class="form" on:submit=submit>
                <Field id="environment-name" label="Environment name" value=name focused=true />
                <Field id="environment-slug" label="Slug" value=slug code=true hint=slug_hint />
                <Show when=move || cloning>
                    <Checkbox
                        label="Copy the secrets too"
                        checked=with_secrets
                        hint="Folders and imports are copied in any case."
                    />
                </Show>
                <ProblemNotice problem />
            </form>
            <div class="actions">
                <CancelButton />
                <Button label=button kind="submit" form="environment-form" weight=Weight::Primary busy />
            </div>
        </Dialog>
    }
}

/// Does it, and says what was done.
async fn carry_out(
    session: Session,
    project: &str,
    purpose: &Purpose,
    name: String,
    slug: String,
    with_secrets: bool,
) -> Result<String, Error> {
    match purpose {
        Purpose::Add => {
            let done = format!("Added {name}");
            api::environments::create(session, project, name, slug).await?;
            Ok(done)
        }
        Purpose::Rename(environment) => {
            let body = UpdateEnvironmentRequest {
                name: Some(name),
                slug: Some(slug),
                position: None,
            };
            api::environments::update(session, project, &environment.id.to_string(), &body).await?;
            Ok("Saved the environment".to_owned())
        }
        Purpose::Clone(environment) => {
            let done = format!("Cloned {} into {name}", environment.name);
            let body = CloneEnvironmentRequest {
                name,
                slug,
                with_secrets,
            };
            let answer =
                api::environments::clone(session, project, &environment.id.to_string(), &body).await?;
            Ok(format!("{done}: {}", count_of(answer.secrets, "secret")))
        }
    }
}
