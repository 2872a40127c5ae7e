//! One secret of the list: masked, revealed for a while, with what can be done with it.

use std::sync::Arc;

use leptos::prelude::*;

use super::badge::Badge;
use super::button::IconButton;
use super::icon::Icon;
use super::notice::ProblemNotice;
use super::secret_list::Drawn;
use crate::plaintext;
use crate::secrets::entry::Entry;
use crate::secrets::listing::Row;
use crate::secrets::reading::row_id;
use crate::secrets::shape::shape;
use crate::secrets::{Secrets, Sheet};

/// Always the same, so that it tells nothing about the value.
const MASK: &str = "••••••••••••";

/// One secret.
#[component]
pub fn SecretRow(
    /// The list it stands in.
    secrets: Secrets,
    /// The secret.
    entry: Arc<Entry>,
    /// Where it stands.
    drawn: Drawn,
) -> impl IntoView {
    let id = entry.id;
    let key = Row::Closed(entry.clone()).key();
    let name = entry.name.clone();
    let value = Memo::new(move |_| secrets.revealed.value(id));
    let shown = Memo::new(move |_| value.with(Option::is_some));
    let trouble = Memo::new(move |_| secrets.trouble(id));
    let plain = Memo::new(move |_| !shown.get() && trouble.with(Option::is_none));
    let comment = plaintext::on_screen(&entry.comment);
    let tags = entry.tags.clone();
    let act = |act: fn(Secrets, Arc<Entry>)| {
        let entry = entry.clone();
        move |()| {
            secrets.active.set(Some(id));
            act(secrets, entry.clone());
        }
    };
    let named = |verb: &'static str| format!("{verb} {name}");
    let reveal_name = {
        let name = name.clone();
        Signal::derive(move || format!("{} {name}", if shown.get() { "Hide" } else { "Reveal" }))
    };
    let reveal_icon = Signal::derive(move || if shown.get() { Icon::EyeOff } else { Icon::Eye });
    view! {
        <li
            id=row_id(&entry)
            class="secret"
            class:secret-plain=move || plain.get()
            class:secret-active=move || secrets.active.get() == Some(id)
            tabindex="-1"
            aria-setsize=move || drawn.count().to_string()
            aria-posinset=move || drawn.position(key).to_string()
            on:focusin=move |_| {
                if secrets.active.get_untracked() != Some(id) {
                    secrets.active.set(Some(id));
                }
            }
        >
            <div class="secret-line">
                <div class="secret-name">
                    <bdi title=name.clone()>{name.clone()}</bdi>
                    <span class="secret-version">{format!("v{}", entry.version)}</span>
                    {tags.into_iter().map(|tag| view! { <Badge text=tag /> }).collect_view()}
                </div>
                <div class="secret-value">
                    {move || match value.get() {
                        Some(text) => {
                            let text = plaintext::on_screen(&text);
                            view! {
                                {shape(&text).map(|shape| view! { <p class="shape">{shape}</p> })}
                                <pre class="plain" tabindex="0">
                                    {text}
                                </pre>
                            }
                                .into_any()
                        }
                        None => {
                            view! {
                                <span class="mask" aria-hidden="true">
                                    {MASK}
                                </span>
                                <span class="visually-hidden">"Value hidden"</span>
                            }
                                .into_any()
                        }
                    }}
                </div>
                <p class="secret-comment">
                    <bdi title=comment.clone()>{comment.clone()}</bdi>
                </p>
                <div class="secret-actions">
                    <IconButton name=reveal_name icon=reveal_icon on_press=act(Secrets::reveal) />
                    <IconButton name=named("Copy") icon=Icon::Copy on_press=act(Secrets::copy) />
                    <IconButton name=named("Edit") icon=Icon::Pencil on_press=act(Secrets::edit) />
                    <IconButton
                        name=named("Versions of")
                        icon=Icon::History
                        on_press=act(|secrets, entry| secrets.sheet.set(Sheet::Versions(entry)))
                    />
                    <IconButton
                        name=named("Delete")
                        icon=Icon::Bin
                        on_press=act(|secrets, entry| secrets.sheet.set(Sheet::Delete(entry)))
                    />
                </div>
            </div>
            <ProblemNotice problem=trouble />
        </li>
    }
}
