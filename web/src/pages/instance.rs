//! `/instance`: the state of the server, for people who administer it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::A;
use shared::wire::instance::{DatabaseKind, Instance, Outbound};

use crate::api;
use crate::components::badge::{Badge, Tone};
use crate::components::button::Button;
use crate::components::icon::Icon;
use crate::components::notice::ProblemNotice;
use crate::components::page::Page;
use crate::components::skeleton::Skeleton;
use crate::location;
use crate::problem::Problem;
use crate::projects::Load;
use crate::session::Session;
use crate::words::{ago, bytes, count_of, minute};

/// The page.
#[component]
pub fn InstancePage() -> impl IntoView {
    let session = Session::current();
    let state = RwSignal::new(Load::<Instance>::Loading);
    let loading = RwSignal::new(false);
    let load = move || {
        loading.set(true);
        spawn_local(async move {
            state.try_set(match api::instance::get(session).await {
                Ok(instance) => Load::Ready(instance),
                Err(error) => Load::Failed(Problem::new("The state of the instance was not loaded", &error)),
            });
            loading.try_set(false);
        });
    };
    load();
    let failed = Signal::derive(move || state.with(Load::problem));
    let reload = move || {
        view! { <Button label="Reload" icon=Icon::Again busy=loading on_press=move |()| load() /> }
    };
    view! {
        <Page title="Instance" lead="This server and its store." narrow=true actions=reload>
            <ProblemNotice problem=failed />
            {move || match state.get() {
                Load::Loading => view! { <Skeleton label="Loading the state" lines=6 /> }.into_any(),
                Load::Failed(_) => ().into_any(),
                Load::Ready(instance) => view! { <Facts instance /> }.into_any(),
            }}
        </Page>
    }
}

#[component]
fn Facts(instance: Instance) -> impl IntoView {
    let now = location::now();
    let database = match instance.database.kind {
        DatabaseKind::Sqlite => "SQLite, encrypted",
        DatabaseKind::Postgres => "PostgreSQL, values encrypted",
    };
    let backup = match &instance.last_backup {
        Some(backup) => view! {
            {format!("{} ({}), {}", ago(backup.at, now), minute(backup.at), bytes(backup.size_bytes))}
        }
        .into_any(),
        None => view! { <Badge text="None yet" tone=Tone::Warning /> }.into_any(),
    };
    let (outbound, allowed) = (instance.outbound, instance.outbound_allowed);
    view! {
        <section class="panel" aria-label="State">
            <dl class="facts">
                <dt>"State"</dt>
                <dd>
                    <Badge text=instance.state tone=Tone::Good icon=Icon::Unlocked />
                </dd>
                <dt>"Version"</dt>
                <dd>
                    <code>{instance.version}</code>
                </dd>
                <dt>"Running since"</dt>
                <dd>{format!("{} ({})", minute(instance.started_at), ago(instance.started_at, now))}</dd>
                <dt>"Database"</dt>
                <dd>{format!("{database}, {}", bytes(instance.database.size_bytes))}</dd>
                {instance
                    .data_directory
                    .map(|directory| {
                        view! {
                            <dt>"Data directory"</dt>
                            <dd>
                                <code>{directory}</code>
                            </dd>
                        }
                    })}
                <dt>"Unlocked by"</dt>
                <dd>
                    <bdi>{instance.unlocked_by.unwrap_or_else(|| "a key that was removed since".to_owned())}</bdi>
                    " "
                    <code>{instance.key_fingerprint}</code>
                </dd>
                <dt>"Can be unlocked by"</dt>
                <dd>{count_of(instance.unlockers, "key")}</dd>
                <dt>"Last backup"</dt>
                <dd>
                    {backup} " "
                    <A href="/backups" attr:class="link">
                        "Backups"
                    </A>
                </dd>
            </dl>
        </section>
        <Connections outbound allowed />
    }
}

/// What the server may contact.
#[component]
fn Connections(outbound: Vec<Outbound>, allowed: Vec<String>) -> impl IntoView {
    let to_nobody = outbound
        .is_empty()
        .then(|| view! { <p>"None. This server contacts nobody by itself."</p> });
    view! {
        <section class="panel" aria-label="Connections to elsewhere">
            <h2>"Connections to elsewhere"</h2>
            {to_nobody}
            <dl class="facts">
                {outbound
                    .into_iter()
                    .map(|outbound| {
                        view! {
                            <dt>{outbound.purpose}</dt>
                            <dd>
                                <bdi>{outbound.to.join(", ")}</bdi>
                                <br />
                                {format!("{}. Sent: {}.", outbound.when, outbound.sends)}
                            </dd>
                        }
                    })
                    .collect_view()}
                <dt>"Open besides the internet"</dt>
                <dd>
                    {if allowed.is_empty() {
                        "nothing; the host opens addresses of its own network with --allow-outbound".to_owned()
                    } else {
                        allowed.join(", ")
                    }}
                </dd>
            </dl>
        </section>
    }
}
