//! A password: typed blind or in sight, and how hard it would be to guess.

use leptos::html;
use leptos::prelude::*;

use super::button::IconButton;
use super::icon::Icon;
use crate::strength::{MINIMUM_LENGTH, Strength};

/// The password of whoever is logged in, once more, before something that matters.
#[component]
pub fn OwnPassword(
    /// Unique in the page.
    #[prop(into)]
    id: String,
    /// What was typed.
    value: RwSignal<String>,
) -> impl IntoView {
    view! { <PasswordField id label="Your password" value autocomplete="current-password" /> }
}

/// The field, with a button that shows what was typed.
#[component]
pub fn PasswordField(
    /// Unique in the page.
    #[prop(into)]
    id: String,
    /// The label.
    #[prop(into)]
    label: String,
    /// What was typed.
    value: RwSignal<String>,
    /// `current-password` or `new-password`.
    autocomplete: &'static str,
    /// Whether typing starts here when the page opens.
    #[prop(optional)]
    focused: bool,
    /// Whether to show how hard it is to guess: for a new one.
    #[prop(optional)]
    meter: bool,
) -> impl IntoView {
    let shown = RwSignal::new(false);
    let input = NodeRef::<html::Input>::new();
    super::field::focus_once(focused, move || input.get().map(|input| input.focus()));
    let hint_id = format!("{id}-hint");
    let button_name = Signal::derive({
        let label = label.to_lowercase();
        move || format!("{} {label}", if shown.get() { "Hide" } else { "Show" })
    });
    let icon = Signal::derive(move || if shown.get() { Icon::EyeOff } else { Icon::Eye });
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <div class="input-with-button">
                <input
                    id=id
                    node_ref=input
                    type=move || if shown.get() { "text" } else { "password" }
                    autocomplete=autocomplete
                    required=true
                    autocapitalize="none"
                    spellcheck="false"
                    aria-describedby=meter.then(|| hint_id.clone())
                    prop:value=move || value.get()
                    on:input=move |event| value.set(event_target_value(&event))
                />
                <IconButton name=button_name icon on_press=move |()| shown.update(|shown| *shown = !*shown) />
            </div>
            {meter.then(|| view! { <Meter id=hint_id value /> })}
        </div>
    }
}

#[component]
fn Meter(id: String, value: RwSignal<String>) -> impl IntoView {
    let strength = Memo::new(move |_| value.with(|value| Strength::of(value)));
    let lit = move |at: usize| strength.with(|strength| at < strength.bars());
    let class = move || match strength.get() {
        Strength::Empty => "meter",
        Strength::TooShort(_) | Strength::Weak => "meter meter-weak",
        Strength::Fair => "meter meter-fair",
        Strength::Good | Strength::Strong => "meter meter-good",
    };
    let words = move || match strength.get() {
        Strength::Empty => format!("{MINIMUM_LENGTH} characters or more; a few random words are fine."),
        Strength::TooShort(1) => "1 more character needed.".to_owned(),
        Strength::TooShort(missing) => format!("{missing} more characters needed."),
        Strength::Weak => "Easy to guess. Add a word or two.".to_owned(),
        Strength::Fair => "Acceptable. Another word would make it good.".to_owned(),
        Strength::Good => "Good.".to_owned(),
        Strength::Strong => "Strong.".to_owned(),
    };
    view! {
        <div class=class aria-hidden="true">
            {(0..4).map(|at| view! { <span class:lit=move || lit(at)></span> }).collect_view()}
        </div>
        <p class="hint" id=id>
            {words}
        </p>
    }
}
