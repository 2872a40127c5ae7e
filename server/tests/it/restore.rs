//! Restoring a backup through the running server: only while nobody has set it up, and all or nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};
use server::app::data_dir::DataDir;
use server::app::key_sources::KeySources;
use server::app::{App, open};
use server::backup::replace;
use server::clock::Clock;
use server::crypto::identity::{self, Identity};
use server::crypto::keyfile;
use server::crypto::keyring::SlotKind;
use server::domain::caller::Caller;
use server::store::credentials;
use shared::model::text::SecretText;
use tempfile::TempDir;

use crate::app::{CANARY, Call, EMAIL, PASSWORD, Reply, TestApp, get, post};
use crate::backup;

const UPLOAD: &str = "/api/strongroom/v1/restore/upload";
const RESTORE: &str = "/api/strongroom/v1/restore";
const SETUP: &str = "/api/strongroom/v1/setup";

/// A new instance in a data directory, as `serve` starts it.
pub struct Place {
    _scratch: TempDir,
    pub dir: DataDir,
}

impl Place {
    pub fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let dir = DataDir::new(scratch.path().join("data"));
        dir.create().unwrap();
        Self {
            _scratch: scratch,
            dir,
        }
    }

    pub fn start(&self) -> TestApp {
        let app = match open::open(&self.dir, &KeySources::default(), Clock::default().now()) {
            Ok(opened) => App::opened(opened),
            Err(locked) => App::locked(locked),
        };
        TestApp::of(app.unwrap().at(self.dir.clone()), identity::generate())
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm"))
            .collect();
        names.sort();
        names
    }
}

const WHOLE: [&str; 4] = [
    "identity",
    "keyring.json",
    "keyring.previous.json",
    "strongroom.db",
];

pub fn text_of(kit: &Identity) -> String {
    use age::secrecy::ExposeSecret as _;
    kit.to_string().expose_secret().to_owned()
}

fn upload(bytes: &[u8], code: &str) -> Call {
    Call::new("PUT", UPLOAD)
        .bytes(bytes)
        .header("x-strongroom-setup-code", code)
}

fn sent(app: &TestApp, bytes: &[u8], code: &str) -> String {
    let reply = app.send(upload(bytes, code)).expect(200);
    assert_eq!(reply.json["size"], bytes.len());
    reply.at("/upload")
}

fn start(upload: &str, kit: &str, code: &str) -> Call {
    post(RESTORE, &json!({"upload": upload, "identity": kit, "code": code}))
}

fn sign_up(code: &str) -> Value {
    json!({"email": "new@example.com", "password": PASSWORD, "organization": "New", "setupCode": code})
}

/// The empty instance is as it was: it can still be set up, and is the same after a start.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "the application ends here")]
fn require_empty_and_working(place: &Place, app: TestApp, code: &str) {
    assert_eq!(place.files(), WHOLE, "nothing is left behind");
    let instance = app.keyring().instance();
    app.send(post(SETUP, &sign_up(code))).expect(200);
    assert_eq!(app.said(CANARY), 0);
    app.wait(app.app.close()).unwrap();
    let again = place.start();
    assert_eq!(again.keyring().instance(), instance);
    again.login("new@example.com", PASSWORD).expect(200);
}

fn read(app: &TestApp) -> Reply {
    let login = app.login(EMAIL, PASSWORD).expect(200).at("/accessToken");
    let organizations = app.send(get("/api/v1/organization").token(&login)).expect(200);
    let organization = organizations.at("/organizations/0/id");
    let body = json!({"organizationId": organization});
    let token = app
        .send(post("/api/v3/auth/select-organization", &body).token(&login))
        .expect(200)
        .at("/token");
    let projects = app.send(get("/api/v1/projects").token(&token)).expect(200);
    let path = format!(
        "/api/v3/secrets/raw/A?workspaceId={}&environment=dev",
        projects.at("/projects/0/id")
    );
    app.send(get(&path).token(&token))
}

