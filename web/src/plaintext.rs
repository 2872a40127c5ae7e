//! The one place of this crate where a [`SecretText`] becomes ordinary text.
//!
//! Everything else passes values on without looking at them, so this file is the whole review of where plaintext goes
//! in the browser: into a request header, onto the screen, into a field, onto the clipboard.

use js_sys::futures::JsFuture;
use js_sys::{JsString, Reflect};
use shared::model::text::SecretText;

/// The `Authorization` header for an access token.
pub fn bearer(token: &SecretText) -> String {
    format!("Bearer {}", token.expose())
}

/// The text for an element that shows it because its reader asked for it.
pub fn on_screen(text: &SecretText) -> String {
    text.expose().to_owned()
}

/// The text for a field in which it is edited.
pub fn in_field(text: &SecretText) -> String {
    text.expose().to_owned()
}

/// Puts the text on the clipboard. Browsers offer the clipboard only to pages that came over HTTPS or from the same
/// machine; false means that it was not offered or not allowed.
pub async fn to_clipboard(text: &SecretText) -> bool {
    let navigator = leptos::prelude::window().navigator();
    let offered = Reflect::get(&navigator, &JsString::from("clipboard"))
        .is_ok_and(|clipboard| !clipboard.is_undefined() && !clipboard.is_null());
    if !offered {
        return false;
    }
    JsFuture::from(navigator.clipboard().write_text(text.expose()))
        .await
        .is_ok()
}
