//! Every route: who comes in, with which role, and what strangers see.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use server::http::route::Policy;
use shared::model::access::{AuthMethod, OrganizationRole, ProjectRole};
use shared::model::ids::{AccessTokenId, IdentityId, MembershipId, ProjectId};

use crate::app::{CANARY, Call, Machine, Project, World};
use crate::store::members::Member;

/// Everybody is let in to these; a test that grows this list says why.
const OPEN: [&str; 14] = [
    "GET /api/status",
    "GET /api/health",
    "GET /healthcheck",
    "POST /api/v1/admin/bootstrap",
    "GET /api/v1/admin/config",
    "POST /api/v3/auth/login",
    "POST /api/v3/auth/login1",
    "POST /api/v3/auth/login2",
    "POST /api/v1/auth/token",
    "POST /api/v1/auth/logout",
    "POST /api/v1/auth/universal-auth/login",
    "POST /api/v1/auth/token/renew",
    "POST /api/v1/auth/token/revoke",
    "GET /api/strongroom/v1/setup",
];
const OPEN_TOO: &str = "POST /api/strongroom/v1/setup";

/// Status for a non-member, an identity of another organization, and the four roles from weakest to strongest.
type Expected = [u16; 6];

const READS: Expected = [403, 404, 403, 200, 200, 200];
const READS_AND_WRITES: Expected = [403, 404, 403, 403, 200, 200];
const ADMINISTERS: Expected = [403, 404, 403, 403, 403, 200];

/// Every route about a project, and who may use it.
const PROJECT_ROUTES: [(&str, Expected); 40] = [
    ("GET /api/v1/workspace/{project}", READS),
    ("PATCH /api/v1/workspace/{project}", ADMINISTERS),
    ("GET /api/v2/workspace/{project}", READS),
    ("GET /api/v1/projects/{project}", READS),
    ("PATCH /api/v1/projects/{project}", ADMINISTERS),
    ("GET /api/v1/projects/slug/{project}", READS),
    ("POST /api/v1/workspace/{project}/environments", ADMINISTERS),
    (
        "GET /api/v1/workspace/{project}/environments/{environment}",
        READS,
    ),
    (
        "PATCH /api/v1/workspace/{project}/environments/{environment}",
        ADMINISTERS,
    ),
    (
        "DELETE /api/v1/workspace/{project}/environments/{environment}",
        ADMINISTERS,
    ),
    ("POST /api/v1/projects/{project}/environments", ADMINISTERS),
    ("GET /api/v1/projects/{project}/environments/{environment}", READS),
    (
        "PATCH /api/v1/projects/{project}/environments/{environment}",
        ADMINISTERS,
    ),
    (
        "DELETE /api/v1/projects/{project}/environments/{environment}",
        ADMINISTERS,
    ),
    ("GET /api/v2/workspace/{project}/identity-memberships", READS),
    (
        "GET /api/v2/workspace/{project}/identity-memberships/{identity}",
        READS,
    ),
    (
        "POST /api/v2/workspace/{project}/identity-memberships/{identity}",
        ADMINISTERS,
    ),
    (
        "PATCH /api/v2/workspace/{project}/identity-memberships/{identity}",
        ADMINISTERS,
    ),
    (
        "DELETE /api/v2/workspace/{project}/identity-memberships/{identity}",
        ADMINISTERS,
    ),
    ("GET /api/v3/secrets/raw", READS),
    ("GET /api/v3/secrets/raw/{name}", READS),
    ("POST /api/v3/secrets/raw/{name}", READS_AND_WRITES),
    ("PATCH /api/v3/secrets/raw/{name}", READS_AND_WRITES),
    ("DELETE /api/v3/secrets/raw/{name}", READS_AND_WRITES),
    ("GET /api/v4/secrets", READS),
    ("GET /api/v4/secrets/{name}", READS),
    ("POST /api/v4/secrets/{name}", READS_AND_WRITES),
    ("PATCH /api/v4/secrets/{name}", READS_AND_WRITES),
    ("DELETE /api/v4/secrets/{name}", READS_AND_WRITES),
    ("GET /api/v1/secret-imports", READS),
    ("GET /api/v1/secret-imports/{import}", READS),
    ("POST /api/v1/secret-imports", READS_AND_WRITES),
    ("PATCH /api/v1/secret-imports/{import}", READS_AND_WRITES),
    ("DELETE /api/v1/secret-imports/{import}", READS_AND_WRITES),
    ("GET /api/v2/secret-imports", READS),
    ("GET /api/v2/secret-imports/{import}", READS),
    ("POST /api/v2/secret-imports", READS_AND_WRITES),
    ("PATCH /api/v2/secret-imports/{import}", READS_AND_WRITES),
    ("DELETE /api/v2/secret-imports/{import}", READS_AND_WRITES),
    ("DELETE /api/v1/workspace/{project}", ADMINISTERS),
];
/// Stands alone because each world has one project to lose.
const DELETES_TOO: (&str, Expected) = ("DELETE /api/v1/projects/{project}", ADMINISTERS);

