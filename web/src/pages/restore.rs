//! `/admin/restore`: a backup into an instance that is still empty.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;
use shared::model::text::SecretText;
use shared::wire::restore::{RestoreReport, StartRestore, Uploaded};
use web_sys::File;

use crate::api;
use crate::api::error::{Error, Kind};
use crate::app::replacing;
use crate::components::button::{Button, Weight};
use crate::components::card::Card;
use crate::components::field::Checkbox;
use crate::components::icon::{Glyph, Icon};
use crate::components::kit_input::{KitInput, chosen_file};
use crate::components::notice::ProblemNotice;
use crate::components::setup_code::{NEXT_AFTER_REFUSAL, SetupCode, SetupCodeField};
use crate::problem::{Problem, without_nothing};
use crate::session::{Phase, Session};
use crate::words::{bytes, count_of, minute};

const WHAT: &str = "The backup was not restored";

/// How far it is.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    Asking,
    /// The file is on its way, from 0 to 1.
    Sending(f64),
    Checking,
    Done(RestoreReport),
}

/// The page.
#[component]
pub fn RestorePage() -> impl IntoView {
    let session = Session::current();
    let navigate = use_navigate();
    let step = RwSignal::new(Step::Asking);
    Effect::new(move |_| match session.phase() {
        Phase::SignedIn => navigate("/projects", replacing()),
        Phase::SignedOut => navigate("/login", replacing()),
        _ => {}
    });
    let done = Memo::new(move |_| match step.get() {
        Step::Done(report) => Some(report),
        _ => None,
    });
    view! {
        {move || match done.get() {
            Some(report) => view! { <Report report /> }.into_any(),
            None => view! { <RestoreForm step /> }.into_any(),
        }}
    }
}

/// Nothing is replaced before everything in the backup was opened and checked.
fn next_step(kind: Kind) -> String {
    let next = match kind {
        Kind::Unreachable => {
            return "Check that the server runs and that this device reaches it. Reload the page: if it asks for a \
                    login, the restore was finished."
                .to_owned();
        }
        Kind::Forbidden => NEXT_AFTER_REFUSAL,
        Kind::TooMany => "Wait a minute, then try again.",
        _ => "Check that the backup and the kit belong together, then try again.",
    };
    format!("Nothing was changed. {next}")
}

