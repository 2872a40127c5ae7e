//! Token Auth: access tokens that an administrator makes by hand.

use serde_json::{Value, json};
use shared::model::access::{OrganizationRole, ProjectRole};

use crate::app::{Call, World, delete, get, patch, post};
use crate::machines::{NOBODY, bare, body_token, me};
use crate::scenario::{accepted, play, refused};

fn auth_of(identity: &str) -> String {
    format!("/api/v1/auth/token-auth/identities/{identity}")
}

fn tokens_of(identity: &str) -> String {
    format!("{}/tokens", auth_of(identity))
}

fn token_path(id: &str) -> String {
    format!("/api/v1/auth/token-auth/tokens/{id}")
}

/// A token of an identity to which Token Auth is attached with settings.
pub fn token_of(world: &World, identity: &str, settings: &Value) -> String {
    world
        .send(post(&auth_of(identity), settings).token(&world.admin))
        .expect(200);
    world
        .send(post(&tokens_of(identity), &json!({"name": "first"})).token(&world.admin))
        .expect(200)
        .at("/accessToken")
}

#[test]
fn token_auth_from_attaching_to_detaching() {
    let world = World::new();
    let id = bare(&world, "ci");
    let (auth, tokens) = (auth_of(&id), tokens_of(&id));
    let admin = world.admin.as_str();
    play(
        &world,
        vec![
            refused("nothing attached", get(&auth).token(admin), 404, "NotFound"),
            refused(
                "nothing to change",
                patch(&auth, &json!({})).token(admin),
                404,
                "NotFound",
            ),
            refused(
                "nothing to detach",
                Call::new("DELETE", &auth).token(admin),
                404,
                "NotFound",
            ),
            refused(
                "no token yet",
                post(&tokens, &json!({})).token(admin),
                404,
                "NotFound",
            ),
            refused("no list yet", get(&tokens).token(admin), 404, "NotFound"),
            refused(
                "an unknown identity",
                post(&auth_of(NOBODY), &json!({})).token(admin),
                404,
                "NotFound",
            ),
            refused(
                "a longer life than the longest",
                post(&auth, &json!({"accessTokenTTL": 2, "accessTokenMaxTTL": 1})).token(admin),
                400,
                "BadRequest",
            ),
            accepted(
                "attach",
                post(&auth, &json!({"accessTokenTTL": 100, "accessTokenMaxTTL": 1000})).token(admin),
                &["identity.token-auth.attach"],
            )
            .saying(&["identityTokenAuth", "\"accessTokenTTL\":100"]),
            refused(
                "attach again",
                post(&auth, &json!({})).token(admin),
                400,
                "BadRequest",
            ),
            accepted(
                "change",
                patch(&auth, &json!({"accessTokenMaxTTL": 200})).token(admin),
                &["identity.token-auth.update"],
            )
            .saying(&["\"accessTokenTTL\":100", "\"accessTokenMaxTTL\":200"]),
            accepted("read", get(&auth).token(admin), &[]).saying(&["\"accessTokenMaxTTL\":200"]),
            accepted("an empty list", get(&tokens).token(admin), &[]).saying(&["\"tokens\":[]"]),
        ],
    );
    let made = world
        .send(post(&tokens, &json!({"name": "nightly"})).token(admin))
        .expect(200);
    let (text, token) = (made.at("/accessToken"), made.at("/tokenData/id"));
    assert_eq!(made.json["expiresIn"], 100);
    assert_eq!(made.json["accessTokenMaxTTL"], 200);
    assert_eq!(made.at("/tokenType"), "Bearer");
    assert_eq!(made.at("/tokenData/name"), "nightly");
    me(&world, &text).expect(200);
    let identity = world
        .send(get(&format!("/api/v1/identities/{id}")).token(admin))
        .expect(200);
    assert_eq!(
        identity.json["identity"]["identity"]["authMethods"],
        json!(["token-auth"])
    );
    play(
        &world,
        vec![
            refused(
                "an unknown token",
                patch(&token_path(NOBODY), &json!({"name": "x"})).token(admin),
                404,
                "NotFound",
            ),
            refused(
                "no id",
                patch(&token_path("x"), &json!({"name": "x"})).token(admin),
                422,
                "tokenId",
            ),
            accepted(
                "rename",
                patch(&token_path(&token), &json!({"name": "daily"})).token(admin),
                &["identity.token.rename"],
            )
            .saying(&["daily"])
            .hiding(&[&text]),
            refused(
                "read an unknown one",
                get(&token_path(NOBODY)).token(admin),
                404,
                "NotFound",
            ),
            accepted("read one", get(&token_path(&token)).token(admin), &[])
                .saying(&["{\"token\":{", "daily", "\"accessTokenTTL\":100"])
                .hiding(&[&text]),
            accepted("list", get(&tokens).token(admin), &[])
                .saying(&["daily", "\"isAccessTokenRevoked\":false"])
                .hiding(&[&text, "nightly"]),
            accepted(
                "a page past it",
                get(&format!("{tokens}?offset=1&limit=5")).token(admin),
                &[],
            )
            .saying(&["\"tokens\":[]"]),
            refused(
                "no page",
                get(&format!("{tokens}?limit=0")).token(admin),
                422,
                "limit",
            ),
            accepted(
                "revoke",
                Call::new("POST", &format!("{}/revoke", token_path(&token))).token(admin),
                &["identity.token.revoke"],
            )
            .saying(&["Successfully revoked access token"]),
            accepted("read the revoked one", get(&token_path(&token)).token(admin), &[])
                .saying(&["\"isAccessTokenRevoked\":true"]),
            accepted("an empty list again", get(&tokens).token(admin), &[]).saying(&["\"tokens\":[]"]),
        ],
    );
    me(&world, &text).refused(401, "UnauthorizedError");
    let second = world
        .send(post(&tokens, &json!({})).token(admin))
        .expect(200)
        .at("/accessToken");
    play(
        &world,
        vec![accepted(
            "detach",
            delete(&auth, &json!({})).token(admin),
            &["identity.token-auth.detach"],
        )],
    );
    me(&world, &second).refused(401, "UnauthorizedError");
}

