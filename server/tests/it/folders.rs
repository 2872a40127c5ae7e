//! Folders, v1 and v2.

use serde_json::{Value, json};
use shared::model::access::ProjectRole;

use crate::app::{CANARY, Call, Project, Reply, World, delete, get, patch, post};
use crate::scenario::{accepted, play, refused};
use crate::secret_imports::import_into;

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

struct Folders<'a> {
    world: &'a World,
    project: &'a Project,
}

impl Folders<'_> {
    fn body(&self, path: &str) -> Value {
        json!({"workspaceId": self.project.id, "environment": "dev", "path": path})
    }

    fn named(&self, path: &str, name: &str) -> Value {
        json!({"workspaceId": self.project.id, "environment": "dev", "path": path, "name": name})
    }

    fn make(&self, path: &str, name: &str) -> Call {
        post("/api/v1/folders", &self.named(path, name)).token(&self.world.admin)
    }

    fn made(&self, path: &str, name: &str) -> String {
        self.world
            .send(self.make(path, name))
            .expect(200)
            .at("/folder/id")
    }

    fn rename(&self, reference: &str, path: &str, name: &str) -> Call {
        patch(&format!("/api/v1/folders/{reference}"), &self.named(path, name)).token(&self.world.admin)
    }

    fn remove(&self, version: &str, reference: &str, path: &str) -> Call {
        delete(&format!("/api/{version}/folders/{reference}"), &self.body(path)).token(&self.world.admin)
    }

    fn query(&self, more: &str) -> String {
        format!(
            "/api/v1/folders?workspaceId={}&environment=dev{more}",
            self.project.id
        )
    }

    fn listed(&self, more: &str) -> Vec<String> {
        let reply = self
            .world
            .send(get(&self.query(more)).token(&self.world.admin))
            .expect(200);
        let folders = reply.json["folders"].as_array().unwrap().clone();
        let mut paths: Vec<String> = folders
            .iter()
            .map(|folder| folder["path"].as_str().unwrap().to_owned())
            .collect();
        paths.sort();
        paths
    }

    fn put(&self, path: &str, name: &str) {
        let body = json!({
            "workspaceId": self.project.id, "environment": "dev", "secretPath": path, "secretValue": CANARY,
        });
        self.world
            .send(post(&format!("/api/v3/secrets/raw/{name}"), &body).token(&self.world.admin))
            .expect(200);
    }

    fn read(&self, path: &str, name: &str) -> Reply {
        let address = format!(
            "/api/v3/secrets/raw/{name}?workspaceId={}&environment=dev&secretPath={path}",
            self.project.id
        );
        self.world.send(get(&address).token(&self.world.admin))
    }
}

#[test]
fn unacceptable_folders_are_refused() {
    let world = World::new();
    let project = world.project("Web");
    let folders = Folders {
        world: &world,
        project: &project,
    };
    let admin = world.admin.as_str();
    let create = |body: Value| post("/api/v1/folders", &body).token(admin);
    let mut rows = vec![
        refused("no name", create(folders.body("/")), 422, "name"),
        refused(
            "no environment",
            create(json!({"workspaceId": project.id, "name": "a"})),
            422,
            "environment",
        ),
        refused(
            "no project",
            create(json!({"environment": "dev", "name": "a"})),
            422,
            "workspaceId",
        ),
        refused(
            "an unknown environment",
            create(json!({"workspaceId": project.id, "environment": "nope", "name": "a"})),
            404,
            "nope",
        ),
        refused(
            "an unknown project",
            create(json!({"workspaceId": NOBODY, "environment": "dev", "name": "a"})),
            404,
            "NotFound",
        ),
        refused(
            "a description with NUL",
            create(json!({
                "workspaceId": project.id, "environment": "dev", "name": "a", "description": "a\u{0}b",
            })),
            422,
            "description",
        ),
        refused("too deep", folders.make(&"/d".repeat(32), "x"), 422, "32 deep"),
        refused(
            "a list without an environment",
            get(&format!("/api/v1/folders?workspaceId={}", project.id)).token(admin),
            422,
            "environment",
        ),
        refused(
            "an unknown project in a list",
            get(&format!("/api/v2/folders?projectId={NOBODY}&environment=dev")).token(admin),
            404,
            "NotFound",
        ),
        refused(
            "a time that is none",
            get(&folders.query("&lastSecretModified=yesterday")).token(admin),
            422,
            "lastSecretModified",
        ),
        refused(
            "recursive that is neither",
            get(&folders.query("&recursive=2")).token(admin),
            422,
            "recursive",
        ),
        refused(
            "an unknown id",
            get(&format!("/api/v1/folders/{NOBODY}")).token(admin),
            404,
            "NotFound",
        ),
        refused("no id", get("/api/v2/folders/app").token(admin), 404, "NotFound"),
        refused(
            "renaming an unknown one",
            folders.rename(NOBODY, "/", "x"),
            404,
            "NotFound",
        ),
        refused(
            "deleting an unknown one",
            folders.remove("v1", "legacy", "/"),
            404,
            "NotFound",
        ),
        refused(
            "in an unknown folder",
            folders.remove("v2", "x", "/nope"),
            404,
            "/nope",
        ),
    ];
    for name in [
        "",
        " ",
        "a/b",
        "..",
        ".",
        "a\\b",
        "bad name!",
        "ä",
        "%2e",
        "a\u{0}",
    ] {
        rows.push(refused(name, folders.make("/", name), 422, "name"));
    }
    rows.push(refused(
        "a long name",
        folders.make("/", &"n".repeat(256)),
        422,
        "name",
    ));
    play(&world, rows);
    assert!(folders.listed("&recursive=true").is_empty());
}