/// Routes that are not about one project.
const OTHERS: &[&str] = &[
    "GET /api/v1/folders",
    "POST /api/v1/folders",
    "PATCH /api/v1/folders/batch",
    "GET /api/v1/folders/{folder}",
    "PATCH /api/v1/folders/{folder}",
    "DELETE /api/v1/folders/{folder}",
    "GET /api/v1/folders/{project}/{environment}/{path}",
    "GET /api/v2/folders",
    "POST /api/v2/folders",
    "PATCH /api/v2/folders/batch",
    "GET /api/v2/folders/{folder}",
    "PATCH /api/v2/folders/{folder}",
    "DELETE /api/v2/folders/{folder}",
    "POST /api/v3/auth/select-organization",
    "POST /api/v1/auth/checkAuth",
    "GET /api/v1/user",
    "POST /api/v1/auth/universal-auth/identities/{identity}",
    "GET /api/v1/auth/universal-auth/identities/{identity}",
    "POST /api/v1/auth/universal-auth/identities/{identity}/client-secrets",
    "GET /api/v1/auth/universal-auth/identities/{identity}/client-secrets",
    "POST /api/v1/auth/universal-auth/identities/{identity}/client-secrets/{secret}/revoke",
    "GET /api/v1/projects/{project}/memberships/identities",
    "GET /api/v1/projects/{project}/memberships/identities/{identity}",
    "POST /api/v1/projects/{project}/memberships/identities/{identity}",
    "PATCH /api/v1/projects/{project}/memberships/identities/{identity}",
    "DELETE /api/v1/projects/{project}/memberships/identities/{identity}",
    "GET /api/v1/workspace/{project}/memberships",
    "POST /api/v1/workspace/{project}/memberships/details",
    "PATCH /api/v1/workspace/{project}/memberships/{membership}",
    "POST /api/v2/workspace/{project}/memberships",
    "DELETE /api/v2/workspace/{project}/memberships",
    "PATCH /api/v1/auth/universal-auth/identities/{identity}",
    "DELETE /api/v1/auth/universal-auth/identities/{identity}",
    "GET /api/v1/auth/universal-auth/identities/{identity}/client-secrets/{secret}",
    "POST /api/v1/auth/token-auth/identities/{identity}",
    "GET /api/v1/auth/token-auth/identities/{identity}",
    "PATCH /api/v1/auth/token-auth/identities/{identity}",
    "DELETE /api/v1/auth/token-auth/identities/{identity}",
    "POST /api/v1/auth/token-auth/identities/{identity}/tokens",
    "GET /api/v1/auth/token-auth/identities/{identity}/tokens",
    "PATCH /api/v1/auth/token-auth/tokens/{token}",
    "POST /api/v1/auth/token-auth/tokens/{token}/revoke",
    "POST /api/v2/identities/search",
    "GET /api/v1/identities/details",
    "PATCH /api/v1/identities/{identity}",
    "GET /api/v1/organization",
    "GET /api/v1/organization/{organization}",
    "POST /api/v1/identities",
    "GET /api/v1/identities",
    "GET /api/v1/identities/{identity}",
    "DELETE /api/v1/identities/{identity}",
    "GET /api/v1/workspace",
    "POST /api/v2/workspace",
    "GET /api/v1/projects",
    "POST /api/v1/projects",
    "GET /api/strongroom/v1/me",
];

