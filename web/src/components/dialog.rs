//! Dialogs over the page. The browser's own `<dialog>` keeps the focus inside, closes on Escape and gives the focus
//! back.

use leptos::html;
use leptos::prelude::*;

use super::button::{Button, Weight};

/// A dialog that is open as long as it exists.
#[component]
pub fn Dialog(
    /// The heading.
    #[prop(into)]
    title: String,
    /// Called when it was closed without an answer.
    #[prop(into)]
    on_close: Callback<()>,
    /// The rest.
    children: Children,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get() {
            // Refused only when it is open already.
            let _ = dialog.show_modal();
        }
    });
    view! {
        <dialog node_ref=dialog class="dialog" aria-labelledby="dialog-title" on:close=move |_| on_close.run(())>
            <h2 id="dialog-title">{title}</h2>
            {children()}
        </dialog>
    }
}

/// Closes the dialog it is in, the browser's way, which gives the focus back.
#[component]
pub fn CancelButton() -> impl IntoView {
    view! {
        <form method="dialog">
            <Button label="Cancel" kind="submit" />
        </form>
    }
}

/// Asks whether to take something away.
#[component]
pub fn ConfirmDialog(
    /// The question.
    #[prop(into)]
    title: String,
    /// What follows from a yes.
    #[prop(into)]
    consequence: String,
    /// Whether the answer is being carried out.
    #[prop(into)]
    busy: Signal<bool>,
    /// Yes.
    #[prop(into)]
    on_confirm: Callback<()>,
    /// No.
    #[prop(into)]
    on_close: Callback<()>,
) -> impl IntoView {
    view! {
        <Dialog title on_close>
            <p>{consequence}</p>
            <div class="actions">
                <CancelButton />
                <Button label="Confirm" weight=Weight::Danger busy on_press=on_confirm />
            </div>
        </Dialog>
    }
}
