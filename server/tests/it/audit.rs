//! The audit log: nothing is read or written without its record.

use serde_json::{Value, json};
use server::domain::audit::{self, Verification};

use crate::app::{CANARY, Machine, Project, TestApp, World, delete, get, patch, post};
use crate::store::Value as Column;
use crate::store::audit::Record;

fn records(app: &TestApp, project: &Project) -> Vec<Record> {
    let project = project.id.clone();
    let mut records = app.sql(move |tx| crate::store::audit::of_project(tx, &project, 1_000));
    records.reverse();
    records
}

fn detail(record: &Record) -> Value {
    serde_json::from_str(&record.detail).unwrap()
}

#[test]
fn every_read_and_write_of_a_secret_is_recorded() {
    let world = World::new();
    let project = world.project("Web");
    let machine = world.member(&project, "member");
    let path = format!("/api/v3/secrets/raw/A?workspaceId={}&environment=dev", project.id);
    let list = format!("/api/v4/secrets?projectId={}&environment=dev", project.id);
    let body = json!({"workspaceId": project.id, "environment": "dev", "secretValue": CANARY, "secretComment": CANARY});
    let plain = "/api/v3/secrets/raw/A";
    let calls = [
        ("secret.create", post(plain, &body)),
        ("secret.read", get(&path)),
        ("secret.read-name", get(&format!("{path}&viewSecretValue=false"))),
        ("secret.list", get(&list)),
        ("secret.update", patch(plain, &body)),
        ("secret.read", get(&path)),
        ("secret.delete", delete(plain, &body)),
    ];
    let before = records(&world, &project).len();
    for (number, (event, call)) in calls.into_iter().enumerate() {
        world.later(1);
        let call = call.token(&machine.token).header("user-agent", "robot/1.0");
        let reply = world.send(call).expect(200);
        let records = records(&world, &project);
        assert_eq!(records.len(), before + number + 1, "{event}");
        let record = records.last().unwrap();
        assert_eq!(record.event, event);
        assert_eq!(
            (record.actor_kind.as_str(), record.actor_id.as_str()),
            ("identity", machine.id.as_str())
        );
        assert_eq!(
            (record.ip.as_str(), record.user_agent.as_str()),
            ("192.0.2.10", "robot/1.0")
        );
        assert_eq!(record.organization_id, world.organization);
        assert_eq!(record.count, 1);
        assert!(record.request_id.starts_with("req-") && !record.credential_id.is_empty());
        let detail = detail(record);
        assert_eq!(
            (detail["environment"].as_str(), detail["path"].as_str()),
            (Some("dev"), Some("/"))
        );
        if event != "secret.list" {
            assert_eq!(detail["secret"], "A", "{}", reply.text);
        }
    }
    let everything = world.sql(|tx| tx.query("SELECT detail FROM audit_records", &[]));
    for row in &everything {
        assert!(!row.get::<&str>(0).unwrap().contains(CANARY));
    }
}

