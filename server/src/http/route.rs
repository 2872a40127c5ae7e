//! A route with its policy: who may come in stands beside method and path, and no route can be written without.

use std::sync::Arc;

use axum::routing::MethodRouter;
use shared::model::access::{Action, Subject};

use crate::app::App;
use crate::domain::caller::Credential;

/// Kinds of credentials that a route admits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kinds {
    /// People's sessions.
    pub user: bool,
    /// Access tokens of machine identities.
    pub identity: bool,
    /// Service tokens.
    pub service_token: bool,
}

impl Kinds {
    /// People alone.
    pub const USER: Self = Self {
        user: true,
        identity: false,
        service_token: false,
    };
    /// Machine identities alone.
    pub const IDENTITY: Self = Self {
        user: false,
        identity: true,
        service_token: false,
    };
    /// Who can be a member of something: people and machine identities.
    pub const MEMBERS: Self = Self {
        user: true,
        identity: true,
        service_token: false,
    };
    /// Service tokens alone.
    pub const SERVICE_TOKEN: Self = Self {
        user: false,
        identity: false,
        service_token: true,
    };
    /// All of them.
    pub const ALL: Self = Self {
        user: true,
        identity: true,
        service_token: true,
    };

    /// Why a credential of another kind is refused.
    pub(super) fn refusal(self, credential: &Credential) -> String {
        let who = match (self.user, self.identity) {
            (true, true) => "Only a logged-in user or a machine identity can do this",
            (true, false) => "Only a logged-in user can do this",
            (false, true) => "Only a machine identity can do this",
            (false, false) => "Only a service token can do this",
        };
        let given = match credential {
            Credential::User { .. } => "a user",
            Credential::Identity { .. } => "a machine identity",
            Credential::ServiceToken { .. } => "a service token",
        };
        format!("{who}, not {given}")
    }

    /// Whether a credential is of one of the kinds.
    pub(super) fn admits(self, credential: &Credential) -> bool {
        match credential {
            Credential::User { .. } => self.user,
            Credential::Identity { .. } => self.identity,
            Credential::ServiceToken { .. } => self.service_token,
        }
    }
}

/// What a route asks of its callers. The kind of credential is checked before the handler runs; that it is in force,
/// and what the caller's role allows, is decided by the rules in the transaction of the request itself. A test goes
/// through every route and holds its answers against its policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Nothing: anybody.
    Open,
    /// A credential in force; the route is about the caller's own things.
    Own(Kinds),
    /// Administering the instance itself. People alone: it is asked for with the password of a person.
    Instance,
    /// An action that the role in the organization has to allow.
    Organization(Kinds, Action, Subject),
    /// An action that the role, or the scope, in a project has to allow.
    Project(Kinds, Action, Subject),
}

impl Policy {
    /// The credentials that are admitted; none for an open route.
    pub fn kinds(self) -> Option<Kinds> {
        match self {
            Self::Open => None,
            Self::Instance => Some(Kinds::USER),
            Self::Own(kinds) | Self::Organization(kinds, ..) | Self::Project(kinds, ..) => Some(kinds),
        }
    }
}

/// A route: method and path for tests and documents, the handler, and who may come in.
pub struct Route {
    /// `GET`, `POST`, `PUT`, `PATCH`, `DELETE`.
    pub method: &'static str,
    /// Path with `{variables}`.
    pub path: &'static str,
    /// Who may come in. A route cannot be written without.
    pub policy: Policy,
    /// What answers.
    pub(super) handler: Handler,
}

impl Route {
    /// The same, for fewer kinds of credentials.
    pub(super) fn only(mut self, kinds: Kinds) -> Self {
        self.policy = match self.policy {
            // Nobody is asked for a credential that nobody has to have.
            Policy::Open => Policy::Open,
            Policy::Instance => Policy::Instance,
            Policy::Own(_) => Policy::Own(kinds),
            Policy::Organization(_, action, subject) => Policy::Organization(kinds, action, subject),
            Policy::Project(_, action, subject) => Policy::Project(kinds, action, subject),
        };
        self
    }
}

/// What answers a route.
pub(super) type Handler = MethodRouter<Arc<App>>;

fn route(method: &'static str, path: &'static str, policy: Policy, handler: Handler) -> Route {
    Route {
        method,
        path,
        policy,
        handler,
    }
}

/// Anybody.
pub(super) fn open(method: &'static str, path: &'static str, handler: Handler) -> Route {
    route(method, path, Policy::Open, handler)
}

/// A logged-in person, about himself.
pub(super) fn user(method: &'static str, path: &'static str, handler: Handler) -> Route {
    let policy = Policy::Own(Kinds::USER);
    route(method, path, policy, handler)
}

/// A service token, about itself.
pub(super) fn service_token(method: &'static str, path: &'static str, handler: Handler) -> Route {
    let policy = Policy::Own(Kinds::SERVICE_TOKEN);
    route(method, path, policy, handler)
}

/// A machine identity, about itself.
pub(super) fn machine(method: &'static str, path: &'static str, handler: Handler) -> Route {
    route(method, path, Policy::Own(Kinds::IDENTITY), handler)
}

/// A person or a machine identity, about what is his own.
pub(super) fn member(method: &'static str, path: &'static str, handler: Handler) -> Route {
    let policy = Policy::Own(Kinds::MEMBERS);
    route(method, path, policy, handler)
}

/// A person who administers the instance.
pub(super) fn instance(method: &'static str, path: &'static str, handler: Handler) -> Route {
    route(method, path, Policy::Instance, handler)
}

/// Whose role in the organization allows it.
pub(super) fn organization(
    method: &'static str,
    path: &'static str,
    action: Action,
    subject: Subject,
    handler: Handler,
) -> Route {
    let policy = Policy::Organization(Kinds::MEMBERS, action, subject);
    route(method, path, policy, handler)
}

/// Whose role in the project allows it.
pub(super) fn project(
    method: &'static str,
    path: &'static str,
    action: Action,
    subject: Subject,
    handler: Handler,
) -> Route {
    let policy = Policy::Project(Kinds::MEMBERS, action, subject);
    route(method, path, policy, handler)
}

/// The same, open to service tokens within their scopes too.
pub(super) fn content(
    method: &'static str,
    path: &'static str,
    action: Action,
    subject: Subject,
    handler: Handler,
) -> Route {
    let policy = Policy::Project(Kinds::ALL, action, subject);
    route(method, path, policy, handler)
}
