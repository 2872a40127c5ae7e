//! One machine identity: how it logs in, where it may read, and its end.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::wire::identities::Identity;
use shared::wire::universal_auth::{ClientSecretData, UniversalAuth};

use super::announcer::Announcements;
use super::badge::{Badge, Tone};
use super::button::{Button, Weight};
use super::copy_button::CopyButton;
use super::credentials::{Credentials, CredentialsView};
use super::dialog::{ConfirmDialog, TypedConfirmDialog};
use super::icon::{Glyph, Icon};
use super::identity_access::IdentityAccess;
use super::notice::{ProblemNotice, tell};
use super::skeleton::Skeleton;
use crate::api;
use crate::location;
use crate::problem::Problem;
use crate::projects::Load;
use crate::session::Session;
use crate::words::{ago, count_of};
use shared::model::text::SecretText;

/// How it logs in: the client id and its secrets, where it has them.
type Login = Option<(UniversalAuth, Vec<ClientSecretData>)>;

/// The content of its drawer.
#[component]
pub fn IdentityDetails(
    /// The identity.
    identity: Identity,
    /// Called when it is gone.
    on_deleted: Callback<()>,
) -> impl IntoView {
    let id = identity.id.to_string();
    view! {
        <div class="drawer-sections">
            <LoginSection id=id.clone() name=identity.name.clone() />
            <IdentityAccess id=id.clone() />
            <DeleteSection id name=identity.name on_deleted />
        </div>
    }
}

#[component]
fn LoginSection(id: String, name: String) -> impl IntoView {
    let session = Session::current();
    let announcements = Announcements::current();
    let login = RwSignal::new(Load::<Login>::Loading);
    let made = RwSignal::new(None::<Credentials>);
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let load = Callback::new({
        let id = id.clone();
        move |()| {
            let id = id.clone();
            spawn_local(async move {
                login.try_set(match read(session, &id).await {
                    Ok(found) => Load::Ready(found),
                    Err(error) => Load::Failed(Problem::new("The client secrets were not loaded", &error)),
                });
            });
        }
    });
    load.run(());
    let own_id = id.clone();
    let create = move |()| {
        busy.set(true);
        problem.set(None);
        let (id, name, known) = (own_id.clone(), name.clone(), login.get_untracked());
        spawn_local(async move {
            match add_secret(session, &id, &known).await {
                Ok((client_id, client_secret)) => {
                    let credentials = Credentials {
                        name,
                        client_id,
                        client_secret,
                    };
                    if let Some(Some(unseen)) = made.try_set(Some(credentials)) {
                        announcements.say(unseen.not_shown());
                    }
                }
                Err(error) => tell(
                    problem,
                    announcements,
                    Problem::new("The client secret was not created", &error),
                ),
            }
            busy.try_set(false);
            load.try_run(());
        });
    };
    let failed = Signal::derive(move || login.with(Load::problem));
    view! {
        <section class="form" aria-labelledby="login-heading">
            <div class="panel-head">
                <h3 id="login-heading">"Universal Auth"</h3>
                <Button label="Create client secret" icon=Icon::Plus small=true busy on_press=create />
            </div>
            <ProblemNotice problem=failed retry=load />
            <ProblemNotice problem />
            {move || made.get().map(|credentials| view! { <CredentialsView credentials /> })}
            {move || match login.get() {
                Load::Loading => view! { <Skeleton label="Loading client secrets" lines=2 /> }.into_any(),
                Load::Failed(_) => ().into_any(),
                Load::Ready(None) => {
                    view! { <p class="soft">"It cannot log in yet. Create a client secret."</p> }.into_any()
                }
                Load::Ready(Some((auth, secrets))) => {
                    let client_id = auth.client_id.to_string();
                    let copied = Signal::stored(SecretText::from(client_id.as_str()));
                    view! {
                        {made
                            .with(Option::is_none)
                            .then(|| {
                                view! {
                                    <div class="field">
                                        <label for="known-client-id">"Client ID"</label>
                                        <div class="input-with-button">
                                            <input id="known-client-id" class="code" readonly=true prop:value=client_id />
                                            <CopyButton what="client ID" text=copied />
                                        </div>
                                    </div>
                                }
                            })}
                        {if secrets.is_empty() {
                            view! { <p class="soft">"It has no client secret, so it cannot log in."</p> }.into_any()
                        } else {
                            view! {
                                <ul class="rows">
                                    {secrets
                                        .into_iter()
                                        .map(|secret| {
                                            view! { <SecretRow id=id.clone() secret on_revoked=load /> }
                                        })
                                        .collect_view()}
                                </ul>
                            }
                                .into_any()
                        }}
                    }
                        .into_any()
                }
            }}
        </section>
    }
}

