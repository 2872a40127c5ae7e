//! Lists and single reads: what they show, to whom, and what they leave out.

use serde_json::{Value, json};
use shared::model::access::{OrganizationRole, ProjectRole};

use crate::app::{CANARY, Call, Project, Reply, World, get, post};
use crate::scenario::{accepted, play, refused};

/// Path, name, kind and value of each secret of a list.
fn rows(reply: &Reply) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    reply.json["secrets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|secret| {
            let [path, name, kind, value] =
                ["secretPath", "secretKey", "type", "secretValue"].map(|field| text(&secret[field]));
            assert_eq!(
                secret["secretValueHidden"],
                value == "<hidden-by-infisical>",
                "{secret}"
            );
            format!("{path} {name} {kind} {value}")
        })
        .collect()
}

/// A list of `dev`, in the version that has this prefix.
fn list(project: &Project, version: &str, query: &str, token: &str) -> Call {
    let path = format!("/api/{version}?projectId={}&environment=dev&{query}", project.id);
    get(&path).token(token)
}

const VERSIONS: [&str; 2] = ["v3/secrets/raw", "v4/secrets"];

#[test]
fn what_is_refused() {
    let world = World::new();
    let project = world.project("Web");
    let viewer = world.member(&project, "viewer");
    let stranger = world.machine("stranger", "admin");
    let outsider = world.member(&world.project("Other"), "admin");
    world.put(&project, "A", CANARY);
    let admin = &world.admin;
    for version in VERSIONS {
        let one = |name: &str, query: &str, token: &str| {
            let path = format!(
                "/api/{version}/{name}?projectId={}&environment=dev&{query}",
                project.id
            );
            get(&path).token(token)
        };
        let anywhere = |query: &str| get(&format!("/api/{version}?{query}")).token(admin);
        let here = |query: &str| list(&project, version, query, admin);
        let pairs = ["key=a,value=b"; 11].join("%7C");
        play(
            &world,
            vec![
                refused(
                    "a stranger",
                    list(&project, version, "", &stranger.token),
                    403,
                    "ForbiddenRequestError",
                ),
                refused(
                    "of another project",
                    list(&project, version, "", &outsider.token),
                    403,
                    "ForbiddenRequestError",
                ),
                refused(
                    "a stranger reads one",
                    one("A", "", &stranger.token),
                    403,
                    "ForbiddenRequestError",
                ),
                refused("no project", anywhere("environment=dev"), 400, "BadRequest"),
                refused(
                    "no environment",
                    anywhere(&format!("projectId={}", project.id)),
                    400,
                    "BadRequest",
                ),
                refused(
                    "no such project",
                    anywhere("projectId=nope&environment=dev"),
                    404,
                    "NotFound",
                ),
                refused("not yes or no", here("recursive=yes"), 422, "ValidationFailure"),
                refused("nor here", here("include_imports=1"), 422, "ValidationFailure"),
                refused("nor here", here("includeImports=1"), 422, "ValidationFailure"),
                refused(
                    "nor here",
                    here("expandSecretReferences=x"),
                    422,
                    "ValidationFailure",
                ),
                refused("nor here", here("viewSecretValue=0"), 422, "ValidationFailure"),
                refused(
                    "too many pairs",
                    here(&format!("metadataFilter={pairs}")),
                    422,
                    "ValidationFailure",
                ),
                refused(
                    "no such kind",
                    one("A", "type=own", admin),
                    422,
                    "ValidationFailure",
                ),
                refused("no override", one("A", "type=personal", admin), 404, "NotFound"),
                refused(
                    "machines have none",
                    one("A", "type=personal", &viewer.token),
                    404,
                    "NotFound",
                ),
                refused("no such version", one("A", "version=2", admin), 404, "NotFound"),
                refused(
                    "no number",
                    one("A", "version=x", admin),
                    422,
                    "ValidationFailure",
                ),
                refused("no such secret", one("B", "", admin), 404, "NotFound").saying(&["'B'"]),
                refused(
                    "no such folder",
                    one("A", "secretPath=/nope", admin),
                    404,
                    "NotFound",
                )
                .saying(&["Folder"]),
                refused(
                    "everything below nothing",
                    here("recursive=true&secretPath=/nope"),
                    404,
                    "NotFound",
                )
                .saying(&["Folder with path '/nope'"]),
                refused(
                    "everything in no environment",
                    anywhere(&format!(
                        "projectId={}&environment=nope&recursive=true",
                        project.id
                    )),
                    404,
                    "NotFound",
                )
                .saying(&["Environment with slug 'nope' in project with ID"]),
                accepted(
                    "a viewer",
                    list(&project, version, "", &viewer.token),
                    &["secret.list"],
                )
                .saying(&[CANARY]),
                accepted(
                    "without values",
                    here("viewSecretValue=false"),
                    &["secret.list-names"],
                )
                .hiding(&[CANARY]),
                accepted(
                    "one without its value",
                    one("A", "viewSecretValue=false", admin),
                    &["secret.read-name"],
                )
                .hiding(&[CANARY]),
            ],
        );
        for (query, missing) in [
            (
                format!("projectId={}&environment=nope", project.id),
                "Environment with slug 'nope'",
            ),
            (
                format!("projectId={}&environment=dev&secretPath=/nope", project.id),
                "Folder with path '/nope'",
            ),
        ] {
            let reply = world.send(anywhere(&query)).expect(200);
            assert_eq!(reply.json, json!({"secrets": [], "imports": []}));
            let hint = reply.headers["x-strongroom-hint"].to_str().unwrap();
            assert!(hint.contains(missing), "{hint}");
        }
    }
}

