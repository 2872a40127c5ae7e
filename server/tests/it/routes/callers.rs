//! Who asks: strangers, members of every role, people and machines, service tokens, and those whose time is over.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use server::domain::caller::Source;
use server::domain::sessions;
use server::domain::users::{self, NewUser};
use server::http::route::Kinds;
use server::store::members::Member;
use shared::model::access::{OrganizationRole, ProjectRole};
use shared::model::ids::{IdentityId, OrganizationId, UserId};
use shared::model::text::SecretText;

use super::target::{Founder, Target};
use crate::app::{PASSWORD, TestApp, delete, post};

/// Somebody who can be a member.
#[derive(Debug, Clone, Copy)]
pub enum Who {
    User(UserId),
    Identity(IdentityId),
}

impl Who {
    pub fn member(self) -> Member {
        match self {
            Self::User(id) => Member::User(id),
            Self::Identity(id) => Member::Identity(id),
        }
    }
}

/// What a caller is to the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Belongs to the organization, and to the project when there is a role.
    Member(OrganizationRole, Option<ProjectRole>),
    /// Administers another organization; a row makes him a member of the project too, which must not help.
    Foreign,
    /// Holds a service token.
    Token { read: bool, write: bool, reaches: bool },
}

/// Somebody with a bearer token.
pub struct Caller {
    pub name: String,
    pub kind: Kind,
    pub standing: Standing,
    pub who: Option<Who>,
    pub instance_admin: bool,
    pub token: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    User,
    Identity,
    ServiceToken,
}

impl Kind {
    pub fn admitted(self, kinds: Kinds) -> bool {
        match self {
            Self::User => kinds.user,
            Self::Identity => kinds.identity,
            Self::ServiceToken => kinds.service_token,
        }
    }
}

/// A person with a session.
pub fn person(app: &TestApp, name: &str, organization: &str, role: OrganizationRole) -> (UserId, String) {
    person_who(app, name, organization, role, false)
}

/// A person whose password is [`PASSWORD`], hashed once for all because that is slow.
fn person_who(
    app: &TestApp,
    name: &str,
    organization: &str,
    role: OrganizationRole,
    instance_admin: bool,
) -> (UserId, String) {
    static HASH: OnceLock<String> = OnceLock::new();
    let hash = HASH.get_or_init(|| {
        app.wait(app.app.hash_password(SecretText::from(PASSWORD)))
            .unwrap()
    });
    let organization: OrganizationId = organization.parse().unwrap();
    let new = NewUser {
        email: format!("{name}@example.com").parse().unwrap(),
        first_name: String::new(),
        last_name: String::new(),
        password_hash: hash.clone(),
        instance_admin,
    };
    app.wait(app.app.write(move |cx| {
        let user = users::create(cx, &new, organization, role)?;
        let opened = sessions::open(cx, user.id, Some(organization), &Source::default())?;
        Ok((user.id, opened.access.expose().to_owned()))
    }))
    .unwrap()
}

/// A machine with an access token.
fn machine(app: &TestApp, founder: &Founder, name: &str, role: OrganizationRole) -> (IdentityId, String) {
    let send = |path: &str, body| app.send(post(path, &body).token(&founder.token)).expect(200);
    let id = send(
        "/api/v1/identities",
        json!({"name": name, "organizationId": founder.organization, "role": role.to_string()}),
    )
    .at("/identity/id");
    let auth = format!("/api/v1/auth/universal-auth/identities/{id}");
    let client = send(&auth, json!({})).at("/identityUniversalAuth/clientId");
    let secret = send(&format!("{auth}/client-secrets"), json!({})).at("/clientSecret");
    let body = json!({"clientId": client, "clientSecret": secret});
    let login = app
        .send(post("/api/v1/auth/universal-auth/login", &body))
        .expect(200);
    (id.parse().unwrap(), login.at("/accessToken"))
}

/// Roles in organization and project, from nothing to everything.
const STANDINGS: [(OrganizationRole, Option<ProjectRole>); 8] = [
    (OrganizationRole::NoAccess, None),
    (OrganizationRole::Member, None),
    (OrganizationRole::Admin, None),
    (OrganizationRole::NoAccess, Some(ProjectRole::NoAccess)),
    (OrganizationRole::NoAccess, Some(ProjectRole::Viewer)),
    (OrganizationRole::Member, Some(ProjectRole::Member)),
    (OrganizationRole::NoAccess, Some(ProjectRole::Admin)),
    (OrganizationRole::Admin, Some(ProjectRole::Admin)),
];

