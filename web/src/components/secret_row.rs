//! One secret of the list: masked, revealed for a while, edited in place, deleted.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::model::ids::SecretId;
use shared::model::text::SecretText;

use super::announcer::Announcements;
use super::button::IconButton;
use super::dialog::ConfirmDialog;
use super::focus::focus_next;
use super::icon::Icon;
use super::notice::ProblemNotice;
use super::secret_editor::{SecretEditor, Typed};
use crate::api::error::{Error, Kind};
use crate::plaintext;
use crate::problem::Problem;
use crate::secrets::{Line, Open, Secrets};

/// How long a value stays on the screen.
const REVEALED: Duration = Duration::from_secs(30);
/// Always the same, so that it tells nothing about the value.
const MASK: &str = "••••••••••••";

/// One secret.
#[component]
pub fn SecretRow(
    /// The list it stands in.
    secrets: Secrets,
    /// The secret.
    line: Line,
) -> impl IntoView {
    let line = StoredValue::new(line);
    let entry = line.with_value(|line| line.entry.clone());
    let revealed = Revealed::new();
    let reading = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let deleting = RwSignal::new(false);
    let typed = Typed::nothing();
    let version = RwSignal::new(0);
    let announcements = Announcements::current();
    let id = line.with_value(|line| line.id);
    let editing = Memo::new(move |_| secrets.open.get() == Open::Edit(id));

    let name = {
        let entry = entry.clone();
        Memo::new(move |_| entry.with(|entry| entry.name.clone()))
    };
    let comment = {
        let entry = entry.clone();
        move || entry.with(|entry| plaintext::on_screen(&entry.comment))
    };
    let number = move || format!("v{}", entry.with(|entry| entry.version));

    // Reads the value, then hands it on; one reading at a time.
    let read = move |what: &'static str, then: Callback<shared::wire::secrets::Secret>| {
        if reading.get_untracked() {
            return;
        }
        reading.set(true);
        problem.set(None);
        spawn_local(async move {
            let name = name.get_untracked();
            match secrets.read(&name).await {
                Ok(secret) => then.run(secret),
                Err(error) => problem.set(Some(Problem::new(format!("{name} was not {what}"), &error))),
            }
            reading.set(false);
        });
    };
    let reveal = move |()| {
        if revealed.is_shown() {
            revealed.mask();
        } else {
            read(
                "revealed",
                Callback::new(move |secret: shared::wire::secrets::Secret| {
                    revealed.show(secret.secret_value);
                }),
            );
        }
    };
    let copy = move |()| {
        read(
            "copied",
            Callback::new(move |secret: shared::wire::secrets::Secret| {
                spawn_local(async move {
                    let name = name.get_untracked();
                    if plaintext::to_clipboard(&secret.secret_value).await {
                        announcements.say(format!("Copied {name}"));
                    } else {
                        revealed.show(secret.secret_value);
                        announcements.say(format!(
                        "This browser does not let the page copy. {name} is shown instead: select and copy it."
                    ));
                    }
                });
            }),
        );
    };
    let edit = move |()| {
        read(
            "opened",
            Callback::new(move |secret: shared::wire::secrets::Secret| {
                revealed.mask();
                typed.fill(&secret);
                version.set(secret.version);
                secrets.open.set(Open::Edit(id));
            }),
        );
    };
    let close = move |()| {
        typed.clear();
        problem.set(None);
        secrets.open.set(Open::Nothing);
        focus_next(edit_button(id));
    };
    let save = move |()| {
        let draft = match typed.draft() {
            Ok(draft) => draft,
            Err(refused) => return problem.set(Some(refused)),
        };
        reading.set(true);
        spawn_local(async move {
            let line = line.get_value();
            match secrets.update(&line, version.get_untracked(), draft).await {
                Ok(()) => {
                    close(());
                    announcements.say(format!("Saved {}", line.name()));
                }
                Err(error) => {
                    let told = explain(secrets, &line, version, &error).await;
                    problem.set(Some(told));
                }
            }
            reading.set(false);
        });
    };
    let delete = move |()| {
        reading.set(true);
        spawn_local(async move {
            let line = line.get_value();
            let name = line.name();
            match secrets.delete(&line).await {
                Ok(()) => {
                    announcements.say(format!("Deleted {name}"));
                    focus_next("add-secret");
                }
                Err(error) => {
                    deleting.set(false);
                    reading.set(false);
                    problem.set(Some(Problem::new(format!("{name} was not deleted"), &error)));
                }
            }
        });
    };

    view! {
        <li class="secret" class:secret-open=move || editing.get()>
            <div class="secret-line">
                <div class="secret-name">
                    <bdi>{move || name.get()}</bdi>
                    <span class="secret-version">{number}</span>
                </div>
                <div class="secret-value">
                    {move || match revealed.text() {
                        Some(text) => view! { <pre class="plain" tabindex="0">{text}</pre> }.into_any(),
                        None => {
                            view! {
                                <span class="mask" aria-hidden="true">
                                    {MASK}
                                </span>
                                <span class="visually-hidden">"Value hidden"</span>
                            }
                                .into_any()
                        }
                    }}
                </div>
                <p class="secret-comment">
                    <bdi>{comment}</bdi>
                </p>
                <div class="secret-actions">
                    <IconButton
                        name=Signal::derive(move || {
                            format!("{} {}", if revealed.is_shown() { "Hide" } else { "Reveal" }, name.get())
                        })
                        icon=Signal::derive(move || {
                            if revealed.is_shown() { Icon::EyeOff } else { Icon::Eye }
                        })
                        on_press=reveal
                    />
                    <IconButton
                        name=Signal::derive(move || format!("Copy {}", name.get()))
                        icon=Icon::Copy
                        on_press=copy
                    />
                    <IconButton
                        name=Signal::derive(move || format!("Edit {}", name.get()))
                        id=edit_button(id)
                        icon=Icon::Pencil
                        on_press=edit
                    />
                    <IconButton
                        name=Signal::derive(move || format!("Delete {}", name.get()))
                        icon=Icon::Bin
                        on_press=move |()| deleting.set(true)
                    />
                </div>
            </div>
            <Show
                when=move || editing.get()
                fallback=move || view! { <ProblemNotice problem /> }
            >
                <SecretEditor
                    title=format!("Edit {}", name.get_untracked())
                    typed
                    busy=reading
                    problem
                    on_save=save
                    on_cancel=close
                />
            </Show>
            <Show when=move || deleting.get()>
                <ConfirmDialog
                    title=format!("Delete {}?", name.get_untracked())
                    consequence=format!(
                        "It goes from the environment {}. Programs that read it will not find it any more.",
                        secrets.place().environment,
                    )
                    busy=reading
                    on_confirm=delete
                    on_close=move |()| deleting.set(false)
                />
            </Show>
        </li>
    }
}

