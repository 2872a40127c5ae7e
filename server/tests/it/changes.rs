//! Many changes at once: all of them or none, and the way back.

use serde_json::{Value, json};

use crate::app::{CANARY, Call, Reply, post};
use crate::scenario::{accepted, play, refused};
use crate::secrets::Store;

const PATH: &str = "/api/strongroom/v1/changes";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

impl Store {
    fn changes_with(&self, changes: &Value, more: &Value) -> Call {
        let mut body = json!({"projectId": self.project.id, "environment": "dev", "changes": changes});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        post(PATH, &body).token(&self.world.admin)
    }

    fn changes(&self, changes: &Value) -> Call {
        self.changes_with(changes, &json!({}))
    }

    fn change(&self, changes: &Value) -> Reply {
        self.world.send(self.changes(changes)).expect(200)
    }

    /// Makes a secret of version 1.
    fn put(&self, name: &str, value: &str) -> String {
        self.change(&json!([create(name, value)])).at("/applied/0/id")
    }

    /// Everything that can be seen: names with values and versions.
    fn seen(&self) -> Vec<String> {
        let reply = self.world.send(self.list("")).expect(200);
        let secrets = reply.json["secrets"].as_array().unwrap();
        let text = |secret: &Value, key: &str| secret[key].as_str().unwrap_or_default().to_owned();
        secrets
            .iter()
            .map(|secret| {
                let tags = secret["tags"].as_array().unwrap();
                let tags: Vec<String> = tags.iter().map(|tag| text(tag, "slug")).collect();
                let (name, value) = (text(secret, "secretKey"), text(secret, "secretValue"));
                format!(
                    "{name}={value} #{} [{}]",
                    text(secret, "secretComment"),
                    tags.join(",")
                )
            })
            .collect()
    }

    /// Everything that is stored of secrets.
    fn rows(&self) -> Vec<String> {
        self.world.sql(|tx| {
            tx.query(
                "SELECT s.id || s.name || s.version || s.folder_id || coalesce(s.deleted_at, 0) || ' ' || \
                 (SELECT count(*) FROM secret_versions v WHERE v.secret_id = s.id) FROM secrets s ORDER BY s.id",
                &[],
            )?
            .iter()
            .map(|row| row.get(0))
            .collect()
        })
    }
}

fn create(name: &str, value: &str) -> Value {
    json!({"op": "create", "name": name, "value": value})
}

fn update(id: &str, version: i64, value: &str) -> Value {
    json!({"op": "update", "id": id, "version": version, "value": value})
}

fn rename(id: &str, version: i64, name: &str) -> Value {
    json!({"op": "update", "id": id, "version": version, "name": name})
}

fn remove(id: &str) -> Value {
    json!({"op": "delete", "id": id})
}

fn restore(id: &str) -> Value {
    json!({"op": "restore", "id": id})
}

fn revert(id: &str, version: i64, to: i64) -> Value {
    json!({"op": "revert", "id": id, "version": version, "to": to})
}

