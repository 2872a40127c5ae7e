//! `/instance`: the state of the server, for people who administer it.

use leptos::prelude::*;
use leptos_router::components::A;
use shared::wire::instance::{DatabaseKind, Instance, Outbound};

use crate::api;
use crate::components::badge::{Badge, Tone};
use crate::components::icon::Icon;
use crate::components::loaded_page::LoadedPage;
use crate::location;
use crate::words::{ago, bytes, count_of, minute};

/// The page.
#[component]
pub fn InstancePage() -> impl IntoView {
    view! {
        <LoadedPage
            title="Instance"
            lead="This server and its store."
            failure="The state of the instance was not loaded"
            load=api::instance::get
            show=|instance, _| view! { <Facts instance /> }
        />
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
                <dt>"Allowed besides the internet"</dt>
                <dd>
                    {if allowed.is_empty() {
                        view! {
                            "Nothing. Addresses of your own network are allowed on the host, with "
                            <code class="flag">"--allow-outbound"</code>
                        }
                            .into_any()
                    } else {
                        view! { <bdi>{allowed.join(", ")}</bdi> }.into_any()
                    }}
                </dd>
            </dl>
        </section>
    }
}
