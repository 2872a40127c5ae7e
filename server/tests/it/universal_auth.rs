//! Universal Auth: its settings, client secrets that end, and the lock-out after wrong ones.

use serde_json::{Value, json};
use shared::model::access::{OrganizationRole, ProjectRole};

use crate::app::{Call, Machine, Reply, World, delete, get, patch, post};
use crate::machines::{NOBODY, auth_of, bare, me, secrets_of};
use crate::scenario::{accepted, play, refused};

const LOGIN: &str = "/api/v1/auth/universal-auth/login";

fn login(client: &str, secret: &str) -> Call {
    post(LOGIN, &json!({"clientId": client, "clientSecret": secret}))
}

fn message(reply: Reply) -> String {
    reply.refused(401, "UnauthorizedError").at("/message")
}

/// An identity with settings and one client secret: client id and secret.
fn credentials(world: &World, settings: &Value) -> (String, String, String) {
    let id = bare(world, "ci");
    let client = world.universal_auth(&id, settings);
    let secret = world.client_secret(&id, &json!({}));
    (id, client, secret)
}

/// Id of the client secret with a description.
fn secret_id(world: &World, identity: &str, description: &str) -> String {
    let list = world
        .send(get(&secrets_of(identity)).token(&world.admin))
        .expect(200);
    let all = list.json["clientSecretData"].as_array().unwrap();
    let found = all.iter().find(|secret| secret["description"] == description);
    found.unwrap()["id"].as_str().unwrap().to_owned()
}

#[test]
fn settings_are_changed_in_part_and_answered_as_they_are() {
    let world = World::new();
    let id = bare(&world, "ci");
    let path = auth_of(&id);
    let admin = world.admin.as_str();
    let change = |body: Value| patch(&path, &body).token(admin);
    play(
        &world,
        vec![
            refused("nothing attached", change(json!({})), 404, "NotFound"),
            accepted(
                "attach",
                post(&path, &json!({"accessTokenTTL": 3600, "accessTokenMaxTTL": 7200})).token(admin),
                &["identity.universal-auth.attach"],
            )
            .saying(&[
                "\"accessTokenTTL\":3600",
                "\"accessTokenPeriod\":0",
                "\"lockoutEnabled\":true",
                "\"lockoutThreshold\":3",
                "\"lockoutDurationSeconds\":300",
                "\"lockoutCounterResetSeconds\":30",
                r#"{"ipAddress":"0.0.0.0","type":"ipv4","prefix":0},{"ipAddress":"::","type":"ipv6","prefix":0}"#,
            ]),
            refused(
                "attach again",
                post(&path, &json!({})).token(admin),
                400,
                "Failed to add universal auth to already configured identity",
            ),
            refused(
                "a longer life than the longest that stays",
                change(json!({"accessTokenTTL": 7201})),
                400,
                "Access token TTL cannot be greater than max TTL",
            ),
            refused(
                "more than ten years",
                change(json!({"accessTokenMaxTTL": 315_360_001})),
                400,
                "BadRequest",
            ),
            refused(
                "no threshold",
                change(json!({"lockoutThreshold": 0})),
                422,
                "lockoutThreshold",
            ),
            refused(
                "a lock for ever",
                change(json!({"lockoutDurationSeconds": 86_401})),
                422,
                "lockoutDurationSeconds",
            ),
            refused(
                "nowhere",
                change(json!({"accessTokenTrustedIps": []})),
                422,
                "accessTokenTrustedIps",
            ),
            accepted(
                "change some",
                change(json!({
                    "accessTokenPeriod": 60, "lockoutEnabled": false, "lockoutThreshold": 5,
                    "clientSecretTrustedIps": [{"ipAddress": "10.0.0.0", "prefix": 8}, {"ipAddress": "192.0.2.1"}],
                    "accessTokenTrustedIps": null, "unknown": 7,
                })),
                &["identity.universal-auth.update"],
            )
            .saying(&["\"accessTokenTTL\":3600"]),
            accepted("read", get(&path).token(admin), &[]).saying(&[
                "\"accessTokenMaxTTL\":7200",
                "\"accessTokenPeriod\":60",
                "\"lockoutEnabled\":false",
                "\"lockoutThreshold\":5",
                r#"[{"ipAddress":"10.0.0.0","type":"ipv4","prefix":8},{"ipAddress":"192.0.2.1","type":"ipv4"}]"#,
            ]),
        ],
    );
}

