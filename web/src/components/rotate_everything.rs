//! Every key inside anew, one after the other: what makes a lost key worthless. The password is asked once.

use std::time::Duration;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::model::keys::{Keys, KeysAct, RotationState};
use shared::model::text::SecretText;

use super::announcer::Announcements;
use super::button::{Button, Weight};
use super::icon::{Glyph, Icon};
use super::notice::{ProblemNotice, tell};
use super::password::OwnPassword;
use crate::api;
use crate::problem::Problem;
use crate::session::Session;

/// Between two looks at what is sealed anew.
const POLL: Duration = Duration::from_secs(1);

/// Why it is offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// An unlocker of this name was removed. Perhaps it was lost.
    Removed(String),
    /// Somebody asked for it.
    Asked,
}

/// One thing to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Root,
    Data,
    Retired,
    Database,
}

/// In this order: a retired root key is needed until nothing is under it.
const STEPS: [Step; 4] = [Step::Root, Step::Data, Step::Retired, Step::Database];

impl Step {
    fn title(self) -> &'static str {
        match self {
            Self::Root => "A new root key",
            Self::Data => "New data keys, and every value sealed anew",
            Self::Retired => "Retired root keys destroyed",
            Self::Database => "The database file under a new key",
        }
    }

    fn act(self) -> KeysAct {
        match self {
            Self::Root => KeysAct::RotateRoot,
            Self::Data => KeysAct::RotateData { project: None },
            Self::Retired => KeysAct::DestroyRetired,
            Self::Database => KeysAct::RekeyDatabase,
        }
    }
}

/// How far the data keys are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sealed {
    done: i64,
    total: i64,
    unreadable: i64,
    paused: bool,
}

impl Sealed {
    fn of(keys: &Keys) -> Self {
        keys.rotations.iter().fold(Self::default(), |sum, rotation| Self {
            done: sum.done + rotation.done,
            total: sum.total + rotation.total,
            unreadable: sum.unreadable + rotation.unreadable,
            paused: sum.paused || rotation.state == RotationState::Paused,
        })
    }
}

/// What is under way. It goes to its end, also when nobody looks any more.
#[derive(Clone, Copy)]
struct Run {
    session: Session,
    announcements: Announcements,
    steps: &'static [Step],
    /// Steps that are done.
    done: RwSignal<usize>,
    busy: RwSignal<bool>,
    sealed: RwSignal<Sealed>,
    problem: RwSignal<Option<Problem>>,
    on_keys: Callback<Keys>,
}

impl Run {
    /// Does the steps from the n-th on.
    fn go_on(self, at: usize, password: SecretText) {
        self.done.try_set(at);
        let Some(step) = self.steps.get(at).copied() else {
            self.busy.try_set(false);
            self.announcements.say("Everything is under new keys");
            return;
        };
        spawn_local(async move {
            match api::keys::act(self.session, step.act(), password.clone()).await {
                Ok(done) => {
                    self.show(done.keys);
                    if step == Step::Data {
                        self.wait(at, password);
                    } else {
                        self.go_on(at + 1, password);
                    }
                }
                Err(error) => {
                    self.busy.try_set(false);
                    let what = format!("Not done: {}", step.title());
                    tell(self.problem, self.announcements, Problem::new(what, &error));
                }
            }
        });
    }

    /// Looks again and again until everything is sealed anew.
    fn wait(self, at: usize, password: SecretText) {
        let look = move || {
            spawn_local(async move {
                match api::keys::get(self.session).await {
                    Ok(keys) => {
                        let over = keys.rotations.iter().all(|rotation| {
                            matches!(rotation.state, RotationState::Done | RotationState::Incomplete)
                        });
                        self.show(keys);
                        if over {
                            self.go_on(at + 1, password);
                        } else {
                            self.wait(at, password);
                        }
                    }
                    // One answer that does not come is no news, while somebody looks: the next one may.
                    Err(_) if self.busy.try_get_untracked().is_some() => self.wait(at, password),
                    Err(_) => {}
                }
            });
        };
        set_timeout(look, POLL);
    }

    fn show(self, keys: Keys) {
        self.sealed.try_set(Sealed::of(&keys));
        self.on_keys.try_run(keys);
    }
}

