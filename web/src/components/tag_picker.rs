//! The tags of a secret: those of the project to switch on and off, and a field for another one.

use std::str::FromStr;

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::model::names::TagSlug;

use super::icon::{Glyph, Icon};
use super::unique::unique_id;
use crate::secrets::Secrets;

/// The tags.
#[component]
pub fn TagPicker(
    /// Knows the tags of the project.
    secrets: Secrets,
    /// Those that are on.
    tags: RwSignal<Vec<String>>,
) -> impl IntoView {
    let label = unique_id("tags");
    let labelled = label.clone();
    let typed = RwSignal::new(String::new());
    let refused = RwSignal::new(None::<String>);
    let offered = Memo::new(move |_| {
        let mut offered = secrets.tags();
        offered.extend(tags.get());
        offered.sort();
        offered.dedup();
        offered
    });
    let switch = move |slug: &str| {
        tags.update(|tags| {
            if let Some(at) = tags.iter().position(|tag| tag == slug) {
                tags.remove(at);
            } else {
                tags.push(slug.to_owned());
                tags.sort();
            }
        });
    };
    let add = move || {
        let slug = match TagSlug::from_str(&typed.get_untracked()) {
            Ok(slug) => slug,
            Err(reason) => return refused.set(Some(reason.to_string())),
        };
        refused.set(None);
        typed.set(String::new());
        if tags.with_untracked(|tags| tags.iter().any(|tag| tag == slug.as_str())) {
            return;
        }
        if secrets.tags().iter().any(|tag| tag == slug.as_str()) {
            return switch(slug.as_str());
        }
        spawn_local(async move {
            match secrets.create_tag(&slug).await {
                Ok(slug) => switch(&slug),
                Err(error) => refused.set(Some(error.message)),
            }
        });
    };
    let keys = move |event: KeyboardEvent| {
        if event.key() == "Enter" && !event.ctrl_key() && !event.meta_key() {
            event.prevent_default();
            add();
        }
    };
    let field = unique_id("new-tag");
    view! {
        <div class="field tags" role="group" aria-labelledby=labelled>
            <span class="field-label" id=label>
                "Tags"
            </span>
            <div class="tag-line">
                <For each=move || offered.get() key=Clone::clone let(slug)>
                    {
                        let own = slug.clone();
                        let pressed = Memo::new(move |_| tags.with(|tags| tags.contains(&own)));
                        let text = slug.clone();
                        view! {
                            <button
                                type="button"
                                class="tag"
                                aria-pressed=move || pressed.get().to_string()
                                on:click=move |_| switch(&slug)
                            >
                                {move || pressed.get().then(|| view! { <Glyph icon=Icon::Check /> })}
                                <bdi>{text}</bdi>
                            </button>
                        }
                    }
                </For>
                <label class="visually-hidden" for=field.clone()>
                    "New tag"
                </label>
                <input
                    id=field
                    class="tag-new"
                    type="text"
                    placeholder="New tag"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    prop:value=move || typed.get()
                    on:input=move |event| typed.set(event_target_value(&event))
                    on:keydown=keys
                    on:blur=move |_| {
                        if typed.with_untracked(|typed| !typed.trim().is_empty()) {
                            add();
                        }
                    }
                />
            </div>
            <p role="status" class="tag-refused">
                {move || refused.get()}
            </p>
        </div>
    }
}
