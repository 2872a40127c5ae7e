//! Downloading a backup: password, progress, file.

use std::time::Duration;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::model::text::SecretText;
use shared::wire::backups::{Backup, BackupState};

use super::announcer::Announcements;
use super::button::{Button, Weight};
use super::dialog::{CancelButton, Dialog};
use super::icon::{Glyph, Icon};
use super::notice::{ProblemNotice, tell};
use super::password::PasswordField;
use crate::api;
use crate::first_steps::FirstSteps;
use crate::plaintext;
use crate::problem::Problem;
use crate::session::Session;
use crate::words::{bytes, count_of, either_of};

const WHAT: &str = "There is no backup";
const POLL: Duration = Duration::from_millis(700);

/// The panel.
#[component]
pub fn BackupPanel(
    /// Whether a kit exists that could open a backup.
    #[prop(into)]
    has_kit: Signal<bool>,
) -> impl IntoView {
    let asking = RwSignal::new(false);
    let backup = RwSignal::new(None::<Backup>);
    let problem = RwSignal::new(None::<Problem>);
    let writing = Memo::new(move |_| {
        backup.with(|backup| {
            backup
                .as_ref()
                .is_some_and(|backup| backup.state == BackupState::Writing)
        })
    });
    let ready = Memo::new(move |_| {
        backup.with(|backup| {
            backup
                .as_ref()
                .is_some_and(|backup| backup.state == BackupState::Ready)
        })
    });
    view! {
        <section class="panel" aria-labelledby="backup-heading">
            <div class="panel-head">
                <h2 id="backup-heading">"Backup"</h2>
                <Button
                    id="download-backup"
                    label="Download backup"
                    icon=Icon::Download
                    weight=Weight::Primary
                    disabled=Signal::derive(move || !has_kit.get() || writing.get())
                    on_press=move |()| asking.set(true)
                />
            </div>
            <p class="lead">
                "One file with everything: projects, secrets with all their versions, people, machine identities, the audit "
                "log. It is encrypted for your recovery kits, so it may lie anywhere."
            </p>
            <Show when=move || !has_kit.get()>
                <p class="notice">
                    <Glyph icon=Icon::Info />
                    <span>"Create a recovery kit first: without one nobody could open the backup."</span>
                </p>
            </Show>
            <ProblemNotice problem />
            <div role="status">
                <Show when=move || writing.get()>
                    <Progress backup />
                </Show>
                <Show when=move || ready.get()>
                    <ReadyFile backup />
                </Show>
            </div>
        </section>
        <Show when=move || asking.get()>
            <PasswordDialog backup problem on_close=move |()| asking.set(false) />
        </Show>
    }
}

#[component]
fn PasswordDialog(
    backup: RwSignal<Option<Backup>>,
    problem: RwSignal<Option<Problem>>,
    #[prop(into)] on_close: Callback<()>,
) -> impl IntoView {
    let session = Session::current();
    let steps = FirstSteps::current();
    let announcements = Announcements::current();
    let password = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let refused = RwSignal::new(None::<Problem>);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        refused.set(None);
        let password = SecretText::new(password.get_untracked());
        spawn_local(async move {
            match api::backups::start(session, password).await {
                Ok(id) => {
                    problem.try_set(None);
                    backup.try_set(None);
                    on_close.try_run(());
                    follow(session, steps, id, backup, problem);
                }
                Err(error) => {
                    busy.try_set(false);
                    tell(
                        refused,
                        announcements,
                        Problem::new("The backup was not begun", &error),
                    );
                }
            }
        });
    };
    view! {
        <Dialog title="Download backup" on_close>
            <p>"A backup holds every secret of this server. Enter your password to go on."</p>
            <form id="backup-password-form" class="form" on:submit=submit>
                <PasswordField
                    id="backup-password"
                    label="Your password"
                    value=password
                    autocomplete="current-password"
                    focused=true
                />
                <ProblemNotice problem=refused />
            </form>
            <div class="actions">
                <CancelButton />
                <Button
                    label="Confirm"
                    kind="submit"
                    form="backup-password-form"
                    weight=Weight::Primary
                    busy
                    disabled=Signal::derive(move || password.with(String::is_empty))
                />
            </div>
        </Dialog>
    }
}

