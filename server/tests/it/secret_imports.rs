//! Imports of folders: making, ordering and ending them.

use serde_json::{Value, json};

use crate::app::{Call, Project, Reply, World, delete, get, patch, post};
use crate::scenario::{accepted, play, refused};

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
    world.folder(&project, "prod", "/shared");
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
    world.folder(&project, "prod", "/a");
    world.folder(&project, "prod", "/b");
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
        world.folder(&project, "prod", path);
        import(&world, &project, "dev", ("prod", path));
    }
    import(&world, &project, "dev", ("prod", "/a_b"));
    world.folder(&project, "staging", "/a_b");
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

/// The blocks of a list: where from, and each secret as `name=value`.
pub fn blocks(reply: &Reply, field: &str) -> Vec<(String, Vec<String>)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    reply.json[field]
        .as_array()
        .unwrap()
        .iter()
        .map(|block| {
            let place = format!("{}{}", text(&block["environment"]), text(&block["secretPath"]));
            assert!(block["folderId"].is_string(), "{block}");
            let secrets = block["secrets"].as_array().unwrap().iter();
            let secrets = secrets
                .map(|secret| format!("{}={}", text(&secret["secretKey"]), text(&secret["secretValue"])));
            (place, secrets.collect())
        })
        .collect()
}

fn block(place: &str, secrets: &[&str]) -> (String, Vec<String>) {
    (
        place.to_owned(),
        secrets.iter().map(|secret| (*secret).to_owned()).collect(),
    )
}

/// Lists a folder with its imports.
fn read(world: &World, project: &Project, query: &str) -> Reply {
    let path = format!(
        "/api/v3/secrets/raw?workspaceId={}&include_imports=true&{query}",
        project.id
    );
    world.send(get(&path).token(&world.admin)).expect(200)
}

#[test]
fn imported_secrets_come_in_blocks() {
    let world = World::new();
    let project = world.project("Web");
    world.put(&project, "OWN", "dev");
    for (place, name) in [
        (("prod", "/"), "X"),
        (("prod", "/"), "Y"),
        (("staging", "/a"), "Y"),
        (("staging", "/b"), "Y"),
        (("staging", "/b"), "Z"),
        (("staging", "/c"), "Z"),
        (("staging", "/c"), "DEEP"),
    ] {
        world.put_at(&project, place, name, &format!("{}{}", place.0, place.1));
    }
    import(&world, &project, "dev", ("prod", "/"));
    import(&world, &project, "dev", ("staging", "/a"));
    // Below what is imported: of two that have a key, the last import counts.
    import_into(&world, &project, ("staging", "/a"), ("staging", "/c"));
    import_into(&world, &project, ("staging", "/a"), ("staging", "/b"));
    // Imported directly too, so it is not repeated.
    import_into(&world, &project, ("staging", "/a"), ("prod", "/"));
    // A circle of three, which nobody can see from one of them alone.
    import_into(&world, &project, ("staging", "/b"), ("dev", "/"));

    let expected = [
        block("prod/", &["X=prod/", "Y=prod/"]),
        block("staging/a", &["Y=staging/a", "Z=staging/b", "DEEP=staging/c"]),
    ];
    let reply = read(&world, &project, "environment=dev");
    assert_eq!(blocks(&reply, "imports"), expected);
    assert_eq!(reply.json["secrets"].as_array().unwrap().len(), 1);
    let nested = &reply.json["imports"][1]["secrets"][1];
    assert_eq!(
        (&nested["environment"], &nested["secretPath"]),
        (&json!("staging"), &json!("/b"))
    );
    assert_eq!(nested["workspace"], project.id);
    for path in ["secrets", "secrets/raw"] {
        for version in ["v1", "v2"] {
            let path = format!(
                "/api/{version}/secret-imports/{path}?projectId={}&environment=dev&path=/",
                project.id
            );
            let reply = world.send(get(&path).token(&world.admin)).expect(200);
            assert_eq!(blocks(&reply, "secrets"), expected);
        }
    }
    // From within the circle.
    let reply = read(&world, &project, "environment=staging&secretPath=/b");
    assert_eq!(
        blocks(&reply, "imports"),
        [block(
            "dev/",
            &[
                "OWN=dev",
                "Y=staging/a",
                "X=prod/",
                "DEEP=staging/c",
                "Z=staging/c"
            ]
        )]
    );
    // Every folder that a recursive list visits brings its own.
    let reply = read(&world, &project, "environment=staging&recursive=true");
    let places: Vec<String> = blocks(&reply, "imports")
        .into_iter()
        .map(|(place, _)| place)
        .collect();
    assert_eq!(places, ["staging/c", "staging/b", "prod/", "dev/"]);

    // A folder that is gone takes its block along; the import stays and waits.
    let gone = json!({"workspaceId": project.id, "environment": "staging", "path": "/"});
    world
        .send(delete("/api/v1/folders/a", &gone).token(&world.admin))
        .expect(200);
    let reply = read(&world, &project, "environment=dev");
    assert_eq!(blocks(&reply, "imports"), expected[..1]);
    let seen = world.send(list(&project, &world.admin)).expect(200);
    assert_eq!(order(&seen), ["1 prod/", "2 staging/a"]);
}

