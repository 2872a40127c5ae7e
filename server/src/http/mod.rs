//! HTTP: every route of the product, one line each.

pub mod client_ip;
pub mod diagnostics;
pub mod error;
pub mod etag;
pub mod extract;
pub mod file_body;
pub mod guard;
pub mod layers;
pub mod metrics;
mod places;
pub mod reauthenticate;
mod redirect;
pub mod refused_login;
pub mod route;
pub mod serve;
pub mod transport;
pub mod web;
pub mod well_known;

pub mod infisical;
pub mod strongroom;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, patch, post, put};

use crate::app::App;
use infisical::{
    access_tokens, admin, auth, client_secrets, environments, folders, identities, members, organizations,
    project_users, projects, secret_imports, secrets, service_tokens, status, tags, token_auth,
    universal_auth,
};
use route::{
    Kinds, Route, content, instance, machine, member, open, organization, project, service_token, user,
};
use shared::model::access::{Action, Subject};
use strongroom::{
    account, backups, changes, instance as instance_state, keys, kits, onboarding, restore, runbook,
    sessions, settings, setup, system, tls, unlock,
};

/// Every route. Version aliases stand side by side.
#[rustfmt::skip]
pub fn routes() -> Vec<Route> {
    use Action::{Create, Delete, Edit, Read};
    use Subject::{Environments, Folders, Identities, Project, ProjectMembers, Projects, SecretImports, Secrets, ServiceTokens, Tags};
    vec![
        open("GET", "/api/status", get(status::status)),
        open("GET", "/api/health", get(status::health)),
        open("GET", "/metrics", get(metrics::get)),
        open("GET", "/healthcheck", get(status::health)),
        open("GET", "/.well-known/security.txt", get(well_known::security)),
        open("GET", "/robots.txt", get(well_known::robots)),

        open("POST", "/api/v1/admin/bootstrap", post(admin::bootstrap)),
        open("GET", "/api/v1/admin/config", get(admin::config)),
        open("POST", "/api/v3/auth/login", post(auth::login)),
        open("POST", "/api/v3/auth/login1", post(auth::srp_is_not_offered)),
        open("POST", "/api/v3/auth/login2", post(auth::srp_is_not_offered)),
        user("POST", "/api/v3/auth/select-organization", post(auth::select_organization)),
        user("POST", "/api/v1/auth/checkAuth", post(auth::check)),
        open("POST", "/api/v1/auth/token", post(auth::token)),
        open("POST", "/api/v1/auth/logout", post(auth::logout)),
        user("GET", "/api/v1/user", get(auth::user)),

        open("POST", "/api/v1/auth/universal-auth/login", post(universal_auth::login)),
        organization("POST", "/api/v1/auth/universal-auth/identities/{identity}", Edit, Identities, post(universal_auth::attach)),
        organization("GET", "/api/v1/auth/universal-auth/identities/{identity}", Read, Identities, get(universal_auth::get)),
        organization("PATCH", "/api/v1/auth/universal-auth/identities/{identity}", Edit, Identities, patch(universal_auth::update)),
        organization("DELETE", "/api/v1/auth/universal-auth/identities/{identity}", Delete, Identities, delete(universal_auth::detach)),
        organization("POST", "/api/v1/auth/universal-auth/identities/{identity}/client-secrets", Create, Identities, post(client_secrets::create)),
        organization("GET", "/api/v1/auth/universal-auth/identities/{identity}/client-secrets", Read, Identities, get(client_secrets::list)),
        organization("GET", "/api/v1/auth/universal-auth/identities/{identity}/client-secrets/{secret}", Read, Identities, get(client_secrets::get)),
        organization("POST", "/api/v1/auth/universal-auth/identities/{identity}/client-secrets/{secret}/revoke", Delete, Identities, post(client_secrets::revoke)),
        organization("POST", "/api/v1/auth/token-auth/identities/{identity}", Edit, Identities, post(token_auth::attach)),
        organization("GET", "/api/v1/auth/token-auth/identities/{identity}", Read, Identities, get(token_auth::get)),
        organization("PATCH", "/api/v1/auth/token-auth/identities/{identity}", Edit, Identities, patch(token_auth::update)),
        organization("DELETE", "/api/v1/auth/token-auth/identities/{identity}", Delete, Identities, delete(token_auth::detach)),
        organization("POST", "/api/v1/auth/token-auth/identities/{identity}/tokens", Create, Identities, post(token_auth::create_token)),
        organization("GET", "/api/v1/auth/token-auth/identities/{identity}/tokens", Read, Identities, get(token_auth::tokens)),
        organization("GET", "/api/v1/auth/token-auth/tokens/{token}", Read, Identities, get(token_auth::token)),
        organization("PATCH", "/api/v1/auth/token-auth/tokens/{token}", Edit, Identities, patch(token_auth::rename_token)),
        organization("POST", "/api/v1/auth/token-auth/tokens/{token}/revoke", Delete, Identities, post(token_auth::revoke_token)),
        open("POST", "/api/v1/auth/token/renew", post(access_tokens::renew)),
        open("POST", "/api/v1/auth/token/revoke", post(access_tokens::revoke)),

        user("GET", "/api/v1/organization", get(organizations::list)),
        user("GET", "/api/v1/organization/accessible-with-sub-orgs", get(organizations::list_accessible)),
        member("GET", "/api/v2/organizations/{organization}/workspaces", get(projects::list_of_organization)),
        member("GET", "/api/v1/organization/{organization}", get(organizations::get)),

        organization("POST", "/api/v1/identities", Create, Identities, post(identities::create)),
        organization("GET", "/api/v1/identities", Read, Identities, get(identities::list)),
        organization("POST", "/api/v2/identities/search", Read, Identities, post(identities::search)),
        machine("GET", "/api/v1/identities/details", get(identities::details)),
        organization("GET", "/api/v1/identities/{identity}", Read, Identities, get(identities::get)),
        organization("PATCH", "/api/v1/identities/{identity}", Edit, Identities, patch(identities::update)),
        organization("DELETE", "/api/v1/identities/{identity}", Delete, Identities, delete(identities::delete)),

        member("GET", "/api/v1/workspace", get(projects::list_workspaces)),
        organization("POST", "/api/v2/workspace", Create, Projects, post(projects::create)),
        project("GET", "/api/v1/workspace/{project}", Read, Project, get(projects::get_workspace)),
        project("PATCH", "/api/v1/workspace/{project}", Edit, Project, patch(projects::update_workspace)),
        project("DELETE", "/api/v1/workspace/{project}", Delete, Project, delete(projects::delete_workspace)),
        project("PUT", "/api/v1/workspace/{project}/audit-logs-retention", Edit, Project, put(projects::set_audit_retention)),
        project("PATCH", "/api/v2/workspace/{project}", Edit, Project, patch(projects::update_bare)),
        project("DELETE", "/api/v2/workspace/{project}", Delete, Project, delete(projects::delete_bare)),
        project("GET", "/api/v2/workspace/{project}", Read, Project, get(projects::get_bare)),
        member("GET", "/api/v1/projects", get(projects::list)),
        organization("POST", "/api/v1/projects", Create, Projects, post(projects::create)),
        project("GET", "/api/v1/projects/{project}", Read, Project, get(projects::get)),
        project("PATCH", "/api/v1/projects/{project}", Edit, Project, patch(projects::update)),
        project("DELETE", "/api/v1/projects/{project}", Delete, Project, delete(projects::delete)),
        project("GET", "/api/v1/projects/slug/{project}", Read, Project, get(projects::get_bare)),

        project("GET", "/api/v1/workspace/environments/{environment}", Read, Environments, get(environments::get_anywhere)),
        project("GET", "/api/v1/workspace/{project}/environments/slug/{slug}", Read, Environments, get(environments::get_by_slug)),
        project("GET", "/api/v1/projects/{project}/environments/slug/{slug}", Read, Environments, get(environments::get_by_slug)),
        project("POST", "/api/v1/workspace/{project}/environments", Create, Environments, post(environments::create)),
        project("GET", "/api/v1/workspace/{project}/environments/{environment}", Read, Environments, get(environments::get)),
        project("PATCH", "/api/v1/workspace/{project}/environments/{environment}", Edit, Environments, patch(environments::update)),
        project("DELETE", "/api/v1/workspace/{project}/environments/{environment}", Delete, Environments, delete(environments::delete)),
        project("POST", "/api/v1/projects/{project}/environments", Create, Environments, post(environments::create)),
        project("GET", "/api/v1/projects/{project}/environments/{environment}", Read, Environments, get(environments::get)),
        project("PATCH", "/api/v1/projects/{project}/environments/{environment}", Edit, Environments, patch(environments::update)),
        project("DELETE", "/api/v1/projects/{project}/environments/{environment}", Delete, Environments, delete(environments::delete)),

        project("GET", "/api/v2/workspace/{project}/identity-memberships", Read, ProjectMembers, get(members::list)),
        project("GET", "/api/v2/workspace/{project}/identity-memberships/{identity}", Read, ProjectMembers, get(members::get)),
        project("POST", "/api/v2/workspace/{project}/identity-memberships/{identity}", Create, ProjectMembers, post(members::add)),
        project("PATCH", "/api/v2/workspace/{project}/identity-memberships/{identity}", Edit, ProjectMembers, patch(members::set_role)),
        project("DELETE", "/api/v2/workspace/{project}/identity-memberships/{identity}", Delete, ProjectMembers, delete(members::remove)),
        project("GET", "/api/v1/projects/{project}/memberships/identities", Read, ProjectMembers, get(members::list)),
        project("GET", "/api/v1/projects/{project}/memberships/identities/{identity}", Read, ProjectMembers, get(members::get)),
        project("POST", "/api/v1/projects/{project}/memberships/identities/{identity}", Create, ProjectMembers, post(members::add)),
        project("PATCH", "/api/v1/projects/{project}/memberships/identities/{identity}", Edit, ProjectMembers, patch(members::set_role)),
        project("DELETE", "/api/v1/projects/{project}/memberships/identities/{identity}", Delete, ProjectMembers, delete(members::remove)),
        project("GET", "/api/v1/workspace/{project}/memberships", Read, ProjectMembers, get(project_users::list)),
        project("POST", "/api/v1/workspace/{project}/memberships/details", Read, ProjectMembers, post(project_users::details)),
        project("PATCH", "/api/v1/workspace/{project}/memberships/{membership}", Edit, ProjectMembers, patch(project_users::set_role)),
        project("POST", "/api/v2/workspace/{project}/memberships", Create, ProjectMembers, post(project_users::add)),
        project("DELETE", "/api/v2/workspace/{project}/memberships", Delete, ProjectMembers, delete(project_users::remove)),

        project("GET", "/api/v1/workspace/{project}/tags", Read, Tags, get(tags::list_workspace)),
        project("POST", "/api/v1/workspace/{project}/tags", Create, Tags, post(tags::create_workspace)),
        project("GET", "/api/v1/workspace/{project}/tags/slug/{slug}", Read, Tags, get(tags::get_workspace_by_slug)),
        project("GET", "/api/v1/workspace/{project}/tags/{tag}", Read, Tags, get(tags::get_workspace)),
        project("PATCH", "/api/v1/workspace/{project}/tags/{tag}", Edit, Tags, patch(tags::update_workspace)),
        project("DELETE", "/api/v1/workspace/{project}/tags/{tag}", Delete, Tags, delete(tags::delete_workspace)),
        project("GET", "/api/v1/projects/{project}/tags", Read, Tags, get(tags::list)),
        project("POST", "/api/v1/projects/{project}/tags", Create, Tags, post(tags::create)),
        project("GET", "/api/v1/projects/{project}/tags/slug/{slug}", Read, Tags, get(tags::get_by_slug)),
        project("GET", "/api/v1/projects/{project}/tags/{tag}", Read, Tags, get(tags::get)),
        project("PATCH", "/api/v1/projects/{project}/tags/{tag}", Edit, Tags, patch(tags::update)),
        project("DELETE", "/api/v1/projects/{project}/tags/{tag}", Delete, Tags, delete(tags::delete)),

        content("GET", "/api/v1/folders", Read, Folders, get(folders::list)),
        content("POST", "/api/v1/folders", Create, Folders, post(folders::create)),
        content("PATCH", "/api/v1/folders/batch", Edit, Folders, patch(folders::update_all)),
        content("GET", "/api/v1/folders/{folder}", Read, Folders, get(folders::get)),
        content("PATCH", "/api/v1/folders/{folder}", Edit, Folders, patch(folders::update)),
        content("DELETE", "/api/v1/folders/{folder}", Delete, Folders, delete(folders::delete)),
        content("GET", "/api/v1/folders/{project}/{environment}/{path}", Read, Folders, get(folders::get_by_path)),
        content("GET", "/api/v2/folders", Read, Folders, get(folders::list)),
        content("POST", "/api/v2/folders", Create, Folders, post(folders::create)),
        content("PATCH", "/api/v2/folders/batch", Edit, Folders, patch(folders::update_all)),
        content("GET", "/api/v2/folders/{folder}", Read, Folders, get(folders::get)),
        content("PATCH", "/api/v2/folders/{folder}", Edit, Folders, patch(folders::update)),
        content("DELETE", "/api/v2/folders/{folder}", Delete, Folders, delete(folders::delete_empty)),

        content("GET", "/api/v3/secrets/raw", Read, Secrets, get(secrets::read::list_raw)),
        content("GET", "/api/v3/secrets/raw/{name}", Read, Secrets, get(secrets::read::get_raw)),
        content("POST", "/api/v3/secrets/raw/{name}", Create, Secrets, post(secrets::write::create)),
        content("PATCH", "/api/v3/secrets/raw/{name}", Edit, Secrets, patch(secrets::write::update)),
        content("DELETE", "/api/v3/secrets/raw/{name}", Delete, Secrets, delete(secrets::write::delete)),
        content("PATCH", "/api/v1/secrets/{name}", Edit, Secrets, patch(secrets::write::set_value)),
        content("POST", "/api/v3/secrets/batch/raw", Create, Secrets, post(secrets::batch::create)),
        content("PATCH", "/api/v3/secrets/batch/raw", Edit, Secrets, patch(secrets::batch::update)),
        content("DELETE", "/api/v3/secrets/batch/raw", Delete, Secrets, delete(secrets::batch::delete)),
        content("POST", "/api/v4/secrets/batch", Create, Secrets, post(secrets::batch::create)),
        content("PATCH", "/api/v4/secrets/batch", Edit, Secrets, patch(secrets::batch::update)),
        content("DELETE", "/api/v4/secrets/batch", Delete, Secrets, delete(secrets::batch::delete)),
        content("POST", "/api/v3/secrets/move", Delete, Secrets, post(secrets::moving::move_secrets)),
        content("POST", "/api/v4/secrets/move", Delete, Secrets, post(secrets::moving::move_secrets)),
        content("GET", "/api/v3/secrets/raw/id/{secret}", Read, Secrets, get(secrets::located::get)),
        content("GET", "/api/v4/secrets/id/{secret}", Read, Secrets, get(secrets::located::get)),
        content("POST", "/api/v3/secrets/tags/{name}", Edit, Secrets, post(secrets::tagging::attach)),
        content("DELETE", "/api/v3/secrets/tags/{name}", Edit, Secrets, delete(secrets::tagging::detach)),
        project("GET", "/api/v1/secret/{secret}/secret-versions", Read, Secrets, get(secrets::versions::list)),
        content("GET", "/api/v4/secrets", Read, Secrets, get(secrets::read::list_v4)),
        content("GET", "/api/v4/secrets/{name}", Read, Secrets, get(secrets::read::get_v4)),
        content("POST", "/api/v4/secrets/{name}", Create, Secrets, post(secrets::write::create)),
        content("PATCH", "/api/v4/secrets/{name}", Edit, Secrets, patch(secrets::write::update)),
        content("DELETE", "/api/v4/secrets/{name}", Delete, Secrets, delete(secrets::write::delete)),

        content("GET", "/api/v1/secret-imports", Read, SecretImports, get(secret_imports::list)),
        content("GET", "/api/v1/secret-imports/secrets", Read, Secrets, get(secrets::read::list_imported)),
        content("GET", "/api/v1/secret-imports/secrets/raw", Read, Secrets, get(secrets::read::list_imported)),
        project("GET", "/api/v1/secret-imports/{import}", Read, SecretImports, get(secret_imports::get)),
        project("POST", "/api/v1/secret-imports", Create, SecretImports, post(secret_imports::create)),
        project("PATCH", "/api/v1/secret-imports/{import}", Edit, SecretImports, patch(secret_imports::update)),
        project("DELETE", "/api/v1/secret-imports/{import}", Delete, SecretImports, delete(secret_imports::delete)),
        content("GET", "/api/v2/secret-imports", Read, SecretImports, get(secret_imports::list)),
        content("GET", "/api/v2/secret-imports/secrets", Read, Secrets, get(secrets::read::list_imported)),
        content("GET", "/api/v2/secret-imports/secrets/raw", Read, Secrets, get(secrets::read::list_imported)),
        project("GET", "/api/v2/secret-imports/{import}", Read, SecretImports, get(secret_imports::get)),
        project("POST", "/api/v2/secret-imports", Create, SecretImports, post(secret_imports::create)),
        project("PATCH", "/api/v2/secret-imports/{import}", Edit, SecretImports, patch(secret_imports::update)),
        project("DELETE", "/api/v2/secret-imports/{import}", Delete, SecretImports, delete(secret_imports::delete)),
        service_token("GET", "/api/v2/service-token", get(service_tokens::own)),
        project("POST", "/api/v2/service-token", Create, ServiceTokens, post(service_tokens::create)).only(Kinds::USER),
        project("DELETE", "/api/v2/service-token/{token}", Delete, ServiceTokens, delete(service_tokens::revoke)).only(Kinds::USER),
        project("GET", "/api/v1/workspace/{project}/service-token-data", Read, ServiceTokens, get(service_tokens::list)),

        open("GET", "/api/strongroom/v1/setup", get(setup::state)),
        open("POST", "/api/strongroom/v1/setup", post(setup::sign_up)),
        open("PUT", "/api/strongroom/v1/restore/upload", put(restore::upload)),
        open("POST", "/api/strongroom/v1/restore", post(restore::restore)),
        open("GET", "/api/strongroom/v1/locked", get(unlock::locked)),
        open("POST", "/api/strongroom/v1/unlock", post(unlock::unlock)),
        member("GET", "/api/strongroom/v1/me", get(system::me)),
        user("GET", "/api/strongroom/v1/sessions", get(sessions::list)),
        user("DELETE", "/api/strongroom/v1/sessions", delete(sessions::end_all)),
        user("DELETE", "/api/strongroom/v1/sessions/{session}", delete(sessions::end)),
        user("POST", "/api/strongroom/v1/account/password", post(account::change_password)),
        instance("GET", "/api/strongroom/v1/instance", get(instance_state::state)),
        instance("GET", "/api/strongroom/v1/settings", get(settings::list)),
        instance("PATCH", "/api/strongroom/v1/settings", patch(settings::change)),
        instance("GET", "/api/strongroom/v1/keys", get(keys::state)),
        instance("POST", "/api/strongroom/v1/keys", post(keys::act)),
        instance("GET", "/api/strongroom/v1/kits", get(kits::list)),
        instance("POST", "/api/strongroom/v1/kits", post(kits::add)),
        instance("POST", "/api/strongroom/v1/kits/skip", post(kits::skip)),
        instance("GET", "/api/strongroom/v1/runbook", get(runbook::get)),
        instance("GET", "/api/strongroom/v1/backups", get(backups::list)),
        instance("POST", "/api/strongroom/v1/backups", post(backups::start)),
        instance("POST", "/api/strongroom/v1/backups/acts", post(backups::act)),
        instance("POST", "/api/strongroom/v1/backups/{backup}/tickets", post(backups::offer)),
        instance("GET", "/api/strongroom/v1/backups/{backup}", get(backups::get)),
        open("GET", "/api/strongroom/v1/backups/download/{ticket}", get(backups::download).head(web::fallback)),
        instance("GET", "/api/strongroom/v1/tls", get(tls::state)),
        instance("POST", "/api/strongroom/v1/tls", post(tls::set)),
        instance("POST", "/api/strongroom/v1/tls/renew", post(tls::renew)),
        open("GET", "/api/strongroom/v1/tls/authority.pem", get(tls::authority_pem)),
        open("GET", "/api/strongroom/v1/tls/authority.der", get(tls::authority_der)),
        instance("GET", "/api/strongroom/v1/onboarding", get(onboarding::progress)),
        instance("PATCH", "/api/strongroom/v1/onboarding", patch(onboarding::dismiss)),
        content("POST", "/api/strongroom/v1/changes", Edit, Secrets, post(changes::make)),
        content("POST", "/api/strongroom/v1/folders/{folder}/restore", Create, Folders, post(strongroom::folders::restore)),
        project("POST", "/api/strongroom/v1/projects/{project}/environments/{environment}/clone", Create, Environments, post(strongroom::environments::clone)),
    ]
}

/// The whole service: routes, pages, and the layers around them.
pub fn service(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for route in routes() {
        let handler = match route.policy.kinds() {
            None => route.handler,
            Some(kinds) => {
                let handler = if route.method == "GET" {
                    let tagged = from_fn_with_state(Arc::clone(&app), etag::tag);
                    route.handler.route_layer(tagged)
                } else {
                    route.handler
                };
                handler.route_layer(from_fn_with_state(
                    (Arc::clone(&app), kinds),
                    guard::require_bearer,
                ))
            }
        };
        router = router.route(route.path, handler);
    }
    let routed = router
        .route_layer(from_fn(layers::name_route))
        .fallback(web::fallback)
        .method_not_allowed_fallback(web::fallback)
        .with_state(Arc::clone(&app));
    // A router of its own, so that paths are made lenient before a route is chosen.
    Router::new()
        .fallback_service(routed)
        .layer(from_fn_with_state(app, layers::around))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_route_stands_twice() {
        let mut seen = HashSet::new();
        for route in routes() {
            assert!(
                seen.insert((route.method, route.path)),
                "{} {} stands twice",
                route.method,
                route.path
            );
            assert!(route.path.starts_with('/') && (route.path == "/" || !route.path.ends_with('/')));
        }
    }
}
