//! What Infisical's clients count on, point by point, asked of the whole application as they ask it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::app::{CANARY, EMAIL, Machine, Project, Reply, World, delete, get, patch, post};

/// A project with a machine that may write it.
struct Scene {
    world: World,
    project: Project,
    machine: Machine,
}

impl std::ops::Deref for Scene {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Scene {
    fn new() -> Self {
        let world = World::new();
        let project = world.project("Conformance");
        let machine = world.member(&project, "admin");
        Self {
            world,
            project,
            machine,
        }
    }

    /// A body for a secret in `dev`, with fields beside it.
    fn body(&self, fields: Value) -> Value {
        let mut body = json!({ "workspaceId": self.project.id, "environment": "dev" });
        let Value::Object(fields) = fields else {
            panic!("fields are an object")
        };
        for (name, value) in fields {
            body[name] = value;
        }
        body
    }

    fn create(&self, name: &str, fields: Value) -> Reply {
        self.create_as(&self.machine.token, name, fields)
    }

    fn create_as(&self, token: &str, name: &str, fields: Value) -> Reply {
        let path = format!("/api/v3/secrets/raw/{name}");
        self.send(post(&path, &self.body(fields)).token(token))
    }

    fn update(&self, name: &str, fields: Value) -> Reply {
        let path = format!("/api/v3/secrets/raw/{name}");
        self.send(patch(&path, &self.body(fields)).token(&self.machine.token))
    }

    fn remove_as(&self, token: &str, name: &str, fields: Value) -> Reply {
        let path = format!("/api/v3/secrets/raw/{name}");
        self.send(delete(&path, &self.body(fields)).token(token))
    }

    fn put(&self, environment: &str, path: &str, name: &str, value: &str) {
        let fields = json!({ "environment": environment, "secretPath": path, "secretValue": value });
        self.create(name, fields).expect(200);
    }

    fn folder(&self, environment: &str, path: &str, name: &str) -> String {
        let body =
            json!({ "workspaceId": self.project.id, "environment": environment, "path": path, "name": name });
        let call = post("/api/v1/folders", &body).token(&self.machine.token);
        self.send(call).expect(200).at("/folder/id")
    }

    fn import(&self, into: (&str, &str), from: (&str, &str)) -> Reply {
        let body = json!({
            "workspaceId": self.project.id, "environment": into.0, "path": into.1,
            "import": { "environment": from.0, "path": from.1 },
        });
        self.send(post("/api/v1/secret-imports", &body).token(&self.machine.token))
    }

    /// One secret as the SDKs ask for it.
    fn v3(&self, name: &str, query: &str) -> Reply {
        let path = format!(
            "/api/v3/secrets/raw/{name}?workspaceId={}&environment=dev{query}",
            self.project.id
        );
        self.send(get(&path).token(&self.machine.token))
    }

    /// A list as the command line asks for it: every switch is spelled out.
    fn v4_as(&self, token: &str, environment: &str, query: &str) -> Reply {
        let path = format!(
            "/api/v4/secrets?projectId={}&environment={environment}{query}",
            self.project.id
        );
        self.send(get(&path).token(token))
    }

