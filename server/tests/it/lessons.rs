//! What went wrong in other secret stores and password managers, as tests of this one. Each test is named after what
//! there was to learn, with the record of it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use server::http::route::Policy;
use shared::model::access::{OrganizationRole, ProjectRole};

use crate::app::{CANARY, Call, Project, Reply, World, delete, get, patch, post};

fn fixture() -> (World, Project) {
    let world = World::new();
    let project = world.project("Web");
    world.put(&project, "A", CANARY);
    (world, project)
}

/// What a secret holds now, whoever asked for changes in between.
fn value(world: &World, project: &Project, name: &str) -> (u16, String) {
    let reply = world.read(project, name, &world.admin);
    let value = reply.json["secret"]["secretValue"].as_str().unwrap_or_default();
    (reply.status, value.to_owned())
}

fn secret_id(world: &World, project: &Project, name: &str) -> String {
    world
        .read(project, name, &world.admin)
        .expect(200)
        .at("/secret/id")
}

fn folder_id(world: &World, project: &Project, name: &str) -> String {
    let body = json!({"workspaceId": project.id, "environment": "dev", "name": name});
    world
        .send(post("/api/v1/folders", &body).token(&world.admin))
        .expect(200)
        .at("/folder/id")
}

#[track_caller]
fn no_success(reply: &Reply) {
    assert!(
        (400..500).contains(&reply.status),
        "{} {}",
        reply.status,
        reply.text
    );
    assert!(!reply.text.contains(CANARY), "{}", reply.text);
}

/// CVE-2026-27802: many at once is a loop of single checks, and one foreign id refuses them all.
#[test]
fn cve_2026_27802_one_foreign_id_refuses_the_whole_batch() {
    let (world, project) = fixture();
    let other = world.project("Other");
    world.put(&other, "B", CANARY);
    let member = world.member(&project, "admin").token;
    let (own, foreign) = (secret_id(&world, &project, "A"), secret_id(&world, &other, "B"));
    let (folder, foreign_folder) = (
        folder_id(&world, &project, "own"),
        folder_id(&world, &other, "foreign"),
    );
    let id = &project.id;
    let batch = |secrets: Value| json!({"workspaceId": id, "environment": "dev", "secretPath": "/", "secrets": secrets});
    let moved = json!({
        "projectId": id, "sourceEnvironment": "dev", "destinationEnvironment": "prod", "secretIds": [own, foreign],
    });
    let renamed = |id: &str| json!({"id": id, "environment": "dev", "path": "/", "name": "renamed"});
    let mut calls = vec![
        post("/api/v3/secrets/move", &moved),
        post("/api/v4/secrets/move", &moved),
    ];
    for path in ["/api/v3/secrets/batch/raw", "/api/v4/secrets/batch"] {
        calls.extend([
            delete(path, &batch(json!([{"secretKey": "A"}, {"secretKey": "B"}]))),
            patch(
                path,
                &batch(
                    json!([{"secretKey": "A", "secretValue": "x"}, {"secretKey": "B", "secretValue": "x"}]),
                ),
            ),
            post(
                path,
                &batch(
                    json!([{"secretKey": "NEW", "secretValue": "x"}, {"secretKey": "A", "secretValue": "x"}]),
                ),
            ),
        ]);
    }
    for version in ["v1", "v2"] {
        let folders =
            json!({"projectSlug": project.slug, "folders": [renamed(&folder), renamed(&foreign_folder)]});
        calls.push(patch(&format!("/api/{version}/folders/batch"), &folders));
    }
    for call in calls {
        no_success(&world.send(call.token(&member)));
    }
    assert_eq!(value(&world, &project, "A"), (200, CANARY.into()));
    assert_eq!(value(&world, &other, "B"), (200, CANARY.into()));
    assert_eq!(value(&world, &project, "NEW").0, 404);
    let path = format!("/api/v1/folders?workspaceId={id}&environment=dev");
    let folders = world.send(get(&path).token(&world.admin)).expect(200);
    assert!(
        folders.text.contains("\"own\"") && !folders.text.contains("renamed"),
        "{}",
        folders.text
    );
}

