//! A word or two on coloured ground: a state, a role, a count.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};

/// What the colour says. It never says it alone: the word does too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Nothing special.
    #[default]
    Neutral,
    /// Of this app: the current one, a new one.
    Accent,
    /// As it should be.
    Good,
    /// Needs attention.
    Warning,
    /// Takes something away, or went wrong.
    Danger,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Neutral => "badge",
            Self::Accent => "badge badge-accent",
            Self::Good => "badge badge-good",
            Self::Warning => "badge badge-warning",
            Self::Danger => "badge badge-danger",
        }
    }
}

/// The badge.
#[component]
pub fn Badge(
    /// The words.
    #[prop(into)]
    text: Signal<String>,
    /// What the colour says.
    #[prop(optional)]
    tone: Tone,
    /// An icon before the words.
    #[prop(optional_no_strip, into)]
    icon: Option<Icon>,
) -> impl IntoView {
    view! {
        <span class=tone.class()>
            {icon.map(|icon| view! { <Glyph icon /> })}
            <bdi>{move || text.get()}</bdi>
        </span>
    }
}