/// Asks how far the backup is until it is ready, failed, or the page is gone.
fn follow(
    session: Session,
    steps: FirstSteps,
    id: String,
    backup: RwSignal<Option<Backup>>,
    problem: RwSignal<Option<Problem>>,
) {
    spawn_local(async move {
        let answer = match api::backups::get(session, &id).await {
            Ok(answer) => answer,
            Err(error) => {
                backup.try_set(None);
                problem.try_set(Some(Problem::new(WHAT, &error)));
                return;
            }
        };
        let state = answer.state;
        let failed = answer.error.clone();
        // Given back when the page is gone: then nobody waits for it.
        if backup.try_set(Some(answer)).is_some() {
            return;
        }
        match state {
            BackupState::Writing => set_timeout(move || follow(session, steps, id, backup, problem), POLL),
            BackupState::Ready => steps.refresh().await,
            BackupState::Failed => {
                problem.try_set(Some(Problem::local(
                    WHAT,
                    failed.unwrap_or_else(|| "The server gave no reason.".to_owned()),
                    "Look at the disk space of the server and at its log, then try again.",
                )));
            }
        }
    });
}

#[component]
fn Progress(backup: RwSignal<Option<Backup>>) -> impl IntoView {
    let rows = move || {
        backup.with(|backup| {
            backup
                .as_ref()
                .map_or((0, 0), |backup| (backup.rows_done, backup.rows_total))
        })
    };
    view! {
        <div class="form">
            <label class="field-label" for="backup-progress">
                "Writing the backup"
            </label>
            <progress
                id="backup-progress"
                max=move || rows().1.max(1).to_string()
                prop:value=move || rows().0.min(rows().1).to_string()
            ></progress>
            <p class="hint">{move || format!("{} of {} rows", rows().0, rows().1)}</p>
        </div>
    }
}

#[component]
fn ReadyFile(backup: RwSignal<Option<Backup>>) -> impl IntoView {
    let used = RwSignal::new(false);
    move || {
        backup.get().map(|backup| {
            used.set(false);
            let name = backup.file_name.clone().unwrap_or_else(|| "backup".to_owned());
            let holds = backup.counts.map(|counts| {
                [
                    count_of(counts.projects, "project"),
                    count_of(counts.secrets, "secret"),
                    count_of(counts.versions, "version"),
                    either_of(counts.users, "person", "people"),
                    either_of(counts.identities, "machine identity", "machine identities"),
                ]
                .join(", ")
            });
            let save = backup.ticket.clone().map(|ticket| {
                view! {
                    <a
                        class="button button-primary"
                        class:used=move || used.get()
                        href=plaintext::download_address(&ticket)
                        download=name.clone()
                        aria-disabled=move || used.get().then_some("true")
                        on:click=move |event| {
                            // The ticket is good for one download.
                            if used.get_untracked() {
                                event.prevent_default();
                            }
                            used.set(true);
                        }
                    >
                        <Glyph icon=Icon::Download />
                        <span>"Save file"</span>
                    </a>
                }
            });
            view! {
                <div class="notice notice-good">
                    <Glyph icon=Icon::Done />
                    <div class="notice-text">
                        <p class="notice-what">"The backup is ready"</p>
                        <dl class="facts">
                            <dt>"File"</dt>
                            <dd>
                                <bdi>{name.clone()}</bdi>
                                {backup.size.map(|size| format!(" ({})", bytes(size)))}
                            </dd>
                            {holds.map(|holds| view! { <dt>"Holds"</dt><dd>{holds}</dd> })}
                            <dt>"Opens with"</dt>
                            <dd>
                                <ul class="plain-list">
                                    {backup
                                        .opens_with
                                        .iter()
                                        .map(|kit| view! { <li><bdi>{kit.clone()}</bdi></li> })
                                        .collect_view()}
                                </ul>
                            </dd>
                            {backup
                                .sha256
                                .clone()
                                .map(|sum| view! { <dt>"SHA-256"</dt><dd><code>{sum}</code></dd> })}
                        </dl>
                        {(backup.unreadable > 0)
                            .then(|| {
                                view! {
                                    <p class="notice notice-warning">
                                        {format!(
                                            "{} cannot be read any more, here as in the backup. Set these secrets anew.",
                                            count_of(backup.unreadable, "value"),
                                        )}
                                    </p>
                                }
                            })}
                        <div class="actions actions-start">{save}</div>
                        <p class="hint">
                            {move || if used.get() {
                                "The link was used. For another copy, download a new backup."
                            } else {
                                "The link works once, within ten minutes. Keep the file away from this machine."
                            }}
                        </p>
                    </div>
                </div>
            }
        })
    }
}