/// CVE-2024-56335, CVE-2025-24365: the organization comes from the credential; naming another one in the body, in the
/// query or by the id of what it holds does not change that.
#[test]
fn cve_2024_56335_ids_of_another_organization_are_nobodys() {
    let (world, project) = fixture();
    let foreign = crate::login::foreign_organization(&world);
    let (_, stranger) = crate::routes::callers::person(&world, "stranger", &foreign, OrganizationRole::Admin);
    let made = post("/api/v1/projects", &json!({"projectName": "Theirs"})).token(&stranger);
    let theirs = world.send(made).expect(200).at("/project/id");
    let body = json!({"workspaceId": theirs, "environment": "dev", "secretValue": CANARY});
    world
        .send(post("/api/v3/secrets/raw/A", &body).token(&stranger))
        .expect(200);
    let identity = json!({"name": "theirs", "organizationId": foreign});
    let identity = world
        .send(post("/api/v1/identities", &identity).token(&stranger))
        .expect(200)
        .at("/identity/id");

    for call in [
        post(
            "/api/v1/identities",
            &json!({"name": "spy", "organizationId": foreign}),
        ),
        get(&format!("/api/v1/identities?orgId={foreign}")),
        get(&format!("/api/v1/identities/{identity}")),
        post(
            &format!("/api/v1/auth/universal-auth/identities/{identity}"),
            &json!({}),
        ),
        post(
            &format!("/api/v1/auth/token-auth/identities/{identity}"),
            &json!({}),
        ),
        post(
            &format!("/api/v2/workspace/{}/identity-memberships/{identity}", project.id),
            &json!({"role": "admin"}),
        ),
        post(
            &format!("/api/v2/workspace/{}/memberships", project.id),
            &json!({"usernames": ["stranger@example.com"]}),
        ),
        get(&format!(
            "/api/v3/secrets/raw/A?workspaceId={theirs}&environment=dev"
        )),
        get(&format!("/api/v4/secrets?projectId={theirs}&environment=dev")),
        post(
            "/api/v3/auth/select-organization",
            &json!({"organizationId": foreign}),
        ),
        get(&format!("/api/v1/organization/{foreign}")),
        get(&format!("/api/v2/organizations/{foreign}/workspaces")),
    ] {
        no_success(&world.send(call.token(&world.admin)));
    }
    // Two ids that contradict each other: the one that counts is still one's own or refused, never the other's.
    let path = format!(
        "/api/v3/secrets/raw/A?workspaceId={theirs}&projectId={}&environment=dev",
        project.id
    );
    let reply = world.send(get(&path).token(&world.admin));
    assert!(!reply.text.contains(&theirs), "{}", reply.text);
    // A project made with a foreign organization in the body belongs to one's own, or to nobody.
    let made = post(
        "/api/v1/projects",
        &json!({"projectName": "Mine", "organizationId": foreign}),
    );
    world.send(made.token(&world.admin));
    let list = world.send(get("/api/v1/projects").token(&stranger)).expect(200);
    assert!(!list.text.contains("Mine"), "{}", list.text);
}