fn name(method: &str, path: &str) -> String {
    format!("{method} {path}")
}

#[test]
fn the_route_table_is_the_one_these_tests_know() {
    let (mut open, mut guarded) = (BTreeSet::new(), BTreeSet::new());
    for route in server::http::routes() {
        let name = name(route.method, route.path);
        let set = if route.policy == Policy::Open {
            &mut open
        } else {
            &mut guarded
        };
        assert!(set.insert(name.clone()), "{name} twice");
    }
    let known: BTreeSet<String> = OPEN
        .iter()
        .chain([&OPEN_TOO])
        .map(|name| (*name).to_owned())
        .collect();
    assert_eq!(open, known);
    let known: BTreeSet<String> = PROJECT_ROUTES
        .iter()
        .map(|(name, _)| *name)
        .chain([DELETES_TOO.0])
        .chain(OTHERS.iter().copied())
        .map(str::to_owned)
        .collect();
    assert_eq!(guarded, known);
}

#[test]
fn every_guarded_route_refuses_who_has_no_valid_token() {
    let world = World::new();
    let project = world.project("Web");
    world.put(&project, "A", CANARY);
    let target = Target::of(&world, &project);
    let gone = world.machine("gone", "admin");
    world
        .send(crate::app::post(
            "/api/v1/auth/token/revoke",
            &json!({"accessToken": gone.token}),
        ))
        .expect(200);
    let mut walked = 0;
    for route in server::http::routes() {
        if route.policy == Policy::Open {
            continue;
        }
        walked += 1;
        let name = name(route.method, route.path);
        // With a right body and with none: nobody learns of a body what he may not ask.
        for call in [target.call(&name), Call::new(route.method, &target.path(&name))] {
            world.send(call.clone()).refused(401, "UnauthorizedError");
            world
                .send(call.clone().cookie(&world.refresh))
                .refused(401, "UnauthorizedError");
            world.send(call.token("not.a.token")).refused(403, "TokenError");
        }
        // What a route is not for is refused by its kind already.
        let (status, error) = match route.policy.kinds() {
            Some(kinds) if kinds.identity => (401, "UnauthorizedError"),
            _ => (403, "ForbiddenRequestError"),
        };
        world
            .send(target.call(&name).token(&gone.token))
            .refused(status, error);
    }
    assert_eq!(walked, PROJECT_ROUTES.len() + 1 + OTHERS.len());
    assert!(
        world
            .read(&project, "A", &world.admin)
            .expect(200)
            .text
            .contains(CANARY)
    );
}

/// A project with everything that paths and bodies name.
struct Target {
    project: String,
    environment: String,
    identity: String,
    import: String,
    organization: String,
}

impl Target {
    fn of(world: &World, project: &Project) -> Self {
        let member = world.machine("a member", "no-access");
        world.join(project, &member.id, "no-access");
        Self {
            project: project.id.clone(),
            environment: crate::projects::environment_id(world, project, "staging"),
            identity: member.id,
            import: crate::secret_imports::import(world, project, "dev", ("prod", "/")),
            organization: world.organization.clone(),
        }
    }

    fn path(&self, name: &str) -> String {
        let (_, path) = name.split_once(' ').unwrap();
        let path = path
            .replace("{project}", &self.project)
            .replace("{environment}", &self.environment)
            .replace("{identity}", &self.identity)
            .replace("{import}", &self.import)
            .replace("{organization}", &self.organization)
            .replace("{secret}", &self.identity)
            .replace("{token}", &self.identity)
            .replace("{membership}", &self.identity)
            .replace("{folder}", &self.identity)
            .replace("{path}", "app")
            .replace("{name}", "A");
        if name.starts_with("GET ") && (path.contains("/secrets") || path.ends_with("/secret-imports")) {
            format!("{path}?projectId={}&environment=dev", self.project)
        } else if name == "GET /api/v1/identities" {
            format!("{path}?orgId={}", self.organization)
        } else {
            path
        }
    }

