//! Numbers for Prometheus: who gets them, what they tell, and what they never name.

use server::app::App;
use server::app::host::Host;
use server::app::open::Locked;
use server::crypto::identity;
use shared::model::text::SecretText;

use crate::app::{CANARY, Call, TestApp, World, get};

const TOKEN: &str = "a-token-for-the-metrics-4711";

fn with_token() -> World {
    World::with_host(|_| Host {
        metrics_token: Some(SecretText::from(TOKEN)),
        ..Host::default()
    })
}

#[test]
fn without_the_token_no_other_machine_gets_them() {
    let world = with_token();
    for call in [
        get("/metrics"),
        get("/metrics").token(""),
        get("/metrics").token("a-token-for-the-metrics-4712"),
        get("/metrics").token(&format!("{TOKEN}x")),
        get("/metrics").token(&world.admin),
        get("/metrics").header("authorization", &format!("Basic {TOKEN}")),
        get(&format!("/metrics?token={TOKEN}")),
        get("/metrics").header("host", "localhost"),
        get("/metrics").local().header("x-forwarded-for", "127.0.0.1"),
    ] {
        let reply = world.send(call).refused(403, "ForbiddenRequestError");
        assert!(!reply.text.contains("strongroom_"), "{}", reply.text);
    }
    // Where no token was chosen, none is right.
    let without = World::new();
    for token in ["", TOKEN] {
        without
            .send(get("/metrics").token(token))
            .refused(403, "ForbiddenRequestError");
    }
}

fn number(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with(&format!("{name} ")))?;
    line.rsplit(' ').next().unwrap().parse().ok()
}

#[test]
fn requests_are_counted_by_template_and_nothing_is_named() {
    let world = with_token();
    let project = world.project("Canary project");
    world.put(&project, CANARY, CANARY);
    world.read(&project, CANARY, &world.admin).expect(200);
    world.read(&project, "ABSENT", &world.admin).expect(404);
    world.send(get(&format!("/api/v9/{CANARY}"))).expect(404);
    world
        .send(Call::new("BREW", "/api/status"))
        .refused(404, "Not Found");
    let text = world.send(get("/metrics").token(TOKEN)).expect(200).text;
    for line in [
        r#"strongroom_requests_total{method="GET",route="/api/v3/secrets/raw/{name}",status="2xx"} 1"#,
        r#"strongroom_requests_total{method="GET",route="/api/v3/secrets/raw/{name}",status="4xx"} 1"#,
        r#"strongroom_requests_total{method="other",route="none",status="4xx"} 1"#,
        r#"strongroom_requests_total{method="GET",route="none",status="4xx"} 1"#,
        r#"strongroom_request_duration_seconds_count{route="/api/v3/secrets/raw/{name}"} 3"#,
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is not in\n{text}"
        );
    }
    for name in [CANARY, "Canary project", &project.id, "canary-project"] {
        assert!(!text.contains(name), "{name}");
    }
    for (name, least) in [
        ("strongroom_database_up", 1.0),
        ("strongroom_database_size_bytes", 4096.0),
        ("strongroom_audit_records_total", 3.0),
        ("process_resident_memory_bytes", 1_000_000.0),
        ("process_start_time_seconds", 1_700_000_000.0),
    ] {
        let found = number(&text, name);
        assert!(found.is_some_and(|found| found >= least), "{name}: {found:?}");
    }
    assert_eq!(number(&text, "strongroom_locked"), Some(0.0));
    assert_eq!(number(&text, "strongroom_audit_failures_total"), Some(0.0));
    assert_eq!(text.matches("# EOF").count(), 1);
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn a_server_that_cannot_serve_still_tells() {
    let locked = Locked {
        reason: "a test".into(),
        slots: Vec::new(),
        unreachable: false,
    };
    let app = TestApp::of(App::locked(locked).unwrap(), identity::generate());
    let text = app.send(get("/metrics").local()).expect(200).text;
    assert_eq!(number(&text, "strongroom_locked"), Some(1.0));
    assert_eq!(number(&text, "strongroom_database_up"), Some(0.0));

    let world = World::new();
    let project = world.project("Web");
    world.put(&project, "A", CANARY);
    world.db().close_blocking().unwrap();
    let text = world.send(get("/metrics").local()).expect(200).text;
    assert_eq!(number(&text, "strongroom_locked"), Some(0.0));
    assert_eq!(number(&text, "strongroom_database_up"), Some(0.0));
    assert_eq!(number(&text, "strongroom_backup_failed"), None);
}

#[test]
fn a_read_that_could_not_be_recorded_is_counted() {
    let world = World::new();
    let project = world.project("Web");
    world.put(&project, "A", CANARY);
    world.sql(|tx| tx.execute("ALTER TABLE audit_records RENAME TO audit_hidden", &[]));
    let refused = world.read(&project, "A", &world.admin);
    assert!(
        refused.status >= 500 && !refused.text.contains(CANARY),
        "{}",
        refused.text
    );
    world.sql(|tx| tx.execute("ALTER TABLE audit_hidden RENAME TO audit_records", &[]));
    let text = world.send(get("/metrics").local()).expect(200).text;
    assert_eq!(number(&text, "strongroom_audit_failures_total"), Some(1.0));
}
