//! The head of every page of a project: where we are, the way to another project, and the project's pages.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::components::A;
use leptos_router::hooks::use_navigate;

use super::icon::{Glyph, Icon};
use super::menu::{Menu, MenuItem};
use crate::projects::{Load, Projects, home_of, settings_of};

/// The head.
#[component]
pub fn ProjectHead(
    /// Id of the project.
    #[prop(into)]
    project: Signal<String>,
    /// What the page shows, such as `secrets`: ends the heading, for screen readers.
    page: &'static str,
) -> impl IntoView {
    let projects = expect_context::<Projects>();
    let navigate = use_navigate();
    let name = Memo::new(move |_| {
        projects
            .find(&project.get())
            .map(|project| project.name)
            .unwrap_or_default()
    });
    let items = move |()| {
        let list = match projects.list_untracked() {
            Load::Ready(list) => list,
            _ => Vec::new(),
        };
        list.into_iter()
            .map(|project| {
                let navigate = navigate.clone();
                let page = home_of(&project.id.to_string());
                MenuItem::new(project.name, Icon::Projects, move |()| {
                    navigate(&page, NavigateOptions::default());
                })
            })
            .collect::<Vec<_>>()
    };
    let several = Memo::new(move |_| matches!(projects.list(), Load::Ready(list) if list.len() > 1));
    view! {
        <header class="project-head">
            <nav class="crumbs" aria-label="Breadcrumb">
                <A href="/projects" exact=true attr:class="crumb">
                    "Projects"
                </A>
                <Glyph icon=Icon::Right />
            </nav>
            <h1 class="project-name">
                <bdi>{move || name.get()}</bdi>
                <span class="visually-hidden">{format!(" {page}")}</span>
            </h1>
            <Show when=move || several.get()>
                <Menu name="Switch project" icon=Icon::Down items=Callback::new(items.clone()) />
            </Show>
            <nav class="tabs project-tabs" aria-label="Project">
                <A href=move || home_of(&project.get()) attr:class="tab">
                    <Glyph icon=Icon::Secret />
                    "Secrets"
                </A>
                <A href=move || settings_of(&project.get()) attr:class="tab">
                    <Glyph icon=Icon::Settings />
                    "Settings"
                </A>
            </nav>
        </header>
    }
}
