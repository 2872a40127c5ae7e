//! Writing with service tokens: within their scopes, in every way there is to write.

use serde_json::{Value, json};

use crate::app::{CANARY, Call, patch, post};
use crate::scenario::{accepted, play, refused};
use crate::secrets::Store;

const BATCH: &str = "/api/v4/secrets/batch";

/// A store with `/app` in `dev`, `A` in both its folders.
fn store() -> Store {
    let store = Store::new();
    let folder = json!({"workspaceId": store.project.id, "environment": "dev", "name": "app", "path": "/"});
    store
        .world
        .send(post("/api/v1/folders", &folder).token(&store.world.admin))
        .expect(200);
    for path in ["/", "/app"] {
        let secret = json!({"secretValue": CANARY, "secretPath": path});
        store.world.send(store.create("A", &secret)).expect(200);
    }
    store
}

#[test]
fn nobody_refers_to_where_he_may_not_read() {
    let store = store();
    let token = |scopes: &[&str], permissions: &[&str]| {
        store.world.service_token(&store.project, scopes, permissions)
    };
    let app = token(&["dev:/app"], &["read", "write"]);
    let blind = token(&["dev:/app"], &["write"]);
    let create =
        |name: &str, value: &str| store.create(name, &json!({"secretValue": value, "secretPath": "/app"}));
    let refer = "where you are not allowed to read secrets";
    let items = |value: &str| json!([{"secretKey": "GOOD", "secretValue": "x"}, {"secretKey": "BAD", "secretValue": value}]);
    let batch = |method: &str, items: Value, more: &Value| {
        let mut body = json!({"secretPath": "/app"});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        store.batch(method, BATCH, &items, &body)
    };
    let upsert = json!({"mode": "upsert"});
    play(
        &store.world,
        vec![
            refused(
                "another environment",
                create("R", "${prod.A}").token(&app),
                403,
                refer,
            ),
            refused(
                "the folder above",
                create("R", "x ${dev.A} y").token(&app),
                403,
                refer,
            ),
            refused(
                "hidden in another name",
                create("R", "${dev.app.${prod.A}}").token(&app),
                403,
                refer,
            ),
            refused(
                "by a name that nobody knows yet",
                create("R", "${${A}}").token(&app),
                403,
                "put together",
            ),
            refused(
                "by a name whose parts are harmless",
                create("R", "${dev.${A}.A}").token(&app),
                403,
                "put together",
            ),
            refused(
                "without leave to read",
                create("R", "${dev.app.A}").token(&blind),
                403,
                refer,
            ),
            refused(
                "by changing one",
                store
                    .update("A", &json!({"secretValue": "${prod.A}", "secretPath": "/app"}))
                    .token(&app),
                403,
                refer,
            ),
            refused(
                "in a batch",
                batch("POST", items("${prod.A}"), &json!({})).token(&app),
                403,
                "'BAD'",
            ),
            refused(
                "in changes",
                batch("PATCH", items("${prod.A}"), &upsert).token(&app),
                403,
                "'BAD'",
            ),
            accepted(
                "its own folder",
                create("R", "${dev.app.A} ${A} ${A B}").token(&app),
                &["secret.create"],
            )
            .saying(&["${dev.app.A}"]),
            accepted(
                "what need not exist",
                create("S", "${dev.app.NOPE}").token(&app),
                &["secret.create"],
            ),
            accepted(
                "a member refers to anything",
                create("T", "${prod.A} ${prod.${A}}"),
                &["secret.create"],
            ),
        ],
    );
}

#[test]
fn a_token_writes_within_its_scopes_alone() {
    let store = store();
    let token = store
        .world
        .service_token(&store.project, &["dev:/app"], &["read", "write"]);
    let reader = store
        .world
        .service_token(&store.project, &["dev:/app"], &["read"]);
    let by = |call: Call| call.token(&token);
    let root = store.world.send(store.get("A", "")).expect(200).at("/secret/id");
    let app = store
        .world
        .send(store.get("A", "&secretPath=/app"))
        .expect(200)
        .at("/secret/id");
    let personal = json!({"type": "personal", "secretPath": "/app", "secretValue": CANARY});
    let item = |path: &str| json!([{"secretKey": "A", "secretValue": "x", "secretPath": path}]);
    let short = |query: &str, body: Value| by(patch(&format!("/api/v1/secrets/A{query}"), &body));
    let moving = |from: &str, to: &str, id: &str| {
        by(store.move_to_prod(
            &json!([id]),
            &json!({
                "projectSlug": store.project.id, "sourceSecretPath": from, "destinationEnvironment": "dev",
                "destinationSecretPath": to,
            }),
        ))
    };
    play(
        &store.world,
        vec![
            refused(
                "a personal secret",
                by(store.create("A", &personal)),
                400,
                "must be a user",
            ),
            refused(
                "an item elsewhere",
                by(store.batch("PATCH", BATCH, &item("/"), &json!({}))),
                403,
                "PermissionDenied",
            ),
            refused("moving in", moving("/", "/app", &root), 403, "PermissionDenied"),
            refused("moving out", moving("/app", "/", &app), 403, "PermissionDenied"),
            refused("by id elsewhere", by(store.by_id(&root)), 403, "PermissionDenied"),
            refused(
                "a reader",
                short("", json!({"value": CANARY})).token(&reader),
                403,
                "PermissionDenied",
            ),
            refused(
                "the short form elsewhere",
                short("?environment=prod", json!({"value": CANARY})),
                403,
                "PermissionDenied",
            ),
            accepted(
                "an item here",
                by(store.batch("PATCH", BATCH, &item("/app"), &json!({}))),
                &["secret.update"],
            ),
            accepted(
                "the short form, which says nothing else",
                short("", json!({"value": "short"})),
                &["secret.update"],
            )
            .saying(&["\"short\"", "\"secretPath\":\"/app\""]),
            accepted("by id", by(store.by_id(&app)), &["secret.read"]).saying(&["\"short\""]),
        ],
    );
}
