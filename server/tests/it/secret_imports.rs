//! Imports of folders: making, ordering and ending them.

use serde_json::{Value, json};
use server::store::Value as Sql;
use shared::model::ids::FolderId;

use crate::app::{Call, Project, Reply, World, delete, get, patch, post};
use crate::scenario::{accepted, play, refused};

/// Makes a folder with those above it, unless they are there.
pub fn folder(world: &World, project: &Project, environment: &str, path: &str) {
    let (project, environment) = (project.id.clone(), environment.to_owned());
    let names: Vec<String> = path
        .split('/')
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    world.sql(move |tx| {
        let rows = tx.query(
            "SELECT f.id, e.id FROM folders f JOIN environments e ON e.id = f.environment_id \
             WHERE e.project_id = $1 AND e.slug = $2 AND f.parent_id = ''",
            &[Sql::from(project.as_str()), Sql::from(environment.as_str())],
        )?;
        let (mut parent, environment): (String, String) = (rows[0].get(0)?, rows[0].get(1)?);
        for name in &names {
            let found = tx.query(
                "SELECT id FROM folders WHERE parent_id = $1 AND name = $2 AND deleted_at IS NULL",
                &[Sql::from(parent.as_str()), Sql::from(name.as_str())],
            )?;
            parent = if let Some(row) = found.first() {
                row.get(0)?
            } else {
                let id = FolderId::from_random(server::crypto::random::bytes().unwrap()).to_string();
                tx.execute(
                    "INSERT INTO folders (id, environment_id, parent_id, name, created_at, updated_at) \
                     VALUES ($1, $2, $3, $4, 1, 1)",
                    &[
                        Sql::from(id.as_str()),
                        Sql::from(environment.as_str()),
                        Sql::from(parent.as_str()),
                        Sql::from(name.as_str()),
                    ],
                )?;
                id
            };
        }
        Ok(())
    });
}

fn request(project: &Project, environment: &str, path: &str, source: (&str, &str)) -> Value {
    json!({
        "workspaceId": project.id, "environment": environment, "path": path,
        "import": {"environment": source.0, "path": source.1},
    })
}

/// Makes the root of an environment import a folder; returns the id.
pub fn import(world: &World, project: &Project, environment: &str, source: (&str, &str)) -> String {
    import_into(world, project, (environment, "/"), source)
}

/// Makes a folder import another one; returns the id.
pub fn import_into(world: &World, project: &Project, into: (&str, &str), source: (&str, &str)) -> String {
    let body = request(project, into.0, into.1, source);
    world
        .send(post("/api/v1/secret-imports", &body).token(&world.admin))
        .expect(200)
        .at("/secretImport/id")
}

fn list(project: &Project, token: &str) -> Call {
    let path = format!(
        "/api/v1/secret-imports?workspaceId={}&environment=dev&path=/",
        project.id
    );
    get(&path).token(token)
}

/// Source and position of each import in a list.
fn order(reply: &Reply) -> Vec<String> {
    reply.json["secretImports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|import| {
            format!(
                "{} {}{}",
                import["position"],
                import["importEnv"]["slug"].as_str().unwrap(),
                import["importPath"].as_str().unwrap()
            )
        })
        .collect()
}

