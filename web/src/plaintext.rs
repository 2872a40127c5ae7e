//! The one place of this crate where a [`SecretText`] becomes ordinary text.
//!
//! Everything else passes values on without looking at them, so this file is the whole review of where plaintext goes
//! in the browser: into a request header, onto the screen, into a field, into a
//! file, onto the clipboard, to a command line on the same computer.

use std::time::Duration;

use js_sys::futures::JsFuture;
use js_sys::{Array, JsString, Reflect};
use leptos::prelude::{document, set_timeout};
use leptos::wasm_bindgen::{JsCast, JsValue};
use serde_json::json;
use shared::model::text::SecretText;
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

use crate::api::token;

/// The `Authorization` header for an access token.
pub fn bearer(token: &SecretText) -> String {
    format!("Bearer {}", token.expose())
}

/// The id of the person that an access token was made for.
pub fn user_of(token: &SecretText) -> Option<String> {
    token::user(token.expose())
}

/// The text for an element that shows it because its reader asked for it.
pub fn on_screen(text: &SecretText) -> String {
    text.expose().to_owned()
}

/// The text for a field in which it is edited.
pub fn in_field(text: &SecretText) -> String {
    text.expose().to_owned()
}

/// Lets the browser fetch the file of a one-time ticket. False means that the browser refused.
pub fn download(ticket: &SecretText, name: &str) -> bool {
    let address = format!("/api/strongroom/v1/backups/download/{}", ticket.expose());
    follow(&address, name).is_some()
}

/// Whether the text ends with what was typed, in the letters of either size, and it was that many characters.
pub fn ends_with(text: &SecretText, typed: &str, characters: usize) -> bool {
    let typed = typed.trim();
    let ending = text
        .expose()
        .char_indices()
        .rev()
        .nth(characters.saturating_sub(1))
        .and_then(|(start, _)| text.expose().get(start..));
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case(typed))
}

/// The lines of a dotenv file with which a program logs in.
pub fn login_file(address: &str, client_id: &str, client_secret: &SecretText) -> SecretText {
    SecretText::new(format!(
        "INFISICAL_API_URL={address}/api\nINFISICAL_UNIVERSAL_AUTH_CLIENT_ID={client_id}\n\
         INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET={}\n",
        client_secret.expose()
    ))
}

/// What a command line that waits for a login understands, Infisical's as well: the names are spelled as there. The code is
/// the one of the link, if it had one.
pub fn login_of(email: &str, token: &SecretText, code: Option<&str>) -> SecretText {
    let mut login = json!({"email": email, "privateKey": "", "JTWToken": token.expose(), "RefreshToken": ""});
    if let Some(code) = code {
        login["code"] = code.into();
    }
    SecretText::new(login.to_string())
}

/// The body of the request that hands a login over.
pub fn handed_over(login: &SecretText) -> String {
    login.expose().to_owned()
}

/// The same as one line of letters, for a person to carry over. Nothing where the browser cannot write it.
pub fn to_carry(login: &SecretText) -> Option<SecretText> {
    // The browser's base64 knows one byte for a letter.
    let mut ascii = String::new();
    for character in login.expose().chars() {
        if character.is_ascii() {
            ascii.push(character);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                ascii = format!("{ascii}\\u{unit:04x}");
            }
        }
    }
    let line = leptos::prelude::window().btoa(&ascii).ok()?;
    Some(SecretText::new(line))
}

/// Lets the browser save the text as a file. False means that the browser refused.
pub fn to_file(name: &str, text: &SecretText) -> bool {
    save(name, text).is_some()
}

fn save(name: &str, text: &SecretText) -> Option<()> {
    let kind = BlobPropertyBag::new();
    kind.set_type("text/plain;charset=utf-8");
    let parts = Array::of1(&JsValue::from_str(text.expose()));
    let blob = Blob::new_with_str_sequence_and_options(&parts, &kind).ok()?;
    let address = Url::create_object_url_with_blob(&blob).ok()?;
    follow(&address, name)?;
    // The browser has begun to read it by then; kept any longer, the page would hold on to the secret.
    set_timeout(
        move || {
            // Refused only for an address that is no longer there.
            let _ = Url::revoke_object_url(&address);
        },
        Duration::from_secs(10),
    );
    Some(())
}

/// Follows a link to a file that is to be saved under a name.
fn follow(address: &str, name: &str) -> Option<()> {
    let link = document()
        .create_element("a")
        .ok()?
        .dyn_into::<HtmlAnchorElement>()
        .ok()?;
    link.set_href(address);
    link.set_download(name);
    link.click();
    Some(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_characters_and_only_they_are_recognised() {
        let key = SecretText::from("AGE-SECRET-KEY-1QPZ6Y7X");
        for typed in ["PZ6Y7X", "pz6y7x", "  PZ6Y7X "] {
            assert!(ends_with(&key, typed, 6), "{typed}");
        }
        for typed in ["", "X", "Z6Y7X", "QPZ6Y7X", "PZ6Y7Y", "ÄZ6Y7X"] {
            assert!(!ends_with(&key, typed, 6), "{typed}");
        }
        assert!(!ends_with(&SecretText::from("AB"), "AB", 6));
    }
}