/// CVE-2025-5999, CVE-2025-54996, CVE-2025-64761: words are brought into one form where they come in, and compared in it.
#[test]
fn cve_2025_5999_a_role_is_the_canonical_word_or_refused() {
    let (world, project) = fixture();
    let look_alikes = [
        "Admin",
        "ADMIN",
        "adm in",
        "admin\u{200b}",
        "\u{430}dmin",
        "\u{ff41}dmin",
        "admin\0",
        "admin;",
        "root",
    ];
    for word in look_alikes {
        let identity = json!({"name": "x", "organizationId": world.organization, "role": word});
        no_success(&world.send(post("/api/v1/identities", &identity).token(&world.admin)));
        let machine = world.machine("member", "no-access");
        let path = format!(
            "/api/v2/workspace/{}/identity-memberships/{}",
            project.id, machine.id
        );
        no_success(&world.send(post(&path, &json!({"role": word})).token(&world.admin)));
        world
            .read(&project, "A", &machine.token)
            .refused(403, "ForbiddenRequestError");
    }
    // The same for what a place is called: another spelling is another place, or the very same one.
    for (environment, status) in [
        ("Dev", 404),
        ("DEV", 404),
        ("d\u{435}v", 404),
        ("%20dev%20", 200),
        ("dev%00", 404),
    ] {
        let path = format!(
            "/api/v3/secrets/raw/A?workspaceId={}&environment={environment}",
            project.id
        );
        let reply = world.send(get(&path.replace('\u{435}', "%D0%B5")).token(&world.admin));
        assert_eq!(reply.status, status, "{environment}: {}", reply.text);
    }
    // A service token of `dev` is one of `dev` in every spelling that is taken for it, and of nothing else.
    let token = world.service_token(&project, &["prod:/", "staging:/"], &["read"]);
    for environment in ["dev", "%20dev", "development", "Dev", "DEV"] {
        let path = format!(
            "/api/v3/secrets/raw/A?workspaceId={}&environment={environment}",
            project.id
        );
        world
            .send(get(&path).token(&token))
            .refused(403, "PermissionDenied");
    }
}

/// CVE-2025-4166, CVE-2025-52893: an error does not repeat what was sent, it may have been a secret.
#[test]
fn cve_2025_4166_broken_requests_are_not_echoed() {
    let (world, project) = fixture();
    let id = &project.id;
    let place = format!("\"workspaceId\": \"{id}\", \"environment\": \"dev\"");
    let fields = [
        "secretValue",
        "secretComment",
        "value",
        "secrets",
        "secretMetadata",
        "metadata",
        "tagIds",
        "type",
        "mode",
        "skipMultilineEncoding",
        "secretReminderRepeatDays",
        "scopes",
        "permissions",
        "expiresIn",
        "password",
        "clientSecret",
        "accessToken",
        "shouldOverwrite",
        "secretIds",
        "folders",
        "import",
        "position",
    ];
    let mut bodies: Vec<String> = [
        format!("{{\"secretValue\": \"{CANARY}"),
        CANARY.to_owned(),
        format!("\"{CANARY}\""),
        format!("[\"{CANARY}\"]"),
        format!("{{\"{CANARY}\" \"x\"}}"),
        format!("{{{place}, \"secretValue\": \"x\", \"secretValue\": \"{CANARY}\"}}"),
        format!("{{{place}, \"secretValue\": \"{CANARY}\\ud800\"}}"),
    ]
    .to_vec();
    for field in fields {
        // Each is of the wrong type somewhere, with the canary in different places.
        for wrong in [
            format!("\"{CANARY}\""),
            format!("[\"{CANARY}\"]"),
            format!("{{\"{CANARY}\": \"{CANARY}\"}}"),
            format!("[{{\"secretKey\": \"K\", \"secretValue\": [\"{CANARY}\"]}}]"),
            format!("[{{\"key\": {{\"{CANARY}\": 1}}, \"value\": 1}}]"),
        ] {
            bodies.push(format!("{{{place}, \"{field}\": {wrong}}}"));
        }
    }
    let routes: Vec<_> = server::http::routes()
        .into_iter()
        .filter(|route| route.method != "GET" && !route.path.contains('{'))
        .map(|route| (route.method, route.path.to_owned()))
        .chain([
            ("POST", "/api/v3/secrets/raw/B".to_owned()),
            ("PATCH", "/api/v4/secrets/B".to_owned()),
        ])
        .collect();
    assert!(routes.len() > 20);
    for (method, path) in routes {
        for body in &bodies {
            let call = Call::new(method, &path).raw("application/json", body);
            let reply = world.send(call.token(&world.admin));
            if reply.status >= 400 {
                assert!(
                    !reply.text.contains(CANARY),
                    "{method} {path} {body}: {}",
                    reply.text
                );
                assert_ne!(reply.status, 500, "{method} {path} {body}: {}", reply.text);
            }
        }
    }
}

