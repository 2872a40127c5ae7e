//! A valid request for every route that is not open: made by whoever may make it, it is answered 200.
//!
//! **A new route needs one row here.** Variables of the path are filled from the [`Target`] by their name; a row that
//! means another one says so with `at`.

use serde_json::{Value, json};

use super::target::Target;
use crate::app::{CANARY, Call};

/// What a row adds to method and path.
#[derive(Default)]
pub struct Request {
    variables: Vec<(&'static str, String)>,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
}

impl Request {
    /// Another value for a variable of the path.
    fn at(mut self, variable: &'static str, value: &str) -> Self {
        self.variables.push((variable, value.to_owned()));
        self
    }
}

/// Nothing but the path.
fn plain() -> Request {
    Request::default()
}

/// With a query.
fn query(parameters: &[(&'static str, &str)]) -> Request {
    let query = parameters
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect();
    Request {
        query,
        ..Request::default()
    }
}

/// With a JSON body.
fn body(body: Value) -> Request {
    Request {
        body: Some(body),
        ..Request::default()
    }
}

/// Where `A` is: the query of reads.
fn place(t: &Target) -> Request {
    query(&[
        ("workspaceId", &t.project),
        ("environment", "dev"),
        ("secretPath", "/"),
    ])
}

/// The same as the body of writes, with more fields.
fn placed(t: &Target, fields: &Value) -> Request {
    let mut place = json!({"workspaceId": t.project, "environment": "dev", "secretPath": "/"});
    for (name, value) in fields.as_object().unwrap() {
        place[name] = value.clone();
    }
    body(place)
}

/// About the machine that can log in.
fn machine(t: &Target) -> Request {
    plain().at("identity", &t.machine)
}

/// A row.
pub type Sample = (&'static str, fn(&Target) -> Request);

#[rustfmt::skip]
pub const SAMPLES: &[Sample] = &[
    // People and sessions
    ("POST /api/v3/auth/select-organization", |t| body(json!({"organizationId": t.organization}))),
    ("POST /api/v1/auth/checkAuth", |_| plain()),
    ("GET /api/v1/user", |_| plain()),
    ("GET /api/strongroom/v1/me", |_| plain()),

    // Organizations and identities
    ("GET /api/v1/organization", |_| plain()),
    ("GET /api/v1/organization/{organization}", |_| plain()),
    ("POST /api/v1/identities", |t| body(json!({"name": "new", "organizationId": t.organization}))),
    ("GET /api/v1/identities", |t| query(&[("orgId", &t.organization)])),
    ("GET /api/v1/identities/{identity}", |_| plain()),
    ("DELETE /api/v1/identities/{identity}", |_| plain()),
    ("POST /api/v1/auth/universal-auth/identities/{identity}", |t| body(json!({})).at("identity", &t.newcomer)),
    ("GET /api/v1/auth/universal-auth/identities/{identity}", machine),
    ("POST /api/v1/auth/universal-auth/identities/{identity}/client-secrets", |t| Request { body: Some(json!({})), ..machine(t) }),
    ("GET /api/v1/auth/universal-auth/identities/{identity}/client-secrets", machine),
    ("POST /api/v1/auth/universal-auth/identities/{identity}/client-secrets/{secret}/revoke", |t| machine(t).at("secret", &t.client_secret)),

    // Projects
    ("GET /api/v1/workspace", |_| plain()),
    ("GET /api/v1/projects", |_| plain()),
    ("POST /api/v2/workspace", |_| body(json!({"projectName": "new"}))),
    ("POST /api/v1/projects", |_| body(json!({"projectName": "new"}))),
    ("GET /api/v1/workspace/{project}", |_| plain()),
    ("GET /api/v2/workspace/{project}", |_| plain()),
    ("GET /api/v1/projects/{project}", |_| plain()),
    ("GET /api/v1/projects/slug/{project}", |t| plain().at("project", &t.slug)),
    ("PATCH /api/v1/workspace/{project}", |_| body(json!({"name": "changed"}))),
    ("PATCH /api/v1/projects/{project}", |_| body(json!({"name": "changed"}))),
    ("DELETE /api/v1/workspace/{project}", |_| plain()),
    ("DELETE /api/v1/projects/{project}", |_| plain()),

    // Environments
    ("POST /api/v1/workspace/{project}/environments", |_| body(json!({"name": "new", "slug": "new"}))),
    ("GET /api/v1/workspace/{project}/environments/{environment}", |_| plain()),
    ("PATCH /api/v1/workspace/{project}/environments/{environment}", |_| body(json!({"name": "changed"}))),
    ("DELETE /api/v1/workspace/{project}/environments/{environment}", |_| plain()),
    ("POST /api/v1/projects/{project}/environments", |_| body(json!({"name": "new", "slug": "new"}))),
    ("GET /api/v1/projects/{project}/environments/{environment}", |_| plain()),
    ("PATCH /api/v1/projects/{project}/environments/{environment}", |_| body(json!({"name": "changed"}))),
    ("DELETE /api/v1/projects/{project}/environments/{environment}", |_| plain()),

    // Members
    ("GET /api/v2/workspace/{project}/identity-memberships", |_| plain()),
    ("GET /api/v2/workspace/{project}/identity-memberships/{identity}", |_| plain()),
    ("POST /api/v2/workspace/{project}/identity-memberships/{identity}", |t| body(json!({"role": "viewer"})).at("identity", &t.newcomer)),
    ("PATCH /api/v2/workspace/{project}/identity-memberships/{identity}", |_| body(json!({"role": "viewer"}))),
    ("DELETE /api/v2/workspace/{project}/identity-memberships/{identity}", |_| plain()),

    // Secrets
    ("GET /api/v3/secrets/raw", place),
    ("GET /api/v4/secrets", place),
    ("GET /api/v3/secrets/raw/{name}", place),
    ("GET /api/v4/secrets/{name}", place),
    ("POST /api/v3/secrets/raw/{name}", |t| placed(t, &json!({"secretValue": CANARY})).at("name", "NEW")),
    ("POST /api/v4/secrets/{name}", |t| placed(t, &json!({"secretValue": CANARY})).at("name", "NEW")),
    ("PATCH /api/v3/secrets/raw/{name}", |t| placed(t, &json!({"secretValue": CANARY}))),
    ("PATCH /api/v4/secrets/{name}", |t| placed(t, &json!({"secretValue": CANARY}))),
    ("DELETE /api/v3/secrets/raw/{name}", |t| placed(t, &json!({}))),
    ("DELETE /api/v4/secrets/{name}", |t| placed(t, &json!({}))),

    // Service tokens
    ("GET /api/v2/service-token", |_| plain()),
    ("POST /api/v2/service-token", |t| body(json!({
        "name": "new", "workspaceId": t.project, "permissions": ["read"],
        "scopes": [{"environment": "dev", "secretPath": "/"}],
    }))),
    ("DELETE /api/v2/service-token/{token}", |t| plain().at("token", &t.service_token)),
    ("GET /api/v1/workspace/{project}/service-token-data", |_| plain()),
];

/// The row of a route.
pub fn of(method: &str, path: &str) -> Sample {
    let name = format!("{method} {path}");
    *SAMPLES
        .iter()
        .find(|(route, _)| *route == name)
        .unwrap_or_else(|| {
            panic!(
                "{name} has no sample request: add one row to SAMPLES in server/tests/it/routes/samples.rs, \
             so that its policy is tested with every kind of caller"
            )
        })
}

/// The request of a row about a target.
pub fn call((route, request): Sample, target: &Target) -> Call {
    let (method, path) = route.split_once(' ').unwrap();
    let request = request(target);
    let mut path = path.to_owned();
    while let Some((before, rest)) = path.split_once('{') {
        let (name, after) = rest.split_once('}').unwrap();
        let value = request
            .variables
            .iter()
            .find(|(variable, _)| *variable == name)
            .map_or_else(|| target.variable(route, name), |(_, value)| value.clone());
        path = format!("{before}{value}{after}");
    }
    for (number, (name, value)) in request.query.iter().enumerate() {
        let sign = if number == 0 { '?' } else { '&' };
        path = format!("{path}{sign}{name}={value}");
    }
    let call = Call::new(method, &path);
    match &request.body {
        Some(body) => call.json(body),
        None => call,
    }
}
