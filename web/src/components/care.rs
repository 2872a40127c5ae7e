//! How carefully a setting is changed, in a colour and in words.

use leptos::prelude::*;
use shared::model::settings::Care;

use super::badge::{Badge, Tone};

/// The badge.
#[component]
pub fn CareBadge(
    /// How.
    care: Care,
) -> impl IntoView {
    let (text, tone) = match care {
        Care::SetOnce => ("Set once, never change", Tone::Danger),
        Care::Procedure => ("Change by a procedure", Tone::Warning),
        Care::Free => ("Safe to change", Tone::Good),
    };
    view! { <Badge text tone /> }
}

/// The same in a sentence.
pub fn meaning(care: Care) -> &'static str {
    match care {
        Care::SetOnce => "Changing it would lose data.",
        Care::Procedure => "Nothing is lost when the steps are taken in their order.",
        Care::Free => "Nothing else depends on it.",
    }
}
