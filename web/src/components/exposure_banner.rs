//! A warning on top of every page that came unencrypted over a network.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};
use crate::location;

/// Says what plain HTTP means, when the page came that way from another machine.
#[component]
pub fn ExposureBanner() -> impl IntoView {
    location::is_exposed().then(|| {
        view! {
            <aside class="exposure" aria-label="Connection">
                <Glyph icon=Icon::Warning />
                <p>
                    <strong>"This connection is not encrypted. "</strong>
                    "Anybody on the network between this device and the server can read the passwords and secrets that "
                    "pass here. Turn on HTTPS before you store anything that matters."
                </p>
            </aside>
        }
    })
}
