//! `/admin/signup`: the first administrator, once.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;
use shared::model::names::{DisplayName, Email};
use shared::model::text::SecretText;
use shared::wire::setup::SetupRequest;

use crate::api;
use crate::api::error::Kind;
use crate::app::replacing;
use crate::components::button::{Button, Weight};
use crate::components::card::Card;
use crate::components::field::Field;
use crate::components::notice::ProblemNotice;
use crate::components::password::PasswordField;
use crate::components::setup_code::{NEXT_AFTER_REFUSAL, SetupCode, SetupCodeField};
use crate::problem::Problem;
use crate::session::{Phase, Session};
use crate::strength::refuse_short;

const WHAT: &str = "The account was not created";

/// The page.
#[component]
pub fn Signup() -> impl IntoView {
    let session = Session::current();
    let navigate = use_navigate();
    // Who has just made the account goes on with its recovery kit; who comes back has been there.
    let created = StoredValue::new(false);
    Effect::new(move |_| match session.phase() {
        Phase::SignedIn if created.get_value() => navigate("/welcome", replacing()),
        Phase::SignedIn => navigate("/projects", replacing()),
        Phase::SignedOut => navigate("/login", replacing()),
        _ => {}
    });

    let code = SetupCode::of_link();
    let email = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let organization = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);

    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let request = request(
            code.get().map(SecretText::new),
            &email.get_untracked(),
            password.get_untracked(),
            &organization.get_untracked(),
        );
        let request = match request {
            Ok(request) => request,
            Err(refused) => return problem.set(Some(refused)),
        };
        busy.set(true);
        problem.set(None);
        created.set_value(true);
        spawn_local(async move {
            if let Err(error) = api::setup::create(session, &request).await {
                // Somebody may have been faster: then this page has no purpose any more.
                if error.kind != Kind::Unreachable
                    && api::setup::state().await.is_ok_and(|state| state.initialized)
                {
                    session.set_up_elsewhere();
                    return;
                }
                let refused = Problem::new(WHAT, &error);
                problem.set(Some(match error.kind {
                    Kind::Forbidden => refused.with_next(NEXT_AFTER_REFUSAL),
                    _ => refused,
                }));
            }
            busy.set(false);
        });
    };
    view! {
        <Card title="Set up Strongroom" lead="Create the first account. It administers this server.">
            <form class="form" on:submit=submit>
                <SetupCodeField code />
                <Field
                    id="email"
                    label="Email"
                    kind="email"
                    autocomplete="username"
                    value=email
                    focused=code.known
                    hint=Signal::stored("For logging in. No mail is sent.".to_owned())
                />
                <PasswordField
                    id="password"
                    label="Password"
                    autocomplete="new-password"
                    value=password
                    meter=true
                />
                <Field id="organization" label="Organization" autocomplete="organization" value=organization />
                <ProblemNotice problem />
                <Button label="Create account" kind="submit" weight=Weight::Primary busy />
            </form>
            <p>
                <a href=move || code.link_to("/admin/restore") rel="external" class="link">
                    "Restore from a backup"
                </a>
            </p>
        </Card>
    }
}

fn request(
    setup_code: Option<SecretText>,
    email: &str,
    password: String,
    organization: &str,
) -> Result<SetupRequest, Problem> {
    let email = email
        .parse::<Email>()
        .map_err(|reason| Problem::local(WHAT, reason.to_string(), "Correct the e-mail address."))?;
    refuse_short(WHAT, &password)?;
    let organization = organization
        .parse::<DisplayName>()
        .map_err(|reason| Problem::local(WHAT, reason.to_string(), "Correct the organization's name."))?;
    Ok(SetupRequest {
        email: email.to_string(),
        password: SecretText::new(password),
        organization: organization.to_string(),
        setup_code,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_would_refuse_is_refused_here_with_the_reason() {
        for (email, password, organization, reason) in [
            ("kavi", "correct horse battery", "Home", "e-mail"),
            ("kavi@example.com", "short", "Home", "12 characters"),
            ("kavi@example.com", "correct horse battery", "  ", "1 to 64"),
        ] {
            let refused = request(None, email, password.to_owned(), organization).map(|_| ());
            assert!(
                refused
                    .as_ref()
                    .is_err_and(|problem| problem.why.contains(reason)),
                "{refused:?}"
            );
        }
    }
}