#[test]
fn without_the_code_nothing_is_taken() {
    let place = Place::new();
    let app = place.start();
    let code = app.setup_code();
    let (bytes, kit) = backup::small();
    for call in [
        Call::new("PUT", UPLOAD).bytes(&bytes),
        upload(&bytes, "AAAA-BBBB"),
        upload(&bytes, ""),
        // A browser on the same machine is no script.
        Call::new("PUT", UPLOAD)
            .bytes(&bytes)
            .local()
            .header("sec-fetch-site", "same-origin"),
        start("x", &text_of(&kit), "AAAA-BBBB"),
        post(RESTORE, &json!({"upload": "x", "identity": text_of(&kit)})),
    ] {
        app.send(call).refused(403, "ForbiddenRequestError");
        assert_eq!(place.files(), WHOLE);
    }
    // Guesses here and at sign-up count together.
    for _ in 0..4 {
        app.send(upload(&bytes, "AAAA-BBBB"))
            .refused(403, "ForbiddenRequestError");
    }
    for _ in 0..3 {
        app.send(post(SETUP, &sign_up("AAAA-BBBB")))
            .refused(403, "ForbiddenRequestError");
    }
    app.send(upload(&bytes, &code)).refused(429, "RateLimitExceeded");
    app.app.clock.advance_seconds(60);
    require_empty_and_working(&place, app, &code);
}

#[test]
fn once_somebody_has_set_it_up_nothing_is_restored() {
    let place = Place::new();
    let app = place.start();
    let code = app.setup_code();
    let (bytes, kit) = backup::small();
    let id = sent(&app, &bytes, &code);
    app.send(post(SETUP, &sign_up(&code))).expect(200);
    for call in [upload(&bytes, &code), start(&id, &text_of(&kit), &code)] {
        // Not for a script on the same machine either.
        app.send(call.clone().local()).refused(400, "BadRequest");
        app.send(call).refused(400, "BadRequest");
    }
    app.login("new@example.com", PASSWORD).expect(200);
}

#[test]
fn what_does_not_open_or_is_damaged_leaves_the_empty_instance_as_it_was() {
    let place = Place::new();
    let app = place.start();
    let code = app.setup_code();
    let (bytes, kit) = backup::small();
    let stranger = text_of(&identity::generate());
    let id = sent(&app, &bytes, &code);
    for (what, key, status, word) in [
        ("a key of something else", stranger.as_str(), 400, "BadRequest"),
        ("no key", "", 422, "ValidationFailure"),
        ("nonsense", "hunter2", 422, "ValidationFailure"),
        (
            "a public key",
            &identity::recipient(&kit),
            422,
            "ValidationFailure",
        ),
    ] {
        let reply = app.send(start(&id, key, &code)).refused(status, word);
        assert!(
            !reply.text.contains("hunter2") && !reply.text.contains(&stranger),
            "{what}"
        );
    }
    app.send(start("another", &text_of(&kit), &code))
        .refused(404, "NotFound");
    let mut flipped = bytes.clone();
    let mut damaged = vec![(Vec::new(), "empty"), (b"hello".to_vec(), "no backup")];
    for part in 1..6 {
        damaged.push((bytes[..bytes.len() * part / 6].to_vec(), "cut off"));
        let at = bytes.len() * part / 6;
        flipped[at] ^= 1;
        damaged.push((flipped.clone(), "a changed bit"));
        flipped[at] ^= 1;
    }
    damaged.push((bytes[..bytes.len() - 1].to_vec(), "without its last byte"));
    damaged.push(([&bytes[..], b"x"].concat(), "with something behind it"));
    for (file, what) in damaged {
        let id = sent(&app, &file, &code);
        let reply = app.send(start(&id, &text_of(&kit), &code));
        assert_eq!(reply.status, 400, "{what}: {}", reply.text);
        assert!(
            reply.text.contains("Nothing was changed"),
            "{what}: {}",
            reply.text
        );
        app.send(get("/api/status")).expect(200);
    }
    assert!(
        app.events()
            .iter()
            .any(|event| event == "instance.restore.refused")
    );
    // The last one is kept, so that another kit can be tried; it goes with the server.
    fs::remove_file(place.dir.upload()).unwrap();
    require_empty_and_working(&place, app, &code);
}