#[test]
fn one_bad_change_stops_all_of_them() {
    let store = Store::new();
    let (a, b, gone) = (store.put("A", "a"), store.put("B", "b"), store.put("GONE", "g"));
    store.change(&json!([update(&b, 1, "b2"), remove(&gone)]));
    let elsewhere = store.made(store.create("E", &json!({"secretValue": "e", "environment": "prod"})));
    let other = store.world.project("Other");
    store.world.put(&other, "O", "o");
    let foreign = store.world.read(&other, "O", &store.world.admin).at("/secret/id");
    let own = store.made(store.create("A", &json!({"secretValue": "mine", "type": "personal"})));
    let before = store.rows();
    let good = create("GOOD", CANARY);
    let with = |bad: Value| store.changes(&json!([good, bad, update(&a, 1, CANARY)]));
    let many: Vec<Value> = (0..5_001)
        .map(|number| create(&format!("N{number}"), "x"))
        .collect();
    play(
        &store.world,
        vec![
            refused("none", store.changes(&json!([])), 422, "at least one"),
            refused(
                "too many",
                store.changes(&json!(many)),
                422,
                "at most 5000 in one request, these are 5001",
            ),
            refused("no list", store.changes(&json!({})), 422, "changes"),
            refused(
                "an unknown operation",
                with(json!({"op": CANARY, "id": a})),
                422,
                "an unknown word",
            ),
            refused(
                "no id",
                with(json!({"op": "delete", "id": CANARY})),
                422,
                "changes",
            ),
            refused(
                "no version",
                with(json!({"op": "update", "id": b, "value": CANARY})),
                422,
                "version",
            ),
            refused(
                "a stale version",
                with(update(&b, 1, CANARY)),
                409,
                "'B': somebody changed it",
            )
            .saying(&[
                "it is at version 2, you saw version 1",
                "\"currentVersion\":2",
                "\"index\":1",
                "\"kind\":\"stale\"",
            ]),
            refused(
                "a version of the future",
                with(update(&b, 3, CANARY)),
                409,
                "you saw version 3",
            ),
            refused(
                "a stale deletion",
                with(json!({"op": "delete", "id": b, "version": 1})),
                409,
                "'B'",
            ),
            refused("a stale return", with(revert(&b, 1, 1)), 409, "'B'"),
            refused(
                "one that is deleted",
                with(update(&gone, 1, CANARY)),
                404,
                "'GONE': somebody deleted it",
            ),
            refused("one that never was", with(remove(NOBODY)), 404, NOBODY),
            refused(
                "one of another environment",
                with(remove(&elsewhere)),
                404,
                "no shared secret with this id",
            ),
            refused(
                "one of another project",
                with(update(&foreign, 1, CANARY)),
                404,
                "no shared secret with this id",
            )
            .hiding(&["'O'"]),
            refused(
                "the past of another project",
                with(revert(&foreign, 1, 1)),
                404,
                "no shared secret",
            ),
            refused(
                "somebody's override",
                with(remove(&own)),
                404,
                "no shared secret with this id",
            ),
            refused(
                "the trash of another project",
                with(restore(&foreign)),
                404,
                "no shared secret",
            ),
            refused(
                "what is not in the trash",
                with(restore(&b)),
                400,
                "'B': it is not in the trash",
            ),
            refused(
                "a version it never had",
                with(revert(&b, 2, 9)),
                404,
                "'B': it has no version 9",
            ),
            refused(
                "the version it has",
                with(revert(&b, 2, 2)),
                400,
                "'B': it is at version 2 already",
            ),
            refused(
                "a name that is taken",
                with(create("B", CANARY)),
                409,
                "'B': there is another secret of this name",
            )
            .saying(&["\"kind\":\"taken\""]),
            refused(
                "a new name that is taken",
                with(rename(&b, 2, "A")),
                409,
                "'A': there is another",
            ),
            refused(
                "two of a name",
                with(create(" GOOD ", CANARY)),
                400,
                "'GOOD': another change",
            ),
            refused(
                "the same one twice",
                with(remove(&a)),
                400,
                "'A': it occurs more than once",
            ),
            refused(
                "an unknown tag",
                with(json!({"op": "create", "name": "T", "value": CANARY, "tagSlugs": ["x"]})),
                404,
                "'T': Tag not found",
            ),
            refused(
                "an empty name",
                with(create("  ", CANARY)),
                422,
                "\"path\":[\"changes\",1,\"name\"]",
            ),
            refused(
                "a name of two lines",
                with(create("A\nB", CANARY)),
                422,
                "control characters",
            ),
            refused(
                "a name that no URL carries",
                with(rename(&b, 2, "..")),
                422,
                "\"path\":[\"changes\",1,\"name\"]",
            ),
            refused(
                "an endless name",
                with(create(&"n".repeat(513), CANARY)),
                422,
                "512",
            ),
            refused(
                "an endless value",
                with(create("L", &"x".repeat(1024 * 1024 + 1))),
                422,
                "1 MiB",
            ),
            refused(
                "an unknown folder",
                store.changes_with(&json!([good]), &json!({"secretPath": "/none"})),
                404,
                "/none",
            ),
            refused(
                "an unknown environment",
                store.changes_with(
                    &json!([good]),
                    &json!({"environment": "none", "createPath": true}),
                ),
                404,
                "none",
            ),
            refused(
                "a folder that no path has",
                store.changes_with(&json!([good]), &json!({"secretPath": "/a b", "createPath": true})),
                422,
                "secretPath",
            ),
            refused(
                "a bad change in a new folder",
                store.changes_with(
                    &json!([good, remove(&a)]),
                    &json!({"secretPath": "/new/er", "createPath": true}),
                ),
                404,
                "/new/er",
            ),
            refused(
                "several reasons",
                store.changes(&json!([
                    update(&b, 1, CANARY),
                    good,
                    remove(NOBODY),
                    create("A", CANARY),
                    update(&gone, 1, "x")
                ])),
                409,
                "4 changes cannot be made",
            )
            .saying(&[
                "'B': somebody changed",
                NOBODY,
                "'A': there is another",
                "'GONE': somebody deleted",
            ]),
            refused(
                "all names that are wrong",
                store.changes(&json!([create("", "x"), good, create("\u{7}", "x")])),
                422,
                "[\"changes\",0,\"name\"]",
            )
            .saying(&["[\"changes\",2,\"name\"]"]),
        ],
    );
    assert_eq!(store.rows(), before);
    let folders = store.world.sql(|tx| {
        tx.query("SELECT count(*) FROM folders WHERE name IN ('new', 'er')", &[])?[0].get::<i64>(0)
    });
    assert_eq!(folders, 0);
}

