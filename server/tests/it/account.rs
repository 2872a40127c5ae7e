//! One's own sessions and password: what ends, what goes on, and what a stolen session is not enough for.

use serde_json::{Value, json};
use shared::model::access::OrganizationRole;

use crate::app::{Call, EMAIL, PASSWORD, Reply, World, delete, get, post};

const SESSIONS: &str = "/api/strongroom/v1/sessions";
const CHANGE: &str = "/api/strongroom/v1/account/password";
const NEW: &str = "another pony battery staple";

fn change(world: &World, token: &str, current: &str, new: &str) -> Reply {
    let body = json!({"currentPassword": current, "newPassword": new});
    world.send(post(CHANGE, &body).token(token))
}

fn end(world: &World, token: &str, session: &str) -> Reply {
    let path = format!("{SESSIONS}/{session}");
    world.send(delete(&path, &json!({})).token(token))
}

fn end_all(world: &World, token: &str, query: &str) -> Reply {
    world.send(delete(&format!("{SESSIONS}{query}"), &json!({})).token(token))
}

fn refresh(world: &World, cookie: &str) -> Reply {
    world.send(Call::new("POST", "/api/v1/auth/token").cookie(cookie))
}

fn sessions(world: &World, token: &str) -> Vec<Value> {
    let reply = world.send(get(SESSIONS).token(token)).expect(200);
    reply.json["sessions"].as_array().unwrap().clone()
}

fn current(world: &World, token: &str) -> String {
    let sessions = sessions(world, token);
    let current: Vec<&Value> = sessions
        .iter()
        .filter(|session| session["current"] == true)
        .collect();
    assert_eq!(current.len(), 1);
    current[0]["id"].as_str().unwrap().to_owned()
}

/// A further session of the administrator: its token and its cookie.
fn further(world: &World) -> (String, String) {
    let login = world.login(EMAIL, PASSWORD).expect(200);
    let selected = world.selection(&login.at("/accessToken"));
    (selected.at("/token"), selected.refresh())
}

fn assert_over(world: &World, (token, cookie): (&str, &str)) {
    world
        .send(get("/api/v1/user").token(token))
        .refused(401, "UnauthorizedError");
    refresh(world, cookie).refused(401, "UnauthorizedError");
}

#[test]
fn sessions_of_others_cannot_be_seen_or_ended() {
    let world = World::new();
    let other = world.person("dev@example.com", OrganizationRole::Admin);
    let others = current(&world, &other);
    let own = current(&world, &world.admin);
    assert_ne!(own, others);
    let unknown = end(&world, &world.admin, "00000000-0000-4000-8000-000000000000").refused(404, "NotFound");
    for id in [others.as_str(), "x", "%00", "current"] {
        let reply = end(&world, &world.admin, id).refused(404, "NotFound");
        // Nobody learns that it exists.
        assert_eq!(reply.at("/message"), unknown.at("/message"), "{id}");
        assert!(!reply.headers.contains_key("set-cookie"));
    }
    end(&world, &other, &own).refused(404, "NotFound");
    world.send(get("/api/v1/user").token(&other)).expect(200);
    // Whoever ends all of his own leaves others alone.
    let ended = end_all(&world, &world.admin, "").expect(200);
    assert_eq!(ended.json["ended"], 1);
    world.send(get("/api/v1/user").token(&other)).expect(200);
    world
        .send(get(SESSIONS).token(&world.root))
        .refused(403, "ForbiddenRequestError");
    world
        .send(get(SESSIONS).cookie(&world.refresh))
        .refused(401, "UnauthorizedError");
}

