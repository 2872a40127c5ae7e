//! `/login`: e-mail and password, then the organization where there are several.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::{use_navigate, use_query_map};
use shared::model::text::SecretText;
use shared::wire::organizations::Organization;

use crate::api;
use crate::api::error::{Error, Kind};
use crate::app::replacing;
use crate::components::button::{Button, Weight};
use crate::components::card::Card;
use crate::components::field::Field;
use crate::components::notice::ProblemNotice;
use crate::components::password::PasswordField;
use crate::components::select::Select;
use crate::location::page_to_return_to;
use crate::problem::Problem;
use crate::session::{Phase, Session};

const WHAT: &str = "You are not logged in";

/// The page.
#[component]
pub fn Login() -> impl IntoView {
    let session = Session::current();
    let query = use_query_map();
    let navigate = use_navigate();
    Effect::new(move |_| match session.phase() {
        Phase::SignedIn => {
            let next = query.with_untracked(|query| page_to_return_to(query.get_str("next")));
            navigate(&next, replacing());
        }
        Phase::NeedsSetup => navigate("/admin/signup", replacing()),
        _ => {}
    });

    let choice = RwSignal::new(Vec::<Organization>::new());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let choose = move |organization_id: String| {
        busy.set(true);
        spawn_local(async move {
            if let Err(error) = api::auth::select_organization(session, organization_id).await {
                problem.set(Some(Problem::new(WHAT, &error)));
            }
            busy.set(false);
        });
    };
    let log_in = move |(email, password): (String, SecretText)| {
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            match first_step(session, email, password).await {
                Ok(Step::Choose(organizations)) => choice.set(organizations),
                Ok(Step::Done) => {}
                Err(told) => problem.set(Some(told)),
            }
            busy.set(false);
        });
    };
    let choosing = Memo::new(move |_| choice.with(|choice| !choice.is_empty()));
    view! {
        <Card title="Log in">
            <Show when=move || session.has_expired()>
                <p class="notice">"Your session has ended. Log in again to go on where you were."</p>
            </Show>
            <Show
                when=move || choosing.get()
                fallback=move || view! { <Credentials busy problem on_submit=log_in /> }
            >
                <OrganizationChoice organizations=choice busy problem on_submit=choose />
            </Show>
        </Card>
    }
}

enum Step {
    Done,
    Choose(Vec<Organization>),
}

async fn first_step(session: Session, email: String, password: SecretText) -> Result<Step, Problem> {
    api::auth::login(session, email, password)
        .await
        .map_err(|error| explain(&error))?;
    let told = |error| Problem::new(WHAT, &error);
    let mut organizations = api::auth::organizations(session).await.map_err(told)?;
    if organizations.len() > 1 {
        return Ok(Step::Choose(organizations));
    }
    let Some(only) = organizations.pop() else {
        return Err(Problem::local(
            WHAT,
            "Your account belongs to no organization.",
            "Ask an administrator of this server to add you to one.",
        ));
    };
    api::auth::select_organization(session, only.id.to_string())
        .await
        .map_err(told)?;
    Ok(Step::Done)
}

fn explain(error: &Error) -> Problem {
    let problem = Problem::new(WHAT, error);
    match error.kind {
        Kind::SignedOut | Kind::Refused | Kind::NotFound => problem.with_next(
            "Check e-mail address and password. An administrator can make a new account on the \
             server: strongroom admin create",
        ),
        _ => problem,
    }
}

#[component]
fn Credentials(
    busy: RwSignal<bool>,
    problem: RwSignal<Option<Problem>>,
    #[prop(into)] on_submit: Callback<(String, SecretText)>,
) -> impl IntoView {
    let email = RwSignal::new(String::new());
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
            <Button label="Log in" kind="submit" weight=Weight::Primary busy />
        </form>
    }
}

#[component]
fn OrganizationChoice(
    organizations: RwSignal<Vec<Organization>>,
    busy: RwSignal<bool>,
    problem: RwSignal<Option<Problem>>,
    #[prop(into)] on_submit: Callback<String>,
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
