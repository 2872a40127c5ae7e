//! Personal overrides: who has them, and that nobody else ever sees one.

use serde_json::{Value, json};

use crate::app::{CANARY, Call, delete, get, patch, post};
use crate::scenario::{accepted, play, refused};
use crate::secrets::Store;

const V4_BATCH: &str = "/api/v4/secrets/batch";

fn personal(more: &Value) -> Value {
    let mut body = json!({"type": "personal"});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    body
}

impl Store {
    fn override_by(&self, token: &str, name: &str, value: &str) -> Call {
        self.create(name, &personal(&json!({"secretValue": value})))
            .token(token)
    }

    fn update_own(&self, token: &str, name: &str, more: &Value) -> Call {
        self.update(name, &personal(more)).token(token)
    }

    fn delete_own(&self, token: &str, name: &str) -> Call {
        let body = json!({"workspaceId": self.project.id, "environment": "dev", "type": "personal"});
        delete(&format!("/api/v3/secrets/raw/{name}"), &body).token(token)
    }
}

#[test]
fn only_people_have_overrides_and_only_of_what_is_shared() {
    let store = Store::new();
    let admin = store.world.admin.clone();
    let machine = store.world.member(&store.project, "admin").token;
    let hint = "--type=shared";
    play(
        &store.world,
        vec![
            refused(
                "nothing to override",
                store.override_by(&admin, "A", CANARY),
                400,
                "no shared secret 'A'",
            ),
            refused(
                "nothing to override, in a batch",
                store.batch(
                    "POST",
                    V4_BATCH,
                    &json!([{"secretKey": "A", "secretValue": CANARY, "type": "personal"}]),
                    &json!({}),
                ),
                400,
                "no shared secret 'A'",
            ),
            refused(
                "none to change",
                store.update_own(&admin, "A", &json!({"secretValue": CANARY})),
                404,
                "NotFound",
            ),
            refused("none to delete", store.delete_own(&admin, "A"), 404, "NotFound").hiding(&[hint]),
        ],
    );
    store.world.put(&store.project, "A", "shared");
    play(
        &store.world,
        vec![
            refused(
                "a machine makes one",
                store.override_by(&machine, "A", CANARY),
                400,
                "must be a user",
            ),
            refused(
                "a machine changes one",
                store.update_own(&machine, "A", &json!({"secretValue": CANARY})),
                400,
                "must be a user",
            ),
            refused(
                "a machine deletes one, as the CLI does without being told",
                store.delete_own(&machine, "A"),
                400,
                hint,
            ),
            refused(
                "a machine in a batch",
                store
                    .batch(
                        "DELETE",
                        V4_BATCH,
                        &json!([{"secretKey": "A", "type": "personal"}]),
                        &json!({}),
                    )
                    .token(&machine),
                400,
                "must be a user",
            ),
            refused("deleting without one", store.delete_own(&admin, "A"), 404, hint)
                .saying(&["Secret with name 'A' not found", "type: shared"]),
            accepted(
                "an override",
                store.override_by(&admin, "A", CANARY),
                &["secret.create"],
            )
            .saying(&[CANARY, "\"type\":\"personal\"", "\"version\":1"]),
            refused(
                "a second one",
                store.override_by(&admin, "A", CANARY),
                400,
                "already exist",
            ),
            refused(
                "a name of its own",
                store.update_own(&admin, "A", &json!({"newSecretName": "B"})),
                400,
                "cannot be renamed",
            ),
            accepted(
                "its own versions",
                store.update_own(&admin, "A", &json!({"secretValue": "mine", "newSecretName": "A"})),
                &["secret.update"],
            )
            .saying(&["\"version\":2", "\"type\":\"personal\""]),
            accepted(
                "the shared one has not changed",
                store.get("A", ""),
                &["secret.read"],
            )
            .saying(&["\"version\":1", "\"shared\""])
            .hiding(&["mine"]),
            accepted("deleting it", store.delete_own(&admin, "A"), &["secret.delete"])
                .saying(&["\"type\":\"personal\"", "mine"]),
            accepted("leaves the shared one", store.get("A", ""), &["secret.read"])
                .saying(&["\"type\":\"shared\""]),
            refused("and is not repeated", store.delete_own(&admin, "A"), 404, hint),
        ],
    );
}

