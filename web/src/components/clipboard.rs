//! Values on the clipboard: after a while they are taken off it again, where the browser allows it.

use std::cell::Cell;
use std::time::Duration;

use js_sys::futures::JsFuture;
use js_sys::{JsString, Object, Reflect};
use leptos::leptos_dom::helpers::WindowListenerHandle;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::model::text::SecretText;
use web_sys::{PermissionState, PermissionStatus};

use super::announcer::Announcements;
use crate::plaintext;

/// How long a value stays on the clipboard.
const KEPT: Duration = Duration::from_mins(1);

thread_local! {
    /// Counts what this page put there: only the newest is taken off.
    static COPIES: Cell<u64> = const { Cell::new(0) };
}

/// What is on the clipboard when the time is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// What this page put there.
    Ours,
    /// Something else.
    Other,
    /// Nobody knows.
    Unknown,
}

/// `same` is whether it holds what was put there, if the browser lets the page look; `untouched` is whether nothing else can
/// have come there since.
fn left(same: Option<bool>, untouched: bool) -> Left {
    match same {
        Some(true) => Left::Ours,
        Some(false) => Left::Other,
        None if untouched => Left::Ours,
        None => Left::Unknown,
    }
}

/// Puts a value on the clipboard for a while and says so. False means that the browser refused.
pub async fn copy_for_a_while(announcements: Announcements, name: &str, value: &SecretText) -> bool {
    if !plaintext::to_clipboard(value).await {
        return false;
    }
    announcements.say(format!("Copied {name}. The clipboard is cleared in a minute."));
    let number = COPIES.get() + 1;
    COPIES.set(number);
    let untouched = ArcStoredValue::new(true);
    let listeners = ["blur", "copy", "cut"].map(|event| {
        let untouched = untouched.clone();
        window_event_listener_untyped(event, move |_| untouched.set_value(false))
    });
    let (name, value) = (name.to_owned(), value.clone());
    set_timeout(
        move || {
            when_looked_at(move || {
                listeners.into_iter().for_each(WindowListenerHandle::remove);
                if COPIES.get() == number {
                    spawn_local(take_off(announcements, name, value, untouched.get_value()));
                }
            });
        },
        KEPT,
    );
    true
}

async fn take_off(announcements: Announcements, name: String, value: SecretText, untouched: bool) {
    let same = read().await.map(|there| there == value);
    match left(same, untouched) {
        Left::Other => {}
        Left::Ours if plaintext::to_clipboard(&SecretText::default()).await => {
            announcements.say("The clipboard was cleared");
        }
        Left::Ours | Left::Unknown => announcements.say(format!("{name} may still be on the clipboard")),
    }
}

/// What is on the clipboard, if the browser lets the page read it without asking anybody.
async fn read() -> Option<SecretText> {
    let navigator = window().navigator();
    let wanted = Object::new();
    Reflect::set(
        &wanted,
        &JsString::from("name"),
        &JsString::from("clipboard-read"),
    )
    .ok()?;
    let status = JsFuture::from(navigator.permissions().ok()?.query(&wanted).ok()?);
    if PermissionStatus::from(status.await.ok()?).state() != PermissionState::Granted {
        return None;
    }
    let text = JsFuture::from(navigator.clipboard().read_text()).await.ok()?;
    text.as_string().map(SecretText::new)
}

/// Calls back when somebody looks at the page, perhaps at once: a browser keeps its clipboard from pages in the background.
fn when_looked_at(then: impl FnOnce() + 'static) {
    if document().has_focus().unwrap_or_default() {
        return then();
    }
    let then = Cell::new(Some(then));
    let listener = StoredValue::new_local(None::<WindowListenerHandle>);
    listener.set_value(Some(window_event_listener_untyped("focus", move |_| {
        if let Some(then) = then.take() {
            then();
        }
        if let Some(listener) = listener.try_update_value(Option::take).flatten() {
            listener.remove();
        }
    })));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_surely_ours_is_taken_off() {
        for untouched in [true, false] {
            assert_eq!(left(Some(true), untouched), Left::Ours);
            assert_eq!(left(Some(false), untouched), Left::Other);
        }
        assert_eq!(left(None, true), Left::Ours);
        assert_eq!(left(None, false), Left::Unknown);
    }
}