/// Every route that takes a path takes the same ones.
#[test]
fn paths_never_climb() {
    let world = World::new();
    let project = world.project("Web");
    let folders = Folders {
        world: &world,
        project: &project,
    };
    let id = folders.made("/", "app");
    let admin = world.admin.as_str();
    for bad in [
        "/..",
        "/a/../b",
        "/./a",
        "..",
        "a\\b",
        "/a/%2e%2e",
        "/a b",
        "/\u{e4}",
    ] {
        let encoded = bad
            .bytes()
            .fold(String::new(), |text, byte| format!("{text}%{byte:02X}"));
        let secret = json!({
            "workspaceId": project.id, "environment": "dev", "secretPath": bad, "secretValue": "x",
        });
        for call in [
            folders.make(bad, "x"),
            folders.rename(&id, bad, "x"),
            folders.remove("v1", "app", bad),
            folders.remove("v2", &id, bad),
            get(&folders.query(&format!("&path={encoded}"))),
            get(&folders.query(&format!("&directory={encoded}"))),
            get(&format!(
                "/api/v2/folders?projectId={}&environment=dev&path={encoded}",
                project.id
            )),
            get(&format!("/api/v1/folders/{}/dev/{encoded}", project.id)),
            patch(
                "/api/v1/folders/batch",
                &json!({
                    "projectSlug": project.slug,
                    "folders": [{"id": id, "environment": "dev", "name": "x", "path": bad}],
                }),
            ),
            post("/api/v3/secrets/raw/A", &secret),
            patch("/api/v4/secrets/A", &secret),
            delete("/api/v3/secrets/raw/A", &secret),
            get(&format!(
                "/api/v3/secrets/raw?workspaceId={}&environment=dev&secretPath={encoded}",
                project.id
            )),
            get(&format!(
                "/api/v4/secrets/A?projectId={}&environment=dev&secretPath={encoded}",
                project.id
            )),
        ] {
            world.send(call.token(admin)).refused(422, "ValidationFailure");
        }
    }
    assert_eq!(folders.listed("&recursive=true"), ["/app"]);
}