#[test]
fn tokens_made_by_hand_are_renewed_and_revoked_like_others() {
    let world = World::new();
    let id = bare(&world, "ci");
    let text = token_of(
        &world,
        &id,
        &json!({"accessTokenTTL": 100, "accessTokenMaxTTL": 1000}),
    );
    world.later(90);
    let next = world
        .send(post("/api/v1/auth/token/renew", &body_token(&text)))
        .expect(200)
        .at("/accessToken");
    world.later(90);
    me(&world, &next).expect(200);
    world
        .send(post("/api/v1/auth/token/revoke", &body_token(&next)))
        .expect(200);
    me(&world, &next).refused(401, "UnauthorizedError");
}

#[test]
fn the_last_use_is_written_down_once_a_minute() {
    let world = World::new();
    let id = bare(&world, "ci");
    let text = token_of(&world, &id, &json!({}));
    let last = || {
        let list = world.send(get(&tokens_of(&id)).token(&world.admin)).expect(200);
        list.json["tokens"][0]["accessTokenLastUsedAt"].clone()
    };
    assert_eq!(last(), Value::Null);
    me(&world, &text).expect(200);
    let first = last();
    assert!(first.is_string());
    world.later(59);
    me(&world, &text).expect(200);
    assert_eq!(last(), first);
    world.later(2);
    me(&world, &text).expect(200);
    assert_ne!(last(), first);
}

#[test]
fn token_auth_belongs_to_organization_administrators() {
    let world = World::new();
    let ci = world.machine("ci", "member");
    let member = world.person("dev@example.com", OrganizationRole::Member);
    let id = bare(&world, "target");
    let text = token_of(&world, &id, &json!({}));
    let list = world.send(get(&tokens_of(&id)).token(&world.admin)).expect(200);
    let token = list.at("/tokens/0/id");
    let mut rows = Vec::new();
    for (who, with) in [("a member", &member), ("a machine", &ci.token), ("itself", &text)] {
        for call in [
            post(&auth_of(&id), &json!({})),
            get(&auth_of(&id)),
            patch(&auth_of(&id), &json!({})),
            delete(&auth_of(&id), &json!({})),
            post(&tokens_of(&id), &json!({})),
            get(&tokens_of(&id)),
            patch(&token_path(&token), &json!({"name": "x"})),
            patch(&token_path(NOBODY), &json!({"name": "x"})),
            post(&format!("{}/revoke", token_path(&token)), &json!({})),
        ] {
            rows.push(refused(who, call.token(with), 403, "PermissionDenied"));
        }
    }
    play(&world, rows);
    me(&world, &text).expect(200);
}

#[test]
fn nobody_makes_a_token_of_the_stronger() {
    let world = World::new();
    let project = world.project("Web");
    let id = bare(&world, "deploy");
    world.join(&project, &id, "admin");
    token_of(&world, &id, &json!({}));
    let boss = world.person("boss@example.com", OrganizationRole::Admin);
    let steal = post(&tokens_of(&id), &json!({})).token(&boss);
    world.send(steal.clone()).refused(403, "ForbiddenRequestError");
    world
        .send(patch(&auth_of(&id), &json!({"accessTokenTTL": 0})).token(&boss))
        .refused(403, "ForbiddenRequestError");
    world.join_person(&project, &boss, ProjectRole::Admin);
    world.send(steal).expect(200);
}
