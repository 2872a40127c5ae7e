//! Cloning an environment: what comes along, and what stays what it is.

use serde_json::{Value, json};

use crate::app::{CANARY, Call, post};
use crate::projects::{environment_id, slugs};
use crate::scenario::{accepted, play, refused};
use crate::secrets::Store;

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

impl Store {
    fn clone_of(&self, id: &str, body: &Value) -> Call {
        let path = format!(
            "/api/strongroom/v1/projects/{}/environments/{id}/clone",
            self.project.id
        );
        post(&path, body).token(&self.world.admin)
    }

    fn value_in(&self, environment: &str, path: &str, name: &str) -> Value {
        let query = format!(
            "/api/v4/secrets/{name}?projectId={}&environment={environment}&secretPath={path}",
            self.project.id
        );
        self.world
            .send(crate::app::get(&query).token(&self.world.admin))
            .expect(200)
            .json["secret"]
            .clone()
    }
}

#[test]
fn what_cannot_be_cloned_leaves_nothing_behind() {
    let store = Store::new();
    let other = store.world.project("Other");
    let dev = environment_id(&store.world, &store.project, "dev");
    let elsewhere = environment_id(&store.world, &other, "dev");
    store.world.put(&store.project, "A", CANARY);
    let member = store.world.member(&store.project, "member").token;
    let stranger = store.world.machine("stranger", "admin").token;
    let service = store
        .world
        .service_token(&store.project, &["*:/**"], &["read", "write"]);
    let good = json!({"name": "Test", "slug": "test", "withSecrets": true});
    play(
        &store.world,
        vec![
            refused(
                "a member",
                store.clone_of(&dev, &good).token(&member),
                403,
                "PermissionDenied",
            ),
            refused(
                "a stranger",
                store.clone_of(&dev, &good).token(&stranger),
                403,
                "Forbidden",
            ),
            refused(
                "a service token",
                store.clone_of(&dev, &good).token(&service),
                403,
                "Forbidden",
            ),
            refused(
                "of another project",
                store.clone_of(&elsewhere, &good),
                404,
                "NotFound",
            ),
            refused("unknown", store.clone_of(NOBODY, &good), 404, "NotFound"),
            refused("no id", store.clone_of("dev", &good), 422, "environment"),
            refused(
                "a taken slug",
                store.clone_of(&dev, &json!({"name": "x", "slug": "prod", "withSecrets": true})),
                400,
                "'prod' already exists",
            ),
            refused(
                "a bad slug",
                store.clone_of(&dev, &json!({"name": "x", "slug": "a b", "withSecrets": true})),
                422,
                "slug",
            ),
            refused(
                "no name",
                store.clone_of(&dev, &json!({"name": " ", "slug": "x", "withSecrets": true})),
                422,
                "name",
            ),
            refused(
                "with or without is not said",
                store.clone_of(&dev, &json!({"name": "x", "slug": "x"})),
                422,
                "withSecrets",
            ),
        ],
    );
    assert_eq!(slugs(&store.world, &store.project), ["dev", "staging", "prod"]);
}

#[test]
fn a_clone_has_all_and_shares_nothing() {
    let store = Store::new();
    let (world, project) = (&store.world, &store.project);
    let tag = store.tag("db");
    let dev = environment_id(world, project, "dev");
    for path in ["/app", "/app/api", "/empty"] {
        world.folder(project, "dev", path);
    }
    let full = json!({
        "secretValue": "old", "secretComment": "why", "tagIds": [tag], "skipMultilineEncoding": true,
        "secretMetadata": [{"key": "team", "value": "core"}],
    });
    let source = store.made(store.create("A", &full));
    world
        .send(store.update("A", &json!({"secretValue": "new"})))
        .expect(200);
    let own = json!({"secretValue": CANARY, "type": "personal"});
    world.send(store.create("A", &own)).expect(200);
    world.put(project, "GONE", CANARY);
    world.send(store.delete("GONE")).expect(200);
    world.put_at(project, ("dev", "/app/api"), "DEEP", "${A} ${dev.A}");
    for (environment, path) in [("prod", "/"), ("dev", "/app/api")] {
        let import = json!({"workspaceId": project.id, "environment": "dev", "path": "/app",
            "import": {"environment": environment, "path": path}});
        world
            .send(post("/api/v1/secret-imports", &import).token(&world.admin))
            .expect(200);
    }
    play(
        world,
        vec![
            accepted(
                "with secrets",
                store.clone_of(
                    &dev,
                    &json!({"name": "Test", "slug": "test", "withSecrets": true}),
                ),
                &["environment.clone"],
            )
            .saying(&[
                "\"slug\":\"test\"",
                "\"position\":4",
                "\"folders\":3",
                "\"imports\":2",
                "\"secrets\":2",
            ]),
            accepted(
                "without",
                store.clone_of(
                    &dev,
                    &json!({"name": "Bare", "slug": "bare", "withSecrets": false}),
                ),
                &["environment.clone"],
            )
            .saying(&["\"folders\":3", "\"imports\":2", "\"secrets\":0"]),
        ],
    );
    assert_eq!(slugs(world, project), ["dev", "staging", "prod", "test", "bare"]);
    let copy = store.value_in("test", "/", "A");
    assert_ne!(copy["id"], json!(source));
    assert_eq!(copy["version"], 1);
    assert_eq!(copy["secretValue"], "new");
    assert_eq!(copy["secretComment"], "why");
    assert_eq!(copy["tags"][0]["slug"], "db");
    assert_eq!(copy["secretMetadata"][0]["key"], "team");
    assert_eq!(copy["skipMultilineEncoding"], true);
    let listed = |environment: &str, path: &str| {
        let query = format!(
            "/api/v4/secrets?projectId={}&environment={environment}&secretPath={path}&expandSecretReferences=false",
            project.id
        );
        world
            .send(crate::app::get(&query).token(&world.admin))
            .expect(200)
            .json
    };
    assert_eq!(listed("test", "/")["secrets"].as_array().unwrap().len(), 1);
    assert!(listed("bare", "/")["secrets"].as_array().unwrap().is_empty());
    assert_eq!(
        listed("test", "/app/api")["secrets"][0]["secretValue"],
        "${A} ${dev.A}"
    );
    let imports = listed("test", "/app")["imports"].clone();
    assert_eq!(imports[0]["environment"], "prod");
    assert_eq!(
        imports[1]["environment"], "test",
        "its own, not the source's: {imports}"
    );
    // Neither sees what happens to the other.
    world
        .send(store.update("A", &json!({"secretValue": "later"})))
        .expect(200);
    assert_eq!(store.value_in("test", "/", "A")["secretValue"], "new");
}
