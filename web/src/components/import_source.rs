//! Where an import comes from: a text to paste, a file to drop or to choose.

use leptos::ev::DragEvent;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::import::Format;
use web_sys::File;

use super::button::Button;
use super::dropped::{self, on_drop};
use super::icon::Icon;
use crate::plaintext;
use crate::problem::Problem;

/// The source.
#[component]
pub fn ImportSource(
    /// The text.
    text: RwSignal<String>,
    /// The format; a file's name decides it.
    format: RwSignal<String>,
    /// Why a file was not read.
    problem: RwSignal<Option<Problem>>,
) -> impl IntoView {
    let over = RwSignal::new(false);
    let chooser = NodeRef::<html::Input>::new();
    let area = NodeRef::<html::Textarea>::new();
    Effect::new(move |_| {
        if let Some(area) = area.get() {
            // A browser that refuses leaves the focus where it was, which is no harm.
            let _ = area.focus();
        }
    });
    let take = move |file: File| {
        problem.set(None);
        spawn_local(async move {
            match dropped::read(&file).await {
                Ok(source) => {
                    // The sheet may be closed by now.
                    if text.try_set(plaintext::in_field(&source.text)).is_none() {
                        format.set(format_word(source.format).to_owned());
                    }
                }
                Err(refused) => {
                    let _ = problem.try_set(Some(refused));
                }
            }
        });
    };
    // Wherever in the sheet, or beside it, a file is dropped.
    let drop = on_drop(move |file| {
        over.set(false);
        take(file);
    });
    on_cleanup(move || drop.remove());
    let chosen = move |_| {
        let file = chooser
            .get_untracked()
            .and_then(|chooser| chooser.files())
            .and_then(|files| files.get(0));
        if let Some(file) = file {
            take(file);
        }
    };
    view! {
        <div
            class="import-source"
            class:import-over=move || over.get()
            on:dragover=move |event: DragEvent| {
                event.prevent_default();
                over.set(true);
            }
            on:dragleave=move |_| over.set(false)
        >
            <div class="field">
                <label for="import-text">"Paste or drop a .env, JSON, YAML or CSV file"</label>
                <textarea
                    id="import-text"
                    node_ref=area
                    class="code import-text"
                    rows="6"
                    placeholder="DB_URL=postgres://…"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    prop:value=move || text.get()
                    on:input=move |event| text.set(event_target_value(&event))
                ></textarea>
            </div>
            <input
                node_ref=chooser
                class="visually-hidden"
                type="file"
                tabindex="-1"
                aria-label="File to import"
                on:change=chosen
            />
            <div class="actions actions-start">
                <Button
                    label="Choose file"
                    icon=Icon::File
                    small=true
                    on_press=move |()| {
                        if let Some(chooser) = chooser.get_untracked() {
                            chooser.click();
                        }
                    }
                />
            </div>
        </div>
    }
}

/// How a format is called in the choice.
pub fn format_word(format: Option<Format>) -> &'static str {
    match format {
        Some(Format::Dotenv) => "dotenv",
        Some(Format::Json) => "json",
        Some(Format::Yaml) => "yaml",
        Some(Format::Csv) => "csv",
        None => super::import_sheet::AUTOMATIC,
    }
}
