//! The name mark: a door with a round lock, and the name.

use leptos::prelude::*;

/// The name mark.
#[component]
pub fn Brand() -> impl IntoView {
    view! {
        <span class="brand">
            <svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true">
                <rect class="brand-door" x="2" y="2" width="28" height="28" rx="7" />
                <circle class="brand-lock" cx="16" cy="16" r="7.5" />
                <path class="brand-lock" d="M16 16V5.5M16 16l9.1 5.25M16 16l-9.1 5.25" />
            </svg>
            <span class="brand-name">"Strongroom"</span>
        </span>
    }
}
