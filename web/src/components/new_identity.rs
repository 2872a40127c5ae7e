//! Creating a machine identity: name, project, role; then what it logs in with.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::model::access::ProjectRole;
use shared::model::ids::OrganizationId;
use shared::model::names::DisplayName;

use super::announcer::Announcements;
use super::button::{Button, Weight};
use super::credentials::{Credentials, CredentialsView};
use super::dialog::{CancelButton, Dialog};
use super::field::Field;
use super::notice::{ProblemNotice, tell};
use super::select::Select;
use crate::api;
use crate::api::error::Error;
use crate::problem::Problem;
use crate::projects::{Load, Projects};
use crate::session::Session;

const WHAT: &str = "The machine identity was not created";

/// Roles that a machine can have in a project, in words.
pub fn roles() -> Vec<(String, String)> {
    vec![
        (
            ProjectRole::Viewer.to_string(),
            "Viewer: reads secrets".to_owned(),
        ),
        (
            ProjectRole::Member.to_string(),
            "Developer: reads and writes secrets".to_owned(),
        ),
        (
            ProjectRole::Admin.to_string(),
            "Admin: everything in the project".to_owned(),
        ),
    ]
}

/// The dialog. What was made lives with the page: a form that is closed too early must not take a client secret along that
/// is shown only once.
#[component]
pub fn NewIdentityDialog(
    /// The organization it will belong to.
    organization: OrganizationId,
    /// What the new identity logs in with, once there is one.
    made: RwSignal<Option<Credentials>>,
    /// Called when there is one more.
    on_change: Callback<()>,
    /// Called when it is done or was closed.
    #[prop(into)]
    on_close: Callback<()>,
) -> impl IntoView {
    let title = "Create identity";
    view! {
        <Dialog title wide=true on_close>
            {move || match made.get() {
                None => view! { <NewIdentityForm organization made on_change /> }.into_any(),
                Some(credentials) => {
                    view! {
                        <CredentialsView credentials />
                        <div class="actions">
                            <form method="dialog">
                                <Button label="Done" kind="submit" weight=Weight::Primary />
                            </form>
                        </div>
                    }
                        .into_any()
                }
            }}
        </Dialog>
    }
}

#[component]
fn NewIdentityForm(
    organization: OrganizationId,
    made: RwSignal<Option<Credentials>>,
    on_change: Callback<()>,
) -> impl IntoView {
    let session = Session::current();
    let announcements = Announcements::current();
    let projects = expect_context::<Projects>();
    let name = RwSignal::new(String::new());
    let project = RwSignal::new(String::new());
    let role = RwSignal::new(ProjectRole::Viewer.to_string());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let project_options = Signal::derive(move || {
        let none = (String::new(), "None yet".to_owned());
        let list = match projects.list() {
            Load::Ready(list) => list,
            _ => Vec::new(),
        };
        std::iter::once(none)
            .chain(
                list.into_iter()
                    .map(|project| (project.id.to_string(), project.name)),
            )
            .collect::<Vec<_>>()
    });
    // The only project is the one that is meant.
    if let Load::Ready(list) = projects.list_untracked()
        && let [only] = list.as_slice()
    {
        project.set(only.id.to_string());
    }
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let name = match name.with_untracked(|name| name.parse::<DisplayName>()) {
            Ok(name) => name.to_string(),
            Err(reason) => {
                return problem.set(Some(Problem::local(WHAT, reason.to_string(), "Change the name.")));
            }
        };
        busy.set(true);
        problem.set(None);
        let access = Some(project.get_untracked())
            .filter(|project| !project.is_empty())
            .zip(role.get_untracked().parse::<ProjectRole>().ok());
        spawn_local(async move {
            let outcome = create(session, organization, name, access).await;
            match outcome {
                Ok(credentials) => {
                    if let Some(Some(unseen)) = made.try_set(Some(credentials)) {
                        announcements.say(unseen.not_shown());
                    }
                }
                Err(told) => tell(problem, announcements, told),
            }
            on_change.try_run(());
            busy.try_set(false);
        });
    };
    view! {
        <form id="new-identity" class="form" on:submit=submit>
            <Field
                id="identity-name"
                label="Name"
                value=name
                focused=true
                hint=Signal::stored("Of the program or machine, such as “web server”.".to_owned())
            />
            <Select id="identity-project" label="Project" value=project options=project_options />
            <Select
                id="identity-role"
                label="Role"
                value=role
                options=Signal::stored(roles())
                disabled=Signal::derive(move || project.with(String::is_empty))
            />
            <ProblemNotice problem />
        </form>
        <div class="actions">
            <CancelButton />
            <Button label="Create" kind="submit" form="new-identity" weight=Weight::Primary busy />
        </div>
    }
}

async fn create(
    session: Session,
    organization: OrganizationId,
    name: String,
    access: Option<(String, ProjectRole)>,
) -> Result<Credentials, Problem> {
    let identity = api::identities::create(session, organization, name.clone())
        .await
        .map_err(|error| Problem::new(WHAT, &error))?;
    let id = identity.id.to_string();
    // From here on it exists: what is missing can be added where it is managed, and a second try would make a second one.
    let incomplete = |what: &str| {
        let what = format!("The machine identity was created, but {what}");
        move |error: Error| {
            Problem::new(what, &error)
                .with_next("Close this dialog, choose Manage beside the identity, and add it there.")
        }
    };
    let login = api::identities::attach(session, &id)
        .await
        .map_err(incomplete("it cannot log in yet"))?;
    if let Some((project, role)) = access {
        api::identities::set_role(session, &project, &id, None, Some(role))
            .await
            .map_err(incomplete("it has no access to the project"))?;
    }
    let client_secret = api::identities::create_client_secret(session, &id)
        .await
        .map_err(incomplete("it has no client secret"))?;
    Ok(Credentials {
        name,
        client_id: login.client_id.to_string(),
        client_secret,
    })
}