#[test]
fn detaching_ends_client_secrets_and_tokens() {
    let world = World::new();
    let machine = world.machine("ci", "no-access");
    let path = auth_of(&machine.id);
    let by_hand = crate::token_auth::token_of(&world, &machine.id, &json!({}));
    play(
        &world,
        vec![
            accepted(
                "detach",
                Call::new("DELETE", &path).token(&world.admin),
                &["identity.universal-auth.detach"],
            )
            .saying(&[&machine.client_id]),
        ],
    );
    me(&world, &machine.token).refused(401, "UnauthorizedError");
    assert_eq!(
        message(world.send(login(&machine.client_id, &machine.client_secret))),
        "Invalid credentials"
    );
    me(&world, &by_hand).expect(200);
    world
        .send(get(&path).token(&world.admin))
        .refused(404, "NotFound");
    world
        .send(delete(&path, &json!({})).token(&world.admin))
        .refused(404, "NotFound");
    let again = world.universal_auth(&machine.id, &json!({}));
    assert_ne!(again, machine.client_id);
    assert_eq!(
        message(world.send(login(&again, &machine.client_secret))),
        "Invalid credentials"
    );
}

#[test]
fn a_worn_out_client_secret_says_so_once() {
    let world = World::new();
    let id = bare(&world, "ci");
    let client = world.universal_auth(&id, &json!({}));
    let short = world.client_secret(&id, &json!({"ttl": 1, "description": "short"}));
    let once = world.client_secret(&id, &json!({"numUsesLimit": 1, "description": "once"}));
    let id_of_once = secret_id(&world, &id, "once");
    let token = world.send(login(&client, &once)).expect(200).at("/accessToken");
    world.later(2);
    assert_eq!(
        message(world.send(login(&client, &short))),
        "Access denied due to expired client secret"
    );
    assert_eq!(message(world.send(login(&client, &short))), "Invalid credentials");
    assert_eq!(
        message(world.send(login(&client, &once))),
        "Access denied due to client secret usage limit reached"
    );
    // However often: an old configuration locks nobody out.
    for _ in 0..5 {
        assert_eq!(message(world.send(login(&client, &once))), "Invalid credentials");
    }
    let list = world.send(get(&secrets_of(&id)).token(&world.admin)).expect(200);
    assert_eq!(list.json["clientSecretData"], json!([]));
    let one = world
        .send(get(&format!("{}/{id_of_once}", secrets_of(&id))).token(&world.admin))
        .expect(200);
    let data = &one.json["clientSecretData"];
    assert_eq!(data["isClientSecretRevoked"], true);
    assert_eq!(data["clientSecretNumUses"], 1);
    assert!(data["clientSecretLastUsedAt"].is_string());
    // What it bought lives on, until somebody revokes it all the same.
    me(&world, &token).expect(200);
    world
        .send(post(&format!("{}/{id_of_once}/revoke", secrets_of(&id)), &json!({})).token(&world.admin))
        .expect(200);
    me(&world, &token).refused(401, "UnauthorizedError");
}

#[test]
fn one_use_is_one_use_for_two_at_once() {
    let world = World::new();
    let id = bare(&world, "ci");
    let client = world.universal_auth(&id, &json!({}));
    for _ in 0..5 {
        let once = world.client_secret(&id, &json!({"numUsesLimit": 1}));
        let replies = world.send_together(vec![login(&client, &once), login(&client, &once)]);
        let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401]);
    }
}

#[test]
fn many_logins_at_once_all_succeed() {
    let world = World::new();
    let (id, client, secret) = credentials(&world, &json!({}));
    let replies = world.send_together(vec![login(&client, &secret); 100]);
    for reply in replies {
        reply.expect(200);
    }
    let list = world.send(get(&secrets_of(&id)).token(&world.admin)).expect(200);
    assert_eq!(list.json["clientSecretData"][0]["clientSecretNumUses"], 100);
}

#[test]
fn three_wrong_client_secrets_lock_for_their_source_alone() {
    let world = World::new();
    let (_, client, secret) = credentials(&world, &json!({}));
    for _ in 0..3 {
        assert_eq!(
            message(world.send(login(&client, "wrong"))),
            "Invalid credentials"
        );
    }
    let before = world.events();
    for secret in ["wrong", secret.as_str()] {
        let said = message(world.send(login(&client, secret)));
        assert!(said.contains("Try again in 300 seconds"), "{said}");
    }
    assert_eq!(world.events(), before, "a locked login leaves no record");
    // An attacker who knows the client id does not lock the machine out.
    world
        .send(login(&client, &secret).from("198.51.100.7"))
        .expect(200);
    let world = World {
        app: world.app.reopened(),
        ..world
    };
    let said = message(world.send(login(&client, &secret)));
    assert!(said.contains("locked"), "a restart forgives nothing: {said}");
    world.later(299);
    let said = message(world.send(login(&client, &secret)));
    assert!(
        said.contains("Try again in 1 seconds") || said.contains("Try again in"),
        "{said}"
    );
    world.later(2);
    world.send(login(&client, &secret)).expect(200);
}