#[test]
fn a_list_shows_where_each_session_was_made() {
    let world = World::new();
    let body = json!({"email": EMAIL, "password": PASSWORD});
    let login = post("/api/v3/auth/login", &body)
        .from("198.51.100.7")
        .header("user-agent", "<b>Phone</b>");
    let login = world.send(login).expect(200);
    let phone = login.at("/accessToken");
    let all = sessions(&world, &world.admin);
    assert_eq!(all.len(), 2);
    let of_phone = all.iter().find(|session| session["current"] == false).unwrap();
    assert_eq!(of_phone["ip"], "198.51.100.7");
    assert_eq!(of_phone["userAgent"], "<b>Phone</b>");
    assert_eq!(of_phone["id"], current(&world, &phone).as_str());
    for field in ["createdAt", "lastUsedAt", "expiresAt"] {
        assert!(of_phone[field].as_str().unwrap().ends_with('Z'), "{field}");
    }
    assert!(of_phone.get("refreshHash").is_none());
    // The one used last stands first.
    world.later(120);
    world.send(get("/api/v1/user").token(&phone)).expect(200);
    let all = sessions(&world, &world.admin);
    assert_eq!(all[0]["id"], of_phone["id"]);
    assert!(all[0]["lastUsedAt"].as_str() > of_phone["lastUsedAt"].as_str());
    assert_eq!(all[0]["createdAt"], of_phone["createdAt"]);
    world.later(120);
    sessions(&world, &world.admin);
    assert_eq!(sessions(&world, &world.admin)[0]["current"], true);
    // Those that are over are not shown.
    world
        .send(Call::new("POST", "/api/v1/auth/logout").token(&phone))
        .expect(200);
    assert_eq!(sessions(&world, &world.admin).len(), 1);
}

#[test]
fn an_ended_session_is_refused_with_the_next_request() {
    let world = World::new();
    let (token, cookie) = further(&world);
    let id = current(&world, &token);
    let reply = end(&world, &world.admin, &id).expect(200);
    assert_eq!(reply.json, json!({"ended": 1}));
    assert!(!reply.headers.contains_key("set-cookie"));
    assert_over(&world, (&token, &cookie));
    end(&world, &world.admin, &id).refused(404, "NotFound");
    world.send(get("/api/v1/user").token(&world.admin)).expect(200);
    // One's own, and the browser forgets its cookie.
    let own = current(&world, &world.admin);
    let reply = end(&world, &world.admin, &own).expect(200);
    assert_eq!(reply.refresh(), "");
    assert_over(&world, (&world.admin, &world.refresh));
    let revoked = |event: &String| event == "user.session.revoke";
    assert_eq!(world.events().iter().filter(|event| revoked(event)).count(), 2);
}

#[test]
fn logging_out_everywhere_ends_every_session_or_every_other_one() {
    let world = World::new();
    let (first, first_cookie) = further(&world);
    let (second, second_cookie) = further(&world);
    end_all(&world, &world.admin, "?others=perhaps").refused(422, "ValidationFailure");
    world.send(get("/api/v1/user").token(&first)).expect(200);
    let reply = end_all(&world, &world.admin, "?others=true").expect(200);
    assert_eq!(reply.json, json!({"ended": 2}));
    assert!(!reply.headers.contains_key("set-cookie"));
    assert_over(&world, (&first, &first_cookie));
    assert_over(&world, (&second, &second_cookie));
    world.send(get("/api/v1/user").token(&world.admin)).expect(200);
    let (third, third_cookie) = further(&world);
    let reply = end_all(&world, &world.admin, "").expect(200);
    assert_eq!(reply.json, json!({"ended": 2}));
    assert_eq!(reply.refresh(), "");
    assert_over(&world, (&third, &third_cookie));
    assert_over(&world, (&world.admin, &world.refresh));
    world.login(EMAIL, PASSWORD).expect(200);
}

