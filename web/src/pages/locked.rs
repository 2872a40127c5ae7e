//! The page of a server that cannot be used: locked, not reachable, or without its database.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::model::keys::UnlockerKind;
use shared::model::text::SecretText;
use shared::wire::unlock::{Locked as State, Unlock, UnlockerName};

use crate::api;
use crate::components::badge::Badge;
use crate::components::button::{Button, Weight};
use crate::components::card::Card;
use crate::components::field::Checkbox;
use crate::components::icon::{Glyph, Icon};
use crate::components::kit_input::KitInput;
use crate::components::notice::ProblemNotice;
use crate::components::splash::Splash;
use crate::location;
use crate::problem::Problem;
use crate::session::Session;
use crate::words::capitalized;

const WHAT: &str = "The store is still locked";

/// Asks what is wrong, and offers to unlock or to look again.
#[component]
pub fn Locked() -> impl IntoView {
    // Nothing until the server has said whether it is locked; then what it said, or that it said nothing.
    let state = RwSignal::new(None::<Option<State>>);
    spawn_local(async move {
        let answer = api::unlock::state().await.ok().filter(|state| state.locked);
        state.try_set(Some(answer));
    });
    move || match state.get() {
        None => view! { <Splash /> }.into_any(),
        Some(None) => view! { <Unavailable /> }.into_any(),
        Some(Some(state)) => view! { <UnlockForm state /> }.into_any(),
    }
}

#[component]
fn Unavailable() -> impl IntoView {
    let session = Session::current();
    let problem = Signal::derive(move || session.trouble());
    view! {
        <Card title="Not available" lead="Nothing is lost: stored secrets stay encrypted on the server's disk.">
            <ProblemNotice problem retry=move |()| spawn_local(session.start()) />
        </Card>
    }
}

#[component]
fn UnlockForm(state: State) -> impl IntoView {
    let session = Session::current();
    let kit = RwSignal::new(String::new());
    let compared = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let nothing_to_bring = state.unlockers.is_empty().then(|| {
        if state.fingerprint.is_some() {
            "Nothing but the server's own identity. Put its file back where it was, and start the server again."
        } else {
            "No key is missing: something else is in the way. The server's log says what."
        }
    });
    let needed = state.fingerprint.clone().filter(|_| state.confirmation_needed);
    let must_compare = needed.is_some();
    let confirmed = StoredValue::new(needed.clone());
    // Over plain HTTP from elsewhere there is nothing to compare, and a key must not travel.
    let exposed = location::is_exposed();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        problem.set(None);
        let body = Unlock {
            identity: SecretText::new(kit.get_untracked()),
            confirmed_fingerprint: confirmed.get_value(),
        };
        spawn_local(async move {
            match api::unlock::unlock(&body).await {
                Ok(_) => session.start().await,
                Err(error) => {
                    problem.try_set(Some(Problem::new(WHAT, &error).with_next(
                        "Check that the key is one of those above. A key that opens nothing leaves everything as it is.",
                    )));
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <Card title="Locked" lead="The server runs, but no key that it has opens the store. Nothing is lost.">
            <section class="form" aria-labelledby="opens-heading">
                <h2 id="opens-heading">"What opens it"</h2>
                {nothing_to_bring.map(|why| view! { <p class="soft">{why}</p> })}
                <ul class="rows">
                    {state.unlockers.into_iter().map(|unlocker| view! { <Opener unlocker /> }).collect_view()}
                </ul>
            </section>
            <form class="form" on:submit=submit>
                <KitInput kit problem any_key=true />
                {needed
                    .map(|fingerprint| {
                        let whose = if state.certificate {
                            "A key must reach the right server only. Compare this SHA-256 fingerprint with the one in the server's log \
                             or on its console, and with the one that the browser shows for the certificate of this page:"
                        } else {
                            "A key must reach the right server only. Compare this fingerprint with the one in the server's log \
                             or on its console:"
                        };
                        view! {
                            <div class="notice notice-warning">
                                <Glyph icon=Icon::Shield />
                                <div class="notice-text">
                                    <p>{whose}</p>
                                    <p>
                                        <code>{fingerprint}</code>
                                    </p>
                                </div>
                            </div>
                            <Checkbox label="The fingerprints are the same" checked=compared />
                        }
                    })}
                {exposed
                    .then(|| {
                        view! {
                            <p class="notice notice-warning">
                                <Glyph icon=Icon::Warning />
                                <span>
                                    "This connection is not encrypted. Unlock on the machine itself, through an SSH tunnel, or over "
                                    "HTTPS."
                                </span>
                            </p>
                        }
                    })}
                <ProblemNotice problem />
                <Button
                    label="Unlock"
                    icon=Icon::Unlocked
                    kind="submit"
                    weight=Weight::Primary
                    busy
                    disabled=Signal::derive(move || {
                        kit.with(|kit| kit.trim().is_empty()) || (must_compare && !compared.get())
                    })
                />
            </form>
        </Card>
    }
}

/// One of the keys that open the store.
#[component]
fn Opener(unlocker: UnlockerName) -> impl IntoView {
    let kind = capitalized(unlocker.kind.words());
    view! {
        <li class="row">
            <Glyph icon=Icon::Key />
            <div class="row-text">
                <p class="row-title">
                    <bdi>{unlocker.name}</bdi>
                    " "
                    <Badge text=kind />
                </p>
                <p class="soft">
                    <code>{unlocker.fingerprint}</code>
                    {(unlocker.kind == UnlockerKind::Plugin)
                        .then_some(" · on the machine that has it: strongroom unlock --identity FILE")}
                </p>
            </div>
        </li>
    }
}
