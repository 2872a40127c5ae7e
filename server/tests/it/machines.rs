//! Machine identities: Universal Auth, their tokens, their places in projects, and that nobody hands out more than he
//! holds.

use serde_json::{Value, json};
use shared::model::access::{OrganizationRole, ProjectRole};

use crate::app::{CANARY, Call, Machine, Project, Reply, World, delete, get, patch, post};
use crate::scenario::{accepted, play, refused};

const LOGIN: &str = "/api/v1/auth/universal-auth/login";
pub const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

pub fn auth_of(identity: &str) -> String {
    format!("/api/v1/auth/universal-auth/identities/{identity}")
}

pub fn secrets_of(identity: &str) -> String {
    format!("{}/client-secrets", auth_of(identity))
}

fn memberships(project: &Project, identity: &str) -> String {
    format!("/api/v2/workspace/{}/identity-memberships/{identity}", project.id)
}

pub fn me(world: &World, token: &str) -> Reply {
    world.send(get("/api/strongroom/v1/me").token(token))
}

pub fn body_token(token: &str) -> Value {
    json!({"accessToken": token})
}

/// An identity without credentials.
pub fn bare(world: &World, name: &str) -> String {
    let body = json!({"name": name, "organizationId": world.organization});
    world
        .send(post("/api/v1/identities", &body).token(&world.admin))
        .expect(200)
        .at("/identity/id")
}

#[test]
fn wrong_client_credentials_are_refused_alike() {
    let world = World::new();
    let one = world.machine("one", "no-access");
    let two = world.machine("two", "no-access");
    let login = |id: &str, secret: &str| post(LOGIN, &json!({"clientId": id, "clientSecret": secret}));
    let mut answers = Vec::new();
    for (id, secret) in [
        (one.client_id.as_str(), "wrong"),
        (&one.client_id, &two.client_secret),
        (NOBODY, &one.client_secret),
        ("", &one.client_secret),
        ("no id", &one.client_secret),
        (&one.id, &one.client_secret),
    ] {
        let reply = world.send(login(id, secret)).refused(401, "UnauthorizedError");
        answers.push(reply.at("/message"));
    }
    // The third would lock it, so the empty one is tried on the other.
    let reply = world
        .send(login(&two.client_id, ""))
        .refused(401, "UnauthorizedError");
    answers.push(reply.at("/message"));
    answers.dedup();
    assert_eq!(answers, ["Invalid credentials"]);
    play(
        &world,
        vec![
            refused(
                "no secret",
                post(LOGIN, &json!({"clientId": one.client_id})),
                422,
                "clientSecret",
            ),
            refused(
                "a wrong secret",
                login(&two.client_id, "wrong"),
                401,
                "UnauthorizedError",
            )
            .recorded(&["identity.login.refused"]),
            accepted(
                "spaces around them are forgiven",
                login(
                    &format!(" {} ", two.client_id),
                    &format!("{}\n", two.client_secret),
                ),
                &["identity.login"],
            )
            .saying(&["\"tokenType\":\"Bearer\"", "\"expiresIn\":2592000"])
            .hiding(&[&two.client_secret]),
        ],
    );
}

