//! What stands beside a value: tags, metadata, reminders; and the past of it all.

use serde_json::{Value, json};
use shared::model::ids::TagId;

use crate::app::{CANARY, Call, delete, patch, post};
use crate::scenario::{accepted, play, refused};
use crate::secrets::Store;

impl Store {
    fn tagging(&self, method: &str, name: &str, slugs: &Value) -> Call {
        let body = json!({
            "projectSlug": self.project.slug, "environment": "dev", "secretPath": "/", "type": "shared",
            "tagSlugs": slugs,
        });
        Call::new(method, &format!("/api/v3/secrets/tags/{name}"))
            .json(&body)
            .token(&self.world.admin)
    }

    fn tags(&self, name: &str, more: &str) -> Vec<String> {
        let reply = self.world.send(self.get(name, more)).expect(200);
        let tags = reply.json["secret"]["tags"].as_array().unwrap();
        tags.iter()
            .map(|tag| {
                assert_eq!(tag["slug"], tag["name"]);
                assert_eq!(tag["color"], "#ff0000");
                tag["slug"].as_str().unwrap().to_owned()
            })
            .collect()
    }
}

#[test]
fn tags_replace_those_it_has_and_stay_when_absent() {
    let store = Store::new();
    let (db, web) = (store.tag("db"), store.tag("web"));
    let foreign = {
        let other = store.world.project("Other");
        let other = Store {
            project: other,
            world: store.world,
        };
        let id = other.tag("foreign");
        (id, other.world)
    };
    let store = Store {
        project: store.project,
        world: foreign.1,
    };
    play(
        &store.world,
        vec![
            refused(
                "a tag of another project",
                store.create("A", &json!({"secretValue": CANARY, "tagIds": [db, foreign.0]})),
                404,
                "Tag not found",
            ),
            refused(
                "no id",
                store.create("A", &json!({"secretValue": CANARY, "tagIds": ["db"]})),
                404,
                "Tag not found",
            ),
            refused(
                "no list",
                store.create("A", &json!({"secretValue": CANARY, "tagIds": "x"})),
                422,
                "tagIds",
            ),
            accepted(
                "two, one of them twice",
                store.create("A", &json!({"secretValue": "1", "tagIds": [web, db, web]})),
                &["secret.create"],
            ),
        ],
    );
    assert_eq!(store.tags("A", ""), ["db", "web"]);
    for (tag_ids, expected) in [
        (json!(null), vec!["db", "web"]),
        (json!([web]), vec!["web"]),
        (json!([]), vec![]),
        (json!([db]), vec!["db"]),
    ] {
        let change = json!({"secretValue": "2", "tagIds": tag_ids});
        store.world.send(store.update("A", &change)).expect(200);
        assert_eq!(store.tags("A", ""), expected);
    }
    store
        .world
        .send(store.update("A", &json!({"secretComment": "x"})))
        .expect(200);
    assert_eq!(store.tags("A", ""), ["db"]);
    // A version has the tags it had.
    assert_eq!(store.tags("A", "&version=1"), ["db", "web"]);
    assert_eq!(store.tags("A", "&version=4"), [""; 0]);
    // What is deleted is not shown, not even in the past.
    store.world.sql(move |tx| {
        tx.execute(
            "UPDATE tags SET deleted_at = 1 WHERE id = $1",
            &[db.as_str().into()],
        )
    });
    assert_eq!(store.tags("A", ""), [""; 0]);
    assert_eq!(store.tags("A", "&version=1"), ["web"]);
    let list = store.world.send(store.list("")).expect(200);
    assert_eq!(list.json["secrets"][0]["tags"], json!([]));
}

#[test]
fn tags_are_attached_and_detached_by_slug() {
    let store = Store::new();
    store.tag("db");
    store.tag("web");
    store.world.put(&store.project, "A", CANARY);
    let viewer = store.world.member(&store.project, "viewer").token;
    play(
        &store.world,
        vec![
            refused(
                "without permission",
                store.tagging("POST", "A", &json!(["db"])).token(&viewer),
                403,
                "PermissionDenied",
            ),
            refused("none", store.tagging("POST", "A", &json!([])), 422, "tagSlugs"),
            refused(
                "an unknown tag",
                store.tagging("POST", "A", &json!(["db", "nope"])),
                404,
                "Tag not found",
            ),
            refused(
                "an unknown secret",
                store.tagging("POST", "B", &json!(["db"])),
                404,
                "'B'",
            ),
            accepted(
                "attach",
                store.tagging("POST", "A", &json!(["web", "DB"])),
                &["secret.tag"],
            )
            .saying(&[CANARY, "\"version\":2", "\"slug\":\"db\"", "\"slug\":\"web\""]),
            accepted("attach again", store.tagging("POST", "A", &json!(["db"])), &[])
                .saying(&[CANARY, "\"version\":2"]),
            accepted(
                "detach",
                store.tagging("DELETE", "A", &json!(["db"])),
                &["secret.untag"],
            )
            .saying(&[CANARY, "\"version\":3", "\"slug\":\"web\""])
            .hiding(&["\"slug\":\"db\""]),
            accepted("detach again", store.tagging("DELETE", "A", &json!(["db"])), &[])
                .saying(&[CANARY, "\"version\":3"]),
        ],
    );
}