#[test]
fn a_stolen_session_cannot_guess_or_change_the_password() {
    let world = World::new();
    let (other, _) = further(&world);
    for wrong in ["", "not the password", "wrong pony battery staple "] {
        let reply = change(&world, &world.admin, wrong, NEW).refused(400, "BadRequest");
        assert_eq!(reply.at("/message"), "The password is wrong. Nothing was changed");
    }
    assert_eq!(world.events().last().unwrap(), "user.reauthentication.refused");
    world.send(get("/api/v1/user").token(&other)).expect(200);
    world.login(EMAIL, NEW).refused(400, "BadRequest");
    // Guesses count together with those at the login page, and the right password does not get past the wait.
    for number in 0..9 {
        if number > 4 {
            world.later(5);
        }
        change(&world, &other, "guess", NEW).refused(400, "BadRequest");
    }
    let limited = change(&world, &world.admin, PASSWORD, NEW);
    assert!(limited.headers.contains_key("retry-after"), "{}", limited.text);
    limited.expect(429);
    world.login(EMAIL, PASSWORD).expect(429);
    world.later(60);
    change(&world, &world.admin, PASSWORD, NEW).expect(200);
}

#[test]
fn a_new_password_keeps_the_rules_of_sign_up() {
    let world = World::new();
    for (name, new) in [
        ("short", "Zx9!kw"),
        ("common", "password123456"),
        ("the address", EMAIL),
        ("the same", PASSWORD),
        ("nothing", ""),
    ] {
        let reply = change(&world, &world.admin, PASSWORD, new).refused(422, "ValidationFailure");
        assert_eq!(reply.json["message"][0]["path"], json!(["newPassword"]), "{name}");
        assert!(new.is_empty() || !reply.text.contains(new), "{name}");
    }
    for body in [json!({"newPassword": NEW}), json!({"currentPassword": PASSWORD})] {
        world
            .send(post(CHANGE, &body).token(&world.admin))
            .refused(422, "ValidationFailure");
    }
    let body = json!({"currentPassword": PASSWORD, "newPassword": NEW});
    world
        .send(post(CHANGE, &body).token(&world.root))
        .refused(403, "ForbiddenRequestError");
    world.login(EMAIL, PASSWORD).expect(200);
}

#[test]
fn a_changed_password_ends_every_other_session_of_the_person() {
    let world = World::new();
    let (token, cookie) = further(&world);
    let bystander = world.person("dev@example.com", OrganizationRole::Member);
    let reply = change(&world, &world.admin, PASSWORD, NEW).expect(200);
    assert_eq!(reply.json, json!({"ended": 1}));
    assert_over(&world, (&token, &cookie));
    world.login(EMAIL, PASSWORD).refused(400, "BadRequest");
    world.login(EMAIL, NEW).expect(200);
    // This one goes on, and so does everybody else's.
    world
        .send(get("/api/v1/projects").token(&world.admin))
        .expect(200);
    refresh(&world, &world.refresh).expect(200);
    world.send(get("/api/v1/user").token(&bystander)).expect(200);
    world.login("dev@example.com", PASSWORD).expect(200);
    assert!(world.events().contains(&"user.password.change".to_owned()));
    // Neither password is ever said or kept in words.
    assert_eq!(world.said(NEW) + world.said(PASSWORD), 0);
    let details: Vec<String> = world.sql(|tx| {
        tx.query("SELECT detail FROM audit_records", &[])?
            .iter()
            .map(|row| row.get(0))
            .collect()
    });
    assert!(
        details
            .iter()
            .all(|detail| !detail.contains(NEW) && !detail.contains(PASSWORD))
    );
}

#[test]
fn me_says_who_administers_the_instance() {
    let world = World::new();
    let me = |token: &str| {
        world
            .send(get("/api/strongroom/v1/me").token(token))
            .expect(200)
            .json
    };
    let admin = me(&world.admin);
    assert_eq!(
        (&admin["email"], &admin["instanceAdmin"]),
        (&json!(EMAIL), &json!(true))
    );
    let other = me(&world.person("dev@example.com", OrganizationRole::Admin));
    assert_eq!(
        (&other["email"], &other["instanceAdmin"]),
        (&json!("dev@example.com"), &json!(false))
    );
    let machine = me(&world.machine("ci", "admin").token);
    assert_eq!(
        (&machine["email"], &machine["instanceAdmin"]),
        (&json!(null), &json!(false))
    );
}
