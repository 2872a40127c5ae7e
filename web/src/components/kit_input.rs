//! A recovery kit given back: its file, or its key typed or pasted.

use js_sys::futures::JsFuture;
use leptos::ev::Event;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_bindgen::JsCast;
use web_sys::{File, HtmlInputElement};

use super::field::TextArea;
use crate::problem::Problem;

/// A kit is less than two kilobytes; what is far larger is another file.
const LARGEST_KIT: f64 = 64_000.0;

/// The file of a file input's change.
pub fn chosen_file(event: &Event) -> Option<File> {
    event
        .target()
        .and_then(|target| target.dyn_into::<HtmlInputElement>().ok())
        .and_then(|input| input.files())
        .and_then(|files| files.get(0))
}

/// The two ways to give it.
#[component]
pub fn KitInput(
    /// The text of the kit.
    kit: RwSignal<String>,
    /// What is wrong with the file.
    problem: RwSignal<Option<Problem>>,
    /// Whether whatever opens the store will do, and not only what opens a backup.
    #[prop(optional)]
    any_key: bool,
) -> impl IntoView {
    let label = if any_key {
        "Or the key itself (AGE-SECRET-KEY-1…), cards, an SSH key, a passphrase, or ENCRYPTION_KEY"
    } else {
        "Or the key itself (AGE-SECRET-KEY-1…), or cards"
    };
    let choose = move |event: Event| {
        let Some(file) = chosen_file(&event) else {
            return;
        };
        problem.set(None);
        spawn_local(async move {
            match text_of(&file).await {
                Some(text) => {
                    kit.try_set(text);
                }
                None => {
                    problem.try_set(Some(Problem::local(
                        "The kit was not read",
                        "The file is no recovery kit: it is too large or cannot be read.",
                        "Choose the file of the kit, or paste its key below.",
                    )));
                }
            }
        });
    };
    view! {
        <div class="field">
            <label for="kit-file">"Recovery kit file"</label>
            <input id="kit-file" type="file" accept=".txt,text/plain" on:change=choose />
        </div>
        <TextArea id="kit-text" label value=kit />
    }
}

async fn text_of(file: &File) -> Option<String> {
    if file.size() > LARGEST_KIT {
        return None;
    }
    JsFuture::from(file.text()).await.ok()?.as_string()
}