#[test]
fn a_record_says_where_values_of_references_came_from() {
    let world = World::new();
    let project = world.project("Web");
    world.put_at(&project, ("prod", "/db"), "PASSWORD", CANARY);
    world.put_at(&project, ("staging", "/"), "USER", "${prod.db.PASSWORD}");
    world.put(&project, "PLAIN", "plain");
    world.put(&project, "HERE", "${PLAIN} ${dev.PLAIN} ${prod.db.NOPE}");
    world.put(&project, "CHAIN", "${staging.USER} ${prod.db.PASSWORD}");
    // Another word for the environment makes no second place.
    world.put(&project, "ALIAS", "${production.db.PASSWORD}");
    let last = |path: &str| {
        world.later(1);
        let path = format!("/api/{path}projectId={}&environment=dev", project.id);
        world.send(get(&path).token(&world.admin)).expect(200);
        let record = records(&world, &project).pop().unwrap();
        assert!(!record.detail.contains(CANARY));
        let detail = detail(&record);
        let text = |name: &str| detail[name].as_str().map(str::to_owned);
        (text("referenced_places"), text("referenced_from"))
    };
    let both = (Some("2".to_owned()), Some("prod:/db staging:/".to_owned()));
    let one = (Some("1".to_owned()), Some("prod:/db".to_owned()));
    for (path, expected) in [
        ("v4/secrets?", &both),
        ("v4/secrets/CHAIN?", &both),
        ("v4/secrets/ALIAS?", &one),
        ("v4/secrets/HERE?", &(None, None)),
        ("v4/secrets?expandSecretReferences=false&", &(None, None)),
        ("v4/secrets?viewSecretValue=false&", &(None, None)),
        ("v3/secrets/raw/CHAIN?", &(None, None)),
    ] {
        assert_eq!(&last(path), expected, "{path}");
    }
    let folders: Vec<String> = (0..101).map(|number| format!("f{number:03}")).collect();
    for folder in &folders {
        world.put_at(&project, ("prod", &format!("/{folder}")), "A", "a");
    }
    let references: Vec<String> = folders
        .iter()
        .map(|folder| format!("${{prod.{folder}.A}}"))
        .collect();
    world.put(&project, "MANY", &references.concat());
    let (count, from) = last("v4/secrets/MANY?");
    assert_eq!(count.as_deref(), Some("101"));
    let from = from.unwrap();
    assert_eq!(from.split(' ').count(), 100);
    assert!(from.ends_with("prod:/f099"), "{from}");
}

#[test]
fn refusals_read_nothing_and_leave_no_record_of_reading() {
    let world = World::new();
    let project = world.project("Web");
    world.put(&project, "A", CANARY);
    let stranger = world.machine("stranger", "no-access");
    let before = records(&world, &project).len();
    world
        .read(&project, "A", &stranger.token)
        .refused(403, "ForbiddenRequestError");
    world.read(&project, "B", &world.admin).refused(404, "NotFound");
    assert_eq!(records(&world, &project).len(), before);
}

#[test]
fn identical_reads_are_counted_not_lost() {
    let world = World::new();
    let project = world.project("Web");
    world.put(&project, "A", CANARY);
    let one: Machine = world.member(&project, "viewer");
    let two = world.member(&project, "viewer");
    let reads = |world: &World| -> Vec<(String, i64)> {
        records(world, &project)
            .into_iter()
            .filter(|record| record.event == "secret.read")
            .map(|record| (record.actor_id, record.count))
            .collect()
    };
    for _ in 0..5 {
        world.read(&project, "A", &one.token).expect(200);
    }
    // Another credential, another secret, another address: each is a read of its own.
    world.read(&project, "A", &two.token).expect(200);
    let path = format!("/api/v3/secrets/raw/A?workspaceId={}&environment=dev", project.id);
    world
        .send(get(&path).token(&one.token).from("192.0.2.99"))
        .expect(200);
    assert_eq!(reads(&world).len(), 3);
    assert!(reads(&world).iter().all(|(_, count)| *count == 1));
    // The repeats come when ten seconds are over.
    let opened = world.app.app.store().unwrap();
    let flush = || {
        world
            .wait(opened.reads.flush(&opened.db, world.app.app.clock.now()))
            .unwrap();
    };
    flush();
    assert_eq!(reads(&world).len(), 3);
    world.later(11);
    flush();
    flush();
    assert_eq!(reads(&world).len(), 4);
    assert_eq!(reads(&world).into_iter().map(|(_, count)| count).sum::<i64>(), 7);
    assert!(reads(&world).contains(&(one.id, 4)));
}

#[test]
fn counted_reads_are_recorded_when_the_server_stops() {
    let mut world = World::new();
    let project = world.project("Web");
    world.put(&project, "A", CANARY);
    for _ in 0..4 {
        world.read(&project, "A", &world.admin).expect(200);
    }
    world.app = world.app.reopened();
    let counted: i64 = records(&world, &project)
        .iter()
        .filter(|record| record.event == "secret.read")
        .map(|record| record.count)
        .sum();
    assert_eq!(counted, 4);
}