/// CVE-2025-6203, CVE-2025-59043: depth, number and size are bounded before anything is done with them.
#[test]
fn cve_2025_6203_bombs_are_refused_at_once() {
    let (world, project) = fixture();
    let nested =
        |open: &str, close: &str, depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
    let keys: Vec<String> = (0..60_000)
        .map(|number| format!("\"k{number}\":{number}"))
        .collect();
    let bombs = [
        (nested("[", "]", 10_000), [400, 422].as_slice()),
        (nested("{\"a\":", "}", 10_000), &[400, 422]),
        (
            format!("{{\"secretMetadata\": {}}}", nested("[", "]", 100_000)),
            &[400, 422],
        ),
        (
            format!("{{\"unknown\": {}}}", nested("[", "]", 100_000)),
            &[400, 422],
        ),
        (format!("{{{}}}", keys.join(",")), &[400, 422]),
        (
            format!("{{\"secretValue\": \"{}\"}}", "x".repeat(100 * 1024 * 1024)),
            &[413],
        ),
        (
            format!("{{\"tagIds\": [{}1]}}", "1,".repeat(400_000)),
            &[400, 422],
        ),
        (
            format!("{{\"secretReminderRepeatDays\": 1{}}}", "0".repeat(500_000)),
            &[400, 422],
        ),
    ];
    for (number, (bomb, statuses)) in bombs.into_iter().enumerate() {
        for (path, token) in [
            ("/api/v3/secrets/raw/A", Some(&world.admin)),
            ("/api/v4/secrets/batch", Some(&world.admin)),
            ("/api/v1/auth/universal-auth/login", None),
        ] {
            let mut call = Call::new("POST", path).raw("application/json", &bomb);
            if let Some(token) = token {
                call = call.token(token);
            }
            let since = Instant::now();
            let reply = world.send(call);
            assert!(
                statuses.contains(&reply.status),
                "{path} {number}: {} {}",
                reply.status,
                reply.text
            );
            assert!(
                reply.text.len() < 2_000,
                "{path} {number}: {} bytes",
                reply.text.len()
            );
            assert!(since.elapsed() < Duration::from_secs(10), "{path} {number}");
        }
        // Without a credential nothing of it is read at all.
        let call = Call::new("POST", "/api/v3/secrets/raw/A").raw("application/json", "[[[[");
        world.send(call).refused(401, "UnauthorizedError");
    }
    assert_eq!(value(&world, &project, "A").0, 200);
}

/// CVE-2024-7594: an empty list of what is allowed allows nothing.
#[test]
fn cve_2024_7594_an_empty_allow_list_is_not_allow_all() {
    let (world, project) = fixture();
    let token = |scopes: Value, permissions: Value| {
        let body =
            json!({"name": "t", "workspaceId": project.id, "scopes": scopes, "permissions": permissions});
        post("/api/v2/service-token", &body).token(&world.admin)
    };
    let scope = json!([{"environment": "dev", "secretPath": "/"}]);
    for call in [
        token(json!([]), json!(["read"])),
        token(scope.clone(), json!([])),
        token(json!([{}]), json!(["read"])),
        token(json!([{"environment": "", "secretPath": ""}]), json!(["read"])),
    ] {
        world.send(call).refused(422, "ValidationFailure");
    }
    // Even if a list became empty in the database.
    let text = world.service_token(&project, &["dev:/"], &["read", "write"]);
    world.read(&project, "A", &text).expect(200);
    for (column, emptied) in [("scopes", "[]"), ("permissions", ""), ("scopes", "")] {
        let statement = format!("UPDATE service_tokens SET {column} = $1");
        world.sql(move |tx| tx.execute(&statement, &[emptied.into()]));
        let reply = world.read(&project, "A", &text);
        assert!(reply.status >= 400, "{column}: {}", reply.text);
        assert!(!reply.text.contains(CANARY), "{}", reply.text);
    }
    let machine = world.machine("m", "no-access");
    for field in ["accessTokenTrustedIps", "clientSecretTrustedIps"] {
        let path = format!("/api/v1/auth/universal-auth/identities/{}", machine.id);
        let settings = json!({(field): []});
        let reply = world.send(patch(&path, &settings).token(&world.admin));
        assert_eq!(reply.status, 422, "{field}: {}", reply.text);
    }
}