#[test]
fn who_may_not_write_changes_nothing() {
    let store = Store::new();
    let a = store.put("A", "a");
    let before = store.rows();
    let viewer = store.world.member(&store.project, "viewer").token;
    let stranger = store.world.machine("stranger", "admin").token;
    let reader = store.world.service_token(&store.project, &["dev:/**"], &["read"]);
    let elsewhere = store
        .world
        .service_token(&store.project, &["prod:/**"], &["read", "write"]);
    for changes in [
        json!([create("B", CANARY)]),
        json!([update(&a, 1, CANARY)]),
        json!([remove(&a)]),
        json!([restore(&a)]),
        json!([revert(&a, 1, 1)]),
    ] {
        for token in [&viewer, &stranger, &reader, &elsewhere] {
            let reply = store.world.send(store.changes(&changes).token(token));
            assert_eq!(reply.status, 403, "{changes}: {}", reply.text);
        }
        let call = store.changes_with(&changes, &json!({"secretPath": "/new", "createPath": true}));
        let reply = store.world.send(call.token(&viewer));
        assert_eq!(reply.status, 403, "{}", reply.text);
    }
    assert_eq!(store.rows(), before);
}

#[test]
fn a_value_leads_only_where_its_writer_may_read() {
    let store = Store::new();
    let token = store
        .world
        .service_token(&store.project, &["dev:/**"], &["read", "write"]);
    let a = store.put("A", "${prod.X}");
    store.change(&json!([update(&a, 1, "plain")]));
    let send = |changes: Value| store.world.send(store.changes(&changes).token(&token));
    for changes in [
        json!([create("B", "ok"), create("C", "${prod.X}")]),
        json!([update(&a, 2, "${prod.X}")]),
        json!([revert(&a, 2, 1)]),
    ] {
        send(changes).refused(403, "ForbiddenRequestError");
    }
    assert_eq!(store.names(), ["A"]);
    assert_eq!(send(json!([create("B", "ok")])).status, 200);
}

