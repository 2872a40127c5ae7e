//! A valid request for every route that is not open: made by whoever may make it, it is answered 200.
//!
//! **A new route needs one row here.** Variables of the path are filled from the [`Target`] by their name; a row that
//! means another one says so with `at`.

use serde_json::{Value, json};

use super::target::Target;
use crate::app::{CANARY, Call, PASSWORD};

/// Public half of a recovery kit that nobody has.
const RECIPIENT: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

/// Stands for the session of whoever asks.
pub const OWN_SESSION: &str = "own-session";

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

/// A folder by id, in the folder that holds it.
fn folder_batch(t: &Target) -> Request {
    let folder = json!({"id": t.folder, "environment": "dev", "path": "/", "name": "changed"});
    body(json!({"projectSlug": t.slug, "folders": [folder]}))
}

/// An import of what is empty.
fn import(t: &Target) -> Request {
    placed(t, &json!({"import": {"environment": "staging", "path": "/"}}))
}

/// One secret of several that change together.
fn batch(t: &Target, name: &str) -> Request {
    placed(
        t,
        &json!({"secrets": [{"secretKey": name, "secretValue": CANARY}]}),
    )
}

/// `A` into the spare folder.
fn moved(t: &Target) -> Request {
    body(json!({
        "projectSlug": t.slug, "sourceEnvironment": "dev", "sourceSecretPath": "/",
        "destinationEnvironment": "dev", "destinationSecretPath": "/spare", "secretIds": [t.secret],
    }))
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
    ("GET /api/strongroom/v1/sessions", |_| plain()),
    ("DELETE /api/strongroom/v1/sessions", |_| plain()),
    ("DELETE /api/strongroom/v1/sessions/{session}", |_| plain().at("session", OWN_SESSION)),
    ("POST /api/strongroom/v1/account/password", |_| body(json!({
        "currentPassword": PASSWORD, "newPassword": "another pony battery staple",
    }))),

    // The instance
    ("GET /api/strongroom/v1/keys", |_| plain()),
    ("POST /api/strongroom/v1/keys", |_| body(json!({"act": "rotate-signing", "password": PASSWORD}))),
    ("GET /api/strongroom/v1/kits", |_| plain()),
    ("POST /api/strongroom/v1/kits", |_| body(json!({
        "name": "Kit", "recipient": RECIPIENT, "password": PASSWORD,
    }))),
    ("POST /api/strongroom/v1/kits/skip", |_| plain()),
    ("POST /api/strongroom/v1/backups", |_| body(json!({"password": PASSWORD}))),
    ("GET /api/strongroom/v1/backups/{backup}", |t| plain().at("backup", &t.backup)),
    ("GET /api/strongroom/v1/backups", |_| plain()),
    ("GET /api/strongroom/v1/runbook", |_| plain()),
    ("POST /api/strongroom/v1/backups/acts", |_| body(json!({"act": "schedule", "password": PASSWORD, "schedule": {
        "cron": null, "daily": 7, "weekly": 4, "monthly": 12,
    }}))),
    ("POST /api/strongroom/v1/backups/{backup}/tickets", |t| {
        body(json!({"password": PASSWORD})).at("backup", &t.backup)
    }),
    ("GET /api/strongroom/v1/instance", |_| plain()),
    ("GET /api/strongroom/v1/tls", |_| plain()),
    ("POST /api/strongroom/v1/tls", |_| body(json!({"settings": {"mode": "off"}, "password": PASSWORD}))),
    ("POST /api/strongroom/v1/tls/renew", |_| plain()),
    ("GET /api/strongroom/v1/settings", |_| plain()),
    ("PATCH /api/strongroom/v1/settings", |_| {
        body(json!({"setting": "session-days", "value": 30, "password": PASSWORD}))
    }),
    ("GET /api/strongroom/v1/onboarding", |_| plain()),
    ("PATCH /api/strongroom/v1/onboarding", |_| body(json!({"dismissed": true}))),

    // Organizations and identities
    ("GET /api/v1/organization", |_| plain()),
    ("GET /api/v1/organization/{organization}", |_| plain()),
    ("GET /api/v1/organization/accessible-with-sub-orgs", |_| plain()),
    ("GET /api/v2/organizations/{organization}/workspaces", |_| plain()),
    ("POST /api/v1/identities", |t| body(json!({"name": "new", "organizationId": t.organization}))),
    ("GET /api/v1/identities", |t| query(&[("orgId", &t.organization)])),
    ("GET /api/v1/identities/{identity}", |_| plain()),
    ("DELETE /api/v1/identities/{identity}", |_| plain()),
    ("POST /api/v1/auth/universal-auth/identities/{identity}", |t| body(json!({})).at("identity", &t.newcomer)),
    ("GET /api/v1/auth/universal-auth/identities/{identity}", machine),
    ("POST /api/v1/auth/universal-auth/identities/{identity}/client-secrets", |t| Request { body: Some(json!({})), ..machine(t) }),
    ("GET /api/v1/auth/universal-auth/identities/{identity}/client-secrets", machine),
    ("POST /api/v1/auth/universal-auth/identities/{identity}/client-secrets/{secret}/revoke", |t| machine(t).at("secret", &t.client_secret)),

    ("GET /api/v1/auth/universal-auth/identities/{identity}/client-secrets/{secret}", |t| machine(t).at("secret", &t.client_secret)),
    ("PATCH /api/v1/auth/universal-auth/identities/{identity}", |t| Request { body: Some(json!({})), ..machine(t) }),
    ("DELETE /api/v1/auth/universal-auth/identities/{identity}", machine),
    ("POST /api/v1/auth/token-auth/identities/{identity}", |t| body(json!({})).at("identity", &t.newcomer)),
    ("GET /api/v1/auth/token-auth/identities/{identity}", machine),
    ("PATCH /api/v1/auth/token-auth/identities/{identity}", |t| Request { body: Some(json!({})), ..machine(t) }),
    ("DELETE /api/v1/auth/token-auth/identities/{identity}", machine),
    ("POST /api/v1/auth/token-auth/identities/{identity}/tokens", |t| Request { body: Some(json!({})), ..machine(t) }),
    ("GET /api/v1/auth/token-auth/identities/{identity}/tokens", |t| Request { variables: machine(t).variables, ..query(&[("offset", "0"), ("limit", "10")]) }),
    ("GET /api/v1/auth/token-auth/tokens/{token}", |t| plain().at("token", &t.access_token)),
    ("PATCH /api/v1/auth/token-auth/tokens/{token}", |t| body(json!({"name": "changed"})).at("token", &t.access_token)),
    ("POST /api/v1/auth/token-auth/tokens/{token}/revoke", |t| body(json!({})).at("token", &t.access_token)),
    ("POST /api/v2/identities/search", |_| body(json!({}))),
    ("GET /api/v1/identities/details", |_| plain()),
    ("PATCH /api/v1/identities/{identity}", |_| body(json!({"name": "changed"}))),

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

    ("PUT /api/v1/workspace/{project}/audit-logs-retention", |_| body(json!({"auditLogsRetentionDays": 7}))),
    ("PATCH /api/v2/workspace/{project}", |_| body(json!({"name": "changed"}))),
    ("DELETE /api/v2/workspace/{project}", |_| plain()),

    // Environments
    ("POST /api/v1/workspace/{project}/environments", |_| body(json!({"name": "new", "slug": "new"}))),
    ("GET /api/v1/workspace/{project}/environments/{environment}", |_| plain()),
    ("PATCH /api/v1/workspace/{project}/environments/{environment}", |_| body(json!({"name": "changed"}))),
    ("DELETE /api/v1/workspace/{project}/environments/{environment}", |_| plain()),
    ("POST /api/v1/projects/{project}/environments", |_| body(json!({"name": "new", "slug": "new"}))),
    ("GET /api/v1/projects/{project}/environments/{environment}", |_| plain()),
    ("PATCH /api/v1/projects/{project}/environments/{environment}", |_| body(json!({"name": "changed"}))),
    ("DELETE /api/v1/projects/{project}/environments/{environment}", |_| plain()),
    ("POST /api/strongroom/v1/projects/{project}/environments/{environment}/clone", |_| body(json!({"name": "new", "slug": "new", "withSecrets": true}))),

    ("GET /api/v1/workspace/environments/{environment}", |_| plain()),
    ("GET /api/v1/workspace/{project}/environments/slug/{slug}", |_| plain().at("slug", "dev")),
    ("GET /api/v1/projects/{project}/environments/slug/{slug}", |_| plain().at("slug", "dev")),

    // Tags
    ("GET /api/v1/workspace/{project}/tags", |_| plain()),
    ("GET /api/v1/projects/{project}/tags", |_| plain()),
    ("POST /api/v1/workspace/{project}/tags", |_| body(json!({"slug": "new", "color": ""}))),
    ("POST /api/v1/projects/{project}/tags", |_| body(json!({"slug": "new", "color": ""}))),
    ("GET /api/v1/workspace/{project}/tags/slug/{slug}", |_| plain().at("slug", "spare")),
    ("GET /api/v1/projects/{project}/tags/slug/{slug}", |_| plain().at("slug", "spare")),
    ("GET /api/v1/workspace/{project}/tags/{tag}", |_| plain()),
    ("GET /api/v1/projects/{project}/tags/{tag}", |_| plain()),
    ("PATCH /api/v1/workspace/{project}/tags/{tag}", |_| body(json!({"color": "red"}))),
    ("PATCH /api/v1/projects/{project}/tags/{tag}", |_| body(json!({"color": "red"}))),
    ("DELETE /api/v1/workspace/{project}/tags/{tag}", |_| plain()),
    ("DELETE /api/v1/projects/{project}/tags/{tag}", |_| plain()),

    // Members
    ("GET /api/v2/workspace/{project}/identity-memberships", |_| plain()),
    ("GET /api/v2/workspace/{project}/identity-memberships/{identity}", |_| plain()),
    ("POST /api/v2/workspace/{project}/identity-memberships/{identity}", |t| body(json!({"role": "viewer"})).at("identity", &t.newcomer)),
    ("PATCH /api/v2/workspace/{project}/identity-memberships/{identity}", |_| body(json!({"role": "viewer"}))),
    ("DELETE /api/v2/workspace/{project}/identity-memberships/{identity}", |_| plain()),
    ("GET /api/v1/projects/{project}/memberships/identities", |_| plain()),
    ("GET /api/v1/projects/{project}/memberships/identities/{identity}", |_| plain()),
    ("POST /api/v1/projects/{project}/memberships/identities/{identity}", |t| body(json!({"role": "viewer"})).at("identity", &t.newcomer)),
    ("PATCH /api/v1/projects/{project}/memberships/identities/{identity}", |_| body(json!({"role": "viewer"}))),
    ("DELETE /api/v1/projects/{project}/memberships/identities/{identity}", |_| plain()),
    ("GET /api/v1/workspace/{project}/memberships", |_| plain()),
    ("POST /api/v1/workspace/{project}/memberships/details", |t| body(json!({"username": t.person}))),
    ("PATCH /api/v1/workspace/{project}/memberships/{membership}", |_| body(json!({"role": "member"}))),
    ("POST /api/v2/workspace/{project}/memberships", |t| body(json!({"usernames": [t.outsider]}))),
    ("DELETE /api/v2/workspace/{project}/memberships", |t| body(json!({"usernames": [t.person]}))),

    // Secrets
    ("PATCH /api/v1/secrets/{name}", |t| placed(t, &json!({"value": "new"}))),
    ("POST /api/v3/secrets/batch/raw", |t| batch(t, "NEW")),
    ("PATCH /api/v3/secrets/batch/raw", |t| batch(t, "A")),
    ("DELETE /api/v3/secrets/batch/raw", |t| batch(t, "A")),
    ("POST /api/v4/secrets/batch", |t| batch(t, "NEW")),
    ("PATCH /api/v4/secrets/batch", |t| batch(t, "A")),
    ("DELETE /api/v4/secrets/batch", |t| batch(t, "A")),
    ("POST /api/strongroom/v1/changes", |t| body(json!({
        "projectId": t.project, "environment": "dev",
        "changes": [{"op": "update", "id": t.secret, "version": 1, "value": CANARY}],
    }))),
    ("POST /api/v3/secrets/move", moved),
    ("POST /api/v4/secrets/move", moved),
    ("GET /api/v3/secrets/raw/id/{secret}", |_| plain()),
    ("GET /api/v4/secrets/id/{secret}", |_| plain()),
    ("POST /api/v3/secrets/tags/{name}", |t| placed(t, &json!({"tagSlugs": ["spare"]}))),
    ("DELETE /api/v3/secrets/tags/{name}", |t| placed(t, &json!({"tagSlugs": ["spare"]}))),
    ("GET /api/v1/secret/{secret}/secret-versions", |_| query(&[("offset", "0"), ("limit", "10")])),
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

    // Folders
    ("GET /api/v1/folders", place),
    ("GET /api/v2/folders", place),
    ("GET /api/v1/folders/{folder}", |_| plain()),
    ("GET /api/v2/folders/{folder}", |_| plain()),
    ("GET /api/v1/folders/{project}/{environment}/{path}", |_| plain().at("environment", "dev").at("path", "spare")),
    ("POST /api/v1/folders", |t| placed(t, &json!({"name": "new"}))),
    ("POST /api/v2/folders", |t| placed(t, &json!({"name": "new"}))),
    ("PATCH /api/v1/folders/batch", folder_batch),
    ("PATCH /api/v2/folders/batch", folder_batch),
    ("PATCH /api/v1/folders/{folder}", |t| placed(t, &json!({"name": "changed"}))),
    ("PATCH /api/v2/folders/{folder}", |t| placed(t, &json!({"name": "changed"}))),
    ("DELETE /api/v1/folders/{folder}", |t| placed(t, &json!({}))),
    ("DELETE /api/v2/folders/{folder}", |t| placed(t, &json!({}))),
    ("POST /api/strongroom/v1/folders/{folder}/restore", |t| plain().at("folder", &t.deleted_folder)),

    // Imports
    ("GET /api/v1/secret-imports", place),
    ("GET /api/v2/secret-imports", place),
    ("GET /api/v1/secret-imports/{import}", |_| plain()),
    ("GET /api/v2/secret-imports/{import}", |_| plain()),
    ("GET /api/v1/secret-imports/secrets", place),
    ("GET /api/v1/secret-imports/secrets/raw", place),
    ("GET /api/v2/secret-imports/secrets", place),
    ("GET /api/v2/secret-imports/secrets/raw", place),
    ("POST /api/v1/secret-imports", import),
    ("POST /api/v2/secret-imports", import),
    ("PATCH /api/v1/secret-imports/{import}", import),
    ("PATCH /api/v2/secret-imports/{import}", import),
    ("DELETE /api/v1/secret-imports/{import}", |t| placed(t, &json!({}))),
    ("DELETE /api/v2/secret-imports/{import}", |t| placed(t, &json!({}))),

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
