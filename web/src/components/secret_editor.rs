//! The form of a secret, new or existing.

use std::str::FromStr;

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::prelude::*;
use shared::model::names::SecretName;
use shared::model::text::SecretText;
use shared::wire::secrets::Secret;

use super::button::{Button, Weight};
use super::field::{Field, TextArea};
use super::notice::ProblemNotice;
use crate::api::secrets::Draft;
use crate::plaintext;
use crate::problem::Problem;

/// What was typed so far; a handle that is cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Typed {
    name: RwSignal<String>,
    value: RwSignal<String>,
    comment: RwSignal<String>,
}

impl Typed {
    /// Nothing yet.
    pub fn nothing() -> Self {
        Self {
            name: RwSignal::new(String::new()),
            value: RwSignal::new(String::new()),
            comment: RwSignal::new(String::new()),
        }
    }

    /// Starts from a secret as it is.
    pub fn fill(self, secret: &Secret) {
        self.name.set(secret.secret_key.clone());
        self.value.set(plaintext::in_field(&secret.secret_value));
        self.comment.set(plaintext::in_field(&secret.secret_comment));
    }

    /// Forgets everything.
    pub fn clear(self) {
        for signal in [self.name, self.value, self.comment] {
            signal.set(String::new());
        }
    }

    /// What is to be saved, or why it cannot be.
    pub fn draft(self) -> Result<Draft, Problem> {
        let name = self.name.with_untracked(|name| checked_name(name))?;
        Ok(Draft {
            name,
            value: SecretText::new(self.value.get_untracked()),
            comment: SecretText::new(self.comment.get_untracked()),
        })
    }
}

fn checked_name(name: &str) -> Result<String, Problem> {
    let refuse =
        |why: String| Problem::local("The secret was not saved", why, "Change the name and save again.");
    let name = SecretName::from_str(name).map_err(|reason| refuse(reason.to_string()))?;
    // A browser takes such a name in an address for "this folder" or "the folder above".
    if matches!(name.as_str(), "." | "..") {
        return Err(refuse(
            "a name of only one or two dots has no address of its own".to_owned(),
        ));
    }
    Ok(name.to_string())
}

/// The form. Escape leaves it, Ctrl+Enter (or Cmd+Enter) saves.
#[component]
pub fn SecretEditor(
    /// What it is for, read out as the form's name.
    #[prop(into)]
    title: String,
    /// What was typed.
    typed: Typed,
    /// Whether the name is typed first; else the value.
    #[prop(optional)]
    starts_with_name: bool,
    /// Whether saving is under way.
    #[prop(into)]
    busy: Signal<bool>,
    /// Why it was not saved.
    #[prop(into)]
    problem: Signal<Option<Problem>>,
    /// Save.
    #[prop(into)]
    on_save: Callback<()>,
    /// Leave without saving.
    #[prop(into)]
    on_cancel: Callback<()>,
) -> impl IntoView {
    let save = move || {
        if !busy.get_untracked() {
            on_save.run(());
        }
    };
    let keys = move |event: KeyboardEvent| match event.key().as_str() {
        "Escape" => {
            event.prevent_default();
            on_cancel.run(());
        }
        "Enter" if event.ctrl_key() || event.meta_key() => {
            event.prevent_default();
            save();
        }
        _ => {}
    };
    view! {
        <form
            class="form secret-editor"
            aria-label=title
            on:keydown=keys
            on:submit=move |event: SubmitEvent| {
                event.prevent_default();
                save();
            }
        >
            <Field id="secret-name" label="Name" value=typed.name code=true focused=starts_with_name />
            <TextArea id="secret-value" label="Value" value=typed.value focused=!starts_with_name />
            <Field id="secret-comment" label="Comment" value=typed.comment required=false />
            <ProblemNotice problem />
            <div class="actions">
                <Button label="Cancel" on_press=on_cancel />
                <Button label="Save" kind="submit" weight=Weight::Primary busy />
            </div>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_browser_cannot_address_are_refused() {
        for name in [".", "..", " .. ", "", "a\nb"] {
            assert!(checked_name(name).is_err(), "{name:?}");
        }
        assert_eq!(checked_name(" DB_URL ").ok().as_deref(), Some("DB_URL"));
        assert_eq!(checked_name("...").ok().as_deref(), Some("..."));
    }
}
