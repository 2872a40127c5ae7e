//! A button that opens a short list of actions.
//!
//! The list is a popover of the browser: it lies above everything, closes on Escape or a click elsewhere, and gives the
//! focus back. Its place is worked out when it opens.

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::icon::{Glyph, Icon};
use super::unique::unique_id;

/// One action.
#[derive(Debug, Clone)]
pub struct MenuItem {
    label: String,
    icon: Icon,
    on_press: Callback<()>,
    danger: bool,
}

impl MenuItem {
    /// An action with its label.
    pub fn new(label: impl Into<String>, icon: Icon, on_press: impl Fn(()) + Send + Sync + 'static) -> Self {
        Self {
            label: label.into(),
            icon,
            on_press: Callback::new(on_press),
            danger: false,
        }
    }

    /// The action takes something away.
    #[must_use]
    pub fn danger(mut self) -> Self {
        self.danger = true;
        self
    }
}

/// The button and its list.
#[component]
pub fn Menu(
    /// The name of the button, such as `More about DB_URL`.
    #[prop(into)]
    name: Signal<String>,
    /// The icon of the button.
    #[prop(default = Icon::More)]
    icon: Icon,
    /// The text of the button; without one it is an icon only.
    #[prop(optional, into)]
    text: Option<Signal<String>>,
    /// The actions, asked for when it opens.
    #[prop(into)]
    items: Callback<(), Vec<MenuItem>>,
) -> impl IntoView {
    let id = unique_id("menu");
    let open = RwSignal::new(false);
    let button = NodeRef::<html::Button>::new();
    let list = NodeRef::<html::Div>::new();
    let close = move || {
        if let Some(list) = list.get_untracked() {
            // Refused only when it is closed already.
            let _ = list.hide_popover();
        }
    };
    let before = move |_: web_sys::Event| {
        if let (Some(button), Some(list)) = (button.get_untracked(), list.get_untracked()) {
            place(&button, &list);
        }
    };
    let toggled = move |_: web_sys::Event| {
        let shown = list
            .get_untracked()
            .is_some_and(|list| list.matches(":popover-open").unwrap_or_default());
        open.set(shown);
        if shown {
            focus(list, Step::First);
        }
    };
    let keys = move |event: KeyboardEvent| {
        let step = match event.key().as_str() {
            "ArrowDown" => Step::Next,
            "ArrowUp" => Step::Previous,
            "Home" => Step::First,
            "End" => Step::Last,
            "Tab" => return close(),
            _ => return,
        };
        event.prevent_default();
        focus(list, step);
    };
    view! {
        <button
            type="button"
            node_ref=button
            class=if text.is_some() { "button button-ghost" } else { "icon-button" }
            popovertarget=id.clone()
            aria-haspopup="menu"
            aria-expanded=move || open.get().to_string()
            aria-label=move || name.get()
            title=move || text.is_none().then(|| name.get())
        >
            {text.map(|text| view! { <span>{move || text.get()}</span> })}
            <Glyph icon />
        </button>
        <div
            id=id
            node_ref=list
            class="menu"
            popover="auto"
            role="menu"
            aria-label=move || name.get()
            on:beforetoggle=before
            on:toggle=toggled
            on:keydown=keys
        >
            {move || {
                open.get()
                    .then(|| {
                        items
                            .run(())
                            .into_iter()
                            .map(|item| {
                                let press = move |_| {
                                    close();
                                    item.on_press.run(());
                                };
                                view! {
                                    <button
                                        type="button"
                                        role="menuitem"
                                        tabindex="-1"
                                        class="menu-item"
                                        class:menu-item-danger=item.danger
                                        on:click=press
                                    >
                                        <Glyph icon=item.icon />
                                        <bdi>{item.label}</bdi>
                                    </button>
                                }
                            })
                            .collect_view()
                    })
            }}
        </div>
    }
}

/// Below the button, or above it in the lower half of the window; aligned with its nearer edge.
fn place(button: &HtmlElement, list: &HtmlElement) {
    const GAP: f64 = 4.0;
    let edge = button.get_bounding_client_rect();
    let size = |side: Result<leptos::wasm_bindgen::JsValue, _>| {
        side.ok().and_then(|side| side.as_f64()).unwrap_or_default()
    };
    let (width, height) = (size(window().inner_width()), size(window().inner_height()));
    let below = edge.bottom() < height * 0.6;
    let from_left = edge.left() < width * 0.5;
    let style = list.style();
    let set = |name: &str, value: Option<f64>| {
        let value = value.map_or_else(|| "auto".to_owned(), |value| format!("{value}px"));
        // A browser refuses only what is no length.
        let _ = style.set_property(name, &value);
    };
    let client = document()
        .document_element()
        .map_or(width, |root| f64::from(root.client_width()));
    set("top", below.then(|| edge.bottom() + GAP));
    set("bottom", (!below).then(|| height - edge.top() + GAP));
    set("left", from_left.then(|| edge.left()));
    set("right", (!from_left).then(|| client - edge.right()));
}

#[derive(Debug, Clone, Copy)]
enum Step {
    First,
    Last,
    Next,
    Previous,
}

fn focus(list: NodeRef<html::Div>, step: Step) {
    // The items appear when the list opens, after this.
    request_animation_frame(move || {
        let Some(list) = list.try_get_untracked().flatten() else {
            return;
        };
        let Ok(found) = list.query_selector_all("[role=menuitem]") else {
            return;
        };
        let items: Vec<HtmlElement> = (0..found.length())
            .filter_map(|index| found.get(index)?.dyn_into().ok())
            .collect();
        let active = document().active_element();
        let current = items
            .iter()
            .position(|item| active.as_ref().is_some_and(|active| **item == *active));
        if let Some(item) = step_from(current, items.len(), step).and_then(|index| items.get(index)) {
            // Refused only when the item has gone.
            let _ = item.focus();
        }
    });
}

/// The item to go to; the list is a ring.
fn step_from(current: Option<usize>, count: usize, step: Step) -> Option<usize> {
    let last = count.checked_sub(1)?;
    Some(match (step, current) {
        (Step::First, _) | (Step::Next, None) => 0,
        (Step::Last, _) | (Step::Previous, None | Some(0)) => last,
        (Step::Next, Some(at)) if at >= last => 0,
        (Step::Next, Some(at)) => at + 1,
        (Step::Previous, Some(at)) => at - 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arrows_go_round() {
        assert_eq!(step_from(None, 0, Step::First), None);
        assert_eq!(step_from(None, 3, Step::Next), Some(0));
        assert_eq!(step_from(Some(2), 3, Step::Next), Some(0));
        assert_eq!(step_from(Some(0), 3, Step::Previous), Some(2));
        assert_eq!(step_from(Some(1), 3, Step::Previous), Some(0));
        assert_eq!(step_from(Some(1), 3, Step::Last), Some(2));
    }
}
