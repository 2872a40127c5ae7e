//! Buttons that put something on the clipboard.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::model::text::SecretText;

use super::announcer::Announcements;
use super::button::IconButton;
use super::icon::Icon;
use crate::plaintext;

/// Puts a text on the clipboard and says how it went.
pub async fn copy(announcements: Announcements, what: &str, text: &SecretText) -> bool {
    let copied = plaintext::to_clipboard(text).await;
    announcements.say(if copied {
        format!("Copied {what}")
    } else {
        format!(
            "{what} was not copied: a browser allows it over HTTPS or on the same machine only. Select the text and \
             copy it with the keyboard."
        )
    });
    copied
}

/// Copies one text; shows a tick for a moment when it worked.
#[component]
pub fn CopyButton(
    /// What it copies, such as `client ID`: the button is called `Copy client ID`.
    #[prop(into)]
    what: String,
    /// The text.
    #[prop(into)]
    text: Signal<SecretText>,
) -> impl IntoView {
    let announcements = Announcements::current();
    let done = RwSignal::new(false);
    let name = format!("Copy {what}");
    let press = move |()| {
        let what = what.clone();
        spawn_local(async move {
            if copy(announcements, &what, &text.get_untracked()).await {
                done.try_set(true);
                set_timeout(
                    move || {
                        done.try_set(false);
                    },
                    Duration::from_secs(2),
                );
            }
        });
    };
    let icon = Signal::derive(move || if done.get() { Icon::Check } else { Icon::Copy });
    view! { <IconButton name icon on_press=press done /> }
}

/// A command or a few lines of text with a button that copies them.
#[component]
pub fn CodeBlock(
    /// What it is, such as `the command`.
    #[prop(into)]
    what: String,
    /// The text.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    let copied = Signal::derive(move || SecretText::new(text.get()));
    view! {
        <div class="code-block">
            <pre tabindex="0">{move || text.get()}</pre>
            <CopyButton what text=copied />
        </div>
    }
}
