//! Short messages, such as `Copied DB_URL`: shown for a moment and read out. One that can be undone stays longer.

use std::time::Duration;

use leptos::html;
use leptos::prelude::*;

use super::button::{Button, IconButton};
use super::focus::focus_next;
use super::icon::Icon;

const SHOWN: Duration = Duration::from_secs(5);
const SHOWN_WITH_UNDO: Duration = Duration::from_secs(12);
/// More at once would cover the page.
const AT_ONCE: usize = 3;

#[derive(Debug, Clone)]
struct Toast {
    id: u64,
    text: String,
    undo: Option<Callback<()>>,
}

/// Where pages leave their messages; a handle that is cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Announcements {
    list: RwSignal<Vec<Toast>>,
    last: StoredValue<u64>,
    /// The pointer or the keyboard rests on them: none goes away under it.
    held: RwSignal<bool>,
}

impl Announcements {
    /// Nothing to say yet.
    pub fn new() -> Self {
        Self {
            list: RwSignal::new(Vec::new()),
            last: StoredValue::new(0),
            held: RwSignal::new(false),
        }
    }

    /// The one that [`crate::app::App`] provides.
    pub fn current() -> Self {
        use_context().unwrap_or_else(Self::new)
    }

    /// Takes back what was said: something newer matters more. What can be undone stays.
    pub fn clear(self) {
        if self.list.with_untracked(|list| !list.is_empty()) {
            self.list.update(|list| list.retain(|toast| toast.undo.is_some()));
        }
    }

    /// Takes everything back, for whoever comes next.
    pub fn clear_all(self) {
        if self.list.with_untracked(|list| !list.is_empty()) {
            self.list.set(Vec::new());
        }
        self.held.set(false);
    }

    /// Says something.
    pub fn say(self, text: impl Into<String>) {
        self.clear();
        self.add(text.into(), None, SHOWN);
    }

    /// Says what was done and offers to take it back.
    pub fn say_with_undo(self, text: impl Into<String>, on_undo: impl Fn(()) + Send + Sync + 'static) {
        self.clear();
        self.add(text.into(), Some(Callback::new(on_undo)), SHOWN_WITH_UNDO);
    }

    fn add(self, text: String, undo: Option<Callback<()>>, shown: Duration) {
        let id = self.last.get_value() + 1;
        self.last.set_value(id);
        self.list.update(|list| {
            list.push(Toast { id, text, undo });
            let surplus = list.len().saturating_sub(AT_ONCE);
            list.drain(..surplus);
        });
        self.expire_after(id, shown);
    }

    fn expire_after(self, id: u64, shown: Duration) {
        set_timeout(
            move || {
                if self.held.get_untracked() {
                    self.expire_after(id, Duration::from_secs(2));
                } else {
                    self.remove(id);
                }
            },
            shown,
        );
    }

    fn remove(self, id: u64) {
        self.list.update(|list| list.retain(|toast| toast.id != id));
        if self.list.with_untracked(Vec::is_empty) {
            self.held.set(false);
        }
    }
}

impl Default for Announcements {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows them, above everything else.
#[component]
pub fn Announcer() -> impl IntoView {
    let announcements = Announcements::current();
    let list = announcements.list;
    let place = NodeRef::<html::Div>::new();
    // What opened last lies on top: an open dialog would else cover the messages.
    Effect::new(move |before: Option<usize>| {
        let count = list.with(Vec::len);
        if let Some(place) = place.get().filter(|_| count > before.unwrap_or_default()) {
            // Refused only when it is hidden or shown already, which is what was wanted.
            let _ = place.hide_popover();
            let _ = place.show_popover();
        }
        count
    });
    let held = announcements.held;
    view! {
        <div
            node_ref=place
            class="toasts"
            popover="manual"
            role="status"
            aria-live="polite"
            on:pointerenter=move |_| held.set(true)
            on:pointerleave=move |_| held.set(false)
            on:focusin=move |_| held.set(true)
            on:focusout=move |_| held.set(false)
        >
            <For each=move || list.get() key=|toast| toast.id let(toast)>
                {
                    let id = toast.id;
                    view! {
                        <div class="toast">
                            <p>
                                <bdi>{toast.text}</bdi>
                            </p>
                            {toast
                                .undo
                                .map(|undo| {
                                    let press = move |()| {
                                        announcements.remove(id);
                                        focus_next("main");
                                        undo.run(());
                                    };
                                    view! { <Button label="Undo" icon=Icon::Undo on_press=press /> }
                                })}
                            <IconButton
                                name="Dismiss"
                                icon=Icon::Cross
                                on_press=move |()| {
                                    announcements.remove(id);
                                    focus_next("main");
                                }
                            />
                        </div>
                    }
                }
            </For>
        </div>
    }
}
