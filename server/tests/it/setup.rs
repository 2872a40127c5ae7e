//! The first administrator: who may become it, and what is asked of him.

use serde_json::{Value, json};

use crate::app::{Call, EMAIL, PASSWORD, TestApp, World, get, post};
use crate::scenario::{accepted, play, refused};

const BOOTSTRAP: &str = "/api/v1/admin/bootstrap";
const SIGN_UP: &str = "/api/strongroom/v1/setup";

fn request() -> Value {
    json!({"email": EMAIL, "password": PASSWORD, "organization": "Home Lab"})
}

fn with(field: &str, value: &str) -> Value {
    let mut body = request();
    body[field] = json!(value);
    body
}

/// Every way in which a request may not be a local script's.
fn strangers(path: &str) -> Vec<(String, Call)> {
    let mut calls = vec![
        ("another machine".to_owned(), post(path, &request())),
        (
            "another machine that names us localhost".to_owned(),
            post(path, &request()).header("host", "localhost:8080"),
        ),
    ];
    for host in [
        "strongroom.lan",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "0.0.0.0",
        "",
    ] {
        calls.push((
            format!("host {host}"),
            post(path, &request()).local().header("host", host),
        ));
    }
    for (name, value) in [
        ("forwarded", "for=192.0.2.1"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-host", "localhost"),
        ("x-real-ip", "127.0.0.1"),
        ("via", "1.1 proxy"),
        ("origin", "http://localhost:8080"),
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-site", "none"),
    ] {
        let call = post(path, &request()).local().header(name, value);
        calls.push((format!("{name}: {value}"), call));
    }
    calls
}

#[test]
fn without_a_code_only_a_local_script_sets_up() {
    let app = TestApp::new();
    for path in [BOOTSTRAP, SIGN_UP] {
        for (name, call) in strangers(path) {
            play(
                &app,
                vec![refused(&name, call, 403, "setup code").saying(&["strongroom setup-code"])],
            );
        }
    }
    let initialized = app.send(get(SIGN_UP)).expect(200);
    assert_eq!(initialized.json, json!({"initialized": false}));
    play(
        &app,
        vec![accepted(
            "a local script",
            post(BOOTSTRAP, &request()).local(),
            &["instance.setup"],
        )],
    );
}

#[test]
fn every_loopback_name_is_a_local_scripts() {
    for host in ["127.0.0.1:8080", "[::1]:8080", "localhost", "127.8.9.1"] {
        let app = TestApp::new();
        let call = post(BOOTSTRAP, &request()).local().header("host", host);
        assert_eq!(app.send(call).status, 200, "{host}");
    }
}

#[test]
fn a_wrong_or_old_code_is_refused_and_the_right_one_works_once() {
    let app = TestApp::new();
    let code = app.setup_code();
    let newer = app.setup_code();
    let with_code = |code: &str| post(SIGN_UP, &with("setupCode", code));
    let in_header = |code: &str| post(BOOTSTRAP, &request()).header("x-strongroom-setup-code", code);
    play(
        &app,
        vec![
            refused("no code", post(SIGN_UP, &request()), 403, "ForbiddenRequestError"),
            refused(
                "a wrong code",
                with_code("AAAA-BBBB"),
                403,
                "ForbiddenRequestError",
            ),
            refused("an empty code", with_code(""), 403, "ForbiddenRequestError"),
            refused("nonsense", with_code("<script>"), 403, "ForbiddenRequestError").hiding(&["<script>"]),
            refused("the code before", with_code(&code), 403, "ForbiddenRequestError").hiding(&[&code]),
            refused(
                "a wrong header",
                in_header("AAAA-BBBB"),
                403,
                "ForbiddenRequestError",
            ),
        ],
    );
    app.app.clock.advance_seconds(60 * 60);
    play(
        &app,
        vec![refused(
            "after an hour",
            with_code(&newer),
            403,
            "ForbiddenRequestError",
        )],
    );
    let code = app.setup_code();
    app.app.clock.advance_seconds(59 * 60);
    play(
        &app,
        vec![
            accepted(
                "within the hour",
                in_header(&code.to_lowercase()),
                &["instance.setup"],
            ),
            refused("a second time", in_header(&code), 400, "already been set up"),
        ],
    );
}

#[test]
fn guessing_the_code_is_slowed_down() {
    let app = TestApp::new();
    let code = app.setup_code();
    for _ in 0..10 {
        app.send(post(SIGN_UP, &with("setupCode", "AAAA-BBBB")))
            .refused(403, "ForbiddenRequestError");
    }
    let reply = app
        .send(post(SIGN_UP, &with("setupCode", &code)))
        .refused(429, "RateLimitExceeded");
    let wait: i64 = reply.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    app.app.clock.advance_seconds(wait);
    app.send(post(SIGN_UP, &with("setupCode", &code))).expect(200);
}

#[test]
fn a_second_administrator_is_refused_however_he_comes() {
    let world = World::new();
    let again = with("email", "other@example.com");
    play(
        &world,
        vec![
            refused(
                "a local script",
                post(BOOTSTRAP, &again).local(),
                400,
                "BadRequest",
            ),
            refused("somebody", post(BOOTSTRAP, &again), 400, "BadRequest"),
            refused("sign-up", post(SIGN_UP, &again).local(), 400, "BadRequest"),
            refused(
                "login as the one who was refused",
                post(
                    "/api/v3/auth/login",
                    &json!({"email": "other@example.com", "password": PASSWORD}),
                ),
                400,
                "Invalid credentials",
            )
            .recorded(&["user.login.refused"]),
        ],
    );
    let state = world.send(get(SIGN_UP)).expect(200);
    assert_eq!(state.json, json!({"initialized": true}));
}

#[test]
fn unacceptable_fields_are_named() {
    let app = TestApp::new();
    let long = "x".repeat(65);
    let huge = format!("{}!", "correct horse ".repeat(100));
    let rows = [
        ("email", "kavi"),
        ("email", "kavi@example"),
        ("email", ""),
        ("organization", ""),
        ("organization", "   "),
        ("organization", long.as_str()),
        ("password", ""),
        ("password", "elevenchars"),
        ("password", "aaaaaaaaaaaa"),
        ("password", "password1234"),
        ("password", "PassWord1234"),
        ("password", "qwertyuiop[]"),
        ("password", "111111222222"),
        ("password", EMAIL),
        ("password", huge.as_str()),
    ];
    for path in [BOOTSTRAP, SIGN_UP] {
        for (field, value) in rows {
            let reply = app.send(post(path, &with(field, value)).local());
            let reply = reply.refused(422, "ValidationFailure");
            assert_eq!(reply.at("/message/0/path/0"), field, "{value}: {}", reply.text);
            if field == "password" && !value.is_empty() && value != EMAIL {
                assert!(!reply.text.contains(value), "{}", reply.text);
            }
        }
        for field in ["email", "password", "organization"] {
            let mut body = request();
            body.as_object_mut().unwrap().remove(field);
            let reply = app
                .send(post(path, &body).local())
                .refused(422, "ValidationFailure");
            assert!(reply.text.contains(field), "{}", reply.text);
        }
    }
    assert!(app.events().is_empty());
}

#[test]
fn set_up_answers_as_infisical_does() {
    let app = TestApp::new();
    let longest = "Ö".repeat(64);
    let mut body = with("organization", &longest);
    body["email"] = json!("Kavi@B.CD");
    body["password"] = json!("zwölf zeichen");
    let reply = app.send(post(BOOTSTRAP, &body).local()).expect(200);
    assert_eq!(reply.at("/user/email"), "kavi@b.cd");
    assert_eq!(reply.at("/organization/name"), longest);
    assert_eq!(reply.json["user"]["superAdmin"], true);
    let me = app
        .send(get("/api/strongroom/v1/me").token(&reply.at("/identity/credentials/token")))
        .expect(200);
    assert_eq!(me.at("/kind"), "identity");
    app.login("KAVI@b.cd ", "zwölf zeichen").expect(200);
}

#[test]
fn sign_up_logs_in() {
    let app = TestApp::new();
    let code = app.setup_code();
    let reply = app.send(post(SIGN_UP, &with("setupCode", &code))).expect(200);
    let token = reply.at("/token");
    app.send(post("/api/v1/auth/checkAuth", &json!({})).token(&token))
        .expect(200);
    // The organization is selected already.
    app.send(get("/api/v1/projects").token(&token)).expect(200);
    app.send(Call::new("POST", "/api/v1/auth/token").cookie(&reply.refresh()))
        .expect(200);
}