/// The panel.
#[component]
pub fn RotateEverything(
    /// Why it is offered.
    offer: Offer,
    /// Whether the database file has a key: PostgreSQL's has none.
    database: bool,
    /// The keys as they are after a step.
    #[prop(into)]
    on_keys: Callback<Keys>,
    /// Nobody wants it, or it is done.
    #[prop(into)]
    on_close: Callback<()>,
) -> impl IntoView {
    let run = Run {
        session: Session::current(),
        announcements: Announcements::current(),
        steps: if database { &STEPS } else { &STEPS[..3] },
        done: RwSignal::new(0),
        busy: RwSignal::new(false),
        sealed: RwSignal::new(Sealed::default()),
        problem: RwSignal::new(None),
        on_keys,
    };
    let password = RwSignal::new(String::new());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if run.busy.get_untracked() {
            return;
        }
        run.busy.set(true);
        run.problem.set(None);
        run.go_on(
            run.done.get_untracked(),
            SecretText::new(password.get_untracked()),
        );
    };
    let finished = Memo::new(move |_| run.done.get() == run.steps.len());
    let was_removed = matches!(offer, Offer::Removed(_));
    let (title, lead) = words(&offer);
    view! {
        <section class="panel" aria-labelledby="everything-heading">
            <div class="panel-head">
                <h2 id="everything-heading">
                    <bdi>{title}</bdi>
                </h2>
            </div>
            <p class="lead">
                <bdi>{lead}</bdi>
            </p>
            <ul class="rows">
                {run
                    .steps
                    .iter()
                    .enumerate()
                    .map(|(at, step)| view! { <StepRow run at step=*step /> })
                    .collect_view()}
            </ul>
            {move || {
                if finished.get() {
                    view! {
                        <p class="notice" role="status">
                            <Glyph icon=Icon::Done />
                            <span>
                                "Everything is under new keys. A copy from before still opens with the lost key: delete old \
                                 backups, and change the stored secrets themselves where they are used."
                            </span>
                        </p>
                        <div class="actions">
                            <Button label="Close" on_press=on_close />
                        </div>
                    }
                        .into_any()
                } else {
                    let again = Signal::derive(move || {
                        if run.done.get() == 0 { "Rotate everything now" } else { "Go on" }.to_owned()
                    });
                    view! {
                        <form id="everything" class="form" on:submit=submit>
                            <OwnPassword id="everything-password" value=password />
                            <ProblemNotice problem=run.problem />
                        </form>
                        <div class="actions">
                            <Button
                                label=if was_removed { "It is not lost" } else { "Cancel" }
                                disabled=run.busy
                                on_press=on_close
                            />
                            <Button
                                label=again
                                kind="submit"
                                form="everything"
                                weight=Weight::Primary
                                busy=run.busy
                                disabled=Signal::derive(move || password.with(String::is_empty))
                            />
                        </div>
                    }
                        .into_any()
                }
            }}
        </section>
    }
}

fn words(offer: &Offer) -> (String, String) {
    match offer {
        Offer::Removed(name) => (
            format!("Was {name} lost, or seen by somebody?"),
            format!(
                "{name} opens the store no more. If it was only replaced, nothing more is to be done. If somebody may have it: \
                 with a copy of the key files or of a backup from before it still opens what was there. New keys for everything \
                 make it worthless for what comes."
            ),
        ),
        Offer::Asked => (
            "Rotate everything".to_owned(),
            "After a key was lost or stolen: new keys for everything inside, one after the other, while the server runs. Nobody \
             is logged out. It cannot be taken back."
                .to_owned(),
        ),
    }
}

#[component]
fn StepRow(run: Run, at: usize, step: Step) -> impl IntoView {
    let is_done = Memo::new(move |_| at < run.done.get());
    let is_now = Memo::new(move |_| at == run.done.get() && run.busy.get());
    let counted =
        Memo::new(move |_| (step == Step::Data && (is_done.get() || is_now.get())).then(|| run.sealed.get()));
    let state = move || match counted.get() {
        Some(sealed) if is_done.get() && sealed.unreadable > 0 => format!(
            "Done, but {} versions did not open and keep their old key: see the server's log and an older backup",
            sealed.unreadable
        ),
        Some(sealed) if is_now.get() && sealed.paused => {
            "Paused: it goes on when the rotation is resumed below".to_owned()
        }
        Some(sealed) if is_now.get() && sealed.total > 0 => {
            format!("{} of {} versions", sealed.done, sealed.total)
        }
        _ if is_done.get() => "Done".to_owned(),
        _ if is_now.get() => "Under way".to_owned(),
        _ => String::new(),
    };
    let bar = move || {
        counted
            .get()
            .filter(|sealed| is_now.get() && sealed.total > 0)
            .map(|sealed| {
                view! {
                    <progress
                        max=sealed.total.to_string()
                        value=sealed.done.to_string()
                        aria-label="Versions sealed anew"
                    ></progress>
                }
            })
    };
    view! {
        <li class="row">
            {move || view! { <Glyph icon=if is_done.get() { Icon::Done } else { Icon::Again } /> }}
            <div class="row-text">
                <p class="row-title">{step.title()}</p>
                <p class="soft" role="status">
                    {state}
                </p>
                {bar}
            </div>
        </li>
    }
}
