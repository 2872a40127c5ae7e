//! Password login and its limiter; choosing an organization.

use serde_json::{Value, json};
use server::domain::Context;
use server::domain::caller::Source;
use server::domain::login::{self, Finished};
use shared::model::access::OrganizationRole;
use shared::model::ids::OrganizationId;

use crate::app::{Call, EMAIL, PASSWORD, TestApp, World, get, post};
use crate::scenario::{accepted, play, refused};

const LOGIN: &str = "/api/v3/auth/login";
const SELECT: &str = "/api/v3/auth/select-organization";

fn attempt(email: &str, password: &str) -> Call {
    post(LOGIN, &json!({"email": email, "password": password}))
}

#[test]
fn unknown_users_and_wrong_passwords_get_the_same_answer() {
    let world = World::new();
    let wrong = world
        .send(attempt(EMAIL, "not the password"))
        .refused(400, "BadRequest");
    for (email, password) in [
        ("nobody@example.com", PASSWORD),
        ("", ""),
        ("not an address", PASSWORD),
        (EMAIL, ""),
        (EMAIL, "wrong pony battery stapl"),
        (EMAIL, "wrong pony battery staple "),
        ("kavi@example.com\u{0}", PASSWORD),
    ] {
        let reply = world.send(attempt(email, password)).refused(400, "BadRequest");
        assert_eq!(reply.at("/message"), wrong.at("/message"), "{email:?}");
        assert!(!reply.headers.contains_key("set-cookie"));
    }
    // The older login of Infisical's command line ends in the same words.
    for path in ["/api/v3/auth/login1", "/api/v3/auth/login2"] {
        let reply = world.send(post(path, &json!({}))).refused(400, "BadRequest");
        assert_eq!(reply.at("/message"), wrong.at("/message"));
    }
}

#[test]
fn requests_of_the_wrong_shape_are_refused() {
    let world = World::new();
    play(
        &world,
        vec![
            refused(
                "no password",
                post(LOGIN, &json!({"email": EMAIL})),
                422,
                "ValidationFailure",
            ),
            refused(
                "a number",
                post(LOGIN, &json!({"email": 7, "password": "x"})),
                422,
                "email",
            ),
            refused(
                "not JSON",
                Call::new("POST", LOGIN).raw("application/json", "{"),
                400,
                "BadRequest",
            ),
            refused("no body", Call::new("POST", LOGIN), 422, "application/json"),
            refused(
                "a form",
                Call::new("POST", LOGIN).raw("application/x-www-form-urlencoded", "email=a&password=b"),
                422,
                "application/json",
            ),
            refused("wrong password", attempt(EMAIL, "no"), 400, "BadRequest")
                .recorded(&["user.login.refused"]),
            accepted("right password", attempt(EMAIL, PASSWORD), &["user.login"])
                .saying(&["accessToken"])
                .hiding(&[PASSWORD]),
        ],
    );
}

#[test]
fn an_endless_address_is_an_unknown_user() {
    let world = World::new();
    // What no index of a database takes as a key.
    let long: String = (0..20_000_u32)
        .map(|n| char::from(b'a' + u8::try_from((n * n / 7) % 26).unwrap()))
        .collect();
    world
        .send(attempt(&format!("{long}@example.com"), PASSWORD))
        .refused(400, "BadRequest");
}

#[test]
fn guessing_makes_the_account_wait_and_success_clears_it() {
    let world = World::new();
    for _ in 0..10 {
        world.send(attempt(EMAIL, "wrong")).refused(400, "BadRequest");
    }
    // The right password waits too, and so does the same account in other letters, but not from another address:
    // nobody locks somebody else out.
    let reply = world
        .send(attempt(EMAIL, PASSWORD))
        .refused(429, "RateLimitExceeded");
    assert_eq!(reply.headers["retry-after"], "1");
    world
        .send(attempt(" KAVI@Example.com", PASSWORD))
        .refused(429, "RateLimitExceeded");
    world
        .send(attempt(EMAIL, PASSWORD).from("198.51.100.9"))
        .expect(200);
    // Another account does not.
    world
        .send(attempt("nobody@example.com", PASSWORD))
        .refused(400, "BadRequest");
    world.later(1);
    world.send(attempt(EMAIL, "wrong")).refused(400, "BadRequest");
    let reply = world
        .send(attempt(EMAIL, "wrong"))
        .refused(429, "RateLimitExceeded");
    assert_eq!(reply.headers["retry-after"], "2");
    world.later(2);
    world.send(attempt(EMAIL, PASSWORD)).expect(200);
    for _ in 0..9 {
        world.send(attempt(EMAIL, "wrong")).refused(400, "BadRequest");
    }
    world.send(attempt(EMAIL, PASSWORD)).expect(200);
}

