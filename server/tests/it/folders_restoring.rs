//! The way back of a deleted folder: with what was deleted with it, and with nothing else.

use serde_json::{Value, json};

use crate::app::{CANARY, Call, Project, World, delete, get, patch, post};
use crate::scenario::{accepted, play, refused};
use crate::secret_imports::import_into;

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

struct Trash {
    world: World,
    project: Project,
}

impl Trash {
    fn new() -> Self {
        let world = World::new();
        let project = world.project("Web");
        Self { world, project }
    }

    fn body(&self, path: &str) -> Value {
        json!({"workspaceId": self.project.id, "environment": "dev", "path": path})
    }

    fn put(&self, path: &str, name: &str) {
        self.world.put_at(&self.project, ("dev", path), name, CANARY);
    }

    /// Moves a folder to the trash, some time after what was done before.
    fn delete(&self, above: &str, name: &str) -> String {
        self.world.later(1);
        let call = delete(&format!("/api/v1/folders/{name}"), &self.body(above));
        let reply = self.world.send(call.token(&self.world.admin)).expect(200);
        self.world.later(1);
        reply.at("/folder/id")
    }

    fn restore(&self, id: &str) -> Call {
        Call::new("POST", &format!("/api/strongroom/v1/folders/{id}/restore")).token(&self.world.admin)
    }

    fn rename(&self, reference: &str, name: &str) {
        let mut body = self.body("/");
        body["name"] = json!(name);
        let call = patch(&format!("/api/v1/folders/{reference}"), &body);
        self.world.send(call.token(&self.world.admin)).expect(200);
    }

    fn secret(&self, path: &str, name: &str) -> u16 {
        let address = format!(
            "/api/v3/secrets/raw/{name}?workspaceId={}&environment=dev&secretPath={path}",
            self.project.id
        );
        self.world.send(get(&address).token(&self.world.admin)).status
    }

    fn trashed(&self) -> i64 {
        self.world.sql(|tx| {
            let rows = tx.query(
                "SELECT (SELECT count(*) FROM folders WHERE deleted_at IS NOT NULL) \
                 + (SELECT count(*) FROM secrets WHERE deleted_at IS NOT NULL) \
                 + (SELECT count(*) FROM secret_imports WHERE deleted_at IS NOT NULL)",
                &[],
            )?;
            rows[0].get(0)
        })
    }
}

#[test]
fn what_cannot_come_back_stays_in_the_trash() {
    let trash = Trash::new();
    let (world, project) = (&trash.world, &trash.project);
    trash.put("/app/db", "A");
    import_into(world, project, ("dev", "/app/db"), ("prod", "/"));
    trash.put("/plain", "A");
    let plain = trash.delete("/", "plain");
    let inner = trash.delete("/app", "db");
    let outer = trash.delete("/", "app");
    trash.put("/taken", "OLD");
    let taken = trash.delete("/", "taken");
    trash.put("/taken", "NEW");
    trash.put("/back", "A");
    let back = trash.delete("/", "back");
    world.send(trash.restore(&back)).expect(200);
    world.folder(project, "staging", "/gone");
    let address = format!("/api/v1/folders?workspaceId={}&environment=staging", project.id);
    let gone = world
        .send(get(&address).token(&world.admin))
        .expect(200)
        .at("/folders/0/id");
    let staging = crate::projects::environment_id(world, project, "staging");
    let path = format!("/api/v1/projects/{}/environments/{staging}", project.id);
    world
        .send(Call::new("DELETE", &path).token(&world.admin))
        .expect(200);
    let other = world.project("Other");
    let stranger = world.member(&other, "admin").token;
    let member = |role: &str| world.member(project, role).token;
    let (none, viewer) = (member("no-access"), member("viewer"));
    let token = |scopes: &[&str], permissions: &[&str]| world.service_token(project, scopes, permissions);
    let reader = token(&["dev:/**"], &["read"]);
    let elsewhere = token(&["prod:/**"], &["read", "write"]);
    // The folder itself may be made; what lies in it, below the scope, may not.
    let above = token(&["dev:/"], &["read", "write"]);
    let before = trash.trashed();
    let as_whom = |token: &str| trash.restore(&plain).token(token);
    play(
        world,
        vec![
            refused("unknown", trash.restore(NOBODY), 404, "NotFound"),
            refused("no id", trash.restore("app"), 404, "NotFound"),
            refused("of a deleted environment", trash.restore(&gone), 404, "NotFound"),
            refused(
                "the inner one alone",
                trash.restore(&inner),
                409,
                "'db' lay in was deleted too",
            ),
            refused(
                "a name that is taken",
                trash.restore(&taken),
                409,
                "'taken' exists there already",
            ),
            refused(
                "what is back",
                trash.restore(&back),
                400,
                "somebody restored it already",
            ),
            refused("nobody", Call::new("POST", &path_of(&plain)), 401, "Unauthorized"),
            refused("a stranger", as_whom(&stranger), 404, "NotFound"),
            refused("without access", as_whom(&none), 403, "PermissionDenied"),
            refused("a viewer", as_whom(&viewer), 403, "PermissionDenied"),
            refused("a token that reads", as_whom(&reader), 403, "PermissionDenied"),
            refused(
                "a token of another environment",
                as_whom(&elsewhere),
                403,
                "PermissionDenied",
            ),
            refused(
                "a token that ends above",
                as_whom(&above),
                403,
                "\"subject\":\"secrets\"",
            ),
            refused(
                "a token, of what has no place",
                trash.restore(&inner).token(&above),
                403,
                "PermissionDenied",
            ),
            accepted("the outer one", trash.restore(&outer), &["folder.restore"]),
            refused(
                "a token, of a folder that imports",
                trash.restore(&inner).token(&token(&["dev:/**"], &["write"])),
                403,
                "\"subject\":\"secret-imports\"",
            ),
        ],
    );
    assert_eq!(trash.trashed(), before - 1);
    assert_eq!(trash.secret("/taken", "NEW"), 200);
    assert_eq!(trash.secret("/taken", "OLD"), 404);
}

