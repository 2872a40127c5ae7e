//! The two steps of a login: e-mail address and password, then the organization where there are several.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use shared::model::text::SecretText;
use shared::wire::organizations::Organization;

use super::button::{Button, Weight};
use super::field::Field;
use super::notice::ProblemNotice;
use super::password::PasswordField;
use super::select::Select;
use crate::api::error::{Error, Kind};
use crate::problem::Problem;

/// Why the first step was refused.
pub fn explain(what: &str, error: &Error) -> Problem {
    let problem = Problem::new(what, error);
    match error.kind {
        Kind::SignedOut | Kind::Refused | Kind::NotFound => problem.with_next(
            "Check e-mail address and password. An administrator can make a new account on the \
             server: strongroom admin create",
        ),
        _ => problem,
    }
}

/// Why a login without an organization ends here.
pub fn homeless(what: &str) -> Problem {
    Problem::local(
        what,
        "Your account belongs to no organization.",
        "Ask an administrator of this server to add you to one.",
    )
}

/// The first step.
#[component]
pub fn PasswordStep(
    /// What the button says.
    #[prop(default = "Log in")]
    label: &'static str,
    /// The e-mail address, as far as it is known.
    email: RwSignal<String>,
    /// Whether it is under way.
    busy: RwSignal<bool>,
    /// Why it was refused.
    problem: RwSignal<Option<Problem>>,
    /// Takes what was typed.
    #[prop(into)]
    on_submit: Callback<(String, SecretText)>,
) -> impl IntoView {
    let password = RwSignal::new(String::new());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if !busy.get_untracked() {
            let email = email.with_untracked(|email| email.trim().to_owned());
            on_submit.run((email, SecretText::new(password.get_untracked())));
        }
    };
    view! {
        <form class="form" on:submit=submit>
            <Field id="email" label="Email" kind="email" autocomplete="username" value=email focused=true />
            <PasswordField id="password" label="Password" autocomplete="current-password" value=password />
            <ProblemNotice problem />
            <Button label kind="submit" weight=Weight::Primary busy />
        </form>
    }
}

/// The second step.
#[component]
pub fn OrganizationStep(
    /// Those to choose from.
    organizations: RwSignal<Vec<Organization>>,
    /// Whether it is under way.
    busy: RwSignal<bool>,
    /// Why it was refused.
    problem: RwSignal<Option<Problem>>,
    /// Takes the id of the one that was chosen.
    #[prop(into)]
    on_submit: Callback<String>,
) -> impl IntoView {
    let first = organizations.with_untracked(|list| list.first().map(|first| first.id.to_string()));
    let chosen = RwSignal::new(first.unwrap_or_default());
    let options = Signal::derive(move || {
        organizations.with(|list| {
            list.iter()
                .map(|organization| (organization.id.to_string(), organization.name.clone()))
                .collect::<Vec<_>>()
        })
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if !busy.get_untracked() {
            on_submit.run(chosen.get_untracked());
        }
    };
    view! {
        <form class="form" on:submit=submit>
            <Select id="organization" label="Organization" value=chosen options />
            <ProblemNotice problem />
            <Button label="Continue" kind="submit" weight=Weight::Primary busy />
        </form>
    }
}
