//! What an import would do, line by line. However long the text is, only the lines in sight are drawn.

use std::collections::{BTreeMap, HashSet};

use leptos::html;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use web_sys::{Element, NodeList};

use super::badge::{Badge, Tone};
use super::windowed::Sight;
use crate::secrets::importing::{Line, Outcome};
use crate::secrets::window::{Heights, Window};

/// Height of a line until one was measured.
const HEIGHT: f64 = 40.0;
const AROUND: usize = 6;

fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::New => Tone::Good,
        Outcome::Changed => Tone::Warning,
        Outcome::Same => Tone::Neutral,
        Outcome::Invalid => Tone::Danger,
    }
}

/// The preview.
#[component]
pub fn ImportPreview(
    /// The lines, once they are known.
    lines: Memo<Option<Vec<Line>>>,
    /// Names that are not imported.
    left_out: RwSignal<HashSet<String>>,
    /// Whether there is a text at all.
    waiting: Memo<bool>,
) -> impl IntoView {
    let list = NodeRef::<html::Div>::new();
    let sight = Sight::of(list);
    let length = Memo::new(move |_| lines.with(|lines| lines.as_ref().map_or(0, Vec::len)));
    Effect::new(move |_| {
        length.track();
        sight.moved();
    });
    let usual = RwSignal::new(HEIGHT);
    // Of lines that wrap, as they were when they were last drawn.
    let long = RwSignal::new(BTreeMap::<usize, f64>::new());
    Effect::new(move |_| {
        lines.track();
        long.set(BTreeMap::new());
    });
    let window = Memo::new(move |_| {
        let (top, height) = sight.get();
        let mut heights = Heights::new(usual.get());
        long.with(|long| long.iter().for_each(|(at, height)| heights.set(*at, *height)));
        Window::new(length.get(), &heights, top, height, AROUND)
    });
    // Lines are higher on a narrow screen.
    let measure = move || {
        // The sheet may be closed by now.
        let Some(list) = list.try_get_untracked().flatten() else {
            return;
        };
        let line = list
            .query_selector(".import-line:not(.import-long)")
            .ok()
            .flatten();
        let height = line.map_or(0.0, |line| line.get_bounding_client_rect().height());
        if height > 0.0 && (usual.get_untracked() - height).abs() > 0.5 {
            usual.set(height);
        }
        let mut heights = long.get_untracked();
        let before = heights.clone();
        let drawn = list.query_selector_all(".import-long").ok();
        for number in 0..drawn.as_ref().map_or(0, NodeList::length) {
            let line = drawn
                .as_ref()
                .and_then(|drawn| drawn.get(number)?.dyn_into::<Element>().ok());
            let at = line
                .as_ref()
                .and_then(|line| line.get_attribute("data-at")?.parse().ok());
            if let (Some(line), Some(at)) = (line, at) {
                heights.insert(at, line.get_bounding_client_rect().height());
            }
        }
        if heights != before {
            long.set(heights);
        }
    };
    Effect::new(move |_| {
        length.track();
        sight.track();
        request_animation_frame(measure);
    });
    let drawn = move || {
        let range = window.with(|window| window.rows.clone());
        lines.with(|lines| {
            let lines = lines.as_deref().unwrap_or_default();
            let shown = lines.get(range.clone()).unwrap_or_default();
            range.zip(shown.iter().cloned()).collect::<Vec<_>>()
        })
    };
    let counts = move || {
        Outcome::ALL
            .into_iter()
            .filter_map(|outcome| {
                let count = lines.with(|lines| {
                    lines
                        .iter()
                        .flatten()
                        .filter(|line| line.outcome == outcome)
                        .count()
                });
                (count > 0).then(|| {
                    let text = format!("{count} {}", outcome.word().to_lowercase());
                    view! { <Badge text tone=tone(outcome) /> }
                })
            })
            .collect_view()
    };
    let space = |height: f64| format!("{height}px");
    view! {
        <div class="import-counts" role="status">
            {counts}
        </div>
        <div
            class="import-lines"
            class:import-waiting=move || !waiting.get()
            role="region"
            aria-label="Preview"
            tabindex="0"
            on:scroll=move |_| sight.moved()
        >
            <Show when=move || { length.get() == 0 }>
                <p class="import-hint">
                    {move || {
                        if waiting.get() {
                            "Comparing with what is there …"
                        } else {
                            "What it would change shows here before anything is saved."
                        }
                    }}
                </p>
            </Show>
            <div node_ref=list>
                <div style:height=move || space(window.with(|window| window.above))></div>
                <Show when=move || { length.get() > 0 }>
                    <ul class="import-list">
                        <For each=drawn key=|(at, line)| (*at, line.clone()) let(item)>
                            <PreviewLine at=item.0 line=item.1 left_out />
                        </For>
                    </ul>
                </Show>
                <div style:height=move || space(window.with(|window| window.below))></div>
            </div>
        </div>
    }
}

#[component]
fn PreviewLine(at: usize, line: Line, left_out: RwSignal<HashSet<String>>) -> impl IntoView {
    let name = line.name.clone().unwrap_or_default();
    let check = line.outcome.writes().then(|| {
        let (own, label) = (name.clone(), format!("Import {name}"));
        let other = own.clone();
        let checked = Memo::new(move |_| left_out.with(|left_out| !left_out.contains(&own)));
        view! {
            <input
                type="checkbox"
                aria-label=label
                prop:checked=move || checked.get()
                on:change=move |event| {
                    let wanted = event_target_checked(&event);
                    left_out
                        .update(|left_out| {
                            if wanted {
                                left_out.remove(&other);
                            } else {
                                left_out.insert(other.clone());
                            }
                        });
                }
            />
        }
    });
    let note = line.note.clone();
    view! {
        <li class="import-line" class:import-long=line.outcome == Outcome::Invalid data-at=at.to_string()>
            <span class="import-check">{check}</span>
            <span class="import-number">{format!("Line {}", line.number)}</span>
            <Badge text=line.outcome.word() tone=tone(line.outcome) />
            <bdi class="import-name" title=name.clone()>
                {name.clone()}
            </bdi>
            <span class="import-note" title=note.clone()>
                {note.clone()}
            </span>
        </li>
    }
}
