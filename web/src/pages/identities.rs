//! `/identities`: the programs that read secrets, and how they log in.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::model::ids::OrganizationId;
use shared::wire::identities::Identity;

use crate::api;
use crate::components::badge::Badge;
use crate::components::button::{Button, Weight};
use crate::components::credentials::Credentials;
use crate::components::drawer::Drawer;
use crate::components::empty::EmptyState;
use crate::components::icon::{Glyph, Icon};
use crate::components::identity_details::IdentityDetails;
use crate::components::new_identity::NewIdentityDialog;
use crate::components::notice::ProblemNotice;
use crate::components::page::Page;
use crate::components::skeleton::Skeleton;
use crate::first_steps::FirstSteps;
use crate::person::Person;
use crate::problem::Problem;
use crate::projects::Load;
use crate::session::Session;

/// The page.
#[component]
pub fn IdentitiesPage() -> impl IntoView {
    let session = Session::current();
    let person = Person::current();
    let steps = FirstSteps::current();
    let organization = Memo::new(move |_| person.organization());
    let list = RwSignal::new(Load::<Vec<Identity>>::Loading);
    let creating = RwSignal::new(false);
    let made = RwSignal::new(None::<Credentials>);
    let new_one = Memo::new(move |_| creating.get() || made.with(Option::is_some));
    let open = RwSignal::new(None::<Identity>);
    let load = move |organization: OrganizationId| {
        spawn_local(async move {
            let answer = api::identities::list(session, organization).await;
            list.try_set(match answer {
                Ok(memberships) => Load::Ready(
                    memberships
                        .into_iter()
                        .map(|membership| membership.identity)
                        .collect(),
                ),
                Err(error) => Load::Failed(Problem::new("The machine identities were not loaded", &error)),
            });
        });
    };
    let reload = move || {
        if organization.get_untracked().is_none() {
            person.reload();
        }
        if let Some(organization) = organization.get_untracked() {
            load(organization);
            spawn_local(steps.refresh());
        }
    };
    Effect::new(move |_| {
        if let Some(organization) = organization.get() {
            load(organization);
        }
    });
    // These live as long as the page: dialogs and drawers may be gone when an answer comes.
    let on_change = Callback::new(move |()| reload());
    let on_deleted = Callback::new(move |()| {
        open.set(None);
        reload();
    });
    let failed = Signal::derive(move || list.with(Load::problem).or_else(|| person.problem()));
    let some = Memo::new(move |_| matches!(list.get(), Load::Ready(list) if !list.is_empty()));
    let create = move || {
        view! {
            <Button
                label="Create identity"
                icon=Icon::Plus
                weight=Weight::Primary
                on_press=move |()| creating.set(true)
            />
        }
    };
    let actions = move || view! { <Show when=move || some.get()>{create()}</Show> };
    view! {
        <Page
            title="Machine Identities"
            lead="One for each program that reads secrets: a server, a build, a script. Each gets its own access and can be \
                  cut off alone."
            actions
        >
            <ProblemNotice problem=failed retry=move |()| reload() />
            {move || match list.get() {
                Load::Loading => view! { <Skeleton label="Loading machine identities" /> }.into_any(),
                Load::Failed(_) => ().into_any(),
                Load::Ready(identities) if identities.is_empty() => {
                    view! {
                        <EmptyState
                            title="No machine identities yet"
                            text="Create one for the first program that shall read secrets. It gets a client ID and a client \
                                  secret to log in with."
                            icon=Icon::Robot
                        >
                            {create()}
                        </EmptyState>
                    }
                        .into_any()
                }
                Load::Ready(identities) => {
                    view! {
                        <ul class="rows">
                            {identities
                                .into_iter()
                                .map(|identity| view! { <Row identity open /> })
                                .collect_view()}
                        </ul>
                    }
                        .into_any()
                }
            }}
        </Page>
        {move || {
            let organization = organization.get().filter(|_| new_one.get())?;
            let close = move |()| {
                creating.set(false);
                made.set(None);
            };
            Some(view! { <NewIdentityDialog organization made on_change on_close=close /> })
        }}
        {move || {
            open.get()
                .map(|identity| {
                    let name = identity.name.clone();
                    view! {
                        <Drawer title=name on_close=move |()| open.set(None)>
                            <IdentityDetails identity on_deleted />
                        </Drawer>
                    }
                })
        }}
    }
}

#[component]
fn Row(identity: Identity, open: RwSignal<Option<Identity>>) -> impl IntoView {
    let methods = identity.auth_methods.clone();
    let label = format!("Manage {}", identity.name);
    let shown = identity.clone();
    view! {
        <li class="row">
            <Glyph icon=Icon::Robot />
            <div class="row-text">
                <p class="row-title">
                    <bdi>{identity.name.clone()}</bdi>
                </p>
                <p class="soft">{format!("Created {}", identity.created_at.date())}</p>
            </div>
            <div class="row-actions">
                {methods
                    .into_iter()
                    .map(|method| view! { <Badge text=method_name(&method) /> })
                    .collect_view()}
                <button
                    type="button"
                    class="button button-small"
                    aria-label=label
                    on:click=move |_| open.set(Some(shown.clone()))
                >
                    "Manage"
                </button>
            </div>
        </li>
    }
}

fn method_name(method: &str) -> String {
    match method {
        "universal-auth" => "Universal Auth".to_owned(),
        "token-auth" => "Token Auth".to_owned(),
        other => other.to_owned(),
    }
}
