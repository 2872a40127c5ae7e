//! What shows while nothing is known yet.

use leptos::prelude::*;

use super::brand::Brand;

/// The name mark, in the place where the static page has it, so that nothing moves when the app takes over.
#[component]
pub fn Splash() -> impl IntoView {
    view! {
        <div class="splash" aria-busy="true">
            <Brand />
            <p class="visually-hidden" role="status">"Loading"</p>
        </div>
    }
}