fn path_of(id: &str) -> String {
    format!("/api/strongroom/v1/folders/{id}/restore")
}

#[test]
fn a_folder_comes_back_with_what_was_deleted_with_it() {
    let trash = Trash::new();
    let (world, project) = (&trash.world, &trash.project);
    trash.put("/app", "A");
    trash.put("/app/db/deep", "B");
    trash.put("/app/db/deep", "GONE");
    trash.put("/app/old", "C");
    trash.put("/other", "D");
    let own = json!({"workspaceId": project.id, "environment": "dev", "secretPath": "/app", "secretValue": "mine",
        "type": "personal"});
    world
        .send(post("/api/v3/secrets/raw/A", &own).token(&world.admin))
        .expect(200);
    let import = import_into(world, project, ("dev", "/app"), ("dev", "/other"));
    let place = json!({"workspaceId": project.id, "environment": "dev", "secretPath": "/app/db/deep"});
    world
        .send(delete("/api/v3/secrets/raw/GONE", &place).token(&world.admin))
        .expect(200);
    trash.delete("/app", "old");
    let id = trash.delete("/", "app");
    trash.delete("/", "other");
    let member = world.member(project, "member").token;
    let restored = accepted(
        "the folder",
        trash.restore(&id).token(&member),
        &["folder.restore"],
    );
    play(world, vec![restored.saying(&[id.as_str(), "\"path\":\"/app\""])]);
    assert_eq!(trash.secret("/app/db/deep", "B"), 200);
    // What went before it or after it has a way back of its own.
    assert_eq!(trash.secret("/app/db/deep", "GONE"), 404);
    assert_eq!(trash.secret("/app/old", "C"), 404);
    assert_eq!(trash.secret("/other", "D"), 404);
    let address = format!(
        "/api/v3/secrets/raw/A?workspaceId={}&environment=dev&secretPath=/app&type=personal",
        project.id
    );
    let reply = world.send(get(&address).token(&world.admin)).expect(200);
    assert_eq!(reply.at("/secret/secretValue"), "mine");
    world
        .send(get(&format!("/api/v2/secret-imports/{import}")).token(&world.admin))
        .expect(200);
    // Deleted again, it comes back again.
    assert_eq!(trash.delete("/", "app"), id);
    world.send(trash.restore(&id)).expect(200);
    assert_eq!(trash.secret("/app/db/deep", "B"), 200);
}

#[test]
fn what_comes_back_follows_what_was_renamed_meanwhile() {
    let trash = Trash::new();
    let (world, project) = (&trash.world, &trash.project);
    trash.put("/app/db", "A");
    trash.put("/source", "FROM_SOURCE");
    let import = import_into(world, project, ("dev", "/app/db"), ("dev", "/source"));
    let id = trash.delete("/app", "db");
    trash.rename("app", "shop");
    trash.rename("source", "spring");
    let reply = world.send(trash.restore(&id)).expect(200);
    assert_eq!(reply.at("/folder/path"), "/shop/db");
    assert_eq!(trash.secret("/shop/db", "A"), 200);
    let reply = world
        .send(get(&format!("/api/v2/secret-imports/{import}")).token(&world.admin))
        .expect(200);
    assert_eq!(reply.at("/secretImport/importPath"), "/spring");
}
