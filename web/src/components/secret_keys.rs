//! The keys of the secrets page, and the sheet that lists them.

use leptos::ev::{self, KeyboardEvent};
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use web_sys::Element;

use super::dialog::{CancelButton, Dialog};
use super::focus::focus_next;
use super::secret_toolbar::SEARCH;
use crate::secrets::listing::{Row, rows};
use crate::secrets::pasted::{self, Pasted};
use crate::secrets::reading::row_id;
use crate::secrets::{Secrets, Sheet};

/// What each key does, in the order of the sheet.
const KEYS: [(&str, &str); 14] = [
    ("/", "Search"),
    ("n", "Add a secret"),
    ("i", "Import"),
    ("↑ ↓", "Choose a secret"),
    ("r", "Reveal or hide its value"),
    ("c", "Copy its value"),
    ("e", "Edit it"),
    ("v", "Show its versions"),
    ("Del", "Delete it"),
    ("Ctrl Enter", "Save all changes"),
    ("Ctrl Z", "Undo what was saved last"),
    ("Esc", "Leave a field, a form or a dialog"),
    ("Ctrl V", "Anywhere: import the copied KEY=value lines"),
    ("?", "This list"),
];

/// Listens to keys and to pasting while the page is there.
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
            secrets.sheet.set(Sheet::Import(Some(text)));
        }
    });
    // Closing the tab with unsaved text asks first; the words are the browser's.
    let leaving = window_event_listener_untyped("beforeunload", move |event| {
        if untrack(|| secrets.unsaved().is_dirty()) {
            event.prevent_default();
        }
    });
    on_cleanup(move || {
        keys.remove();
        paste.remove();
        leaving.remove();
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
        ("v", Some(entry)) => secrets.sheet.set(Sheet::Versions(entry)),
        ("Delete", Some(entry)) => secrets.sheet.set(Sheet::Delete(entry)),
        _ => return,
    }
    event.prevent_default();
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

fn takes_text(target: &web_sys::EventTarget) -> bool {
    target
        .dyn_ref::<Element>()
        .is_some_and(|element| matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT"))
}

/// Whether a dialog or a menu is open: keys belong to it.
fn is_covered() -> bool {
    document()
        .query_selector("dialog[open], .menu:popover-open")
        .is_ok_and(|found| found.is_some())
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
                <CancelButton />
            </div>
        </Dialog>
    }
}
