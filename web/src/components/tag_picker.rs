//! The tags of a secret: those of the project to switch on and off, and a field for another one. A tag that the project does
//! not have yet is made when the secret is saved, and what is still being typed then counts.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use super::icon::{Glyph, Icon};
use super::unique::unique_id;
use crate::secrets::Secrets;
use crate::secrets::draft::Draft;

/// The tags.
#[component]
pub fn TagPicker(
    /// Knows the tags of the project.
    secrets: Secrets,
    /// The form that they belong to.
    draft: StoredValue<Draft>,
) -> impl IntoView {
    let label = unique_id("tags");
    let labelled = label.clone();
    let (tags, typed) = draft.with_value(|draft| {
        (
            RwSignal::from(draft.tags.clone()),
            RwSignal::from(draft.new_tag.clone()),
        )
    });
    let refused = RwSignal::new(None::<String>);
    let offered = Memo::new(move |_| {
        let mut offered = secrets.tags();
        offered.extend(tags.get());
        offered.sort();
        offered.dedup();
        offered
    });
    let add = move || refused.set(draft.with_value(Draft::take_new_tag).err());
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
                                on:click=move |_| draft.with_value(|draft| draft.switch_tag(&slug))
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
                />
            </div>
            <p role="status" class="tag-refused">
                {move || refused.get()}
            </p>
        </div>
    }
}