#[test]
fn a_backup_is_restored_and_the_server_goes_on_with_it() {
    let place = Place::new();
    let app = place.start();
    let code = app.setup_code();
    let empty = app.keyring();
    let (bytes, kit) = backup::small();
    // A wrong kit first: the backup need not be sent again.
    let id = sent(&app, &bytes, &code);
    app.send(start(&id, &text_of(&identity::generate()), &code))
        .refused(400, "BadRequest");
    // The text of a whole kit is taken as well as its key.
    let kit_text = identity::kit_text(&kit, empty.instance(), Clock::default().now());
    let reply = app.send(start(&id, kit_text.expose(), &code)).expect(200);
    assert_eq!(reply.json["report"]["counts"]["projects"], 1);
    assert_eq!(reply.json["report"]["counts"]["secrets"], 1);
    assert_eq!(reply.json["report"]["counts"]["users"], 1);
    assert_eq!(reply.json["report"]["unreadable"], 0);
    assert!(count_in_force(&reply, "session") > 0);
    assert!(!reply.text.contains(CANARY));
    assert_eq!(place.files(), WHOLE);
    assert_ne!(app.keyring().instance(), empty.instance());
    assert_eq!(app.events().last().unwrap(), "instance.restore");
    assert_eq!(read(&app).expect(200).at("/secret/secretValue"), CANARY);
    // The empty instance is gone with everything that was good for it.
    app.send(post(SETUP, &sign_up(&code))).refused(400, "BadRequest");
    app.send(upload(&bytes, &code)).refused(400, "BadRequest");
    // The files of the keyring are those of the restored store, and stay so.
    app.app.store().unwrap().keep_keyring_files(&place.dir).unwrap();
    app.wait(app.app.close()).unwrap();
    for name in ["keyring.json", "keyring.previous.json"] {
        let copy = Place::new();
        for file in WHOLE {
            fs::copy(place.dir.path().join(file), copy.dir.path().join(file)).unwrap();
        }
        fs::remove_file(copy.dir.path().join(name)).unwrap();
        let again = copy.start();
        assert_eq!(
            read(&again).expect(200).at("/secret/secretValue"),
            CANARY,
            "{name}"
        );
    }
}

/// How many credentials of a kind the report of a restore names.
fn count_in_force(reply: &Reply, kind: &str) -> u64 {
    let mut found = reply.json["report"]["inForce"].as_array().unwrap().iter();
    found
        .find(|found| found["kind"] == kind)
        .map_or(0, |found| found["count"].as_u64().unwrap())
}

#[test]
fn a_restore_ends_all_sessions_when_it_is_asked_to() {
    for revoked in [false, true] {
        let (bytes, kit) = backup::small();
        let place = Place::new();
        let app = place.start();
        let code = app.setup_code();
        let id = sent(&app, &bytes, &code);
        let body = json!({
            "upload": id, "identity": text_of(&kit), "code": code, "revokeSessions": revoked,
        });
        let reply = app.send(post(RESTORE, &body)).expect(200);
        assert_eq!(count_in_force(&reply, "session") == 0, revoked, "{}", reply.text);
        let now = Clock::default().now();
        let in_force = app.db().read_blocking(move |tx| credentials::in_force(tx, now));
        let sessions = in_force.unwrap().iter().any(|found| found.kind == "session");
        assert_eq!(sessions, !revoked);
    }
}

