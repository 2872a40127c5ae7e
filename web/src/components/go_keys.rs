//! Two keys, one after the other, that lead to a page from anywhere behind the login: `g` and its letter.

use leptos::ev;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

use super::focus::{is_covered, takes_text};
use crate::person::Person;

/// How long the second key may take, in milliseconds.
const PATIENCE: f64 = 1500.0;

/// Remembers the first key.
#[derive(Debug, Clone, Copy, Default)]
struct Chord {
    begun: Option<f64>,
}

impl Chord {
    /// Takes a key and says which page it leads to, if it is the second one.
    fn press(&mut self, key: &str, now: f64) -> Option<&'static str> {
        let begun = self.begun.take();
        if key == "g" {
            self.begun = Some(now);
            return None;
        }
        begun.filter(|begun| now - begun <= PATIENCE)?;
        match key {
            "p" => Some("/projects"),
            "b" => Some("/backups"),
            "k" => Some("/recovery"),
            _ => None,
        }
    }
}

/// Listens while the frame of the app is there.
pub fn listen() {
    let chord = StoredValue::new(Chord::default());
    let navigate = use_navigate();
    let person = Person::current();
    let keys = window_event_listener(ev::keydown, move |event| {
        let typing = event.target().is_some_and(|target| takes_text(&target));
        let held = event.ctrl_key() || event.meta_key() || event.alt_key();
        if typing || held || event.is_composing() || is_covered() {
            return;
        }
        let page = chord.try_update_value(|chord| chord.press(&event.key(), event.time_stamp()));
        // Keys and backups are pages of administrators.
        let page = page
            .flatten()
            .filter(|page| *page == "/projects" || person.is_known_to_administer());
        if let Some(page) = page {
            event.prevent_default();
            navigate(page, leptos_router::NavigateOptions::default());
        }
    });
    on_cleanup(move || keys.remove());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_keys_lead_to_a_page() {
        let mut chord = Chord::default();
        assert_eq!(chord.press("p", 0.0), None, "alone it does nothing");
        assert_eq!(chord.press("g", 1.0), None);
        assert_eq!(chord.press("p", 2.0), Some("/projects"));
        assert_eq!(chord.press("p", 3.0), None, "once");
        chord.press("g", 10.0);
        chord.press("g", 11.0);
        assert_eq!(chord.press("b", 12.0), Some("/backups"));
        chord.press("g", 13.0);
        assert_eq!(chord.press("k", 14.0), Some("/recovery"));
        chord.press("g", 20.0);
        chord.press("x", 21.0);
        assert_eq!(chord.press("p", 22.0), None, "another key in between");
        chord.press("g", 30.0);
        assert_eq!(chord.press("p", 30.0 + PATIENCE + 1.0), None, "too late");
    }
}
