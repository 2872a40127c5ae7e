//! One choice out of several, the browser's own control.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};

/// The choice with its label above.
#[component]
pub fn Select(
    /// Unique in the page.
    #[prop(into)]
    id: String,
    /// The label.
    #[prop(into)]
    label: String,
    /// The value that is chosen.
    value: RwSignal<String>,
    /// Pairs of value and text.
    #[prop(into)]
    options: Signal<Vec<(String, String)>>,
    /// Called after somebody chose.
    #[prop(optional, into)]
    on_choose: Option<Callback<String>>,
    /// Whether it cannot be changed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
) -> impl IntoView {
    let choose = move |event| {
        let chosen = event_target_value(&event);
        value.set(chosen.clone());
        if let Some(tell) = on_choose {
            tell.run(chosen);
        }
    };
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <div class="select">
                <select id=id on:change=choose disabled=move || disabled.get()>
                    <For each=move || options.get() key=Clone::clone let(option)>
                        {
                            let (own, text) = option;
                            let same = own.clone();
                            view! {
                                <option value=own prop:selected=move || value.with(|value| *value == same)>
                                    {text}
                                </option>
                            }
                        }
                    </For>
                </select>
                <Glyph icon=Icon::Down />
            </div>
        </div>
    }
}
