//! Above the list: where we are, the search, and what can be made here.

use leptos::html;
use leptos::prelude::*;
use leptos_router::components::A;
use shared::model::names::FolderPath;

use super::button::{Button, IconButton, Weight};
use super::icon::{Glyph, Icon};
use super::secret_list::AddSecretButton;
use crate::projects::page_of_folder;
use crate::secrets::{Secrets, Sheet};
use crate::words::count_of;

/// The id of the search field: a key leads to it.
pub const SEARCH: &str = "secret-search";

/// The tools.
#[component]
pub fn SecretToolbar(
    /// The list below.
    secrets: Secrets,
) -> impl IntoView {
    let alone =
        Memo::new(move |_| secrets.is_empty() && secrets.drafts().is_empty() && secrets.folders().is_empty());
    let count = Memo::new(move |_| secrets.with_entries(<[_]>::len));
    let shown = Memo::new(move |_| secrets.revealed.any());
    let reveal_name = Signal::derive(move || {
        if shown.get() {
            "Hide all values"
        } else {
            "Reveal all values"
        }
        .to_owned()
    });
    let reveal_icon = Signal::derive(move || if shown.get() { Icon::EyeOff } else { Icon::Eye });
    view! {
        <FolderTrail secrets />
        <div class="secret-tools">
            <Search secrets />
            <p class="secret-count">
                {move || match count.get() {
                    0 => String::new(),
                    count => count_of(count as u64, "secret"),
                }}
            </p>
            <div class="secret-tools-actions">
                <Show when=move || { count.get() > 0 }>
                    <IconButton
                        name=reveal_name
                        icon=reveal_icon
                        busy=secrets.revealing
                        on_press=move |()| secrets.reveal_all()
                    />
                </Show>
                <IconButton
                    id="show-keys"
                    name="Keyboard shortcuts"
                    icon=Icon::Keyboard
                    on_press=move |()| secrets.sheet.set(Sheet::Keys)
                />
                <Button
                    label="New folder"
                    icon=Icon::FolderPlus
                    weight=Weight::Ghost
                    on_press=move |()| secrets.sheet.set(Sheet::NewFolder)
                />
                <Show when=move || !alone.get()>
                    <Button
                        label="Import"
                        icon=Icon::Upload
                        on_press=move |()| secrets.sheet.set(Sheet::Import(None))
                    />
                    <AddSecretButton secrets />
                </Show>
            </div>
        </div>
    }
}

/// The search. Escape empties it.
#[component]
fn Search(secrets: Secrets) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    view! {
        <div class="search">
            <Glyph icon=Icon::Search />
            <label class="visually-hidden" for=SEARCH>
                "Search secrets"
            </label>
            <input
                id=SEARCH
                node_ref=input
                type="search"
                placeholder="Search secrets"
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                prop:value=move || secrets.search.get()
                on:input=move |event| secrets.search.set(event_target_value(&event))
                on:keydown=move |event| {
                    if event.key() == "Escape" {
                        secrets.search.set(String::new());
                        if let Some(input) = input.get_untracked() {
                            // It has the focus, or it could not have heard the key.
                            let _ = input.blur();
                        }
                    }
                }
            />
        </div>
    }
}

/// The folders from the top down to here, each a link.
#[component]
fn FolderTrail(secrets: Secrets) -> impl IntoView {
    let steps = move || {
        let place = secrets.place();
        let mut path = String::new();
        let mut steps: Vec<(String, FolderPath)> = vec![("All secrets".to_owned(), FolderPath::root())];
        for name in place.folder.segments() {
            path = format!("{path}/{name}");
            // Made of the names of a path, so it is one.
            if let Ok(folder) = path.parse() {
                steps.push((name.clone(), folder));
            }
        }
        let last = steps.len() - 1;
        steps
            .into_iter()
            .enumerate()
            .map(|(at, (name, folder))| {
                let href = page_of_folder(&place.project, &place.environment, &folder);
                (name, href, at == last)
            })
            .collect::<Vec<_>>()
    };
    let deep = Memo::new(move |_| !secrets.place().folder.segments().is_empty());
    view! {
        <Show when=move || deep.get()>
            <nav class="folder-trail" aria-label="Folders">
                <ol>
                    {move || {
                        steps()
                            .into_iter()
                            .map(|(name, href, last)| {
                                view! {
                                    <li>
                                        {if last {
                                            view! {
                                                <span class="folder-here" aria-current="location">
                                                    <bdi>{name}</bdi>
                                                </span>
                                            }
                                                .into_any()
                                        } else {
                                            view! {
                                                <A href=href attr:class="crumb">
                                                    <bdi>{name}</bdi>
                                                </A>
                                                <Glyph icon=Icon::Right />
                                            }
                                                .into_any()
                                        }}
                                    </li>
                                }
                            })
                            .collect_view()
                    }}
                </ol>
            </nav>
        </Show>
    }
}