#[test]
fn everything_at_once_and_back_and_forth() {
    let store = Store::new();
    store.tag("db");
    let (keep, change, drop, back) = (
        store.put("KEEP", "k"),
        store.put("CHANGE", "c1"),
        store.put("DROP", "d"),
        store.put("BACK", "r1"),
    );
    let trashed = store.put("TRASHED", "t");
    store.change(&json!([update(&back, 1, "r2"), remove(&trashed)]));
    let before = store.seen();
    let changes = json!([
        {"op": "create", "name": "NEW", "value": " new\n\n", "comment": " why ", "tagSlugs": ["DB"]},
        {"op": "update", "id": change, "version": 1, "name": "CHANGED", "value": "c2", "comment": "note", "tagSlugs": ["db"]},
        {"op": "delete", "id": drop, "version": 1},
        restore(&trashed),
        {"op": "revert", "id": back, "version": 2, "to": 1, "name": "BACKED"},
    ]);
    let reply = store.world.send(store.changes(&changes)).expect(200);
    let after = [
        "BACKED=r1 # []",
        "CHANGED=c2 #note [db]",
        "KEEP=k # []",
        "NEW=new\n #why [db]",
        "TRASHED=t # []",
    ];
    assert_eq!(store.seen(), after);
    let new = reply.at("/applied/0/id");
    assert_eq!(
        reply.json["applied"],
        json!([
            {"op": "create", "id": new, "name": "NEW", "version": 1},
            {"op": "update", "id": change, "name": "CHANGED", "version": 2},
            {"op": "delete", "id": drop, "name": "DROP", "version": 1},
            {"op": "restore", "id": trashed, "name": "TRASHED", "version": 1},
            {"op": "revert", "id": back, "name": "BACKED", "version": 3},
        ])
    );
    assert_eq!(
        reply.json["undo"],
        json!([
            {"op": "revert", "id": back, "version": 3, "to": 2, "name": "BACK"},
            {"op": "delete", "id": trashed, "version": 1},
            {"op": "restore", "id": drop},
            {"op": "revert", "id": change, "version": 2, "to": 1, "name": "CHANGE"},
            {"op": "delete", "id": new, "version": 1},
        ])
    );
    let undone = store.change(&reply.json["undo"]);
    assert_eq!(store.seen(), before);
    // Once more is no second undo.
    store
        .world
        .send(store.changes(&reply.json["undo"]))
        .refused(400, "BadRequest");
    assert_eq!(store.seen(), before);
    let redone = store.change(&undone.json["undo"]);
    assert_eq!(store.seen(), after);
    store.change(&redone.json["undo"]);
    assert_eq!(store.seen(), before);
    let keeps = store.world.send(store.by_id(&keep)).expect(200);
    assert_eq!(keeps.json["secret"]["version"], 1);
}

#[test]
fn an_undo_stops_where_somebody_else_went_on() {
    let store = Store::new();
    let a = store.put("A", "a1");
    let done = store.change(&json!([update(&a, 1, "a2"), create("B", "b")]));
    let undo = done.json["undo"].clone();
    store
        .world
        .send(store.update("A", &json!({"secretValue": "a3"})))
        .expect(200);
    play(
        &store.world,
        vec![refused(
            "somebody wrote",
            store.changes(&undo),
            409,
            "'A': somebody changed it",
        )],
    );
    assert_eq!(store.seen(), ["A=a3 # []", "B=b # []"]);
    let b = done.at("/applied/1/id");
    let deleted = store.change(&json!([remove(&b)]));
    store.put("B", "another");
    play(
        &store.world,
        vec![refused(
            "the name is taken again",
            store.changes(&deleted.json["undo"]),
            409,
            "'B': there is another secret of this name",
        )],
    );
    assert_eq!(store.seen(), ["A=a3 # []", "B=another # []"]);
}

#[test]
fn names_count_as_they_stand_afterwards() {
    let store = Store::new();
    let (a, b, c) = (store.put("A", "a"), store.put("B", "b"), store.put("C", "c"));
    let colleague = store.colleague("colleague@example.com");
    for name in ["A", "B"] {
        let own = json!({"secretValue": format!("own {name}"), "type": "personal"});
        store
            .world
            .send(store.create(name, &own).token(&colleague))
            .expect(200);
    }
    let own = |name: &str| {
        let reply = store
            .world
            .send(store.get(name, "&type=personal").token(&colleague));
        reply.expect(200).at("/secret/secretValue")
    };
    // Made before the name is free, and three names in a circle.
    let done = store.change(&json!([
        create("D", "new"),
        rename(&a, 1, "B"),
        rename(&b, 1, "C"),
        rename(&c, 1, "A"),
    ]));
    assert_eq!(store.seen(), ["A=c # []", "B=a # []", "C=b # []", "D=new # []"]);
    assert_eq!((own("B"), own("C")), ("own A".into(), "own B".into()));
    store.change(&done.json["undo"]);
    assert_eq!(store.seen(), ["A=a # []", "B=b # []", "C=c # []"]);
    assert_eq!((own("A"), own("B")), ("own A".into(), "own B".into()));
    let done = store.change(&json!([
        create("A", "new"),
        rename(&b, 3, "E"),
        create("B", "b"),
        remove(&a)
    ]));
    assert_eq!(store.seen(), ["A=new # []", "B=b # []", "C=c # []", "E=b # []"]);
    store.change(&done.json["undo"]);
    assert_eq!(store.seen(), ["A=a # []", "B=b # []", "C=c # []"]);
    assert_eq!((own("A"), own("B")), ("own A".into(), "own B".into()));
}

