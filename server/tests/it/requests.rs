//! The ground rules of every request: what is forgiven, what is refused, and in which shape.

use serde_json::{Value, json};

use crate::app::{CANARY, Call, Project, Reply, World, delete, get, patch, post};

fn fixture() -> (World, Project) {
    let world = World::new();
    let project = world.project("Web");
    world.put(&project, "A", CANARY);
    (world, project)
}

/// A refusal has these four fields and no redirect, whatever went wrong.
fn check_shape(reply: &Reply) {
    let body = reply.json.as_object().unwrap();
    let id = body["reqId"].as_str().unwrap().strip_prefix("req-").unwrap();
    assert_eq!(id.len(), 14, "{}", reply.text);
    assert!(id.chars().all(|c| c.is_ascii_alphanumeric()), "{}", reply.text);
    assert_eq!(body["statusCode"], reply.status, "{}", reply.text);
    assert!(body["error"].is_string(), "{}", reply.text);
    match &body["message"] {
        Value::String(text) => assert!(!text.is_empty() && reply.status != 422, "{}", reply.text),
        Value::Array(issues) => {
            assert_eq!(reply.status, 422, "{}", reply.text);
            for issue in issues {
                assert!(issue["code"].is_string(), "{}", reply.text);
                assert!(issue["path"].is_array(), "{}", reply.text);
                assert!(issue["message"].is_string(), "{}", reply.text);
            }
        }
        _ => panic!("{}", reply.text),
    }
    for name in body.keys() {
        let known = ["reqId", "statusCode", "message", "error", "details"];
        assert!(known.contains(&name.as_str()), "{}", reply.text);
    }
    assert_eq!(reply.headers["content-type"], "application/json; charset=utf-8");
    assert!(!reply.headers.contains_key("location"));
}

#[test]
fn every_refusal_has_the_same_shape() {
    let (world, project) = fixture();
    let id = &project.id;
    let secret = "/api/v3/secrets/raw/A";
    let large = format!("{{\"secretValue\": \"{}\"}}", "x".repeat(1024 * 1024));
    let of = |call: Call| call.token(&world.admin);
    for (call, status) in [
        (of(get("/api/v3/secrets/raw")), 400),
        (of(Call::new("POST", secret).raw("application/json", "{")), 400),
        (get(secret), 401),
        (get("/api/v1/user").token("nonsense"), 403),
        (of(get("/api/v2/service-token")), 403),
        (of(get("/api/v1/projects/nowhere")), 404),
        (of(get("/api/v9/nothing")), 404),
        (
            of(get(&format!(
                "{secret}?workspaceId={id}&environment=dev&version=x"
            ))),
            422,
        ),
        (of(Call::new("POST", secret).raw("application/json", &large)), 413),
        (of(Call::new("POST", secret).raw("text/plain", "{}")), 422),
        (of(Call::new("PUT", secret).raw("application/json", "{}")), 404),
    ] {
        let reply = world.send(call).expect(status);
        check_shape(&reply);
    }
}

#[test]
fn too_many_wrong_passwords_say_when_to_try_again() {
    let world = World::new();
    for _ in 0..40 {
        let reply = world.login("kavi@example.com", "wrong");
        if reply.status == 429 {
            check_shape(&reply);
            let seconds: i64 = reply.headers["retry-after"].to_str().unwrap().parse().unwrap();
            assert!(seconds > 0);
            assert_eq!(reply.json["error"], "RateLimitExceeded");
            return;
        }
    }
    panic!("never limited");
}

#[test]
fn another_method_on_a_known_path_is_unknown_and_options_has_nothing_to_offer() {
    let (world, _) = fixture();
    for path in [
        "/api/v1/user",
        "/api/v3/secrets/raw",
        "/api/status",
        "/api/v9/none",
        "/",
    ] {
        for method in ["PUT", "TRACE", "POST", "DELETE"] {
            let reply = world.send(Call::new(method, path).token(&world.admin));
            check_shape(&reply);
            assert_eq!(
                (reply.status, reply.json["error"].as_str()),
                (404, Some("Not Found")),
                "{method} {path}"
            );
        }
        let origin = Call::new("OPTIONS", path)
            .header("origin", "https://evil.example")
            .header("access-control-request-method", "GET");
        let reply = world.send(origin);
        assert_eq!((reply.status, reply.text.as_str()), (204, ""), "{path}");
        assert!(!reply.headers.contains_key("access-control-allow-origin"));
    }
}

