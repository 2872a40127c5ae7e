//! The keys of the secrets page, what is pasted or dropped there, and the sheet that lists the keys.

use leptos::ev::{self, KeyboardEvent};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_bindgen::JsCast;
use web_sys::Element;

use super::dialog::{CancelButton, Dialog};
use super::dropped::{self, on_drop};
use super::focus::{focus_next, is_covered, takes_text};
use super::secret_toolbar::SEARCH;
use crate::secrets::entry::Entry;
use crate::secrets::listing::{Row, rows};
use crate::secrets::pasted::{self, Pasted};
use crate::secrets::reading::row_id;
use crate::secrets::{Secrets, Sheet};
use crate::words::sentence;

/// What each key does, in the order of the sheet.
const KEYS: [(&str, &str); 19] = [
    ("/", "Search"),
    ("n", "Add a secret"),
    ("i", "Import"),
    ("↑ ↓", "Choose a secret"),
    ("r", "Reveal or hide its value"),
    ("c", "Copy its value"),
    ("e", "Edit it"),
    ("Enter", "On a secret: edit it"),
    ("v", "Show its versions"),
    ("Del", "Delete it"),
    ("Ctrl Enter", "Save all changes"),
    ("Ctrl U", "Discard all changes"),
    ("Ctrl Z", "Undo what was saved last"),
    ("Esc", "Leave a field, a form or a dialog"),
    ("Ctrl V", "Anywhere: import the copied KEY=value lines"),
    ("g p", "Go to the projects"),
    ("g b", "Go to the backups"),
    ("g k", "Go to keys and recovery kits"),
    ("?", "This list"),
];

/// Listens to keys, to pasting and to dropped files while the page is there.
pub fn listen(secrets: Secrets) {
    let keys = window_event_listener(ev::keydown, move |event| press(secrets, &event));
    let paste = window_event_listener(ev::paste, move |event| {
        let typing = event.target().is_some_and(|target| takes_text(&target));
        if typing || is_covered() {
            return;
        }
        let text = event
            .clipboard_data()
            .and_then(|data| data.get_data("text/plain").ok())
            .unwrap_or_default();
        if pasted::read(&text) != Pasted::Other {
            event.prevent_default();
            secrets.import(text);
        }
    });
    let drop = on_drop(move |file| {
        // The import takes a file itself when it is open.
        if is_covered() {
            return;
        }
        spawn_local(async move {
            match dropped::read(&file).await {
                // The page may be gone by now.
                Ok(source) => {
                    let _ = secrets.sheet.try_set(Sheet::Import(Some(source)));
                }
                Err(problem) => secrets.announcements().say(format!(
                    "{}. {} {}",
                    problem.what,
                    sentence(&problem.why),
                    problem.next
                )),
            }
        });
    });
    on_cleanup(move || {
        keys.remove();
        paste.remove();
        drop.remove();
    });
}

fn press(secrets: Secrets, event: &KeyboardEvent) {
    if event.default_prevented() || event.is_composing() || is_covered() {
        return;
    }
    let typing = event.target().is_some_and(|target| takes_text(&target));
    let key = event.key();
    if event.ctrl_key() || event.meta_key() {
        let done = match key.as_str() {
            "Enter" => {
                secrets.save();
                true
            }
            "u" if untrack(|| !secrets.drafts().is_empty()) => {
                secrets.discard_everything();
                true
            }
            "z" if !typing && !event.shift_key() => {
                secrets.undo();
                true
            }
            _ => false,
        };
        if done {
            event.prevent_default();
        }
        return;
    }
    if event.alt_key() || typing {
        return;
    }
    let active = secrets.active_entry();
    match (key.as_str(), active) {
        ("/", _) => focus_next(SEARCH),
        ("n", _) => {
            secrets.load_tags();
            secrets.add();
        }
        ("i", _) => secrets.sheet.set(Sheet::Import(None)),
        ("?", _) => secrets.sheet.set(Sheet::Keys),
        ("ArrowDown", _) => step(secrets, true),
        ("ArrowUp", _) => step(secrets, false),
        ("r", Some(entry)) => secrets.reveal(entry),
        ("c", Some(entry)) => secrets.copy(entry),
        ("e", Some(entry)) => secrets.edit(entry),
        ("Enter", Some(entry)) if is_on_row(event, &entry) => secrets.edit(entry),
        ("v", Some(entry)) => secrets.sheet.set(Sheet::Versions(entry)),
        ("Delete", Some(entry)) => secrets.sheet.set(Sheet::Delete(entry)),
        _ => return,
    }
    event.prevent_default();
}

/// Whether the focus is on the row itself, and not on one of its buttons.
fn is_on_row(event: &KeyboardEvent, entry: &Entry) -> bool {
    event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok())
        .is_some_and(|element| element.id() == row_id(entry))
}

/// Goes to the next or the previous secret that the search leaves.
fn step(secrets: Secrets, down: bool) {
    let search = secrets.search.get_untracked();
    let rows = untrack(|| secrets.with_entries(|entries| rows(entries, &[], &search)));
    let entries: Vec<_> = rows.iter().filter_map(Row::secret).collect();
    let active = secrets.active.get_untracked();
    let at = entries.iter().position(|entry| Some(entry.id) == active);
    let next = match at {
        None => 0,
        Some(at) if down => at + 1,
        Some(at) => at.saturating_sub(1),
    };
    if let Some(entry) = entries.get(next) {
        secrets.active.set(Some(entry.id));
        focus_next(row_id(entry));
    }
}

/// The sheet.
#[component]
pub fn KeySheet(
    /// The page.
    secrets: Secrets,
) -> impl IntoView {
    view! {
        <Dialog title="Keyboard shortcuts" on_close=move |()| secrets.sheet.set(Sheet::Nothing)>
            <dl class="keys">
                {KEYS
                    .into_iter()
                    .map(|(key, what)| {
                        view! {
                            <div class="key-line">
                                <dt>
                                    {key
                                        .split(' ')
                                        .map(|part| view! { <kbd>{part}</kbd> })
                                        .collect_view()}
                                </dt>
                                <dd>{what}</dd>
                            </div>
                        }
                    })
                    .collect_view()}
            </dl>
            <div class="actions">
                <CancelButton label="Close" />
            </div>
        </Dialog>
    }
}
