//! Recovery kits over the API: only who administers the instance and has just given the password adds one, and from then
//! on it opens the store.

use std::fs;

use serde_json::json;
use server::crypto::identity::{self, Identity};
use server::crypto::keyring::{Keyring, fingerprint};
use server::crypto::token;
use shared::model::access::OrganizationRole;
use shared::model::text::SecretText;

use crate::app::{Call, PASSWORD, World, get, post};
use crate::scenario::{accepted, play, refused};

const KITS: &str = "/api/strongroom/v1/kits";
const SKIP: &str = "/api/strongroom/v1/kits/skip";

fn add(kit: &Identity, password: &str) -> Call {
    let recipient = identity::recipient(kit);
    post(
        KITS,
        &json!({"name": " Safe ", "recipient": recipient, "password": password}),
    )
}

/// Makes a kit and adds it over the API.
pub fn kit_of(world: &World) -> Identity {
    let kit = identity::generate();
    world.send(add(&kit, PASSWORD).token(&world.admin)).expect(200);
    kit
}

/// Makes a kit unless there is one.
pub fn require_kit(world: &World) {
    if world.keyring().recovery_recipients().is_empty() {
        kit_of(world);
    }
}

#[test]
fn only_who_administers_the_instance_is_served() {
    let world = World::new();
    let organization_admin = world.person("dev@example.com", OrganizationRole::Admin);
    let machine = world.machine("ci", "admin").token;
    let kit = identity::generate();
    for token in [&organization_admin, &machine, &world.root] {
        let rows = [get(KITS), add(&kit, PASSWORD), post(SKIP, &json!({}))]
            .into_iter()
            .map(|call| {
                refused("not theirs", call.token(token), 403, "ForbiddenRequestError").hiding(&["age1"])
            });
        play(&world, rows.collect());
    }
    // Who may not add a kit learns nothing about a password either.
    for password in [PASSWORD, "wrong"] {
        world
            .send(add(&kit, password).token(&organization_admin))
            .refused(403, "ForbiddenRequestError");
    }
    for call in [get(KITS), add(&kit, PASSWORD), post(SKIP, &json!({}))] {
        world.send(call).refused(401, "UnauthorizedError");
    }
    assert_eq!(world.keyring().slots().len(), 1);
    assert!(!fs::exists(world.file("keyring.json")).unwrap());
}

#[test]
fn a_kit_needs_the_password_and_guessing_it_is_slowed_down() {
    let world = World::new();
    let kit = identity::generate();
    let wrong = || add(&kit, "wrong pony").token(&world.admin);
    play(
        &world,
        vec![
            refused("a wrong password", wrong(), 400, "The password is wrong")
                .recorded(&["user.reauthentication.refused"])
                .hiding(&["wrong pony"]),
            refused(
                "none",
                add(&kit, "").token(&world.admin),
                400,
                "The password is wrong",
            )
            .recorded(&["user.reauthentication.refused"]),
        ],
    );
    for _ in 0..8 {
        world.send(wrong()).refused(400, "BadRequest");
    }
    world
        .send(add(&kit, PASSWORD).token(&world.admin))
        .refused(429, "RateLimitExceeded");
    // The same counters as at the login.
    world
        .login(crate::app::EMAIL, PASSWORD)
        .refused(429, "RateLimitExceeded");
    assert_eq!(world.keyring().slots().len(), 1);
}

#[test]
fn what_is_no_kit_is_refused_and_nothing_is_changed() {
    let world = World::new();
    let kit = kit_of(&world);
    let server = world.keyring().slots()[0].recipient.clone();
    let before = fs::read(world.file("keyring.json")).unwrap();
    let with = |name: &str, recipient: &str| {
        let body = json!({"name": name, "recipient": recipient, "password": PASSWORD});
        post(KITS, &body).token(&world.admin)
    };
    let taken = identity::recipient(&kit);
    let fresh = identity::recipient(&identity::generate());
    let damaged = fresh.replace(&fresh[10..12], "qq");
    let rows = [
        (with("", &fresh), 422, "name"),
        (with("a\nb", &fresh), 422, "name"),
        (with(&"x".repeat(65), &fresh), 422, "name"),
        (with("Kit", ""), 422, "recipient"),
        (with("Kit", "age1"), 422, "recipient"),
        (with("Kit", &damaged), 422, "recipient"),
        (with("Kit", "AGE-SECRET-KEY-1QQQQ"), 422, "recipient"),
        (with("Again", &taken), 409, "opens the store already"),
        (with("Mine", &server), 409, "opens the store already"),
        (
            post(KITS, &json!({"name": "Kit"})).token(&world.admin),
            422,
            "Required",
        ),
    ];
    let rows = rows
        .into_iter()
        .map(|(call, status, says)| refused(says, call, status, says).hiding(&["SECRET-KEY"]));
    play(&world, rows.collect());
    assert_eq!(world.keyring().slots().len(), 2);
    assert_eq!(fs::read(world.file("keyring.json")).unwrap(), before);
}

#[test]
fn an_added_kit_opens_the_store() {
    let world = World::new();
    let listed = world.send(get(KITS).token(&world.admin)).expect(200);
    assert_eq!(listed.json["unlockers"].as_array().unwrap().len(), 1);
    assert_eq!(listed.at("/unlockers/0/kind"), "server");
    assert_eq!(listed.at("/instance"), world.keyring().instance().to_string());
    assert!(listed.json["skippedAt"].is_null());

    let kit = identity::generate();
    let recipient = identity::recipient(&kit);
    play(
        &world,
        vec![
            accepted(
                "add",
                add(&kit, PASSWORD).token(&world.admin),
                &["keys.kit.create"],
            )
            .saying(&[&recipient, "\"name\":\"Safe\"", "\"kind\":\"kit\""]),
        ],
    );
    let listed = world.send(get(KITS).token(&world.admin)).expect(200);
    assert_eq!(listed.at("/unlockers/1/recipient"), recipient);
    assert_eq!(listed.at("/unlockers/1/fingerprint"), fingerprint(&recipient));
    let text = fs::read_to_string(world.file("keyring.json")).unwrap();
    let opened = Keyring::open(&text, &[kit]).unwrap();
    let sample =
        |keyring: &Keyring| token::keyed_hash(keyring.token_key(), "test", &SecretText::from("text"));
    assert_eq!(sample(&opened), sample(&world.keyring()));
    assert!(Keyring::open(&text, &[identity::generate()]).is_err());
}

#[test]
fn skipping_is_remembered_once() {
    let world = World::new();
    let skip = || post(SKIP, &json!({})).token(&world.admin);
    play(&world, vec![accepted("skip", skip(), &["keys.kit.skip"])]);
    let first = world.send(skip()).expect(200).at("/skippedAt");
    world.later(60);
    play(&world, vec![accepted("again", skip(), &[]).saying(&[&first])]);
    let listed = world.send(get(KITS).token(&world.admin)).expect(200);
    assert_eq!(listed.at("/skippedAt"), first);
}
