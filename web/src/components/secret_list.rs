//! The list of secrets. However long it is, only the rows in sight are drawn.

use std::collections::HashMap;
use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::button::{Button, Weight};
use super::empty::EmptyState;
use super::icon::Icon;
use super::notice::ProblemNotice;
use super::secret_editor::SecretEditor;
use super::secret_row::SecretRow;
use super::skeleton::Skeleton;
use super::windowed::Sight;
use crate::projects::Load;
use crate::secrets::draft::Content;
use crate::secrets::listing::{Row, RowKey, name_for, rows};
use crate::secrets::window::{Heights, Window};
use crate::secrets::{Secrets, Sheet};

/// Rows drawn above and below what is in sight.
const AROUND: usize = 8;

/// The list.
#[component]
pub fn SecretList(
    /// What it shows.
    secrets: Secrets,
) -> impl IntoView {
    let failed = Signal::derive(move || match secrets.list() {
        Load::Failed(problem) => Some(problem),
        _ => None,
    });
    let loading = Memo::new(move |_| matches!(secrets.list(), Load::Loading));
    let drafts = Memo::new(move |_| secrets.drafts().len());
    let empty = Memo::new(move |_| secrets.is_empty() && drafts.get() == 0 && secrets.folders().is_empty());
    let bare = Memo::new(move |_| secrets.is_empty() && drafts.get() == 0 && !secrets.folders().is_empty());
    view! {
        <ProblemNotice problem=failed retry=move |()| secrets.reload() />
        <Show when=move || loading.get()>
            <Skeleton label="Loading secrets" lines=6 />
        </Show>
        <Show when=move || empty.get()>
            <NothingYet secrets />
        </Show>
        <Show when=move || bare.get()>
            <p class="secrets-bare">"No secrets in this folder itself."</p>
        </Show>
        <Rows secrets />
    }
}

/// What stands in an empty place.
#[component]
fn NothingYet(secrets: Secrets) -> impl IntoView {
    view! {
        <EmptyState
            title="No secrets here yet"
            text="Add the first one, or paste a whole .env file: each value is encrypted before it is stored."
            icon=Icon::Key
        >
            <AddSecretButton secrets />
            <Button
                label="Import"
                icon=Icon::Upload
                on_press=move |()| secrets.sheet.set(Sheet::Import(None))
            />
        </EmptyState>
    }
}

/// Opens the form of a new secret. It stands in one place at a time: above the list, or alone in an empty one.
#[component]
pub fn AddSecretButton(
    /// The list to add to.
    secrets: Secrets,
) -> impl IntoView {
    view! {
        <Button
            id="add-secret"
            label="Add Secret"
            icon=Icon::Plus
            weight=Weight::Primary
            on_press=move |()| {
                secrets.load_tags();
                secrets.add();
            }
        />
    }
}

/// Which rows are drawn, for a row that asks where it stands; a handle that is cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Drawn {
    keys: Memo<(usize, Vec<RowKey>)>,
    count: Memo<usize>,
}

impl Drawn {
    /// Where a row stands in the whole list, from 1.
    pub fn position(self, key: RowKey) -> usize {
        self.keys.with(|(first, keys)| {
            let at = keys.iter().position(|other| *other == key);
            first + at.unwrap_or_default() + 1
        })
    }

    /// How long the whole list is.
    pub fn count(self) -> usize {
        self.count.get()
    }
}

