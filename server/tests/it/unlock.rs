//! A locked server: what it says, whom it lets in, and that it goes on as if it had never been locked.

use std::fs;

use serde_json::json;
use server::app::keys;
use server::crypto::escrow;
use server::crypto::identity::{self, Identity};
use server::crypto::keyring::{NewSlot, SlotKind};
use server::domain::caller::Caller;
use shared::model::keys::KeysAct;
use shared::model::text::SecretText;

use crate::app::{Call, EMAIL, PASSWORD, TestApp, get, post};
use crate::restore::{Place, text_of};

const LOCKED: &str = "/api/strongroom/v1/locked";
const UNLOCK: &str = "/api/strongroom/v1/unlock";

/// A store that was set up and has a kit, and whose server lost its identity.
fn locked() -> (Place, TestApp, Identity) {
    let place = Place::new();
    let app = place.start();
    let body = json!({
        "email": EMAIL, "password": PASSWORD, "organization": "Home Lab", "setupCode": app.setup_code(),
    });
    app.send(post("/api/strongroom/v1/setup", &body)).expect(200);
    let kit = identity::generate();
    let now = app.app.clock.now();
    let added = app.app.store().unwrap().change_keyring(&place.dir, |keyring| {
        let recipient = identity::recipient(&kit);
        Ok::<_, server::domain::Error>(
            keyring.add_slot(&NewSlot::plain(SlotKind::Recovery, "safe", &recipient), now)?,
        )
    });
    added.unwrap();
    app.wait(app.app.close()).unwrap();
    drop(app);
    fs::remove_file(place.dir.identity()).unwrap();
    let app = place.start();
    (place, app, kit)
}

fn with(key: &str) -> Call {
    post(UNLOCK, &json!({"identity": key}))
}

fn confirmed(key: &str, fingerprint: &str) -> Call {
    post(
        UNLOCK,
        &json!({"identity": key, "confirmedFingerprint": fingerprint}),
    )
}

fn is_locked(app: &TestApp) -> bool {
    app.send(get(LOCKED)).expect(200).json["locked"] == true
}

#[test]
fn by_a_certificate_of_its_own_only_that_ones_fingerprint_counts() {
    let (_place, app, kit) = locked();
    let key = text_of(&kit);
    let certificate = "AB:CD";
    let said = app
        .send(get(LOCKED).over_locked_certificate(certificate))
        .expect(200)
        .json;
    assert_eq!(
        (
            &said["fingerprint"],
            &said["certificate"],
            &said["confirmationNeeded"]
        ),
        (&json!(certificate), &json!(true), &json!(true))
    );
    let of_key = app.send(get(LOCKED)).expect(200).at("/fingerprint");
    for call in [
        with(&key),
        confirmed(&key, &of_key),
        confirmed(&key, "ab:cd"),
        confirmed(&key, ""),
    ] {
        app.send(call.over_locked_certificate(certificate))
            .refused(403, "ForbiddenRequestError");
    }
    // And it says nothing to somebody who came otherwise.
    app.send(confirmed(&key, certificate))
        .refused(403, "ForbiddenRequestError");
    assert!(is_locked(&app));
    app.send(confirmed(&key, certificate).over_locked_certificate(certificate))
        .expect(200);
    assert!(!is_locked(&app));
}

#[test]
fn a_locked_server_says_what_would_open_it() {
    let (_place, app, kit) = locked();
    let fingerprint = server::crypto::keyring::fingerprint(&identity::recipient(&kit));
    let far = app.send(get(LOCKED)).expect(200);
    assert_eq!(far.json["locked"], true);
    assert_eq!(far.json["confirmationNeeded"], true);
    assert_eq!(
        far.json["unlockers"],
        json!([{"name": "safe", "kind": "kit", "fingerprint": fingerprint}])
    );
    let needed = far.at("/fingerprint");
    assert!(app.app.why_locked().unwrap().opens_with()[0].contains(&needed));
    let near = app.send(get(LOCKED).local()).expect(200);
    assert_eq!(near.json["confirmationNeeded"], false);
    // Through a proxy on the same machine it is far again.
    for header in ["x-forwarded-for", "forwarded", "via", "x-real-ip"] {
        let through = app
            .send(get(LOCKED).local().header(header, "10.0.0.1"))
            .expect(200);
        assert_eq!(through.json["confirmationNeeded"], true, "{header}");
    }
}

