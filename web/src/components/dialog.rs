//! Dialogs over the page. The browser's own `<dialog>` keeps the focus inside, closes on Escape and gives the focus
//! back.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::announcer::Announcements;
use super::button::{Button, Weight};
use super::field::Field;
use super::notice::{ProblemNotice, tell};
use super::unique::unique_id;
use crate::problem::Problem;

/// A dialog that is open as long as it exists.
#[component]
pub fn Dialog(
    /// The heading.
    #[prop(into)]
    title: String,
    /// Whether it holds more than a few lines.
    #[prop(optional)]
    wide: bool,
    /// Called when it was closed without an answer.
    #[prop(into)]
    on_close: Callback<()>,
    /// The rest.
    children: Children,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let heading = unique_id("dialog");
    let heading_id = heading.clone();
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get() {
            // Refused only when it is open already.
            let _ = dialog.show_modal();
        }
    });
    view! {
        <dialog
            node_ref=dialog
            class="dialog"
            class:dialog-wide=wide
            aria-labelledby=heading.clone()
            on:close=move |_| on_close.run(())
        >
            <h2 id=heading_id>
                <bdi>{title}</bdi>
            </h2>
            {children()}
        </dialog>
    }
}

/// Closes the dialog it is in, the browser's way, which gives the focus back.
#[component]
pub fn CancelButton(
    /// The text, where there is nothing to be cancelled.
    #[prop(default = "Cancel")]
    label: &'static str,
) -> impl IntoView {
    view! {
        <form method="dialog">
            <Button label kind="submit" />
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

/// Asks for the name of what is to be taken away, for things that many others depend on.
#[component]
pub fn TypedConfirmDialog<F, Done>(
    /// The question.
    #[prop(into)]
    title: String,
    /// What follows from a yes.
    #[prop(into)]
    consequence: String,
    /// The name that must be typed.
    #[prop(into)]
    name: String,
    /// Its slug, which does as well: some names are hard to type.
    #[prop(optional, into)]
    slug: Option<String>,
    /// Carries out a yes, to its end even when the dialog is closed meanwhile.
    action: F,
    /// Called when it is done or was closed.
    #[prop(into)]
    on_close: Callback<()>,
) -> impl IntoView
where
    F: Fn() -> Done + 'static,
    Done: Future<Output = Result<(), Problem>> + 'static,
{
    let announcements = Announcements::current();
    // It may hold handles of the browser, which do not leave this thread.
    let action = StoredValue::new_local(action);
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let typed = RwSignal::new(String::new());
    let label = format!("Type {name} to confirm");
    let slug = slug.unwrap_or_else(|| name.clone());
    let hint = Signal::stored(if slug == name {
        String::new()
    } else {
        format!("Or its slug, {slug}")
    });
    let matches = Memo::new(move |_| typed.with(|typed| [name.trim(), slug.trim()].contains(&typed.trim())));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if !matches.get_untracked() || busy.get_untracked() {
            return;
        }
        busy.set(true);
        problem.set(None);
        let done = action.with_value(|action| action());
        spawn_local(async move {
            match done.await {
                Ok(()) => {
                    on_close.try_run(());
                }
                Err(refused) => {
                    busy.try_set(false);
                    tell(problem, announcements, refused);
                }
            }
        });
    };
    view! {
        <Dialog title on_close>
            <p>{consequence}</p>
            <form id="typed-confirmation" class="form" on:submit=submit>
                <Field id="confirmation-name" label value=typed focused=true hint />
                <ProblemNotice problem />
            </form>
            <div class="actions">
                <CancelButton />
                <Button
                    label="Confirm"
                    kind="submit"
                    form="typed-confirmation"
                    weight=Weight::Danger
                    busy
                    disabled=Signal::derive(move || !matches.get())
                />
            </div>
        </Dialog>
    }
}
