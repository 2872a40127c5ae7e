//! A recovery kit on one sheet: what is printed and put into the safe.

use leptos::prelude::*;
use shared::model::ids::InstanceId;
use shared::model::time::UnixMillis;

use super::qr_code::QrCode;
use crate::kit::NewKit;
use crate::plaintext;

/// The sheet. The rest of the page stays off the paper.
#[component]
pub fn KitSheet(
    /// The kit.
    kit: NewKit,
    /// Its name.
    name: String,
    /// The installation it opens.
    instance: InstanceId,
    /// Where that is.
    address: String,
    /// When it was made.
    created: UnixMillis,
) -> impl IntoView {
    view! {
        <article class="kit-sheet" aria-label="Recovery kit">
            <header class="kit-sheet-head">
                <h2>"Strongroom recovery kit"</h2>
                <bdi>{name}</bdi>
            </header>
            <div class="kit-sheet-body">
                <QrCode text=kit.identity.clone() label="The key as a QR code" />
                <dl class="facts kit-facts">
                    <dt>"Address"</dt>
                    <dd>{address}</dd>
                    <dt>"Created"</dt>
                    <dd>{created.date()}</dd>
                    <dt>"Fingerprint"</dt>
                    <dd>
                        <code>{kit.fingerprint.clone()}</code>
                    </dd>
                    <dt>"Instance"</dt>
                    <dd>
                        <code>{instance.to_string()}</code>
                    </dd>
                </dl>
            </div>
            <div class="kit-key">
                <p class="field-label">
                    "Key"
                </p>
                <p class="kit-key-text" translate="no">
                    {groups(&plaintext::on_screen(&kit.identity))
                        .into_iter()
                        .map(|group| view! { <span>{group}</span> })
                        .collect_view()}
                </p>
            </div>
            <div>
                <h3>"When this machine is gone"</h3>
                <ol class="kit-steps">
                    <li>"Install Strongroom on another machine and start it. Its address opens the first page."</li>
                    <li>"Choose “Restore from a backup” and enter the setup code that the server printed."</li>
                    <li>"Give it the newest backup file."</li>
                    <li>"Give it this kit: the downloaded file, or the key above typed or scanned."</li>
                    <li>"Log in as before. Then make a new kit and a new backup there."</li>
                </ol>
            </div>
            <dl class="kit-blanks">
                <dt>"Backups are kept at"</dt>
                <dd></dd>
                <dt>"This kit is kept at"</dt>
                <dd></dd>
            </dl>
        </article>
    }
}

/// The key in pieces that an eye can follow; they hold no spaces, so what is selected and copied is the key.
fn groups(key: &str) -> Vec<String> {
    let characters: Vec<char> = key.chars().collect();
    characters.chunks(4).map(|group| group.iter().collect()).collect()
}