#[test]
fn what_is_refused() {
    let world = World::new();
    let project = world.project("Web");
    let other = world.project("Other");
    let viewer = world.member(&project, "viewer");
    let stranger = world.member(&other, "admin");
    folder(&world, &project, "prod", "/shared");
    let id = import_into(&world, &project, ("prod", "/shared"), ("dev", "/"));
    let foreign = import(&world, &other, "dev", ("prod", "/"));
    let admin = &world.admin;
    let create = |source: (&str, &str), token: &str| {
        post("/api/v1/secret-imports", &request(&project, "dev", "/", source)).token(token)
    };
    let at = |id: &str| format!("/api/v1/secret-imports/{id}");
    let here = json!({"workspaceId": project.id, "environment": "prod", "path": "/shared"});
    let mut replicated = request(&project, "dev", "/", ("prod", "/"));
    replicated["isReplication"] = json!(true);
    play(
        &world,
        vec![
            refused("a viewer makes none", create(("prod", "/"), &viewer.token), 403, "PermissionDenied"),
            refused("a stranger makes none", create(("prod", "/"), &stranger.token), 403, "ForbiddenRequestError"),
            refused("a stranger sees none", list(&project, &stranger.token), 403, "ForbiddenRequestError"),
            refused("itself", create(("dev", "/"), admin), 400, "BadRequest"),
            refused("in a circle", create(("prod", "/shared"), admin), 400, "BadRequest").saying(&["Cyclic"]),
            refused("no such environment", create(("nope", "/"), admin), 404, "NotFound")
                .saying(&["Environment with slug 'nope'"]),
            refused("no such folder", create(("prod", "/nope"), admin), 404, "NotFound")
                .saying(&["Folder with path '/nope'"]),
            refused("no path", create(("prod", ""), admin), 422, "ValidationFailure"),
            refused("no environment", create(("", "/"), admin), 422, "ValidationFailure"),
            refused("a strange path", create(("prod", "/../x"), admin), 422, "ValidationFailure"),
            refused(
                "nothing to import",
                post("/api/v1/secret-imports", &here).token(admin),
                422,
                "ValidationFailure",
            ),
            refused(
                "a copy that follows its source",
                post("/api/v1/secret-imports", &replicated).token(admin),
                400,
                "BadRequest",
            )
            .saying(&["not supported yet"]),
            refused("no such id", get(&at(&project.id)).token(admin), 404, "NotFound"),
            refused("no id", get(&at("x")).token(admin), 422, "ValidationFailure"),
            refused(
                "one of another project",
                get(&at(&foreign)).token(&viewer.token),
                403,
                "ForbiddenRequestError",
            )
            .hiding(&[&other.id]),
            refused("deleting by a viewer", delete(&at(&id), &here).token(&viewer.token), 403, "PermissionDenied"),
            refused("moving by a viewer", patch(&at(&id), &here).token(&viewer.token), 403, "PermissionDenied"),
            refused(
                "one of another folder",
                delete(&at(&id), &json!({"workspaceId": project.id, "environment": "dev"})).token(admin),
                404,
                "NotFound",
            ),
            refused("one of another project by id", delete(&at(&foreign), &here).token(admin), 404, "NotFound"),
            refused(
                "a position below all",
                patch(
                    &at(&id),
                    &json!({"workspaceId": project.id, "environment": "prod", "path": "/shared", "import": {"position": -1}}),
                )
                .token(admin),
                422,
                "ValidationFailure",
            ),
            refused(
                "into a circle",
                patch(
                    &at(&id),
                    &json!({
                        "workspaceId": project.id, "environment": "prod", "path": "/shared",
                        "import": {"environment": "prod", "path": "/shared"},
                    }),
                )
                .token(admin),
                400,
                "BadRequest",
            ),
        ],
    );
}