#[test]
fn a_revoked_client_secret_ends_its_tokens_and_no_others() {
    let world = World::new();
    let machine = world.machine("ci", "no-access");
    let second = world.client_secret(&machine.id, &json!({"description": "second"}));
    let kept = world
        .machine_login(&machine.client_id, &second)
        .expect(200)
        .at("/accessToken");
    let list = world
        .send(get(&secrets_of(&machine.id)).token(&world.admin))
        .expect(200);
    assert!(!list.text.contains(&machine.client_secret) && !list.text.contains(&second));
    let data = list.json["clientSecretData"].as_array().unwrap().clone();
    assert_eq!(data.len(), 2);
    let first = data.iter().find(|secret| secret["description"] == "").unwrap();
    assert!(
        machine
            .client_secret
            .starts_with(first["clientSecretPrefix"].as_str().unwrap())
    );
    assert_eq!(first["clientSecretNumUses"], 1);
    let revoke =
        |id: &str| post(&format!("{}/{id}/revoke", secrets_of(&machine.id)), &json!({})).token(&world.admin);
    let id = first["id"].as_str().unwrap();
    play(
        &world,
        vec![
            refused("an unknown secret", revoke(NOBODY), 404, "NotFound"),
            refused("no id", revoke("x"), 422, "clientSecretId"),
            accepted("the first", revoke(id), &["identity.client-secret.revoke"]),
            accepted("again", revoke(id), &["identity.client-secret.revoke"]),
        ],
    );
    world
        .machine_login(&machine.client_id, &machine.client_secret)
        .refused(401, "UnauthorizedError");
    me(&world, &machine.token).refused(401, "UnauthorizedError");
    me(&world, &kept).expect(200);
    world.machine_login(&machine.client_id, &second).expect(200);
}

#[test]
fn client_secrets_wear_out() {
    let world = World::new();
    let id = bare(&world, "ci");
    let client = world.universal_auth(&id, &json!({}));
    let twice = world.client_secret(&id, &json!({"numUsesLimit": 2}));
    let short = world.client_secret(&id, &json!({"ttl": 60}));
    for _ in 0..2 {
        world.machine_login(&client, &twice).expect(200);
    }
    world
        .machine_login(&client, &twice)
        .refused(401, "UnauthorizedError");
    world.later(58);
    world.machine_login(&client, &short).expect(200);
    world.later(3);
    world
        .machine_login(&client, &short)
        .refused(401, "UnauthorizedError");
    for bad in [
        json!({"ttl": -1}),
        json!({"numUsesLimit": -1}),
        json!({"ttl": "x"}),
        json!({"ttl": 1e12}),
    ] {
        world
            .send(post(&secrets_of(&id), &bad).token(&world.admin))
            .refused(422, "ValidationFailure");
    }
}

#[test]
fn tokens_wear_out() {
    let world = World::new();
    let id = bare(&world, "ci");
    let client = world.universal_auth(&id, &json!({"accessTokenNumUsesLimit": 3}));
    let secret = world.client_secret(&id, &json!({}));
    let token = world
        .machine_login(&client, &secret)
        .expect(200)
        .at("/accessToken");
    for _ in 0..3 {
        me(&world, &token).expect(200);
    }
    me(&world, &token).refused(401, "UnauthorizedError");
    me(&world, &token).refused(401, "UnauthorizedError");
    world
        .send(post("/api/v1/auth/token/renew", &body_token(&token)))
        .refused(401, "UnauthorizedError");
}

#[test]
fn unacceptable_settings_are_named() {
    let world = World::new();
    let id = bare(&world, "ci");
    let attach = |settings: &Value| post(&auth_of(&id), settings).token(&world.admin);
    for (field, settings) in [
        ("accessTokenTTL", json!({"accessTokenTTL": -1})),
        ("accessTokenMaxTTL", json!({"accessTokenMaxTTL": -1})),
        ("accessTokenNumUsesLimit", json!({"accessTokenNumUsesLimit": -1})),
        (
            "accessTokenTrustedIps",
            json!({"accessTokenTrustedIps": [{"ipAddress": "300.0.0.1"}]}),
        ),
        ("clientSecretTrustedIps", json!({"clientSecretTrustedIps": []})),
        (
            "clientSecretTrustedIps",
            json!({"clientSecretTrustedIps": "0.0.0.0/0"}),
        ),
    ] {
        let reply = world.send(attach(&settings)).refused(422, "ValidationFailure");
        assert_eq!(reply.at("/message/0/path/0"), field, "{}", reply.text);
    }
    let absent = get(&auth_of(&id)).token(&world.admin);
    world
        .send(attach(&json!({"accessTokenMaxTTL": 315_360_001})))
        .refused(400, "BadRequest");
    let longer = json!({"accessTokenTTL": 100, "accessTokenMaxTTL": 50});
    play(
        &world,
        vec![
            refused(
                "a longer life than the longest",
                attach(&longer),
                400,
                "BadRequest",
            ),
            refused("nothing attached", absent.clone(), 404, "NotFound"),
            refused(
                "a secret before it is attached",
                post(&secrets_of(&id), &json!({})).token(&world.admin),
                404,
                "NotFound",
            ),
            refused(
                "an unknown identity",
                post(&auth_of(NOBODY), &json!({})).token(&world.admin),
                404,
                "NotFound",
            ),
            accepted("attach", attach(&json!({})), &["identity.universal-auth.attach"]),
            refused("attach twice", attach(&json!({})), 400, "already"),
            accepted("look", absent, &[]).saying(&["clientId", "0.0.0.0"]),
        ],
    );
}

