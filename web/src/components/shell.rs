//! What surrounds every page behind the login: the navigation beside it, or in a drawer where there is no room.

use leptos::ev::MouseEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::A;
use leptos_router::hooks::use_location;

use super::announcer::Announcements;
use super::backup_banner::BackupBanner;
use super::brand::Brand;
use super::button::{Button, IconButton, Weight};
use super::dialog::ConfirmDialog;
use super::drawer::Drawer;
use super::focus::focus_next;
use super::go_keys;
use super::icon::{Glyph, Icon};
use super::kit_banner::KitBanner;
use super::theme_switch::ThemeSwitch;
use crate::api;
use crate::person::Person;
use crate::secrets::unsaved::{LOST, Unsaved};
use crate::session::Session;

/// The frame.
#[component]
pub fn Shell(
    /// The page.
    children: Children,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let path = use_location().pathname;
    // Who chose a page in the drawer wants to see it.
    Effect::new(move |_| {
        path.track();
        open.set(false);
    });
    go_keys::listen();
    let skip = move |event: MouseEvent| {
        event.prevent_default();
        focus_next("main");
    };
    view! {
        <a href="#main" class="skip-link button" on:click=skip>
            "Skip to content"
        </a>
        <div class="shell">
            <header class="side">
                <A href="/projects" attr:class="brand-link" attr:aria-label="Strongroom, your projects">
                    <Brand />
                </A>
                <Navigation />
                <SideFoot />
            </header>
            <header class="top-bar">
                <IconButton name="Menu" icon=Icon::Menu on_press=move |()| open.set(true) />
                <A href="/projects" attr:class="brand-link" attr:aria-label="Strongroom, your projects">
                    <Brand />
                </A>
            </header>
            <div class="shell-page">
                <KitBanner />
                <BackupBanner />
                {children()}
            </div>
        </div>
        <Show when=move || open.get()>
            <Drawer title="Menu" at_start=true on_close=move |()| open.set(false)>
                <Navigation />
                <SideFoot />
            </Drawer>
        </Show>
    }
}

#[component]
fn Navigation() -> impl IntoView {
    let person = Person::current();
    let administers = Memo::new(move |_| person.administers_the_server());
    let item = |href: &'static str, icon: Icon, label: &'static str| {
        view! {
            <A href=href attr:class="nav-item">
                <Glyph icon />
                <span>{label}</span>
            </A>
        }
    };
    // What only administrators have comes last, so that nothing moves when it becomes known that this is one.
    view! {
        <nav class="nav" aria-label="Main">
            {item("/projects", Icon::Projects, "Projects")}
            {item("/identities", Icon::Robot, "Machine Identities")} {item("/account", Icon::Person, "Account")}
            <Show when=move || administers.get()>
                {item("/recovery", Icon::Key, "Keys & recovery")} {item("/backups", Icon::Archive, "Backups")}
                {item("/certificates", Icon::Shield, "Certificates")} {item("/instance", Icon::Server, "Instance")}
                {item("/settings", Icon::Settings, "Server settings")}
            </Show>
        </nav>
    }
}

#[component]
fn SideFoot() -> impl IntoView {
    let person = Person::current();
    let session = Session::current();
    let announcements = Announcements::current();
    let unsaved = Unsaved::current();
    let leaving = RwSignal::new(false);
    let asking = RwSignal::new(false);
    let leave = move |()| {
        leaving.set(true);
        spawn_local(async move {
            if let Err(error) = api::auth::logout(session).await {
                announcements.say(format!("You are still logged in. {} Try again.", error.message));
                leaving.try_set(false);
                asking.try_set(false);
            }
        });
    };
    let log_out = move |()| {
        if untrack(|| unsaved.is_dirty()) {
            asking.set(true);
        } else {
            leave(());
        }
    };
    view! {
        <div class="side-foot">
            <ThemeSwitch />
            <p class="side-person" title=move || person.email()>
                <bdi>{move || person.email()}</bdi>
            </p>
            <Button label="Log out" icon=Icon::Leave weight=Weight::Ghost busy=leaving on_press=log_out />
        </div>
        <Show when=move || asking.get()>
            <ConfirmDialog
                title="Log out without saving?"
                consequence=LOST
                busy=leaving
                on_confirm=leave
                on_close=move |()| asking.set(false)
            />
        </Show>
    }
}
