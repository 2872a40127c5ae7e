//! Sessions: bearer tokens that are ours and in force, and the refresh cookie that buys new ones.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::app::{Call, EMAIL, PASSWORD, Reply, World, get, post};

fn refresh(world: &World, cookie: &str) -> Reply {
    world.send(Call::new("POST", "/api/v1/auth/token").cookie(cookie))
}

fn check(world: &World, token: &str) -> Reply {
    world.send(post("/api/v1/auth/checkAuth", &json!({})).token(token))
}

fn segments(token: &str) -> [String; 3] {
    let parts: Vec<&str> = token.split('.').collect();
    [parts[0].into(), parts[1].into(), parts[2].into()]
}

fn decoded(segment: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(segment).unwrap()).unwrap()
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[test]
fn tokens_that_were_changed_are_refused() {
    let world = World::new();
    let other = World::new();
    check(&world, &world.admin).expect(200);
    let [head, body, signature] = segments(&world.admin);
    let mut claims = decoded(&body);
    claims["exp"] = json!(claims["exp"].as_i64().unwrap() + 1);
    let mut none = decoded(&head);
    none["alg"] = json!("none");
    let mut other_algorithm = decoded(&head);
    other_algorithm["alg"] = json!("HS512");
    let mut unknown_key = decoded(&head);
    unknown_key["kid"] = json!("99");
    let flipped = format!(
        "{}{}",
        if signature.starts_with('A') { 'B' } else { 'A' },
        &signature[1..]
    );
    for (name, token) in [
        ("other claims", format!("{head}.{}.{signature}", encoded(&claims))),
        ("no algorithm", format!("{}.{body}.", encoded(&none))),
        (
            "no algorithm, signed",
            format!("{}.{body}.{signature}", encoded(&none)),
        ),
        (
            "another algorithm",
            format!("{}.{body}.{signature}", encoded(&other_algorithm)),
        ),
        (
            "an unknown key",
            format!("{}.{body}.{signature}", encoded(&unknown_key)),
        ),
        ("another signature", format!("{head}.{body}.{flipped}")),
        (
            "a shorter signature",
            format!("{head}.{body}.{}", &signature[..20]),
        ),
        ("no signature", format!("{head}.{body}.")),
        ("two parts", format!("{head}.{body}")),
        ("another instance", other.admin.clone()),
        ("a machine of another instance", other.root.clone()),
        ("nonsense", "nonsense".to_owned()),
        ("nothing", String::new()),
        ("a long one", "x".repeat(10_000)),
    ] {
        let reply = check(&world, &token);
        assert_eq!(
            (reply.status, reply.at("/error")),
            (403, "TokenError".into()),
            "{name}"
        );
    }
    // Without the word Bearer there is no token at all.
    for value in ["", "Basic YTpi", &world.admin] {
        world
            .send(get("/api/v1/user").header("authorization", value))
            .refused(401, "UnauthorizedError");
    }
    world
        .send(get("/api/v1/user").header("authorization", &format!("bearer  {}", world.admin)))
        .expect(200);
}

#[test]
fn tokens_expire() {
    let world = World::new();
    world.later(10 * 24 * 60 * 60 - 5);
    check(&world, &world.admin).expect(200);
    world.later(6);
    check(&world, &world.admin).refused(403, "TokenError");
    // The session lives on, and its cookie buys a new token.
    let token = refresh(&world, &world.refresh).expect(200).at("/token");
    check(&world, &token).expect(200);
    world.later(81 * 24 * 60 * 60);
    let reply = refresh(&world, &world.refresh);
    reply.refused(401, "UnauthorizedError");
}

#[test]
fn refresh_tokens_that_are_not_ours_buy_nothing() {
    let world = World::new();
    let other = World::new();
    world
        .send(Call::new("POST", "/api/v1/auth/token"))
        .refused(401, "UnauthorizedError");
    let (id, secret) = world.refresh.split_once('.').unwrap();
    for cookie in [
        "",
        "x",
        ".",
        "x.y",
        id,
        &format!("{id}."),
        &format!("{id}.{}", "A".repeat(secret.len())),
        &other.refresh,
        &world.admin,
    ] {
        refresh(&world, cookie).refused(401, "UnauthorizedError");
    }
    refresh(&world, &world.refresh).expect(200);
}

#[test]
fn the_cookie_of_another_site_is_refused() {
    let world = World::new();
    for path in ["/api/v1/auth/token", "/api/v1/auth/logout"] {
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("origin", "http://strongroom.lan:8081"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "none"),
        ] {
            let call = Call::new("POST", path).cookie(&world.refresh).header(name, value);
            let reply = world.send(call).refused(403, "ForbiddenRequestError");
            assert!(!reply.headers.contains_key("set-cookie"), "{name}: {value}");
        }
    }
    let own = Call::new("POST", "/api/v1/auth/token")
        .cookie(&world.refresh)
        .header("origin", "http://strongroom.lan:8080")
        .header("sec-fetch-site", "same-origin");
    world.send(own).expect(200);
}

#[test]
fn no_other_route_takes_the_cookie() {
    let world = World::new();
    for path in ["/api/v1/user", "/api/v1/projects", "/api/strongroom/v1/me"] {
        world
            .send(get(path).cookie(&world.refresh))
            .refused(401, "UnauthorizedError");
    }
}

