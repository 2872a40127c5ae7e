//! Client id and client secret of a machine identity, shown once.

use leptos::prelude::*;
use shared::model::text::SecretText;

use super::announcer::Announcements;
use super::button::Button;
use super::copy_button::CopyButton;
use super::icon::{Glyph, Icon};
use crate::location;
use crate::plaintext;

/// What a program logs in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Name of the identity.
    pub name: String,
    /// Client id, which is no secret.
    pub client_id: String,
    /// Client secret.
    pub client_secret: SecretText,
}

impl Credentials {
    /// What to say when there is no place left to show them.
    pub fn not_shown(&self) -> String {
        format!(
            "The client secret of {} could not be shown any more. Revoke it and create another one.",
            self.name
        )
    }
}

/// Shows them, with buttons that take them along.
#[component]
pub fn CredentialsView(
    /// What to show.
    credentials: Credentials,
) -> impl IntoView {
    let announcements = Announcements::current();
    let id = SecretText::from(credentials.client_id.as_str());
    let secret = credentials.client_secret.clone();
    let shown = plaintext::on_screen(&credentials.client_secret);
    let client_id = credentials.client_id.clone();
    let download = move |()| {
        let file = plaintext::login_file(
            &location::origin(),
            &credentials.client_id,
            &credentials.client_secret,
        );
        let saved = plaintext::to_file(&file_name(&credentials.name), &file);
        announcements.say(if saved {
            "The file is in your downloads. Whoever has it can log in as this identity."
        } else {
            "The browser did not save the file. Copy the two values instead."
        });
    };
    view! {
        <div class="form">
            <p class="notice notice-warning">
                <Glyph icon=Icon::Warning />
                <span>"The client secret is shown once. Take it along now; a new one can be made at any time."</span>
            </p>
            <div class="field">
                <label for="client-id">"Client ID"</label>
                <div class="input-with-button">
                    <input id="client-id" class="code" readonly=true prop:value=client_id />
                    <CopyButton what="client ID" text=Signal::stored(id) />
                </div>
            </div>
            <div class="field">
                <label for="client-secret">"Client secret"</label>
                <div class="input-with-button">
                    <input id="client-secret" class="code" readonly=true prop:value=shown />
                    <CopyButton what="client secret" text=Signal::stored(secret) />
                </div>
            </div>
            <div class="actions actions-start">
                <Button label="Download as .env" icon=Icon::Download on_press=download />
            </div>
        </div>
    }
}

/// A name that any file system takes.
fn file_name(identity: &str) -> String {
    let name: String = identity
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .take(40)
        .collect();
    let name = name.trim_matches('-');
    format!("{}.env", if name.is_empty() { "identity" } else { name })
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn file_names_hold_nothing_that_a_file_system_minds() {
        for (identity, name) in [
            ("Web server 1", "web-server-1.env"),
            ("../../etc/passwd", "etc-passwd.env"),
            ("\u{202e}äöü", "identity.env"),
            ("", "identity.env"),
        ] {
            assert_eq!(file_name(identity), name);
        }
    }
}
