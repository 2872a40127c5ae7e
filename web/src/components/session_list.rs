//! The own sessions: where one is logged in, and how to end that.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::wire::sessions::Session as Login;

use super::announcer::Announcements;
use super::badge::{Badge, Tone};
use super::button::{Button, Weight};
use super::dialog::ConfirmDialog;
use super::icon::{Glyph, Icon};
use super::notice::ProblemNotice;
use super::skeleton::Skeleton;
use crate::api;
use crate::location;
use crate::problem::Problem;
use crate::projects::Load;
use crate::secrets::unsaved::{LOST, Unsaved};
use crate::session::Session;
use crate::words::{ago, count_of, minute};

/// The list.
#[component]
pub fn SessionList() -> impl IntoView {
    let session = Session::current();
    let announcements = Announcements::current();
    let list = RwSignal::new(Load::<Vec<Login>>::Loading);
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let ending_all = RwSignal::new(false);
    let load = move || {
        spawn_local(async move {
            list.try_set(match api::sessions::list(session).await {
                Ok(sessions) => Load::Ready(sessions),
                Err(error) => Load::Failed(Problem::new("The sessions were not loaded", &error)),
            });
        });
    };
    load();
    let end = Callback::new(move |id: String| {
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            match api::sessions::end(session, &id).await {
                Ok(()) => announcements.say("The session has ended"),
                Err(error) => {
                    problem.try_set(Some(Problem::new("The session was not ended", &error)));
                }
            }
            busy.try_set(false);
            load();
        });
    });
    let end_others = move |()| {
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            match api::sessions::end_others(session).await {
                Ok(ended) => announcements.say(format!("{} ended", count_of(ended, "other session"))),
                Err(error) => {
                    problem.try_set(Some(Problem::new("The sessions were not ended", &error)));
                }
            }
            busy.try_set(false);
            load();
        });
    };
    let end_all = move |()| {
        busy.set(true);
        spawn_local(async move {
            // When it worked, this page is gone.
            if let Err(error) = api::sessions::end_all(session).await {
                problem.try_set(Some(Problem::new("You are still logged in", &error)));
                ending_all.try_set(false);
            }
            busy.try_set(false);
        });
    };
    let unsaved = Unsaved::current();
    let consequence = move || {
        let lost = if untrack(|| unsaved.is_dirty()) { LOST } else { "" };
        format!(
            "Every session of yours ends at once, this one too. Machine identities are not touched. {lost}"
        )
        .trim_end()
        .to_owned()
    };
    let failed = Signal::derive(move || list.with(Load::problem));
    let alone = Memo::new(move |_| !matches!(list.get(), Load::Ready(list) if list.len() > 1));
    view! {
        <section class="panel" aria-labelledby="sessions-heading">
            <div class="panel-head">
                <h2 id="sessions-heading">"Sessions"</h2>
                <div class="actions">
                    <Button
                        label="Log out others"
                        busy
                        disabled=alone
                        on_press=end_others
                    />
                    <Button
                        label="Log out everywhere"
                        weight=Weight::Danger
                        busy
                        on_press=move |()| ending_all.set(true)
                    />
                </div>
            </div>
            <ProblemNotice problem=failed retry=move |()| load() />
            <ProblemNotice problem />
            {move || match list.get() {
                Load::Loading => view! { <Skeleton label="Loading sessions" lines=2 /> }.into_any(),
                Load::Failed(_) => ().into_any(),
                Load::Ready(sessions) => {
                    view! {
                        <ul class="rows">
                            {sessions
                                .into_iter()
                                .map(|login| view! { <Row login busy on_end=end /> })
                                .collect_view()}
                        </ul>
                    }
                        .into_any()
                }
            }}
        </section>
        <Show when=move || ending_all.get()>
            <ConfirmDialog
                title="Log out everywhere?"
                consequence=consequence()
                busy
                on_confirm=end_all
                on_close=move |()| ending_all.set(false)
            />
        </Show>
    }
}

#[component]
fn Row(login: Login, busy: RwSignal<bool>, on_end: Callback<String>) -> impl IntoView {
    let id = login.id.to_string();
    let program = program(&login.user_agent);
    let label = format!("Log out {program} from {}", login.ip);
    view! {
        <li class="row">
            <Glyph icon=if is_command_line(&login.user_agent) { Icon::Terminal } else { Icon::Monitor } />
            <div class="row-text">
                <p class="row-title">
                    <bdi title=login.user_agent.clone()>{program}</bdi>
                    " "
                    {login.current.then(|| view! { <Badge text="This session" tone=Tone::Accent /> })}
                </p>
                <p class="soft">
                    <bdi>{login.ip.clone()}</bdi>
                    {format!(
                        " · used {} · since {}",
                        ago(login.last_used_at, location::now()),
                        minute(login.created_at),
                    )}
                </p>
            </div>
            {(!login.current)
                .then(|| {
                    view! {
                        <div class="row-actions">
                            <button
                                type="button"
                                class="button button-small"
                                aria-label=label
                                disabled=move || busy.get()
                                on:click=move |_| on_end.run(id.clone())
                            >
                                "Log out"
                            </button>
                        </div>
                    }
                })}
        </li>
    }
}

fn is_command_line(agent: &str) -> bool {
    let agent = agent.to_ascii_lowercase();
    ["strongroom", "infisical", "cli", "curl"]
        .iter()
        .any(|name| agent.starts_with(name))
}

/// The program in a few words. What programs say of themselves may be anything, so the original is there too.
fn program(agent: &str) -> String {
    let known = |names: &[(&str, &'static str)]| {
        names
            .iter()
            .find(|(mark, _)| agent.contains(mark))
            .map(|(_, name)| *name)
    };
    let browser = known(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = known(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        _ if agent.trim().is_empty() => "Unknown program".to_owned(),
        _ => agent.chars().take(60).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_in_a_few_words() {
        for (agent, words) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
                "Chrome on Linux",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Safari/604.1",
                "Safari on iPhone",
            ),
            ("strongroom/0.1.0", "strongroom/0.1.0"),
            (" ", "Unknown program"),
        ] {
            assert_eq!(program(agent), words);
        }
        assert_eq!(program(&"x".repeat(500)).len(), 60);
    }
}
