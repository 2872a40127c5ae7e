//! A backup that is made now: password, progress, file.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::wire::backups::{Backup, BackupState};

use super::announcer::Announcements;
use super::button::{Button, Weight};
use super::icon::{Glyph, Icon};
use super::notice::ProblemNotice;
use super::password_dialog::PasswordDialog;
use crate::api;
use crate::backups::AllBackups;
use crate::first_steps::FirstSteps;
use crate::plaintext;
use crate::problem::Problem;
use crate::session::Session;
use crate::words::{bytes, count_of, either_of};

const WHAT: &str = "There is no backup";
const POLL: Duration = Duration::from_millis(700);
/// How long the server hands out a backup to who asked for it, without the password once more.
const OFFERED: Duration = Duration::from_mins(15);

/// A backup that was begun on this page; a handle that is cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct BackupNow {
    session: Session,
    backups: AllBackups,
    steps: FirstSteps,
    asking: RwSignal<bool>,
    id: RwSignal<String>,
    backup: RwSignal<Option<Backup>>,
    /// Whether its file can be had without the password once more.
    offered: RwSignal<bool>,
    problem: RwSignal<Option<Problem>>,
}

impl BackupNow {
    /// None so far.
    pub fn none(session: Session, backups: AllBackups) -> Self {
        Self {
            session,
            backups,
            steps: FirstSteps::current(),
            asking: RwSignal::new(false),
            id: RwSignal::new(String::new()),
            backup: RwSignal::new(None),
            offered: RwSignal::new(false),
            problem: RwSignal::new(None),
        }
    }

    fn is(self, state: BackupState) -> bool {
        self.backup
            .with(|backup| backup.as_ref().is_some_and(|backup| backup.state == state))
    }

    /// Asks how far it is until it is ready, failed, or the page is gone.
    fn follow(self) {
        spawn_local(async move {
            let Some(id) = self.id.try_get_untracked() else {
                return;
            };
            let answer = match api::backups::get(self.session, &id).await {
                Ok(answer) => answer,
                Err(error) => {
                    self.backup.try_set(None);
                    self.problem.try_set(Some(Problem::new(WHAT, &error)));
                    return;
                }
            };
            let (state, failed) = (answer.state, answer.error.clone());
            self.offered.try_set(answer.ticket.is_some());
            // Given back when the page is gone: then nobody waits for it.
            if self.backup.try_set(Some(answer)).is_some() {
                return;
            }
            match state {
                BackupState::Writing => set_timeout(move || self.follow(), POLL),
                BackupState::Ready => {
                    set_timeout(move || self.withdraw(&id), OFFERED);
                    self.backups.refresh().await;
                    self.steps.refresh().await;
                }
                BackupState::Failed => {
                    self.problem.try_set(Some(Problem::local(
                        WHAT,
                        failed.unwrap_or_else(|| "The server gave no reason.".to_owned()),
                        "Look at the disk space of the server and at its log, then try again.",
                    )));
                    self.backups.refresh().await;
                }
            }
        });
    }

    fn withdraw(self, id: &str) {
        // Another one may have been made since.
        if self.id.try_with_untracked(|current| current == id) == Some(true) {
            self.offered.try_set(false);
        }
    }
}

/// The button that begins it.
#[component]
pub fn BackupNowButton(
    /// The backup.
    now: BackupNow,
) -> impl IntoView {
    let has_kit = now.backups.part(|backups| !backups.opens_with.is_empty());
    view! {
        <Button
            id="back-up-now"
            label="Back up now"
            icon=Icon::Archive
            weight=Weight::Primary
            disabled=Signal::derive(move || !has_kit.get() || now.is(BackupState::Writing))
            on_press=move |()| now.asking.set(true)
        />
    }
}

/// How far it is, and what came of it.
#[component]
pub fn BackupNowState(
    /// The backup.
    now: BackupNow,
) -> impl IntoView {
    let writing = Memo::new(move |_| now.is(BackupState::Writing));
    let ready = Memo::new(move |_| now.is(BackupState::Ready));
    let begin = move |password| async move {
        let id = api::backups::start(now.session, password)
            .await
            .map_err(|error| Problem::new("The backup was not begun", &error))?;
        now.problem.try_set(None);
        now.backup.try_set(None);
        now.id.try_set(id);
        now.follow();
        Ok(())
    };
    view! {
        <ProblemNotice problem=now.problem />
        <div role="status" class="notice-place">
            <Show when=move || writing.get()>
                <Progress backup=now.backup />
            </Show>
            <Show when=move || ready.get()>
                <ReadyFile now />
            </Show>
        </div>
        <Show when=move || now.asking.get()>
            <PasswordDialog title="Back up now" action=begin on_close=move |()| now.asking.set(false)>
                <p>"A backup holds every secret of this server. Enter your password to go on."</p>
            </PasswordDialog>
        </Show>
    }
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
fn ReadyFile(now: BackupNow) -> impl IntoView {
    move || {
        now.backup.get().map(|backup| {
            let name = backup
                .file_name
                .clone()
                .unwrap_or_else(|| "backup.age".to_owned());
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
                        <SaveFile now name />
                    </div>
                </div>
            }
        })
    }
}

#[component]
fn SaveFile(now: BackupNow, name: String) -> impl IntoView {
    let announcements = Announcements::current();
    let busy = RwSignal::new(false);
    // A ticket is good for one download: each press gets its own.
    let save = move |()| {
        let name = name.clone();
        busy.set(true);
        spawn_local(async move {
            let id = now.id.try_get_untracked().unwrap_or_default();
            match api::backups::get(now.session, &id).await {
                Ok(answer) => match answer.ticket {
                    Some(ticket) if plaintext::download(&ticket, &name) => {
                        announcements
                            .say("The browser fetches the backup. Keep the file away from this machine.");
                    }
                    Some(_) => announcements.say("The browser refused to fetch the backup."),
                    None => {
                        now.offered.try_set(false);
                    }
                },
                Err(error) => {
                    now.problem
                        .try_set(Some(Problem::new("The backup was not fetched", &error)));
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <Show
            when=move || now.offered.get()
            fallback=|| {
                view! {
                    <p class="hint">
                        "A quarter of an hour has passed. Download it from the list below, with your password."
                    </p>
                }
            }
        >
            <div class="actions actions-start">
                <Button
                    label="Save file"
                    icon=Icon::Download
                    weight=Weight::Primary
                    busy
                    on_press=save.clone()
                />
            </div>
            <p class="hint">
                "For a quarter of an hour it is saved without your password, later from the list below with it. Keep the file away \
                 from this machine."
            </p>
        </Show>
    }
}
