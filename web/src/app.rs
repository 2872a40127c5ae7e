//! The root of the app: what every page shares, and which page belongs to which address.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::{Outlet, ParentRoute, Route, Router, Routes};
use leptos_router::hooks::{use_location, use_navigate};
use leptos_router::{NavigateOptions, path};

use crate::components::announcer::{Announcements, Announcer};
use crate::components::dropped;
use crate::components::exposure_banner::ExposureBanner;
use crate::components::shell::Shell;
use crate::components::splash::Splash;
use crate::first_steps::FirstSteps;
use crate::location::login_before;
use crate::pages::account::AccountPage;
use crate::pages::backups::BackupsPage;
use crate::pages::certificates::CertificatesPage;
use crate::pages::home::Home;
use crate::pages::identities::IdentitiesPage;
use crate::pages::instance::InstancePage;
use crate::pages::locked::Locked;
use crate::pages::login::Login;
use crate::pages::not_found::NotFound;
use crate::pages::project::ProjectPage;
use crate::pages::projects::ProjectsPage;
use crate::pages::recovery::RecoveryPage;
use crate::pages::restore::RestorePage;
use crate::pages::secrets::SecretsPage;
use crate::pages::server_settings::ServerSettingsPage;
use crate::pages::settings::SettingsPage;
use crate::pages::signup::Signup;
use crate::pages::welcome::Welcome;
use crate::person::Person;
use crate::projects::Projects;
use crate::secrets::unsaved::Unsaved;
use crate::session::{Phase, Session};
use crate::theme::Themes;

/// The whole app.
#[component]
pub fn App() -> impl IntoView {
    let session = Session::new();
    provide_context(session);
    let announcements = Announcements::new();
    provide_context(announcements);
    let unsaved = Unsaved::new();
    unsaved.ask_before_leaving();
    provide_context(unsaved);
    dropped::keep_the_page();
    provide_context(Themes::remembered());
    spawn_local(session.start());
    // Messages name what was worked on: the login does not show them. What was typed waits for who was interrupted.
    Effect::new(move |was: Option<bool>| {
        let signed_in = session.phase() == Phase::SignedIn;
        if was == Some(true) && !signed_in {
            announcements.clear_all();
            if !session.has_expired() {
                unsaved.drop_all();
            }
        }
        signed_in
    });
    // The pages stay as they are when somebody logs in or out; only these three states replace each other.
    let state = Memo::new(move |_| match session.phase() {
        Phase::Starting => Phase::Starting,
        Phase::Unavailable => Phase::Unavailable,
        _ => Phase::SignedIn,
    });
    view! {
        <ExposureBanner />
        {move || match state.get() {
            Phase::Starting => view! { <Splash /> }.into_any(),
            Phase::Unavailable => view! { <Locked /> }.into_any(),
            _ => view! { <Pages /> }.into_any(),
        }}
        <Announcer />
    }
}

#[component]
fn Pages() -> impl IntoView {
    view! {
        <Router>
            <Routes fallback=NotFound>
                <Route path=path!("/") view=Home />
                <Route path=path!("/admin/signup") view=Signup />
                <Route path=path!("/admin/restore") view=RestorePage />
                <Route path=path!("/login") view=Login />
                <ParentRoute path=path!("") view=SignedInOnly>
                    <Route path=path!("/welcome") view=Welcome />
                    <ParentRoute path=path!("") view=InShell>
                        <Route path=path!("/projects") view=ProjectsPage />
                        <Route path=path!("/projects/:project") view=ProjectPage />
                        <Route path=path!("/projects/:project/secrets") view=ProjectPage />
                        <Route path=path!("/projects/:project/secrets/:environment") view=SecretsPage />
                        <Route path=path!("/projects/:project/settings") view=SettingsPage />
                        <Route path=path!("/identities") view=IdentitiesPage />
                        <Route path=path!("/recovery") view=RecoveryPage />
                        <Route path=path!("/backups") view=BackupsPage />
                        <Route path=path!("/certificates") view=CertificatesPage />
                        <Route path=path!("/instance") view=InstancePage />
                        <Route path=path!("/settings") view=ServerSettingsPage />
                        <Route path=path!("/account") view=AccountPage />
                    </ParentRoute>
                </ParentRoute>
            </Routes>
        </Router>
    }
}

/// Pages that need a session; without one the login comes first and leads back here.
#[component]
fn SignedInOnly() -> impl IntoView {
    let session = Session::current();
    let signed_in = Memo::new(move |_| session.phase() == Phase::SignedIn);
    let location = use_location();
    let path =
        Signal::derive(move || format!("{}{}", location.pathname.get(), search(&location.search.get())));
    let navigate = use_navigate();
    Effect::new(move |was: Option<bool>| {
        let signed_in = signed_in.get();
        if !signed_in {
            // Who logged out on purpose starts afresh; who was interrupted, or came by a link, goes on here.
            let on_purpose = was == Some(true) && !session.has_expired();
            let path = path.get_untracked();
            let target = if on_purpose || path == "/projects" {
                "/login".to_owned()
            } else {
                login_before(&path)
            };
            navigate(&target, replacing());
        }
        signed_in
    });
    move || {
        if signed_in.get() {
            provide_context(Projects::load(session));
            Unsaved::current().belong_to(session.user());
            let person = Person::load(session);
            provide_context(person);
            provide_context(FirstSteps::load(session, person));
            view! { <Outlet /> }.into_any()
        } else {
            ().into_any()
        }
    }
}

fn search(query: &str) -> String {
    let query = query.trim_start_matches('?');
    if query.is_empty() {
        String::new()
    } else {
        format!("?{query}")
    }
}

/// Pages with the navigation beside them.
#[component]
fn InShell() -> impl IntoView {
    view! {
        <Shell>
            <Outlet />
        </Shell>
    }
}

/// Options for a redirect: the back button skips the page that redirected.
pub fn replacing() -> NavigateOptions {
    NavigateOptions {
        replace: true,
        ..NavigateOptions::default()
    }
}