#[test]
fn a_single_read_finds_what_is_imported() {
    let world = World::new();
    let project = world.project("Web");
    world.put(&project, "OWN", "dev");
    for (place, name) in [
        (("prod", "/"), "OWN"),
        (("prod", "/"), "Y"),
        (("staging", "/"), "Y"),
        (("staging", "/deep"), "DEEP"),
    ] {
        world.put_at(&project, place, name, &format!("{}{}", place.0, place.1));
    }
    let first = import(&world, &project, "dev", ("prod", "/"));
    let last = import(&world, &project, "dev", ("staging", "/"));
    import_into(&world, &project, ("staging", "/"), ("staging", "/deep"));
    let ask = |version: &str, name: &str, query: &str| {
        let path = format!(
            "/api/{version}/{name}?projectId={}&environment=dev{query}",
            project.id
        );
        world.send(get(&path).token(&world.admin))
    };
    let value = |version: &str, name: &str, query: &str| {
        let reply = ask(version, name, query).expect(200);
        ["secretValue", "environment", "secretPath"].map(|field| reply.at(&format!("/secret/{field}")))
    };
    // By itself v3 does not look, and v4 does.
    ask("v3/secrets/raw", "Y", "").refused(404, "NotFound");
    ask("v4/secrets", "Y", "&includeImports=false").refused(404, "NotFound");
    for (version, query) in [
        ("v3/secrets/raw", "&include_imports=true"),
        ("v3/secrets/raw", "&includeImports=true"),
        ("v3/secrets/raw", "&includeImports=false&include_imports=true"),
        ("v4/secrets", ""),
        ("v4/secrets", "&include_imports=true"),
    ] {
        assert_eq!(value(version, "OWN", query), ["dev", "dev", "/"]);
        assert_eq!(value(version, "Y", query), ["staging/", "staging", "/"]);
        assert_eq!(
            value(version, "DEEP", query),
            ["staging/deep", "staging", "/deep"]
        );
        ask(version, "NOPE", query).refused(404, "NotFound");
        ask(version, "Y", &format!("{query}&version=1")).refused(404, "NotFound");
        ask(version, "Y", &format!("{query}&type=personal")).refused(404, "NotFound");
    }
    let up = json!({"workspaceId": project.id, "environment": "dev", "import": {"position": 1}});
    world
        .send(patch(&format!("/api/v1/secret-imports/{last}"), &up).token(&world.admin))
        .expect(200);
    assert_eq!(value("v4/secrets", "Y", ""), ["prod/", "prod", "/"]);
    let end = json!({"workspaceId": project.id, "environment": "dev", "path": "/"});
    world
        .send(delete(&format!("/api/v1/secret-imports/{first}"), &end).token(&world.admin))
        .expect(200);
    assert_eq!(value("v4/secrets", "Y", ""), ["staging/", "staging", "/"]);
}

#[test]
fn a_service_token_sees_what_its_scopes_reach() {
    let world = World::new();
    let project = world.project("Web");
    world.put(&project, "OWN", "dev");
    world.put_at(&project, ("prod", "/"), "HIDDEN", crate::app::CANARY);
    world.put_at(&project, ("staging", "/"), "SEEN", "staging");
    import(&world, &project, "dev", ("prod", "/"));
    import(&world, &project, "dev", ("staging", "/"));
    import_into(&world, &project, ("staging", "/"), ("prod", "/"));
    let token = world.service_token(&project, &["dev:/**", "staging:/**"], &["read", "write"]);
    let query = format!("projectId={}&environment=dev", project.id);
    let reply = world
        .send(get(&format!("/api/v4/secrets?{query}&recursive=true")).token(&token))
        .expect(200);
    assert_eq!(blocks(&reply, "imports"), [block("staging/", &["SEEN=staging"])]);
    let ask = |name: &str| world.send(get(&format!("/api/v4/secrets/{name}?{query}")).token(&token));
    ask("SEEN").expect(200);
    ask("HIDDEN").refused(404, "NotFound");
    assert_eq!(world.said(crate::app::CANARY), 1, "only what made it was told");
}

#[test]
fn what_is_imported_by_a_place_that_does_not_exist_is_empty_with_a_hint() {
    let world = World::new();
    let project = world.project("Web");
    let stranger = world.member(&world.project("Other"), "admin");
    world.put_at(&project, ("prod", "/"), "A", "a");
    world.folder(&project, "dev", "/app");
    import_into(&world, &project, ("dev", "/app"), ("prod", "/"));
    for route in ["secret-imports/secrets", "secret-imports/secrets/raw"] {
        let call = |query: &str| get(&format!("/api/v1/{route}?workspaceId={}&{query}", project.id));
        let ask = |query: &str| world.send(call(query).token(&world.admin)).expect(200);
        for (query, missing) in [
            ("environment=nope", "nope"),
            ("environment=dev&path=/nope", "/nope"),
            ("environment=dev&secretPath=/nope", "/nope"),
        ] {
            let reply = ask(query);
            assert_eq!(reply.json, json!({"secrets": []}), "{query}");
            let hint = reply.headers["x-strongroom-hint"].to_str().unwrap();
            assert!(hint.contains(missing), "{hint}");
            world
                .send(call(query).token(&stranger.token))
                .refused(403, "ForbiddenRequestError");
        }
        // An empty path hides no other spelling.
        for query in ["path=/app", "secretPath=/app", "path=&secretPath=/app"] {
            let reply = ask(&format!("environment=dev&{query}"));
            assert_eq!(reply.json["secrets"][0]["environment"], "prod", "{query}");
            assert!(!reply.headers.contains_key("x-strongroom-hint"));
        }
    }
}
