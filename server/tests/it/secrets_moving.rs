//! Moving secrets between folders and environments.

use serde_json::{Value, json};

use crate::app::{CANARY, get, post};
use crate::scenario::{accepted, play, refused};
use crate::secrets::Store;

impl Store {
    fn prod(&self, name: &str) -> Value {
        let path = format!(
            "/api/v3/secrets/raw/{name}?workspaceId={}&environment=prod",
            self.project.id
        );
        let reply = self.world.send(get(&path).token(&self.world.admin));
        reply.json["secret"].clone()
    }
}

#[test]
fn what_cannot_all_be_moved_stays() {
    let store = Store::new();
    let other = Store {
        project: store.world.project("Other"),
        world: store.world,
    };
    let foreign = other.made(other.create("F", &json!({"secretValue": CANARY})));
    let store = Store {
        project: store.project,
        world: other.world,
    };
    let a = store.made(store.create("A", &json!({"secretValue": CANARY})));
    let b = store.made(store.create("B", &json!({"secretValue": CANARY})));
    let taken = json!({"workspaceId": store.project.id, "environment": "prod", "secretValue": "there"});
    store
        .world
        .send(post("/api/v3/secrets/raw/B", &taken).token(&store.world.admin))
        .expect(200);
    let viewer = store.world.member(&store.project, "viewer").token;
    let stranger = store.world.machine("stranger", "admin").token;
    let to = |ids: Value, more: Value| store.move_to_prod(&ids, &more);
    play(
        &store.world,
        vec![
            refused(
                "as a viewer",
                to(json!([a]), json!({})).token(&viewer),
                403,
                "PermissionDenied",
            ),
            refused(
                "as a stranger",
                to(json!([a]), json!({"projectSlug": store.project.id})).token(&stranger),
                403,
                "ForbiddenRequestError",
            ),
            refused("nothing", to(json!([]), json!({})), 422, "secretIds"),
            refused("no list", to(json!("x"), json!({})), 422, "secretIds"),
            refused("no id", to(json!(["x"]), json!({})), 400, "Invalid secrets"),
            refused(
                "an unknown one beside a good one",
                to(json!([a, "00000000-0000-0000-0000-000000000001"]), json!({})),
                400,
                "Invalid secrets",
            ),
            refused(
                "one of another project",
                to(json!([a, foreign]), json!({})),
                400,
                "Invalid secrets",
            ),
            refused(
                "one of another environment",
                to(json!([a]), json!({"sourceEnvironment": "staging"})),
                400,
                "Invalid secrets",
            ),
            refused(
                "from nowhere",
                to(json!([a]), json!({"sourceEnvironment": "nowhere"})),
                404,
                "nowhere",
            ),
            refused(
                "to nowhere",
                to(json!([a]), json!({"destinationSecretPath": "/none"})),
                404,
                "/none",
            ),
            refused(
                "from a place not said",
                to(json!([a]), json!({"sourceEnvironment": null})),
                422,
                "sourceEnvironment",
            ),
            refused(
                "to the same place",
                to(
                    json!([a]),
                    json!({"destinationEnvironment": "dev", "destinationSecretPath": ""}),
                ),
                400,
                "same folder",
            ),
            refused(
                "onto a taken name",
                to(json!([a, b]), json!({"shouldOverwrite": false})),
                400,
                "'B'",
            )
            .saying(&["shouldOverwrite"]),
        ],
    );
    assert_eq!(store.names(), ["A", "B"]);
    assert_eq!(store.prod("A"), Value::Null);
    assert_eq!(store.prod("B")["secretValue"], "there");
}

#[test]
fn a_secret_moves_with_its_past_and_takes_a_place_only_when_told() {
    let store = Store::new();
    let tag = store.tag("db");
    let a = store.made(store.create("A", &json!({"secretValue": "one", "tagIds": [tag]})));
    store
        .world
        .send(store.update("A", &json!({"secretValue": "two"})))
        .expect(200);
    let taken = json!({"workspaceId": store.project.id, "environment": "prod", "secretValue": "there"});
    let there = store.made(post("/api/v3/secrets/raw/A", &taken).token(&store.world.admin));
    let folder = json!({"workspaceId": store.project.id, "environment": "prod", "name": "app", "path": "/"});
    store
        .world
        .send(post("/api/v1/folders", &folder).token(&store.world.admin))
        .expect(200);
    play(
        &store.world,
        vec![
            accepted(
                "over another",
                store.move_to_prod(&json!([a, a]), &json!({"shouldOverwrite": true})),
                &["secret.move"],
            )
            .saying(&["\"isSourceUpdated\":true", "\"isDestinationUpdated\":true"]),
            refused("the other one", store.by_id(&there), 404, "NotFound"),
            accepted(
                "its past",
                store.versions(&a, "?offset=1&limit=1"),
                &["secret.read-versions"],
            )
            .saying(&["\"one\"", "\"environment\":\"prod\"", "\"slug\":\"db\""]),
        ],
    );
    assert!(store.names().is_empty());
    let moved = store.prod("A");
    assert_eq!(
        (&moved["id"], &moved["secretValue"], &moved["version"]),
        (&json!(a), &json!("two"), &json!(2))
    );
    // On to a folder, by the newer route.
    let body = json!({
        "projectId": store.project.id, "sourceEnvironment": "prod", "sourceSecretPath": "/",
        "destinationEnvironment": "prod", "destinationSecretPath": "/app", "secretIds": [a],
    });
    store
        .world
        .send(post("/api/v4/secrets/move", &body).token(&store.world.admin))
        .expect(200);
    assert_eq!(store.world.send(store.by_id(&a)).at("/secret/secretPath"), "/app");
    // A new one may have its old name.
    store.world.put(&store.project, "A", "new");
    assert_eq!(store.value("A"), "new");
}