#[test]
fn folders_are_made_with_their_parents_and_listed() {
    let world = World::new();
    let project = world.project("Web");
    let folders = Folders {
        world: &world,
        project: &project,
    };
    let admin = world.admin.as_str();
    let app = folders.made("/", "app");
    play(
        &world,
        vec![
            accepted(
                "missing parents",
                folders.make("a/b//", "c"),
                &["folder.create", "folder.create", "folder.create"],
            )
            .saying(&["\"path\":\"/a/b/c\"", "\"version\":1", "\"isReserved\":false"]),
            accepted("again", folders.make("/", "app"), &[]).saying(&[&app]),
            accepted(
                "with a description, by project slug",
                post(
                    "/api/v2/folders",
                    &json!({
                        "projectId": project.slug, "environment": "dev", "name": "db", "path": "/app",
                        "description": "for us",
                    }),
                )
                .token(admin),
                &["folder.create"],
            )
            .saying(&["\"path\":\"/app/db\"", "for us", &app]),
            accepted(
                "description null, by project name",
                post(
                    "/api/v2/folders",
                    &json!({"projectId": "Web", "environment": "dev", "name": "n", "description": null}),
                )
                .token(admin),
                &["folder.create"],
            )
            .saying(&["\"description\":null"]),
            accepted(
                "an unknown folder holds none",
                get(&folders.query("&path=/nope")).token(admin),
                &[],
            )
            .saying(&["{\"folders\":[]}"]),
        ],
    );
    // Infisical's creation looks at `path` alone; every other route takes `directory` for it.
    let directory =
        json!({"workspaceId": project.id, "environment": "dev", "name": "n", "directory": "/app"});
    let reply = world
        .send(post("/api/v1/folders", &directory).token(admin))
        .expect(200);
    assert_eq!(reply.at("/folder/path"), "/n");
    assert_eq!(folders.listed(""), ["/a", "/app", "/n"]);
    assert_eq!(folders.listed("&path="), ["/a", "/app", "/n"]);
    assert_eq!(folders.listed("&path=app/"), ["/app/db"]);
    assert_eq!(folders.listed("&directory=/app"), ["/app/db"]);
    assert_eq!(
        folders.listed("&recursive=True"),
        ["/a", "/a/b", "/a/b/c", "/app", "/app/db", "/n"]
    );
    let below = world
        .send(get(&folders.query("&path=/a&recursive=true")).token(admin))
        .expect(200);
    assert_eq!(below.json["folders"][0]["relativePath"], "/b");
    assert_eq!(below.json["folders"][1]["relativePath"], "/b/c");
    assert_eq!(below.json["folders"][1]["path"], "/a/b/c");

    for (query, hint) in [("&path=/nope", "/nope"), ("&environment=x", "x")] {
        let address = folders.query("").replace(
            "&environment=dev",
            if query.starts_with("&e") {
                query
            } else {
                "&environment=dev&path=/nope"
            },
        );
        let reply = world.send(get(&address).token(admin)).expect(200);
        assert_eq!(reply.json, json!({"folders": []}));
        assert!(
            reply.headers["x-strongroom-hint"]
                .to_str()
                .unwrap()
                .contains(hint)
        );
    }
}

#[test]
fn many_who_make_the_same_folder_at_once_get_the_same_one() {
    let world = World::new();
    let project = world.project("Web");
    let folders = Folders {
        world: &world,
        project: &project,
    };
    let calls = (0..8).map(|_| folders.make("/a/b", "c")).collect();
    let mut ids: Vec<String> = world
        .send_together(calls)
        .into_iter()
        .map(|reply| reply.expect(200).at("/folder/id"))
        .collect();
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(folders.listed("&recursive=true"), ["/a", "/a/b", "/a/b/c"]);
}

#[test]
fn a_folder_is_found_by_id_and_by_path() {
    let world = World::new();
    let project = world.project("Web");
    let folders = Folders {
        world: &world,
        project: &project,
    };
    let admin = world.admin.as_str();
    let id = folders.made("/app", "db");
    for address in [
        format!("/api/v1/folders/{id}"),
        format!("/api/v2/folders/{id}/"),
        format!("/api/v1/folders/{}/dev/%2Fapp%2Fdb", project.id),
        format!("/api/v1/folders/{}/development/app%2Fdb%2F", project.slug),
    ] {
        let reply = world.send(get(&address).token(admin)).expect(200);
        let folder = &reply.json["folder"];
        assert_eq!(folder["id"], id.as_str(), "{address}");
        assert_eq!(folder["path"], "/app/db");
        assert_eq!(folder["projectId"], project.id.as_str());
        assert_eq!(folder["environment"]["envSlug"], "dev");
        assert_eq!(folder["environment"]["envId"], folder["envId"]);
        assert_eq!(folder["lastSecretModified"], Value::Null);
    }
    let root = world
        .send(get(&format!("/api/v1/folders/{}/dev/%2F", project.id)).token(admin))
        .expect(200);
    assert_eq!(root.json["folder"]["name"], "root");
    assert_eq!(root.json["folder"]["parentId"], Value::Null);
    let by_id = world
        .send(get(&format!("/api/v1/folders/{}", root.at("/folder/id"))).token(admin))
        .expect(200);
    assert_eq!(by_id.json, root.json);
    // The top folder is in no list and can be neither renamed nor deleted.
    let id = root.at("/folder/id");
    assert_eq!(folders.listed(""), ["/app"]);
    for call in [
        folders.rename(&id, "/", "x"),
        folders.remove("v1", &id, "/"),
        folders.remove("v1", "root", "/"),
    ] {
        world.send(call).refused(404, "NotFound");
    }
    world
        .send(get(&format!("/api/v1/folders/{}/dev/nope", project.id)).token(admin))
        .refused(404, "NotFound");
}