#[test]
fn everything_below_comes_by_path_and_name() {
    let world = World::new();
    let project = world.project("Web");
    for (path, name) in [
        ("/b", "Z"),
        ("/b", "A"),
        ("/", "M"),
        ("/b/deep/er", "A"),
        ("/a-b", "A"),
        ("/a/c", "A"),
        ("/a", "A"),
    ] {
        world.put_at(&project, ("dev", path), name, path);
    }
    world.put_at(&project, ("prod", "/b"), "ELSEWHERE", "x");
    world.folder(&project, "dev", "/empty");
    for version in VERSIONS {
        let reply = world
            .send(list(&project, version, "recursive=true", &world.admin))
            .expect(200);
        assert_eq!(
            rows(&reply),
            [
                "/ M shared /",
                "/a A shared /a",
                "/a-b A shared /a-b",
                "/a/c A shared /a/c",
                "/b A shared /b",
                "/b Z shared /b",
                "/b/deep/er A shared /b/deep/er",
            ]
        );
        let reply = world
            .send(list(
                &project,
                version,
                "recursive=True&secretPath=/b/",
                &world.admin,
            ))
            .expect(200);
        assert_eq!(rows(&reply).len(), 3);
        let reply = world
            .send(list(&project, version, "secretPath=b", &world.admin))
            .expect(200);
        assert_eq!(rows(&reply), ["/b A shared /b", "/b Z shared /b"]);
    }
    let token = world.service_token(&project, &["dev:/b", "dev:/b/deep/**", "dev:/a"], &["read"]);
    let reply = world
        .send(list(
            &project,
            "v4/secrets",
            "recursive=true&secretPath=/b",
            &token,
        ))
        .expect(200);
    assert_eq!(
        rows(&reply),
        [
            "/b A shared /b",
            "/b Z shared /b",
            "/b/deep/er A shared /b/deep/er"
        ]
    );
    world
        .send(list(
            &project,
            "v4/secrets",
            "recursive=true&secretPath=/",
            &token,
        ))
        .refused(403, "PermissionDenied");
}

/// Stores a secret with tags and metadata.
fn described(world: &World, project: &Project, name: &str, tags: &[&str], metadata: &[(&str, &str)]) {
    let metadata: Vec<Value> = metadata
        .iter()
        .map(|(key, value)| json!({"key": key, "value": value}))
        .collect();
    let body = json!({
        "workspaceId": project.id, "environment": "dev", "secretValue": "v", "tagIds": tags, "secretMetadata": metadata,
    });
    world
        .send(post(&format!("/api/v3/secrets/raw/{name}"), &body).token(&world.admin))
        .expect(200);
}