#[test]
fn refresh_tokens_rotate_and_keep_the_organization() {
    let world = World::new();
    let first = refresh(&world, &world.refresh).expect(200);
    assert_eq!(first.at("/organizationId"), world.organization);
    let next = first.refresh();
    assert_ne!(next, world.refresh);
    world
        .send(get("/api/v1/projects").token(&first.at("/token")))
        .expect(200);
    // Two tabs at once: the one before still buys a bearer token, but no cookie.
    let late = refresh(&world, &world.refresh).expect(200);
    assert!(!late.headers.contains_key("set-cookie"));
    world.later(59);
    refresh(&world, &world.refresh).expect(200);
    refresh(&world, &next).expect(200);
}

#[test]
fn a_refresh_token_used_again_later_ends_the_session() {
    let world = World::new();
    let next = refresh(&world, &world.refresh).expect(200).refresh();
    world.later(61);
    check(&world, &world.admin).expect(200);
    refresh(&world, &world.refresh).refused(401, "UnauthorizedError");
    // Whoever has the newer one is out as well, and so is every bearer token, at once.
    refresh(&world, &next).refused(401, "UnauthorizedError");
    check(&world, &world.admin).refused(401, "UnauthorizedError");
    assert_eq!(world.events().last().unwrap(), "user.session.reuse");
}

#[test]
fn the_cookie_is_for_the_browser_alone() {
    let world = World::new();
    let reply = world.login(EMAIL, PASSWORD).expect(200);
    let cookie = reply.headers["set-cookie"].to_str().unwrap().to_owned();
    for part in ["; Path=/", "; HttpOnly", "; SameSite=Strict", "; Max-Age=7776000"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "{cookie}");
    let login = post(
        "/api/v3/auth/login",
        &json!({"email": EMAIL, "password": PASSWORD}),
    )
    .header("origin", "https://strongroom.lan:8080");
    let reply = world.send(login).expect(200);
    assert!(
        reply.headers["set-cookie"]
            .to_str()
            .unwrap()
            .ends_with("; Secure")
    );
    assert!(!reply.text.contains(&reply.refresh()));
}

#[test]
fn logging_out_ends_one_session_at_once() {
    let world = World::new();
    let other = world.login(EMAIL, PASSWORD).expect(200);
    let token = world.select(&other.at("/accessToken"));
    // By bearer token.
    let reply = world
        .send(Call::new("POST", "/api/v1/auth/logout").token(&world.admin))
        .expect(200);
    assert_eq!(reply.refresh(), "");
    check(&world, &world.admin).refused(401, "UnauthorizedError");
    refresh(&world, &world.refresh).refused(401, "UnauthorizedError");
    world
        .send(Call::new("POST", "/api/v1/auth/logout").token(&world.admin))
        .refused(401, "UnauthorizedError");
    // By cookie; a wrong one ends nothing.
    check(&world, &token).expect(200);
    let id = other.refresh().split_once('.').unwrap().0.to_owned();
    world
        .send(Call::new("POST", "/api/v1/auth/logout").cookie(&format!("{id}.wrong")))
        .expect(200);
    check(&world, &token).expect(200);
    world
        .send(Call::new("POST", "/api/v1/auth/logout").cookie(&other.refresh()))
        .expect(200);
    check(&world, &token).refused(401, "UnauthorizedError");
    // There is nothing left to end.
    world
        .send(Call::new("POST", "/api/v1/auth/logout"))
        .refused(401, "UnauthorizedError");
    assert_eq!(
        world
            .events()
            .iter()
            .filter(|event| *event == "user.logout")
            .count(),
        2
    );
}

#[test]
fn a_person_removed_from_the_organization_is_out_at_once() {
    let world = World::new();
    let token = world.person("dev@example.com", shared::model::access::OrganizationRole::Member);
    world.send(get("/api/v1/projects").token(&token)).expect(200);
    world.sql(|tx| {
        tx.execute(
            "DELETE FROM organization_members WHERE member_id = (SELECT id FROM users WHERE email = $1)",
            &[crate::store::Value::from("dev@example.com")],
        )
    });
    world
        .send(get("/api/v1/projects").token(&token))
        .refused(403, "ForbiddenRequestError");
}

#[test]
fn sessions_and_tokens_survive_a_restart() {
    let mut world = World::new();
    world.app = world.app.reopened();
    check(&world, &world.admin).expect(200);
    refresh(&world, &world.refresh).expect(200);
    world
        .send(get("/api/strongroom/v1/me").token(&world.root))
        .expect(200);
}

#[test]
fn selecting_an_organization_buys_one_refresh_token_and_no_more() {
    let world = World::new();
    let login = world.login(EMAIL, PASSWORD).expect(200);
    let token = login.at("/accessToken");
    let first = world.selection(&token);
    assert_ne!(first.refresh(), login.refresh());
    // Neither the token of the login nor the one that was bought can buy another.
    for token in [token, first.at("/token")] {
        assert!(world.selection(&token).headers.get("set-cookie").is_none());
    }
    let body = json!({"organizationId": "00000000-0000-4000-8000-000000000000"});
    let refused = world.send(post("/api/v3/auth/select-organization", &body).token(&first.at("/token")));
    assert!(refused.headers.get("set-cookie").is_none());
    refused.refused(403, "ForbiddenRequestError");
    // It took the place of the one from the password, which nobody should present any more.
    let again = refresh(&world, &first.refresh()).expect(200);
    assert_eq!(again.at("/organizationId"), world.organization);
    refresh(&world, &login.refresh()).refused(401, "UnauthorizedError");
    world.later(61);
    refresh(&world, &first.refresh()).refused(401, "UnauthorizedError");
    refresh(&world, &again.refresh()).refused(401, "UnauthorizedError");
}
