//! What opens the store, one line for each, with what can be done with it.

use leptos::prelude::*;
use shared::model::keys::{Keys, KeysAct, Unlocker, UnlockerKind};

use super::badge::{Badge, Tone};
use super::button::{Button, Weight};
use super::icon::{Glyph, Icon};
use super::key_act::Asked;
use super::menu::{Menu, MenuItem};
use crate::words::capitalized;

/// The list.
#[component]
pub fn UnlockerList(
    /// The keys as they are.
    keys: Keys,
    /// Whether a kit is being made.
    making: RwSignal<bool>,
    /// What somebody wants to do.
    asked: RwSignal<Option<Asked>>,
) -> impl IntoView {
    let no_kit = !keys.unlockers.iter().any(|unlocker| unlocker.opens_backups);
    let unlocked_by = keys.unlocked_by;
    view! {
        <section class="panel" aria-labelledby="keys-heading">
            <div class="panel-head">
                <h2 id="keys-heading">"Keys"</h2>
                <div class="row-actions">
                <Button
                    label="Create recovery kit"
                    icon=Icon::Plus
                    weight=if no_kit { Weight::Primary } else { Weight::Quiet }
                    on_press=move |()| making.set(true)
                />
                <Menu
                    name="More ways to unlock"
                    items=move |()| vec![
                        MenuItem::new(
                            "Add a passphrase",
                            Icon::Plus,
                            move |()| asked.set(Some(Asked::Passphrase)),
                        ),
                        MenuItem::new(
                            "Add an SSH key",
                            Icon::Plus,
                            move |()| asked.set(Some(Asked::SshKey)),
                        ),
                        MenuItem::new("Prove a key", Icon::Check, move |()| asked.set(Some(Asked::Prove))),
                    ]
                />
                </div>
            </div>
            {no_kit
                .then(|| {
                    view! {
                        <p class="notice notice-warning">
                            <Glyph icon=Icon::Warning />
                            <span>
                                "There is no recovery kit yet. If this machine fails, nobody can open its data or a backup of it."
                            </span>
                        </p>
                    }
                })}
            <ul class="rows">
                {keys
                    .unlockers
                    .into_iter()
                    .map(|unlocker| {
                        let opened = Some(unlocker.id) == unlocked_by;
                        view! { <UnlockerRow unlocker opened asked /> }
                    })
                    .collect_view()}
            </ul>
            <p class="hint">
                "Cards for several people, hardware tokens and ENCRYPTION_KEY are added on the server, by "
                <code>"strongroom keys"</code>
            </p>
        </section>
    }
}

#[component]
fn UnlockerRow(unlocker: Unlocker, opened: bool, asked: RwSignal<Option<Asked>>) -> impl IntoView {
    let (icon, kind, tone) = kind(&unlocker);
    let opens = if unlocker.opens_backups {
        "opens the store and backups"
    } else {
        "opens the store"
    };
    let proven = match unlocker.proven_at {
        Some(proven) => format!("proven {}", proven.date()),
        None if opened => "opened the store at this start".to_owned(),
        None => "never proven".to_owned(),
    };
    let copies = unlocker
        .kept_at
        .iter()
        .map(|kept| format!("{} ({})", kept.place, kept.noted_at.date()))
        .collect::<Vec<_>>()
        .join(", ");
    let name = format!("More about {}", unlocker.name);
    view! {
        <li class="row">
            <Glyph icon />
            <div class="row-text">
                <p class="row-title">
                    <bdi>{unlocker.name.clone()}</bdi>
                    " "
                    <Badge text=kind tone />
                </p>
                <p class="soft">
                    <code>{unlocker.fingerprint.clone()}</code>
                    {format!(" · {opens} · added {} · {proven}", unlocker.created_at.date())}
                </p>
                {(!copies.is_empty()).then(|| view! { <p class="soft">"Kept at: " <bdi>{copies}</bdi></p> })}
            </div>
            <div class="row-actions">
                <Menu name items=move |()| actions(&unlocker, asked) />
            </div>
        </li>
    }
}

fn actions(unlocker: &Unlocker, asked: RwSignal<Option<Asked>>) -> Vec<MenuItem> {
    let (rename, note, remove) = (unlocker.clone(), unlocker.clone(), unlocker.clone());
    let mut items = vec![
        MenuItem::new("Note where a copy is", Icon::Pencil, move |()| {
            asked.set(Some(Asked::NoteCopy(note.clone())));
        }),
        MenuItem::new("Rename", Icon::Pencil, move |()| {
            asked.set(Some(Asked::Rename(rename.clone())));
        }),
    ];
    for kept in &unlocker.kept_at {
        let (id, name, place) = (unlocker.id, unlocker.name.clone(), kept.place.clone());
        items.push(MenuItem::new(
            format!("Forget: {place}"),
            Icon::Cross,
            move |()| {
                asked.set(Some(Asked::Sure {
                    title: format!("Is no copy of {name} at “{place}” any more?"),
                    lead: "Only the note goes.",
                    danger: false,
                    act: KeysAct::ForgetCopy {
                        id,
                        place: place.clone(),
                    },
                }));
            },
        ));
    }
    items.push(
        MenuItem::new("Remove", Icon::Bin, move |()| {
            asked.set(Some(Asked::Sure {
                title: format!("Remove {}?", remove.name),
                lead: "It opens the store no more. Backups made before still open with it, and so does a copy of the key files \
                       made before: if it was lost or stolen, rotate the root key, the data keys and the database key as well.",
                danger: true,
                act: KeysAct::Remove { id: remove.id },
            }));
        })
        .danger(),
    );
    items
}

fn kind(unlocker: &Unlocker) -> (Icon, String, Tone) {
    let word = capitalized(&unlocker.kind_words());
    match unlocker.kind {
        UnlockerKind::Server => (Icon::Server, word, Tone::Neutral),
        _ if unlocker.opens_backups => (Icon::Key, word, Tone::Accent),
        _ => (Icon::Key, word, Tone::Neutral),
    }
}