#[test]
fn a_wrong_password_at_the_command_line_counts_once() {
    let world = World::new();
    let older = json!({"email": EMAIL, "clientPublicKey": "00"});
    // The command line falls back to the older login after any failure, with as many requests as it needs.
    for _ in 0..9 {
        world.send(attempt(EMAIL, "wrong")).refused(400, "BadRequest");
        for path in ["/api/v3/auth/login1", "/api/v3/auth/login2"] {
            world.send(post(path, &older)).refused(400, "BadRequest");
        }
    }
    world.send(attempt(EMAIL, "wrong")).refused(400, "BadRequest");
    world
        .send(attempt(EMAIL, PASSWORD))
        .refused(429, "RateLimitExceeded");
}

#[test]
fn selecting_an_organization_replaces_the_refresh_cookie() {
    let world = World::new();
    let login = world.login(EMAIL, PASSWORD).expect(200);
    let before = login.refresh();
    let selected = world.selection(&login.at("/accessToken"));
    assert_ne!(selected.refresh(), before);
    let refresh = |cookie: &str| world.send(Call::new("POST", "/api/v1/auth/token").cookie(cookie));
    let reply = refresh(&selected.refresh()).expect(200);
    assert_eq!(reply.at("/organizationId"), world.organization);
    let check = Call::new("POST", "/api/v1/auth/checkAuth");
    world.send(check.clone().token(&reply.at("/token"))).expect(200);
    // Before an organization is selected, nothing of one is open.
    world
        .send(check.token(&login.at("/accessToken")))
        .refused(401, "UnauthorizedError");
}

#[test]
fn a_restart_forgives_nothing() {
    let World { app, .. } = World::new();
    // Enough that the wait is longer than any restart.
    for failures in 0..18 {
        app.send(attempt(EMAIL, "wrong")).refused(400, "BadRequest");
        if failures >= 9 {
            app.app.clock.advance_seconds(1 << (failures - 9));
        }
    }
    let ahead = (0..9).map(|n| 1 << n).sum::<i64>();
    let app = app.reopened();
    app.app.clock.advance_seconds(ahead - (1 << 8));
    let reply = app
        .send(attempt(EMAIL, PASSWORD))
        .refused(429, "RateLimitExceeded");
    let wait: i64 = reply.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!(wait > 200, "{wait}");
    app.app.clock.advance_seconds(wait);
    app.login(EMAIL, PASSWORD).expect(200);
}

#[test]
fn a_source_that_tries_many_accounts_waits_and_others_do_not() {
    let world = World::new();
    let bad = "203.0.113.7";
    for number in 0..50 {
        world
            .send(attempt(&format!("user{number}@example.com"), "wrong").from(bad))
            .refused(400, "BadRequest");
    }
    world
        .send(attempt(EMAIL, PASSWORD).from(bad))
        .refused(429, "RateLimitExceeded");
    world
        .send(attempt(EMAIL, PASSWORD).from("203.0.113.8"))
        .expect(200);
    // Logging in elsewhere does not help the source.
    world
        .send(attempt(EMAIL, PASSWORD).from(bad))
        .refused(429, "RateLimitExceeded");
}