#[test]
fn what_cannot_be_recorded_is_not_answered_and_not_done() {
    let world = World::new();
    let project = world.project("Web");
    world.put(&project, "A", CANARY);
    world.sql(|tx| tx.execute("ALTER TABLE audit_records RENAME TO set_aside", &[]));
    let path = "/api/v3/secrets/raw/B";
    let body = json!({"workspaceId": project.id, "environment": "dev", "secretValue": CANARY});
    let list = format!("/api/v3/secrets/raw?workspaceId={}&environment=dev", project.id);
    for call in [
        get(&format!(
            "/api/v3/secrets/raw/A?workspaceId={}&environment=dev",
            project.id
        )),
        get(&list),
        post(path, &body),
        patch("/api/v3/secrets/raw/A", &body),
        delete("/api/v3/secrets/raw/A", &body),
        post("/api/v1/projects", &json!({"projectName": "Unseen"})),
        delete(&format!("/api/v1/projects/{}", project.id), &json!({})),
    ] {
        world
            .send(call.token(&world.admin))
            .refused(500, "InternalServerError");
    }
    let login = world.login(crate::app::EMAIL, crate::app::PASSWORD);
    login.refused(500, "InternalServerError");
    world.sql(|tx| tx.execute("ALTER TABLE set_aside RENAME TO audit_records", &[]));
    // Nothing was changed meanwhile.
    let reply = world.send(get(&list).token(&world.admin)).expect(200);
    assert_eq!(reply.json["secrets"].as_array().unwrap().len(), 1);
    assert_eq!(reply.json["secrets"][0]["version"], 1);
    let projects = world
        .send(get("/api/v1/projects").token(&world.admin))
        .expect(200);
    assert_eq!(projects.json["projects"].as_array().unwrap().len(), 1);
}

fn link(app: &TestApp) -> usize {
    app.wait(app.app.write(|cx| audit::link(cx, 1_000))).unwrap()
}

fn verify(app: &TestApp) -> Verification {
    app.wait(app.app.read(audit::verify)).unwrap()
}

#[test]
fn the_chain_shows_every_change() {
    let world = World::new();
    let project = world.project("Web");
    for name in ["A", "B", "C"] {
        world.put(&project, name, CANARY);
    }
    let total = world.events().len();
    let all = i64::try_from(total).unwrap();
    assert_eq!((verify(&world).linked, verify(&world).unlinked), (0, all));
    assert_eq!(link(&world), total);
    assert_eq!(link(&world), 0);
    world.put(&project, "D", CANARY);
    let whole = Verification {
        linked: all,
        unlinked: 1,
        broken_at: None,
    };
    assert_eq!(verify(&world), whole);
    for column in [
        "event",
        "actor_kind",
        "actor_id",
        "credential_id",
        "organization_id",
        "project_id",
        "detail",
        "ip",
        "user_agent",
        "request_id",
    ] {
        let before = world.sql(move |tx| {
            let rows = tx.query(
                &format!("SELECT {column} FROM audit_records WHERE number = 3"),
                &[],
            )?;
            rows[0].get::<String>(0)
        });
        set(&world, column, Column::from(format!("{before}x")));
        assert_eq!(verify(&world).broken_at, Some(3), "{column}");
        set(&world, column, Column::from(before));
        assert_eq!(verify(&world), whole);
    }
    set(&world, "count", Column::from(2));
    assert_eq!(verify(&world).broken_at, Some(3));
    set(&world, "count", Column::from(1));
    set(&world, "hash", Column::Bytes(vec![7; 32]));
    assert_eq!(verify(&world).broken_at, Some(3));
}

fn set(app: &TestApp, column: &'static str, value: Column) {
    let changed = app.sql(move |tx| {
        let sql = format!("UPDATE audit_records SET {column} = $1 WHERE number = 3");
        tx.execute(&sql, std::slice::from_ref(&value))
    });
    assert_eq!(changed, 1);
}

#[test]
fn a_record_taken_out_of_the_chain_is_missed() {
    let world = World::new();
    let project = world.project("Web");
    world.put(&project, "A", CANARY);
    world.put(&project, "B", CANARY);
    link(&world);
    world.sql(|tx| tx.execute("DELETE FROM audit_records WHERE number = 2", &[]));
    assert_eq!(verify(&world).broken_at, Some(2));
}