#[test]
fn nobody_else_sees_an_override() {
    let store = Store::new();
    let owner = store.colleague("owner@example.com");
    let machine = store.world.member(&store.project, "admin").token;
    store.world.put(&store.project, "A", "shared");
    let id = store.made(store.override_by(&owner, "A", CANARY));
    store
        .world
        .send(store.update_own(&owner, "A", &json!({"secretComment": CANARY})))
        .expect(200);
    let colleague = store.colleague("colleague@example.com");
    for other in [&store.world.admin, &colleague, &machine] {
        let as_other = |call: Call| call.token(other);
        play(
            &store.world,
            vec![
                refused("by id", as_other(store.by_id(&id)), 404, "NotFound"),
                refused(
                    "by id, v3",
                    as_other(get(&format!("/api/v3/secrets/raw/id/{id}"))),
                    404,
                    "NotFound",
                ),
                refused(
                    "its versions",
                    as_other(store.versions(&id, "?offset=0&limit=10")),
                    404,
                    "NotFound",
                ),
                refused(
                    "moved by its id",
                    as_other(store.move_to_prod(&json!([id]), &json!({}))),
                    400,
                    "Invalid secrets",
                ),
                accepted("read", as_other(store.get("A", "")), &["secret.read"]),
                accepted("list v3", as_other(store.list("")), &["secret.list"]).hiding(&["personal"]),
                accepted(
                    "list v4",
                    as_other(get(&format!(
                        "/api/v4/secrets?projectId={}&environment=dev&includePersonalOverrides=true",
                        store.project.id
                    ))),
                    &["secret.list"],
                )
                .hiding(&["personal"]),
                accepted(
                    "change the shared one",
                    as_other(store.update("A", &json!({"secretComment": "x"}))),
                    &["secret.update"],
                ),
                accepted(
                    "in a batch",
                    as_other(store.batch("PATCH", V4_BATCH, &json!([{"secretKey": "A"}]), &json!({}))),
                    &["secret.update"],
                ),
            ],
        );
        let found = store
            .world
            .send(as_other(get(&format!(
                "/api/v3/secrets/raw/A?workspaceId={}&environment=dev&type=personal",
                store.project.id
            ))))
            .status;
        assert!([400, 404].contains(&found), "{found}");
    }
    let others = [&store.world.admin, &colleague];
    for other in others {
        play(
            &store.world,
            vec![
                refused(
                    "change it",
                    store.update_own(other, "A", &json!({"secretValue": "x"})),
                    404,
                    "NotFound",
                ),
                refused("delete it", store.delete_own(other, "A"), 404, "NotFound"),
                refused(
                    "delete it in a batch",
                    store
                        .batch(
                            "DELETE",
                            V4_BATCH,
                            &json!([{"secretKey": "A", "type": "personal"}]),
                            &json!({}),
                        )
                        .token(other),
                    404,
                    "NotFound",
                ),
            ],
        );
    }
    // It is still there, and its owner's alone.
    play(
        &store.world,
        vec![
            accepted("the owner", store.by_id(&id).token(&owner), &["secret.read"]).saying(&[CANARY]),
            accepted(
                "the owner's versions",
                store.versions(&id, "?offset=0&limit=10").token(&owner),
                &["secret.read-versions"],
            )
            .saying(&[CANARY, "\"version\":2", "\"version\":1"]),
        ],
    );
}

#[test]
fn an_override_goes_with_the_shared_secret_and_the_reply_does_not_show_it() {
    for batch in [false, true] {
        let store = Store::new();
        let owner = store.colleague("owner@example.com");
        let machine = store.world.member(&store.project, "member").token;
        store.world.put(&store.project, "A", "shared");
        let id = store.made(store.override_by(&owner, "A", CANARY));
        let mine = store.made(store.override_by(&store.world.admin, "A", CANARY));
        let delete = if batch {
            store.batch("DELETE", V4_BATCH, &json!([{"secretKey": "A"}]), &json!({}))
        } else {
            store.delete("A")
        };
        play(
            &store.world,
            vec![
                accepted("delete", delete.token(&machine), &["secret.delete"])
                    .saying(&["shared"])
                    .hiding(&["personal"]),
                refused("the override", store.by_id(&id).token(&owner), 404, "NotFound"),
                refused("another's", store.by_id(&mine), 404, "NotFound"),
                accepted(
                    "a new one of the name",
                    store.create("A", &json!({"secretValue": "new"})),
                    &["secret.create"],
                ),
                refused(
                    "has no override",
                    store.update_own(&owner, "A", &json!({})),
                    404,
                    "NotFound",
                ),
                accepted(
                    "and may get one",
                    store.override_by(&owner, "A", "again"),
                    &["secret.create"],
                )
                .saying(&["\"version\":1"]),
            ],
        );
    }
}