#[test]
fn an_organization_is_chosen_only_by_its_members() {
    let world = World::new();
    let unselected = world.login(EMAIL, PASSWORD).expect(200).at("/accessToken");
    let other = foreign_organization(&world);
    let select = |id: &str| post(SELECT, &json!({"organizationId": id})).token(&unselected);
    let mut answers = Vec::new();
    for id in [
        other.as_str(),
        "00000000-0000-4000-8000-000000000000",
        "no-id",
        "",
    ] {
        answers.push(
            world
                .send(select(id))
                .refused(403, "ForbiddenRequestError")
                .at("/message"),
        );
        let reply = world.send(get(&format!("/api/v1/organization/{id}x")).token(&world.admin));
        reply.refused(403, "ForbiddenRequestError");
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    world
        .send(get(&format!("/api/v1/organization/{other}")).token(&world.admin))
        .refused(403, "ForbiddenRequestError");
    play(
        &world,
        vec![
            refused(
                "a machine",
                post(SELECT, &json!({"organizationId": world.organization})).token(&world.root),
                403,
                "machine identity",
            ),
            refused(
                "projects before choosing",
                get("/api/v1/projects").token(&unselected),
                401,
                "select-organization",
            ),
            accepted("choosing", select(&world.organization), &[]),
            accepted("the list", get("/api/v1/organization").token(&unselected), &[])
                .saying(&["Home Lab"])
                .hiding(&["Foreign"]),
            accepted(
                "one",
                get(&format!("/api/v1/organization/{}", world.organization)).token(&world.admin),
                &[],
            )
            .saying(&["Home Lab"]),
        ],
    );
}

#[test]
fn organizations_say_when_the_caller_joined() {
    let world = World::new();
    world.later(60);
    let person = world.person("pat@example.com", OrganizationRole::Member);
    let of = |token: &str| {
        let list = world.send(get("/api/v1/organization").token(token)).expect(200);
        let path = format!("/api/v1/organization/{}", world.organization);
        let one = world.send(get(&path).token(token)).expect(200);
        let organization = list.json["organizations"][0].clone();
        assert_eq!(organization, one.json["organization"]);
        assert_eq!(organization["enforceMfa"], false);
        assert_eq!(organization.get("selectedMfaMethod"), Some(&Value::Null));
        let text = |field: &str| organization[field].as_str().unwrap().to_owned();
        (text("createdAt"), text("userJoinedAt"))
    };
    let (made, founder) = of(&world.admin);
    let (_, joined) = of(&person);
    assert_eq!(made, founder);
    assert!(joined > made, "{joined} {made}");
    // A client still understands a server that does not say so.
    let older = json!({
        "id": world.organization, "name": "Home", "slug": "home", "customerId": null, "authEnforced": false,
        "scimEnabled": false, "kmsDefaultKeyId": null, "kmsEncryptedDataKey": null,
        "defaultMembershipRole": "member", "createdAt": made, "updatedAt": made,
    });
    let older: shared::wire::organizations::Organization = serde_json::from_value(older).unwrap();
    assert!(older.user_joined_at.is_none() && !older.enforce_mfa);
}

/// A second organization that nobody here belongs to.
pub fn foreign_organization(app: &TestApp) -> String {
    use crate::store::organizations::{Organization, insert};
    let id = OrganizationId::from_random(server::crypto::random::bytes().unwrap());
    let now = app.app.clock.now();
    let organization = Organization {
        id,
        name: "Foreign".into(),
        slug: format!("foreign-{id}"),
        created_at: now,
        updated_at: now,
    };
    app.sql(move |tx| insert(tx, &organization));
    id.to_string()
}

#[test]
fn people_see_themselves() {
    let world = World::new();
    let member = world.person("dev@example.com", OrganizationRole::Member);
    let reply = world.send(get("/api/v1/user").token(&member)).expect(200);
    assert_eq!(reply.at("/user/email"), "dev@example.com");
    assert_eq!(reply.json["user"]["superAdmin"], false);
    assert!(!reply.text.contains("argon2"), "{}", reply.text);
    let me = world
        .send(get("/api/strongroom/v1/me").token(&member))
        .expect(200);
    assert_eq!(
        (me.at("/kind"), me.at("/name")),
        ("user".into(), "dev@example.com".into())
    );
    world
        .send(get("/api/v1/user").token(&world.root))
        .refused(403, "ForbiddenRequestError");
}

#[test]
fn a_login_under_way_does_not_survive_a_change_of_the_password() {
    let world = World::new();
    let app = &world.app.app;
    let source = Source::default();
    let of = |email: &'static str| {
        let source = source.clone();
        world
            .wait(app.write(move |cx| login::begin(cx, email, &source)))
            .unwrap()
    };
    let finish = |begun: login::Begun| {
        let source = source.clone();
        let finish = move |cx: &mut Context| login::finish(cx, &begun, true, &source);
        world.wait(app.write(finish)).unwrap()
    };
    let (before, unknown) = (of(EMAIL), of("nobody@example.com"));
    let body = json!({"currentPassword": PASSWORD, "newPassword": "another pony battery staple"});
    world
        .send(post("/api/strongroom/v1/account/password", &body).token(&world.admin))
        .expect(200);
    let sessions = || world.sql(|tx| tx.query("SELECT id FROM sessions", &[])).len();
    let count = sessions();
    assert!(matches!(finish(before), Finished::Refused));
    assert!(matches!(finish(unknown), Finished::Refused));
    assert_eq!(sessions(), count);
    assert_eq!(world.events().last().unwrap(), "user.login.refused");
    assert!(matches!(finish(of(EMAIL)), Finished::Opened(_)));
}
