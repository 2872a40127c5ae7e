//! What stands where there is nothing yet.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};

/// Says what belongs here, why one would want it, and offers the one thing to do.
#[component]
pub fn EmptyState(
    /// The heading.
    #[prop(into)]
    title: String,
    /// One or two sentences.
    #[prop(into)]
    text: String,
    /// A picture of what belongs here.
    icon: Icon,
    /// The button.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <span class="empty-icon">
                <Glyph icon />
            </span>
            <h2>{title}</h2>
            <p>{text}</p>
            {children.map(|children| view! { <div class="actions">{children()}</div> })}
        </div>
    }
}