#[test]
fn the_last_change_of_a_secret_shows_in_its_folder() {
    let world = World::new();
    let project = world.project("Web");
    let folders = Folders {
        world: &world,
        project: &project,
    };
    folders.made("/", "quiet");
    folders.made("/", "busy");
    let changed = || {
        let reply = world
            .send(get(&folders.query("&path=/")).token(&world.admin))
            .expect(200);
        assert_eq!(reply.json["folders"][0]["lastSecretModified"], Value::Null);
        reply.at("/folders/1/lastSecretModified")
    };
    folders.put("/busy", "A");
    let first = changed();
    world.later(5);
    let body = json!({"workspaceId": project.id, "environment": "dev", "secretPath": "/busy"});
    world
        .send(delete("/api/v3/secrets/raw/A", &body).token(&world.admin))
        .expect(200);
    let second = changed();
    assert!(second > first, "{first} {second}");
    assert_eq!(
        folders.listed(&format!("&lastSecretModified={second}")),
        ["/busy"]
    );
    world.later(5);
    folders.put("/busy", "B");
    let third = changed();
    assert!(third > second);
    assert_eq!(folders.listed(&format!("&lastSecretModified={third}")), ["/busy"]);
    assert!(
        folders
            .listed("&lastSecretModified=2100-01-01T00:00:00.000Z")
            .is_empty()
    );
}

#[test]
fn folders_are_renamed_and_described() {
    let world = World::new();
    let project = world.project("Web");
    let folders = Folders {
        world: &world,
        project: &project,
    };
    let admin = world.admin.as_str();
    let id = folders.made("/app", "db");
    folders.made("/app", "taken");
    folders.made("/app/db", "deep");
    folders.put("/app/db/deep", "A");
    let describe = |description: Value| {
        patch(
            &format!("/api/v2/folders/{id}"),
            &json!({
                "projectId": project.id, "environment": "dev", "path": "/app", "name": "store",
                "description": description,
            }),
        )
        .token(admin)
    };
    play(
        &world,
        vec![
            refused("a taken name", folders.rename(&id, "/app", "taken"), 400, "taken"),
            refused("a bad name", folders.rename(&id, "/app", "a/b"), 422, "name"),
            refused(
                "looked for elsewhere",
                folders.rename(&id, "/", "x"),
                404,
                "NotFound",
            ),
            accepted(
                "its own name",
                folders.rename(&id, "/app", "db"),
                &["folder.update"],
            )
            .saying(&["\"version\":2"]),
            accepted(
                "a new name",
                folders.rename(&id, "/app/", "store"),
                &["folder.update"],
            )
            .saying(&["\"version\":3", "\"path\":\"/app/store\"", &id]),
            accepted("described", describe(json!("for us")), &["folder.update"]).saying(&["for us"]),
            accepted(
                "a name alone leaves the description",
                folders.rename("store", "/app", "store"),
                &["folder.update"],
            )
            .saying(&["for us"]),
            accepted("null removes it", describe(json!(null)), &["folder.update"]).hiding(&["for us"]),
        ],
    );
    let moved = folders.read("/app/store/deep", "A").expect(200);
    assert_eq!(moved.at("/secret/secretValue"), CANARY);
    folders.read("/app/db/deep", "A").refused(404, "NotFound");
}

