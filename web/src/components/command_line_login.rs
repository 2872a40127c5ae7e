//! Logging in a command line that waits on this computer: who asks, as whom, and only when somebody says so here.
//!
//! The password is asked for even where this browser is logged in: what is handed over is a session of its own, and whoever
//! sits down at an open browser does not get one.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;
use shared::model::text::SecretText;
use shared::wire::organizations::Organization;

use super::card::Card;
use super::copy_button::CopyButton;
use super::icon::{Glyph, Icon};
use super::login_form::{OrganizationStep, PasswordStep, explain, homeless};
use super::notice::ProblemNotice;
use crate::api;
use crate::api::command_line;
use crate::app::replacing;
use crate::location::CommandLine;
use crate::plaintext;
use crate::problem::Problem;
use crate::session::{Phase, Session};

const TITLE: &str = "Log in the command line";
const WHAT: &str = "The command line is not logged in";

/// How far it is.
#[derive(Clone, PartialEq, Eq)]
enum Step {
    /// Who is it?
    Password,
    /// In which organization? With the token of the first step.
    Organization(SecretText),
    /// The command line has it.
    Done,
    /// The browser did not get through to it: a person can carry this over.
    Carry(Option<SecretText>),
}

/// The page.
#[component]
pub fn CommandLineLogin(
    /// What waits; nothing where the link does not say it.
    command_line: Option<CommandLine>,
) -> impl IntoView {
    let session = Session::current();
    let navigate = use_navigate();
    Effect::new(move |_| {
        if session.phase() == Phase::NeedsSetup {
            navigate("/admin/signup", replacing());
        }
    });
    if let Some(command_line) = command_line {
        return view! { <Known command_line /> }.into_any();
    }
    let problem = Problem::local(
        WHAT,
        "The link does not name a port of this computer.",
        "Start again at the command line: strongroom login",
    );
    view! {
        <Card title=TITLE>
            <ProblemNotice problem=Signal::stored(Some(problem)) />
        </Card>
    }
    .into_any()
}

#[component]
fn Known(command_line: CommandLine) -> impl IntoView {
    let session = Session::current();
    let email = RwSignal::new(String::new());
    if session.is_signed_in() {
        spawn_local(async move {
            // Without an answer the address is typed.
            if let Ok(me) = api::system::me(session).await {
                email.try_update(|email| {
                    if email.is_empty() {
                        *email = me.name;
                    }
                });
            }
        });
    }
    let step = RwSignal::new(Step::Password);
    let choice = RwSignal::new(Vec::<Organization>::new());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let waiting = StoredValue::new(command_line);
    let finish = move |pending: SecretText, organization_id: String| async move {
        let token = command_line::select_organization(&pending, organization_id)
            .await
            .map_err(|error| Problem::new(WHAT, &error))?;
        let CommandLine { port, code } = waiting.get_value();
        let login = plaintext::login_of(email.get_untracked().trim(), &token, code.as_deref());
        Ok(if command_line::hand_over(port, &login).await {
            Step::Done
        } else {
            Step::Carry(plaintext::to_carry(&login))
        })
    };
    let settle = move |outcome: Result<Step, Problem>| {
        match outcome {
            Ok(next) => step.set(next),
            Err(told) => problem.set(Some(told)),
        }
        busy.set(false);
    };
    let log_in = move |(email, password): (String, SecretText)| {
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            let outcome = match first_step(email, password).await {
                Ok((pending, mut organizations)) => match organizations.pop() {
                    Some(only) if organizations.is_empty() => finish(pending, only.id.to_string()).await,
                    Some(last) => {
                        organizations.push(last);
                        choice.set(organizations);
                        Ok(Step::Organization(pending))
                    }
                    None => Err(homeless(WHAT)),
                },
                Err(told) => Err(told),
            };
            settle(outcome);
        });
    };
    let choose = move |organization_id: String| {
        let Step::Organization(pending) = step.get_untracked() else {
            return;
        };
        busy.set(true);
        problem.set(None);
        spawn_local(async move { settle(finish(pending, organization_id).await) });
    };
    view! {
        <Card title=TITLE>
            {move || match step.get() {
                Step::Password => {
                    view! {
                        <Asker command_line=waiting.get_value() />
                        <PasswordStep label=TITLE email busy problem on_submit=log_in />
                        <p class="hint">
                            "It gets a session of its own, which your account lists. This browser stays as it is."
                        </p>
                    }
                        .into_any()
                }
                Step::Organization(_) => {
                    view! { <OrganizationStep organizations=choice busy problem on_submit=choose /> }.into_any()
                }
                Step::Done => {
                    view! {
                        <p class="notice" role="status">
                            <Glyph icon=Icon::Check />
                            <span>"The command line is logged in. You can close this page."</span>
                        </p>
                    }
                        .into_any()
                }
                Step::Carry(line) => view! { <Carry line /> }.into_any(),
            }}
        </Card>
    }
}

async fn first_step(email: String, password: SecretText) -> Result<(SecretText, Vec<Organization>), Problem> {
    let pending = command_line::login(email, password)
        .await
        .map_err(|error| explain(WHAT, &error))?;
    let organizations = command_line::organizations(&pending)
        .await
        .map_err(|error| Problem::new(WHAT, &error))?;
    Ok((pending, organizations))
}

/// Who asks, and how to tell whether it is who it should be.
#[component]
fn Asker(command_line: CommandLine) -> impl IntoView {
    let CommandLine { port, code } = command_line;
    let check = if code.is_some() {
        "Go on only if you have just started it yourself and it shows the same code."
    } else {
        "Go on only if you have just started it yourself. It is one that shows no code to compare, as Infisical's does."
    };
    view! {
        <p>"A command line on this computer wants to work in your name."</p>
        <dl class="facts">
            {code
                .map(|code| {
                    view! {
                        <dt>"Its code"</dt>
                        <dd>
                            <strong class="matching-code">{code}</strong>
                        </dd>
                    }
                })}
            <dt>"It waits at"</dt>
            <dd>
                <code>{format!("127.0.0.1:{port}")}</code>
            </dd>
        </dl>
        <p class="notice notice-warning">
            <Glyph icon=Icon::Warning />
            <span>{check}</span>
        </p>
    }
}

/// The login as a line of text, for a command line that this browser does not reach.
#[component]
fn Carry(line: Option<SecretText>) -> impl IntoView {
    let Some(line) = line else {
        let problem = Problem::local(
            WHAT,
            "This browser did not get through to it.",
            "Log in there with e-mail address and password: strongroom login",
        );
        return view! { <ProblemNotice problem=Signal::stored(Some(problem)) /> }.into_any();
    };
    let shown = plaintext::on_screen(&line);
    view! {
        <p class="notice" role="status">
            <Glyph icon=Icon::Info />
            <span>
                "This browser did not get through to the command line, as when that runs on another computer. Carry the \
                 login over: copy it here, press Enter there, and paste it."
            </span>
        </p>
        <div class="field">
            <label for="login-to-carry">"Login for the command line"</label>
            <div class="input-with-button">
                <input id="login-to-carry" class="code" readonly=true prop:value=shown />
                <CopyButton what="the login" text=Signal::stored(line) />
            </div>
        </div>
        <p class="hint">"Whoever has it is logged in as you. If you do not use it, end its session in your account."</p>
    }
    .into_any()
}
