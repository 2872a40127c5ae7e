//! The environments of a project: add, rename, put in order, clone, delete.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::wire::environments::UpdateEnvironmentRequest;
use shared::wire::projects::EnvironmentSummary;

use super::announcer::Announcements;
use super::button::{Button, IconButton};
use super::dialog::TypedConfirmDialog;
use super::environment_form::{EnvironmentForm, Purpose};
use super::focus::focus_next;
use super::icon::Icon;
use super::menu::{Menu, MenuItem};
use crate::api;
use crate::problem::Problem;
use crate::projects::Projects;
use crate::session::Session;

/// The panel.
#[component]
pub fn EnvironmentSettings(
    /// Id of the project.
    #[prop(into)]
    project: Signal<String>,
) -> impl IntoView {
    let projects = expect_context::<Projects>();
    let form = RwSignal::new(None::<Purpose>);
    let deleting = RwSignal::new(None::<EnvironmentSummary>);
    let moving = RwSignal::new(false);
    let environments = Memo::new(move |_| {
        projects
            .find(&project.get())
            .map(|project| project.environments)
            .unwrap_or_default()
            .into_iter()
            .map(|environment| (environment.id, environment.name, environment.slug))
            .collect::<Vec<_>>()
    });
    let count = Memo::new(move |_| environments.with(Vec::len));
    let lines = move || environments.get().into_iter().enumerate().collect::<Vec<_>>();
    view! {
        <section class="panel" aria-labelledby="environments-heading">
            <div class="panel-head">
                <h2 id="environments-heading">"Environments"</h2>
                <Button
                    label="Add environment"
                    icon=Icon::Plus
                    on_press=move |()| form.set(Some(Purpose::Add))
                />
            </div>
            <p class="lead">
                "The same secrets with different values, such as one set for development and one for production. "
                "Their order is the order of the tabs."
            </p>
            <ol class="rows" aria-label="Environments">
                <For each=lines key=Clone::clone let(line)>
                    {
                        let (at, (id, name, slug)) = line;
                        let environment = EnvironmentSummary {
                            id,
                            name,
                            slug,
                        };
                        view! { <Line project environment at count moving form deleting /> }
                    }
                </For>
            </ol>
        </section>
        {move || {
            form.get()
                .map(|purpose| {
                    view! {
                        <EnvironmentForm
                            project=project.get_untracked()
                            purpose
                            on_close=move |()| form.set(None)
                        />
                    }
                })
        }}
        {move || {
            deleting
                .get()
                .map(|environment| {
                    view! { <DeleteEnvironment project environment on_close=move |()| deleting.set(None) /> }
                })
        }}
    }
}

#[component]
fn Line(
    project: Signal<String>,
    environment: EnvironmentSummary,
    at: usize,
    #[prop(into)] count: Signal<usize>,
    moving: RwSignal<bool>,
    form: RwSignal<Option<Purpose>>,
    deleting: RwSignal<Option<EnvironmentSummary>>,
) -> impl IntoView {
    let session = Session::current();
    let projects = expect_context::<Projects>();
    let announcements = Announcements::current();
    let EnvironmentSummary { id, name, slug } = environment.clone();
    let move_to = {
        let name = name.clone();
        move |place: usize, button: &'static str| {
            let name = name.clone();
            moving.set(true);
            spawn_local(async move {
                let body = UpdateEnvironmentRequest {
                    position: i64::try_from(place + 1).ok(),
                    ..UpdateEnvironmentRequest::default()
                };
                let project = project.get_untracked();
                let moved = api::environments::update(session, &project, &id.to_string(), &body).await;
                announcements.say(match moved {
                    Ok(()) => {
                        let done = format!("{name} is number {} now", place + 1);
                        projects.refresh_after(done).await
                    }
                    Err(error) => format!("{name} was not moved. {}", error.message),
                });
                moving.try_set(false);
                // The line was drawn anew in its new place; the keyboard goes on in it.
                let last = count.try_get_untracked().unwrap_or_default().saturating_sub(1);
                let button = match place {
                    0 => "down",
                    place if place == last => "up",
                    _ => button,
                };
                focus_next(format!("environment-{button}-{id}"));
            });
        }
    };
    let up = move_to.clone();
    let items = {
        let environment = environment.clone();
        move |()| {
            let (renamed, cloned, deleted) = (environment.clone(), environment.clone(), environment.clone());
            vec![
                MenuItem::new("Rename", Icon::Pencil, move |()| {
                    form.set(Some(Purpose::Rename(renamed.clone())));
                }),
                MenuItem::new("Clone", Icon::Clone, move |()| {
                    form.set(Some(Purpose::Clone(cloned.clone())));
                }),
                MenuItem::new("Delete", Icon::Bin, move |()| deleting.set(Some(deleted.clone()))).danger(),
            ]
        }
    };
    view! {
        <li class="row">
            <div class="row-text">
                <bdi class="row-title">{name.clone()}</bdi>
                " "
                <code class="soft">{slug}</code>
            </div>
            <div class="row-actions">
                <IconButton
                    id=format!("environment-up-{id}")
                    name=format!("Move {name} up")
                    icon=Icon::Up
                    busy=moving
                    disabled=Signal::derive(move || at == 0)
                    on_press=move |()| up(at - 1, "up")
                />
                <IconButton
                    id=format!("environment-down-{id}")
                    name=format!("Move {name} down")
                    icon=Icon::Lower
                    busy=moving
                    disabled=Signal::derive(move || at + 1 >= count.get())
                    on_press=move |()| move_to(at + 1, "down")
                />
                <Menu name=format!("More about {name}") items=Callback::new(items) />
            </div>
        </li>
    }
}

#[component]
fn DeleteEnvironment(
    project: Signal<String>,
    environment: EnvironmentSummary,
    #[prop(into)] on_close: Callback<()>,
) -> impl IntoView {
    let session = Session::current();
    let projects = expect_context::<Projects>();
    let announcements = Announcements::current();
    let EnvironmentSummary { id, name, slug } = environment;
    let own_name = name.clone();
    let delete = move || {
        let (project, name) = (project.get_untracked(), own_name.clone());
        async move {
            api::environments::delete(session, &project, &id.to_string())
                .await
                .map_err(|error| Problem::new(format!("{name} was not deleted"), &error))?;
            announcements.say(projects.refresh_after(format!("Deleted {name}")).await);
            Ok(())
        }
    };
    view! {
        <TypedConfirmDialog
            title=format!("Delete {name}?")
            consequence="Its folders, secrets and imports go with it. Programs that read from it get an error from then on."
            name
            slug
            action=delete
            on_close
        />
    }
}