/// The rows that are drawn, and empty space for the others.
#[component]
fn Rows(secrets: Secrets) -> impl IntoView {
    let list = NodeRef::<html::Div>::new();
    let sight = Sight::of(list);
    let usual = RwSignal::new(44.0);
    // Heights of opened rows, as they were when they were last drawn.
    let opened = RwSignal::new(HashMap::<RowKey, f64>::new());
    let all = Memo::new_with_compare(
        move |_| {
            let mut drafts = secrets.drafts();
            if matches!(secrets.list(), Load::Loading) {
                // Where the others stand is known with the list.
                drafts.retain(|draft| draft.is_new);
            }
            let search = secrets.search.get();
            Arc::new(secrets.with_entries(|entries| rows(entries, &drafts, &search)))
        },
        |_, _| true,
    );
    let window = Memo::new(move |_| {
        let mut heights = Heights::new(usual.get());
        all.with(|all| {
            opened.with(|opened| {
                for (number, row) in all.iter().enumerate().filter(|_| !opened.is_empty()) {
                    if let Some(height) = opened.get(&row.key()) {
                        heights.set(number, *height);
                    }
                }
            });
            let (top, height) = sight.get();
            Window::new(all.len(), &heights, top, height, AROUND)
        })
    });
    let shown = move || {
        let range = window.with(|window| window.rows.clone());
        all.with(|all| all.get(range).unwrap_or_default().to_vec())
    };
    let drawn = Drawn {
        keys: Memo::new(move |_| {
            let first = window.with(|window| window.rows.start);
            (first, shown().iter().map(Row::key).collect())
        }),
        count: Memo::new(move |_| all.with(|all| all.len())),
    };
    let measure = move || {
        // The page may be gone by now.
        let Some((_, keys)) = drawn.keys.try_get_untracked() else {
            return;
        };
        let Some(elements) = list
            .get_untracked()
            .and_then(|list| list.query_selector_all(".secrets > li").ok())
        else {
            return;
        };
        let mut heights = opened.get_untracked();
        let before = heights.clone();
        for (at, key) in (0..elements.length()).zip(keys) {
            let Some(row) = elements
                .get(at)
                .and_then(|node| node.dyn_into::<HtmlElement>().ok())
            else {
                continue;
            };
            let height = row.get_bounding_client_rect().height();
            if row.class_list().contains("secret-plain") {
                heights.remove(&key);
                if height > 0.0 && (usual.get_untracked() - height).abs() > 0.5 {
                    usual.set(height);
                }
            } else {
                heights.insert(key, height);
            }
        }
        if heights != before {
            opened.set(heights);
        }
    };
    Effect::new(move |_| {
        sight.track();
        drawn.keys.track();
        request_animation_frame(measure);
    });
    // Arrow keys can lead to a row that is not drawn.
    Effect::new(move |_| {
        let Some(active) = secrets.active.get() else {
            return;
        };
        let at = all.with_untracked(|all| {
            all.iter()
                .position(|row| row.secret().is_some_and(|entry| entry.id == active))
        });
        let drawn = window.with_untracked(|window| window.rows.clone());
        if let Some(at) = at.filter(|at| !drawn.contains(at)) {
            scroll_to(list, at, usual.get_untracked());
        }
    });
    let nothing_found = Memo::new(move |_| {
        drawn.count() == 0 && !secrets.is_empty() && matches!(secrets.list(), Load::Ready(_))
    });
    let space = |height: f64| format!("{height}px");
    view! {
        <div node_ref=list class="secrets-space">
            <div style:height=move || space(window.with(|window| window.above))></div>
            <Show when=move || { drawn.count() > 0 }>
                <ul class="secrets" aria-label="Secrets">
                    <For each=shown key=Row::key let(row)>
                        {match row {
                            Row::Above(draft) | Row::Open(_, draft) => {
                                view! { <SecretEditor secrets draft drawn /> }.into_any()
                            }
                            Row::Closed(entry) => view! { <SecretRow secrets entry drawn /> }.into_any(),
                        }}
                    </For>
                </ul>
            </Show>
            <div style:height=move || space(window.with(|window| window.below))></div>
        </div>
        <Show when=move || nothing_found.get()>
            <NothingFound secrets />
        </Show>
    }
}

/// Scrolls the page so that a row comes near the upper third of it.
#[expect(clippy::cast_precision_loss, reason = "row numbers are small")]
fn scroll_to(list: NodeRef<html::Div>, row: usize, usual: f64) {
    let Some(list) = list.get_untracked() else { return };
    let page = window();
    let from = list.get_bounding_client_rect().top() + page.scroll_y().unwrap_or_default();
    page.scroll_to_with_x_and_y(0.0, from + row as f64 * usual - 200.0);
}

/// Nothing matches the search: offers to make it.
#[component]
fn NothingFound(secrets: Secrets) -> impl IntoView {
    let name = Memo::new(move |_| name_for(&secrets.search.get()));
    let create = move |()| {
        if let Some(name) = name.get_untracked() {
            secrets.search.set(String::new());
            secrets.load_tags();
            secrets.add_with(&Content {
                name,
                ..Content::default()
            });
        }
    };
    view! {
        <EmptyState
            title="Nothing found"
            text="No secret in this folder has that in its name or its tags."
            icon=Icon::Search
        >
            <Button label="Clear search" on_press=move |()| secrets.search.set(String::new()) />
            {move || {
                name.get()
                    .map(|name| {
                        view! {
                            <Button
                                label=format!("Create {name}")
                                icon=Icon::Plus
                                weight=Weight::Primary
                                on_press=create
                            />
                        }
                    })
            }}
        </EmptyState>
    }
}
