//! Access tokens of machine identities: claims, renewal, use limits, where they may be used from, how they end.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::app::{Call, Reply, World, get, patch, post};
use crate::machines::{auth_of, bare, body_token, me, secrets_of};

const RENEW: &str = "/api/v1/auth/token/renew";
const REVOKE: &str = "/api/v1/auth/token/revoke";

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

fn renew(world: &World, token: &str) -> Reply {
    world.send(post(RENEW, &body_token(token)))
}

fn message(reply: Reply) -> String {
    reply.refused(401, "UnauthorizedError").at("/message")
}

/// The first token of a new identity with settings, and the identity.
fn token(world: &World, settings: &Value) -> (Reply, String) {
    let id = bare(world, "ci");
    let client = world.universal_auth(&id, settings);
    let secret = world.client_secret(&id, &json!({}));
    (world.machine_login(&client, &secret).expect(200), id)
}

#[test]
fn claims_are_those_that_clients_parse() {
    let world = World::new();
    let (reply, id) = token(&world, &json!({"accessTokenTTL": 100, "accessTokenMaxTTL": 200}));
    let first = claims(&reply.at("/accessToken"));
    assert_eq!(first["authTokenType"], "identityAccessToken");
    assert_eq!(first["identityId"], id.as_str());
    assert!(first["clientSecretId"].is_string());
    let life = first["exp"].as_i64().unwrap() - first["iat"].as_i64().unwrap();
    assert!((100..=101).contains(&life), "{life}");
    world.later(10);
    let second = renew(&world, &reply.at("/accessToken")).expect(200);
    let second = claims(&second.at("/accessToken"));
    for claim in ["identityAccessTokenId", "identityId", "clientSecretId"] {
        assert_eq!(second[claim], first[claim], "{claim}");
    }
    assert!(second["exp"].as_i64() > first["exp"].as_i64());
    let (endless, _) = token(&world, &json!({"accessTokenTTL": 0, "accessTokenMaxTTL": 0}));
    assert_eq!(endless.json["expiresIn"], 0);
    assert!(claims(&endless.at("/accessToken")).get("exp").is_none());
}

#[test]
fn each_end_of_a_token_is_named() {
    let world = World::new();
    let settings = json!({"accessTokenTTL": 100, "accessTokenMaxTTL": 150});
    let (reply, _) = token(&world, &settings);
    let text = reply.at("/accessToken");
    world.later(60);
    assert_eq!(
        message(renew(&world, &text)),
        "Failed to renew MI access token past its Max TTL expiration"
    );
    // It may be used up to its end all the same.
    me(&world, &text).expect(200);
    world.later(41);
    for reply in [renew(&world, &text), me(&world, &text)] {
        assert_eq!(
            message(reply),
            "Failed to renew MI access token due to TTL expiration"
        );
    }
    world.later(50);
    for reply in [renew(&world, &text), me(&world, &text)] {
        assert_eq!(
            message(reply),
            "Failed to renew MI access token due to Max TTL expiration"
        );
    }
    let revoke = world.send(post(REVOKE, &body_token(&text)));
    revoke.expect(200);
    assert_eq!(message(renew(&world, &text)), "No identity access token found");
}

#[test]
fn what_is_no_access_token_is_neither_renewed_nor_revoked() {
    let world = World::new();
    for path in [RENEW, REVOKE] {
        let send = |token: &str| world.send(post(path, &body_token(token)));
        send("garbage").refused(403, "TokenError");
        send(&world.admin).refused(400, "BadRequest");
        world
            .send(post(path, &json!({})))
            .refused(422, "ValidationFailure");
        let (reply, _) = token(&world, &json!({}));
        let mut text = reply.at("/accessToken");
        let last = text.pop().unwrap();
        text.push(if last == 'A' { 'E' } else { 'A' });
        send(&text).refused(403, "TokenError");
        me(&world, &reply.at("/accessToken")).expect(200);
    }
    me(&world, &world.admin).expect(200);
}

#[test]
fn periodic_tokens_are_renewed_for_ever() {
    let world = World::new();
    let settings = json!({"accessTokenPeriod": 60, "accessTokenTTL": 10, "accessTokenMaxTTL": 20});
    let (reply, _) = token(&world, &settings);
    assert_eq!(reply.json["expiresIn"], 60);
    assert_eq!(reply.json["accessTokenMaxTTL"], 1_000_000_000);
    let mut text = reply.at("/accessToken");
    for _ in 0..5 {
        world.later(58);
        me(&world, &text).expect(200);
        text = renew(&world, &text).expect(200).at("/accessToken");
    }
    world.later(61);
    assert!(message(renew(&world, &text)).contains("due to TTL expiration"));
}