    fn v4(&self, query: &str) -> Reply {
        self.v4_as(&self.machine.token, "dev", query)
    }
}

/// What the command line's `export` prints: secrets by key, then those of imports that no later import has, last first.
fn exported(list: &Reply) -> BTreeMap<String, String> {
    let mut merged = BTreeMap::new();
    let mut keep = |secrets: &Value| {
        for secret in secrets.as_array().unwrap() {
            let text = |field: &str| secret[field].as_str().unwrap().to_owned();
            merged
                .entry(text("secretKey"))
                .or_insert_with(|| text("secretValue"));
        }
    };
    keep(&list.json["secrets"]);
    for import in list.json["imports"].as_array().unwrap().iter().rev() {
        keep(&import["secrets"]);
    }
    merged
}

fn etag(reply: &Reply) -> String {
    reply.headers["etag"].to_str().unwrap().to_owned()
}

#[test]
fn status_is_answered_with_and_without_a_slash() {
    let world = World::new();
    for path in ["/api/status", "/api/status/"] {
        let reply = world.send(get(path)).expect(200);
        assert_eq!(reply.json["message"], "Ok");
        assert!(!reply.headers.contains_key("location"), "{path}");
    }
}

#[test]
fn a_machine_logs_in_with_four_fields() {
    let scene = Scene::new();
    let wrong = "ab".repeat(32);
    let refused = scene
        .machine_login(&scene.machine.client_id, &wrong)
        .refused(401, "UnauthorizedError");
    assert!(refused.at("/reqId").starts_with("req-"));
    assert!(!refused.at("/message").is_empty());
    let reply = scene
        .machine_login(&scene.machine.client_id, &scene.machine.client_secret)
        .expect(200);
    assert_eq!(reply.json["tokenType"], "Bearer");
    assert_eq!(reply.at("/accessToken").split('.').count(), 3);
    for field in ["expiresIn", "accessTokenMaxTTL"] {
        assert!(
            reply.json[field].as_u64().is_some_and(|seconds| seconds > 0),
            "{field}"
        );
    }
}

#[test]
fn a_token_for_one_use_is_used_once() {
    let scene = Scene::new();
    let id = scene.machine("once", "no-access").id;
    let path = format!("/api/v1/auth/universal-auth/identities/{id}");
    let limit = json!({ "accessTokenNumUsesLimit": 1 });
    let changed = scene.send(patch(&path, &limit).token(&scene.admin)).expect(200);
    scene.join(&scene.project, &id, "viewer");
    let secret = scene.client_secret(&id, &json!({}));
    let login = scene
        .machine_login(&changed.at("/identityUniversalAuth/clientId"), &secret)
        .expect(200);
    let token = login.at("/accessToken");
    scene.v4_as(&token, "dev", "").expect(200);
    scene.v4_as(&token, "dev", "").refused(401, "UnauthorizedError");
}

#[test]
fn a_renewed_token_works_and_a_revoked_one_does_not() {
    let scene = Scene::new();
    let id = scene.machine("renewing", "no-access").id;
    let path = format!("/api/v1/auth/universal-auth/identities/{id}");
    let changed = scene
        .send(
            patch(
                &path,
                &json!({ "accessTokenTTL": 600, "accessTokenMaxTTL": 6000 }),
            )
            .token(&scene.admin),
        )
        .expect(200);
    scene.join(&scene.project, &id, "viewer");
    let secret = scene.client_secret(&id, &json!({}));
    let token = scene
        .machine_login(&changed.at("/identityUniversalAuth/clientId"), &secret)
        .expect(200)
        .at("/accessToken");
    scene.later(500);
    let renewed = scene
        .send(post("/api/v1/auth/token/renew", &json!({ "accessToken": token })))
        .expect(200);
    assert_eq!(renewed.json["expiresIn"], 600);
    let renewed = renewed.at("/accessToken");
    scene.later(500);
    scene.v4_as(&renewed, "dev", "").expect(200);
    let revoke = post("/api/v1/auth/token/revoke", &json!({ "accessToken": renewed }));
    scene.send(revoke).expect(200);
    for token in [&renewed, &token] {
        scene.v4_as(token, "dev", "").refused(401, "UnauthorizedError");
    }
}

#[test]
fn a_secret_lives_through_its_versions() {
    let scene = Scene::new();
    scene.v3("KEY", "").refused(404, "NotFound");
    scene
        .update("KEY", json!({ "secretValue": "x" }))
        .refused(404, "NotFound");
    scene
        .remove_as(&scene.machine.token, "KEY", json!({}))
        .refused(404, "NotFound");
    let created = scene.create("KEY", json!({ "secretValue": "one" })).expect(200);
    assert_eq!(created.json["secret"]["version"], 1);
    let again = scene
        .create("KEY", json!({ "secretValue": "two" }))
        .refused(400, "BadRequest");
    assert!(again.at("/message").contains("exist"), "{}", again.text);
    let updated = scene.update("KEY", json!({ "secretValue": "two" })).expect(200);
    assert_eq!(updated.json["secret"]["version"], 2);
    assert_eq!(scene.v3("KEY", "").expect(200).at("/secret/secretValue"), "two");
    let old = scene.v3("KEY", "&version=1").expect(200);
    assert_eq!(old.at("/secret/secretValue"), "one");
    assert_eq!(old.json["secret"]["version"], 1);
    scene.v3("KEY", "&version=3").refused(404, "NotFound");
    let removed = scene
        .remove_as(&scene.machine.token, "KEY", json!({ "type": "shared" }))
        .expect(200);
    for field in [
        "id",
        "_id",
        "workspace",
        "environment",
        "version",
        "type",
        "secretKey",
        "secretValue",
        "secretComment",
        "createdAt",
        "updatedAt",
    ] {
        assert!(!removed.json["secret"][field].is_null(), "{field}");
    }
    scene.v3("KEY", "").refused(404, "NotFound");
    let anew = scene.create("KEY", json!({ "secretValue": "three" })).expect(200);
    assert_eq!(anew.json["secret"]["version"], 1);
    assert_ne!(anew.json["secret"]["id"], created.json["secret"]["id"]);
}

#[test]
fn values_are_trimmed_but_for_one_newline() {
    let scene = Scene::new();
    for (name, given, stored) in [
        ("A", "  a\n", "a\n"),
        ("B", "", ""),
        ("C", "\t a b \n\n\n", "a b\n"),
        ("D", "a \n ", "a"),
    ] {
        let created = scene.create(name, json!({ "secretValue": given })).expect(200);
        assert_eq!(created.at("/secret/secretValue"), stored, "{name}");
        assert_eq!(
            scene.v3(name, "").expect(200).at("/secret/secretValue"),
            stored,
            "{name}"
        );
    }
}

#[test]
fn a_list_is_the_same_with_every_switch_until_something_changes() {
    let scene = Scene::new();
    scene.folder("dev", "/", "app");
    scene.folder("dev", "/", "shared");
    scene.put("dev", "/", "PLAIN", "plain");
    scene.put("dev", "/", "REFERRING", "see ${PLAIN}");
    scene.put("dev", "/app", "DEEP", "deep");
    scene.put("dev", "/shared", "IMPORTED", "imported");
    scene.import(("dev", "/"), ("dev", "/shared")).expect(200);
    let switches = [
        "includeImports",
        "recursive",
        "expandSecretReferences",
        "includePersonalOverrides",
        "viewSecretValue",
    ];
    let list = |bits: usize| {
        let switched = |(index, switch)| format!("&{switch}={}", bits >> index & 1 == 1);
        let query = switches
            .iter()
            .enumerate()
            .map(switched)
            .collect::<Vec<_>>()
            .concat();
        scene.v4(&query).expect(200)
    };
    let mut before = Vec::new();
    for bits in 0..1 << switches.len() {
        let (imports, recursive, expanded, visible) =
            (bits & 1 == 1, bits & 2 == 2, bits & 4 == 4, bits & 16 == 16);
        let reply = list(bits);
        let secrets = reply.json["secrets"].as_array().unwrap();
        let value_of = |key: &str| {
            let secret = secrets.iter().find(|secret| secret["secretKey"] == key)?;
            assert_eq!(secret["secretValueHidden"], !visible, "{bits:05b} {key}");
            Some(secret["secretValue"].as_str().unwrap())
        };
        let referring = match (visible, expanded) {
            (false, _) => "<hidden-by-infisical>",
            (true, true) => "see plain",
            (true, false) => "see ${PLAIN}",
        };
        assert_eq!(value_of("REFERRING"), Some(referring), "{bits:05b}");
        assert_eq!(value_of("DEEP").is_some(), recursive, "{bits:05b}");
        let blocks = reply.json["imports"].as_array().unwrap();
        assert_eq!(!blocks.is_empty(), imports, "{bits:05b}");
        assert_eq!(etag(&reply), etag(&list(bits)), "{bits:05b}");
        before.push(etag(&reply));
    }
    scene
        .update("PLAIN", json!({ "secretValue": "changed" }))
        .expect(200);
    for (bits, before) in before.into_iter().enumerate() {
        let unseen = bits & 16 == 0;
        let reply = list(bits);
        // Without its value a changed secret still has a new version.
        assert_ne!(etag(&reply), before, "{bits:05b} {unseen}");
        let path = format!("/api/v4/secrets?projectId={}&environment=dev", scene.project.id);
        let fresh = scene.send(get(&path).token(&scene.machine.token)).expect(200);
        let known = get(&path)
            .token(&scene.machine.token)
            .header("if-none-match", &etag(&fresh));
        assert_eq!(scene.send(known).expect(304).text, "");
    }
}

#[test]
fn references_are_resolved_where_they_stand() {
    let scene = Scene::new();
    scene.folder("dev", "/", "a");
    scene.folder("dev", "/a", "b");
    scene.folder("dev", "/", "source");
    scene.put("dev", "/", "PLAIN", "plain");
    scene.put("dev", "/", "EMPTY", "");
    scene.put("dev", "/a/b", "KEY", "deep");
    scene.put("dev", "/a/b", "NEAR", "near ${KEY}");
    scene.put("prod", "/", "FAR", "far");
    scene.put("dev", "/source", "INNER", "inner");
    scene.put("dev", "/source", "OUTER", "outer ${INNER}");
    scene.import(("dev", "/"), ("dev", "/source")).expect(200);
    let cases = [
        ("${PLAIN}", "plain"),
        ("${PLAIN}${PLAIN}", "plainplain"),
        ("<${ PLAIN }>", "<plain>"),
        ("[${EMPTY}]", "[]"),
        ("${dev.a.b.KEY}", "deep"),
        ("${dev.a.b.NEAR}", "near deep"),
        ("${prod.FAR}", "far"),
        ("a${NOPE}b", "a${NOPE}b"),
        ("a${nowhere.KEY}b", "a${nowhere.KEY}b"),
        ("a${dev.no.folder.KEY}b", "a${dev.no.folder.KEY}b"),
        ("$${PLAIN}", "$plain"),
        ("${PLAIN", "${PLAIN"),
        ("${}", "${}"),
        ("${A B}", "${A B}"),
        ("${PLAIN:-x}", "${PLAIN:-x}"),
    ];
    for (index, (written, _)) in cases.iter().enumerate() {
        scene.put("dev", "/", &format!("CASE_{index}"), written);
    }
    for (index, (written, expanded)) in cases.iter().enumerate() {
        let name = format!("CASE_{index}");
        let read = |switch: bool| {
            scene
                .v3(&name, &format!("&expandSecretReferences={switch}"))
                .expect(200)
        };
        assert_eq!(read(true).at("/secret/secretValue"), *expanded, "{written}");
        assert_eq!(
            read(false).at("/secret/secretValue"),
            *written,
            "stored value of {written}"
        );
        // The older default.
        assert_eq!(
            scene.v3(&name, "").expect(200).at("/secret/secretValue"),
            *written
        );
    }
    let list = scene
        .v4("&expandSecretReferences=true&includeImports=true")
        .expect(200);
    let listed = exported(&list);
    for (index, (written, expanded)) in cases.iter().enumerate() {
        assert_eq!(listed[&format!("CASE_{index}")], *expanded, "{written}");
    }
    assert_eq!(listed["OUTER"], "outer inner");
}

#[test]
fn circles_of_references_end() {
    let scene = Scene::new();
    scene.put("dev", "/", "SELF", "<${SELF}>");
    scene.put("dev", "/", "PING", "a${PONG}");
    scene.put("dev", "/", "PONG", "b${PING}");
    for index in 0..5 {
        scene.put(
            "dev",
            "/",
            &format!("HOP_{index}"),
            &format!("{index}>${{HOP_{}}}", index + 1),
        );
    }
    scene.put("dev", "/", "HOP_5", "end");
    let read = |name: &str| {
        scene
            .v3(name, "&expandSecretReferences=true")
            .expect(200)
            .at("/secret/secretValue")
    };
    assert!(read("SELF").contains("${SELF}"));
    assert!(read("PING").starts_with("ab"));
    assert!(read("PING").contains("${P"));
    assert_eq!(read("HOP_0"), "0>1>2>3>4>end");
    let list = scene.v4("&expandSecretReferences=true").expect(200);
    assert_eq!(exported(&list)["HOP_0"], "0>1>2>3>4>end");
}

#[test]
fn an_expanded_value_of_several_lines_is_quoted_when_asked() {
    let scene = Scene::new();
    scene.put("dev", "/", "LINES", "one\ntwo");
    for (name, value, skip) in [
        ("QUOTED", "${LINES}", true),
        ("PLAIN", "${LINES}", false),
        ("OWN", "x\ny", true),
    ] {
        let fields = json!({ "secretValue": value, "skipMultilineEncoding": skip });
        scene.create(name, fields).expect(200);
    }
    let list = exported(&scene.v4("&expandSecretReferences=true").expect(200));
    assert_eq!(list["QUOTED"], "\"one\\ntwo\"");
    assert_eq!(list["PLAIN"], "one\ntwo");
    assert_eq!(list["OWN"], "x\ny", "without a reference it is left alone");
    assert_eq!(
        exported(&scene.v4("&expandSecretReferences=false").expect(200))["QUOTED"],
        "${LINES}"
    );
}

#[test]
fn the_last_of_two_imports_wins() {
    let scene = Scene::new();
    for name in ["first", "second"] {
        scene.folder("dev", "/", name);
        scene.put("dev", &format!("/{name}"), "BOTH", name);
        scene.put("dev", &format!("/{name}"), "OWN", name);
        scene.put("dev", &format!("/{name}"), &format!("ONLY_{name}"), name);
    }
    scene.put("dev", "/", "OWN", "direct");
    scene.import(("dev", "/"), ("dev", "/first")).expect(200);
    let second = scene.import(("dev", "/"), ("dev", "/second")).expect(200);
    assert_eq!(second.json["secretImport"]["position"], 2);
    let list = scene.v4("&includeImports=true").expect(200);
    let paths: Vec<&str> = list.json["imports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|import| import["secretPath"].as_str().unwrap())
        .collect();
    assert_eq!(paths, ["/first", "/second"]);
    let merged = exported(&list);
    assert_eq!(merged["BOTH"], "second");
    assert_eq!(merged["OWN"], "direct");
    assert_eq!(
        (&*merged["ONLY_first"], &*merged["ONLY_second"]),
        ("first", "second")
    );
    // A single read decides by itself, and says where the value comes from.
    for switch in ["include_imports", "includeImports"] {
        let both = scene.v3("BOTH", &format!("&{switch}=true")).expect(200);
        assert_eq!(both.at("/secret/secretValue"), "second", "{switch}");
        assert_eq!(both.at("/secret/secretPath"), "/second", "{switch}");
        let own = scene.v3("OWN", &format!("&{switch}=true")).expect(200);
        assert_eq!(own.at("/secret/secretValue"), "direct", "{switch}");
    }
    scene
        .v3("BOTH", "&include_imports=false")
        .refused(404, "NotFound");
    let body = json!({
        "workspaceId": scene.project.id, "environment": "dev", "path": "/", "import": { "position": 1 },
    });
    let path = format!("/api/v1/secret-imports/{}", second.at("/secretImport/id"));
    scene
        .send(patch(&path, &body).token(&scene.machine.token))
        .expect(200);
    assert_eq!(
        exported(&scene.v4("&includeImports=true").expect(200))["BOTH"],
        "first"
    );
    let both = scene.v3("BOTH", "&include_imports=true").expect(200);
    assert_eq!(both.at("/secret/secretValue"), "first");
}

#[test]
fn an_import_of_an_import_is_part_of_the_outer_one() {
    let scene = Scene::new();
    for name in ["outer", "inner"] {
        scene.folder("dev", "/", name);
        scene.put("dev", &format!("/{name}"), "BOTH", name);
        scene.put("dev", &format!("/{name}"), &format!("ONLY_{name}"), name);
    }
    scene.import(("dev", "/outer"), ("dev", "/inner")).expect(200);
    scene.import(("dev", "/"), ("dev", "/outer")).expect(200);
    let list = scene.v4("&includeImports=true").expect(200);
    assert_eq!(list.json["imports"].as_array().unwrap().len(), 1);
    let merged = exported(&list);
    assert_eq!(
        merged["BOTH"], "outer",
        "the folder's own secret wins over its import"
    );
    assert_eq!(merged["ONLY_inner"], "inner");
    for secret in list.json["imports"][0]["secrets"].as_array().unwrap() {
        assert_eq!(secret["workspace"], json!(scene.project.id));
    }
    let only = scene.v3("ONLY_inner", "&include_imports=true").expect(200);
    assert_eq!(only.at("/secret/secretValue"), "inner");
    let circle = scene.import(("dev", "/inner"), ("dev", "/outer"));
    assert!((400..500).contains(&circle.status), "a circle: {}", circle.text);
}

#[test]
fn a_personal_override_is_for_its_owner() {
    let scene = Scene::new();
    let mine = json!({ "secretValue": format!("mine {CANARY}"), "type": "personal" });
    // There is nothing to override yet.
    scene
        .create_as(&scene.admin, "KEY", mine.clone())
        .refused(400, "BadRequest");
    scene
        .create("KEY", json!({ "secretValue": "shared" }))
        .expect(200);
    scene.create("KEY", mine.clone()).refused(400, "BadRequest");
    scene.create_as(&scene.admin, "KEY", mine).expect(200);

    let with = |token: &str, switch: bool| {
        let query = format!("&includePersonalOverrides={switch}&includeImports=true");
        scene.v4_as(token, "dev", &query).expect(200)
    };
    assert_eq!(
        exported(&with(&scene.admin, true))["KEY"],
        format!("mine {CANARY}")
    );
    let rows = with(&scene.admin, true).json["secrets"].as_array().unwrap().len();
    assert_eq!(rows, 1, "the override replaces the shared value");
    assert_eq!(exported(&with(&scene.admin, false))["KEY"], "shared");
    for switch in [true, false] {
        let reply = with(&scene.machine.token, switch);
        assert_eq!(exported(&reply)["KEY"], "shared");
        assert!(!reply.text.contains(CANARY));
    }
    // The older list shows its owner both rows, which the client merges.
    let older = |token: &str| {
        let path = format!(
            "/api/v3/secrets/raw?workspaceId={}&environment=dev",
            scene.project.id
        );
        let reply = scene.send(get(&path).token(token)).expect(200);
        let mut kinds: Vec<String> = Vec::new();
        for secret in reply.json["secrets"].as_array().unwrap() {
            kinds.push(secret["type"].as_str().unwrap().to_owned());
        }
        kinds.sort();
        kinds
    };
    assert_eq!(older(&scene.admin), ["personal", "shared"]);
    assert_eq!(older(&scene.machine.token), ["shared"]);
    // A plain read returns the shared value, also to the owner.
    let read = |token: &str, query: &str| {
        let path = format!(
            "/api/v3/secrets/raw/KEY?workspaceId={}&environment=dev{query}",
            scene.project.id
        );
        scene.send(get(&path).token(token))
    };
    assert_eq!(
        read(&scene.admin, "").expect(200).at("/secret/secretValue"),
        "shared"
    );
    let personal = read(&scene.admin, "&type=personal").expect(200);
    assert_eq!(personal.at("/secret/secretValue"), format!("mine {CANARY}"));
    let machines = read(&scene.machine.token, "&type=personal");
    assert!((400..=404).contains(&machines.status), "{}", machines.text);
    assert!(!machines.text.contains(CANARY));
    // `secrets delete` asks for the personal one unless told otherwise.
    let personal = json!({ "type": "personal", "secretName": "KEY" });
    scene
        .remove_as(&scene.machine.token, "KEY", personal.clone())
        .refused(400, "BadRequest");
    // Deleting the shared one as a machine shows no word of the override, and takes it along.
    let removed = scene
        .remove_as(&scene.machine.token, "KEY", json!({ "type": "shared" }))
        .expect(200);
    assert_eq!(removed.at("/secret/secretValue"), "shared");
    assert!(!removed.text.contains(CANARY));
    assert_eq!(read(&scene.admin, "&type=personal").status, 404);
    scene.create("KEY", json!({ "secretValue": "anew" })).expect(200);
    assert_eq!(exported(&with(&scene.admin, true))["KEY"], "anew");
    let none = scene
        .remove_as(&scene.admin, "KEY", personal)
        .refused(404, "NotFound");
    assert!(
        none.at("/message").contains("shared"),
        "it says how to delete the shared one: {}",
        none.text
    );
}

#[test]
fn folders_are_deleted_by_name_and_by_id() {
    let scene = Scene::new();
    let place = json!({ "workspaceId": scene.project.id, "environment": "dev", "path": "/" });
    scene.folder("dev", "/", "by-name");
    let by_id = scene.folder("dev", "/", "by-id");
    for handle in ["by-name", &by_id] {
        let path = format!("/api/v1/folders/{handle}");
        scene
            .send(delete(&path, &place).token(&scene.machine.token))
            .expect(200);
        scene
            .send(delete(&path, &place).token(&scene.machine.token))
            .refused(404, "NotFound");
    }
    // The command line spells the place `directory` here.
    scene.folder("dev", "/a/b", "c");
    let other = json!({ "workspaceId": scene.project.id, "environment": "dev", "directory": "/a/b" });
    let listed = format!(
        "/api/v1/folders?workspaceId={}&environment=dev&directory=%2Fa%2Fb",
        scene.project.id
    );
    let reply = scene.send(get(&listed).token(&scene.machine.token)).expect(200);
    assert_eq!(reply.at("/folders/0/name"), "c");
    let call = delete("/api/v1/folders/c", &other).token(&scene.machine.token);
    scene.send(call).expect(200);

    scene.folder("dev", "/", "full");
    scene.put("dev", "/full", "KEY", "v");
    let place = json!({ "projectId": scene.project.id, "environment": "dev", "path": "/" });
    let call = |body: &Value| delete("/api/v2/folders/full", body).token(&scene.machine.token);
    scene.send(call(&place)).refused(400, "BadRequest");
    let read = || scene.v3("KEY", "&secretPath=%2Ffull");
    read().expect(200);
    let mut force = place.clone();
    force["forceDelete"] = json!(true);
    scene.send(call(&force)).expect(200);
    read().refused(404, "NotFound");
}

/// A service token of the administrator; the three parts that the server gave out.
fn service_token(scene: &Scene, environment: &str, path: &str, permissions: &[&str]) -> String {
    let body = json!({
        "name": "ci", "workspaceId": scene.project.id, "permissions": permissions,
        "scopes": [{ "environment": environment, "secretPath": path }],
        "encryptedKey": "", "iv": "", "tag": "", "expiresIn": 0, "randomBytes": "ab".repeat(16),
    });
    // The command line posts to the path with a slash.
    let call = post("/api/v2/service-token/", &body).token(&scene.admin);
    let token = scene.send(call).expect(200).at("/serviceToken");
    assert_eq!(token.split('.').count(), 3, "{token}");
    token
}

#[test]
fn a_service_token_reads_with_three_parts_and_writes_with_four() {
    let scene = Scene::new();
    scene.put("prod", "/", "KEY", "in production");
    scene.put("dev", "/", "KEY", "in development");
    let token = service_token(&scene, "prod", "/", &["read", "write"]);
    let four = format!("{token}.{}", "cd".repeat(16));
    // The command line sends its own defaults, `dev` and `/`: the only scope of the token takes their place.
    let list = scene
        .v4_as(&token, "dev", "&secretPath=%2F&includeImports=true")
        .expect(200);
    assert_eq!(exported(&list)["KEY"], "in production");
    assert_eq!(list.json["secrets"][0]["environment"], "prod");
    let created = scene
        .create_as(
            &four,
            "NEW",
            json!({ "environment": "prod", "secretValue": "v", "secretPath": "/", "type": "shared" }),
        )
        .expect(200);
    assert_eq!(created.json["secret"]["environment"], "prod");
    // A write that names another place is not led to this one.
    let elsewhere = scene.create_as(&four, "LOST", json!({ "secretValue": "v" }));
    assert_eq!(elsewhere.status, 403, "{}", elsewhere.text);
    let details = scene.send(get("/api/v2/service-token").token(&token)).expect(200);
    assert_eq!(details.at("/workspace"), scene.project.id);
    assert_eq!(details.at("/scopes/0/environment"), "prod");
    assert!(
        !details.text.contains(token.rsplit('.').next().unwrap()),
        "its own secret"
    );

    let reader = service_token(&scene, "prod", "/", &["read"]);
    scene.v4_as(&reader, "dev", "").expect(200);
    let write = scene.create_as(&format!("{reader}.x"), "OTHER", json!({ "secretValue": "v" }));
    assert_eq!(write.status, 403, "{}", write.text);
    let last = if token.ends_with('0') { '1' } else { '0' };
    let wrong = format!("{}{last}", &token[..token.len() - 1]);
    scene.v4_as(&wrong, "prod", "").refused(401, "UnauthorizedError");
    // What is no content of the project is closed to it.
    let tags = format!("/api/v1/workspace/{}/tags", scene.project.id);
    assert_eq!(scene.send(get(&tags).token(&token)).status, 403);
}

#[test]
fn a_service_token_with_a_pattern_stays_within_it() {
    let scene = Scene::new();
    for name in ["app", "other"] {
        scene.folder("dev", "/", name);
        scene.put("dev", &format!("/{name}"), "KEY", name);
    }
    let token = service_token(&scene, "dev", "/app/**", &["read"]);
    scene.folder("dev", "/app", "deep");
    scene.put("dev", "/app/deep", "KEY", "deep");
    let list = |path: &str| scene.v4_as(&token, "dev", &format!("&secretPath={path}"));
    assert_eq!(exported(&list("%2Fapp%2Fdeep").expect(200))["KEY"], "deep");
    for outside in ["%2Fother", "%2F"] {
        let reply = list(outside);
        assert_eq!(reply.status, 403, "{outside}: {}", reply.text);
    }
    assert_eq!(scene.v4_as(&token, "prod", "&secretPath=%2Fapp").status, 403);
}

#[test]
fn login_status_follows_each_kind_of_credential() {
    let scene = Scene::new();
    let service = service_token(&scene, "dev", "/", &["read"]);
    let check = |token: &str| {
        scene
            .send(post("/api/v1/auth/checkAuth", &json!({})).token(token))
            .status
    };
    let of_service = |token: &str| scene.send(get("/api/v2/service-token").token(token)).status;
    assert_eq!((check(&scene.admin), of_service(&service)), (200, 200));
    let details = scene
        .send(get("/api/v1/identities/details").token(&scene.machine.token))
        .expect(200);
    assert!(details.text.contains(&scene.organization), "{}", details.text);
    // What the command line reads out of the tokens, without asking.
    let claims = |token: &str| {
        let part = token.split('.').nth(1).unwrap();
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap()
    };
    let user = claims(&scene.admin);
    assert_eq!(user["authTokenType"], "accessToken");
    assert!(user["exp"].is_i64() && user["tokenVersionId"].is_string());
    assert_eq!(user["organizationId"], json!(scene.organization));
    let machine = claims(&scene.machine.token);
    assert_eq!(machine["authTokenType"], "identityAccessToken");
    assert_eq!(machine["identityId"], json!(scene.machine.id));

    let token = &scene.machine.token;
    scene
        .send(post(
            "/api/v1/auth/token/revoke",
            &json!({ "accessToken": token }),
        ))
        .expect(200);
    let id = service.split('.').nth(1).unwrap();
    let path = format!("/api/v2/service-token/{id}");
    scene
        .send(delete(&path, &json!({})).token(&scene.admin))
        .expect(200);
    scene
        .send(post("/api/v1/auth/logout", &json!({})).token(&scene.admin))
        .expect(200);
    for status in [check(&scene.admin), of_service(&service)] {
        assert!(matches!(status, 401 | 403 | 404), "{status}");
    }
    let details = scene.send(get("/api/v1/identities/details").token(token));
    details.refused(401, "UnauthorizedError");
}

#[test]
fn what_is_unknown_or_empty_is_ignored() {
    let scene = Scene::new();
    scene.put("dev", "/", "KEY", "v");
    let strange =
        "&unknown=1&workspaceSlug=&tagSlugs=&metadataFilter=&secretPath=&secretName=KEY&include_imports=";
    assert_eq!(
        scene.v3("KEY", strange).expect(200).at("/secret/secretValue"),
        "v"
    );
    scene.v4(strange).expect(200);
    let more = json!({
        "secretValue": "v", "unknown": { "deep": [1] }, "secretName": "X", "tagIds": null, "secretMetadata": null,
        "skipMultilineEncoding": null, "secretReminderNote": "", "secretReminderRepeatDays": 0, "projectSlug": "",
    });
    scene.create("MORE", more.clone()).expect(200);
    scene.update("MORE", more).expect(200);
    let strange = json!({ "email": EMAIL, "password": "x", "unknown": 1 });
    scene
        .send(post("/api/v3/auth/login", &strange))
        .refused(400, "BadRequest");
    let token = &scene.admin;
    let folder = scene.body(json!({ "name": "f", "path": "/", "unknown": 1, "description": null }));
    scene
        .send(post("/api/v1/folders", &folder).token(token))
        .expect(200);
    let folder = scene.body(json!({ "path": "/", "unknown": 1 }));
    scene
        .send(delete("/api/v1/folders/f", &folder).token(token))
        .expect(200);
    let project = json!({ "projectName": "Other", "slug": "", "unknown": 1, "template": "default" });
    scene
        .send(post("/api/v2/workspace", &project).token(token))
        .expect(200);
    let tag = json!({ "slug": "tag", "color": "", "unknown": 1 });
    let tags = format!("/api/v1/workspace/{}/tags", scene.project.id);
    scene.send(post(&tags, &tag).token(token)).expect(200);
    let identity = json!({ "name": "i", "organizationId": scene.organization, "unknown": 1, "metadata": [] });
    scene
        .send(post("/api/v1/identities", &identity).token(token))
        .expect(200);
    for path in ["/api/v1/workspace?unknown=1", "/api/status?unknown=1&unknown=2"] {
        scene.send(get(path).token(token)).expect(200);
    }
}

#[test]
fn errors_are_objects_that_every_client_can_show() {
    let scene = Scene::new();
    let secret = json!({ "workspaceId": scene.project.id, "environment": "dev", "secretValue": [CANARY] });
    let token = &scene.machine.token;
    let calls = [
        (get("/api/v1/no-such-route"), 404),
        (get("/api/v3/secrets/raw"), 401),
        (get("/api/v3/secrets/raw?environment=dev").token("garbage"), 403),
        (post("/api/v3/secrets/raw/KEY", &secret).token(token), 422),
        (post("/api/status", &json!({})), 404),
        (get("/api/v4/secrets").token(token), 400),
        (
            get("/api/v4/secrets?projectId=nope&environment=dev").token(token),
            404,
        ),
    ];
    for (index, (call, status)) in calls.into_iter().enumerate() {
        let reply = scene.send(call);
        assert_eq!(reply.status, status, "{index}: {}", reply.text);
        assert_eq!(reply.json["statusCode"], status, "{index}");
        assert!(reply.json["error"].is_string() && reply.at("/reqId").starts_with("req-"));
        assert_eq!(reply.json["message"].is_array(), status == 422, "{index}");
        assert!(!reply.text.contains(CANARY), "{index}");
        let kind = reply.headers["content-type"].to_str().unwrap();
        assert_eq!(kind, "application/json; charset=utf-8");
    }
}

#[test]
fn a_batch_is_done_whole_or_not_at_all() {
    let scene = Scene::new();
    let token = &scene.machine.token;
    let batch = |method: &str, secrets: Value| {
        let body = scene.body(json!({ "secretPath": "/", "secrets": secrets }));
        let call = crate::app::Call::new(method, "/api/v3/secrets/batch/raw").json(&body);
        scene.send(call.token(token))
    };
    let item = |key: &str, value: &str| json!({ "secretKey": key, "secretValue": value });
    let created = batch("POST", json!([item("A", "1"), item("B", "2")])).expect(200);
    assert_eq!(created.json["secrets"].as_array().unwrap().len(), 2);
    batch("POST", json!([item("C", "3"), item("A", "x")])).refused(400, "BadRequest");
    batch("POST", json!([item("D", "3"), item("D", "4")])).refused(400, "BadRequest");
    batch("PATCH", json!([item("A", "x"), item("NOPE", "x")])).refused(404, "NotFound");
    batch("DELETE", json!([{ "secretKey": "A" }, { "secretKey": "NOPE" }])).refused(404, "NotFound");
    let empty = batch("POST", json!([]));
    assert_eq!(empty.status, 422, "{}", empty.text);
    let expected = BTreeMap::from([("A".into(), "1".into()), ("B".into(), "2".into())]);
    assert_eq!(exported(&scene.v4("").expect(200)), expected);
    batch("PATCH", json!([item("A", "one"), item("B", "two")])).expect(200);
    assert_eq!(exported(&scene.v4("").expect(200))["B"], "two");
    batch(
        "DELETE",
        json!([{ "secretKey": "A" }, { "secretKey": "B", "type": "shared" }]),
    )
    .expect(200);
    assert!(exported(&scene.v4("").expect(200)).is_empty());
}

#[test]
fn secrets_move_between_folders() {
    let scene = Scene::new();
    scene.folder("prod", "/", "app");
    let id = scene
        .create("KEY", json!({ "secretValue": "v" }))
        .expect(200)
        .at("/secret/id");
    let body = |id: &str| {
        json!({
            "projectSlug": scene.project.slug, "sourceEnvironment": "dev", "sourceSecretPath": "/",
            "destinationEnvironment": "prod", "destinationSecretPath": "/app", "secretIds": [id],
            "shouldOverwrite": false,
        })
    };
    let send = |body: &Value| scene.send(post("/api/v3/secrets/move", body).token(&scene.machine.token));
    let unknown = send(&body("00000000-0000-0000-0000-000000000001"));
    assert!(matches!(unknown.status, 400 | 404), "{}", unknown.text);
    let moved = send(&body(&id)).expect(200);
    assert_eq!(moved.json["isSourceUpdated"], true);
    assert_eq!(moved.json["isDestinationUpdated"], true);
    scene.v3("KEY", "").refused(404, "NotFound");
    let there = scene
        .v4_as(&scene.machine.token, "prod", "&secretPath=%2Fapp")
        .expect(200);
    assert_eq!(exported(&there)["KEY"], "v");
}

#[test]
fn paths_are_read_leniently_and_strictly_where_it_matters() {
    let scene = Scene::new();
    scene.folder("dev", "/", "app");
    scene.put("dev", "/app", "KEY", "v");
    for path in ["/app", "/app/", "app", "app/", "%20/app%20", "//app", "/app//"] {
        let path = path.replace('/', "%2F");
        let reply = scene.v3("KEY", &format!("&secretPath={path}"));
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        assert_eq!(reply.at("/secret/secretPath"), "/app", "{path}");
    }
    for path in ["/app/..", "/./app", "/app%5C", "/%2e%2e"] {
        let reply = scene.v3("KEY", &format!("&secretPath={}", path.replace('/', "%2F")));
        assert_eq!(reply.status, 422, "{path}: {}", reply.text);
    }
    scene.v3("KEY", "&secretPath=%2FApp").refused(404, "NotFound");
}

#[test]
fn what_imports_bring_is_expanded_in_any_case() {
    let scene = Scene::new();
    scene.folder("dev", "/", "source");
    scene.put("dev", "/source", "INNER", "inner");
    scene.put("dev", "/source", "OUTER", "outer ${INNER}");
    scene.put("dev", "/", "OWN", "own ${NEAR}");
    scene.put("dev", "/", "NEAR", "near");
    scene.import(("dev", "/"), ("dev", "/source")).expect(200);
    let path = format!(
        "/api/v3/secrets/raw?workspaceId={}&environment=dev&include_imports=true",
        scene.project.id
    );
    let list = scene.send(get(&path).token(&scene.machine.token)).expect(200);
    let merged = exported(&list);
    assert_eq!(merged["OUTER"], "outer inner");
    assert_eq!(merged["OWN"], "own ${NEAR}");
}

#[test]
fn tags_are_put_on_and_taken_off_by_name() {
    let scene = Scene::new();
    scene.put("dev", "/", "KEY", "v");
    let token = &scene.machine.token;
    let by_slug = |slug: &str| format!("/api/v1/projects/{}/tags/slug/{slug}", scene.project.id);
    // The command line makes a tag after this, and after nothing else.
    scene
        .send(get(&by_slug("ci")).token(token))
        .refused(404, "NotFound");
    let tags = format!("/api/v1/projects/{}/tags", scene.project.id);
    let tag = json!({ "slug": "ci", "color": "#112233", "name": "ci" });
    scene.send(post(&tags, &tag).token(token)).expect(200);
    let found = scene.send(get(&by_slug("ci")).token(token)).expect(200);
    assert_eq!(
        found
            .json
            .pointer("/tag/slug")
            .or(found.json.pointer("/workspaceTag/slug")),
        Some(&json!("ci"))
    );
    let path = "/api/v3/secrets/tags/KEY";
    let body = |slug: &str| {
        json!({
            "projectSlug": scene.project.slug, "environment": "dev", "secretPath": "/", "type": "shared",
            "tagSlugs": [slug],
        })
    };
    scene
        .send(post(path, &body("nope")).token(token))
        .refused(404, "NotFound");
    scene.send(post(path, &body("ci")).token(token)).expect(200);
    let slugs = |reply: &Reply| reply.json["secret"]["tags"].as_array().unwrap().len();
    assert_eq!(scene.v3("KEY", "").expect(200).at("/secret/tags/0/slug"), "ci");
    let filtered = |slug: &str| exported(&scene.v4(&format!("&tagSlugs={slug}")).expect(200)).len();
    assert_eq!((filtered("ci"), filtered("nope")), (1, 0));
    scene.send(delete(path, &body("ci")).token(token)).expect(200);
    assert_eq!(slugs(&scene.v3("KEY", "").expect(200)), 0);
}

#[test]
fn defects_of_the_recorded_server_are_not_ours() {
    let scene = Scene::new();
    scene
        .create("KEY", json!({ "secretValue": "shared" }))
        .expect(200);
    // Two personal values of one name for one user.
    let mine = |value: &str| json!({ "secretValue": value, "type": "personal" });
    scene.create_as(&scene.admin, "KEY", mine("one")).expect(200);
    scene
        .create_as(&scene.admin, "KEY", mine("two"))
        .refused(400, "BadRequest");
    // A batch names the secret that is in its way, and no other.
    let item = |key: &str| json!({ "secretKey": key, "secretValue": CANARY });
    let body = scene.body(json!({ "secrets": [item("FIRST"), item("KEY"), item("LAST")] }));
    let call = post("/api/v3/secrets/batch/raw", &body).token(&scene.machine.token);
    let told = scene.send(call).refused(400, "BadRequest").at("/message");
    assert!(
        told.contains("KEY") && !told.contains("FIRST") && !told.contains("LAST"),
        "{told}"
    );
    // A reference to an environment that is not there.
    scene.put("dev", "/", "LOST", "to ${nowhere.KEY}");
    let read = scene.v3("LOST", "&expandSecretReferences=true").expect(200);
    assert_eq!(read.at("/secret/secretValue"), "to ${nowhere.KEY}");
    // Tokens that could be taken for one another.
    let renew = json!({ "accessToken": scene.admin });
    let renewed = scene.send(post("/api/v1/auth/token/renew", &renew));
    assert!((400..=403).contains(&renewed.status), "{}", renewed.text);
    for kind in ["/api/v2/service-token", "/api/v1/identities/details"] {
        let reply = scene.send(get(kind).token(&scene.admin));
        assert_eq!(reply.status, 403, "{kind}: {}", reply.text);
    }
}
