//! Where a long list is, seen from what is in sight of it: the measure for drawing only the rows that can be seen.

use leptos::ev;
use leptos::html;
use leptos::prelude::*;

/// Height of what is in sight before it was measured.
const GUESS: f64 = 900.0;

/// Distance of the list's top from the upper edge of what is in sight, and how much is in sight; a handle that is cheap
/// to copy.
#[derive(Clone, Copy)]
pub struct Sight {
    list: NodeRef<html::Div>,
    at: RwSignal<(f64, f64)>,
    waiting: StoredValue<bool>,
}

impl Sight {
    /// Follows a list on a page that scrolls. Belongs to the component that makes it.
    pub fn of(list: NodeRef<html::Div>) -> Self {
        let sight = Self {
            list,
            at: RwSignal::new((0.0, GUESS)),
            waiting: StoredValue::new(false),
        };
        Effect::new(move |_| {
            list.track();
            sight.moved();
        });
        let scrolled = window_event_listener(ev::scroll, move |_| sight.moved());
        let resized = window_event_listener(ev::resize, move |_| sight.moved());
        on_cleanup(move || {
            scrolled.remove();
            resized.remove();
        });
        sight
    }

    /// The list was moved, by whatever it scrolls in. It is measured once for each picture that the browser draws,
    /// however often the wheel turns.
    pub fn moved(self) {
        if self.waiting.try_get_value() == Some(false) {
            self.waiting.set_value(true);
            request_animation_frame(move || self.look());
        }
    }

    fn look(self) {
        // The page may be gone by now.
        if self.waiting.try_set_value(false).is_some() {
            return;
        }
        let Some(list) = self.list.get_untracked() else {
            return;
        };
        let top = list.get_bounding_client_rect().top().round();
        let height = window()
            .inner_height()
            .ok()
            .and_then(|height| height.as_f64())
            .unwrap_or(GUESS);
        if self.at.get_untracked() != (top, height) {
            self.at.set((top, height));
        }
    }

    /// Both.
    pub fn get(self) -> (f64, f64) {
        self.at.get()
    }

    /// Runs the caller again when they change.
    pub fn track(self) {
        self.at.track();
    }
}