#[test]
fn tags_have_limits() {
    let store = Store::new();
    let project = store.project.id.clone();
    // Every second one in capitals: an id is found however it is written.
    let ids: Vec<String> = (0..150)
        .map(|number| {
            let id = TagId::from_random(server::crypto::random::bytes().unwrap()).to_string();
            if number % 2 == 0 { id } else { id.to_uppercase() }
        })
        .collect();
    let rows = ids.clone();
    store.world.sql(move |tx| {
        for (number, id) in rows.iter().enumerate() {
            let (id, slug) = (id.to_lowercase(), format!("t{number:03}"));
            tx.execute(
                "INSERT INTO tags (id, project_id, slug, color, created_by, created_by_kind, created_at, updated_at) \
                 VALUES ($1, $2, $3, '#ff0000', '', 'user', 0, 0)",
                &[id.as_str().into(), project.as_str().into(), slug.as_str().into()],
            )?;
        }
        Ok(())
    });
    let slugs = |from: usize, to: usize| -> Vec<String> {
        (from..to).map(|number| format!("t{number:03}")).collect()
    };
    let create =
        |name: &str, ids: &[String]| store.create(name, &json!({"secretValue": CANARY, "tagIds": ids}));
    let same = vec![ids[0].clone(); 101];
    let batch = json!([{"secretKey": "GOOD", "secretValue": CANARY},
        {"secretKey": "BAD", "secretValue": CANARY, "tagIds": ids}]);
    play(
        &store.world,
        vec![
            refused("too many", create("A", &ids[..101]), 422, "tagIds"),
            refused("one too often", create("A", &same), 422, "at most 100 tags"),
            refused(
                "too many in a batch",
                store.batch("POST", "/api/v3/secrets/batch/raw", &batch, &json!({})),
                422,
                "'BAD': a secret has at most 100 tags",
            ),
            accepted(
                "as many as there may be",
                create("A", &ids[..100]),
                &["secret.create"],
            )
            .saying(&[CANARY]),
            refused(
                "too many to replace them",
                store.update("A", &json!({"tagIds": ids})),
                422,
                "tagIds",
            ),
            refused(
                "one more",
                store.tagging("POST", "A", &json!(slugs(99, 101))),
                422,
                "tagSlugs",
            ),
            refused(
                "too many to detach",
                store.tagging("DELETE", "A", &json!(slugs(0, 101))),
                422,
                "at most 100 tags",
            ),
            refused(
                "too many to filter by",
                store.list(&format!("&tagSlugs={}", slugs(0, 101).join(","))),
                422,
                "tagSlugs",
            ),
        ],
    );
    assert_eq!(store.tags("A", ""), slugs(0, 100));
    let list = store.list(&format!("&tagSlugs={}", slugs(50, 150).join(",")));
    let list = store.world.send(list).expect(200);
    assert_eq!(list.json["secrets"][0]["tags"].as_array().unwrap().len(), 50);
    store
        .world
        .send(store.tagging("DELETE", "A", &json!(slugs(1, 100))))
        .expect(200);
    assert_eq!(store.tags("A", ""), ["t000"]);
}

