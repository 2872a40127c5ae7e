//! What stands where something is on its way, of the same size, so that nothing moves when it comes.

use leptos::prelude::*;

/// Gray lines.
#[component]
pub fn Skeleton(
    /// What is on its way, read out, such as `Loading projects`.
    label: &'static str,
    /// How many lines.
    #[prop(default = 3)]
    lines: usize,
) -> impl IntoView {
    view! {
        <div class="placeholder" aria-busy="true">
            <p class="visually-hidden" role="status">{label}</p>
            {(0..lines).map(|_| view! { <div class="placeholder-line"></div> }).collect_view()}
        </div>
    }
}
