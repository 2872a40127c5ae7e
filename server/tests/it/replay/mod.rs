//! What clients of Infisical were answered by a real server, played again to ours: one session of requests in order
//! against an empty instance, on whichever database the tests run.
//!
//! Of each answer the status is compared, the content type, and the body: every field that was recorded must be
//! there, with the same type and the same value; fields of ours beside them are free. Placeholders such as `<uuid>`
//! stand for what differs from run to run. Arrays are sets, except `imports`, `secretImports` and `environments`, whose
//! order means something. A successful read with a credential carries an entity tag.
//!
//! Of a refusal the status is compared, and `error` must be the word that clients know for that status. Its `message`
//! is ours: clients print it and match none of its text, so that it may say more than the recorded one. What must be
//! said all the same (that something exists already, what was not found) is asserted in the tests of each noun.
//!
//! Where we answer otherwise on purpose, [`ours::TABLE`] says what, and that is what is then compared. An exchange that
//! is marked as a defect of the recorded server must be in the table, and a row that is of no use fails.

mod compare;
mod ours;
mod recording;

use serde_json::{Value, json};

use crate::app::{Reply, TestApp, post};
use compare::differences;
use ours::{Answer, Row, TABLE};
use recording::{Captured, Exchange, exchanges, taken};

/// Within the range that one exchange allows an identity's tokens to be used from.
const ADDRESS: &str = "10.0.0.10";

/// What a browser does with a proof of the password is done our own way: the request, and where its answer has what
/// the recorded one had.
fn our_own_way(exchange: &Exchange, app: &TestApp) -> Option<(Reply, Vec<(&'static str, &'static str)>)> {
    let (email, password) = ("admin@example.com", "Corpus-Passw0rd!");
    let request = json!({"email": email, "password": password, "organization": "Admin Org"});
    let set_up = || app.send(post("/api/strongroom/v1/setup", &request).local());
    match exchange.id() {
        "admin-signup" => {
            let captures = [
                ("userId", "/user/id"),
                ("orgId", "/organization/id"),
                ("orgSlug", "/organization/slug"),
            ];
            Some((set_up().expect(200), captures.to_vec()))
        }
        "admin-signup-again" => Some((set_up(), Vec::new())),
        "login2" => {
            let reply = app.login(email, password).expect(200);
            let captures = [
                ("userTokenNoOrg", "/accessToken"),
                ("refreshCookie", "cookie:jid"),
            ];
            Some((reply, captures.to_vec()))
        }
        _ => None,
    }
}

/// Words that clients know for a status. `Not Found` is the framework's, for a route that does not exist.
fn words(status: u16) -> &'static [&'static str] {
    match status {
        400 => &["BadRequest"],
        401 => &["UnauthorizedError"],
        403 => &["ForbiddenRequestError", "PermissionDenied", "TokenError"],
        404 => &["NotFound", "Not Found"],
        409 => &["Conflict"],
        413 => &["PayloadTooLarge"],
        422 => &["ValidationFailure"],
        429 => &["RateLimitExceeded"],
        _ => &[],
    }
}

/// What is wrong with a refusal whatever it was about.
fn form_of_refusal(reply: &Reply) -> Vec<String> {
    let mut found = Vec::new();
    let error = reply.json["error"].as_str().unwrap_or_default();
    if !words(reply.status).contains(&error) {
        found.push(format!("/error: {error:?} is no word for {}", reply.status));
    }
    if reply.json["statusCode"] != reply.status {
        found.push(format!(
            "/statusCode: {} should be {}",
            reply.json["statusCode"], reply.status
        ));
    }
    let request_id = reply.json["reqId"].as_str().unwrap_or_default();
    if request_id.len() != 18 || !request_id.starts_with("req-") {
        found.push(format!("/reqId: {request_id:?} is no request id"));
    }
    let has_message = match &reply.json["message"] {
        Value::String(text) => !text.is_empty() && reply.status != 422,
        Value::Array(issues) => !issues.is_empty() && reply.status == 422,
        _ => false,
    };
    if !has_message {
        found.push(format!("/message: {} says nothing", reply.json["message"]));
    }
    found
}

fn status_differs(want: u16, reply: &Reply) -> Option<Vec<String>> {
    (reply.status != want).then(|| {
        let error: String = match &reply.json["error"] {
            Value::String(word) => format!("{word}: {}", reply.json["message"]),
            _ => reply.text.clone(),
        };
        let error: String = error.chars().take(120).collect();
        vec![format!("{} should be {want} ({error})", reply.status)]
    })
}

/// What differs from the recorded answer.
fn against_recorded(exchange: &Exchange, reply: &Reply, captured: &Captured) -> Vec<String> {
    if let Some(found) = status_differs(exchange.status(), reply) {
        return found;
    }
    if exchange.status() >= 400 {
        let mut found = form_of_refusal(reply);
        let word = exchange.body()["error"].as_str().unwrap_or_default();
        if words(reply.status).contains(&word) && reply.json["error"] != word {
            found.push(format!("/error: {} should be {word:?}", reply.json["error"]));
        }
        return found;
    }
    if exchange.is_unstable() {
        return Vec::new();
    }
    differences(exchange.body(), &reply.json, captured)
}