#[test]
fn hostile_names_are_names() {
    let store = Store::new();
    let names = [
        "<img src=x>",
        "a/b:c%2F",
        "\u{202e}evil",
        "'; DROP TABLE secrets; --",
        "${A}",
    ];
    let made = store.change(&names.map(|name| create(name, "x")).into_iter().collect());
    let mut sorted = names.map(str::to_owned);
    sorted.sort();
    let mut seen = store.names();
    seen.sort();
    assert_eq!(seen, sorted);
    for (number, name) in names.iter().enumerate() {
        assert_eq!(made.at(&format!("/applied/{number}/name")), *name);
    }
    store.change(&made.json["undo"]);
    assert!(store.names().is_empty());
}

#[test]
fn one_record_without_a_value() {
    let store = Store::new();
    let a = store.put("A", CANARY);
    let changes =
        json!([create("B", CANARY), {"op": "update", "id": a, "version": 1, "name": "C", "value": CANARY}]);
    let path = json!({"secretPath": "/deep/er", "createPath": true});
    play(
        &store.world,
        vec![accepted("changes", store.changes(&changes), &["secret.change"])],
    );
    let recorded = |event: &str| {
        let events = store.world.events();
        events.iter().filter(|recorded| *recorded == event).count()
    };
    for name in ["A", "B"] {
        store.world.later(11);
        let call = store.changes_with(&json!([create(name, CANARY)]), &path);
        store.world.send(call).expect(200);
        // Made once, each of the two with a record of its own.
        assert_eq!(recorded("folder.create"), 2);
    }
    assert_eq!(recorded("secret.change"), 4);
    let details: Vec<String> = store.world.sql(|tx| {
        tx.query(
            "SELECT detail FROM audit_records WHERE event = 'secret.change' ORDER BY at, id",
            &[],
        )?
        .iter()
        .map(|row| row.get(0))
        .collect()
    });
    assert!(
        details[1].contains(r#"{\"A\":\"C\"}"#) && details[1].contains(r#"[\"B\"]"#),
        "{details:?}"
    );
    assert!(details[2].contains("/deep/er"), "{details:?}");
    assert!(details.iter().all(|detail| !detail.contains(CANARY)));
}

#[test]
fn five_thousand_at_once_and_back() {
    let store = Store::new();
    let many: Vec<Value> = (0..5_000)
        .map(|number| create(&format!("N{number:04}"), &"x".repeat(300)))
        .collect();
    let done = store.change(&json!(many));
    assert_eq!(done.json["applied"].as_array().unwrap().len(), 5_000);
    assert_eq!(store.names().len(), 5_000);
    store.change(&done.json["undo"]);
    assert!(store.names().is_empty());
}

#[test]
fn the_record_of_many_long_names_has_an_end() {
    let store = Store::new();
    let name = |number: usize| format!("{number:03}{}", "\"".repeat(509));
    let made: Vec<Value> = (0..100).map(|number| create(&name(number), "x")).collect();
    store.change(&json!(made));
    let reply = store.world.send(store.list("")).expect(200);
    let gone: Vec<Value> = reply.json["secrets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|secret| remove(secret["id"].as_str().unwrap()))
        .collect();
    assert_eq!(gone.len(), 100);
    store.world.later(1);
    store.change(&json!(gone));
    let details: Vec<String> = store.world.sql(|tx| {
        tx.query(
            "SELECT detail FROM audit_records WHERE event = 'secret.change' ORDER BY at",
            &[],
        )?
        .iter()
        .map(|row| row.get(0))
        .collect()
    });
    assert_eq!(details.len(), 2);
    for (detail, word) in details.iter().zip(["created", "deleted"]) {
        assert!(detail.len() < 128 * 1024, "{}", detail.len());
        let detail: Value = serde_json::from_str(detail).unwrap();
        assert_eq!(detail["count"], "100");
        let told: Vec<String> = serde_json::from_str(detail[word].as_str().unwrap()).unwrap();
        assert_eq!(told[0], name(0), "the first ones are told");
        assert_eq!(detail["names_left_out"], (100 - told.len()).to_string());
    }
}
