//! Something that is done once the password was given again.

use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_bindgen::JsCast;
use shared::model::text::SecretText;
use web_sys::HtmlDialogElement;

use super::announcer::Announcements;
use super::button::{Button, Weight};
use super::dialog::{CancelButton, Dialog};
use super::notice::{ProblemNotice, tell};
use super::password::OwnPassword;
use crate::problem::Problem;

const FORM: &str = "password-dialog";

/// The dialog: what it means, what it needs, and the password.
#[component]
pub fn PasswordDialog<F, Done>(
    /// The heading.
    #[prop(into)]
    title: String,
    /// Whether it takes something away.
    #[prop(optional)]
    danger: bool,
    /// Whether something is missing that this form cannot say itself.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// Carries it out, to its end even when the dialog is closed meanwhile.
    action: F,
    /// Called when it is done or was closed.
    #[prop(into)]
    on_close: Callback<()>,
    /// What stands above the password.
    children: Children,
) -> impl IntoView
where
    F: Fn(SecretText) -> Done + 'static,
    Done: Future<Output = Result<(), Problem>> + 'static,
{
    let announcements = Announcements::current();
    // It may hold handles of the browser, which do not leave this thread.
    let action = StoredValue::new_local(action);
    let password = RwSignal::new(String::new());
    let form = NodeRef::<html::Form>::new();
    // The browser's way, which gives the focus back.
    let close = move || {
        let form = form.try_get_untracked().flatten();
        let dialog = form.and_then(|form| form.closest("dialog").ok().flatten());
        match dialog.and_then(|dialog| dialog.dyn_into::<HtmlDialogElement>().ok()) {
            Some(dialog) => dialog.close(),
            None => {
                on_close.try_run(());
            }
        }
    };
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() || disabled.get_untracked() {
            return;
        }
        busy.set(true);
        problem.set(None);
        let done = action.with_value(|action| action(SecretText::new(password.get_untracked())));
        spawn_local(async move {
            match done.await {
                Ok(()) => close(),
                Err(refused) => {
                    busy.try_set(false);
                    tell(problem, announcements, refused);
                }
            }
        });
    };
    view! {
        <Dialog title on_close>
            <form id=FORM node_ref=form class="form" on:submit=submit>
                {children()}
                <OwnPassword id="dialog-password" value=password />
                <ProblemNotice problem />
            </form>
            <div class="actions">
                <CancelButton />
                <Button
                    label="Confirm"
                    kind="submit"
                    form=FORM
                    weight=if danger { Weight::Danger } else { Weight::Primary }
                    busy
                    disabled=Signal::derive(move || disabled.get() || password.with(String::is_empty))
                />
            </div>
        </Dialog>
    }
}