#[test]
fn credentials_work_from_trusted_addresses_alone() {
    let world = World::new();
    let id = bare(&world, "ci");
    let client = world.universal_auth(
        &id,
        &json!({
            "clientSecretTrustedIps": [{"ipAddress": "192.0.2.0/24"}],
            "accessTokenTrustedIps": [{"ipAddress": "198.51.100.7"}, {"ipAddress": "2001:db8::/32"}],
        }),
    );
    let secret = world.client_secret(&id, &json!({}));
    let login = post(LOGIN, &json!({"clientId": client, "clientSecret": secret}));
    for outside in ["192.0.3.1", "127.0.0.1", "2001:db8::1"] {
        world
            .send(login.clone().from(outside))
            .refused(403, "ForbiddenRequestError");
    }
    let token = world
        .send(login.from("::ffff:192.0.2.200"))
        .expect(200)
        .at("/accessToken");
    let call = get("/api/strongroom/v1/me").token(&token);
    for outside in ["192.0.2.200", "198.51.100.8", "2001:db9::1"] {
        let reply = world.send(
            call.clone()
                .from(outside)
                .header("x-forwarded-for", "198.51.100.7"),
        );
        reply.refused(403, "ForbiddenRequestError");
    }
    for inside in ["198.51.100.7", "2001:db8::1"] {
        world.send(call.clone().from(inside)).expect(200);
    }
}

#[test]
fn tokens_are_renewed_up_to_their_longest_life() {
    let world = World::new();
    let id = bare(&world, "ci");
    let client = world.universal_auth(&id, &json!({"accessTokenTTL": 100, "accessTokenMaxTTL": 250}));
    let secret = world.client_secret(&id, &json!({}));
    let first = world.machine_login(&client, &secret).expect(200);
    assert_eq!(first.json["expiresIn"], 100);
    assert_eq!(first.json["accessTokenMaxTTL"], 250);
    let renew = |token: &str| world.send(post("/api/v1/auth/token/renew", &body_token(token)));
    for bad in ["", "x", "a.b.c"] {
        renew(bad).refused(403, "TokenError");
    }
    renew(&world.admin).refused(400, "BadRequest");
    world.later(98);
    let second = renew(&first.at("/accessToken")).expect(200).at("/accessToken");
    world.later(10);
    // The text that was handed out first has its own end; the token lives on in the newer text.
    me(&world, &first.at("/accessToken")).refused(403, "TokenError");
    me(&world, &second).expect(200);
    world.later(80);
    // A further 100 seconds would go beyond 250.
    renew(&second).refused(401, "UnauthorizedError");
    me(&world, &second).expect(200);
    world.later(13);
    for reply in [me(&world, &second), renew(&second)] {
        let reply = reply.refused(401, "UnauthorizedError");
        assert!(reply.at("/message").contains("TTL expiration"), "{}", reply.text);
    }
}

