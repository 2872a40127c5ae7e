//! The schedule of backups, what is kept, targets and rehearsed restores.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use server::app::backups::perform;
use server::app::host::Host;
use server::domain::backups::targets;
use server::domain::caller::Caller;
use server::domain::{Context, backups};
use server::outside::outbound_guard::OutboundGuard;
use shared::model::access::OrganizationRole;
use shared::model::backups::{BackupsAct, TargetPlace};

use crate::app::{CANARY, Call, PASSWORD, World, get, post};
use crate::backups::start;
use crate::kits::kit_of;
use crate::scenario::{play, refused};

const BACKUPS: &str = "/api/strongroom/v1/backups";
const DAY: i64 = 24 * 60 * 60;

fn act(act: &Value) -> Call {
    let mut body = act.clone();
    body["password"] = json!(PASSWORD);
    post(&format!("{BACKUPS}/acts"), &body)
}

/// The state as the operator sees it: sessions end in the weeks that pass here.
fn list(world: &World) -> Value {
    let app = &world.app.app;
    let state = world.wait(app.read(backups::state_for_operator)).unwrap();
    serde_json::to_value(app.completed(state)).unwrap()
}

fn done(world: &World, what: &Value) -> Value {
    world.send(act(what).token(&world.admin)).expect(200).json["backups"].clone()
}

