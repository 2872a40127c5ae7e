//! Labelled inputs.

use leptos::html;
use leptos::prelude::*;

use super::unique::unique_id;

/// A line of input with its label above and a hint below, whose place is kept free so that nothing jumps.
#[component]
pub fn Field(
    /// Unique in the page.
    #[prop(into)]
    id: String,
    /// The label.
    #[prop(into)]
    label: String,
    /// What was typed.
    value: RwSignal<String>,
    /// `text`, `email` or `password`.
    #[prop(default = "text")]
    kind: &'static str,
    /// What the browser may fill in, in the words of HTML's `autocomplete`.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// Whether it must be filled.
    #[prop(default = true)]
    required: bool,
    /// Whether typing starts here when the page opens.
    #[prop(optional)]
    focused: bool,
    /// Whether it holds names, codes or values rather than words.
    #[prop(optional)]
    code: bool,
    /// A line below the input.
    #[prop(optional, into)]
    hint: Option<Signal<String>>,
    /// Why what was typed was refused, as the end of a sentence that begins with the label. It stands where the hint does.
    #[prop(optional, into)]
    refused: Option<Signal<Option<String>>>,
) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    focus_once(focused, move || input.get().map(|input| input.focus()));
    let hint_id = format!("{id}-hint");
    let subject = label.clone();
    let reason = Signal::derive(move || {
        let reason = refused.and_then(|refused| refused.get());
        reason.map(|reason| format!("{subject} {reason}"))
    });
    let below = (hint.is_some() || refused.is_some()).then(|| {
        Signal::derive(move || {
            let hint = || hint.map(|hint| hint.get()).unwrap_or_default();
            reason.get().unwrap_or_else(hint)
        })
    });
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <input
                id=id
                node_ref=input
                class:code=code
                type=kind
                autocomplete=autocomplete
                required=required
                autocapitalize="none"
                spellcheck="false"
                aria-describedby=below.map(|_| hint_id.clone())
                aria-invalid=move || reason.get().map(|_| "true")
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
            />
            {below
                .map(|below| {
                    view! {
                        <p class="hint" class:hint-refused=move || reason.get().is_some() id=hint_id>
                            {move || below.get()}
                        </p>
                    }
                })}
        </div>
    }
}

/// Input of several lines: values hold keys and certificates too.
#[component]
pub fn TextArea(
    /// Unique in the page.
    #[prop(into)]
    id: String,
    /// The label.
    #[prop(into)]
    label: String,
    /// What was typed.
    value: RwSignal<String>,
    /// Whether typing starts here when the field appears.
    #[prop(optional)]
    focused: bool,
) -> impl IntoView {
    let input = NodeRef::<html::Textarea>::new();
    focus_once(focused, move || input.get().map(|input| input.focus()));
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <textarea
                id=id
                node_ref=input
                class="code"
                rows=move || value.with(|value| value.lines().count().clamp(2, 12).to_string())
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
            ></textarea>
        </div>
    }
}

/// Moves the focus when the element is there. A browser that refuses leaves it where it was, which is no harm.
pub(super) fn focus_once<E: 'static>(wanted: bool, focus: impl Fn() -> Option<Result<(), E>> + 'static) {
    if wanted {
        Effect::new(move |_| {
            let _ = focus();
        });
    }
}

/// A yes or no with its label beside it.
#[component]
pub fn Checkbox(
    /// The label.
    #[prop(into)]
    label: String,
    /// Yes or no.
    checked: RwSignal<bool>,
    /// A line below the label.
    #[prop(optional, into)]
    hint: Option<String>,
) -> impl IntoView {
    let id = unique_id("check");
    let own_id = id.clone();
    let hint_id = format!("{id}-hint");
    view! {
        <label class="checkbox" for=id>
            <input
                id=own_id
                type="checkbox"
                aria-describedby=hint.is_some().then(|| hint_id.clone())
                prop:checked=move || checked.get()
                on:change=move |event| checked.set(event_target_checked(&event))
            />
            <span>{label}</span>
            {hint.map(|hint| view! { <span class="hint" id=hint_id>{hint}</span> })}
        </label>
    }
}