#[test]
fn an_override_follows_the_name_and_the_folder_of_the_shared_secret() {
    let store = Store::new();
    let owner = store.colleague("owner@example.com");
    store.world.put(&store.project, "A", "shared");
    let shared = store.world.read(&store.project, "A", &owner).at("/secret/id");
    let id = store.made(store.override_by(&owner, "A", CANARY));
    play(
        &store.world,
        vec![
            accepted(
                "rename the shared one",
                store.update("A", &json!({"newSecretName": "B"})),
                &["secret.update"],
            ),
            accepted(
                "the override has its name",
                store.update_own(&owner, "B", &json!({})),
                &["secret.update"],
            )
            .saying(&[CANARY, "\"secretKey\":\"B\"", "\"version\":2"]),
            accepted(
                "move the shared one",
                store.move_to_prod(&json!([shared]), &json!({})),
                &["secret.move"],
            ),
            accepted(
                "the override is there too",
                store.by_id(&id).token(&owner),
                &["secret.read"],
            )
            .saying(&[CANARY, "\"environment\":\"prod\""]),
            refused(
                "and no longer here",
                store.delete_own(&owner, "B"),
                404,
                "NotFound",
            ),
        ],
    );
    let body = json!({"workspaceId": store.project.id, "environment": "prod", "type": "personal"});
    let gone = store
        .world
        .send(delete("/api/v4/secrets/B", &body).token(&owner))
        .expect(200);
    assert_eq!(gone.at("/secret/id"), id);
}

#[test]
fn a_batch_deletes_a_shared_secret_and_its_override_in_any_order() {
    for items in [
        json!([{"secretKey": "A"}, {"secretKey": "A", "type": "personal"}]),
        json!([{"secretKey": "A", "type": "personal"}, {"secretKey": "A"}]),
    ] {
        let store = Store::new();
        let admin = &store.world.admin;
        store.world.put(&store.project, "A", "shared");
        store
            .world
            .send(store.override_by(admin, "A", "mine"))
            .expect(200);
        let reply = store
            .world
            .send(store.batch("DELETE", V4_BATCH, &items, &json!({})))
            .expect(200);
        let mut values: Vec<&str> = reply.json["secrets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|secret| secret["secretValue"].as_str().unwrap())
            .collect();
        values.sort_unstable();
        assert_eq!(values, ["mine", "shared"]);
    }
}

#[test]
fn an_override_cannot_be_read_under_another_owner() {
    // Somebody with the database, but without the keys, gives himself the row of another.
    let store = Store::new();
    let owner = store.colleague("owner@example.com");
    let thief = store.colleague("thief@example.com");
    store.world.put(&store.project, "A", "shared");
    let id = store.made(store.override_by(&owner, "A", CANARY));
    let thief_id = store
        .world
        .send(get("/api/v1/user").token(&thief))
        .expect(200)
        .at("/user/id");
    let stolen = id.clone();
    store.world.sql(move |tx| {
        tx.execute(
            "UPDATE secrets SET owner_id = $2 WHERE id = $1",
            &[stolen.as_str().into(), thief_id.as_str().into()],
        )
    });
    store
        .world
        .send(store.by_id(&id).token(&thief))
        .refused(500, "InternalServerError");
    let body = json!({"workspaceId": store.project.id, "environment": "dev", "type": "personal"});
    store
        .world
        .send(patch("/api/v3/secrets/raw/A", &body).token(&thief))
        .refused(500, "InternalServerError");
    store
        .world
        .send(post("/api/v3/secrets/raw/A", &body).token(&thief))
        .expect(422);
}