/// CVE-2026-39388: a token was renewed by a credential that it did not come from.
#[test]
fn cve_2026_39388_renewal_is_bound_to_its_credential() {
    let world = World::new();
    let machine = world.machine("ci", "no-access");
    let longer = json!({"accessTokenMaxTTL": 5_184_000});
    world
        .send(patch(&auth_of(&machine.id), &longer).token(&world.admin))
        .expect(200);
    let token = world
        .machine_login(&machine.client_id, &machine.client_secret)
        .expect(200)
        .at("/accessToken");
    let second = world.client_secret(&machine.id, &json!({"description": "second"}));
    let renewed = renew(&world, &token).expect(200).at("/accessToken");
    let list = world
        .send(get(&secrets_of(&machine.id)).token(&world.admin))
        .expect(200);
    let first = list.json["clientSecretData"][0].clone();
    assert_eq!(first["description"], "");
    let path = format!(
        "{}/{}/revoke",
        secrets_of(&machine.id),
        first["id"].as_str().unwrap()
    );
    world
        .send(post(&path, &json!({})).token(&world.admin))
        .expect(200);
    // The other client secret is as good as ever, and that is of no help to tokens of the first.
    let other = world
        .machine_login(&machine.client_id, &second)
        .expect(200)
        .at("/accessToken");
    for text in [&machine.token, &token, &renewed] {
        assert_eq!(message(renew(&world, text)), "No identity access token found");
        assert_eq!(
            message(world.send(post(RENEW, &body_token(text)).token(&other))),
            "No identity access token found"
        );
        assert_eq!(message(me(&world, text)), "No identity access token found");
    }
    renew(&world, &other).expect(200);
}

/// CVE-2026-40264: an accessor of another tenant's token was enough to end or renew it.
#[test]
fn cve_2026_40264_an_id_is_no_credential() {
    let world = World::new();
    let machine = world.machine("ci", "no-access");
    let id = claims(&machine.token)["identityAccessTokenId"]
        .as_str()
        .unwrap()
        .to_owned();
    for path in [RENEW, REVOKE] {
        world
            .send(post(path, &body_token(&id)))
            .refused(403, "TokenError");
        world
            .send(post(path, &body_token(&id)).token(&world.admin))
            .refused(403, "TokenError");
    }
    // Nor does the id of a token that was bought by a login open the route for tokens made by hand.
    let by_id = format!("/api/v1/auth/token-auth/tokens/{id}/revoke");
    world
        .send(Call::new("POST", &by_id).token(&machine.token))
        .refused(403, "PermissionDenied");
    world
        .send(Call::new("POST", &by_id).token(&world.admin))
        .refused(404, "NotFound");
    me(&world, &machine.token).expect(200);
}

/// CVE-2024-7594: an empty list of what is allowed meant that everything was.
#[test]
fn cve_2024_7594_an_empty_list_of_addresses_is_not_everywhere() {
    let world = World::new();
    let id = bare(&world, "ci");
    for field in ["accessTokenTrustedIps", "clientSecretTrustedIps"] {
        world
            .send(post(&auth_of(&id), &json!({field: []})).token(&world.admin))
            .refused(422, "ValidationFailure");
    }
}

/// A forged proxy header opened an address list.
#[test]
fn vuln_236_proxy_headers_do_not_move_a_caller() {
    let world = World::new();
    let (reply, _) = token(
        &world,
        &json!({"accessTokenTrustedIps": [{"ipAddress": "198.51.100.7"}]}),
    );
    let call = get("/api/strongroom/v1/me").token(&reply.at("/accessToken"));
    for name in [
        "x-forwarded-for",
        "x-real-ip",
        "forwarded",
        "cf-connecting-ip",
        "true-client-ip",
        "x-client-ip",
    ] {
        let value = if name == "forwarded" {
            "for=198.51.100.7"
        } else {
            "198.51.100.7"
        };
        world
            .send(call.clone().header(name, value))
            .refused(403, "ForbiddenRequestError");
    }
    world.send(call.from("198.51.100.7")).expect(200);
}

#[test]
fn tightened_addresses_count_for_tokens_in_force() {
    let world = World::new();
    let (reply, id) = token(&world, &json!({"accessTokenTTL": 3600}));
    let text = reply.at("/accessToken");
    me(&world, &text).expect(200);
    let tighter = json!({"accessTokenTrustedIps": [{"ipAddress": "198.51.100.0/24"}]});
    world
        .send(patch(&auth_of(&id), &tighter).token(&world.admin))
        .expect(200);
    me(&world, &text).refused(403, "ForbiddenRequestError");
    renew(&world, &text).refused(403, "ForbiddenRequestError");
    let from = post(RENEW, &body_token(&text)).from("198.51.100.9");
    world.send(from).expect(200);
}

