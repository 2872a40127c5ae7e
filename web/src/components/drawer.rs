//! A sheet from the edge of the window, over the page: details beside a list, the navigation on a phone.

use leptos::ev::MouseEvent;
use leptos::html;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use web_sys::Element;

use super::button::IconButton;
use super::icon::Icon;
use super::unique::unique_id;

/// A drawer that is open as long as it exists. Escape, its cross and a click beside it close it.
#[component]
pub fn Drawer(
    /// The heading.
    #[prop(into)]
    title: Signal<String>,
    /// Whether it comes from where lines start, as navigation does.
    #[prop(optional)]
    at_start: bool,
    /// Called when it was closed.
    #[prop(into)]
    on_close: Callback<()>,
    /// The rest.
    children: Children,
) -> impl IntoView {
    let drawer = NodeRef::<html::Dialog>::new();
    let heading = unique_id("drawer");
    let heading_id = heading.clone();
    Effect::new(move |_| {
        if let Some(drawer) = drawer.get() {
            // Refused only when it is open already.
            let _ = drawer.show_modal();
        }
    });
    let close = move || {
        if let Some(drawer) = drawer.get_untracked() {
            drawer.close();
        }
    };
    let click = move |event: MouseEvent| {
        // The drawer has no padding: what hits the element itself hits the backdrop.
        let beside = event
            .target()
            .and_then(|target| target.dyn_into::<Element>().ok())
            .is_some_and(|target| target.tag_name() == "DIALOG");
        if beside {
            close();
        }
    };
    view! {
        <dialog
            node_ref=drawer
            class="drawer"
            class:drawer-start=at_start
            aria-labelledby=heading.clone()
            on:click=click
            on:close=move |_| on_close.run(())
        >
            <header class="drawer-head">
                <h2 id=heading_id>
                    <bdi>{move || title.get()}</bdi>
                </h2>
                <IconButton name="Close" icon=Icon::Cross on_press=move |()| close() />
            </header>
            <div class="drawer-body">{children()}</div>
        </dialog>
    }
}