#[test]
fn every_kind_of_key_is_named_but_the_servers_own_and_nothing_more_is_told() {
    const PHRASE: &str = "seven bridges over the quiet river";
    const VARIABLE: &str = "6c1fe4e407b8911c104518103505b218";
    let (place, app, kit) = locked();
    app.send(with(&text_of(&kit)).local()).expect(200);
    let opened = app.app.store().unwrap();
    let escrow = escrow::for_passphrase(&identity::generate(), &SecretText::from("of another")).unwrap();
    let recipient = identity::recipient(&identity::generate());
    for act in [
        KeysAct::AddPassphrase {
            name: "desk".into(),
            passphrase: SecretText::from(PHRASE),
        },
        KeysAct::AddCards {
            name: "friends".into(),
            recipient: identity::recipient(&identity::generate()),
            needed: 2,
            made: 3,
        },
        KeysAct::AddPlugin {
            name: "token".into(),
            recipient,
            escrow,
        },
        KeysAct::AddEncryptionKey {
            name: "old variable".into(),
            value: SecretText::from(VARIABLE),
        },
    ] {
        keys::perform(&opened, &place.dir, act, app.app.clock.now(), |_| {
            Ok(Caller::operator())
        })
        .unwrap();
    }
    drop(opened);
    app.wait(app.app.close()).unwrap();
    let app = place.start();
    let said = app.send(get(LOCKED)).expect(200);
    let shown = said.json["unlockers"].as_array().unwrap();
    let named: Vec<_> = shown
        .iter()
        .map(|shown| (&shown["name"], &shown["kind"]))
        .collect();
    assert_eq!(
        json!(named),
        json!([
            ["safe", "kit"],
            ["desk", "passphrase"],
            ["friends", "cards"],
            ["token", "plugin"],
            ["old variable", "encryption-key"],
        ])
    );
    assert!(shown.iter().all(|shown| shown.as_object().unwrap().len() == 3));
    let server = said.at("/fingerprint");
    assert!(shown.iter().all(|shown| shown["fingerprint"] != server));
    assert!(!said.text.contains("age1") && !said.text.contains("AGE ENCRYPTED"));

    // Who brings the wrong one is told the same, and what is listed opens.
    let refused = app
        .send(with("seven bridges over the quiet lake, and no more").local())
        .refused(403, "ForbiddenRequestError");
    let told = refused.at("/message");
    assert!(told.contains("old variable (ENCRYPTION_KEY, "), "{told}");
    assert!(
        told.contains("friends (cards, ") && !told.contains("Server"),
        "{told}"
    );
    app.send(with(VARIABLE).local()).expect(200);
    assert!(!is_locked(&app));
    assert_eq!(app.said(VARIABLE) + app.said(PHRASE), 0);
}

#[test]
fn an_open_server_says_so_and_takes_no_key() {
    let app = TestApp::new();
    let said = app.send(get(LOCKED)).expect(200);
    assert_eq!(
        said.json,
        json!({"locked": false, "fingerprint": null, "unlockers": [], "confirmationNeeded": false, "certificate": false})
    );
    let key = text_of(&identity::generate());
    app.send(with(&key).local()).refused(400, "BadRequest");
    assert_eq!(app.said(&key), 0);
}

#[test]
fn what_does_not_open_the_store_is_refused() {
    let (_place, app, kit) = locked();
    let stranger = text_of(&identity::generate());
    for (key, status, word) in [
        (stranger.as_str(), 403, "ForbiddenRequestError"),
        ("", 422, "ValidationFailure"),
        ("hunter2", 422, "ValidationFailure"),
        (&identity::recipient(&kit), 422, "ValidationFailure"),
    ] {
        app.send(with(key).local()).refused(status, word);
    }
    // From another machine not even the right one, before somebody looked whom he sends it to.
    let right = text_of(&kit);
    let needed = app.send(get(LOCKED)).expect(200).at("/fingerprint");
    for call in [
        with(&right),
        confirmed(&right, ""),
        confirmed(&right, "0000 0000 0000 0000"),
        with(&right).local().header("x-forwarded-for", "10.0.0.1"),
    ] {
        app.send(call).refused(403, "ForbiddenRequestError");
    }
    app.send(confirmed(&stranger, &needed))
        .refused(403, "ForbiddenRequestError");
    assert!(is_locked(&app));
    assert_eq!(app.said("hunter2") + app.said(&right) + app.said(&stranger), 0);
    app.send(get("/api/status")).refused(503, "ServiceUnavailable");
}

