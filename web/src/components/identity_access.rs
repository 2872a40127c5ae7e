//! Where a machine identity may read: its role in each project.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::model::access::ProjectRole;
use shared::wire::projects::Project;

use super::announcer::Announcements;
use super::new_identity::roles;
use super::notice::{ProblemNotice, tell};
use super::select::Select;
use crate::api;
use crate::api::error::Kind;
use crate::problem::Problem;
use crate::projects::{Load, Projects};
use crate::session::Session;

/// One line for each project of the person who looks.
#[component]
pub fn IdentityAccess(
    /// Id of the identity.
    id: String,
) -> impl IntoView {
    let projects = expect_context::<Projects>();
    let list = move || match projects.list() {
        Load::Ready(list) => list,
        _ => Vec::new(),
    };
    let none = Memo::new(move |_| matches!(projects.list(), Load::Ready(list) if list.is_empty()));
    view! {
        <section class="form" aria-labelledby="access-heading">
            <h3 id="access-heading">"Projects"</h3>
            <Show when=move || none.get()>
                <p class="soft">"There is no project yet."</p>
            </Show>
            <For each=list key=|project| project.id let(project)>
                <ProjectRoleSelect id=id.clone() project />
            </For>
        </section>
    }
}

#[component]
fn ProjectRoleSelect(id: String, project: Project) -> impl IntoView {
    let session = Session::current();
    let announcements = Announcements::current();
    let project_id = project.id.to_string();
    let name = project.name.clone();
    let role = RwSignal::new(None::<ProjectRole>);
    let value = RwSignal::new(String::new());
    let busy = RwSignal::new(true);
    let problem = RwSignal::new(None::<Problem>);
    let show = move |found: Option<ProjectRole>| {
        role.try_set(found);
        value.try_set(word(found));
    };
    spawn_local({
        let (id, project_id, name) = (id.clone(), project_id.clone(), name.clone());
        async move {
            match api::identities::role(session, &project_id, &id).await {
                Ok(found) => {
                    show(found);
                    busy.try_set(false);
                }
                // Not this person's to change: it stays as it is, and closed.
                Err(error) if error.kind == Kind::Forbidden => {}
                Err(error) => {
                    let what = format!("The role in {name} was not loaded");
                    problem.try_set(Some(Problem::new(what, &error)));
                }
            }
        }
    });
    let choose = Callback::new(move |chosen: String| {
        busy.set(true);
        problem.set(None);
        let before = role.get_untracked();
        let after = chosen.parse::<ProjectRole>().ok();
        let (id, project_id, name) = (id.clone(), project_id.clone(), name.clone());
        spawn_local(async move {
            match api::identities::set_role(session, &project_id, &id, before, after).await {
                Ok(()) => {
                    show(after);
                    announcements.say(format!("The role in {name} is changed"));
                }
                Err(error) => {
                    show(before);
                    let what = format!("The role in {name} was not changed");
                    tell(problem, announcements, Problem::new(what, &error));
                }
            }
            busy.try_set(false);
        });
    });
    let options = Signal::derive(move || {
        let mut options = vec![(String::new(), "No access".to_owned())];
        options.extend(roles());
        if role.get() == Some(ProjectRole::NoAccess) {
            options.push((
                ProjectRole::NoAccess.to_string(),
                "Belongs to it, may do nothing".to_owned(),
            ));
        }
        options
    });
    view! {
        <Select
            id=format!("role-{}", project.id)
            label=format!("Role in {}", project.name)
            value
            options
            disabled=busy
            on_choose=choose
        />
        <ProblemNotice problem />
    }
}

fn word(role: Option<ProjectRole>) -> String {
    role.map(|role| role.to_string()).unwrap_or_default()
}