async fn read(session: Session, id: &str) -> Result<Login, api::error::Error> {
    let Some(auth) = api::identities::login(session, id).await? else {
        return Ok(None);
    };
    let mut secrets = api::identities::client_secrets(session, id).await?;
    secrets.retain(|secret| !secret.is_client_secret_revoked);
    Ok(Some((auth, secrets)))
}

/// A new client secret, for an identity that could not log in so far too.
async fn add_secret(
    session: Session,
    id: &str,
    login: &Load<Login>,
) -> Result<(String, SecretText), api::error::Error> {
    let client_id = match login {
        Load::Ready(Some((auth, _))) => auth.client_id.to_string(),
        _ => match api::identities::login(session, id).await? {
            Some(auth) => auth.client_id.to_string(),
            None => api::identities::attach(session, id).await?.client_id.to_string(),
        },
    };
    Ok((
        client_id,
        api::identities::create_client_secret(session, id).await?,
    ))
}

#[component]
fn SecretRow(id: String, secret: ClientSecretData, on_revoked: Callback<()>) -> impl IntoView {
    let session = Session::current();
    let announcements = Announcements::current();
    let asking = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let prefix = secret.client_secret_prefix.clone();
    let secret_id = secret.id.to_string();
    let revoke = Callback::new(move |()| {
        busy.set(true);
        let (id, secret_id) = (id.clone(), secret_id.clone());
        spawn_local(async move {
            match api::identities::revoke_client_secret(session, &id, &secret_id).await {
                Ok(()) => announcements.say("The client secret is revoked"),
                Err(error) => {
                    announcements.say(format!("The client secret was not revoked. {}", error.message));
                }
            }
            asking.try_set(false);
            busy.try_set(false);
            on_revoked.try_run(());
        });
    });
    let used = secret.client_secret_last_used_at.map_or_else(
        || view! { <Badge text="Never used" /> }.into_any(),
        |at| view! { <Badge text=format!("Used {}", ago(at, location::now())) tone=Tone::Good /> }.into_any(),
    );
    let uses = count_of(secret.client_secret_num_uses, "login");
    view! {
        <li class="row">
            <Glyph icon=Icon::Key />
            <div class="row-text">
                <p class="row-title">
                    <code>{format!("{prefix}…")}</code>
                    " "
                    {used}
                </p>
                <p class="soft">
                    {format!("Created {} · {uses}", secret.created_at.date())}
                </p>
            </div>
            <div class="row-actions">
                <button
                    type="button"
                    class="button button-small"
                    aria-label=format!("Revoke {prefix}")
                    disabled=move || busy.get()
                    on:click=move |_| asking.set(true)
                >
                    "Revoke"
                </button>
            </div>
            <Show when=move || asking.get()>
                <ConfirmDialog
                    title="Revoke this client secret?"
                    consequence="Programs that log in with it are cut off at once. This cannot be undone."
                    busy
                    on_confirm=revoke
                    on_close=move |()| asking.set(false)
                />
            </Show>
        </li>
    }
}

#[component]
fn DeleteSection(id: String, name: String, on_deleted: Callback<()>) -> impl IntoView {
    let session = Session::current();
    let announcements = Announcements::current();
    let asking = RwSignal::new(false);
    let own_name = name.clone();
    let delete = move || {
        let (id, name) = (id.clone(), own_name.clone());
        async move {
            api::identities::delete(session, &id)
                .await
                .map_err(|error| Problem::new(format!("{name} was not deleted"), &error))?;
            announcements.say(format!("Deleted {name}"));
            on_deleted.try_run(());
            Ok(())
        }
    };
    view! {
        <section class="actions actions-start">
            <Button
                label="Delete identity"
                icon=Icon::Bin
                weight=Weight::Danger
                on_press=move |()| asking.set(true)
            />
        </section>
        <Show when=move || asking.get()>
            <TypedConfirmDialog
                title=format!("Delete {name}?")
                consequence="Programs that log in as it are cut off at once."
                name=name.clone()
                action=delete.clone()
                on_close=move |()| asking.set(false)
            />
        </Show>
    }
}