#[test]
fn a_repeated_query_parameter_is_ambiguous() {
    let (world, project) = fixture();
    let id = &project.id;
    for query in [
        format!("workspaceId={id}&environment=dev&environment=prod"),
        format!("workspaceId={id}&workspaceId={id}&environment=dev"),
        format!("workspaceId={id}&environment=dev&secretPath=/&secretPath=/"),
        format!("workspaceId={id}&environment=dev&viewSecretValue=false&viewSecretValue=true"),
    ] {
        for path in ["/api/v3/secrets/raw", "/api/v3/secrets/raw/A", "/api/v4/secrets"] {
            let call = get(&format!("{path}?{query}")).token(&world.admin);
            world.send(call).refused(422, "ValidationFailure");
        }
    }
    for query in [
        format!("workspaceId={id}&environment=dev&path=/&path=/"),
        format!("workspaceId={id}&environment=dev&environment=prod"),
    ] {
        let call = get(&format!("/api/v1/folders?{query}")).token(&world.admin);
        world.send(call).refused(422, "ValidationFailure");
    }
}

#[test]
fn what_is_unknown_is_ignored_and_what_is_empty_is_absent() {
    let (world, project) = fixture();
    let id = &project.id;
    for query in [
        format!("workspaceId={id}&environment=dev&workspaceSlug=&secretPath=&tagSlugs=&metadataFilter="),
        format!("workspaceId=&projectId={id}&environment=dev&organizationSlug=&version=&type="),
        format!("workspaceId={id}&environment=dev&secretName=A&includeImports=false&x=1&x=2&y"),
        format!(
            "workspaceSlug={}&environment=%20dev%20&viewSecretValue=&recursive=",
            project.slug
        ),
    ] {
        for path in [
            "/api/v3/secrets/raw",
            "/api/v3/secrets/raw/A",
            "/api/v4/secrets",
            "/api/v4/secrets/A",
        ] {
            let call = get(&format!("{path}?{query}")).token(&world.admin);
            let reply = world.send(call).expect(200);
            assert!(reply.text.contains(CANARY), "{path}?{query}: {}", reply.text);
        }
    }
    let body = json!({
        "workspaceId": id, "projectSlug": "", "environment": "dev", "secretPath": "", "secretValue": "x",
        "secretName": "other", "unknown": {"nested": [1, null]}, "tagIds": null, "secretMetadata": null,
        "secretReminderNote": "", "secretReminderRepeatDays": 0,
    });
    let reply = world
        .send(post("/api/v3/secrets/raw/B", &body).token(&world.admin))
        .expect(200);
    assert_eq!(reply.at("/secret/secretKey"), "B");
}

#[test]
fn slashes_are_forgiven_without_a_redirect_for_every_method() {
    let (world, project) = fixture();
    let body = json!({"workspaceId": project.id, "environment": "dev", "secretValue": "x"});
    for call in [
        post("/api/v3/secrets/raw/B/", &body),
        patch("//api//v3/secrets/raw/B///", &body),
        delete("/api/v3/secrets//raw/B/", &body),
        post("/api/v2/workspace/", &json!({"projectName": "Slashed"})),
        get("/api/v1/workspace/"),
    ] {
        world.send(call.token(&world.admin)).expect(200);
    }
}

#[test]
fn names_in_paths_are_decoded_once() {
    let (world, project) = fixture();
    let body = json!({"workspaceId": project.id, "environment": "dev", "secretValue": "x"});
    for (path, name) in [
        ("a%20b", "a b"),
        ("a%2Fb", "a/b"),
        ("a%2541", "a%41"),
        ("a%252Fb", "a%2Fb"),
        ("a+b", "a+b"),
        ("%C3%A9", "é"),
        ("a:b", "a:b"),
        ("a%3Fb%23c", "a?b#c"),
    ] {
        let call = post(&format!("/api/v3/secrets/raw/{path}"), &body).token(&world.admin);
        assert_eq!(world.send(call).expect(200).at("/secret/secretKey"), name);
        assert_eq!(
            world
                .read(&project, path, &world.admin)
                .expect(200)
                .at("/secret/secretKey"),
            name
        );
    }
    let broken = post("/api/v3/secrets/raw/%FF%FE", &body).token(&world.admin);
    check_shape(&world.send(broken).expect(422));
}

#[test]
fn a_body_is_read_where_it_counts_and_ignored_where_it_does_not() {
    let (world, project) = fixture();
    let body = json!({"workspaceId": project.id, "environment": "dev"});
    let path = format!("/api/v3/secrets/raw/A?workspaceId={}&environment=dev", project.id);
    // A GET with a body, even a broken one.
    let call = Call::new("GET", &path)
        .raw("application/json", "{")
        .token(&world.admin);
    world.send(call).expect(200);
    // A DELETE says in its body what it means; the query is another matter.
    let bare = Call::new("DELETE", &path).token(&world.admin);
    let reply = world.send(bare);
    assert!((400..500).contains(&reply.status), "{}", reply.text);
    world.read(&project, "A", &world.admin).expect(200);
    let call = delete("/api/v3/secrets/raw/A", &body)
        .header("content-type", "application/json; charset=utf-8")
        .token(&world.admin);
    world.send(call).expect(200);
}