#[test]
fn metadata_and_reminders_have_limits_and_are_kept() {
    let store = Store::new();
    let item = |key: &str, value: &str| json!({"key": key, "value": value});
    let create = |field: &str, value: Value| {
        let mut body = json!({"secretValue": "x"});
        body[field] = value;
        store.create("A", &body)
    };
    let many: Value = (0..101).map(|number| item(&number.to_string(), "v")).collect();
    play(
        &store.world,
        vec![
            refused("too many", create("secretMetadata", many), 422, "at most 100"),
            refused(
                "no key",
                create("secretMetadata", json!([item("", CANARY)])),
                422,
                "secretMetadata",
            ),
            refused(
                "a long value",
                create("secretMetadata", json!([item("k", &"v".repeat(1_021))])),
                422,
                "1020",
            ),
            refused(
                "an object",
                create("secretMetadata", json!({"k": CANARY})),
                422,
                "secretMetadata",
            ),
            refused(
                "a long note",
                create("secretReminderNote", json!("n".repeat(1_025))),
                422,
                "1024",
            ),
            refused(
                "days backwards",
                create("secretReminderRepeatDays", json!(-1)),
                422,
                "365",
            ),
            accepted(
                "all of them",
                store.create(
                    "A",
                    &json!({
                        "secretValue": "x", "metadata": {"source": "import"}, "secretReminderNote": "rotate",
                        "secretReminderRepeatDays": 30, "secretMetadata": [
                            {"key": "team", "value": "core", "isEncrypted": null},
                            {"key": "pin", "value": CANARY, "isEncrypted": true},
                        ],
                    }),
                ),
                &["secret.create"],
            )
            .saying(&[
                CANARY,
                "\"metadata\":{\"source\":\"import\"}",
                "{\"key\":\"team\",\"value\":\"core\",\"isEncrypted\":false}",
                "\"secretReminderNote\":\"rotate\"",
                "\"secretReminderRepeatDays\":30",
            ]),
            accepted(
                "nothing said of them",
                store.update(
                    "A",
                    &json!({"secretValue": "y", "secretMetadata": null, "tagIds": null, "secretReminderNote": null}),
                ),
                &["secret.update"],
            )
            .saying(&[CANARY, "rotate", "\"version\":2"]),
            accepted(
                "without values, what is confidential is hidden too",
                store.get("A", "&viewSecretValue=false"),
                &["secret.read-name"],
            )
            .saying(&["\"value\":\"core\"", "<hidden-by-infisical>"]),
            accepted(
                "none, as Terraform says it",
                store.update(
                    "A",
                    &json!({"secretReminderNote": "", "secretReminderRepeatDays": 0, "secretMetadata": [], "metadata": {}}),
                ),
                &["secret.update"],
            )
            .saying(&[
                "\"secretReminderNote\":null",
                "\"secretReminderRepeatDays\":null",
                "\"secretMetadata\":[]",
            ]),
            accepted("as it was", store.get("A", "&version=1"), &["secret.read"]).saying(&[CANARY, "rotate"]),
        ],
    );
    let rows: i64 = store.world.sql(|tx| {
        tx.query(
            "SELECT count(*) FROM secret_versions WHERE details_sealed IS NOT NULL",
            &[],
        )?[0]
            .get(0)
    });
    assert_eq!(rows, 2, "what is cleared leaves nothing");
}

#[test]
fn versions_are_listed_newest_first_for_who_may_read() {
    let store = Store::new();
    let id = store.made(store.create("A", &json!({"secretValue": CANARY})));
    store
        .world
        .send(store.update("A", &json!({"newSecretName": "B"})))
        .expect(200);
    store
        .world
        .send(store.update("B", &json!({"secretValue": "last"})))
        .expect(200);
    let stranger = store.world.machine("stranger", "admin").token;
    let nobody = store.world.member(&store.project, "no-access").token;
    let unknown = "00000000-0000-0000-0000-000000000001";
    play(
        &store.world,
        vec![
            refused("no page", store.versions(&id, ""), 422, "ValidationFailure"),
            refused(
                "no limit",
                store.versions(&id, "?offset=0"),
                422,
                "ValidationFailure",
            ),
            refused(
                "no offset",
                store.versions(&id, "?limit=2"),
                422,
                "ValidationFailure",
            ),
            refused(
                "none of them",
                store.versions(&id, "?offset=0&limit=0"),
                422,
                "limit",
            ),
            refused(
                "too many",
                store.versions(&id, "?offset=0&limit=101"),
                422,
                "limit",
            ),
            refused(
                "before the first",
                store.versions(&id, "?offset=-1&limit=1"),
                422,
                "offset",
            ),
            refused(
                "unknown",
                store.versions(unknown, "?offset=0&limit=1"),
                404,
                "NotFound",
            ),
            refused("no id", store.versions("x", "?offset=0&limit=1"), 404, "NotFound"),
            refused(
                "of another project",
                store.versions(&id, "?offset=0&limit=1").token(&stranger),
                404,
                "NotFound",
            ),
            refused(
                "without permission",
                store.versions(&id, "?offset=0&limit=1").token(&nobody),
                403,
                "PermissionDenied",
            ),
            accepted(
                "the newest",
                store.versions(&id, "?offset=0&limit=1"),
                &["secret.read-versions"],
            )
            .saying(&["\"version\":3", "last"])
            .hiding(&["\"version\":2"]),
            accepted(
                "the first",
                store.versions(&id, "?offset=2&limit=9"),
                &["secret.read-versions"],
            )
            .saying(&[CANARY, "\"secretKey\":\"A\""])
            .hiding(&["\"version\":2", "last"]),
            accepted(
                "behind the first",
                store.versions(&id, "?offset=3&limit=9"),
                &["secret.read-versions"],
            )
            .saying(&["\"secretVersions\":[]"]),
        ],
    );
    store.world.send(store.delete("B")).expect(200);
    store
        .world
        .send(store.versions(&id, "?offset=0&limit=9"))
        .refused(404, "NotFound");
}

