//! The admin interface of Strongroom, rendered in the browser.
//!
//! `api` speaks with the server over `shared::wire`, `session` knows who is logged in, `pages` has one file per screen,
//! `components` what screens are made of. Colours, sizes and spaces are tokens of
//! `static/css/00-tokens.css`.
#![expect(
    clippy::needless_pass_by_value,
    clippy::large_types_passed_by_value,
    reason = "properties of components are owned values, and handles are copied"
)]

mod api;
mod app;
mod backups;
mod components;
mod first_steps;
mod kit;
mod location;
mod pages;
mod person;
mod plaintext;
mod problem;
mod projects;
mod secrets;
mod session;
mod slug;
mod strength;
mod theme;
mod words;

use leptos::mount::mount_to_body;
use leptos::prelude::document;

fn main() {
    // A panic would else show as "unreachable executed" only.
    std::panic::set_hook(Box::new(|panic| {
        web_sys::console::error_1(&panic.to_string().into());
    }));
    mount_to_body(app::App);
    if let Some(splash) = document().get_element_by_id("splash") {
        splash.remove();
    }
}