/// People and machines of every standing.
pub fn members(app: &TestApp, home: &Founder, away: &Founder) -> Vec<Caller> {
    let mut callers = Vec::new();
    let standings = STANDINGS
        .iter()
        .map(|(organization, project)| (home, Standing::Member(*organization, *project)))
        .chain([(away, Standing::Foreign)]);
    for (number, (founder, standing)) in standings.enumerate() {
        let (role, name) = match standing {
            Standing::Member(role, project) => {
                let project = project.map_or("outsider".to_owned(), |role| role.to_string());
                (
                    role,
                    format!("{project} of the project, {role} of the organization"),
                )
            }
            _ => (
                OrganizationRole::Admin,
                "administrator of another organization".to_owned(),
            ),
        };
        let (user, token) = person(app, &format!("p{number}"), &founder.organization, role);
        callers.push(Caller {
            name: format!("user: {name}"),
            kind: Kind::User,
            standing,
            who: Some(Who::User(user)),
            instance_admin: false,
            token,
        });
        let (identity, token) = machine(app, founder, &format!("m{number}"), role);
        callers.push(Caller {
            name: format!("machine: {name}"),
            kind: Kind::Identity,
            standing,
            who: Some(Who::Identity(identity)),
            instance_admin: false,
            token,
        });
    }
    let (role, project) = (OrganizationRole::Admin, ProjectRole::Admin);
    let (user, token) = person_who(app, "root", &home.organization, role, true);
    callers.push(Caller {
        name: "user: administrator of the instance".to_owned(),
        kind: Kind::User,
        standing: Standing::Member(role, Some(project)),
        who: Some(Who::User(user)),
        instance_admin: true,
        token,
    });
    callers
}

/// A new person of the same role, whose session may end: routes about one's own things would spoil the caller for others.
pub fn stand_in(app: &TestApp, home: &Founder, away: &Founder, standing: Standing) -> String {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let (founder, role) = match standing {
        Standing::Member(role, _) => (home, role),
        _ => (away, OrganizationRole::Admin),
    };
    let name = format!("stand-in-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    person(app, &name, &founder.organization, role).1
}

/// The id of the session in a token.
pub fn session_of(token: &str) -> String {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    claims["tokenVersionId"].as_str().unwrap().to_owned()
}

fn service_token(
    app: &TestApp,
    founder: &Founder,
    project: &str,
    scope: &str,
    permissions: &[&str],
) -> String {
    let scope = json!({"environment": scope, "secretPath": "/**"});
    let body = json!({"name": "t", "workspaceId": project, "permissions": permissions, "scopes": [scope]});
    app.send(post("/api/v2/service-token", &body).token(&founder.token))
        .expect(200)
        .at("/serviceToken")
}

/// Name, environment, permissions, and whether it is of another project. The sample requests are about `dev`.
type ServiceToken = (&'static str, &'static str, &'static [&'static str], bool);

#[rustfmt::skip]
const SERVICE_TOKENS: [ServiceToken; 5] = [
    ("service token reading", "dev", &["read"], false),
    ("service token writing", "dev", &["write"], false),
    ("service token reading and writing", "dev", &["read", "write"], false),
    ("service token of another environment", "prod", &["read", "write"], false),
    ("service token of another project", "dev", &["read", "write"], true),
];

/// Makes the service token of a name for a target.
pub fn service_token_named(
    app: &TestApp,
    founder: &Founder,
    target: &Target,
    other: &Target,
    name: &str,
) -> String {
    let (_, scope, permissions, elsewhere) = SERVICE_TOKENS.iter().find(|row| row.0 == name).unwrap();
    let target = if *elsewhere { other } else { target };
    service_token(app, founder, &target.project, scope, permissions)
}

/// Service tokens of a target, and one of another project.
pub fn service_tokens(app: &TestApp, founder: &Founder, target: &Target, other: &Target) -> Vec<Caller> {
    SERVICE_TOKENS
        .iter()
        .map(|(name, scope, permissions, elsewhere)| Caller {
            name: (*name).to_owned(),
            kind: Kind::ServiceToken,
            standing: Standing::Token {
                read: permissions.contains(&"read"),
                write: permissions.contains(&"write"),
                reaches: *scope == "dev" && !elsewhere,
            },
            who: None,
            instance_admin: false,
            token: service_token_named(app, founder, target, other, name),
        })
        .collect()
}

/// Credentials that opened something once.
pub fn revoked(app: &TestApp, founder: &Founder, target: &Target) -> Vec<Caller> {
    let standing = Standing::Member(OrganizationRole::Admin, Some(ProjectRole::Admin));
    let name = format!("gone-{}", target.project);
    let (_, user) = person(app, &name, &founder.organization, OrganizationRole::Admin);
    app.send(post("/api/v1/auth/logout", &json!({})).token(&user))
        .expect(200);
    let (_, machine) = machine(app, founder, "gone", OrganizationRole::Admin);
    app.send(post(
        "/api/v1/auth/token/revoke",
        &json!({"accessToken": machine}),
    ))
    .expect(200);
    let token = service_token(app, founder, &target.project, "dev", &["read", "write"]);
    let id = token.split('.').nth(1).unwrap();
    app.send(delete(&format!("/api/v2/service-token/{id}"), &json!({})).token(&founder.token))
        .expect(200);
    [
        ("session that ended", Kind::User, user),
        ("access token that was revoked", Kind::Identity, machine),
        ("service token that was revoked", Kind::ServiceToken, token),
    ]
    .map(|(name, kind, token)| Caller {
        name: name.to_owned(),
        kind,
        standing,
        who: None,
        instance_admin: false,
        token,
    })
    .into()
}
