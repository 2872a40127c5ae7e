//! The first steps, ticked off as they are done.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::A;
use shared::wire::onboarding::{FirstRead, Onboarding as Steps, Reader};
use shared::wire::projects::Project;

use super::announcer::Announcements;
use super::button::IconButton;
use super::copy_button::CodeBlock;
use super::icon::{Glyph, Icon};
use crate::api;
use crate::first_steps::FirstSteps;
use crate::location;
use crate::projects::{Load, Projects};
use crate::session::Session;
use crate::words::ago;

/// How often it looks for the first read while it waits for one.
const POLL: Duration = Duration::from_secs(4);

/// The checklist, above the projects, for people who administer the instance, until they put it away.
#[component]
pub fn Onboarding() -> impl IntoView {
    let first_steps = FirstSteps::current();
    // Projects and secrets come and go on other pages: look again whenever this one opens.
    spawn_local(first_steps.refresh());
    let steps = Memo::new(move |_| first_steps.known().filter(|steps| !steps.dismissed));
    let waiting = Memo::new(move |_| {
        steps.with(|steps| steps.as_ref().is_some_and(|steps| steps.first_read.is_none()))
    });
    if let Ok(handle) = set_interval_with_handle(
        move || {
            let seen = document().visibility_state() == web_sys::VisibilityState::Visible;
            if seen && waiting.try_get_untracked() == Some(true) {
                spawn_local(first_steps.refresh());
            }
        },
        POLL,
    ) {
        on_cleanup(move || handle.clear());
    }
    move || steps.get().map(|steps| view! { <Checklist steps /> })
}

#[component]
fn Checklist(steps: Steps) -> impl IntoView {
    let session = Session::current();
    let first_steps = FirstSteps::current();
    let announcements = Announcements::current();
    let done = [
        steps.kit,
        steps.backup,
        steps.project,
        steps.secret,
        steps.identity,
        steps.first_read.is_some(),
    ];
    let count = done.iter().filter(|done| **done).count();
    let dismiss = move |()| {
        spawn_local(async move {
            match api::onboarding::dismiss(session).await {
                Ok(steps) => first_steps.keep(steps),
                Err(error) => announcements.say(format!("The checklist stays. {}", error.message)),
            }
        });
    };
    view! {
        <section class="panel checklist" aria-labelledby="checklist-heading">
            <div class="panel-head">
                <h2 id="checklist-heading">"First steps"</h2>
                <span class="soft">{format!("{count} of {} done", done.len())}</span>
                <span class="spring"></span>
                <IconButton name="Dismiss first steps" icon=Icon::Cross on_press=dismiss />
            </div>
            <ul class="plain-list steps">
                <Step done=steps.kit text="Create a recovery kit" href="/recovery" />
                <Step done=steps.project text="Create a project" />
                <Step done=steps.secret text="Add a secret" />
                <Step done=steps.identity text="Create a machine identity" href="/identities" />
                <Step done=steps.backup text="Download a backup" href="/backups" />
                <FirstReadStep read=steps.first_read />
            </ul>
        </section>
    }
}

#[component]
fn Mark(done: bool) -> impl IntoView {
    view! {
        <span class="step-mark" class:step-done=done>
            {done.then(|| view! { <Glyph icon=Icon::Check /> })}
        </span>
        <span class="visually-hidden">{if done { "Done: " } else { "To do: " }}</span>
    }
}

#[component]
fn Step(done: bool, text: &'static str, #[prop(optional)] href: &'static str) -> impl IntoView {
    view! {
        <li class="step">
            <Mark done />
            {if done || href.is_empty() {
                view! { <span class:soft=done>{text}</span> }.into_any()
            } else {
                view! {
                    <A href=href attr:class="link">
                        {text}
                    </A>
                }
                    .into_any()
            }}
        </li>
    }
}

#[component]
fn FirstReadStep(read: Option<FirstRead>) -> impl IntoView {
    let done = read.is_some();
    view! {
        <li class="step step-wide">
            <Mark done />
            <div class="form">
                {match read {
                    Some(read) => view! { <Seen read /> }.into_any(),
                    None => view! { <Snippet /> }.into_any(),
                }}
            </div>
        </li>
    }
}

#[component]
fn Seen(read: FirstRead) -> impl IntoView {
    let kind = match read.kind {
        Reader::Identity => "the machine identity ",
        Reader::ServiceToken => "the service token ",
        Reader::CommandLine => "the command line of ",
    };
    view! {
        <p class="soft" role="status">
            "First secret read by "
            {kind}
            <bdi>{read.by}</bdi>
            ", "
            {ago(read.at, location::now())}
        </p>
    }
}

/// How a program reads its first secret, with the address of this instance.
#[component]
fn Snippet() -> impl IntoView {
    let projects = expect_context::<Projects>();
    let text = Signal::derive(move || {
        let first = match projects.list() {
            Load::Ready(list) => list.into_iter().next(),
            _ => None,
        };
        commands(&location::origin(), first.as_ref())
    });
    view! {
        <p>"Read a secret from a program or the command line"</p>
        <CodeBlock what="the commands" text />
        <p class="hint" role="status">
            "Waiting for the first read. This page notices it by itself."
        </p>
    }
}

fn commands(address: &str, project: Option<&Project>) -> String {
    let id = project.map_or_else(|| "PROJECT_ID".to_owned(), |project| project.id.to_string());
    let environment = project
        .and_then(|project| project.environments.first())
        .map_or("dev", |environment| &environment.slug);
    format!(
        "strongroom login --domain {address}\n\
         strongroom run --domain {address} --projectId {id} --env {environment} -- printenv"
    )
}