#[test]
fn tags_and_metadata_choose() {
    let world = World::new();
    let project = world.project("Web");
    let tag = |slug: &str| {
        let path = format!("/api/v1/projects/{}/tags", project.id);
        let body = json!({"slug": slug, "color": "#ff0000"});
        world
            .send(post(&path, &body).token(&world.admin))
            .expect(200)
            .at("/tag/id")
    };
    let (back, front) = (tag("back"), tag("front"));
    described(
        &world,
        &project,
        "BACK",
        &[&back],
        &[("team", "a"), ("tier", "1")],
    );
    described(
        &world,
        &project,
        "BOTH",
        &[&back, &front],
        &[("team", "a"), ("tier", "a=b")],
    );
    described(&world, &project, "NONE", &[], &[("team", "b")]);
    let names = |query: &str| -> Vec<String> {
        let replies = VERSIONS.map(|version| {
            let reply = world
                .send(list(&project, version, query, &world.admin))
                .expect(200);
            rows(&reply)
                .iter()
                .map(|row| row.split(' ').nth(1).unwrap().to_owned())
                .collect::<Vec<_>>()
        });
        assert_eq!(replies[0], replies[1], "{query}");
        replies[0].clone()
    };
    for (query, expected) in [
        ("tagSlugs=", &["BACK", "BOTH", "NONE"][..]),
        ("tagSlugs=back", &["BACK", "BOTH"]),
        ("tagSlugs=front", &["BOTH"]),
        ("tagSlugs=back,%20front", &["BACK", "BOTH"]),
        ("tagSlugs=nope", &[]),
        ("tagSlugs=nope,front", &["BOTH"]),
        ("metadataFilter=", &["BACK", "BOTH", "NONE"]),
        ("metadataFilter=key=team,value=a", &["BACK", "BOTH"]),
        ("metadataFilter=key=team,value=a%7Ckey=tier,value=1", &["BACK"]),
        ("metadataFilter=value=a=b,%20key=tier", &["BOTH"]),
        ("metadataFilter=key=team", &["BACK", "BOTH", "NONE"]),
        ("metadataFilter=key=team,value=%7Ckey=tier,value=1", &["BACK"]),
        ("metadataFilter=nonsense", &["BACK", "BOTH", "NONE"]),
        ("metadataFilter=key=team,value=b&tagSlugs=back", &[]),
        ("metadataFilter=key=team,value=a&tagSlugs=front", &["BOTH"]),
    ] {
        assert_eq!(names(query), expected, "{query}");
    }
    // Of the tags, a list shows those that were asked for.
    let shown = |query: &str| {
        let reply = world
            .send(list(&project, "v3/secrets/raw", query, &world.admin))
            .expect(200);
        let both = reply.json["secrets"].as_array().unwrap();
        let both = both.iter().find(|secret| secret["secretKey"] == "BOTH").unwrap();
        both["tags"].as_array().unwrap().len()
    };
    assert_eq!(
        (shown(""), shown("tagSlugs=back"), shown("tagSlugs=back,front")),
        (2, 1, 2)
    );
    crate::secret_imports::import(&world, &project, "prod", ("dev", "/"));
    let path = format!(
        "/api/v4/secrets?projectId={}&environment=prod&tagSlugs=front",
        project.id
    );
    let reply = world.send(get(&path).token(&world.admin)).expect(200);
    assert_eq!(crate::secret_imports::blocks(&reply, "imports")[0].1, ["BOTH=v"]);
}