/// CVE-2026-3605: a path that could be read in two ways is refused, not resolved.
#[test]
fn cve_2026_3605_paths_do_not_climb() {
    let (world, project) = fixture();
    let app = folder_id(&world, &project, "app");
    assert!(!app.is_empty());
    let token = world.service_token(&project, &["dev:/app", "dev:/app/**"], &["read", "write"]);
    let id = &project.id;
    for path in [
        "/app/..",
        "/app/../",
        "/app/../app",
        "/a/../prod",
        "..",
        ".",
        "/./",
        "/app/.",
        "/app/...",
        "/app/%2e%2e",
        "/app\\..",
        "\\app",
        "/app/..\\",
        "/app/;/..",
        "/app%2f..",
        "/app/\u{2024}\u{2024}",
        "/app\0",
        "/app/*",
    ] {
        let body = json!({"workspaceId": id, "environment": "dev", "secretPath": path, "secretValue": "x"});
        let encoded = percent_encoding::utf8_percent_encode(path, percent_encoding::NON_ALPHANUMERIC);
        let query = format!("workspaceId={id}&environment=dev&secretPath={encoded}");
        for token in [&token, &world.admin] {
            for call in [
                get(&format!("/api/v3/secrets/raw/A?{query}")),
                get(&format!("/api/v4/secrets?{query}")),
                get(&format!(
                    "/api/v1/folders?workspaceId={id}&environment=dev&path={encoded}"
                )),
                get(&format!(
                    "/api/v1/secret-imports?workspaceId={id}&environment=dev&path={encoded}"
                )),
                post("/api/v3/secrets/raw/X", &body),
                delete("/api/v3/secrets/raw/A", &body),
            ] {
                let reply = world.send(call.token(token));
                assert_eq!(reply.status, 422, "{path}: {}", reply.text);
                assert!(!reply.text.contains(CANARY), "{path}: {}", reply.text);
            }
        }
    }
    // In the address itself dots are letters of a name, or nothing that exists.
    for path in [
        "/api/v3/secrets/raw/../../../v1/user",
        "/api/v3/secrets/raw/..",
        "/api/v3/secrets/raw/%2e%2e",
    ] {
        let call = get(&format!("{path}?workspaceId={id}&environment=dev")).token(&world.admin);
        no_success(&world.send(call));
    }
    assert_eq!(value(&world, &project, "A"), (200, CANARY.into()));
    // Runs of slashes are one, for everybody in the same way.
    let query = format!("workspaceId={id}&environment=dev&secretPath=//app//");
    world
        .send(get(&format!("/api/v4/secrets?{query}")).token(&token))
        .expect(200);
}