#[test]
fn whoever_holds_a_token_may_end_it() {
    let world = World::new();
    let machine = world.machine("ci", "no-access");
    let revoke = |token: &str| post("/api/v1/auth/token/revoke", &body_token(token));
    play(
        &world,
        vec![
            refused("a person's", revoke(&world.admin), 400, "BadRequest"),
            refused("nonsense", revoke("a.b.c"), 403, "TokenError"),
            accepted("a machine's", revoke(&machine.token), &["identity.token.revoke"]),
            refused("again", revoke(&machine.token), 401, "UnauthorizedError"),
        ],
    );
    me(&world, &machine.token).refused(401, "UnauthorizedError");
    world
        .send(post("/api/v1/auth/token/renew", &body_token(&machine.token)))
        .refused(401, "UnauthorizedError");
}

#[test]
fn identities_belong_to_organization_administrators() {
    let world = World::new();
    let member = world.person("dev@example.com", OrganizationRole::Member);
    let ci = world.machine("ci", "member");
    let other = crate::login::foreign_organization(&world);
    let create = |token: &str, organization: &str, role: &str| {
        let body = json!({"name": "new", "organizationId": organization, "role": role});
        post("/api/v1/identities", &body).token(token)
    };
    let list = |organization: &str| get(&format!("/api/v1/identities?orgId={organization}"));
    let one = |id: &str| format!("/api/v1/identities/{id}");
    let own = world.organization.as_str();
    let mut rows = Vec::new();
    for (who, token) in [("a member", &member), ("a machine", &ci.token)] {
        for call in [
            create(token, own, "no-access"),
            list(own).token(token),
            get(&one(&ci.id)).token(token),
            delete(&one(&ci.id), &json!({})).token(token),
            post(&auth_of(&ci.id), &json!({})).token(token),
            get(&auth_of(&ci.id)).token(token),
            post(&secrets_of(&ci.id), &json!({})).token(token),
            get(&secrets_of(&ci.id)).token(token),
        ] {
            rows.push(refused(who, call, 403, "PermissionDenied").saying(&["identity"]));
        }
    }
    let admin = world.admin.as_str();
    rows.extend([
        refused(
            "another organization",
            create(admin, &other, "no-access"),
            403,
            "ForbiddenRequestError",
        ),
        refused(
            "the list of another",
            list(&other).token(admin),
            403,
            "ForbiddenRequestError",
        ),
        refused(
            "a list of nothing",
            get("/api/v1/identities").token(admin),
            422,
            "orgId",
        ),
        refused(
            "no organization",
            create(admin, "x", "no-access"),
            422,
            "organizationId",
        ),
        refused(
            "an unknown role",
            create(admin, own, "owner"),
            404,
            "Specified role was not found",
        ),
        refused(
            "an unknown identity",
            get(&one(NOBODY)).token(admin),
            404,
            "NotFound",
        ),
        refused("no id", get(&one("x")).token(admin), 422, "identityId"),
        accepted("create", create(admin, own, "admin"), &["identity.create"]),
        accepted("list", list(own).token(admin), &[]).saying(&["\"totalCount\":3", "ci"]),
        accepted("one", get(&one(&ci.id)).token(admin), &[]).saying(&["universal-auth"]),
        accepted(
            "delete",
            delete(&one(&ci.id), &json!({})).token(admin),
            &["identity.delete"],
        ),
        refused("it is gone", get(&one(&ci.id)).token(admin), 404, "NotFound"),
    ]);
    play(&world, rows);
}