#[test]
fn the_last_use_is_the_last() {
    let world = World::new();
    let project = world.project("Web");
    let (reply, id) = token(&world, &json!({"accessTokenNumUsesLimit": 2}));
    world.join(&project, &id, "viewer");
    let text = reply.at("/accessToken");
    me(&world, &text).expect(200);
    // A refused request is one too.
    world.read(&project, "NOTHING", &text).refused(404, "NotFound");
    assert_eq!(
        message(renew(&world, &text)),
        "Unable to renew because access token number of uses limit reached"
    );
    assert_eq!(
        message(me(&world, &text)),
        "Unable to renew because access token number of uses limit reached"
    );
    assert_eq!(message(me(&world, &text)), "No identity access token found");
}

#[test]
fn one_use_is_one_use_for_two_requests_at_once() {
    let world = World::new();
    for _ in 0..5 {
        let (reply, _) = token(&world, &json!({"accessTokenNumUsesLimit": 1}));
        let call = get("/api/strongroom/v1/me").token(&reply.at("/accessToken"));
        let replies = world.send_together(vec![call.clone(), call]);
        let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401]);
    }
}

#[test]
fn who_holds_a_token_where_it_is_not_trusted_does_not_use_it_up() {
    let world = World::new();
    let settings = json!({
        "accessTokenNumUsesLimit": 1, "accessTokenTrustedIps": [{"ipAddress": "198.51.100.7"}],
    });
    let (reply, _) = token(&world, &settings);
    let call = get("/api/strongroom/v1/me").token(&reply.at("/accessToken"));
    for _ in 0..3 {
        world.send(call.clone()).refused(403, "ForbiddenRequestError");
    }
    world.send(call.clone().from("198.51.100.7")).expect(200);
    assert_eq!(
        message(world.send(call.clone().from("198.51.100.7"))),
        "Unable to renew because access token number of uses limit reached"
    );
    // Nor does one that has ended.
    let (reply, _) = token(
        &world,
        &json!({"accessTokenNumUsesLimit": 1, "accessTokenTTL": 10}),
    );
    world.later(11);
    me(&world, &reply.at("/accessToken")).refused(401, "UnauthorizedError");
    let uses = world.sql(|tx| {
        let rows = tx.query("SELECT uses FROM access_tokens WHERE ttl = 10", &[])?;
        rows.iter()
            .map(|row| row.get::<i64>(0))
            .collect::<Result<Vec<_>, _>>()
    });
    assert_eq!(uses, [0]);
}

#[test]
fn renewals_are_on_record() {
    let world = World::new();
    let (reply, id) = token(&world, &json!({"accessTokenTTL": 100, "accessTokenMaxTTL": 150}));
    let text = reply.at("/accessToken");
    let last = |call: Call, status: u16| {
        world.later(10);
        world.send(call).expect(status);
        world.sql(|tx| {
            let rows = tx.query(
                "SELECT event, actor_kind, actor_id, credential_id, detail FROM audit_records \
                 ORDER BY at DESC, id DESC LIMIT 1",
                &[],
            )?;
            (0..5)
                .map(|column| rows[0].get::<String>(column))
                .collect::<Result<Vec<_>, _>>()
        })
    };
    let token_id = claims(&text)["identityAccessTokenId"]
        .as_str()
        .unwrap()
        .to_owned();
    let call = post(RENEW, &body_token(&text));
    assert_eq!(
        last(call.clone(), 200),
        ["identity.token.renew", "identity", &id, &token_id, "{}"]
    );
    world.later(60);
    let refused = last(call, 401);
    assert_eq!(
        refused[..4],
        ["identity.token.renew.refused", "identity", &id, &token_id]
    );
    assert!(refused[4].contains("past its Max TTL"), "{}", refused[4]);
    assert!(!refused[4].contains(&text));
}

#[test]
fn the_token_that_set_up_made_is_made_by_hand() {
    let world = World::new();
    let root = claims(&world.root);
    let identity = root["identityId"].as_str().unwrap();
    world.universal_auth(identity, &json!({}));
    world
        .send(Call::new("DELETE", &auth_of(identity)).token(&world.admin))
        .expect(200);
    me(&world, &world.root).expect(200);
}