    /// A request that would succeed for whoever may make it.
    fn call(&self, name: &str) -> Call {
        let (method, path) = name.split_once(' ').unwrap();
        let call = Call::new(method, &self.path(name));
        if method == "GET" {
            return call;
        }
        let body: Value = if path.contains("/secret-imports") {
            json!({
                "projectId": self.project, "environment": "dev",
                "import": {"environment": "staging", "path": "/"},
            })
        } else if path.contains("/secrets") {
            let mut body = json!({"projectId": self.project, "environment": "dev", "secretValue": CANARY});
            if method == "POST" {
                body["environment"] = json!("prod");
            }
            body
        } else if path.ends_with("/environments") {
            json!({"name": "new", "slug": "new"})
        } else if path.contains("identity-memberships") {
            json!({"role": "no-access"})
        } else {
            json!({
                "name": "changed", "projectName": "new", "organizationId": self.organization, "role": "no-access",
                "username": "kavi@example.com", "emails": ["kavi@example.com"],
                "folders": [{"id": self.identity, "environment": "dev", "name": "changed"}],
            })
        };
        call.json(&body)
    }
}

/// Somebody with each of the roles, and two strangers, in the order of [`Expected`].
///
/// The one of another organization is a member of the project too, though no route makes him one: the organization alone
/// must keep him out.
fn everybody(world: &World, project: &Project, foreign_member: bool) -> Vec<(&'static str, String)> {
    let stranger = world.machine("a stranger", "admin");
    let mut everybody = vec![
        ("a non-member", stranger.token),
        (
            "an identity of another organization",
            foreigner(world, foreign_member.then_some(project)),
        ),
    ];
    for role in ["no-access", "viewer", "member", "admin"] {
        let machine: Machine = world.member(project, role);
        everybody.push((role, machine.token));
    }
    everybody
}

/// A token of an identity in an organization of its own.
fn foreigner(world: &World, project: Option<&Project>) -> String {
    let organization = crate::login::foreign_organization(world).parse().unwrap();
    let project: Option<ProjectId> = project.map(|project| project.id.parse().unwrap());
    let random = || server::crypto::random::bytes().unwrap();
    let identity = IdentityId::from_random(random());
    let (first, second) = (
        MembershipId::from_random(random()),
        MembershipId::from_random(random()),
    );
    let token = world.wait(world.app.app.write(move |cx| {
        use server::domain::access_tokens::{endless_terms, issue};
        let member = Member::Identity(identity);
        crate::store::identities::insert(cx.tx, identity, organization, "foreigner", false, false, cx.now)?;
        crate::store::organizations::insert_member(
            cx.tx,
            first,
            organization,
            member,
            OrganizationRole::Admin,
            cx.now,
        )?;
        if let Some(project) = project {
            crate::store::members::insert(cx.tx, second, project, member, ProjectRole::Admin, cx.now)?;
        }
        issue(cx, identity, None, "foreign", endless_terms())
    }));
    token.unwrap().token.expose().to_owned()
}

fn check(world: &World, name: &str, call: Call, who: &str, token: &str, expected: u16) {
    let reply = world.send(call.token(token));
    assert_eq!(reply.status, expected, "{name} as {who}: {}", reply.text);
    if expected >= 400 {
        assert!(!reply.text.contains(CANARY), "{name} as {who}: {}", reply.text);
    }
}

