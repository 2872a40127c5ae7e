//! `/projects/:project/:environment`: the secrets of an environment.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use crate::api::secrets::Place;
use crate::components::environment_tabs::EnvironmentTabs;
use crate::components::secret_list::{AddSecretButton, SecretList};
use crate::projects::Projects;
use crate::secrets::{Open, Secrets};

/// The page.
#[component]
pub fn SecretsPage() -> impl IntoView {
    let projects = expect_context::<Projects>();
    let params = use_params_map();
    let place = Memo::new(move |_| {
        params.with(|params| Place {
            project: params.get("project").unwrap_or_default(),
            environment: params.get("environment").unwrap_or_default(),
        })
    });
    let project = Memo::new(move |_| place.with(|place| place.project.clone()));
    let secrets = Secrets::of(place);
    let alone = Memo::new(move |_| secrets.is_empty() && secrets.open.get() != Open::Add);
    let name = Memo::new(move |_| {
        projects
            .find(&project.get())
            .map(|project| project.name)
            .unwrap_or_default()
    });
    Effect::new(move |_| {
        let environment = place.with(|place| place.environment.clone());
        document().set_title(&format!("{} {environment} · Strongroom", name.get()));
    });
    view! {
        <main id="main" tabindex="-1" class="page">
            <div class="page-head">
                <h1>
                    <bdi>{move || name.get()}</bdi>
                    <span class="visually-hidden">" secrets"</span>
                </h1>
                <Show when=move || !alone.get()>
                    <AddSecretButton secrets />
                </Show>
            </div>
            <EnvironmentTabs project />
            <SecretList secrets />
        </main>
    }
}
