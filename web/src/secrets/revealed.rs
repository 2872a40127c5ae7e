//! Values in sight. Each goes away after a while, and all of them when the window is left or out of sight.

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
    hidden: StoredValue<u64>,
}

/// When somebody asked for a value: before or after all were hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(u64);

/// Calls back whenever the window is left or out of sight. Belongs to the component that calls it.
pub fn when_left(hide: impl Fn() + Copy + 'static) {
    let sight = window_event_listener_untyped("visibilitychange", move |_| {
        if document().hidden() {
            hide();
        }
    });
    let focus = window_event_listener_untyped("blur", move |_| hide());
    on_cleanup(move || {
        sight.remove();
        focus.remove();
    });
}

impl Revealed {
    /// None. Belongs to the component that makes it.
    pub fn new() -> Self {
        let revealed = Self {
            values: RwSignal::new(HashMap::new()),
            last: StoredValue::new(0),
            hidden: StoredValue::new(0),
        };
        when_left(move || revealed.mask_all());
        revealed
    }

    /// Whether any value is in sight.
    pub fn any(self) -> bool {
        self.values.with(|values| !values.is_empty())
    }

    /// The value of a secret, while it is in sight.
    pub fn value(self, secret: SecretId) -> Option<SecretText> {
        self.values
            .with(|values| values.get(&secret).map(|(_, value)| value.clone()))
    }

    /// Now, for [`Self::show`].
    pub fn moment(self) -> Moment {
        Moment(self.hidden.try_get_value().unwrap_or_default())
    }

    /// Shows values for a while, unless all were hidden since they were asked for; not in a tab that nobody looks at.
    pub fn show(self, asked: Moment, shown: impl IntoIterator<Item = (SecretId, SecretText)>) {
        // The page may be gone by now, and the values with it.
        let Some(number) = self.last.try_get_value().map(|last| last + 1) else {
            return;
        };
        if document().hidden() || asked != self.moment() {
            return;
        }
        self.last.set_value(number);
        self.values.update(|values| {
            values.extend(shown.into_iter().map(|(secret, value)| (secret, (number, value))));
        });
        set_timeout(
            move || {
                let same = |(shown, _): &(u64, SecretText)| *shown == number;
                if self.values.try_with_untracked(|values| values.values().any(same)) == Some(true) {
                    self.values
                        .update(|values| values.retain(|_, value| !same(value)));
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

    /// Hides all values, and those that are on their way.
    pub fn mask_all(self) {
        self.hidden.update_value(|count| *count += 1);
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