fn wait_until(what: &str, world: &World, reached: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..3_000 {
        let state = list(world);
        if reached(&state) {
            return state;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{what} does not come: {}", list(world));
}

/// What every page says about backups.
fn trouble(world: &World) -> Value {
    let trouble = world.wait(world.app.app.read(backups::trouble)).unwrap();
    serde_json::to_value(trouble).unwrap()
}

/// Rehearses a restore by hand, to its end.
fn drill(world: &World) -> Value {
    let before = list(world)["drills"].as_array().unwrap().len();
    let operator = |_: &mut Context| Ok(Caller::operator());
    world
        .wait(perform(&world.app.app, BackupsAct::Drill, operator))
        .unwrap();
    let state = wait_until("the drill", world, |state| {
        state["drilling"] == false && state["drills"].as_array().unwrap().len() > before
    });
    state["drills"][0].clone()
}

#[test]
fn only_who_administers_the_instance_sees_and_changes_them() {
    let world = World::new();
    kit_of(&world);
    start(&world);
    let id = list(&world)["backups"][0]["id"].as_str().unwrap().to_owned();
    let ticket = post(&format!("{BACKUPS}/{id}/tickets"), &json!({"password": PASSWORD}));
    let calls = || [get(BACKUPS), act(&json!({"act": "drill"})), ticket.clone()];
    let organization_admin = world.person("dev@example.com", OrganizationRole::Admin);
    let machine = world.machine("ci", "admin").token;
    for token in [&organization_admin, &machine, &world.root] {
        let rows = calls()
            .into_iter()
            .map(|call| refused("not theirs", call.token(token), 403, "ForbiddenRequestError"));
        play(&world, rows.collect());
    }
    for call in calls() {
        world.send(call).refused(401, "UnauthorizedError");
    }
    let wrong = json!({"act": "drill", "password": "wrong pony"});
    for call in [
        post(&format!("{BACKUPS}/acts"), &wrong),
        post(&format!("{BACKUPS}/{id}/tickets"), &wrong),
    ] {
        world.send(call.token(&world.admin)).refused(400, "BadRequest");
    }
    assert_eq!(list(&world)["drills"], json!([]));
    let seen = world.send(get(BACKUPS).token(&world.admin)).expect(200).json;
    assert_eq!(seen, list(&world));
}

#[test]
fn every_backup_that_is_kept_can_be_fetched_in_pieces_once() {
    let world = World::new();
    kit_of(&world);
    start(&world);
    let backup = list(&world)["backups"][0].clone();
    let id = backup["id"].as_str().unwrap();
    let ask = post(&format!("{BACKUPS}/{id}/tickets"), &json!({"password": PASSWORD}));
    let ticket = world.send(ask.token(&world.admin)).expect(200).at("/ticket");
    let path = format!("{BACKUPS}/download/{ticket}");
    let range = |from: usize| get(&path).header("range", &format!("bytes={from}-"));
    // Nothing was handed out yet with which a download could go on.
    world.send(range(10)).refused(404, "NotFound");
    let whole = world.send(get(&path)).expect(200);
    // A slow line is cut long after the time in which a download has to begin.
    world.later(12 * 60);
    assert_eq!(whole.headers["accept-ranges"], "bytes");
    assert_eq!(whole.bytes.len().to_string(), backup["size"].to_string());
    let rest = world.send(range(10)).expect(206);
    assert_eq!(rest.bytes, whole.bytes[10..]);
    let length = whole.bytes.len();
    assert_eq!(
        rest.headers["content-range"],
        format!("bytes 10-{}/{length}", length - 1)
    );
    for spent in [get(&path), range(0), range(length), range(length + 1)] {
        world.send(spent).refused(404, "NotFound");
    }
    let missing = "00000000-0000-4000-8000-000000000000";
    let ask = post(
        &format!("{BACKUPS}/{missing}/tickets"),
        &json!({"password": PASSWORD}),
    );
    world.send(ask.token(&world.admin)).refused(404, "NotFound");
}

#[test]
fn the_schedule_makes_a_backup_each_night_and_keeps_the_promised_ones() {
    let world = World::new();
    let due = || world.wait(world.app.app.read(backups::is_due)).unwrap();
    world.later(2 * DAY);
    assert!(!due(), "without a kit there is nothing to do");
    assert_eq!(
        trouble(&world),
        Value::Null,
        "that there is no kit is said elsewhere"
    );
    kit_of(&world);
    assert_eq!(list(&world)["overdue"], true);
    assert_eq!(trouble(&world), "overdue");
    let made = || {
        let events = world.events();
        events.iter().filter(|event| *event == "backup.create").count()
    };
    for night in 1..=12 {
        assert!(due(), "night {night}");
        // As the jobs do: one that is still being tidied up after lets it wait for the next look.
        wait_until("the backup", &world, |_| {
            world.wait(world.app.app.start_backup_when_due()).unwrap();
            made() == night
        });
        assert!(!due(), "night {night}");
        world.later(DAY);
    }
    let files = || fs::read_dir(world.file("backups")).unwrap().count();
    let state = wait_until("the end of tidying up", &world, |state| {
        state["backups"].as_array().unwrap().len() == files() && files() < 12
    });
    // Seven days; the newest of the week before; no month has ended that is not among them, or one.
    assert!((8..=10).contains(&files()), "{}", files());
    assert!(state["failure"].is_null());
    assert_eq!(state["overdue"], false);
    assert_eq!(trouble(&world), Value::Null);
    world.later(2 * DAY);
    assert_eq!(list(&world)["overdue"], true);
    assert_eq!(made(), 12);
}

#[test]
fn a_schedule_that_cannot_be_kept_is_refused() {
    let world = World::new();
    kit_of(&world);
    let schedule = |cron: Value, daily: u32| json!({"act": "schedule", "schedule": {"cron": cron, "daily": daily, "weekly": 0, "monthly": 0}});
    let before = list(&world);
    for (bad, says) in [
        (schedule(json!("every night"), 7), "cron expression"),
        (schedule(json!("* * * * *"), 7), "at least an hour"),
        (schedule(json!("0 3 * * *"), 0), "at least one"),
    ] {
        let reply = world
            .send(act(&bad).token(&world.admin))
            .refused(422, "ValidationFailure");
        assert!(reply.text.contains(says), "{}", reply.text);
    }
    assert_eq!(list(&world), before);
    let off = done(&world, &schedule(Value::Null, 3));
    assert_eq!(
        (&off["schedule"]["cron"], &off["nextAt"]),
        (&Value::Null, &Value::Null)
    );
    let weekly = done(&world, &schedule(json!("30 4 * * MON"), 3));
    assert_eq!(weekly["schedule"]["daily"], 3);
    assert!(
        weekly["nextAt"].as_str().unwrap().contains("T04:30:00"),
        "{weekly}"
    );
    done(&world, &schedule(Value::Null, 3));
    world.later(30 * DAY);
    assert!(!world.wait(world.app.app.read(backups::is_due)).unwrap());
}

#[test]
fn a_failure_is_seen_and_tried_again() {
    let world = World::new();
    kit_of(&world);
    world.later(2 * DAY);
    fs::write(world.file("backups"), "in the way").unwrap();
    let due = || world.wait(world.app.app.read(backups::is_due)).unwrap();
    world.wait(world.app.app.start_backup_when_due()).unwrap();
    let state = wait_until("the failure", &world, |state| !state["failure"].is_null());
    assert!(
        state["failure"]["reason"]
            .as_str()
            .unwrap()
            .contains("could not be written"),
        "{state}"
    );
    assert!(world.events().contains(&"backup.failed".to_owned()));
    assert_eq!(trouble(&world), "failed");
    assert!(!due(), "not at once");
    world.later(60 * 60);
    assert!(due());
    fs::remove_file(world.file("backups")).unwrap();
    world.wait(world.app.app.start_backup_when_due()).unwrap();
    wait_until("the backup", &world, |state| {
        state["failure"].is_null() && state["backups"].as_array().unwrap().len() == 1
    });
}

#[test]
fn a_drill_restores_everything_and_finds_what_is_damaged() {
    let world = World::new();
    let project = world.project("Web");
    world.put(&project, "A", CANARY);
    kit_of(&world);
    world
        .send(act(&json!({"act": "drill"})).token(&world.admin))
        .refused(409, "Conflict");
    start(&world);
    let due = || {
        world
            .wait(world.app.app.read(server::domain::drills::is_due))
            .unwrap()
    };
    assert!(due());
    let passed = drill(&world);
    let backup = list(&world)["backups"][0].clone();
    assert_eq!(
        (&passed["passed"], &passed["genuine"]),
        (&json!(true), &json!(true)),
        "{passed}"
    );
    for field in ["sha256", "root", "secrets", "fileName"] {
        assert_eq!(passed[field], backup[field], "{field}");
    }
    assert_eq!(passed["secrets"], 1);
    assert!(!world.file("drill.part").exists());
    assert!(world.events().contains(&"backup.drill.passed".to_owned()));
    assert!(!due());
    let file = world.file("backups").join(backup["fileName"].as_str().unwrap());
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, &bytes).unwrap();
    let failed = drill(&world);
    assert_eq!(failed["passed"], false, "{failed}");
    assert!(!failed["problem"].is_null());
    assert_eq!(list(&world)["drillOverdue"], true);
    assert_eq!(trouble(&world), "drill-failed");
    bytes[middle] ^= 1;
    fs::write(&file, &bytes).unwrap();
    assert_eq!(drill(&world)["passed"], true);
    assert_eq!(trouble(&world), Value::Null);
    assert_eq!(list(&world)["drillOverdue"], false);

    // Another whole backup in its place is not the one that was written.
    world.put(&project, "B", "more");
    start(&world);
    let newer = list(&world)["backups"][0]["fileName"]
        .as_str()
        .unwrap()
        .to_owned();
    fs::write(world.file("backups").join(newer), &bytes).unwrap();
    let swapped = drill(&world);
    assert!(
        swapped["problem"].as_str().unwrap().contains("not the one"),
        "{swapped}"
    );
}

#[test]
fn a_drill_is_due_each_week() {
    let world = World::new();
    kit_of(&world);
    start(&world);
    assert_eq!(drill(&world)["passed"], true);
    let due = || {
        world
            .wait(world.app.app.read(server::domain::drills::is_due))
            .unwrap()
    };
    world.later(7 * DAY - 60);
    assert!(!due());
    world.later(60);
    assert!(due());
    assert_eq!(list(&world)["drillOverdue"], false);
    world.later(7 * DAY + 1);
    assert_eq!(list(&world)["drillOverdue"], true);
}

#[test]
fn a_changed_result_counts_for_nothing() {
    let world = World::new();
    kit_of(&world);
    start(&world);
    fs::write(
        world
            .file("backups")
            .join(list(&world)["backups"][0]["fileName"].as_str().unwrap()),
        "no",
    )
    .unwrap();
    assert_eq!(drill(&world)["passed"], false);
    world.sql(|tx| {
        tx.execute(
            "UPDATE drills SET passed = $1, result = replace(result, '\"passed\":false', '\"passed\":true')",
            &[true.into()],
        )
    });
    let forged = list(&world)["drills"][0].clone();
    assert_eq!(
        (&forged["passed"], &forged["genuine"]),
        (&json!(false), &json!(false)),
        "{forged}"
    );
    assert_eq!(list(&world)["drillOverdue"], true);
}

/// A world whose host allows directories below `disk` of its data directory as targets.
fn with_disk() -> World {
    let world = World::new();
    fs::create_dir_all(world.file("disk/inside")).unwrap();
    world
}

fn directory(world: &World, path: &str) -> Value {
    json!({
        "act": "add-target", "name": "Disk",
        "place": {"kind": "directory", "path": world.file(path).display().to_string()},
    })
}

#[test]
fn without_leave_of_the_host_no_directory_is_a_target() {
    let world = with_disk();
    kit_of(&world);
    let reply = world
        .send(act(&directory(&world, "disk")).token(&world.admin))
        .refused(400, "BadRequest");
    assert!(reply.text.contains("--backup-root"), "{}", reply.text);
    assert_eq!(list(&world)["targets"], json!([]));
}

#[test]
fn without_leave_of_the_host_no_target_is_behind_the_server() {
    let world = World::new();
    kit_of(&world);
    for (address, meant) in [
        ("http://127.0.0.1:1", "127.0.0.1"),
        ("http://0x7f000001:1", "127.0.0.1"),
        ("http://localhost:1", "127.0.0.1"),
        ("https://[::ffff:10.0.0.1]", "10.0.0.1"),
        ("http://169.254.169.254/latest/meta-data", "169.254.169.254"),
    ] {
        for place in [
            json!({"kind": "s3", "endpoint": address, "region": "r", "bucket": "b", "accessKey": "k"}),
            json!({"kind": "web-dav", "url": address, "user": "u"}),
        ] {
            let body = json!({"act": "add-target", "name": "T", "place": place, "secret": CANARY});
            let reply = world
                .send(act(&body).token(&world.admin))
                .refused(400, "BadRequest");
            let next = format!("--allow-outbound {meant}");
            assert!(reply.text.contains(&next), "{address}: {}", reply.text);
        }
    }
    assert_eq!(list(&world)["targets"], json!([]));
}

/// The same, with leave of the host for targets there.
fn with_allowed_disk() -> World {
    let world = World::with_host(|dir| Host {
        backup_roots: vec![dir.join("disk")],
        outbound: Arc::new(OutboundGuard::allowing(vec!["127.0.0.1".parse().unwrap()])),
        ..Host::default()
    });
    fs::create_dir_all(world.file("disk/inside")).unwrap();
    world
}

/// Does what is to be done at targets, as the jobs do.
fn copy(world: &World) {
    for _ in 0..20 {
        world.wait(async {
            world.app.app.copy_backups().await.unwrap();
            tokio::time::sleep(Duration::from_millis(30)).await;
        });
    }
}

/// Names of the copies at that target.
fn copied(world: &World) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(world.file("disk/inside"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with("strongroom-target-"))
        .collect();
    names.sort();
    names
}

/// Keeps as few backups as possible: the three newest.
fn keep_few(world: &World) {
    let schedule = json!({"cron": null, "daily": 1, "weekly": 0, "monthly": 0});
    done(world, &json!({"act": "schedule", "schedule": schedule}));
}

#[test]
fn the_copy_of_a_file_that_somebody_removed_here_is_never_too_old() {
    let world = with_allowed_disk();
    kit_of(&world);
    keep_few(&world);
    start(&world);
    done(&world, &directory(&world, "disk/inside"));
    copy(&world);
    let first = list(&world)["backups"][0]["fileName"]
        .as_str()
        .unwrap()
        .to_owned();
    fs::remove_file(world.file("backups").join(&first)).unwrap();
    for _ in 0..4 {
        start(&world);
    }
    copy(&world);
    assert!(world.file("disk/inside").join(&first).exists());
    let state = list(&world);
    let backups = state["backups"].as_array().unwrap();
    let there: Vec<_> = backups.iter().map(|backup| backup["here"].clone()).collect();
    assert_eq!(there, [true, true, true, false].map(Value::from), "{state}");
    assert_eq!(backups[3]["fileName"], json!(first));
}

#[test]
fn the_place_where_a_disk_was_mounted_is_not_the_disk() {
    let world = with_allowed_disk();
    kit_of(&world);
    start(&world);
    done(&world, &directory(&world, "disk/inside"));
    copy(&world);
    let first = list(&world)["backups"][0].clone();
    fs::rename(world.file("disk/inside"), world.file("unmounted")).unwrap();
    fs::create_dir(world.file("disk/inside")).unwrap();
    start(&world);
    done(&world, &json!({"act": "remove", "backup": first["id"]}));
    copy(&world);
    assert_eq!(fs::read_dir(world.file("disk/inside")).unwrap().count(), 0);
    let state = list(&world);
    assert_eq!(state["backups"].as_array().unwrap().len(), 2, "{state}");
    for backup in state["backups"].as_array().unwrap() {
        let error = backup["copies"][0]["error"].as_str().unwrap();
        assert!(error.contains("not mounted"), "{state}");
    }
    assert_eq!(state["backups"][1]["removed"], true);
    let refused_name = world
        .send(act(&directory(&world, "disk/inside")).token(&world.admin))
        .refused(400, "BadRequest");
    assert!(refused_name.text.contains("has this name"));
    // Nothing is left of the attempt, and the disk is known again.
    fs::remove_dir(world.file("disk/inside")).unwrap();
    fs::rename(world.file("unmounted"), world.file("disk/inside")).unwrap();
    world.later(10 * 60);
    copy(&world);
    assert_eq!(
        copied(&world),
        [state["backups"][0]["fileName"].as_str().unwrap()]
    );
    assert_eq!(list(&world)["backups"].as_array().unwrap().len(), 1);
}

#[test]
fn a_target_that_does_not_answer_keeps_no_other_waiting() {
    let world = with_allowed_disk();
    kit_of(&world);
    start(&world);
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = TargetPlace::WebDav {
        url: format!("http://{}/", silent.local_addr().unwrap()),
        user: String::new(),
    };
    let stored = targets::make("Silent", place, None).unwrap();
    let app = &world.app.app;
    world
        .wait(app.write(move |cx| targets::add(cx, &Caller::operator(), &stored)))
        .unwrap();
    done(&world, &directory(&world, "disk/inside"));
    let missing = || {
        let text = world.send(get("/metrics").local()).expect(200).text;
        let line = text
            .lines()
            .find(|line| line.starts_with("strongroom_backup_last_copies_missing "));
        line.unwrap().rsplit(' ').next().unwrap().to_owned()
    };
    assert_eq!(missing(), "2.0");
    copy(&world);
    assert_eq!(copied(&world).len(), 1);
    assert_eq!(missing(), "1.0");
}

#[test]
fn a_copy_that_was_on_its_way_goes_with_what_it_is_of() {
    let world = with_allowed_disk();
    kit_of(&world);
    start(&world);
    done(&world, &directory(&world, "disk/inside"));
    let app = &world.app.app;
    let on_its_way = || {
        let next = world.wait(app.read(|cx| targets::next_work(cx, &[])));
        next.unwrap().unwrap()
    };
    let arrives = |(stored, work): (targets::Stored, targets::Work), outcome: Result<(), String>| {
        if let (targets::Work::Copy(backup), Ok(())) = (&work, &outcome) {
            fs::write(world.file("disk/inside").join(&backup.file_name), "x").unwrap();
        }
        let id = stored.target.id;
        world
            .wait(app.write(move |cx| targets::note(cx, id, &work, &outcome)))
            .unwrap();
    };
    // Somebody removes the backup while it is being copied.
    let (first, again) = (on_its_way(), on_its_way());
    let id = list(&world)["backups"][0]["id"].clone();
    start(&world);
    done(&world, &json!({"act": "remove", "backup": id}));
    arrives(again, Err("the line was cut".into()));
    assert_eq!(list(&world)["backups"].as_array().unwrap().len(), 1);
    arrives(first, Ok(()));
    assert_eq!(copied(&world).len(), 1);
    copy(&world);
    let newest = list(&world)["backups"][0]["fileName"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(copied(&world), [newest.as_str()]);

    // Somebody removes its file alone: then the copy stays.
    start(&world);
    let second = on_its_way();
    let name = list(&world)["backups"][0]["fileName"]
        .as_str()
        .unwrap()
        .to_owned();
    fs::remove_file(world.file("backups").join(&name)).unwrap();
    start(&world);
    arrives(second, Ok(()));
    copy(&world);
    assert!(copied(&world).contains(&name));
    assert_eq!(list(&world)["backups"][0]["here"], true);
    let kept = list(&world)["backups"][1].clone();
    assert_eq!(
        (&kept["fileName"], &kept["here"], &kept["removed"]),
        (&json!(name), &json!(false), &json!(false))
    );
}

#[test]
fn what_could_not_be_removed_is_not_said_to_be_gone() {
    let world = World::new();
    kit_of(&world);
    start(&world);
    let old = list(&world)["backups"][0].clone();
    start(&world);
    let file = world.file("backups").join(old["fileName"].as_str().unwrap());
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    let remove = json!({"act": "remove", "backup": old["id"]});
    let reply = world
        .send(act(&remove).token(&world.admin))
        .refused(409, "Conflict");
    assert!(reply.text.contains("could not be removed"), "{}", reply.text);
    assert_eq!(list(&world)["backups"][1]["here"], true);
    fs::remove_dir(&file).unwrap();
    done(&world, &remove);
    assert_eq!(list(&world)["backups"].as_array().unwrap().len(), 1);
    world
        .send(act(&remove).token(&world.admin))
        .refused(404, "NotFound");
}

#[test]
fn a_clock_that_was_ahead_stops_nothing() {
    let world = World::new();
    kit_of(&world);
    let app = &world.app.app;
    let due = || {
        let backup = world.wait(app.read(backups::is_due)).unwrap();
        let drill = world.wait(app.read(server::domain::drills::is_due)).unwrap();
        (backup, drill)
    };
    let by_schedule = |count: usize| {
        wait_until("the backup", &world, |state| {
            world.wait(app.start_backup_when_due()).unwrap();
            state["backups"].as_array().unwrap().len() == count && !due().0
        })
    };
    let years = 10 * 365 * DAY;
    world.later(years);
    by_schedule(1);
    assert_eq!(drill(&world)["passed"], true);
    assert_eq!(due(), (false, false));

    world.later(-years);
    assert_eq!(due(), (true, true));
    assert_eq!(
        (&list(&world)["overdue"], &list(&world)["drillOverdue"]),
        (&json!(true), &json!(true))
    );
    let state = by_schedule(2);
    assert_eq!(state["overdue"], false);
    let names = [0, 1].map(|place| state["backups"][place]["createdAt"].as_str().unwrap()[..4].to_owned());
    assert!(
        names[0] < names[1],
        "the one from the future comes last: {names:?}"
    );
    let tried = drill(&world);
    assert_eq!(
        (&tried["passed"], &tried["fileName"]),
        (&json!(true), &state["backups"][0]["fileName"])
    );
    assert_eq!(due(), (false, false));
    assert_eq!(list(&world)["drillOverdue"], false);
    world.later(2 * DAY);
    assert!(due().0);
}

#[test]
fn a_backup_that_cannot_be_noted_is_not_made_again_and_again() {
    let world = World::new();
    kit_of(&world);
    start(&world);
    world.later(2 * DAY);
    let app = &world.app.app;
    let due = || world.wait(app.read(backups::is_due)).unwrap();
    let files = || fs::read_dir(world.file("backups")).unwrap().count();
    world.sql(|tx| tx.execute("UPDATE backups SET reason = $1", &["nonsense".into()]));
    assert!(due());
    world.wait(app.start_backup_when_due()).unwrap();
    assert!(!due(), "it is written down before it is begun");
    let failure = || {
        let found = world.sql(|tx| crate::store::settings::get(tx, "backup_failure"));
        found.unwrap_or_default()
    };
    for _ in 0..3_000 {
        if !failure().is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(
        failure().contains("could not be taken into the list"),
        "{}",
        failure()
    );
    assert_eq!((files(), due()), (2, false));
    world.sql(|tx| crate::store::settings::remove(tx, "backup_failure"));
    assert!(!due());
    world.sql(|tx| tx.execute("UPDATE backups SET reason = $1", &["request".into()]));
    world.later(60 * 60);
    wait_until("the next one", &world, |state| {
        world.wait(app.start_backup_when_due()).unwrap();
        state["backups"].as_array().unwrap().len() == 3
    });
    assert_eq!(list(&world)["failure"], Value::Null);
}

#[test]
fn a_key_for_drills_that_does_not_open_is_made_anew() {
    let world = World::new();
    kit_of(&world);
    start(&world);
    world.sql(|tx| {
        tx.execute(
            "UPDATE sealed_settings SET value_sealed = $1 WHERE name = $2",
            &[vec![7_u8].into(), "drill-identity".into()],
        )
    });
    let failed = drill(&world);
    assert_eq!(failed["passed"], false, "{failed}");
    start(&world);
    let passed = drill(&world);
    assert_eq!(passed["passed"], true, "{passed}");
    assert_eq!(passed["fileName"], list(&world)["backups"][0]["fileName"]);
}

#[test]
fn a_row_that_names_a_file_outside_is_no_backup() {
    let world = World::new();
    kit_of(&world);
    keep_few(&world);
    start(&world);
    let id = list(&world)["backups"][0]["id"].as_str().unwrap().to_owned();
    world.sql(|tx| tx.execute("UPDATE backups SET file_name = $1", &["../keyring.json".into()]));
    let ask = post(&format!("{BACKUPS}/{id}/tickets"), &json!({"password": PASSWORD}));
    world.send(ask.token(&world.admin)).refused(404, "NotFound");
    world
        .send(act(&json!({"act": "remove", "backup": id})).token(&world.admin))
        .refused(404, "NotFound");
    world
        .send(act(&json!({"act": "drill"})).token(&world.admin))
        .refused(409, "Conflict");
    for _ in 0..4 {
        start(&world);
    }
    let state = list(&world);
    let backups = state["backups"].as_array().unwrap();
    let reasons: Vec<&str> = backups
        .iter()
        .map(|backup| backup["reason"].as_str().unwrap())
        .collect();
    // The file that the row should have named has none any more.
    assert_eq!(reasons, ["request", "request", "request", "found"], "{state}");
    assert!(world.file("keyring.json").exists());
}

#[test]
fn copies_go_to_a_target_and_go_with_what_they_are_of() {
    let world = with_allowed_disk();
    kit_of(&world);
    for (bad, says) in [
        (directory(&world, "missing"), "Is the disk mounted"),
        (directory(&world, "disk/../backups"), "cannot be used"),
        (directory(&world, ""), "not below"),
    ] {
        let reply = world
            .send(act(&bad).token(&world.admin))
            .refused(400, "BadRequest");
        assert!(reply.text.contains(says), "{}", reply.text);
    }
    let no_secret = json!({
        "act": "add-target", "name": "S3",
        "place": {"kind": "s3", "endpoint": "http://127.0.0.1:1", "region": "r", "bucket": "b", "accessKey": "k"},
    });
    world
        .send(act(&no_secret).token(&world.admin))
        .refused(422, "ValidationFailure");
    let mut nobody = no_secret.clone();
    nobody["secret"] = json!(CANARY);
    let reply = world
        .send(act(&nobody).token(&world.admin))
        .refused(400, "BadRequest");
    assert!(reply.text.contains("connection refused"), "{}", reply.text);
    assert!(!reply.text.contains(CANARY));

    start(&world);
    let state = done(&world, &directory(&world, "disk/inside"));
    let target = state["targets"][0]["id"].as_str().unwrap().to_owned();
    let reply = world
        .send(act(&directory(&world, "disk/inside")).token(&world.admin))
        .refused(400, "BadRequest");
    assert!(reply.text.contains("has this name"), "{}", reply.text);
    let files = || copied(&world);
    let work = || copy(&world);
    work();
    let first = list(&world)["backups"][0].clone();
    assert_eq!(files(), [first["fileName"].as_str().unwrap()]);
    assert_eq!(first["copies"][0]["target"], json!(target));
    assert!(!first["copies"][0]["copiedAt"].is_null(), "{first}");

    // The disk is gone: that is said, and tried again later.
    fs::rename(world.file("disk"), world.file("gone")).unwrap();
    start(&world);
    work();
    let second = list(&world)["backups"][0].clone();
    assert!(
        second["copies"][0]["error"].as_str().unwrap().contains("mounted"),
        "{second}"
    );
    fs::rename(world.file("gone"), world.file("disk")).unwrap();
    work();
    assert_eq!(files().len(), 1, "not at once");
    world.later(10 * 60);
    work();
    assert_eq!(files().len(), 2);

    // Whoever makes room on this machine does not mean the copies: they stay, and are not made again from nothing.
    let file = world.file("backups").join(first["fileName"].as_str().unwrap());
    let aside = world.file("aside");
    fs::rename(&file, &aside).unwrap();
    start(&world);
    world.later(10 * 60);
    work();
    assert_eq!(files().len(), 3);
    let state = list(&world);
    let gone = state["backups"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&gone["here"], &gone["copies"][0]["error"]),
        (&json!(false), &Value::Null),
        "{gone}"
    );
    fs::rename(&aside, &file).unwrap();
    let second = list(&world)["backups"][0].clone();
    let middle = list(&world)["backups"][1].clone();
    done(&world, &json!({"act": "remove", "backup": middle["id"]}));
    work();
    assert_eq!(files().len(), 2);

    // What is not kept any more goes there too; the newest cannot go.
    let newest = second["id"].clone();
    world
        .send(act(&json!({"act": "remove", "backup": newest})).token(&world.admin))
        .refused(409, "Conflict");
    done(&world, &json!({"act": "remove", "backup": first["id"]}));
    work();
    assert_eq!(files(), [second["fileName"].as_str().unwrap()]);
    assert_eq!(list(&world)["backups"].as_array().unwrap().len(), 1);

    let state = done(&world, &json!({"act": "remove-target", "target": target}));
    assert_eq!(
        (&state["targets"], &state["backups"][0]["copies"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(files().len(), 1);
    world
        .send(act(&json!({"act": "remove-target", "target": target})).token(&world.admin))
        .refused(404, "NotFound");
}

#[test]
fn files_that_were_there_before_the_store_join_the_list() {
    let world = World::new();
    kit_of(&world);
    start(&world);
    let made = world
        .file("backups")
        .join(list(&world)["backups"][0]["fileName"].as_str().unwrap());
    fs::copy(
        &made,
        world.file("backups").join("strongroom-20200101T000000Z.age"),
    )
    .unwrap();
    fs::remove_file(&made).unwrap();
    start(&world);
    let state = list(&world);
    assert_eq!(state["backups"][1]["createdAt"], "2020-01-01T00:00:00.000Z");
    let names: Vec<_> = state["backups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|backup| backup["reason"].clone())
        .collect();
    assert_eq!(names, [json!("request"), json!("found")], "{state}");
}

#[test]
fn files_that_were_found_are_never_too_old() {
    let world = World::new();
    kit_of(&world);
    keep_few(&world);
    let put = |name: &str| fs::write(world.file("backups").join(name), "x").unwrap();
    start(&world);
    let mut own = vec!["strongroom-backup.age", "strongroom-before-migration.age"];
    let brought: Vec<String> = (10..30)
        .map(|day| format!("strongroom-202001{day}T030000Z.age"))
        .collect();
    own.extend(brought.iter().map(String::as_str));
    for name in &own {
        put(name);
    }
    for _ in 0..4 {
        start(&world);
    }
    for name in own {
        assert!(world.file("backups").join(name).exists(), "{name}");
    }
    let state = list(&world);
    let backups = state["backups"].as_array().unwrap();
    assert_eq!(backups.len(), 3 + brought.len(), "{state}");
}

#[test]
fn the_hook_hears_of_success_and_failure() {
    let world = World::with_host(|dir| Host {
        backup_hook: Some(format!(
            "echo \"$STRONGROOM_BACKUP_RESULT $STRONGROOM_BACKUP_SHA256 $STRONGROOM_BACKUP_ERROR\" >> {}/heard",
            dir.display()
        )),
        ..Host::default()
    });
    kit_of(&world);
    start(&world);
    let sha256 = list(&world)["backups"][0]["sha256"].as_str().unwrap().to_owned();
    let heard = || fs::read_to_string(world.file("heard")).unwrap_or_default();
    wait_until("the hook", &world, |_| heard().lines().count() == 1);
    fs::rename(world.file("backups"), world.file("elsewhere")).unwrap();
    fs::write(world.file("backups"), "in the way").unwrap();
    start(&world);
    wait_until("the hook", &world, |_| heard().lines().count() == 2);
    let lines: Vec<String> = heard().lines().map(str::to_owned).collect();
    assert_eq!(lines[0].trim(), format!("ok {sha256}"));
    assert!(
        lines[1].starts_with("failed") && lines[1].contains("could not be written"),
        "{}",
        lines[1]
    );
}

#[test]
fn metrics_tell_a_program_on_the_same_machine_and_nobody_else() {
    let world = World::new();
    let metrics = || get("/metrics").local();
    let value = |name: &str| {
        let text = world.send(metrics()).expect(200).text;
        let line = text.lines().find(|line| line.starts_with(&format!("{name} ")));
        line.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
    };
    assert_eq!(value("strongroom_backup_failed"), Some(0.0));
    assert_eq!(value("strongroom_drill_ok"), None);
    kit_of(&world);
    start(&world);
    assert_eq!(drill(&world)["passed"], true);
    assert_eq!(
        (value("strongroom_drill_ok"), value("strongroom_backup_failed")),
        (Some(1.0), Some(0.0))
    );
    let size = list(&world)["backups"][0]["size"].as_f64();
    assert_eq!(value("strongroom_backup_last_size_bytes"), size);
    for call in [
        get("/metrics"),
        get("/metrics").token(&world.admin),
        metrics().header("x-forwarded-for", "127.0.0.1"),
        metrics().header("host", "secrets.example.com"),
    ] {
        let reply = world.send(call).refused(403, "ForbiddenRequestError");
        assert!(!reply.text.contains("strongroom_"), "{}", reply.text);
    }
}
