//! Where the keyboard is, and where it goes on when what it was in disappears.

use std::time::Duration;

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use web_sys::{Element, EventTarget, HtmlElement};

/// Moves the focus to the element with this id, once the page shows it.
pub fn focus_next(id: impl Into<String>) {
    let id = id.into();
    set_timeout(
        move || {
            let element = document()
                .get_element_by_id(&id)
                .and_then(|element| element.dyn_into::<HtmlElement>().ok());
            if let Some(element) = element {
                // An element that takes no focus leaves it on the page, where it was.
                let _ = element.focus();
            }
        },
        Duration::ZERO,
    );
}

/// Whether keys are text there.
pub fn takes_text(target: &EventTarget) -> bool {
    target
        .dyn_ref::<Element>()
        .is_some_and(|element| matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT"))
}

/// Whether a dialog or a menu is open: keys belong to it.
pub fn is_covered() -> bool {
    document()
        .query_selector("dialog[open], .menu:popover-open")
        .is_ok_and(|found| found.is_some())
}