#[component]
fn RestoreForm(step: RwSignal<Step>) -> impl IntoView {
    let code = SetupCode::of_link();
    let kit = RwSignal::new(String::new());
    let revoke_sessions = RwSignal::new(false);
    // A handle of the browser, which does not leave this thread.
    let file = RwSignal::new_local(None::<File>);
    let problem = RwSignal::new(None::<Problem>);
    let busy = Memo::new(move |_| step.get() != Step::Asking);
    let fail = move |error: &Error| {
        step.try_set(Step::Asking);
        let mut told = Problem::new(WHAT, error).with_next(next_step(error.kind));
        told.why = without_nothing(&told.why);
        problem.try_set(Some(told));
    };
    let sent = Callback::new(move |outcome: Result<Uploaded, Error>| {
        let upload = match outcome {
            Ok(uploaded) => uploaded.upload,
            Err(error) => return fail(&error),
        };
        step.try_set(Step::Checking);
        let body = StartRestore {
            upload,
            identity: SecretText::new(kit.try_get_untracked().unwrap_or_default()),
            code: code.get().map(SecretText::new),
            revoke_sessions: revoke_sessions.try_get_untracked().unwrap_or_default(),
        };
        spawn_local(async move {
            match api::restore::start(&body).await {
                Ok(report) => {
                    kit.try_set(String::new());
                    step.try_set(Step::Done(report));
                }
                Err(error) => fail(&error),
            }
        });
    });
    let progress = Callback::new(move |part: f64| {
        step.try_set(Step::Sending(part));
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        problem.set(None);
        file.with_untracked(|file| {
            if let Some(file) = file {
                step.set(Step::Sending(0.0));
                api::restore::upload(file, code.get().as_deref(), progress, sent);
            }
        });
    };
    let part = move || match step.get() {
        Step::Sending(part) => Some(part),
        _ => None,
    };
    let size = move || {
        let size = file.with(|file| file.as_ref().map(|file| file.size()))?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "sizes of files are whole and not negative"
        )]
        let size = size as u64;
        Some(bytes(size))
    };
    view! {
            <Card
                title="Restore from a backup"
                lead="Everything comes back as it was: projects, secrets, people, machine identities."
            >
                <form class="form" on:submit=submit>
                    <SetupCodeField code required=false />
                    <div class="field">
                        <label for="backup-file">"Backup file"</label>
                        <input
                            id="backup-file"
                            type="file"
                            required=true
                            on:change=move |event| file.set(chosen_file(&event))
                        />
    <p class="hint">{size}</p>
                    </div>
                    <KitInput kit problem />
                    <Checkbox
                        label="End all sessions"
                        hint="Everybody has to log in again. Right after a theft."
                        checked=revoke_sessions
                    />
                    <ProblemNotice problem />
                    <div class="restore-progress" role="status">
                        <Show when=move || part().is_some()>
                            <label class="field-label" for="upload-progress">
                                "Sending the backup"
                            </label>
                            <progress
                                id="upload-progress"
                                max="1"
                                prop:value=move || part().unwrap_or_default().to_string()
                            ></progress>
                        </Show>
                        <Show when=move || step.get() == Step::Checking>
                            <p>"Opening and checking every value …"</p>
                        </Show>
                    </div>
                    <Button
                        label="Restore"
                        kind="submit"
                        weight=Weight::Primary
                        busy
                        disabled=Signal::derive(move || {
                            file.with(Option::is_none) || kit.with(|kit| kit.trim().is_empty())
                        })
                    />
                    <p>
                        <a href=move || code.link_to("/admin/signup") rel="external" class="link">
                            "Start afresh instead"
                        </a>
                    </p>
                </form>
            </Card>
        }
}

#[component]
fn Report(report: RestoreReport) -> impl IntoView {
    let session = Session::current();
    let counts = report.counts;
    let damaged = (report.unreadable > 0).then(|| {
        view! {
            <p class="notice notice-warning">
                <Glyph icon=Icon::Warning />
                <span>
                    {format!(
                        "{} cannot be read: damaged before the backup was made. Set these secrets anew.",
                        count_of(report.unreadable, "value"),
                    )}
                </span>
            </p>
        }
    });
    let in_force: Vec<String> = report
        .in_force
        .iter()
        .map(|found| count_of(found.count, &found.kind))
        .collect();
    let in_force = (!in_force.is_empty()).then(|| {
        view! {
            <p>
                {format!(
                    "In force as when the backup was made: {}. What was revoked since is among them: once logged in, look \
                     through sessions, machine identities and service tokens.",
                    in_force.join(", "),
                )}
            </p>
        }
    });
    view! {
        <Card title="Restored" lead="Every value was opened and checked. Accounts and passwords are those of the backup.">
            <dl class="facts">
                <dt>"Backup of"</dt>
                <dd>{minute(report.created_at)}</dd>
                <dt>"Made by"</dt>
                <dd>{format!("Strongroom {}", report.version)}</dd>
                <dt>"Projects"</dt>
                <dd>{counts.projects}</dd>
                <dt>"Secrets"</dt>
                <dd>{format!("{} with {}", counts.secrets, count_of(counts.versions, "version"))}</dd>
                <dt>"People"</dt>
                <dd>{counts.users}</dd>
                <dt>"Machine identities"</dt>
                <dd>{counts.identities}</dd>
            </dl>
            {damaged}
            {in_force}
            <Button
                label="Log in"
                weight=Weight::Primary
                on_press=move |()| session.set_up_elsewhere()
            />
        </Card>
    }
}
