//! `/account`: the person's own password, sessions and theme.

use leptos::prelude::*;

use crate::components::notice::ProblemNotice;
use crate::components::page::Page;
use crate::components::password_form::PasswordForm;
use crate::components::session_list::SessionList;
use crate::components::theme_switch::ThemeSwitch;
use crate::person::Person;

/// The page.
#[component]
pub fn AccountPage() -> impl IntoView {
    let person = Person::current();
    let problem = Signal::derive(move || person.problem());
    view! {
        <Page title="Account" narrow=true>
            <ProblemNotice problem retry=move |()| person.reload() />
            <section class="panel" aria-labelledby="you-heading">
                <h2 id="you-heading">"You"</h2>
                <dl class="facts">
                    <dt>"Email"</dt>
                    <dd>
                        <bdi>{move || person.email()}</bdi>
                    </dd>
                    <dt>"Theme"</dt>
                    <dd class="theme-choice">
                        <ThemeSwitch />
                    </dd>
                </dl>
            </section>
            <PasswordForm />
            <SessionList />
        </Page>
    }
}