#[test]
fn neighbours_in_an_ipv6_network_are_one_source() {
    let world = World::new();
    let (_, client, secret) = credentials(&world, &json!({}));
    for host in 1..=3 {
        let from = format!("2001:db8:1:2::{host}");
        message(world.send(login(&client, "wrong").from(&from)));
    }
    let said = message(world.send(login(&client, &secret).from("2001:db8:1:2:ffff::9")));
    assert!(said.contains("locked"), "{said}");
    world
        .send(login(&client, &secret).from("2001:db8:1:3::1"))
        .expect(200);
}

#[test]
fn a_right_client_secret_or_time_starts_the_count_afresh() {
    let world = World::new();
    let (_, client, secret) = credentials(&world, &json!({}));
    for _ in 0..3 {
        message(world.send(login(&client, "wrong")));
        message(world.send(login(&client, "wrong")));
        world.send(login(&client, &secret)).expect(200);
    }
    for _ in 0..3 {
        message(world.send(login(&client, "wrong")));
        message(world.send(login(&client, "wrong")));
        world.later(31);
    }
    world.send(login(&client, &secret)).expect(200);
}

#[test]
fn the_lock_out_is_as_each_identity_has_it() {
    let world = World::new();
    let (_, strict, right) = credentials(
        &world,
        &json!({"lockoutThreshold": 1, "lockoutDurationSeconds": 60, "lockoutCounterResetSeconds": 5}),
    );
    message(world.send(login(&strict, "wrong")));
    assert!(message(world.send(login(&strict, &right))).contains("in 60 seconds"));
    world.later(61);
    world.send(login(&strict, &right)).expect(200);
    let (_, open, right) = credentials(&world, &json!({"lockoutEnabled": false}));
    let before = world.events().len();
    for _ in 0..10 {
        assert_eq!(message(world.send(login(&open, "wrong"))), "Invalid credentials");
        // Nor is anybody's disk filled.
        assert!(world.events().len() <= before + 3);
    }
    world.send(login(&open, &right)).expect(200);
}

#[test]
fn machine_logins_do_not_slow_down_people_of_the_same_network() {
    let world = World::new();
    let (_, client, _) = credentials(&world, &json!({"lockoutEnabled": false}));
    for _ in 0..120 {
        message(world.send(login(&client, "wrong")));
    }
    world.login(crate::app::EMAIL, crate::app::PASSWORD).expect(200);
}

#[test]
fn settings_of_the_stronger_are_not_loosened() {
    let world = World::new();
    let project = world.project("Web");
    let machine: Machine = world.member(&project, "member");
    let boss = world.person("boss@example.com", OrganizationRole::Admin);
    let widen = patch(&auth_of(&machine.id), &json!({"accessTokenTTL": 1})).token(&boss);
    world.send(widen.clone()).refused(403, "ForbiddenRequestError");
    world.join_person(&project, &boss, ProjectRole::Member);
    world.send(widen).expect(200);
}

#[test]
fn client_secrets_of_another_identity_are_not_found() {
    let world = World::new();
    let one = world.machine("one", "no-access");
    let two = world.machine("two", "no-access");
    let id = secret_id(&world, &one.id, "");
    let crossed = format!("{}/{id}", secrets_of(&two.id));
    let admin = world.admin.as_str();
    play(
        &world,
        vec![
            refused("read", get(&crossed).token(admin), 404, "NotFound"),
            refused(
                "revoke",
                post(&format!("{crossed}/revoke"), &json!({})).token(admin),
                404,
                "NotFound",
            ),
            refused(
                "of nobody",
                get(&format!("{}/{id}", secrets_of(NOBODY))).token(admin),
                404,
                "NotFound",
            ),
            accepted(
                "its own",
                get(&format!("{}/{id}", secrets_of(&one.id))).token(admin),
                &[],
            )
            .saying(&["\"clientSecretNumUses\":1"])
            .hiding(&[&one.client_secret]),
        ],
    );
    me(&world, &one.token).expect(200);
}