#[test]
fn a_deleted_identity_is_out_at_once() {
    let world = World::new();
    let project = world.project("Web");
    let machine = world.member(&project, "admin");
    world.put(&project, "A", CANARY);
    assert!(
        world
            .read(&project, "A", &machine.token)
            .expect(200)
            .text
            .contains(CANARY)
    );
    let path = format!("/api/v1/identities/{}", machine.id);
    world
        .send(Call::new("DELETE", &path).token(&world.admin))
        .expect(200);
    world
        .read(&project, "A", &machine.token)
        .refused(401, "UnauthorizedError");
    world
        .machine_login(&machine.client_id, &machine.client_secret)
        .refused(401, "UnauthorizedError");
    let list = world
        .send(get(&memberships(&project, "")).token(&world.admin))
        .expect(200);
    assert_eq!(list.json["totalCount"], 0);
}

#[test]
fn a_protected_identity_stays() {
    let world = World::new();
    let body = json!({"name": "vital", "organizationId": world.organization, "hasDeleteProtection": true});
    let id = world
        .send(post("/api/v1/identities", &body).token(&world.admin))
        .expect(200)
        .at("/identity/id");
    let path = format!("/api/v1/identities/{id}");
    world
        .send(delete(&path, &json!({})).token(&world.admin))
        .refused(400, "BadRequest");
    world.send(get(&path).token(&world.admin)).expect(200);
}

#[test]
fn nobody_grants_more_than_he_holds() {
    let world = World::new();
    let project = world.project("Web");
    let target = bare(&world, "target");
    let add =
        |token: &str, role: &str| post(&memberships(&project, &target), &json!({"role": role})).token(token);
    // Only administrators of the project touch memberships at all.
    for role in ["no-access", "viewer", "member"] {
        let machine = world.member(&project, role);
        for granted in ["no-access", "viewer", "member", "admin"] {
            world
                .send(add(&machine.token, granted))
                .refused(403, "PermissionDenied");
            world
                .send(
                    patch(&memberships(&project, &machine.id), &json!({"role": granted}))
                        .token(&machine.token),
                )
                .refused(403, "PermissionDenied");
        }
        let reply = world.send(get(&format!("/api/v1/projects/{}", project.id)).token(&machine.token));
        assert_eq!(reply.status, if role == "no-access" { 403 } else { 200 });
    }
    // An administrator of the organization who is no member of the project cannot let himself in by a machine.
    let outsider = world.person("boss@example.com", OrganizationRole::Admin);
    world
        .send(add(&outsider, "viewer"))
        .refused(403, "ForbiddenRequestError");
    world.send(add(&world.admin, "admin")).expect(200);
}

#[test]
fn an_organization_administrator_gets_no_credentials_of_the_stronger() {
    let world = World::new();
    let project = world.project("Web");
    world.put(&project, "A", CANARY);
    let inside = world.member(&project, "viewer");
    let boss = world.person("boss@example.com", OrganizationRole::Admin);
    world
        .read(&project, "A", &boss)
        .refused(403, "ForbiddenRequestError");
    let steal =
        |token: &str, identity: &str| world.send(post(&secrets_of(identity), &json!({})).token(token));
    steal(&boss, &inside.id).refused(403, "ForbiddenRequestError");
    // As a viewer he holds as much as the machine; a machine that writes holds more.
    world.join_person(&project, &boss, ProjectRole::Viewer);
    steal(&boss, &inside.id).expect(200);
    let writer = world.member(&project, "member");
    steal(&boss, &writer.id).refused(403, "ForbiddenRequestError");
    // Nor does anybody but an administrator of the instance get those of the identity that set-up made.
    let root = me_id(&world, &world.root);
    world.universal_auth(&root, &json!({}));
    steal(&boss, &root).refused(403, "ForbiddenRequestError");
    steal(&world.admin, &root).expect(200);
}

/// The id of the identity behind a token, from the list.
pub fn me_id(world: &World, token: &str) -> String {
    let name = me(world, token).expect(200).at("/name");
    let list = world
        .send(get(&format!("/api/v1/identities?orgId={}", world.organization)).token(&world.admin))
        .expect(200);
    let found = list.json["identities"]
        .as_array()
        .unwrap()
        .iter()
        .find(|identity| identity["identity"]["name"] == name.as_str())
        .unwrap()
        .clone();
    found["identity"]["id"].as_str().unwrap().to_owned()
}

