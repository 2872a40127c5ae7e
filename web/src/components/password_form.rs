//! Changing the own password.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::model::text::SecretText;
use shared::wire::account::PasswordChange;

use super::announcer::Announcements;
use super::button::{Button, Weight};
use super::notice::ProblemNotice;
use super::password::PasswordField;
use crate::api;
use crate::person::Person;
use crate::problem::Problem;
use crate::session::Session;
use crate::strength::refuse_short;
use crate::words::count_of;

const WHAT: &str = "The password was not changed";

/// The form.
#[component]
pub fn PasswordForm() -> impl IntoView {
    let session = Session::current();
    let person = Person::current();
    let announcements = Announcements::current();
    let current = RwSignal::new(String::new());
    let new = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        if let Err(refused) = new.with_untracked(|new| refuse_short(WHAT, new)) {
            return problem.set(Some(refused));
        }
        busy.set(true);
        problem.set(None);
        let change = PasswordChange {
            current_password: SecretText::new(current.get_untracked()),
            new_password: SecretText::new(new.get_untracked()),
        };
        spawn_local(async move {
            match api::account::change_password(session, &change).await {
                Ok(ended) => {
                    current.try_set(String::new());
                    new.try_set(String::new());
                    announcements.say(if ended == 0 {
                        "Your password is changed".to_owned()
                    } else {
                        format!(
                            "Your password is changed; {} ended",
                            count_of(ended, "other session")
                        )
                    });
                }
                Err(error) => {
                    problem.try_set(Some(Problem::new(WHAT, &error)));
                }
            }
            busy.try_set(false);
        });
    };
    // A password manager needs to know whose password it is.
    let email = move || person.email();
    view! {
        <section class="panel" aria-labelledby="password-heading">
            <h2 id="password-heading">"Password"</h2>
            <p class="lead">"A new password ends every other session of yours. This one goes on."</p>
            <form class="form account-form" on:submit=submit>
                <input type="email" autocomplete="username" prop:value=email readonly=true hidden=true />
                <PasswordField
                    id="current-password"
                    label="Current password"
                    value=current
                    autocomplete="current-password"
                />
                <PasswordField
                    id="new-password"
                    label="New password"
                    value=new
                    autocomplete="new-password"
                    meter=true
                />
                <ProblemNotice problem />
                <div class="actions">
                    <Button label="Change password" kind="submit" weight=Weight::Primary busy />
                </div>
            </form>
        </section>
    }
}
