//! Reminds of the recovery kit, on every page, until there is one.

use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_location;

use super::icon::{Glyph, Icon};
use crate::first_steps::FirstSteps;

/// The reminder, for people who can do something about it.
#[component]
pub fn KitBanner() -> impl IntoView {
    let steps = FirstSteps::current();
    let path = use_location().pathname;
    let missing = Memo::new(move |_| {
        steps.known().is_some_and(|known| !known.kit) && path.with(|path| path != "/recovery")
    });
    view! {
        <Show when=move || missing.get()>
            <aside class="strip" aria-label="Recovery kit">
                <Glyph icon=Icon::Warning />
                <p>
                    <strong>"There is no recovery kit. "</strong>
                    "If this machine fails, nobody can open its data or a backup of it. "
                    <A href="/recovery" attr:class="link">
                        "Create a recovery kit"
                    </A>
                </p>
            </aside>
        </Show>
    }
}
