//! Short confirmations, such as `Copied DB_URL`: shown for a moment and read out.

use std::time::Duration;

use leptos::prelude::*;

const SHOWN: Duration = Duration::from_secs(5);

/// Where pages leave their confirmations; a handle that is cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Announcements {
    text: RwSignal<String>,
    timer: StoredValue<Option<TimeoutHandle>>,
}

impl Announcements {
    /// Nothing to say yet.
    pub fn new() -> Self {
        Self {
            text: RwSignal::new(String::new()),
            timer: StoredValue::new(None),
        }
    }

    /// The one that [`crate::app::App`] provides.
    pub fn current() -> Self {
        use_context().unwrap_or_else(Self::new)
    }

    /// Takes back what was said: something newer matters more.
    pub fn clear(self) {
        self.text.set(String::new());
    }

    /// Says something.
    pub fn say(self, text: impl Into<String>) {
        self.text.set(text.into());
        self.timer.update_value(|timer| {
            if let Some(timer) = timer.take() {
                timer.clear();
            }
            *timer = set_timeout_with_handle(move || self.text.set(String::new()), SHOWN).ok();
        });
    }
}

impl Default for Announcements {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows them.
#[component]
pub fn Announcer() -> impl IntoView {
    let text = Announcements::current().text;
    view! {
        <div class="announcer" role="status" aria-live="polite">
            {move || {
                let text = text.get();
                (!text.is_empty()).then(|| view! { <p class="announcement">{text}</p> })
            }}
        </div>
    }
}
