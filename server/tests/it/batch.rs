//! Batches: all of them or none, in both versions of the routes.

use serde_json::{Value, json};

use crate::app::{CANARY, Call, post};
use crate::scenario::{accepted, play, refused};
use crate::secrets::Store;

const PATHS: [&str; 2] = ["/api/v3/secrets/batch/raw", "/api/v4/secrets/batch"];

fn secret(name: &str, value: &str) -> Value {
    json!({"secretKey": name, "secretValue": value})
}

fn many(count: usize) -> Value {
    (0..count)
        .map(|number| secret(&format!("N{number:04}"), "x"))
        .collect()
}

#[test]
fn one_bad_secret_stops_all_of_them() {
    for path in PATHS {
        let store = Store::new();
        store.world.put(&store.project, "A", "old");
        let batch = |method: &str, secrets: Value| store.batch(method, path, &secrets, &json!({}));
        let good = secret("GOOD", CANARY);
        play(
            &store.world,
            vec![
                refused("none", batch("POST", json!([])), 422, "at least one"),
                refused("none to change", batch("PATCH", json!([])), 422, "at least one"),
                refused("none to delete", batch("DELETE", json!([])), 422, "at least one"),
                refused("too many", batch("POST", many(1_001)), 422, "at most 1000"),
                refused("no list", batch("POST", json!({})), 422, "secrets"),
                refused(
                    "one exists",
                    batch("POST", json!([good, secret("A", CANARY)])),
                    400,
                    "already exist: 'A'",
                ),
                refused(
                    "one twice",
                    batch("POST", json!([good, secret("T", CANARY), secret(" T ", CANARY)])),
                    400,
                    "'T' occurs twice",
                ),
                refused(
                    "one without a name",
                    batch("POST", json!([good, {"secretValue": CANARY}])),
                    422,
                    "\"path\":[\"secrets\",1,\"secretKey\"]",
                ),
                refused(
                    "one without a value",
                    batch("POST", json!([good, {"secretKey": "B"}])),
                    422,
                    "\"path\":[\"secrets\",1,\"secretValue\"]",
                ),
                refused(
                    "one with an unknown tag",
                    batch(
                        "POST",
                        json!([good, {"secretKey": "B", "secretValue": CANARY, "tagIds": ["x"]}]),
                    ),
                    404,
                    "for secret 'B'",
                ),
                refused(
                    "one with a long piece of metadata",
                    batch(
                        "POST",
                        json!([good, {"secretKey": "B", "secretValue": "x", "secretMetadata": [
                            {"key": "k", "value": CANARY.repeat(100)}]}]),
                    ),
                    422,
                    "'B'",
                ),
                refused(
                    "a change of one that is missing",
                    batch("PATCH", json!([secret("A", CANARY), secret("MISSING", CANARY)])),
                    404,
                    "Secret with name 'MISSING' not found",
                ),
                refused(
                    "changes of two that are missing",
                    batch(
                        "PATCH",
                        json!([secret("M1", CANARY), secret("A", CANARY), secret("M2", CANARY)]),
                    ),
                    404,
                    "not found: 'M1', 'M2'",
                ),
                refused(
                    "a change twice",
                    batch("PATCH", json!([secret("A", CANARY), secret("A", CANARY)])),
                    400,
                    "'A' occurs twice",
                ),
                refused(
                    "a deletion of one that is missing",
                    batch("DELETE", json!([{"secretKey": "A"}, {"secretKey": "MISSING"}])),
                    404,
                    "Secret with name 'MISSING' not found",
                ),
                refused(
                    "a deletion twice",
                    batch("DELETE", json!([{"secretKey": "A"}, {"secretKey": "A"}])),
                    400,
                    "'A' occurs twice",
                ),
                refused(
                    "an unknown word for what is missing",
                    store.batch(
                        "PATCH",
                        path,
                        &json!([secret("A", CANARY)]),
                        &json!({"mode": CANARY}),
                    ),
                    422,
                    "mode",
                ),
            ],
        );
        assert_eq!(store.names(), ["A"]);
        assert_eq!(store.value("A"), "old");
    }
}

#[test]
fn renaming_onto_a_taken_name_stops_all_of_them() {
    let store = Store::new();
    store.world.put(&store.project, "A", "a");
    store.world.put(&store.project, "B", "b");
    let items = json!([secret("A", "changed"), {"secretKey": "B", "newSecretName": "A"}]);
    store
        .world
        .send(store.batch("PATCH", PATHS[1], &items, &json!({})))
        .refused(400, "BadRequest");
    assert_eq!((store.value("A"), store.value("B")), ("a".into(), "b".into()));
}

