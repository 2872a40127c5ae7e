//! Where backups are, for the page of what opens them.

use leptos::prelude::*;
use leptos_router::components::A;

use super::icon::{Glyph, Icon};

/// The panel.
#[component]
pub fn BackupPanel(
    /// Whether a kit exists that could open a backup.
    #[prop(into)]
    has_kit: Signal<bool>,
) -> impl IntoView {
    view! {
        <section class="panel" aria-labelledby="backup-heading">
            <div class="panel-head">
                <h2 id="backup-heading">"Backups"</h2>
                <A href="/backups" attr:class="button">
                    <Glyph icon=Icon::Archive />
                    <span>"Open backups"</span>
                </A>
            </div>
            <p class="lead">
                {move || if has_kit.get() {
                    "Made by schedule or at once, copied elsewhere, and rehearsed: everything of this server in one file that the \
                     recovery kits above open."
                } else {
                    "Create a recovery kit first: without one nobody could open a backup, so none are made."
                }}
            </p>
        </section>
    }
}