fn edit_button(secret: SecretId) -> String {
    format!("edit-{secret}")
}

/// Says why a change was not saved. When somebody else was faster, the list takes their version over, and what was
/// typed here stays in the form.
async fn explain(secrets: Secrets, line: &Line, version: RwSignal<i64>, error: &Error) -> Problem {
    let name = line.name();
    let what = format!("{name} was not saved");
    if error.kind != Kind::Conflict {
        return Problem::new(what, error);
    }
    match secrets.read(&name).await {
        Ok(current) if current.version != version.get_untracked() => {
            version.set(current.version);
            secrets.reload();
            Problem {
                why: format!(
                    "Somebody else changed it while you were editing: it is at version {} now.",
                    current.version
                ),
                next: "What you typed is still here. Save replaces their change, Cancel keeps it.".to_owned(),
                ..Problem::new(what, error)
            }
        }
        Err(gone) if gone.kind == Kind::NotFound => Problem {
            why: "Somebody else renamed or deleted it while you were editing.".to_owned(),
            next: "Copy what you typed if you still need it, then cancel and reload the page.".to_owned(),
            ..Problem::new(what, error)
        },
        _ => Problem::new(what, error),
    }
}

/// A value on the screen, until the time is over or the tab is out of sight.
#[derive(Clone, Copy)]
struct Revealed {
    value: RwSignal<Option<SecretText>>,
    timer: StoredValue<Option<TimeoutHandle>>,
    listener: StoredValue<Option<WindowListenerHandle>>,
}

impl Revealed {
    fn new() -> Self {
        let revealed = Self {
            value: RwSignal::new(None),
            timer: StoredValue::new(None),
            listener: StoredValue::new(None),
        };
        on_cleanup(move || revealed.stop_waiting());
        revealed
    }

    fn is_shown(self) -> bool {
        self.value.with(Option::is_some)
    }

    fn text(self) -> Option<String> {
        self.value.with(|value| value.as_ref().map(plaintext::on_screen))
    }

    fn show(self, value: SecretText) {
        self.stop_waiting();
        if document().hidden() {
            return;
        }
        self.value.set(Some(value));
        self.timer
            .set_value(set_timeout_with_handle(move || self.mask(), REVEALED).ok());
        self.listener.set_value(Some(window_event_listener_untyped(
            "visibilitychange",
            move |_| {
                if document().hidden() {
                    self.mask();
                }
            },
        )));
    }

    fn mask(self) {
        self.stop_waiting();
        self.value.set(None);
    }

    fn stop_waiting(self) {
        if let Some(Some(timer)) = self.timer.try_update_value(Option::take) {
            timer.clear();
        }
        if let Some(Some(listener)) = self.listener.try_update_value(Option::take) {
            listener.remove();
        }
    }
}
