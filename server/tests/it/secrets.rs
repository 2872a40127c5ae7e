//! Secrets over HTTP: both versions of the routes, names and values as they come, and every way to get it wrong.

use serde_json::{Value, json};
use shared::model::access::{OrganizationRole, ProjectRole};
use shared::model::ids::TagId;

use crate::app::{CANARY, Call, Project, World, delete, get, patch, post};
use crate::scenario::{accepted, play, refused};

const V3: &str = "/api/v3/secrets/raw";
const V4: &str = "/api/v4/secrets";

fn place(project: &Project) -> String {
    format!("workspaceId={}&environment=dev", project.id)
}

fn body(project: &Project, more: &Value) -> Value {
    let mut body = json!({"workspaceId": project.id, "environment": "dev"});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    body
}

/// A project with an empty `dev`, and requests about it as the administrator.
pub struct Store {
    pub world: World,
    pub project: Project,
}

impl Store {
    pub fn new() -> Self {
        let world = World::new();
        let project = world.project("Web");
        Self { world, project }
    }

    pub fn create(&self, name: &str, more: &Value) -> Call {
        post(&format!("{V3}/{name}"), &body(&self.project, more)).token(&self.world.admin)
    }

    pub fn update(&self, name: &str, more: &Value) -> Call {
        patch(&format!("{V3}/{name}"), &body(&self.project, more)).token(&self.world.admin)
    }

    pub fn delete(&self, name: &str) -> Call {
        delete(&format!("{V3}/{name}"), &body(&self.project, &json!({}))).token(&self.world.admin)
    }

    pub fn get(&self, name: &str, more: &str) -> Call {
        get(&format!("{V3}/{name}?{}{more}", place(&self.project))).token(&self.world.admin)
    }

    pub fn list(&self, more: &str) -> Call {
        get(&format!("{V3}?{}{more}", place(&self.project))).token(&self.world.admin)
    }

    pub fn value(&self, name: &str) -> String {
        self.world
            .send(self.get(name, ""))
            .expect(200)
            .at("/secret/secretValue")
    }