/// CVE-2026-40264, CVE-2026-45808: an older spelling of a route is no way around the newer one.
#[test]
fn cve_2026_40264_every_alias_has_the_policy_of_its_siblings() {
    let mut policies: BTreeMap<String, Vec<(Policy, &str)>> = BTreeMap::new();
    for route in server::http::routes() {
        let tail = route
            .path
            .splitn(4, '/')
            .nth(3)
            .unwrap_or_default()
            .replace("secrets/raw", "secrets")
            .replace("batch/raw", "batch")
            .replace("workspace/", "projects/")
            .replace("identity-memberships", "memberships/identities");
        let name = format!("{} {tail}", route.method);
        policies.entry(name).or_default().push((route.policy, route.path));
    }
    let mut aliases = 0;
    for (name, routes) in policies {
        aliases += routes.len() - 1;
        let (first, _) = routes[0];
        assert!(
            routes.iter().all(|(policy, _)| *policy == first),
            "{name}: {routes:?}"
        );
    }
    assert!(aliases > 20, "{aliases}");
}

/// CVE-2026-40264: to know an id is not to hold it.
#[test]
fn cve_2026_40264_ids_are_not_capabilities() {
    let (world, project) = fixture();
    let secret = secret_id(&world, &project, "A");
    let folder = folder_id(&world, &project, "app");
    let service_token = world.service_token(&project, &["dev:/"], &["read"]);
    let token_id = service_token.split('.').nth(1).unwrap();
    // Somebody who administers the organization and another project.
    let boss = world.person("boss@example.com", OrganizationRole::Admin);
    let other = world.project("Other");
    world.join_person(&other, &boss, ProjectRole::Admin);
    let elsewhere = world.service_token(&other, &["dev:/**"], &["read", "write"]);
    let body = json!({"workspaceId": other.id, "environment": "dev", "name": "taken"});
    for token in [&boss, &elsewhere] {
        for call in [
            get(&format!("/api/v3/secrets/raw/id/{secret}")),
            get(&format!("/api/v4/secrets/id/{secret}")),
            get(&format!(
                "/api/v1/secret/{secret}/secret-versions?offset=0&limit=5"
            )),
            get(&format!("/api/v1/folders/{folder}")),
            get(&format!("/api/v2/folders/{folder}")),
            patch(&format!("/api/v1/folders/{folder}"), &body),
            delete(&format!("/api/v1/folders/{folder}"), &body),
            delete(&format!("/api/v2/service-token/{token_id}"), &json!({})),
        ] {
            let reply = world.send(call.token(token));
            assert!([403, 404].contains(&reply.status), "{}", reply.text);
            assert!(
                !reply.text.contains(CANARY) && !reply.text.contains(&project.id),
                "{}",
                reply.text
            );
        }
    }
    world.read(&project, "A", &service_token).expect(200);
}

/// VULN-240: a route is chosen by its path; what stands in the query, the fragment or a header chooses nothing.
#[test]
fn vuln_240_a_path_in_the_query_opens_nothing() {
    let (world, project) = fixture();
    let path = format!("/api/v3/secrets/raw/A?workspaceId={}&environment=dev", project.id);
    for extra in [
        "&x=/api/v1/auth/login",
        "&/api/v1/auth/universal-auth/login",
        "&path=/api/status",
        "&x=/api/v1/auth/token/renew/",
        "&%2Fapi%2Fstatus=1",
    ] {
        world
            .send(get(&format!("{path}{extra}")))
            .refused(401, "UnauthorizedError");
    }
    for (name, text) in [
        ("x-original-url", "/api/status"),
        ("x-rewrite-url", "/api/status"),
        ("x-forwarded-uri", "/api/status"),
        ("x-http-method-override", "GET"),
        ("x-api-key", "anything"),
    ] {
        world
            .send(get(&path).header(name, text))
            .refused(401, "UnauthorizedError");
        let write = post("/api/v3/secrets/raw/B", &json!({})).header(name, text);
        world.send(write).refused(401, "UnauthorizedError");
    }
    for path in [
        "/api/status/../v1/user",
        "/api/status%2F..%2Fv1%2Fuser",
        "/api/v1/auth/login/../../user",
    ] {
        no_success(&world.send(get(path)));
    }
}
