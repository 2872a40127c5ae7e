//! The name mark: a vault door with its wheel, and the name.

use leptos::prelude::*;

/// The name mark.
#[component]
pub fn Brand() -> impl IntoView {
    view! {
        <span class="brand">
            <svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true">
                <rect class="brand-door" x="1" y="1" width="30" height="30" rx="8" />
                <circle class="brand-wheel" cx="16" cy="16" r="6.5" />
                <path class="brand-wheel" d="M11.4 11.4 8 8M20.6 11.4 24 8M11.4 20.6 8 24M20.6 20.6 24 24" />
                <circle class="brand-hub" cx="16" cy="16" r="2.2" />
            </svg>
            <span class="brand-name">"Strongroom"</span>
        </span>
    }
}
