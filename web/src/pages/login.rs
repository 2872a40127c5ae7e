//! `/login`: e-mail and password, then the organization where there are several; also for a command line on the same computer.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::{use_location, use_navigate, use_query_map};
use shared::model::text::SecretText;
use shared::wire::organizations::Organization;

use crate::api;
use crate::app::replacing;
use crate::components::card::Card;
use crate::components::command_line_login::CommandLineLogin;
use crate::components::login_form::{OrganizationStep, PasswordStep, explain, homeless};
use crate::location::{CommandLine, page_behind_login};
use crate::problem::Problem;
use crate::session::{Phase, Session};

const WHAT: &str = "You are not logged in";

/// The page: for this browser, or for a command line that sent somebody here.
#[component]
pub fn Login() -> impl IntoView {
    let query = use_query_map();
    let command_line = query.with_untracked(|query| {
        let port = query.get_str("callback_port")?;
        Some(CommandLine::named(port, query.get_str("code")))
    });
    match command_line {
        Some(command_line) => view! { <CommandLineLogin command_line /> }.into_any(),
        None => view! { <BrowserLogin /> }.into_any(),
    }
}

#[component]
fn BrowserLogin() -> impl IntoView {
    let session = Session::current();
    let search = use_location().search;
    let navigate = use_navigate();
    Effect::new(move |_| match session.phase() {
        Phase::SignedIn => {
            let page = search.with_untracked(|search| page_behind_login(search));
            navigate(&page, replacing());
        }
        Phase::NeedsSetup => navigate("/admin/signup", replacing()),
        _ => {}
    });

    let email = RwSignal::new(String::new());
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
                fallback=move || view! { <PasswordStep email busy problem on_submit=log_in /> }
            >
                <OrganizationStep organizations=choice busy problem on_submit=choose />
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
        .map_err(|error| explain(WHAT, &error))?;
    let told = |error| Problem::new(WHAT, &error);
    let mut organizations = api::auth::organizations(session).await.map_err(told)?;
    if organizations.len() > 1 {
        return Ok(Step::Choose(organizations));
    }
    let Some(only) = organizations.pop() else {
        return Err(homeless(WHAT));
    };
    api::auth::select_organization(session, only.id.to_string())
        .await
        .map_err(told)?;
    Ok(Step::Done)
}
