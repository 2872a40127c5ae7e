//! HTTP: every route of the product, one line each.

pub mod error;
pub mod extract;
pub mod guard;
pub mod layers;
pub mod serve;
pub mod web;

pub mod infisical;
pub mod strongroom;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, delete, get, patch, post};

use crate::app::App;
use guard::Guard;
use infisical::{
    access_tokens, admin, auth, environments, identities, members, organizations, projects, secrets, status,
    universal_auth,
};
use strongroom::{setup, system};

/// A route: method and path for tests and documents, the handler, and who may come in.
pub struct Route {
    /// `GET`, `POST`, `PATCH`, `DELETE`.
    pub method: &'static str,
    /// Path with `{variables}`.
    pub path: &'static str,
    /// Who may come in.
    pub guard: Guard,
    handler: MethodRouter<Arc<App>>,
}

type Handler = MethodRouter<Arc<App>>;

fn open(method: &'static str, path: &'static str, handler: Handler) -> Route {
    Route {
        method,
        path,
        guard: Guard::Open,
        handler,
    }
}

fn bearer(method: &'static str, path: &'static str, handler: Handler) -> Route {
    Route {
        method,
        path,
        guard: Guard::Bearer,
        handler,
    }
}

/// Every route. Version aliases stand side by side.
#[rustfmt::skip]
pub fn routes() -> Vec<Route> {
    vec![
        open("GET", "/api/status", get(status::status)),
        open("GET", "/api/health", get(status::health)),
        open("GET", "/healthcheck", get(status::health)),

        open("POST", "/api/v1/admin/bootstrap", post(admin::bootstrap)),
        open("GET", "/api/v1/admin/config", get(admin::config)),
        open("POST", "/api/v3/auth/login", post(auth::login)),
        open("POST", "/api/v3/auth/login1", post(auth::srp_is_not_offered)),
        open("POST", "/api/v3/auth/login2", post(auth::srp_is_not_offered)),
        bearer("POST", "/api/v3/auth/select-organization", post(auth::select_organization)),
        bearer("POST", "/api/v1/auth/checkAuth", post(auth::check)),
        open("POST", "/api/v1/auth/token", post(auth::token)),
        open("POST", "/api/v1/auth/logout", post(auth::logout)),
        bearer("GET", "/api/v1/user", get(auth::user)),

        open("POST", "/api/v1/auth/universal-auth/login", post(universal_auth::login)),
        bearer("POST", "/api/v1/auth/universal-auth/identities/{identity}", post(universal_auth::attach)),
        bearer("GET", "/api/v1/auth/universal-auth/identities/{identity}", get(universal_auth::get)),
        bearer("POST", "/api/v1/auth/universal-auth/identities/{identity}/client-secrets", post(universal_auth::create_secret)),
        bearer("GET", "/api/v1/auth/universal-auth/identities/{identity}/client-secrets", get(universal_auth::list_secrets)),
        bearer("POST", "/api/v1/auth/universal-auth/identities/{identity}/client-secrets/{secret}/revoke", post(universal_auth::revoke_secret)),
        open("POST", "/api/v1/auth/token/renew", post(access_tokens::renew)),
        open("POST", "/api/v1/auth/token/revoke", post(access_tokens::revoke)),

        bearer("GET", "/api/v1/organization", get(organizations::list)),
        bearer("GET", "/api/v1/organization/{organization}", get(organizations::get)),

        bearer("POST", "/api/v1/identities", post(identities::create)),
        bearer("GET", "/api/v1/identities", get(identities::list)),
        bearer("GET", "/api/v1/identities/{identity}", get(identities::get)),
        bearer("DELETE", "/api/v1/identities/{identity}", delete(identities::delete)),

        bearer("GET", "/api/v1/workspace", get(projects::list_workspaces)),
        bearer("POST", "/api/v2/workspace", post(projects::create)),
        bearer("GET", "/api/v1/workspace/{project}", get(projects::get_workspace)),
        bearer("PATCH", "/api/v1/workspace/{project}", patch(projects::update_workspace)),
        bearer("DELETE", "/api/v1/workspace/{project}", delete(projects::delete_workspace)),
        bearer("GET", "/api/v2/workspace/{project}", get(projects::get_bare)),
        bearer("GET", "/api/v1/projects", get(projects::list)),
        bearer("POST", "/api/v1/projects", post(projects::create)),
        bearer("GET", "/api/v1/projects/{project}", get(projects::get)),
        bearer("PATCH", "/api/v1/projects/{project}", patch(projects::update)),
        bearer("DELETE", "/api/v1/projects/{project}", delete(projects::delete)),
        bearer("GET", "/api/v1/projects/slug/{project}", get(projects::get_bare)),

        bearer("POST", "/api/v1/workspace/{project}/environments", post(environments::create)),
        bearer("GET", "/api/v1/workspace/{project}/environments/{environment}", get(environments::get)),
        bearer("PATCH", "/api/v1/workspace/{project}/environments/{environment}", patch(environments::update)),
        bearer("DELETE", "/api/v1/workspace/{project}/environments/{environment}", delete(environments::delete)),
        bearer("POST", "/api/v1/projects/{project}/environments", post(environments::create)),
        bearer("GET", "/api/v1/projects/{project}/environments/{environment}", get(environments::get)),
        bearer("PATCH", "/api/v1/projects/{project}/environments/{environment}", patch(environments::update)),
        bearer("DELETE", "/api/v1/projects/{project}/environments/{environment}", delete(environments::delete)),

        bearer("GET", "/api/v2/workspace/{project}/identity-memberships", get(members::list)),
        bearer("GET", "/api/v2/workspace/{project}/identity-memberships/{identity}", get(members::get)),
        bearer("POST", "/api/v2/workspace/{project}/identity-memberships/{identity}", post(members::add)),
        bearer("PATCH", "/api/v2/workspace/{project}/identity-memberships/{identity}", patch(members::set_role)),
        bearer("DELETE", "/api/v2/workspace/{project}/identity-memberships/{identity}", delete(members::remove)),

        bearer("GET", "/api/v3/secrets/raw", get(secrets::list)),
        bearer("GET", "/api/v3/secrets/raw/{name}", get(secrets::get)),
        bearer("POST", "/api/v3/secrets/raw/{name}", post(secrets::create)),
        bearer("PATCH", "/api/v3/secrets/raw/{name}", patch(secrets::update)),
        bearer("DELETE", "/api/v3/secrets/raw/{name}", delete(secrets::delete)),
        bearer("GET", "/api/v4/secrets", get(secrets::list)),
        bearer("GET", "/api/v4/secrets/{name}", get(secrets::get)),
        bearer("POST", "/api/v4/secrets/{name}", post(secrets::create)),
        bearer("PATCH", "/api/v4/secrets/{name}", patch(secrets::update)),
        bearer("DELETE", "/api/v4/secrets/{name}", delete(secrets::delete)),

        open("GET", "/api/strongroom/v1/setup", get(setup::state)),
        open("POST", "/api/strongroom/v1/setup", post(setup::sign_up)),
        bearer("GET", "/api/strongroom/v1/me", get(system::me)),
    ]
}

/// The whole service: routes, pages, and the layers around them.
pub fn service(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for route in routes() {
        let handler = match route.guard {
            Guard::Open => route.handler,
            Guard::Bearer => route
                .handler
                .route_layer(from_fn_with_state(Arc::clone(&app), guard::require_bearer)),
        };
        router = router.route(route.path, handler);
    }
    let routed = router
        .route_layer(from_fn(layers::name_route))
        .fallback(web::fallback)
        .method_not_allowed_fallback(web::fallback)
        .with_state(app);
    // A router of its own, so that paths are made lenient before a route is chosen.
    Router::new()
        .fallback_service(routed)
        .layer(from_fn(layers::around))
}