#[test]
fn imports_keep_their_order() {
    let world = World::new();
    let project = world.project("Web");
    let viewer = world.member(&project, "viewer");
    let admin = &world.admin;
    folder(&world, &project, "prod", "/a");
    folder(&world, &project, "prod", "/b");
    let first = import(&world, &project, "dev", ("prod", "/a"));
    let second = import(&world, &project, "dev", ("staging", "/"));
    // The v2 spelling, and the same source twice as Infisical allows it.
    let mut body = request(&project, "dev", "/", ("prod", "/b"));
    body["projectId"] = body["workspaceId"].take();
    let third = world
        .send(post("/api/v2/secret-imports", &body).token(admin))
        .expect(200)
        .at("/secretImport/id");
    let again = import(&world, &project, "dev", ("prod", "/b"));
    let seen = world.send(list(&project, &viewer.token)).expect(200);
    assert_eq!(order(&seen), ["1 prod/a", "2 staging/", "3 prod/b", "4 prod/b"]);
    let shape = &seen.json["secretImports"][0];
    for (field, value) in [
        ("isReplication", json!(false)),
        ("isReserved", json!(false)),
        ("isReplicationSuccess", json!(null)),
        ("replicationStatus", json!(null)),
        ("lastReplicated", json!(null)),
        ("version", json!(1)),
    ] {
        assert_eq!(shape[field], value, "{field}");
    }
    assert_eq!(shape["importEnv"]["name"], "Production");

    let change = |id: &str, import: Value| {
        let body = json!({"workspaceId": project.id, "environment": "dev", "import": import});
        patch(&format!("/api/v1/secret-imports/{id}"), &body).token(admin)
    };
    let end = |id: &str| {
        let body = json!({"workspaceId": project.id, "environment": "dev", "path": "/"});
        delete(&format!("/api/v1/secret-imports/{id}"), &body).token(admin)
    };
    play(
        &world,
        vec![
            accepted(
                "to the front",
                change(&third, json!({"position": 1})),
                &["secret-import.update"],
            )
            .saying(&["\"position\":1", "\"version\":2"]),
            accepted(
                "to the end",
                change(&first, json!({"position": 99})),
                &["secret-import.update"],
            )
            .saying(&["\"position\":4"]),
            accepted(
                "another source, empty texts for what stays",
                change(&second, json!({"environment": "", "path": "/", "position": 0})),
                &["secret-import.update"],
            )
            .saying(&["\"staging\"", "\"position\":2"]),
            accepted("gone", end(&again), &["secret-import.delete"]),
            refused("gone already", end(&again), 404, "NotFound"),
        ],
    );
    let seen = world.send(list(&project, admin)).expect(200);
    assert_eq!(order(&seen), ["1 prod/b", "2 staging/", "3 prod/a"]);

    let one = world
        .send(get(&format!("/api/v1/secret-imports/{first}")).token(&viewer.token))
        .expect(200);
    assert_eq!(one.at("/secretImport/secretPath"), "/");
    assert_eq!(one.at("/secretImport/environment/slug"), "dev");
    assert_eq!(one.at("/secretImport/projectId"), project.id);
    assert_eq!(one.json["secretImport"]["position"], 3);

    // An environment in the trash takes its imports along, and the rest close up.
    let staging = crate::projects::environment_id(&world, &project, "staging");
    let gone = format!("/api/v1/projects/{}/environments/{staging}", project.id);
    world.send(delete(&gone, &json!({})).token(admin)).expect(200);
    let seen = world.send(list(&project, admin)).expect(200);
    assert_eq!(order(&seen), ["1 prod/b", "2 prod/a"]);
    import(&world, &project, "dev", ("prod", "/"));
    let seen = world.send(list(&project, admin)).expect(200);
    assert_eq!(order(&seen), ["1 prod/b", "2 prod/a", "3 prod/"]);
}

#[test]
fn a_renamed_folder_stays_imported() {
    let world = World::new();
    let project = world.project("Web");
    for path in ["/a_b/c", "/aXb", "/a_bc"] {
        folder(&world, &project, "prod", path);
        import(&world, &project, "dev", ("prod", path));
    }
    import(&world, &project, "dev", ("prod", "/a_b"));
    folder(&world, &project, "staging", "/a_b");
    import(&world, &project, "dev", ("staging", "/a_b"));
    let prod = crate::projects::environment_id(&world, &project, "prod")
        .parse()
        .unwrap();
    world.sql(move |tx| {
        let (old, new) = ("/a_b".parse().unwrap(), "/longer/name".parse().unwrap());
        crate::store::secret_imports::rename_source(tx, prod, &old, &new)
    });
    let seen = world.send(list(&project, &world.admin)).expect(200);
    assert_eq!(
        order(&seen),
        [
            "1 prod/longer/name/c",
            "2 prod/aXb",
            "3 prod/a_bc",
            "4 prod/longer/name",
            "5 staging/a_b"
        ]
    );
}

#[test]
fn a_folder_has_a_hundred_imports_at_most() {
    let world = World::new();
    let project = world.project("Web");
    for _ in 0..100 {
        import(&world, &project, "dev", ("prod", "/"));
    }
    let body = request(&project, "dev", "/", ("prod", "/"));
    world
        .send(post("/api/v1/secret-imports", &body).token(&world.admin))
        .refused(400, "BadRequest");
}