#[test]
fn a_server_whose_identity_survived_restores_its_own_backup() {
    let (bytes, kit, server) = backup::small_with_server();
    let place = Place::new();
    fs::write(place.dir.identity(), text_of(&server)).unwrap();
    fs::set_permissions(place.dir.identity(), fs::Permissions::from_mode(0o600)).unwrap();
    let app = place.start();
    let code = app.setup_code();
    let id = sent(&app, &bytes, &code);
    app.send(start(&id, &text_of(&kit), &code)).expect(200);
    let servers = |app: &TestApp| -> Vec<String> {
        let keyring = app.keyring();
        let slots = keyring.slots().iter();
        slots
            .filter(|slot| slot.kind == SlotKind::Server)
            .map(|slot| slot.recipient.clone())
            .collect()
    };
    assert_eq!(servers(&app), [identity::recipient(&server)]);
    app.wait(app.app.close()).unwrap();
    let again = place.start();
    assert_eq!(servers(&again), [identity::recipient(&server)]);
    assert_eq!(read(&again).expect(200).at("/secret/secretValue"), CANARY);
}

#[test]
fn a_script_on_the_same_machine_needs_no_code() {
    let place = Place::new();
    let app = place.start();
    let (bytes, kit) = backup::small();
    let call = Call::new("PUT", UPLOAD).bytes(&bytes).local();
    let id = app.send(call).expect(200).at("/upload");
    let body = json!({"upload": id, "identity": text_of(&kit)});
    app.send(post(RESTORE, &body).local()).expect(200);
    read(&app).expect(200);
}

#[test]
fn of_two_restores_at_once_one_is_done() {
    let place = Place::new();
    let app = place.start();
    let code = app.setup_code();
    let (bytes, kit) = backup::small();
    let id = sent(&app, &bytes, &code);
    let calls = vec![start(&id, &text_of(&kit), &code); 4];
    let mut statuses: Vec<u16> = app
        .send_together(calls)
        .iter()
        .map(|reply| reply.status)
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200, "{statuses:?}");
    // Too late (set up), in the way (conflict), while the stores were switched (locked or closed).
    assert!(
        statuses[1..]
            .iter()
            .all(|status| [400, 409, 503].contains(status)),
        "{statuses:?}"
    );
    read(&app).expect(200);
}

#[test]
fn what_was_written_to_the_empty_store_meanwhile_does_not_reach_the_restored_one() {
    let place = Place::new();
    let app = place.start();
    let code = app.setup_code();
    let (bytes, kit) = backup::small();
    let old = app.app.store().unwrap();
    let id = sent(&app, &bytes, &code);
    app.send(start(&id, &text_of(&kit), &code)).expect(200);
    // Somebody who still holds the old store writes neither its rows nor its keyring any more.
    let late = old
        .db
        .write_blocking(|tx| crate::store::settings::set(tx, "late", "x"));
    assert!(late.is_err());
    let changed = old.change_keyring(&place.dir, |keyring| {
        keyring.rotate_root()?;
        Ok::<_, server::domain::Error>(())
    });
    assert!(changed.is_err());
    assert!(old.keep_keyring_files(&place.dir).unwrap().is_empty());
    app.wait(app.app.close()).unwrap();
    read(&place.start()).expect(200);
}

#[test]
fn an_upload_that_is_under_way_keeps_another_one_waiting() {
    let place = Place::new();
    let app = place.start();
    let code = app.setup_code();
    let mut receiving = app.wait(app.app.receive_backup(None)).unwrap();
    app.wait(receiving.write(b"half of it")).unwrap();
    app.send(upload(b"x", &code)).refused(409, "Conflict");
    app.send(start("x", &text_of(&identity::generate()), &code))
        .refused(409, "Conflict");
    // One that broke off leaves nothing.
    drop(receiving);
    assert_eq!(place.files(), WHOLE);
    // One that cannot fit is refused before it is sent.
    let refused = app.wait(app.app.receive_backup(Some(u64::MAX / 2)));
    assert!(refused.is_err());
    assert_eq!(place.files(), WHOLE);
    sent(&app, b"x", &code);
    require_private(&place.dir.upload());
}

