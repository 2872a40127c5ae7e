//! Status, health, configuration, and what every answer carries.

use serde_json::json;
use server::app::App;
use server::app::host::Host;
use server::app::open::Locked;
use server::crypto::identity;
use server::crypto::keyring::{SlotKind, SlotSummary};
use server::http::route::Policy;
use shared::model::ids::SlotId;
use shared::model::time::UnixMillis;

use crate::app::{Call, TestApp, World, get};
use crate::database::TestDatabase;

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
            // Tells that it is locked.
            || route.path == "/metrics"
            || route.path == "/.well-known/security.txt"
            || route.path == "/robots.txt"
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
fn status_has_exactly_the_fields_of_infisical_and_so_has_its_head() {
    let world = World::new();
    let reply = world.send(get("/api/status")).expect(200);
    let fields: Vec<_> = reply
        .json
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        fields,
        [
            "date",
            "emailConfigured",
            "inviteOnlySignup",
            "message",
            "redisConfigured",
            "secretScanningConfigured"
        ]
    );
    let date = reply.at("/date");
    assert!(
        date.len() == 24 && date.ends_with('Z') && &date[19..20] == ".",
        "{date}"
    );
    // As the configuration says, which offers no sign-up.
    assert_eq!(reply.json["inviteOnlySignup"], true);
    for path in ["/api/status", "/api/health", "/healthcheck", "/"] {
        let head = world.send(Call::new("HEAD", path)).expect(200);
        assert!(head.bytes.is_empty(), "{path}");
        assert_eq!(head.headers["x-content-type-options"], "nosniff", "{path}");
    }
}

#[test]
fn without_a_data_directory_nothing_is_ok() {
    let world = World::new();
    world.send(get("/api/status")).expect(200);
    let (here, gone) = (world.file(""), world.file("").with_extension("gone"));
    std::fs::rename(&here, &gone).unwrap();
    let reply = world.send(get("/api/status"));
    std::fs::rename(&gone, &here).unwrap();
    reply.refused(503, "ServiceUnavailable");
    world.send(get("/api/status")).expect(200);
}

#[test]
fn whom_to_tell_of_a_weakness_is_said_when_the_host_says_it() {
    let app = TestApp::new();
    app.send(get("/.well-known/security.txt"))
        .refused(404, "Not Found");
    let robots = app.send(get("/robots.txt")).expect(200);
    assert_eq!(robots.text, "User-agent: *\nDisallow: /\n");
    let app = TestApp::with_host(TestDatabase::open(), |_| Host {
        security_contact: Some("mailto:kavi@example.com".into()),
        ..Host::default()
    });
    let reply = app.send(get("/.well-known/security.txt")).expect(200);
    assert_eq!(reply.headers["content-type"], "text/plain; charset=utf-8");
    let expires = reply
        .text
        .strip_prefix("Contact: mailto:kavi@example.com\nExpires: ")
        .unwrap()
        .strip_suffix("Z\n")
        .unwrap();
    assert!(expires.len() == 23 && expires.starts_with("20"), "{expires}");
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
    for path in [
        "/",
        "/login",
        "/robots.txt",
        "/api/status",
        "/api/v9/nothing",
        "/api/v1/user",
    ] {
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
