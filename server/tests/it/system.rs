//! Status, health, configuration, and what every answer carries.

use serde_json::json;
use server::app::App;
use server::app::open::Locked;
use server::crypto::identity;
use server::crypto::keyring::{SlotKind, SlotSummary};
use server::http::route::Policy;
use shared::model::ids::SlotId;
use shared::model::time::UnixMillis;

use crate::app::{Call, TestApp, World, get};

#[test]
fn unknown_api_routes_are_refused_as_infisical_does() {
    let app = TestApp::new();
    for (method, path) in [
        ("GET", "/api/v9/nothing"),
        ("POST", "/api/status"),
        ("GET", "/api"),
        ("GET", "/api/"),
        ("DELETE", "/"),
        ("PUT", "/api/v3/secrets/raw/A"),
    ] {
        let reply = app.send(Call::new(method, path)).refused(404, "Not Found");
        assert!(reply.at("/message").starts_with("Route "), "{}", reply.text);
    }
    app.send(get("/assets/none.js")).refused(404, "Not Found");
}

#[test]
fn status_and_configuration_are_open_before_and_after_set_up() {
    let app = TestApp::new();
    let status = app.send(get("/api/status")).expect(200);
    assert_eq!(status.at("/message"), "Ok");
    let config = app.send(get("/api/v1/admin/config")).expect(200);
    assert_eq!(config.json["config"]["initialized"], false);
    assert_eq!(
        config.json["config"].get("createdAt"),
        Some(&serde_json::Value::Null)
    );
    let world = World::on(app);
    world.send(get("/api/status")).expect(200);
    let config = world.send(get("/api/v1/admin/config")).expect(200);
    assert_eq!(config.json["config"]["initialized"], true);
    assert_eq!(config.json["config"]["allowSignUp"], false);
    for field in ["createdAt", "updatedAt"] {
        let time = config.json["config"][field].as_str().unwrap();
        assert!(time.starts_with("20") && time.ends_with('Z'), "{field}: {time}");
    }
    assert_eq!(world.send(get("/api/health")).expect(200).at("/status"), "ok");
    assert_eq!(world.send(get("/healthcheck")).expect(200).at("/status"), "ok");
}

#[test]
fn a_locked_server_answers_health_alone_and_leaks_nothing() {
    let locked = Locked {
        reason: "SECRET-REASON".into(),
        slots: vec![SlotSummary {
            id: SlotId::from_random([1; 16]),
            kind: SlotKind::Server,
            name: "Server".into(),
            created: UnixMillis(0),
            fingerprint: "SECRET-FINGERPRINT".into(),
        }],
        unreachable: false,
    };
    let app = TestApp::of(App::locked(locked).unwrap(), identity::generate());
    assert_eq!(app.send(get("/api/health")).expect(200).at("/status"), "locked");
    app.send(get("/api/status")).refused(503, "ServiceUnavailable");
    for route in server::http::routes() {
        if route.path == "/api/health"
            || route.path == "/healthcheck"
            || route.path.contains("login1")
            || route.path.contains("login2")
            // What a locked server is there for.
            || route.path == "/api/strongroom/v1/locked"
            || route.path == "/api/strongroom/v1/unlock"
        {
            continue;
        }
        let path = route.path.replace(['{', '}'], "");
        let mut bodies = vec![
            json!({}),
            json!({
                "email": "a@b.cd", "password": "correct horse battery", "organization": "x", "clientId": "x",
                "clientSecret": "x", "accessToken": "x.y.z", "upload": "x", "identity": "x",
            }),
        ];
        if route.policy != Policy::Open {
            bodies.truncate(1);
        }
        let body = bodies.pop().unwrap();
        let call = Call::new(route.method, &path)
            .json(&body)
            .local()
            .token("x.y.z")
            .cookie("a.b");
        let reply = app.send(call);
        assert_eq!(
            reply.status, 503,
            "{} {}: {}",
            route.method, route.path, reply.text
        );
        assert!(reply.headers.contains_key("retry-after"), "{}", route.path);
    }
    assert_eq!(app.said("SECRET-"), 0);
}

#[test]
fn a_closed_database_is_no_status_ok() {
    let world = World::new();
    let project = world.project("Web");
    world.put(&project, "A", crate::app::CANARY);
    world.db().close_blocking().unwrap();
    world.send(get("/api/status")).refused(503, "ServiceUnavailable");
    world.send(get("/api/health")).expect(200);
    world
        .read(&project, "A", &world.admin)
        .refused(503, "ServiceUnavailable");
}

#[test]
fn every_answer_carries_the_security_headers() {
    let world = World::new();
    for path in ["/", "/login", "/api/status", "/api/v9/nothing", "/api/v1/user"] {
        let reply = world.send(get(path));
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(reply.headers[name], value, "{path}");
        }
        let policy = reply.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(
            !policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"),
            "{policy}"
        );
        if path.starts_with("/api") {
            assert_eq!(reply.headers["cache-control"], "no-store", "{path}");
        }
    }
}

#[test]
fn slashes_are_forgiven_and_nothing_is_redirected() {
    let app = TestApp::new();
    for path in ["/api/status/", "//api//status", "/api/status//"] {
        assert_eq!(app.send(get(path)).expect(200).at("/message"), "Ok", "{path}");
    }
    for path in ["/", "/login", "/admin/signup", "/projects/x/secrets", "/a.b"] {
        app.send(get(path)).expect(200);
    }
}