#[test]
fn imports_follow_a_renamed_folder_and_what_is_below_it() {
    let world = World::new();
    let project = world.project("Web");
    let folders = Folders {
        world: &world,
        project: &project,
    };
    let admin = world.admin.as_str();
    let id = folders.made("/", "app");
    folders.made("/app", "db");
    folders.made("/", "application");
    for path in ["/app", "/app/db", "/application"] {
        let body = json!({
            "workspaceId": project.id, "environment": "prod", "path": "/",
            "import": {"environment": "dev", "path": path},
        });
        world
            .send(post("/api/v1/secret-imports", &body).token(admin))
            .expect(200);
    }
    world.send(folders.rename(&id, "/", "shop")).expect(200);
    let address = format!(
        "/api/v1/secret-imports?workspaceId={}&environment=prod&path=/",
        project.id
    );
    let imports = world.send(get(&address).token(admin)).expect(200);
    let sources: Vec<&str> = imports.json["secretImports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|import| import["importPath"].as_str().unwrap())
        .collect();
    assert_eq!(sources, ["/shop", "/shop/db", "/application"]);
}

#[test]
fn a_batch_of_renames_happens_whole_or_not_at_all() {
    let world = World::new();
    let project = world.project("Web");
    let folders = Folders {
        world: &world,
        project: &project,
    };
    let (one, two) = (folders.made("/", "one"), folders.made("/", "two"));
    let batch = |second: &str| {
        patch(
            "/api/v1/folders/batch",
            &json!({
                "projectSlug": project.slug,
                "folders": [
                    {"id": one, "environment": "dev", "name": "three", "path": "/"},
                    {"id": two, "environment": "dev", "name": second, "path": "/"},
                ],
            }),
        )
        .token(&world.admin)
    };
    play(
        &world,
        vec![
            refused("a clash within the batch", batch("three"), 400, "three"),
            refused("a bad name", batch("a b"), 422, "name"),
            refused(
                "an empty batch",
                patch(
                    "/api/v1/folders/batch",
                    &json!({"projectSlug": project.slug, "folders": []}),
                )
                .token(&world.admin),
                422,
                "folders",
            ),
        ],
    );
    assert_eq!(folders.listed(""), ["/one", "/two"]);
    play(
        &world,
        vec![accepted(
            "both",
            batch("one"),
            &["folder.update", "folder.update"],
        )],
    );
    assert_eq!(folders.listed(""), ["/one", "/three"]);
}

#[test]
fn a_deleted_folder_takes_its_content_with_it() {
    let world = World::new();
    let project = world.project("Web");
    let folders = Folders {
        world: &world,
        project: &project,
    };
    let admin = world.admin.as_str();
    let app = folders.made("/", "app");
    let deep = folders.made("/app/db", "deep");
    folders.put("/app/db/deep", "A");
    folders.put("/app", "B");
    folders.made("/", "empty");
    folders.made("/", "application");
    folders.put("/application", "A");
    let force = json!({
        "projectId": project.id, "environment": "dev", "path": "/app", "forceDelete": true,
    });
    play(
        &world,
        vec![
            refused(
                "v2 with a secret",
                folders.remove("v2", "deep", "/app/db"),
                400,
                "forceDelete",
            ),
            refused(
                "v2 with a folder",
                folders.remove("v2", "db", "/app"),
                400,
                "not empty",
            ),
            accepted("v2 empty", folders.remove("v2", "empty", "/"), &["folder.delete"]),
            refused("twice", folders.remove("v2", "empty", "/"), 404, "NotFound"),
            accepted(
                "v2 forced",
                delete("/api/v2/folders/db", &force).token(admin),
                &["folder.delete"],
            )
            .saying(&["\"path\":\"/app/db\""]),
            refused(
                "what was below",
                get(&format!("/api/v1/folders/{deep}")).token(admin),
                404,
                "NotFound",
            ),
            accepted("v1 by id", folders.remove("v1", &app, "/"), &["folder.delete"]),
        ],
    );
    assert_eq!(folders.listed("&recursive=true"), ["/application"]);
    folders.read("/application", "A").expect(200);
    // Made again, everything is empty and new.
    assert_ne!(folders.made("/app/db", "deep"), deep);
    for (path, name) in [("/app/db/deep", "A"), ("/app", "B")] {
        folders.read(path, name).refused(404, "NotFound");
    }
    folders.put("/app", "B");
    let reply = folders.read("/app", "B").expect(200);
    assert_eq!(reply.json["secret"]["version"], 1);
    let trashed: i64 = world.sql(|tx| {
        tx.query(
            "SELECT count(*) FROM secrets s JOIN folders f ON f.id = s.folder_id \
             WHERE s.deleted_at IS NOT NULL AND s.deleted_at = f.deleted_at",
            &[],
        )?[0]
            .get(0)
    });
    assert_eq!(trashed, 2);
}

#[test]
fn who_may_do_what_with_folders() {
    let world = World::new();
    let project = world.project("Web");
    let other = world.project("Other");
    let folders = Folders {
        world: &world,
        project: &project,
    };
    let id = folders.made("/", "app");
    folders.put("/app", "A");
    let stranger = world.member(&other, "admin");
    let none = world.member(&project, "no-access");
    let viewer = world.member(&project, "viewer");
    let member = world.member(&project, "member");
    let by_path = format!("/api/v1/folders/{}/dev/app", project.id);
    let reads = [folders.query(""), by_path, format!("/api/v2/folders/{id}")];
    let writes = [
        post("/api/v1/folders", &folders.named("/", "x")),
        patch(&format!("/api/v1/folders/{id}"), &folders.named("/", "app")),
        delete("/api/v1/folders/x", &folders.body("/")),
    ];
    for address in &reads {
        let unknown = world.send(get(address).token(&stranger.token));
        assert!([403, 404].contains(&unknown.status), "{}", unknown.text);
        assert!(!unknown.text.contains(&project.id) || address.contains(&project.id));
        world
            .send(get(address).token(&none.token))
            .refused(403, "PermissionDenied");
        world.send(get(address).token(&viewer.token)).expect(200);
        world.send(get(address).token(&member.token)).expect(200);
    }
    for call in writes {
        world
            .send(call.clone().token(&stranger.token))
            .refused(403, "ForbiddenRequestError");
        for token in [&none.token, &viewer.token] {
            world
                .send(call.clone().token(token))
                .refused(403, "PermissionDenied");
        }
        world.send(call.token(&member.token)).expect(200);
    }
    // An id opens nothing by itself: neither in another project, nor from it.
    let elsewhere = json!({"workspaceId": other.id, "environment": "dev", "path": "/", "name": "x"});
    for call in [
        patch(&format!("/api/v1/folders/{id}"), &elsewhere),
        delete(&format!("/api/v1/folders/{id}"), &elsewhere),
    ] {
        world.send(call.token(&stranger.token)).refused(404, "NotFound");
    }
    let person = world.person("p@example.com", shared::model::access::OrganizationRole::NoAccess);
    world.send(get(&reads[2]).token(&person)).refused(404, "NotFound");
    world.join_person(&project, &person, ProjectRole::Viewer);
    world.send(get(&reads[2]).token(&person)).expect(200);
}

#[test]
fn folders_of_a_deleted_environment_or_project_are_gone() {
    let world = World::new();
    let project = world.project("Web");
    let folders = Folders {
        world: &world,
        project: &project,
    };
    let id = folders.made("/", "app");
    let environment = crate::projects::environment_id(&world, &project, "dev");
    let address = format!("/api/v1/folders/{id}");
    world.send(get(&address).token(&world.admin)).expect(200);
    let path = format!("/api/v1/projects/{}/environments/{environment}", project.id);
    world
        .send(Call::new("DELETE", &path).token(&world.admin))
        .expect(200);
    world
        .send(get(&address).token(&world.admin))
        .refused(404, "NotFound");
    world
        .send(
            post(
                &format!("/api/v1/projects/{}/environments", project.id),
                &json!({"name": "d", "slug": "dev"}),
            )
            .token(&world.admin),
        )
        .expect(200);
    assert!(folders.listed("&recursive=true").is_empty());
    world
        .send(get(&address).token(&world.admin))
        .refused(404, "NotFound");
}

#[test]
fn a_folder_that_imports_is_not_empty() {
    let world = World::new();
    let project = world.project("Web");
    let folders = Folders {
        world: &world,
        project: &project,
    };
    folders.made("/", "app");
    let import = import_into(&world, &project, ("dev", "/app"), ("prod", "/"));
    let kept = || {
        let path = format!("/api/v2/secret-imports/{import}");
        world.send(get(&path).token(&world.admin))
    };
    let refusal = world
        .send(folders.remove("v2", "app", "/"))
        .refused(400, "BadRequest");
    assert!(refusal.at("/message").contains("is not empty"));
    // A service token writes no imports, so it deletes none by way of their folder.
    let token = world.service_token(&project, &["dev:/**"], &["read", "write"]);
    world
        .send(folders.remove("v1", "app", "/").token(&token))
        .refused(403, "PermissionDenied");
    kept().expect(200);
    world.send(folders.remove("v1", "app", "/")).expect(200);
    kept().refused(404, "NotFound");
}

#[test]
fn a_batch_has_a_hundred_folders_at_most() {
    let world = World::new();
    let project = world.project("Web");
    let item = json!({"id": "app", "environment": "dev", "path": "/", "name": "other"});
    let batch = |count: usize| {
        let body = json!({"projectId": project.id, "folders": vec![item.clone(); count]});
        patch("/api/v1/folders/batch", &body).token(&world.admin)
    };
    world.send(batch(101)).refused(422, "ValidationFailure");
    world.send(batch(100)).refused(404, "NotFound");
}
