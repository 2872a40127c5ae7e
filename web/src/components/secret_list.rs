//! The list of secrets with the form of a new one.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::announcer::Announcements;
use super::button::{Button, Weight};
use super::focus::focus_next;
use super::icon::Icon;
use super::notice::ProblemNotice;
use super::secret_editor::{SecretEditor, Typed};
use super::secret_row::SecretRow;
use crate::problem::Problem;
use crate::projects::Load;
use crate::secrets::{Open, Secrets};

/// The list.
#[component]
pub fn SecretList(
    /// What it shows.
    secrets: Secrets,
) -> impl IntoView {
    let lines = move || match secrets.list() {
        Load::Ready(lines) => lines,
        _ => Vec::new(),
    };
    let failed = Signal::derive(move || match secrets.list() {
        Load::Failed(problem) => Some(problem),
        _ => None,
    });
    let loading = Memo::new(move |_| matches!(secrets.list(), Load::Loading));
    let empty = Memo::new(move |_| secrets.is_empty() && secrets.open.get() != Open::Add);
    view! {
        <AddSecret secrets />
        <ProblemNotice problem=failed retry=move |()| secrets.reload() />
        <Show when=move || loading.get()>
            <Placeholder />
        </Show>
        <Show when=move || empty.get()>
            <div class="empty">
                <h2>"No secrets here yet"</h2>
                <p>"Add the first one, such as a database address. It is encrypted before it is stored."</p>
                <AddSecretButton secrets />
            </div>
        </Show>
        <ul class="secrets" aria-label="Secrets">
            <For each=lines key=|line| line.id let(line)>
                <SecretRow secrets line />
            </For>
        </ul>
    }
}

/// Opens the form of a new secret. It stands in one place at a time: beside the heading, or alone in an empty list.
#[component]
pub fn AddSecretButton(
    /// The list to add to.
    secrets: Secrets,
) -> impl IntoView {
    view! {
        <Button
            id="add-secret"
            label="Add Secret"
            icon=Icon::Plus
            weight=Weight::Primary
            on_press=move |()| secrets.open.set(Open::Add)
        />
    }
}

/// Gray lines of the size of real ones.
#[component]
fn Placeholder() -> impl IntoView {
    view! {
        <div class="placeholder" aria-busy="true">
            <p class="visually-hidden" role="status">"Loading secrets"</p>
            <div class="placeholder-line"></div>
            <div class="placeholder-line"></div>
            <div class="placeholder-line"></div>
        </div>
    }
}

/// The form of a new secret. What was typed stays when the form is closed by opening another one.
#[component]
fn AddSecret(secrets: Secrets) -> impl IntoView {
    let typed = Typed::nothing();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let announcements = Announcements::current();
    let close = move |()| {
        typed.clear();
        problem.set(None);
        secrets.open.set(Open::Nothing);
        focus_next("add-secret");
    };
    let save = move |()| {
        let draft = match typed.draft() {
            Ok(draft) => draft,
            Err(refused) => return problem.set(Some(refused)),
        };
        busy.set(true);
        spawn_local(async move {
            let name = draft.name.clone();
            match secrets.create(draft).await {
                Ok(()) => {
                    close(());
                    announcements.say(format!("Saved {name}"));
                }
                Err(error) => problem.set(Some(Problem::new(format!("{name} was not saved"), &error))),
            }
            busy.set(false);
        });
    };
    view! {
        <Show when=move || secrets.open.get() == Open::Add>
            <section class="panel">
                <h2>"New secret"</h2>
                <SecretEditor
                    title="New secret"
                    typed
                    starts_with_name=true
                    busy
                    problem
                    on_save=save
                    on_cancel=close
                />
            </section>
        </Show>
    }
}