/// What differs from the row of the table.
fn against_row(row: &Row, exchange: &Exchange, reply: &Reply, captured: &Captured) -> Vec<String> {
    let (want, mut found) = match row.ours {
        Answer::Issues => {
            if let Some(found) = status_differs(422, reply) {
                return found;
            }
            (None, against_issues(exchange, reply))
        }
        Answer::Refuses(status, word, text) => {
            if let Some(found) = status_differs(status, reply) {
                return found;
            }
            let mut found = Vec::new();
            if reply.json["error"] != word {
                found.push(format!("/error: {} should be {word:?}", reply.json["error"]));
            }
            if !reply.json["message"].to_string().contains(text) {
                found.push(format!(
                    "/message: {} does not say {text:?}",
                    reply.json["message"]
                ));
            }
            (None, found)
        }
        Answer::Except(edits) => {
            let mut want = exchange.body().clone();
            for (pointer, value) in edits {
                put(&mut want, pointer, serde_json::from_str(value).unwrap());
            }
            if want == *exchange.body() {
                return vec!["the row changes nothing".to_owned()];
            }
            (Some(want), Vec::new())
        }
        Answer::Body(body) => (Some(serde_json::from_str(body).unwrap()), Vec::new()),
        Answer::Recorded => return against_recorded(exchange, reply, captured),
        Answer::Hint(text) => {
            let hint = reply.headers.get("x-strongroom-hint");
            let hint = hint.and_then(|value| value.to_str().ok()).unwrap_or_default();
            let mut found = against_recorded(exchange, reply, captured);
            if !hint.contains(text) {
                found.push(format!("x-strongroom-hint: {hint:?} does not name {text:?}"));
            }
            return found;
        }
    };
    if let Some(want) = want {
        if let Some(found) = status_differs(200, reply) {
            return found;
        }
        found.extend(differences(&want, &reply.json, captured));
    } else {
        found.extend(form_of_refusal(reply));
    }
    found
}

/// Ours may stop at the first wrong field; each that it names must be one of the recorded.
fn against_issues(exchange: &Exchange, reply: &Reply) -> Vec<String> {
    let paths = |body: &Value| -> Vec<String> {
        let issues = body["message"].as_array().cloned().unwrap_or_default();
        issues.iter().map(|issue| issue["path"].to_string()).collect()
    };
    let recorded = paths(exchange.body());
    let have = paths(&reply.json);
    have.iter()
        .filter(|path| !recorded.contains(path))
        .map(|path| {
            format!(
                "/message: an issue with {path}, recorded are {}",
                recorded.join(" ")
            )
        })
        .collect()
}

/// Puts a value where a pointer says, in a body that has the field's parent; `[NAME]` is the secret of that name.
fn put(body: &mut Value, pointer: &str, value: Value) {
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    let parent = match parent.strip_suffix(']').and_then(|parent| parent.split_once('[')) {
        None => body.pointer_mut(parent),
        Some((list, name)) => body
            .pointer_mut(list)
            .and_then(Value::as_array_mut)
            .and_then(|items| items.iter_mut().find(|item| item["secretKey"] == name)),
    };
    parent.unwrap_or_else(|| panic!("nothing recorded at {pointer}"))[field] = value;
}

/// Headers that clients depend on.
fn against_headers(exchange: &Exchange, reply: &Reply) -> Vec<String> {
    let mut found = Vec::new();
    let have = |name: &str| {
        reply
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let kind = exchange.headers()["content-type"].as_str().unwrap_or_default();
    if have("content-type") != kind {
        found.push(format!(
            "content-type: {:?} should be {kind:?}",
            have("content-type")
        ));
    }
    if exchange.is_read_with_a_credential() && reply.status == 200 && have("etag").is_empty() {
        found.push("etag: missing".to_owned());
    }
    // The refresh token is the session's: choosing an organization does not change it.
    let sets_cookie = exchange.headers()["set-cookie"].is_array() && exchange.id() != "select-organization";
    for part in ["jid=", "Path=/", "HttpOnly", "SameSite=Strict"] {
        if sets_cookie && !have("set-cookie").contains(part) {
            found.push(format!("set-cookie: {part} missing"));
        }
    }
    found
}

#[test]
fn clients_are_answered_as_they_were_recorded() {
    let app = TestApp::new();
    let mut captured = Captured::new();
    let mut report: Vec<String> = Vec::new();
    let mut used = vec![false; TABLE.len()];
    for exchange in exchanges() {
        let name = exchange.name();
        let mut say = |found: Vec<String>| report.extend(found.iter().map(|line| format!("{name}: {line}")));
        let row = TABLE.iter().position(|row| row.is_about(&exchange));
        if let Some(row) = row {
            used[row] = true;
        }
        app.app.clock.advance_seconds(exchange.delay());
        let (reply, captures) = match our_own_way(&exchange, &app) {
            Some(own) => own,
            None => match exchange.call(&captured) {
                Ok(call) => (app.send(call.from(ADDRESS)), exchange.captures()),
                Err(missing) => {
                    say(vec![missing]);
                    continue;
                }
            },
        };
        for (name, from) in captures {
            if captured.contains_key(name) {
                continue;
            }
            match taken(&reply, from) {
                Some(value) => drop(captured.insert(name.to_owned(), value)),
                None => say(vec![format!("{name} is not at {from}")]),
            }
        }
        say(against_headers(&exchange, &reply));
        match row {
            Some(row) => say(against_row(&TABLE[row], &exchange, &reply, &captured)),
            None if exchange.is_quirk() => {
                say(vec!["a defect of theirs, and no row says what we do".to_owned()]);
            }
            None if exchange.needs_srp() && reply.status == 200 => {}
            None => say(against_recorded(&exchange, &reply, &captured)),
        }
    }
    for (row, used) in TABLE.iter().zip(used) {
        if !used {
            report.push(format!("{:?}: a row about nothing that was recorded", row.about));
        }
    }
    assert!(
        report.is_empty(),
        "{} mismatches\n{}\n",
        report.len(),
        report.join("\n")
    );
}