    pub fn names(&self) -> Vec<String> {
        let reply = self.world.send(self.list("")).expect(200);
        reply.json["secrets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|secret| secret["secretKey"].as_str().unwrap().to_owned())
            .collect()
    }

    /// A batch in `dev`, by either version of the routes.
    pub fn batch(&self, method: &str, path: &str, secrets: &Value, more: &Value) -> Call {
        let mut body = body(&self.project, more);
        body["secrets"] = secrets.clone();
        Call::new(method, path).json(&body).token(&self.world.admin)
    }

    /// Makes a secret and returns its id.
    pub fn made(&self, call: Call) -> String {
        self.world.send(call).expect(200).at("/secret/id")
    }

    pub fn by_id(&self, id: &str) -> Call {
        get(&format!("/api/v4/secrets/id/{id}")).token(&self.world.admin)
    }

    pub fn versions(&self, id: &str, query: &str) -> Call {
        get(&format!("/api/v1/secret/{id}/secret-versions{query}")).token(&self.world.admin)
    }

    /// Moves secrets from `dev` to the root of `prod`.
    pub fn move_to_prod(&self, ids: &Value, more: &Value) -> Call {
        let mut body = json!({
            "projectSlug": self.project.slug, "sourceEnvironment": "dev", "destinationEnvironment": "prod",
            "secretIds": ids,
        });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        post("/api/v3/secrets/move", &body).token(&self.world.admin)
    }

    /// A further person who may write in the project.
    pub fn colleague(&self, email: &str) -> String {
        let token = self.world.person(email, OrganizationRole::NoAccess);
        self.world.join_person(&self.project, &token, ProjectRole::Member);
        token
    }

    /// Makes a tag, past every rule, and returns its id.
    pub fn tag(&self, slug: &'static str) -> String {
        let id = TagId::from_random(server::crypto::random::bytes().unwrap()).to_string();
        let (tag, project) = (id.clone(), self.project.id.clone());
        self.world.sql(move |tx| {
            tx.execute(
                "INSERT INTO tags (id, project_id, slug, color, created_by, created_by_kind, created_at, updated_at) \
                 VALUES ($1, $2, $3, '#ff0000', '', 'user', 0, 0)",
                &[tag.as_str().into(), project.as_str().into(), slug.into()],
            )
        });
        id
    }
}

#[test]
fn bodies_that_are_no_request_are_refused() {
    let store = Store::new();
    let path = format!("{V3}/A");
    let raw = |text: &str| {
        Call::new("POST", &path)
            .raw("application/json", text)
            .token(&store.world.admin)
    };
    let canary = |text: &str| text.replace('$', CANARY);
    let huge = format!("{{\"secretValue\":\"{}\"}}", "x".repeat(1024 * 1024));
    play(
        &store.world,
        vec![
            refused(
                "cut off",
                raw(&canary("{\"secretValue\": \"$")),
                400,
                "BadRequest",
            ),
            refused("a bare word", raw(&canary("$")), 400, "BadRequest"),
            refused("empty", raw(""), 400, "BadRequest"),
            refused("spaces", raw("  "), 400, "BadRequest"),
            refused("a list", raw(&canary("[\"$\"]")), 422, "ValidationFailure"),
            refused("a text", raw(&canary("\"$\"")), 422, "ValidationFailure"),
            refused(
                "a number as value",
                raw("{\"secretValue\": 7}"),
                422,
                "secretValue",
            ),
            refused(
                "a text as version",
                raw(&canary("{\"secretValue\": \"x\", \"expectedVersion\": \"$\"}")),
                422,
                "expectedVersion",
            ),
            refused(
                "a text as switch",
                raw(&canary("{\"skipMultilineEncoding\": \"$\"}")),
                422,
                "skipMultilineEncoding",
            ),
            refused("an unknown type", raw(&canary("{\"type\": \"$\"}")), 422, "type"),
            refused("more than 1 MiB", raw(&huge), 413, "PayloadTooLarge"),
            refused(
                "no JSON by its header",
                Call::new("POST", &path)
                    .raw("text/plain", "{}")
                    .token(&store.world.admin),
                422,
                "application/json",
            ),
            refused(
                "no body",
                Call::new("POST", &path).token(&store.world.admin),
                422,
                "application/json",
            ),
        ],
    );
    assert!(store.names().is_empty());
}

#[test]
fn fields_that_cannot_be_accepted_are_named() {
    let store = Store::new();
    store.world.put(&store.project, "A", CANARY);
    let value = json!({"secretValue": CANARY});
    let long = "n".repeat(513);
    let personal = json!({"secretValue": CANARY, "type": "personal"});
    play(
        &store.world,
        vec![
            refused("no value", store.create("B", &json!({})), 422, "secretValue"),
            refused("a long name", store.create(&long, &value), 422, "secretName"),
            refused(
                "a control character",
                store.create("a%0Ab", &value),
                422,
                "secretName",
            ),
            refused("NUL", store.create("a%00b", &value), 422, "secretName"),
            refused("no UTF-8", store.create("a%FFb", &value), 422, "path"),
            refused("a space", store.create("%20", &value), 422, "secretName"),
            refused("dots", store.create("%2E%2E", &value), 422, "secretName"),
            refused(
                "a path that climbs",
                store.create("B", &json!({"secretValue": CANARY, "secretPath": "/../x"})),
                422,
                "secretPath",
            ),
            refused(
                "a personal override",
                store.create("B", &personal),
                400,
                "no shared secret",
            ),
            refused("changing one", store.update("A", &personal), 404, "NotFound"),
            refused("reading one", store.get("A", "&type=personal"), 404, "NotFound"),
            refused("an unknown type", store.get("A", "&type=other"), 422, "type"),
            refused("a word as version", store.get("A", "&version=x"), 422, "version"),
            refused(
                "a word as switch",
                store.get("A", "&viewSecretValue=maybe"),
                422,
                "viewSecretValue",
            ),
            refused(
                "a bad new name",
                store.update("A", &json!({"newSecretName": "a\nb"})),
                422,
                "newSecretName",
            ),
            refused(
                "which project",
                get(&format!("{V3}/A?environment=dev")).token(&store.world.admin),
                400,
                "projectId",
            ),
            refused(
                "which environment",
                get(&format!("{V3}/A?workspaceId={}", store.project.id)).token(&store.world.admin),
                400,
                "environment",
            ),
            refused("twice the same", store.create("A", &value), 400, "already exist"),
            refused("nothing to change", store.update("NONE", &value), 404, "NotFound"),
            refused("nothing to delete", store.delete("NONE"), 404, "NotFound"),
            refused("nothing to read", store.get("NONE", ""), 404, "NotFound"),
        ],
    );
    assert_eq!(store.names(), ["A"]);
}

#[test]
fn what_is_missing_is_said() {
    let store = Store::new();
    let admin = store.world.admin.as_str();
    let at = |path: &str, environment: &str, folder: &str| {
        let id = &store.project.id;
        get(&format!(
            "{path}?workspaceId={id}&environment={environment}&secretPath={folder}"
        ))
        .token(admin)
    };
    let one = format!("{V3}/A");
    play(
        &store.world,
        vec![
            refused("environment of one", at(&one, "nowhere", "/"), 404, "nowhere"),
            refused("folder of one", at(&one, "dev", "/a/b"), 404, "/a/b"),
            refused(
                "environment to write to",
                post(
                    &one,
                    &json!({"workspaceId": store.project.id, "environment": "x", "secretValue": CANARY}),
                )
                .token(admin),
                404,
                "NotFound",
            ),
            refused(
                "folder to write to",
                store.create("A", &json!({"secretValue": CANARY, "secretPath": "/none"})),
                404,
                "NotFound",
            ),
            accepted("list of an environment", at(V3, "nowhere", "/"), &["secret.list"])
                .saying(&["\"secrets\":[]"]),
            accepted("list of a folder", at(V4, "dev", "/a"), &["secret.list"]).saying(&["\"secrets\":[]"]),
        ],
    );
    for (environment, folder, hint) in [
        ("nowhere", "/", "nowhere"),
        ("dev", "/a/b", "/a/b"),
        ("%00", "/", ""),
    ] {
        let reply = store.world.send(at(V3, environment, folder)).expect(200);
        let said = reply
            .headers
            .get("x-strongroom-hint")
            .map(|hint| hint.to_str().unwrap().to_owned());
        assert!(said.unwrap_or_default().contains(hint), "{environment} {folder}");
    }
    let found = store.world.send(store.list("")).expect(200);
    assert!(!found.headers.contains_key("x-strongroom-hint"));
}

#[test]
fn a_secret_is_made_read_changed_renamed_and_deleted() {
    let store = Store::new();
    let other = format!("{CANARY}-2");
    play(
        &store.world,
        vec![
            accepted(
                "create",
                store.create(
                    "A",
                    &json!({"secretValue": CANARY, "secretComment": " why ", "skipMultilineEncoding": true}),
                ),
                &["secret.create"],
            )
            .saying(&[
                CANARY,
                "\"version\":1",
                "\"why\"",
                "\"type\":\"shared\"",
                "\"skipMultilineEncoding\":true",
            ]),
            accepted("read", store.get("A", ""), &["secret.read"]).saying(&[CANARY, "\"secretPath\":\"/\""]),
            accepted(
                "read without value",
                store.get("A", "&viewSecretValue=false"),
                &["secret.read-name"],
            )
            .saying(&["<hidden-by-infisical>", "\"secretValueHidden\":true"]),
            accepted("list", store.list(""), &["secret.list"]).saying(&[CANARY]),
            accepted(
                "list without values",
                store.list("&viewSecretValue=false"),
                &["secret.list-names"],
            )
            .saying(&["<hidden-by-infisical>", "\"secretKey\":\"A\""]),
            accepted(
                "change",
                store.update("A", &json!({"secretValue": other})),
                &["secret.update"],
            )
            .saying(&[&other, "\"version\":2", "\"why\""]),
            accepted(
                "the first version",
                store.get("A", "&version=1"),
                &["secret.read"],
            )
            .saying(&[CANARY, "\"version\":1"])
            .hiding(&[&other]),
            accepted(
                "the present one by number",
                store.get("A", "&version=2"),
                &["secret.read"],
            )
            .saying(&[&other]),
            refused("a version to come", store.get("A", "&version=3"), 404, "NotFound"),
            refused("no version", store.get("A", "&version=0"), 404, "NotFound"),
            accepted(
                "rename",
                store.update("A", &json!({"newSecretName": "B"})),
                &["secret.update"],
            )
            .saying(&[&other, "\"secretKey\":\"B\"", "\"version\":3"]),
            refused("the old name", store.get("A", ""), 404, "NotFound"),
            accepted(
                "its past goes with it",
                store.get("B", "&version=1"),
                &["secret.read"],
            )
            .saying(&[CANARY]),
            accepted(
                "a new one of the old name",
                store.create("A", &json!({"secretValue": ""})),
                &["secret.create"],
            )
            .saying(&["\"version\":1", "\"secretValue\":\"\""]),
            refused(
                "a taken name",
                store.update("A", &json!({"newSecretName": "B"})),
                400,
                "already exist",
            ),
            accepted(
                "remove the comment",
                store.update("B", &json!({"secretComment": ""})),
                &["secret.update"],
            )
            .saying(&[&other])
            .hiding(&["why"]),
            accepted("delete", store.delete("B"), &["secret.delete"]).saying(&[&other]),
            refused("gone", store.get("B", ""), 404, "NotFound"),
            refused("its past too", store.get("B", "&version=1"), 404, "NotFound"),
            accepted(
                "made anew",
                store.create("B", &json!({"secretValue": "x"})),
                &["secret.create"],
            )
            .saying(&["\"version\":1"]),
            refused(
                "without the past of its name",
                store.get("B", "&version=2"),
                404,
                "NotFound",
            ),
        ],
    );
    assert_eq!(store.names(), ["A", "B"]);
}

#[test]
fn a_write_that_saw_an_older_version_is_refused() {
    let store = Store::new();
    store.world.put(&store.project, "A", "one");
    let write = |value: &str, version: i64| {
        store.update("A", &json!({"secretValue": value, "expectedVersion": version}))
    };
    play(
        &store.world,
        vec![
            refused("nothing that old", write(CANARY, 0), 409, "Conflict"),
            refused("nothing that new", write(CANARY, 2), 409, "Conflict"),
            accepted("the version seen", write("two", 1), &["secret.update"]),
            refused("the same again", write(CANARY, 1), 409, "at version 2"),
        ],
    );
    assert_eq!(store.value("A"), "two");
}

#[test]
fn the_four_ways_to_name_a_project_and_both_versions_are_one() {
    let store = Store::new();
    let (id, slug) = (&store.project.id, &store.project.slug);
    let mut number = 0;
    for base in [V3, V4] {
        for (field, project) in [
            ("projectId", id),
            ("workspaceId", id),
            ("workspaceSlug", slug),
            ("projectSlug", slug),
            ("projectId", slug),
            ("workspaceId", &"Web".to_owned()),
        ] {
            number += 1;
            let path = format!("{base}/N{number}");
            let mut body = json!({"environment": "dev", "secretPath": "/", "secretValue": "x", "type": "shared", "tagIds": []});
            body[field] = json!(project);
            let token = store.world.admin.as_str();
            let made = store.world.send(post(&path, &body).token(token)).expect(200);
            assert_eq!(made.at("/secret/workspace"), *id);
            let query = format!("{field}={project}&environment=dev&type=&version=&secretPath=%2F");
            let read = store
                .world
                .send(get(&format!("{path}?{query}")).token(token))
                .expect(200);
            assert_eq!(made.json["secret"]["id"], read.json["secret"]["id"]);
            body["secretValue"] = json!("y");
            store.world.send(patch(&path, &body).token(token)).expect(200);
            store.world.send(delete(&path, &body).token(token)).expect(200);
        }
    }
    assert!(store.names().is_empty());
}

#[test]
fn names_are_free_text() {
    let store = Store::new();
    let longest = "n".repeat(512);
    let wide = "%F0%9F%A6%80".repeat(128);
    for (path, name) in [
        ("with%20space", "with space"),
        ("with+plus", "with+plus"),
        ("a:b", "a:b"),
        ("a%3Ab%20", "a:b "),
        ("a%2Fb", "a/b"),
        ("%2e", ""),
        ("a%252Fb", "a%2Fb"),
        ("%D0%BA%D0%BB%D1%8E%D1%87", "ключ"),
        ("a%3Fb%23c%26d", "a?b#c&d"),
        ("lower", "lower"),
        ("LOWER", "LOWER"),
        ("'%22;--", "'\";--"),
        (&longest, &longest),
        (&wide, &"🦀".repeat(128)),
    ] {
        let reply = store
            .world
            .send(store.create(path, &json!({"secretValue": name})));
        if name == "a:b " {
            // White space at the ends does not count, so this one exists.
            reply.refused(400, "BadRequest");
            continue;
        }
        if name.is_empty() {
            reply.refused(422, "ValidationFailure");
            continue;
        }
        assert_eq!(reply.expect(200).at("/secret/secretKey"), name);
        assert_eq!(store.value(path), name);
        store
            .world
            .send(store.update(path, &json!({"secretValue": "new"})))
            .expect(200);
        assert_eq!(store.value(path), "new");
    }
    assert_eq!(store.names().len(), 12);
    assert!(store.names().contains(&"a/b".to_owned()));
    // Trailing slashes are no part of a name.
    store.world.send(store.get("lower/", "")).expect(200);
}

#[test]
fn values_come_back_as_they_went_in() {
    let store = Store::new();
    let big = "ü".repeat(400_000);
    for (number, (given, kept)) in [
        ("plain", "plain"),
        ("  spaces around  ", "spaces around"),
        ("line\n", "line\n"),
        ("line\n\n\n", "line\n"),
        ("a\nb\r\nc", "a\nb\r\nc"),
        ("", ""),
        (" ", ""),
        (
            "quotes \"' $HOME ${REF} `x` \\n",
            "quotes \"' $HOME ${REF} `x` \\n",
        ),
        ("null\u{0}inside", "null\u{0}inside"),
        ("🦀 ключ \u{202e}", "🦀 ключ \u{202e}"),
        (&big, &big),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("V{number}");
        let made = store
            .world
            .send(store.create(&name, &json!({"secretValue": given})))
            .expect(200);
        assert_eq!(made.at("/secret/secretValue"), kept, "V{number}");
        assert_eq!(store.value(&name), kept, "V{number}");
        store
            .world
            .send(store.update(&name, &json!({"secretValue": format!(" {given}")})))
            .expect(200);
        assert_eq!(store.value(&name), kept, "V{number}");
    }
}

#[test]
fn simultaneous_writers_lose_nothing() {
    let store = Store::new();
    store.world.put(&store.project, "A", "0");
    let calls = (1..=20)
        .map(|number| store.update("A", &json!({"secretValue": number.to_string()})))
        .collect();
    let replies = store.world.send_together(calls);
    let mut acknowledged: Vec<String> = Vec::new();
    for reply in replies {
        if reply.status == 200 {
            acknowledged.push(reply.at("/secret/secretValue"));
        } else {
            // On PostgreSQL too many at once are told to try again, and change nothing.
            reply.refused(503, "ServiceUnavailable");
        }
    }
    assert!(!acknowledged.is_empty());
    let reply = store.world.send(store.get("A", "")).expect(200);
    assert_eq!(reply.json["secret"]["version"], acknowledged.len() + 1);
    let mut kept: Vec<String> = (2..acknowledged.len() + 2)
        .map(|version| store.world.send(store.get("A", &format!("&version={version}"))))
        .map(|past| past.expect(200).at("/secret/secretValue"))
        .collect();
    kept.sort();
    acknowledged.sort();
    assert_eq!(kept, acknowledged);
}

#[test]
fn a_write_says_where_and_a_new_name_is_one() {
    let store = Store::new();
    store.world.put(&store.project, "A", "old");
    let admin = &store.world.admin;
    let nowhere = json!({"workspaceId": store.project.id, "secretValue": CANARY, "secrets": [
        {"secretKey": "A", "secretValue": CANARY},
    ]});
    let mut rows = Vec::new();
    for path in [
        "/api/v3/secrets/raw/A",
        "/api/v4/secrets/A",
        "/api/v4/secrets/batch",
    ] {
        for method in ["POST", "PATCH", "DELETE"] {
            let call = Call::new(method, path).json(&nowhere).token(admin);
            rows.push(refused("no environment", call, 422, "\"environment\""));
        }
    }
    for name in ["", "  ", "a\u{0}b"] {
        let call = store.update("A", &json!({"newSecretName": name, "secretValue": CANARY}));
        rows.push(refused("no name", call, 422, "newSecretName"));
    }
    rows.push(
        accepted(
            "null is none",
            store.update("A", &json!({"newSecretName": null})),
            &["secret.update"],
        )
        .saying(&["\"secretKey\":\"A\""]),
    );
    play(&store.world, rows);
    assert_eq!(store.value("A"), "old");
}
