//! The bar on top of every page behind the login: name mark, project switch, log out.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::A;
use leptos_router::hooks::{use_location, use_navigate};

use super::announcer::Announcements;
use super::brand::Brand;
use super::button::Button;
use super::icon::Icon;
use super::new_project::NewProjectDialog;
use crate::api;
use crate::location::place_in;
use crate::projects::{Load, Projects, first_page_of, page_of};
use crate::session::Session;

/// The bar.
#[component]
pub fn TopBar() -> impl IntoView {
    let session = Session::current();
    let announcements = Announcements::current();
    let creating = RwSignal::new(false);
    let leaving = RwSignal::new(false);
    let log_out = move |()| {
        leaving.set(true);
        spawn_local(async move {
            if let Err(error) = api::auth::logout(session).await {
                announcements.say(format!("You are still logged in. {} Try again.", error.message));
                leaving.set(false);
            }
        });
    };
    view! {
        <header class="top-bar">
            <A href="/projects" attr:class="brand-link" attr:aria-label="Strongroom, your projects">
                <Brand />
            </A>
            <ProjectSwitch />
            <Button label="Create project" icon=Icon::Plus on_press=move |()| creating.set(true) />
            <span class="spring"></span>
            <Button label="Log out" icon=Icon::Leave busy=leaving on_press=log_out />
        </header>
        <Show when=move || creating.get()>
            <NewProjectDialog on_close=move |()| creating.set(false) />
        </Show>
    }
}

#[component]
fn ProjectSwitch() -> impl IntoView {
    let projects = expect_context::<Projects>();
    let path = use_location().pathname;
    let current = Memo::new(move |_| path.with(|path| place_in(path).map(|(project, _)| project.to_owned())));
    let navigate = use_navigate();
    let switch = move |event| {
        let id = event_target_value(&event);
        let Some(project) = projects.find(&id) else {
            return;
        };
        // Stay in the environment of the same name, where there is one.
        let same = path.with_untracked(|path| {
            let (_, slug) = place_in(path)?;
            project
                .environments
                .iter()
                .any(|environment| environment.slug == slug)
                .then(|| page_of(&id, slug))
        });
        navigate(
            &same.unwrap_or_else(|| first_page_of(&project)),
            leptos_router::NavigateOptions::default(),
        );
    };
    let options = move || match projects.list() {
        Load::Ready(list) => list,
        _ => Vec::new(),
    };
    view! {
        <div class="project-switch">
            <label class="visually-hidden" for="project">
                "Project"
            </label>
            <select id="project" on:change=switch disabled=move || options().is_empty()>
                <Show when=move || current.get().is_none()>
                    <option selected=true disabled=true>
                        "No project"
                    </option>
                </Show>
                <For each=options key=|project| project.id let(project)>
                    {
                        let id = project.id.to_string();
                        let own = id.clone();
                        view! {
                            <option value=id prop:selected=move || current.get().as_ref() == Some(&own)>
                                {project.name.clone()}
                            </option>
                        }
                    }
                </For>
            </select>
        </div>
    }
}
