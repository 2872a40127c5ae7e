//! The past of a secret: its versions, what differs between them, and the way back.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_bindgen::JsValue;
use shared::wire::changes::Change;
use shared::wire::secrets::Secret;

use super::badge::{Badge, Tone};
use super::button::{Button, Weight};
use super::drawer::Drawer;
use super::icon::Icon;
use super::notice::ProblemNotice;
use super::skeleton::Skeleton;
use super::value_diff::ValueDiff;
use crate::plaintext;
use crate::problem::Problem;
use crate::projects::Load;
use crate::secrets::entry::Entry;
use crate::secrets::revealed::{SHOWN, when_left};
use crate::secrets::saving::not_made;
use crate::secrets::shape::shape;
use crate::secrets::{Secrets, Sheet};

/// Versions on one page.
const PAGE: usize = 20;

/// The drawer.
#[component]
pub fn SecretVersions(
    /// The list that the secret stands in.
    secrets: Secrets,
    /// The secret.
    entry: Arc<Entry>,
) -> impl IntoView {
    let versions = RwSignal::new(Load::<Vec<Secret>>::Loading);
    let more = RwSignal::new(false);
    let loading_more = RwSignal::new(false);
    let failed = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    // The number of the version whose value, or difference, is in sight.
    let shown = RwSignal::new(None::<(i64, bool)>);
    let name = entry.name.clone();
    let entry = StoredValue::new(entry);

    let load = move || {
        if loading_more.get_untracked() {
            return;
        }
        loading_more.set(true);
        failed.set(None);
        let known = entry.get_value();
        let offset = versions.with_untracked(|versions| match versions {
            Load::Ready(list) => list.len(),
            _ => 0,
        });
        spawn_local(async move {
            let answer = secrets.versions(&known, offset, PAGE).await;
            // Closed meanwhile, the drawer has nothing to show.
            if loading_more.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(page) => {
                    more.set(page.len() == PAGE);
                    versions.update(|versions| match versions {
                        Load::Ready(list) => add(list, page),
                        _ => *versions = Load::Ready(page),
                    });
                }
                Err(error) => failed.set(Some(Problem::new(
                    format!("The versions of {} were not loaded", known.name),
                    &error,
                ))),
            }
        });
    };
    load();
    // As in the list: out of sight after a while, and when the tab is.
    let hide = move || {
        let _ = shown.try_set(None);
    };
    Effect::new(move |timer: Option<Option<TimeoutHandle>>| {
        if let Some(Some(timer)) = timer {
            timer.clear();
        }
        shown
            .get()
            .and_then(|_| set_timeout_with_handle(hide, SHOWN).ok())
    });
    when_left(hide);

    let restore = move |to: i64| {
        busy.set(true);
        problem.set(None);
        let known = entry.get_value();
        let current = versions.with_untracked(|versions| match versions {
            Load::Ready(list) => list.first().map_or(known.version, |newest| newest.version),
            _ => known.version,
        });
        let change = Change::Revert {
            id: known.id,
            version: current,
            to,
            name: None,
        };
        let place = untrack(|| secrets.place());
        spawn_local(async move {
            let answer = secrets.commit(place, vec![change]).await;
            if busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(_) => secrets.sheet.set(Sheet::Nothing),
                Err(refusal) => problem.set(Some(not_made(
                    format!("Version {to} was not restored"),
                    format!("It is not known whether version {to} was restored"),
                    &refusal.error,
                ))),
            }
        });
    };
    let list = move || match versions.get() {
        Load::Ready(list) => list,
        _ => Vec::new(),
    };
    let older_of = move |number: i64| list().into_iter().find(|other| other.version < number);
    let newest = Signal::derive(move || list().first().map_or(0, |newest| newest.version));
    let loading = Memo::new(move |_| {
        versions.with(|versions| matches!(versions, Load::Loading)) && failed.with(Option::is_none)
    });
    view! {
        <Drawer title=format!("Versions of {name}") on_close=move |()| secrets.sheet.set(Sheet::Nothing)>
            <ProblemNotice problem />
            <Show when=move || loading.get()>
                <Skeleton label="Loading versions" />
            </Show>
            <ol class="versions" aria-label="Versions">
                <For each=list key=|version| version.version let(version)>
                    <VersionItem version shown older=older_of restore busy newest />
                </For>
            </ol>
            <ProblemNotice problem=failed retry=move |()| load() />
            <Show when=move || more.get() && failed.with(Option::is_none)>
                <Button label="Show older versions" busy=loading_more on_press=move |()| load() />
            </Show>
        </Drawer>
    }
}

