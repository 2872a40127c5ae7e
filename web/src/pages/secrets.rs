//! `/projects/:project/secrets/:environment`: the secrets of an environment, and with `?path=` those of a folder in it.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::api::secrets::Place;
use crate::components::delete_secret::DeleteSecretDialog;
use crate::components::environment_tabs::EnvironmentTabs;
use crate::components::folder_list::{DeleteFolderDialog, FolderList, FolderNameDialog};
use crate::components::import_sheet::ImportSheet;
use crate::components::project_head::ProjectHead;
use crate::components::secret_bar::SecretBar;
use crate::components::secret_keys::{self, KeySheet};
use crate::components::secret_list::SecretList;
use crate::components::secret_toolbar::SecretToolbar;
use crate::components::secret_versions::SecretVersions;
use crate::projects::Projects;
use crate::secrets::{Secrets, Sheet};

/// The page.
#[component]
pub fn SecretsPage() -> impl IntoView {
    let projects = expect_context::<Projects>();
    let params = use_params_map();
    let query = use_query_map();
    let place = Memo::new(move |_| {
        // A path that cannot be one leads to the top: an address is easily cut off or mistyped.
        let folder = query.with(|query| query.get("path").and_then(|path| path.parse().ok()));
        params.with(|params| Place {
            project: params.get("project").unwrap_or_default(),
            environment: params.get("environment").unwrap_or_default(),
            folder: folder.unwrap_or_default(),
        })
    });
    let project = Memo::new(move |_| place.with(|place| place.project.clone()));
    let folder = Memo::new(move |_| place.with(|place| place.folder.clone()));
    let secrets = Secrets::of(place);
    secret_keys::listen(secrets);
    Effect::new(move |_| {
        let name = projects.find(&project.get()).map(|project| project.name);
        let title = place.with(Place::title);
        document().set_title(&format!("{} {title} · Strongroom", name.unwrap_or_default()));
    });
    view! {
        <main id="main" tabindex="-1" class="page">
            <ProjectHead project page="secrets" />
            <EnvironmentTabs project folder />
            <SecretToolbar secrets />
            <FolderList secrets />
            <SecretList secrets />
            <SecretBar secrets />
        </main>
        <Over secrets />
    }
}

/// What is open over the page.
#[component]
fn Over(secrets: Secrets) -> impl IntoView {
    move || match secrets.sheet.get() {
        Sheet::Nothing => ().into_any(),
        Sheet::Versions(entry) => view! { <SecretVersions secrets entry /> }.into_any(),
        Sheet::Import(source) => view! { <ImportSheet secrets source /> }.into_any(),
        Sheet::Keys => view! { <KeySheet secrets /> }.into_any(),
        Sheet::NewFolder => view! { <FolderNameDialog secrets /> }.into_any(),
        Sheet::RenameFolder(folder) => view! { <FolderNameDialog secrets folder /> }.into_any(),
        Sheet::DeleteFolder(folder) => view! { <DeleteFolderDialog secrets folder /> }.into_any(),
        Sheet::Delete(entry) => view! { <DeleteSecretDialog secrets entry /> }.into_any(),
    }
}
