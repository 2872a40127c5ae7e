//! Backups over the API: who gets one, that a ticket is good for one download, and that what was downloaded opens with the
//! kit.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, SystemTime};

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use server::backup::restore;
use server::clock::Clock;
use server::domain::caller::Caller;
use server::domain::instance;
use sha2::{Digest as _, Sha256};
use shared::model::access::OrganizationRole;

use crate::app::{CANARY, Call, EMAIL, PASSWORD, Reply, World, get, post};
use crate::database::TestDatabase;
use crate::kits::{guess_until_slowed_down, kit_of};
use crate::scenario::{play, refused};

const BACKUPS: &str = "/api/strongroom/v1/backups";

fn begin(password: &str) -> Call {
    post(BACKUPS, &json!({"password": password}))
}

/// Begins a backup and waits for its end; returns its id.
pub fn start(world: &World) -> String {
    let id = world
        .send(begin(PASSWORD).token(&world.admin))
        .expect(202)
        .at("/id");
    finish(world, &id);
    id
}

/// Waits for the end of a backup.
pub fn finish(world: &World, id: &str) {
    for _ in 0..3_000 {
        if state(world, id)["state"] != "writing" {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the backup does not end: {}", state(world, id));
}

fn state(world: &World, id: &str) -> Value {
    let call = get(&format!("{BACKUPS}/{id}")).token(&world.admin);
    world.send(call).expect(200).json
}

fn ticket(world: &World, id: &str) -> String {
    state(world, id)["ticket"].as_str().unwrap().to_owned()
}

fn download(ticket: &str) -> Call {
    get(&format!("{BACKUPS}/download/{ticket}"))
}

/// Files in the folder of the backups, oldest first.
fn files(world: &World) -> Vec<String> {
    let mut names: Vec<String> = match fs::read_dir(world.file("backups")) {
        Ok(entries) => entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect(),
        Err(_) => Vec::new(),
    };
    names.sort();
    names
}

#[track_caller]
fn spent(reply: Reply) {
    let reply = reply.refused(404, "NotFound");
    assert!(reply.text.contains("works once"), "{}", reply.text);
    assert!(!reply.headers.contains_key("content-disposition"));
}

#[test]
fn only_who_administers_the_instance_gets_one() {
    let world = World::new();
    kit_of(&world);
    let id = start(&world);
    let organization_admin = world.person("dev@example.com", OrganizationRole::Admin);
    let machine = world.machine("ci", "admin").token;
    for token in [&organization_admin, &machine, &world.root] {
        let rows = [begin(PASSWORD), begin("wrong"), get(&format!("{BACKUPS}/{id}"))]
            .into_iter()
            .map(|call| refused("not theirs", call.token(token), 403, "ForbiddenRequestError"));
        play(&world, rows.collect());
    }
    for call in [begin(PASSWORD), get(&format!("{BACKUPS}/{id}"))] {
        world.send(call).refused(401, "UnauthorizedError");
    }
    assert_eq!(files(&world).len(), 1);
}

#[test]
fn without_the_password_or_a_kit_nothing_is_written() {
    let world = World::new();
    play(
        &world,
        vec![
            refused(
                "a wrong password",
                begin("wrong pony").token(&world.admin),
                400,
                "The password is wrong",
            )
            .recorded(&["user.reauthentication.refused"])
            .hiding(&["wrong pony"]),
            refused(
                "no kit",
                begin(PASSWORD).token(&world.admin),
                409,
                "no recovery kit",
            )
            .saying(&["Conflict", "Make a recovery kit first"]),
            refused(
                "no such backup",
                get(&format!("{BACKUPS}/AAAAAAAAAAAAAAAAAAAA")).token(&world.admin),
                404,
                "NotFound",
            ),
            refused("no such ticket", download(&"0".repeat(64)), 404, "works once"),
            refused("nonsense", download("%00..%2f"), 404, "works once"),
        ],
    );
    assert_eq!(files(&world), [""; 0]);
}

#[test]
fn guessing_the_password_is_slowed_down() {
    let world = World::new();
    kit_of(&world);
    guess_until_slowed_down(&world, &begin("wrong").token(&world.admin));
    world
        .send(begin(PASSWORD).token(&world.admin))
        .refused(429, "RateLimitExceeded");
    assert_eq!(files(&world), [""; 0]);
}

#[test]
fn a_ticket_works_once_and_for_ten_minutes() {
    let world = World::new();
    kit_of(&world);
    let id = start(&world);
    let (first, second, third) = (ticket(&world, &id), ticket(&world, &id), ticket(&world, &id));
    assert!(first.len() >= 32 && first != second);
    world.send(download(&first)).expect(200);
    spent(world.send(download(&first)));
    // Tickets do not depend on each other.
    world.later(10 * 60 - 1);
    world.send(download(&second)).expect(200);
    world.later(1);
    spent(world.send(download(&third)));
    spent(world.send(download(&third)));
}

#[test]
fn many_at_once_get_one_download() {
    let world = World::new();
    kit_of(&world);
    let id = start(&world);
    let ticket = ticket(&world, &id);
    let replies = world.send_together(vec![download(&ticket); 8]);
    let served = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(served, 1);
}

#[test]
fn what_was_downloaded_opens_with_the_kit() {
    let world = World::new();
    let project = world.project("Web");
    world.put(&project, "A", CANARY);
    world.put(&project, "B", "b");
    let kit = kit_of(&world);
    let before = world.events().len();
    let id = start(&world);
    let ready = state(&world, &id);
    assert_eq!(ready["state"], "ready");
    assert_eq!(ready["rowsDone"], ready["rowsTotal"]);
    assert!(ready["rowsTotal"].as_u64().unwrap() > 10);
    assert_eq!(
        ready["counts"],
        json!({"projects": 1, "secrets": 2, "versions": 2, "users": 1, "identities": 1})
    );
    assert_eq!(ready["unreadable"], 0);
    assert!(ready["error"].is_null());
    let opens_with = ready["opensWith"].as_array().unwrap();
    assert_eq!(opens_with.len(), 1);
    assert!(opens_with[0].as_str().unwrap().starts_with("Safe ("), "{ready}");

    let reply = world
        .send(download(ready["ticket"].as_str().unwrap()))
        .expect(200);
    assert_eq!(world.events()[before..], ["backup.create", "backup.download"]);
    assert!(!reply.text.contains(CANARY));
    assert_eq!(reply.bytes.len() as u64, ready["size"].as_u64().unwrap());
    assert_eq!(reply.headers["content-length"], reply.bytes.len().to_string());
    assert_eq!(reply.headers["content-type"], "application/octet-stream");
    assert_eq!(reply.headers["cache-control"], "no-store");
    let name = ready["fileName"].as_str().unwrap();
    assert!(
        name.starts_with("strongroom-20") && crate::store::backup_names::time(name).is_some(),
        "{name}"
    );
    assert_eq!(
        reply.headers["content-disposition"],
        format!("attachment; filename=\"{name}\"")
    );
    assert_eq!(HEXLOWER.encode(&Sha256::digest(&reply.bytes)), ready["sha256"]);

    assert_eq!(files(&world), [name]);
    let file = world.file("backups").join(name);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let folder = fs::metadata(world.file("backups")).unwrap();
    assert_eq!(folder.permissions().mode() & 0o777, 0o700);
    let noted = world
        .wait(world.app.app.read(instance::last_backup))
        .unwrap()
        .unwrap();
    assert_eq!(noted.size, reply.bytes.len() as u64);

    let database = TestDatabase::open();
    let open = |_: &_| Ok(database.db.clone());
    let now = Clock::default().now();
    let (_, _, summary) =
        restore::into_database(reply.bytes.as_slice(), &[kit], now, &Caller::operator(), &open).unwrap();
    assert_eq!((summary.secrets, summary.unreadable), (2, 0));
}

#[test]
fn a_restored_store_looks_for_no_file_of_the_one_before() {
    let world = World::new();
    let kit = kit_of(&world);
    start(&world);
    let id = start(&world);
    let backup = world.send(download(&ticket(&world, &id))).expect(200);
    let database = TestDatabase::open();
    let open = |_: &_| Ok(database.db.clone());
    let now = Clock::default().now();
    restore::into_database(backup.bytes.as_slice(), &[kit], now, &Caller::operator(), &open).unwrap();
    let listed = database.db.read_blocking(crate::store::backups::list).unwrap();
    let here: Vec<bool> = listed.iter().map(|backup| backup.here).collect();
    assert_eq!(here, [false]);
}

#[test]
fn only_the_newest_files_are_kept_and_foreign_ones_are_left_alone() {
    let world = World::new();
    kit_of(&world);
    let first = start(&world);
    let name = state(&world, &first)["fileName"].as_str().unwrap().to_owned();
    fs::write(world.file("backups").join("mine.age"), "mine").unwrap();
    let half = "strongroom-20261127T030000Z-k3v9x0ab.age.part";
    fs::write(world.file("backups").join(half), "half").unwrap();
    fs::write(world.file("backups").join("mine.part"), "mine").unwrap();
    let held = ticket(&world, &first);
    for _ in 0..3 {
        start(&world);
    }
    let kept = files(&world);
    assert_eq!(kept.len(), 5, "{kept:?}");
    assert!(
        kept.contains(&"mine.age".to_owned())
            && kept.contains(&"mine.part".to_owned())
            && !kept.contains(&name),
        "{kept:?}"
    );
    assert!(state(&world, &first)["ticket"].is_null());
    let reply = world.send(download(&held)).refused(404, "NotFound");
    assert!(reply.text.contains("no longer kept"), "{}", reply.text);
}

#[test]
fn a_backup_that_fails_says_so_and_leaves_nothing() {
    let world = World::new();
    kit_of(&world);
    fs::write(world.file("backups"), "in the way").unwrap();
    let failed = state(&world, &start(&world));
    assert_eq!(failed["state"], "failed");
    let error = failed["error"].as_str().unwrap();
    assert!(error.contains("could not be written"), "{error}");
    for field in ["ticket", "size", "sha256", "fileName", "counts"] {
        assert!(failed[field].is_null(), "{failed}");
    }
    assert!(
        world
            .wait(world.app.app.read(instance::last_backup))
            .unwrap()
            .is_none()
    );
    fs::remove_file(world.file("backups")).unwrap();
    assert_eq!(state(&world, &start(&world))["state"], "ready");
}

#[test]
fn what_no_restore_would_accept_is_no_backup() {
    let world = World::new();
    kit_of(&world);
    world.sql(|tx| {
        let long = crate::store::Value::Text("x".repeat(9 * 1024 * 1024));
        tx.execute("UPDATE audit_records SET detail = $1", &[long])
    });
    let failed = state(&world, &start(&world));
    assert_eq!(failed["state"], "failed");
    let error = failed["error"].as_str().unwrap();
    assert!(error.contains("audit_records is longer than 8 MiB"), "{error}");
    assert_eq!(files(&world), [""; 0]);
}

#[test]
fn a_ticket_ends_with_what_it_was_given_for() {
    let world = World::new();
    kit_of(&world);
    let id = start(&world);
    let further = |world: &World| {
        let login = world.login(EMAIL, PASSWORD).expect(200);
        world.selection(&login.at("/accessToken")).at("/token")
    };
    let ticket_of = |token: &str| {
        let call = get(&format!("{BACKUPS}/{id}")).token(token);
        world.send(call).expect(200).at("/ticket")
    };
    // The session ends.
    let other = further(&world);
    let (of_other, own) = (ticket_of(&other), ticket_of(&world.admin));
    let path = "/api/strongroom/v1/sessions?others=true";
    world
        .send(Call::new("DELETE", path).token(&world.admin))
        .expect(200);
    let before = world.events().len();
    let reply = world.send(download(&of_other)).refused(401, "UnauthorizedError");
    assert!(!reply.headers.contains_key("content-disposition"));
    spent(world.send(download(&of_other)));
    assert_eq!(world.events().len(), before, "no download is on record");
    world.send(download(&own)).expect(200);
    // The right ends.
    let own = ticket_of(&world.admin);
    world.sql(|tx| tx.execute("UPDATE users SET instance_admin = $1", &[false.into()]));
    world.send(download(&own)).refused(403, "ForbiddenRequestError");
}

#[test]
fn no_tickets_are_given_out_long_after_the_password() {
    let world = World::new();
    kit_of(&world);
    let id = start(&world);
    let first = ticket(&world, &id);
    world.later(15 * 60 - 1);
    let last = ticket(&world, &id);
    spent(world.send(download(&first)));
    world.later(1);
    let late = state(&world, &id);
    assert_eq!(late["state"], "ready");
    assert!(late["ticket"].is_null(), "{late}");
    world.send(download(&last)).expect(200);
}

#[test]
fn looking_at_a_download_does_not_use_it_up() {
    let world = World::new();
    kit_of(&world);
    let id = start(&world);
    let ticket = ticket(&world, &id);
    let before = world.events().len();
    let path = format!("{BACKUPS}/download/{ticket}");
    assert_eq!(world.send(Call::new("HEAD", &path)).status, 404);
    assert_eq!(world.events().len(), before);
    world.send(download(&ticket)).expect(200);
    let nonsense = world.send(download("%FF")).refused(422, "ValidationFailure");
    assert!(nonsense.at("/reqId").starts_with("req-"));
}

#[test]
fn a_damaged_backup_takes_the_place_of_no_good_one() {
    let world = World::new();
    let project = world.project("Web");
    world.put(&project, "A", CANARY);
    kit_of(&world);
    for _ in 0..3 {
        start(&world);
    }
    let good = files(&world);
    assert_eq!(good.len(), 3);
    world.sql(|tx| {
        tx.execute(
            "UPDATE secret_versions SET value_sealed = $1",
            &[vec![7_u8].into()],
        )
    });
    let damaged = state(&world, &start(&world));
    assert_eq!(
        (&damaged["state"], &damaged["unreadable"]),
        (&json!("ready"), &json!(1))
    );
    let kept = files(&world);
    assert_eq!(kept.len(), 4);
    assert!(good.iter().all(|name| kept.contains(name)), "{kept:?}");
}

#[test]
fn the_backup_just_made_is_kept_whatever_the_clock_says() {
    let world = World::new();
    kit_of(&world);
    for _ in 0..3 {
        start(&world);
    }
    let late = SystemTime::now() + Duration::from_hours(24);
    for name in files(&world) {
        let file = fs::File::options()
            .write(true)
            .open(world.file("backups").join(name));
        file.unwrap().set_modified(late).unwrap();
    }
    let newest = state(&world, &start(&world));
    assert_eq!(files(&world).len(), 3);
    world
        .send(download(newest["ticket"].as_str().unwrap()))
        .expect(200);
}