/// Adds a page. New versions may have moved its beginning: what is there already is not added again.
fn add(list: &mut Vec<Secret>, page: Vec<Secret>) {
    for version in page {
        if !list.iter().any(|known| known.version == version.version) {
            list.push(version);
        }
    }
}

/// One version.
#[component]
fn VersionItem(
    version: Secret,
    shown: RwSignal<Option<(i64, bool)>>,
    #[prop(into)] older: Callback<i64, Option<Secret>>,
    #[prop(into)] restore: Callback<i64>,
    busy: RwSignal<bool>,
    newest: Signal<i64>,
) -> impl IntoView {
    let number = version.version;
    let when = local_time(version.updated_at);
    let comment = plaintext::on_screen(&version.secret_comment);
    let tags = version.tags.clone();
    let value = StoredValue::new(version.secret_value);
    let revealed = Memo::new(move |_| shown.get() == Some((number, false)));
    let compared = Memo::new(move |_| shown.get() == Some((number, true)));
    let has_older = Memo::new(move |_| older.run(number).is_some());
    let switch = move |difference: bool| {
        shown.update(|shown| {
            let wanted = Some((number, difference));
            *shown = if *shown == wanted { None } else { wanted };
        });
    };
    let name = move |verb: &str| format!("{verb} version {number}");
    view! {
        <li class="version">
            <div class="version-head">
                <strong>{format!("Version {number}")}</strong>
                <Show when=move || newest.get() == number>
                    <Badge text="Current" tone=Tone::Good />
                </Show>
                <time>{when}</time>
            </div>
            {(!comment.is_empty())
                .then(|| {
                    view! {
                        <p class="version-comment">
                            <bdi>{comment}</bdi>
                        </p>
                    }
                })}
            {(!tags.is_empty())
                .then(|| {
                    view! {
                        <div class="tag-line">
                            {tags.into_iter().map(|tag| view! { <Badge text=tag.slug /> }).collect_view()}
                        </div>
                    }
                })}
            <div class="actions actions-start">
                <Button
                    label=Signal::derive(move || name(if revealed.get() { "Hide" } else { "Reveal" }))
                    icon=Icon::Eye
                    small=true
                    on_press=move |()| switch(false)
                />
                <Show when=move || has_older.get()>
                    <Button
                        label=Signal::derive(move || {
                            if compared.get() { "Hide changes".to_owned() } else { "Show changes".to_owned() }
                        })
                        small=true
                        weight=Weight::Ghost
                        on_press=move |()| switch(true)
                    />
                </Show>
                <Show when=move || newest.get() != number>
                    <Button
                        label=name("Restore")
                        icon=Icon::Undo
                        small=true
                        busy
                        on_press=move |()| restore.run(number)
                    />
                </Show>
            </div>
            {move || {
                revealed
                    .get()
                    .then(|| {
                        let text = value.with_value(plaintext::on_screen);
                        view! {
                            {shape(&text).map(|shape| view! { <p class="shape">{shape}</p> })}
                            <pre class="plain" tabindex="0">
                                {text}
                            </pre>
                        }
                    })
            }}
            {move || {
                older
                    .run(number)
                    .filter(|_| compared.get())
                    .map(|older| {
                        let same = value.with_value(|value| *value == older.secret_value);
                        if same {
                            view! { <p class="hint">"The value is the same as before."</p> }.into_any()
                        } else {
                            view! { <ValueDiff older=older.secret_value.clone() newer=value.get_value() /> }
                                .into_any()
                        }
                    })
            }}
        </li>
    }
}

/// A time in the reader's language and time zone.
fn local_time(at: shared::model::time::UnixMillis) -> String {
    #[expect(clippy::cast_precision_loss, reason = "exact for any date that a clock shows")]
    let milliseconds = (at.seconds() as f64) * 1000.0;
    let date = js_sys::Date::new(&JsValue::from_f64(milliseconds));
    String::from(date.to_locale_string("default", &JsValue::UNDEFINED))
}