#[test]
fn guesses_are_slowed_down() {
    let (_place, app, kit) = locked();
    for _ in 0..10 {
        app.send(with(&text_of(&identity::generate())).local())
            .refused(403, "ForbiddenRequestError");
    }
    let right = with(&text_of(&kit)).local();
    let reply = app.send(right.clone()).refused(429, "RateLimitExceeded");
    let wait: i64 = reply.headers["retry-after"].to_str().unwrap().parse().unwrap();
    app.app.clock.advance_seconds(wait);
    app.send(right).expect(200);
    assert!(!is_locked(&app));
}

#[test]
fn a_key_opens_the_store_and_the_server_goes_on() {
    let (place, app, kit) = locked();
    app.send(with(&text_of(&identity::generate())).local())
        .refused(403, "ForbiddenRequestError");
    let needed = app.send(get(LOCKED)).expect(200).at("/fingerprint");
    let reply = app.send(confirmed(&text_of(&kit), &needed)).expect(200);
    assert_eq!(reply.json, json!({"unlockedBy": "safe"}));
    assert!(!is_locked(&app));
    app.send(get("/api/status")).expect(200);
    app.login(EMAIL, PASSWORD).expect(200);
    assert!(app.events().iter().any(|event| event == "instance.unlock"));
    app.send(with(&text_of(&kit)).local()).refused(400, "BadRequest");
    // The key was used, not kept.
    app.wait(app.app.close()).unwrap();
    assert!(!place.dir.identity().exists());
    assert!(is_locked(&place.start()));
}

#[test]
fn of_several_at_once_one_opens_it() {
    let (_place, app, kit) = locked();
    let replies = app.send_together(vec![with(&text_of(&kit)).local(); 4]);
    let opened = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(opened, 1);
    assert!(
        replies
            .iter()
            .all(|reply| [200, 400, 409].contains(&reply.status))
    );
    app.login(EMAIL, PASSWORD).expect(200);
}

#[test]
fn a_key_that_fits_does_not_make_up_for_a_missing_database() {
    let (place, app, kit) = locked();
    let aside = place.dir.path().join("aside");
    fs::rename(place.dir.database(), &aside).unwrap();
    app.send(with(&text_of(&kit)).local()).refused(409, "Conflict");
    assert!(!place.dir.database().exists());
    assert!(is_locked(&app));
    fs::rename(&aside, place.dir.database()).unwrap();
    app.send(with(&text_of(&kit)).local()).expect(200);
}

#[test]
fn where_no_key_is_missing_none_is_asked_for() {
    let (place, app, kit) = locked();
    app.wait(app.app.close()).unwrap();
    let files: Vec<_> = ["keyring.json", "keyring.previous.json"]
        .map(|name| {
            (
                place.dir.path().join(name),
                place.dir.path().join(format!("aside-{name}")),
            )
        })
        .into();
    for (file, aside) in &files {
        fs::rename(file, aside).unwrap();
    }
    let app = place.start();
    let said = app.send(get(LOCKED)).expect(200);
    assert_eq!(
        said.json,
        json!({"locked": true, "fingerprint": null, "unlockers": [], "confirmationNeeded": false, "certificate": false})
    );
    let key = text_of(&kit);
    for call in [with(&key), confirmed(&key, "0000 0000"), with(&key).local()] {
        app.send(call).refused(409, "Conflict");
    }
    let reply = app.send(with(&key)).refused(409, "Conflict");
    assert!(reply.at("/message").contains("log says what"), "{}", reply.text);
    assert_eq!(app.said(&key), 0);
    // On the machine itself the key may be tried at once when everything is back.
    for (file, aside) in &files {
        fs::rename(aside, file).unwrap();
    }
    app.send(with(&key).local()).expect(200);
    assert!(!is_locked(&app));
}