#[test]
fn secrets_are_made_changed_and_deleted_together_with_one_record_each() {
    for path in PATHS {
        let store = Store::new();
        let tag = store.tag("db");
        let batch = |method: &str, secrets: Value| store.batch(method, path, &secrets, &json!({}));
        play(
            &store.world,
            vec![
                accepted(
                    "make",
                    batch(
                        "POST",
                        json!([
                            {"secretKey": "B", "secretValue": " b\n\n", "secretComment": " why ", "tagIds": [tag],
                             "secretMetadata": [{"key": "team", "value": "core"}], "skipMultilineEncoding": true},
                            secret("A", CANARY),
                        ]),
                    ),
                    &["secret.create"],
                )
                .saying(&[CANARY, "\"b\\n\"", "\"why\"", "\"slug\":\"db\"", "\"team\""]),
                accepted(
                    "change",
                    batch(
                        "PATCH",
                        json!([
                            {"secretKey": "A", "secretValue": "a", "newSecretName": "C"},
                            {"secretKey": "B", "secretComment": ""},
                        ]),
                    ),
                    &["secret.update"],
                )
                .saying(&["\"secretKey\":\"C\"", "\"version\":2", "\"slug\":\"db\"", "\"team\""])
                .hiding(&["why"]),
                accepted(
                    "delete",
                    batch("DELETE", json!([{"secretKey": "C"}, {"secretKey": "B", "type": "shared"}])),
                    &["secret.delete"],
                )
                .saying(&["\"secretKey\":\"B\"", "\"secretKey\":\"C\""]),
            ],
        );
        assert!(store.names().is_empty());
        let details: Vec<String> = store.world.sql(|tx| {
            tx.query(
                "SELECT detail FROM audit_records WHERE event LIKE 'secret.%' ORDER BY at, id",
                &[],
            )?
            .iter()
            .map(|row| row.get(0))
            .collect()
        });
        assert!(details[0].contains(r#"[\"B\",\"A\"]"#), "{details:?}");
        assert!(details[1].contains(r#"{\"A\":\"C\"}"#), "{details:?}");
        assert!(details.iter().all(|detail| !detail.contains(CANARY)));
    }
}

#[test]
fn what_is_missing_is_refused_left_out_or_made() {
    let store = Store::new();
    store.world.put(&store.project, "A", "old");
    let update = |mode: &str, items: Value| store.batch("PATCH", PATHS[1], &items, &json!({"mode": mode}));
    let both = json!([secret("A", "new"), secret("B", "b")]);
    play(
        &store.world,
        vec![
            refused("refused", update("failOnNotFound", both.clone()), 404, "'B'"),
            accepted("left out", update("ignore", both.clone()), &["secret.update"])
                .saying(&["\"secretKey\":\"A\""])
                .hiding(&["\"secretKey\":\"B\""]),
            refused(
                "made without a value",
                update("upsert", json!([{"secretKey": "B", "secretComment": "x"}])),
                422,
                "'B'",
            ),
            accepted("made", update("upsert", both), &["secret.update"])
                .saying(&["\"version\":3", "\"version\":1"]),
        ],
    );
    assert_eq!(store.names(), ["A", "B"]);
}

#[test]
fn an_item_may_name_its_folder() {
    let store = Store::new();
    let folder = json!({"workspaceId": store.project.id, "environment": "dev", "name": "app", "path": "/"});
    store
        .world
        .send(post("/api/v1/folders", &folder).token(&store.world.admin))
        .expect(200);
    store.world.put(&store.project, "A", "root");
    store
        .world
        .send(store.create("A", &json!({"secretValue": "app", "secretPath": "/app"})))
        .expect(200);
    let update = |items: Value| store.batch("PATCH", PATHS[1], &items, &json!({}));
    play(
        &store.world,
        vec![
            refused(
                "an unknown folder",
                update(json!([secret("A", CANARY), {"secretKey": "A", "secretPath": "/none", "secretValue": CANARY}])),
                404,
                "/none",
            ),
            refused(
                "the same secret in two spellings",
                update(json!([
                    {"secretKey": "A", "secretPath": "/app", "secretValue": CANARY},
                    {"secretKey": "A", "secretPath": "app/", "secretValue": CANARY}
                ])),
                400,
                "occurs twice",
            ),
            refused(
                "the same secret with and without",
                update(json!([secret("A", CANARY), {"secretKey": "A", "secretPath": "/", "secretValue": CANARY}])),
                400,
                "occurs twice",
            ),
            accepted(
                "both",
                update(json!([secret("A", "one"), {"secretKey": "A", "secretPath": "/app", "secretValue": "two"}])),
                &["secret.update"],
            )
            .saying(&["\"secretPath\":\"/app\"", "\"two\"", "\"one\""]),
        ],
    );
    assert_eq!(store.value("A"), "one");
}

#[test]
fn who_may_only_read_writes_no_batch_and_nobody_writes_elsewhere() {
    let store = Store::new();
    store.world.put(&store.project, "A", "old");
    let viewer = store.world.member(&store.project, "viewer").token;
    let stranger = store.world.machine("stranger", "admin").token;
    for path in PATHS {
        for method in ["POST", "PATCH", "DELETE"] {
            for (token, error) in [
                (&viewer, "PermissionDenied"),
                (&stranger, "ForbiddenRequestError"),
            ] {
                let call: Call = store.batch(method, path, &json!([secret("A", CANARY)]), &json!({}));
                store.world.send(call.token(token)).refused(403, error);
            }
        }
    }
    assert_eq!(store.value("A"), "old");
}

#[test]
fn five_hundred_at_once() {
    let store = Store::new();
    let reply = store
        .world
        .send(store.batch("POST", PATHS[1], &many(500), &json!({})))
        .expect(200);
    assert_eq!(reply.json["secrets"].as_array().unwrap().len(), 500);
    assert_eq!(store.names().len(), 500);
}
