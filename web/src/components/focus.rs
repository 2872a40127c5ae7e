//! Where the keyboard goes on when what it was in disappears.

use std::time::Duration;

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use web_sys::HtmlElement;

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
