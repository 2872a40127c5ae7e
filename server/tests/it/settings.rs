//! Settings that change while the server runs, and the view of those that do not.

use serde_json::{Value, json};
use server::app::host::Host;
use server::config::{self, Environment, Given};
use shared::model::access::OrganizationRole;

use crate::app::{CANARY, Call, EMAIL, PASSWORD, Reply, World, get, patch};

const SETTINGS: &str = "/api/strongroom/v1/settings";
const DAY: i64 = 24 * 60 * 60;

fn change(setting: &str, value: &Value, password: &str) -> Call {
    patch(
        SETTINGS,
        &json!({"setting": setting, "value": value, "password": password}),
    )
}

fn changeable(reply: &Reply, setting: &str) -> Value {
    let all = reply.json["changeable"].as_array().unwrap();
    all.iter()
        .find(|entry| entry["setting"] == setting)
        .unwrap()
        .clone()
}

fn now(world: &World, setting: &str) -> Value {
    changeable(
        &world.send(get(SETTINGS).token(&world.admin)).expect(200),
        setting,
    )
}

#[test]
fn who_does_not_administer_the_instance_neither_sees_nor_changes_them() {
    let world = World::new();
    let organization_admin = world.person("dev@example.com", OrganizationRole::Admin);
    let machine = world.machine("ci", "admin").token;
    for token in [&organization_admin, &machine] {
        for call in [get(SETTINGS), change("session-days", &json!(1), PASSWORD)] {
            let reply = world
                .send(call.token(token))
                .refused(403, "ForbiddenRequestError");
            assert!(!reply.text.contains("session"), "{}", reply.text);
        }
    }
    world.send(get(SETTINGS)).refused(401, "UnauthorizedError");
    assert_eq!(now(&world, "session-days")["value"], 90);
}

#[test]
fn a_change_needs_the_password_and_a_value_in_range() {
    let world = World::new();
    let send = |call: Call| world.send(call.token(&world.admin));
    send(change("session-days", &json!(30), "wrong-lantern-9")).refused(400, "BadRequest");
    for value in [
        json!(0),
        json!(91),
        json!(-1),
        json!(1.5),
        json!("30"),
        json!(null),
    ] {
        send(change("session-days", &value, PASSWORD)).refused(422, "ValidationFailure");
    }
    send(change("sessions", &json!(30), PASSWORD)).refused(422, "ValidationFailure");
    let same = send(change("session-days", &json!(90), PASSWORD)).refused(400, "BadRequest");
    assert!(same.text.contains("is 90 already"), "{}", same.text);
    assert_eq!(
        now(&world, "session-days"),
        json!({"setting": "session-days", "value": 90, "changed": null})
    );
    assert!(!world.events().contains(&"instance.setting.update".to_owned()));
}

#[test]
fn shorter_sessions_are_shorter_at_once_also_those_that_go_on() {
    let world = World::new();
    let other = world.login(EMAIL, PASSWORD).expect(200);
    world.later(2 * DAY);
    let admin = world.select(&world.login(EMAIL, PASSWORD).expect(200).at("/accessToken"));
    let reply = world
        .send(change("session-days", &json!(1), PASSWORD).token(&admin))
        .expect(200);
    let changed = changeable(&reply, "session-days");
    assert_eq!(
        (&changed["value"], &changed["changed"]["before"]),
        (&json!(1), &json!(90))
    );
    assert_eq!(changed["changed"]["by"], EMAIL);
    assert_eq!(world.events().last().unwrap(), "instance.setting.update");
    // A login of two days ago has ended, one of today has not.
    world
        .send(get(SETTINGS).token(&other.at("/accessToken")))
        .refused(401, "UnauthorizedError");
    world.send(get(SETTINGS).token(&admin)).expect(200);
    world.later(DAY + 1);
    world
        .send(get(SETTINGS).token(&admin))
        .refused(401, "UnauthorizedError");

    // Back again: who logs in now stays.
    let admin = world.select(&world.login(EMAIL, PASSWORD).expect(200).at("/accessToken"));
    let reply = world
        .send(change("session-days", &json!(90), PASSWORD).token(&admin))
        .expect(200);
    assert_eq!(changeable(&reply, "session-days")["changed"]["before"], 1);
    let admin = world.select(&world.login(EMAIL, PASSWORD).expect(200).at("/accessToken"));
    world.later(2 * DAY);
    world.send(get(SETTINGS).token(&admin)).expect(200);
}

#[test]
fn what_was_changed_is_sealed_and_survives_a_new_root_key() {
    let world = World::new();
    world
        .send(change("drill-days", &json!(30), PASSWORD).token(&world.admin))
        .expect(200);
    let sealed = world
        .sql(|tx| server::store::sealed_settings::get(tx, "drill-days"))
        .unwrap();
    let text = String::from_utf8_lossy(&sealed).into_owned();
    assert!(!text.contains("before") && !text.contains(EMAIL), "{text}");
    assert_eq!(now(&world, "drill-days")["value"], 30);
}

#[test]
fn what_the_server_was_told_is_shown_without_secrets() {
    let variables = [
        ("ENCRYPTION_KEY", CANARY),
        ("STRONGROOM_BACKUP_HOOK", CANARY),
        ("STRONGROOM_SITE_URL", "https://secrets.example.com"),
        ("REDIS_URL", CANARY),
    ];
    let world = World::with_host(|_| Host {
        configuration: config::load(
            &server::cli::serve_command(),
            &Given::new(),
            &Environment::of(&variables),
        ),
        ..Host::default()
    });
    let reply = world.send(get(SETTINGS).token(&world.admin)).expect(200);
    assert!(!reply.text.contains(CANARY), "{}", reply.text);
    let fixed = |name: &str| {
        let all = reply.json["fixed"].as_array().unwrap();
        all.iter().find(|entry| entry["name"] == name).unwrap().clone()
    };
    assert_eq!(fixed("site-url")["value"], "https://secrets.example.com");
    assert_eq!(fixed("site-url")["source"], "variable STRONGROOM_SITE_URL");
    assert_eq!(fixed("site-url")["care"], "free");
    assert_eq!(fixed("backup-hook")["value"], "(set)");
    assert_eq!(fixed("data-dir")["care"], "procedure");
    assert_eq!(fixed("ENCRYPTION_KEY")["value"], "(set)");
    assert_eq!(fixed("ENCRYPTION_KEY")["care"], "procedure");
    assert!(!reply.text.contains("set-once"), "{}", reply.text);
    let redis = reply.json["variables"].as_array().unwrap();
    assert!(
        redis
            .iter()
            .any(|variable| variable["name"] == "REDIS_URL" && variable["became"] == "ignored")
    );
}