#[test]
fn overrides_are_shown_to_their_owner_alone() {
    let world = World::new();
    let project = world.project("Web");
    let viewer = world.member(&project, "viewer");
    let people = ["pat@example.com", "kim@example.com"].map(|email| {
        let person = world.person(email, OrganizationRole::Member);
        world.join_person(&project, &person, ProjectRole::Member);
        person
    });
    let [pat, kim] = &people;
    world.put(&project, "A", "shared");
    world.put(&project, "B", "shared");
    let tags = format!("/api/v1/projects/{}/tags", project.id);
    let tag = world
        .send(post(&tags, &json!({"slug": "back", "color": ""})).token(&world.admin))
        .expect(200)
        .at("/tag/id");
    described(&world, &project, "TAGGED", &[&tag], &[]);
    for name in ["A", "TAGGED"] {
        let own = json!({
            "workspaceId": project.id, "environment": "dev", "secretValue": CANARY, "type": "personal",
        });
        world
            .send(post(&format!("/api/v3/secrets/raw/{name}"), &own).token(pat))
            .expect(200);
    }
    let shown = |version: &str, query: &str, token: &str| {
        rows(&world.send(list(&project, version, query, token)).expect(200))
    };
    let (own, tagged) = (
        format!("/ A personal {CANARY}"),
        format!("/ TAGGED personal {CANARY}"),
    );
    let (own, tagged) = (own.as_str(), tagged.as_str());
    let shared = ["/ A shared shared", "/ B shared shared", "/ TAGGED shared v"];
    // v3: beside the shared one.
    assert_eq!(
        shown("v3/secrets/raw", "", pat),
        [shared[0], own, shared[1], shared[2], tagged]
    );
    // v4: not at all, or in its place.
    assert_eq!(shown("v4/secrets", "", pat), shared);
    assert_eq!(shown("v4/secrets", "includePersonalOverrides=false", pat), shared);
    let mine = "includePersonalOverrides=true";
    assert_eq!(shown("v4/secrets", mine, pat), [own, shared[1], tagged]);
    assert_eq!(
        shown("v4/secrets", &format!("{mine}&recursive=true"), pat),
        [own, shared[1], tagged]
    );
    // A filter decides by the shared one.
    assert_eq!(
        shown("v4/secrets", &format!("{mine}&tagSlugs=back"), pat),
        [tagged]
    );
    // Hidden values are those of others.
    assert_eq!(
        shown("v4/secrets", &format!("{mine}&viewSecretValue=false"), pat),
        [own, "/ B shared <hidden-by-infisical>", tagged]
    );
    let before = world.said(CANARY);
    for token in [
        kim,
        &world.admin,
        &viewer.token,
        &world.service_token(&project, &["dev:/"], &["read"]),
    ] {
        assert_eq!(shown("v3/secrets/raw", "", token), shared);
        assert_eq!(shown("v4/secrets", mine, token), shared);
        for version in VERSIONS {
            let path = format!(
                "/api/{version}/A?projectId={}&environment=dev&type=personal",
                project.id
            );
            world.send(get(&path).token(token)).refused(404, "NotFound");
        }
    }
    // Nor through an import.
    crate::secret_imports::import(&world, &project, "prod", ("dev", "/"));
    let path = format!("/api/v4/secrets?projectId={}&environment=prod&{mine}", project.id);
    let reply = world.send(get(&path).token(pat)).expect(200);
    assert_eq!(
        crate::secret_imports::blocks(&reply, "imports")[0].1,
        ["A=shared", "B=shared", "TAGGED=v"]
    );
    assert_eq!(world.said(CANARY), before);
    for version in VERSIONS {
        let path = format!("/api/{version}/A?projectId={}&environment=dev", project.id);
        let read = |query: &str| world.send(get(&format!("{path}{query}")).token(pat)).expect(200);
        assert_eq!(read("").at("/secret/secretValue"), "shared");
        for query in ["&type=personal", "&type=personal&viewSecretValue=false"] {
            let reply = read(query);
            assert_eq!(reply.at("/secret/secretValue"), CANARY);
            assert_eq!(reply.at("/secret/type"), "personal");
        }
    }
}

#[test]
fn a_long_list_is_whole_and_one_record() {
    let world = World::new();
    let project = world.project("Web");
    let secrets: Vec<Value> = (0..600)
        .map(|number| json!({"secretKey": format!("K{number:04}"), "secretValue": format!("v{number}")}))
        .collect();
    let body = json!({"workspaceId": project.id, "environment": "dev", "secrets": secrets});
    world
        .send(post("/api/v3/secrets/batch/raw", &body).token(&world.admin))
        .expect(200);
    let before = world.events().len();
    let reply = world
        .send(list(&project, "v4/secrets", "", &world.admin))
        .expect(200);
    let rows = rows(&reply);
    assert_eq!(rows.len(), 600);
    assert_eq!(rows[599], "/ K0599 shared v599");
    assert_eq!(world.events()[before..], ["secret.list"]);
}
