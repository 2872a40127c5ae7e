//! Light, dark, or as the system is.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};
use super::unique::unique_id;
use crate::theme::{Theme, Themes};

/// The three choices in a row.
#[component]
pub fn ThemeSwitch() -> impl IntoView {
    let themes = Themes::current();
    let group = unique_id("theme");
    let choice = move |theme: Theme, name: &'static str, icon: Icon| {
        let group = group.clone();
        view! {
            <label class="segment" title=format!("{name} theme")>
                <input
                    type="radio"
                    name=group
                    aria-label=format!("{name} theme")
                    prop:checked=move || themes.get() == theme
                    on:change=move |_| themes.choose(theme)
                />
                <Glyph icon />
            </label>
        }
    };
    view! {
        <fieldset>
            <legend class="visually-hidden">"Theme"</legend>
            <div class="segments">
                {choice(Theme::Light, "Light", Icon::Sun)} {choice(Theme::Dark, "Dark", Icon::Moon)}
                {choice(Theme::System, "System", Icon::Monitor)}
            </div>
        </fieldset>
    }
}
