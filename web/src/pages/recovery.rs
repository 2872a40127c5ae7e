//! `/recovery`: recovery kits and backups.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::wire::kits::{Kits, Unlocker, UnlockerKind};

use crate::api;
use crate::components::announcer::Announcements;
use crate::components::backup_panel::BackupPanel;
use crate::components::badge::{Badge, Tone};
use crate::components::button::{Button, Weight};
use crate::components::focus::focus_next;
use crate::components::icon::{Glyph, Icon};
use crate::components::kit_wizard::KitWizard;
use crate::components::notice::ProblemNotice;
use crate::components::page::Page;
use crate::components::skeleton::Skeleton;
use crate::problem::Problem;
use crate::projects::Load;
use crate::session::Session;

/// The page.
#[component]
pub fn RecoveryPage() -> impl IntoView {
    let session = Session::current();
    let announcements = Announcements::current();
    let kits = RwSignal::new(Load::<Kits>::Loading);
    let making = RwSignal::new(false);
    let load = move || {
        spawn_local(async move {
            kits.try_set(match api::kits::list(session).await {
                Ok(list) => Load::Ready(list),
                Err(error) => Load::Failed(Problem::new("The keys were not loaded", &error)),
            });
        });
    };
    load();
    let failed = Signal::derive(move || kits.with(Load::problem));
    let has_kit = Memo::new(move |_| {
        kits.with(|kits| match kits {
            Load::Ready(kits) => kits
                .unlockers
                .iter()
                .any(|unlocker| unlocker.kind == UnlockerKind::Kit),
            _ => false,
        })
    });
    let made = move |unlocker: Unlocker| {
        making.set(false);
        load();
        announcements.say(format!(
            "{} opens this store and every backup from now on",
            unlocker.name
        ));
        focus_next("main");
    };
    view! {
        <Page
            title="Keys & recovery"
            lead="What opens this server's store, and what brings it back when the machine is gone."
            narrow=true
        >
            <ProblemNotice problem=failed retry=move |()| load() />
            {move || match kits.get() {
                Load::Loading => view! { <Skeleton label="Loading keys" lines=4 /> }.into_any(),
                Load::Failed(_) => ().into_any(),
                Load::Ready(list) if making.get() => {
                    view! {
                        <section class="panel" aria-labelledby="kit-heading">
                            <div class="panel-head">
                                <h2 id="kit-heading">"Create a recovery kit"</h2>
                            </div>
                            <KitWizard
                                instance=list.instance
                                on_done=made
                                aside=move || {
                                    view! {
                                        <Button label="Cancel" on_press=move |()| making.set(false) />
                                    }
                                }
                            />
                        </section>
                    }
                        .into_any()
                }
                Load::Ready(list) => {
                    view! {
                        <KitList unlockers=list.unlockers making />
                        <BackupPanel has_kit />
                        <RestorePanel />
                    }
                        .into_any()
                }
            }}
        </Page>
    }
}

#[component]
fn KitList(unlockers: Vec<Unlocker>, making: RwSignal<bool>) -> impl IntoView {
    let no_kit = unlockers
        .iter()
        .all(|unlocker| unlocker.kind == UnlockerKind::Server);
    view! {
        <section class="panel" aria-labelledby="keys-heading">
            <div class="panel-head">
                <h2 id="keys-heading">"Keys"</h2>
                <Button
                    label="Create recovery kit"
                    icon=Icon::Plus
                    weight=if no_kit { Weight::Primary } else { Weight::Quiet }
                    on_press=move |()| making.set(true)
                />
            </div>
            {no_kit
                .then(|| {
                    view! {
                        <p class="notice notice-warning">
                            <Glyph icon=Icon::Warning />
                            <span>
                                "There is no recovery kit yet. If this machine fails, nobody can open its data or a backup of it."
                            </span>
                        </p>
                    }
                })}
            <ul class="rows">
                {unlockers.into_iter().map(|unlocker| view! { <KitRow unlocker /> }).collect_view()}
            </ul>
        </section>
    }
}

#[component]
fn KitRow(unlocker: Unlocker) -> impl IntoView {
    let (icon, kind, tone, about) = match unlocker.kind {
        UnlockerKind::Server => (
            Icon::Server,
            "Server",
            Tone::Neutral,
            "opens the store when the server starts",
        ),
        UnlockerKind::Kit => (
            Icon::Key,
            "Recovery kit",
            Tone::Accent,
            "opens the store and backups",
        ),
    };
    view! {
        <li class="row">
            <Glyph icon />
            <div class="row-text">
                <p class="row-title">
                    <bdi>{unlocker.name}</bdi>
                    " "
                    <Badge text=kind tone />
                </p>
                <p class="soft">
                    <code>{unlocker.fingerprint}</code>
                    {format!(" · {about} · {}", unlocker.created_at.date())}
                </p>
            </div>
        </li>
    }
}

#[component]
fn RestorePanel() -> impl IntoView {
    view! {
        <section class="panel" aria-labelledby="restore-heading">
            <div class="panel-head">
                <h2 id="restore-heading">"Restore"</h2>
            </div>
            <p class="lead">
                "A backup goes into an empty server, never over a running one. Start Strongroom on another machine, open its "
                "first page, choose “Restore from a backup”, and give it the file and a kit. It opens every value before it "
                "keeps any. Try it once while nothing is wrong."
            </p>
        </section>
    }
}