#[test]
fn an_id_shows_a_secret_to_those_who_may_read_it_and_to_nobody_else() {
    let store = Store::new();
    let id = store.made(store.create("A", &json!({"secretValue": CANARY})));
    let stranger = store.world.machine("stranger", "admin").token;
    let nobody = store.world.member(&store.project, "no-access").token;
    let unknown = store
        .world
        .send(store.by_id("00000000-0000-0000-0000-000000000001"))
        .refused(404, "NotFound");
    let foreign = store
        .world
        .send(store.by_id(&id).token(&stranger))
        .refused(404, "NotFound");
    assert_eq!(
        unknown
            .at("/message")
            .replace("00000000-0000-0000-0000-000000000001", &id),
        foreign.at("/message"),
        "a stranger learns nothing"
    );
    for base in ["/api/v3/secrets/raw/id", "/api/v4/secrets/id"] {
        let call = |rest: &str| crate::app::get(&format!("{base}/{rest}"));
        play(
            &store.world,
            vec![
                refused("no id", call("x").token(&store.world.admin), 404, "NotFound"),
                refused(
                    "without permission",
                    call(&id).token(&nobody),
                    403,
                    "PermissionDenied",
                ),
                accepted("read", call(&id).token(&store.world.admin), &["secret.read"]).saying(&[
                    CANARY,
                    "\"secretPath\":\"/\"",
                    "\"environment\":\"dev\"",
                ]),
                accepted(
                    "without value",
                    call(&format!("{id}?viewSecretValue=false")).token(&store.world.admin),
                    &["secret.read-name"],
                ),
            ],
        );
    }
    store.world.send(store.delete("A")).expect(200);
    store.world.send(store.by_id(&id)).refused(404, "NotFound");
}

#[test]
fn the_short_form_changes_a_value() {
    let store = Store::new();
    store.world.put(&store.project, "A", "old");
    let (admin, id) = (store.world.admin.clone(), store.project.id.clone());
    let short = |path: &str, body: Value| patch(&format!("/api/v1/secrets/{path}"), &body).token(&admin);
    let at = |rest: &str| format!("A?projectId={id}&environment={rest}");
    play(
        &store.world,
        vec![
            refused(
                "nowhere",
                short("A", json!({"value": CANARY})),
                400,
                "Which project?",
            ),
            refused(
                "in no environment",
                short(&format!("A?projectId={id}"), json!({"value": CANARY})),
                400,
                "Which environment?",
            ),
            refused("nothing", short(&at("dev"), json!({})), 422, "value"),
            refused(
                "an unknown secret",
                short(
                    &format!("B?projectId={id}&environment=dev"),
                    json!({"value": CANARY}),
                ),
                404,
                "NotFound",
            ),
            accepted(
                "by the query",
                short(&at("dev"), json!({"value": " one "})),
                &["secret.update"],
            )
            .saying(&["\"secretValue\":\"one\"", "\"version\":2"]),
            accepted(
                "by the body, which counts more",
                short(&at("prod"), json!({"value": "two", "environment": "dev"})),
                &["secret.update"],
            )
            .saying(&["\"version\":3"]),
            accepted(
                "by the query, where the body is empty",
                short(
                    &at("dev"),
                    json!({"value": "three", "environment": "", "secretPath": " "}),
                ),
                &["secret.update"],
            )
            .saying(&["\"version\":4"]),
        ],
    );
    assert_eq!(store.value("A"), "three");
}

#[test]
fn a_secret_deleted_by_its_tagged_past_leaves_nothing_behind() {
    let store = Store::new();
    let tag = store.tag("db");
    store
        .world
        .send(store.create("A", &json!({"secretValue": "x", "tagIds": [tag]})))
        .expect(200);
    let body = json!({"projectId": store.project.id, "environment": "dev"});
    store
        .world
        .send(delete("/api/v4/secrets/A", &body).token(&store.world.admin))
        .expect(200);
    let body = json!({"projectId": store.project.id, "environment": "dev", "secretValue": "y"});
    let made = store
        .world
        .send(post("/api/v4/secrets/A", &body).token(&store.world.admin))
        .expect(200);
    assert_eq!(made.json["secret"]["tags"], json!([]));
}
