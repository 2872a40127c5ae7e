//! The form of a secret in the list, new or existing. The bar below the list saves it, together with the others.

use leptos::ev::{ClipboardEvent, KeyboardEvent, SubmitEvent};
use leptos::prelude::*;

use super::button::{Button, Weight};
use super::field::{Field, TextArea};
use super::focus::focus_next;
use super::icon::{Glyph, Icon};
use super::notice::ProblemNotice;
use super::secret_list::Drawn;
use super::tag_picker::TagPicker;
use super::value_diff::ValueDiff;
use crate::secrets::Secrets;
use crate::secrets::draft::Draft;
use crate::secrets::listing::RowKey;
use crate::secrets::pasted::{self, Pasted};

/// The form. Escape leaves it when nothing was typed, Ctrl+Enter (or Cmd+Enter) saves.
#[component]
pub fn SecretEditor(
    /// The list it stands in.
    secrets: Secrets,
    /// What was typed.
    draft: Draft,
    /// Where it stands.
    drawn: Drawn,
) -> impl IntoView {
    let number = draft.number;
    let existing = !draft.is_new;
    let original = RwSignal::from(draft.original.clone());
    let title = move || {
        original.with(|original| match original {
            Some(original) => format!("Edit {}", original.content.name),
            None => "New secret".to_owned(),
        })
    };
    let draft = StoredValue::new(draft);
    let (name, value, comment, problem) = draft.with_value(|draft| {
        (
            RwSignal::from(draft.name.clone()),
            RwSignal::from(draft.value.clone()),
            RwSignal::from(draft.comment.clone()),
            RwSignal::from(draft.problem.clone()),
        )
    });
    let field = move |what: &str| format!("secret-{what}-{number}");
    // A form that scrolls back into sight must not take the focus again.
    Effect::new(move |_| {
        if secrets.wants_focus.get() == Some(number) {
            secrets.wants_focus.set(None);
            let named = name.with_untracked(|name| !name.is_empty());
            focus_next(field(if existing || named { "value" } else { "name" }));
        }
    });
    let leave = move || draft.with_value(|draft| secrets.leave(draft));
    let keys = move |event: KeyboardEvent| {
        if event.key() == "Escape" && !untrack(|| draft.with_value(Draft::is_dirty)) {
            event.prevent_default();
            event.stop_propagation();
            leave();
        }
    };
    // A whole file pasted into the name is an import; one line of it fills both fields.
    let paste = move |event: ClipboardEvent| {
        let text = event
            .clipboard_data()
            .and_then(|data| data.get_data("text/plain").ok())
            .unwrap_or_default();
        match pasted::read(&text) {
            Pasted::Other => {}
            Pasted::One(pair) => {
                event.prevent_default();
                name.set(pair.name);
                value.set(crate::plaintext::in_field(&pair.value));
                focus_next(field("value"));
            }
            Pasted::Many => {
                event.prevent_default();
                secrets.import(text);
            }
        }
    };
    view! {
        <li
            class="secret secret-form"
            aria-setsize=move || drawn.count().to_string()
            aria-posinset=move || drawn.position(RowKey::Draft(number)).to_string()
            on:focusin=move |_| {
                let secret = original.with_untracked(|original| original.as_ref().map(|original| original.id));
                if secret.is_some() && secrets.active.get_untracked() != secret {
                    secrets.active.set(secret);
                }
            }
        >
            <form
                class="secret-editor"
                aria-label=title
                on:keydown=keys
                on:submit=move |event: SubmitEvent| {
                    event.prevent_default();
                    secrets.save();
                }
            >
                <div class="secret-fields">
                    <div class="secret-field-name" on:paste=paste>
                        <Field id=field("name") label="Name" value=name code=true />
                    </div>
                    <TextArea id=field("value") label="Value" value />
                    <Field id=field("comment") label="Comment" value=comment required=false />
                    <TagPicker secrets draft />
                </div>
                <Gone secrets draft />
                <Conflict draft />
                <ProblemNotice problem />
                <div class="actions">
                    <Button label="Cancel" small=true on_press=move |()| leave() />
                </div>
            </form>
        </li>
    }
}

/// Somebody took the secret away: what was typed can become a new one.
#[component]
fn Gone(secrets: Secrets, draft: StoredValue<Draft>) -> impl IntoView {
    let gone = draft.with_value(|draft| RwSignal::from(draft.gone.clone()));
    let keep = move |()| {
        let draft = draft.get_value();
        secrets.keep_as_new(&draft);
    };
    view! {
        <div role="alert" class="notice-place">
            <Show when=move || gone.get()>
                <div class="notice notice-warning">
                    <Glyph icon=Icon::Warning />
                    <div class="notice-text">
                        <p class="notice-what">"The secret is not here any more"</p>
                        <p>
                            "Somebody deleted or moved it while you were editing. What you typed is still here: keep it as a new secret, or cancel."
                        </p>
                        <div class="actions actions-start">
                            <Button label="Keep as a new secret" small=true on_press=keep />
                        </div>
                    </div>
                </div>
            </Show>
        </div>
    }
}

/// Somebody else was faster: shows what they made of it, and asks whose it is to be.
#[component]
fn Conflict(draft: StoredValue<Draft>) -> impl IntoView {
    let theirs = draft.with_value(|draft| RwSignal::from(draft.theirs.clone()));
    let comparing = RwSignal::new(false);
    let version = move || theirs.with(|theirs| theirs.as_ref().map(|theirs| theirs.version));
    let keep = move |()| draft.with_value(Draft::keep_mine);
    let take = move |()| draft.with_value(Draft::take_theirs);
    view! {
        <div role="alert" class="notice-place">
            {move || {
                version()
                    .map(|version| {
                        view! {
                            <div class="notice notice-warning">
                                <Glyph icon=Icon::Warning />
                                <div class="notice-text">
                                    <p class="notice-what">"Somebody else changed it while you were editing"</p>
                                    <p>
                                        {format!(
                                            "It is at version {version} now. What you typed is still here: keep yours and save, or take theirs.",
                                        )}
                                    </p>
                                    <div class="actions actions-start">
                                        <Button label="Keep mine" small=true on_press=keep />
                                        <Button label="Take theirs" small=true on_press=take />
                                        <Button
                                            label=Signal::derive(move || {
                                                if comparing.get() { "Hide difference" } else { "Show difference" }
                                                    .to_owned()
                                            })
                                            small=true
                                            weight=Weight::Ghost
                                            on_press=move |()| comparing.update(|shown| *shown = !*shown)
                                        />
                                    </div>
                                    {move || {
                                        theirs
                                            .get()
                                            .filter(|_| comparing.get())
                                            .map(|theirs| {
                                                let mine = draft.with_value(Draft::typed);
                                                theirs
                                                    .content
                                                    .differences(&mine)
                                                    .into_iter()
                                                    .map(|(what, older, newer)| {
                                                        view! {
                                                            <p class="diff-what">{what}</p>
                                                            <ValueDiff older newer />
                                                        }
                                                    })
                                                    .collect_view()
                                            })
                                    }}
                                </div>
                            </div>
                        }
                    })
            }}
        </div>
    }
}
