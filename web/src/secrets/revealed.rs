//! Values in sight. Each goes away after a while, and all of them when the tab is out of sight.

use std::collections::HashMap;
use std::time::Duration;

use leptos::prelude::*;
use shared::model::ids::SecretId;
use shared::model::text::SecretText;

/// How long a value stays on the screen.
pub const SHOWN: Duration = Duration::from_secs(30);

/// The values; a handle that is cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Revealed {
    values: RwSignal<HashMap<SecretId, (u64, SecretText)>>,
    last: StoredValue<u64>,
}

impl Revealed {
    /// None. Belongs to the component that makes it.
    pub fn new() -> Self {
        let revealed = Self {
            values: RwSignal::new(HashMap::new()),
            last: StoredValue::new(0),
        };
        let listener = window_event_listener_untyped("visibilitychange", move |_| {
            if document().hidden() {
                revealed.mask_all();
            }
        });
        on_cleanup(move || listener.remove());
        revealed
    }

    /// The value of a secret, while it is in sight.
    pub fn value(self, secret: SecretId) -> Option<SecretText> {
        self.values
            .with(|values| values.get(&secret).map(|(_, value)| value.clone()))
    }

    /// Shows a value for a while; not in a tab that nobody looks at.
    pub fn show(self, secret: SecretId, value: SecretText) {
        if document().hidden() {
            return;
        }
        let number = self.last.get_value() + 1;
        self.last.set_value(number);
        self.values.update(|values| {
            values.insert(secret, (number, value));
        });
        set_timeout(
            move || {
                let same = |values: &HashMap<SecretId, (u64, SecretText)>| {
                    values.get(&secret).is_some_and(|(shown, _)| *shown == number)
                };
                // The page may be gone by now, and the value with it.
                if self.values.try_with_untracked(same) == Some(true) {
                    self.mask(secret);
                }
            },
            SHOWN,
        );
    }

    /// Hides a value.
    pub fn mask(self, secret: SecretId) {
        if self.values.with_untracked(|values| values.contains_key(&secret)) {
            self.values.update(|values| {
                values.remove(&secret);
            });
        }
    }

    /// Hides all values.
    pub fn mask_all(self) {
        if self.values.with_untracked(|values| !values.is_empty()) {
            self.values.update(HashMap::clear);
        }
    }
}

impl Default for Revealed {
    fn default() -> Self {
        Self::new()
    }
}