/// Each route on a project of its own, because some end it.
fn walk(rows: &[(&str, Expected)]) {
    let world = World::new();
    for (name, expected) in rows {
        let project = world.project("Web");
        world.put(&project, "A", CANARY);
        // A list of members cannot show one whose organization it may not read.
        let everybody = everybody(&world, &project, !name.contains("identity-memberships"));
        let another = world.project("Another");
        let own = Target::of(&world, &another);
        for ((who, token), expected) in everybody.iter().zip(expected) {
            // What one role has done must not stand in the way of the next.
            let target = Target::of(&world, &project);
            if name.starts_with("POST") && name.contains("identity-memberships") {
                let fresh = world.machine("fresh", "no-access");
                let target = Target {
                    identity: fresh.id,
                    ..target
                };
                check(&world, name, target.call(name), who, token, *expected);
                continue;
            }
            let target =
                if name.contains("secrets") && (name.starts_with("DELETE") || name.starts_with("POST")) {
                    let body = json!({"projectId": project.id, "environment": "dev", "secretValue": CANARY});
                    let again = crate::app::post("/api/v3/secrets/raw/A", &body).token(&world.admin);
                    world.send(again);
                    let prod = json!({"projectId": project.id, "environment": "prod"});
                    world.send(crate::app::delete("/api/v3/secrets/raw/A", &prod).token(&world.admin));
                    target
                } else {
                    target
                };
            check(&world, name, target.call(name), who, token, *expected);
        }
        // The strongest role in one project is nobody in another: by its id, and by the ids of what is in it.
        let (_, admin) = everybody.last().unwrap();
        let call = Target {
            project: another.id.clone(),
            ..Target::of(&world, &another)
        }
        .call(name);
        check(
            &world,
            name,
            call,
            "the administrator of another project",
            admin,
            403,
        );
        if name.contains("{environment}") {
            let project = world.project("Third");
            let third = Target::of(&world, &project);
            let mixed = Target {
                project: third.project,
                ..own
            };
            check(
                &world,
                name,
                mixed.call(name),
                "an environment of another project",
                &world.admin,
                404,
            );
        }
    }
    assert!(world.said(CANARY) > 0 || rows.iter().all(|(name, _)| !name.contains("secrets")));
}

#[test]
fn roles_on_projects() {
    walk(&PROJECT_ROUTES[..6]);
    walk(&[PROJECT_ROUTES[29]]);
    walk(&[DELETES_TOO]);
}

#[test]
fn roles_on_environments() {
    walk(&PROJECT_ROUTES[6..14]);
}

#[test]
fn roles_on_members() {
    walk(&PROJECT_ROUTES[14..19]);
}

#[test]
fn roles_on_secrets() {
    walk(&PROJECT_ROUTES[19..29]);
}

#[test]
fn people_have_the_same_roles_as_machines() {
    let world = World::new();
    let project = world.project("Web");
    world.put(&project, "A", CANARY);
    let boss = world.person("boss@example.com", OrganizationRole::Admin);
    world
        .read(&project, "A", &boss)
        .refused(403, "ForbiddenRequestError");
    for (number, (role, read, write)) in [
        (ProjectRole::NoAccess, 403, 403),
        (ProjectRole::Viewer, 200, 403),
        (ProjectRole::Member, 200, 200),
        (ProjectRole::Admin, 200, 200),
    ]
    .into_iter()
    .enumerate()
    {
        let person = world.person(&format!("p{number}@example.com"), OrganizationRole::NoAccess);
        world.join_person(&project, &person, role);
        assert_eq!(world.read(&project, "A", &person).status, read, "{role}");
        let body = json!({"workspaceId": project.id, "environment": "dev", "secretValue": "x"});
        let path = format!("/api/v3/secrets/raw/B{number}");
        let reply = world.send(crate::app::post(&path, &body).token(&person));
        assert_eq!(reply.status, write, "{role}");
    }
}

#[test]
fn a_token_that_no_row_stands_behind_is_refused() {
    // Signed by the right key, but nothing was ever issued under it.
    let world = World::new();
    let random = || server::crypto::random::bytes().unwrap();
    let forged = world
        .wait(world.app.app.write(move |cx| {
            let row = crate::store::access_tokens::AccessToken {
                id: AccessTokenId::from_random(random()),
                identity_id: IdentityId::from_random(random()),
                method: AuthMethod::TokenAuth,
                client_secret_id: None,
                name: String::new(),
                terms: server::domain::access_tokens::endless_terms(),
                uses: 0,
                created_at: cx.now,
                renewed_at: cx.now,
                last_used_at: None,
                revoked_at: None,
            };
            server::domain::tokens::for_identity(cx, &row, None)
        }))
        .unwrap();
    world
        .send(crate::app::get("/api/strongroom/v1/me").token(forged.expose()))
        .refused(401, "UnauthorizedError");
}