fn require_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_locked_server_restores_nothing() {
    let place = Place::new();
    let app = place.start();
    app.wait(app.app.close()).unwrap();
    fs::remove_file(place.dir.identity()).unwrap();
    let app = place.start();
    app.send(upload(b"x", "AAAA-BBBB").local())
        .refused(503, "ServiceUnavailable");
    let key = SecretText::from(text_of(&identity::generate()).as_str());
    app.send(start("x", key.expose(), "x").local())
        .refused(503, "ServiceUnavailable");
    assert_eq!(place.files(), WHOLE[1..]);
}

/// A closed empty store with a restored one beside it, as a kill at the moment `step` of the switch leaves them.
fn killed(step: usize) -> Place {
    let place = Place::new();
    let app = place.start();
    let present = app.keyring();
    let (bytes, kit) = backup::small();
    let (opened, now) = (app.app.store().unwrap(), app.app.clock.now());
    replace::build(
        &bytes[..],
        &place.dir,
        &[kit],
        &opened,
        now,
        &Caller::operator(),
        false,
    )
    .unwrap();
    drop(opened);
    app.wait(app.app.close()).unwrap();
    let part = place.dir.restore_part();
    if step == 0 {
        return place;
    }
    fs::write(part.join("replaces"), present.instance().to_string()).unwrap();
    if step == 1 {
        return place;
    }
    let ready = DataDir::new(place.dir.restore_ready());
    fs::rename(part, ready.path()).unwrap();
    if step == 2 {
        return place;
    }
    fs::rename(ready.database(), place.dir.database()).unwrap();
    if step == 3 {
        return place;
    }
    let keyring = keyfile::load(ready.path()).unwrap().unwrap().text;
    fs::write(place.dir.path().join(keyfile::CURRENT), &keyring).unwrap();
    if step == 4 {
        return place;
    }
    keyfile::replace(place.dir.path(), &keyring).unwrap();
    if step == 5 {
        return place;
    }
    fs::remove_file(ready.path().join(keyfile::CURRENT)).unwrap();
    if step > 6 {
        // There is one generation in it, or two.
        let _ = fs::remove_file(ready.path().join(keyfile::PREVIOUS));
    }
    place
}

#[test]
fn a_restore_that_was_killed_never_happened_or_is_complete() {
    for step in 0..=7 {
        let place = killed(step);
        let app = place.start();
        assert!(
            app.app.why_locked().is_none(),
            "{step}: {:?}",
            app.app.why_locked()
        );
        assert_eq!(place.files(), WHOLE, "{step}");
        if step < 2 {
            app.send(post(SETUP, &sign_up(&app.setup_code()))).expect(200);
        } else {
            assert_eq!(read(&app).expect(200).at("/secret/secretValue"), CANARY, "{step}");
        }
        app.wait(app.app.close()).unwrap();
        assert!(place.start().app.why_locked().is_none(), "{step}");
    }
}

#[test]
fn a_restored_store_takes_no_place_but_the_one_it_was_made_for() {
    let place = killed(2);
    let other = Place::new();
    let app = other.start();
    app.send(post(SETUP, &sign_up(&app.setup_code()))).expect(200);
    app.wait(app.app.close()).unwrap();
    for file in WHOLE {
        fs::copy(other.dir.path().join(file), place.dir.path().join(file)).unwrap();
    }
    let locked = place.start();
    let why = locked.app.why_locked().unwrap();
    assert!(why.reason.contains("restore.ready"), "{why:?}");
    fs::rename(place.dir.restore_ready(), other.dir.path().join("away")).unwrap();
    place.start().login("new@example.com", PASSWORD).expect(200);
}
