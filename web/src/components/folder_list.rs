//! The folders of a place, and the dialogs that make, rename and delete one.

use std::str::FromStr;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::A;
use shared::model::names::FolderName;
use shared::wire::folders::Folder;

use super::announcer::Announcements;
use super::button::{Button, Weight};
use super::dialog::{CancelButton, Dialog, TypedConfirmDialog};
use super::field::Field;
use super::icon::{Glyph, Icon};
use super::menu::{Menu, MenuItem};
use super::notice::{ProblemNotice, tell};
use crate::problem::Problem;
use crate::projects::page_of_folder;
use crate::secrets::{Secrets, Sheet};

/// The folders, by name. A search narrows them as it does the secrets.
#[component]
pub fn FolderList(
    /// Knows them.
    secrets: Secrets,
) -> impl IntoView {
    let folders = move || {
        let wanted = secrets.search.get().trim().to_lowercase();
        let mut folders = secrets.folders();
        folders.retain(|folder| folder.name.to_lowercase().contains(&wanted));
        folders.sort_by_key(|folder| folder.name.to_lowercase());
        folders
    };
    let any = Memo::new(move |_| !folders().is_empty());
    view! {
        <Show when=move || any.get()>
            <ul class="folders" aria-label="Folders">
                <For each=folders key=|folder| (folder.id, folder.name.clone()) let(folder)>
                    <FolderItem secrets folder />
                </For>
            </ul>
        </Show>
    }
}

#[component]
fn FolderItem(secrets: Secrets, folder: Folder) -> impl IntoView {
    let place = untrack(|| secrets.place());
    // A folder that the server names has a name that can stand in a path.
    let path = FolderName::from_str(&folder.name)
        .and_then(|name| place.folder.child(&name))
        .unwrap_or_default();
    let href = page_of_folder(&place.project, &place.environment, &path);
    let name = folder.name.clone();
    let items = move |()| {
        let (renamed, deleted) = (folder.clone(), folder.clone());
        vec![
            MenuItem::new("Rename", Icon::Pencil, move |()| {
                secrets.sheet.set(Sheet::RenameFolder(renamed.clone()));
            }),
            MenuItem::new("Delete", Icon::Bin, move |()| {
                secrets.sheet.set(Sheet::DeleteFolder(deleted.clone()));
            })
            .danger(),
        ]
    };
    let more = format!("More about the folder {name}");
    view! {
        <li class="folder">
            <A href=href attr:class="folder-link">
                <Glyph icon=Icon::Folder />
                <bdi>{name.clone()}</bdi>
            </A>
            <Menu name=more items=Callback::new(items) />
        </li>
    }
}

/// Asks for the name of a folder, a new one or one to be renamed.
#[component]
pub fn FolderNameDialog(
    /// Where it stands.
    secrets: Secrets,
    /// The folder that gets another name; none to make a new one.
    #[prop(optional)]
    folder: Option<Folder>,
) -> impl IntoView {
    let announcements = Announcements::current();
    let old = folder.as_ref().map(|folder| folder.name.clone());
    let typed = RwSignal::new(old.clone().unwrap_or_default());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let (title, label, failed) = match &old {
        Some(old) => (format!("Rename {old}"), "Save", format!("{old} was not renamed")),
        None => (
            "New folder".to_owned(),
            "Create",
            "The folder was not made".to_owned(),
        ),
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let failed = failed.clone();
        let name = match FolderName::from_str(&typed.get_untracked()) {
            Ok(name) => name,
            Err(reason) => {
                let refused = Problem::local(failed, reason.to_string(), "Change the name.");
                return problem.set(Some(refused));
            }
        };
        busy.set(true);
        let folder = folder.clone();
        spawn_local(async move {
            let answer = match folder {
                Some(folder) => secrets.rename_folder(&folder, &name).await,
                None => secrets.create_folder(&name).await,
            };
            if let Err(error) = answer {
                busy.try_set(false);
                tell(problem, announcements, Problem::new(failed, &error));
            }
        });
    };
    view! {
        <Dialog title on_close=move |()| secrets.sheet.set(Sheet::Nothing)>
            <form id="folder-name-form" class="form" on:submit=submit>
                <Field id="folder-name" label="Folder name" value=typed focused=true code=true />
                <ProblemNotice problem />
            </form>
            <div class="actions">
                <CancelButton />
                <Button label kind="submit" form="folder-name-form" weight=Weight::Primary busy />
            </div>
        </Dialog>
    }
}

/// Asks whether to delete a folder: its name must be typed, because everything in it goes.
#[component]
pub fn DeleteFolderDialog(
    /// Where it stands.
    secrets: Secrets,
    /// The folder.
    folder: Folder,
) -> impl IntoView {
    let place = untrack(|| secrets.place());
    let name = folder.name.clone();
    let delete = move || {
        let folder = folder.clone();
        async move {
            secrets
                .delete_folder(&folder)
                .await
                .map_err(|error| Problem::new(format!("{} was not deleted", folder.name), &error))
        }
    };
    view! {
        <TypedConfirmDialog
            title=format!("Delete the folder {name}?")
            consequence=format!(
                "Every secret and folder in it goes from the environment {}. Programs that read them will not find them any more.",
                place.environment,
            )
            name
            action=delete
            on_close=move |()| secrets.sheet.set(Sheet::Nothing)
        />
    }
}
