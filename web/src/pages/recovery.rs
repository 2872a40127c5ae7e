//! `/recovery`: recovery kits and backups.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::model::ids::InstanceId;
use shared::model::keys::{Keys, KeysAct, RotationState, Unlocker};
use shared::wire::keys::KeysDone;

use crate::api;
use crate::api::error::Error;
use crate::components::announcer::Announcements;
use crate::components::backup_panel::BackupPanel;
use crate::components::button::Button;
use crate::components::focus::focus_next;
use crate::components::key_act::{Asked, KeyActDialog};
use crate::components::key_rotations::KeyRotations;
use crate::components::kit_wizard::KitWizard;
use crate::components::notice::ProblemNotice;
use crate::components::page::Page;
use crate::components::rotate_everything::{Offer, RotateEverything};
use crate::components::server_identity::ServerIdentity;
use crate::components::skeleton::Skeleton;
use crate::components::unlocker_list::UnlockerList;
use crate::problem::Problem;
use crate::projects::Load;
use crate::session::Session;

/// Between two looks at a rotation.
const POLL: Duration = Duration::from_secs(1);

/// The page.
#[component]
pub fn RecoveryPage() -> impl IntoView {
    let session = Session::current();
    let announcements = Announcements::current();
    let state = RwSignal::new(Load::<State>::Loading);
    let making = RwSignal::new(false);
    let asked = RwSignal::new(None::<Asked>);
    let offer = RwSignal::new(None::<Offer>);
    let load = move || {
        spawn_local(async move {
            state.try_set(match read(session).await {
                Ok(read) => Load::Ready(read),
                Err(error) => Load::Failed(Problem::new("The keys were not loaded", &error)),
            });
        });
    };
    load();
    follow(session, state);
    let failed = Signal::derive(move || state.with(Load::problem));
    let rotations = Memo::new(move |_| {
        state.with(|state| match state {
            Load::Ready(state) => state.keys.rotations.clone(),
            _ => Vec::new(),
        })
    });
    // The rest, apart from what changes each second while one goes on: a menu stays open meanwhile.
    let still = Memo::new(move |_| {
        state.with(|state| match state {
            Load::Ready(state) => Some(Keys {
                rotations: Vec::new(),
                ..state.keys.clone()
            }),
            _ => None,
        })
    });
    let shown = Memo::new(move |_| {
        state.with(|state| match state {
            Load::Loading => Shown::Loading,
            Load::Failed(_) => Shown::Nothing,
            Load::Ready(state) if making.get() => Shown::Making(state.instance),
            Load::Ready(_) => Shown::Keys,
        })
    });
    let has_kit = Memo::new(move |_| {
        still.with(|keys| {
            let mut unlockers = keys.iter().flat_map(|keys| &keys.unlockers);
            unlockers.any(|unlocker| unlocker.opens_backups)
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
    let show = move |keys: Keys| {
        state.update(|state| {
            if let Load::Ready(state) = state {
                state.keys = keys;
            }
        });
    };
    let done = Callback::new(move |(act, done): (KeysAct, KeysDone)| {
        match state.with_untracked(|state| removed(&act, state)) {
            // What follows from it stands in the offer.
            Some(name) => {
                announcements.say(format!("{name} opens the store no more"));
                offer.set(Some(Offer::Removed(name)));
            }
            None => announcements.say(done.message),
        }
        show(done.keys);
        focus_next("main");
    });
    let has_database_key =
        Memo::new(move |_| still.with(|keys| keys.as_ref().is_some_and(|keys| keys.has_database_key)));
    view! {
        <Page
            title="Keys & recovery"
            lead="What opens this server's store, and what brings it back when the machine is gone."
            narrow=true
        >
            <ProblemNotice problem=failed retry=move |()| load() />
            // Beside what is made anew with each look at the keys: it goes on for minutes.
            {move || {
                offer
                    .get()
                    .map(|offer_now| {
                        view! {
                            <RotateEverything
                                offer=offer_now
                                database=has_database_key.get_untracked()
                                on_keys=show
                                on_close=move |()| {
                                    offer.set(None);
                                    focus_next("main");
                                }
                            />
                        }
                    })
            }}
            {move || match shown.get() {
                Shown::Loading => view! { <Skeleton label="Loading keys" lines=4 /> }.into_any(),
                Shown::Nothing => ().into_any(),
                Shown::Making(instance) => {
                    view! {
                        <section class="panel" aria-labelledby="kit-heading">
                            <div class="panel-head">
                                <h2 id="kit-heading">"Create a recovery kit"</h2>
                            </div>
                            <KitWizard
                                instance
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
                Shown::Keys => {
                    let rotate_everything = Callback::new(move |()| {
                        offer.set(Some(Offer::Asked));
                        focus_next("everything-password");
                    });
                    view! {
                        {move || {
                            still
                                .get()
                                .map(|keys| {
                                    view! {
                                        <UnlockerList keys=keys.clone() making asked />
                                        <ServerIdentity place=keys.identity asked />
                                        <BackupPanel has_kit />
                                        <KeyRotations keys asked rotations on_everything=rotate_everything />
                                    }
                                })
                        }}
                        <RestorePanel />
                    }
                        .into_any()
                }
            }}
        </Page>
        {move || {
            asked
                .get()
                .map(|what| view! { <KeyActDialog asked=what on_done=done on_close=move |()| asked.set(None) /> })
        }}
    }
}

/// Which part of itself the page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Loading,
    Nothing,
    Making(InstanceId),
    Keys,
}

/// What the page is about.
#[derive(Debug, Clone, PartialEq)]
struct State {
    instance: InstanceId,
    keys: Keys,
}

async fn read(session: Session) -> Result<State, Error> {
    let instance = api::kits::list(session).await?.instance;
    let keys = api::keys::get(session).await?;
    Ok(State { instance, keys })
}

/// The name of the unlocker that the act takes away.
fn removed(act: &KeysAct, state: &Load<State>) -> Option<String> {
    let (KeysAct::Remove { id }, Load::Ready(state)) = (act, state) else {
        return None;
    };
    let unlocker = state.keys.unlockers.iter().find(|unlocker| unlocker.id == *id)?;
    Some(unlocker.name.clone())
}

/// Reads the keys again while a rotation runs, until the page is gone.
fn follow(session: Session, state: RwSignal<Load<State>>) {
    set_timeout(
        move || {
            let Some(running) = state.try_with_untracked(|state| match state {
                Load::Ready(state) => state
                    .keys
                    .rotations
                    .iter()
                    .any(|rotation| rotation.state == RotationState::Running),
                _ => false,
            }) else {
                return;
            };
            spawn_local(async move {
                // One answer that does not come is no news: the next one may.
                if running && let Ok(keys) = api::keys::get(session).await {
                    state.try_update(|state| {
                        if let Load::Ready(state) = state {
                            state.keys = keys;
                        }
                    });
                }
                follow(session, state);
            });
        },
        POLL,
    );
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