#[test]
fn an_organization_role_is_not_given_beyond_the_own() {
    let world = World::new();
    // An administrator of the organization is the only one to make identities, so the strongest role is his own.
    let boss = world.person("boss@example.com", OrganizationRole::Admin);
    let body = json!({"name": "x", "organizationId": world.organization, "role": "admin"});
    world
        .send(post("/api/v1/identities", &body).token(&boss))
        .expect(200);
    let machine: Machine = world.machine_by(&boss, "y", "admin");
    world
        .send(post("/api/v1/identities", &body).token(&machine.token))
        .expect(200);
}

#[test]
fn memberships_of_a_project() {
    let world = World::new();
    let project = world.project("Web");
    let other = world.project("Other");
    let machine = world.machine("ci", "no-access");
    let one = memberships(&project, &machine.id);
    let admin = world.admin.as_str();
    let temporary = json!({"roles": [{"role": "viewer", "isTemporary": true}]});
    let two = json!({"roles": [{"role": "viewer"}, {"role": "member"}]});
    play(
        &world,
        vec![
            refused("not a member yet", get(&one).token(admin), 404, "NotFound"),
            refused(
                "no role of a stranger",
                patch(&one, &json!({"role": "viewer"})).token(admin),
                404,
                "NotFound",
            ),
            refused(
                "no stranger removed",
                delete(&one, &json!({})).token(admin),
                404,
                "NotFound",
            ),
            refused(
                "an unknown role",
                post(&one, &json!({"role": "owner"})).token(admin),
                404,
                "Specified role was not found",
            ),
            refused(
                "a role with an end",
                post(&one, &temporary).token(admin),
                400,
                "isTemporary",
            ),
            refused("two roles", post(&one, &two).token(admin), 400, "one role"),
            refused(
                "an unknown identity",
                post(&memberships(&project, NOBODY), &json!({})).token(admin),
                404,
                "NotFound",
            ),
            accepted(
                "add",
                post(&one, &json!({"role": "viewer"})).token(admin),
                &["project.member.add"],
            )
            .saying(&["\"role\":\"viewer\""]),
            refused(
                "twice",
                post(&one, &json!({"role": "viewer"})).token(admin),
                400,
                "already exists in project",
            ),
            refused(
                "elsewhere",
                get(&memberships(&other, &machine.id)).token(admin),
                404,
                "NotFound",
            ),
            refused("no role", patch(&one, &json!({})).token(admin), 422, "roles"),
            accepted(
                "change",
                patch(
                    &one,
                    &json!({"roles": [{"role": "member", "isTemporary": false}]}),
                )
                .token(admin),
                &["project.member.role"],
            )
            .saying(&["member"]),
            accepted("list", get(&memberships(&project, "")).token(admin), &[]).saying(&["\"totalCount\":1"]),
            accepted("one", get(&one).token(admin), &[]).saying(&["\"role\":\"member\""]),
            accepted(
                "remove",
                Call::new("DELETE", &one).token(admin),
                &["project.member.remove"],
            ),
            refused("gone", get(&one).token(admin), 404, "NotFound"),
        ],
    );
    world.put(&project, "A", CANARY);
    world
        .read(&project, "A", &machine.token)
        .refused(403, "ForbiddenRequestError");
}

#[test]
fn a_role_takes_effect_with_the_next_request() {
    let world = World::new();
    let project = world.project("Web");
    world.put(&project, "A", CANARY);
    let machine = world.member(&project, "viewer");
    world.read(&project, "A", &machine.token).expect(200);
    let one = memberships(&project, &machine.id);
    world
        .send(patch(&one, &json!({"role": "no-access"})).token(&world.admin))
        .expect(200);
    world
        .read(&project, "A", &machine.token)
        .refused(403, "PermissionDenied");
}
