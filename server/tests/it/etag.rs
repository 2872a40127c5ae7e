//! Entity tags: functions of the content, keyed, and no way around a refusal or a record.

use serde_json::json;

use crate::app::{CANARY, Project, Reply, World, get, patch};

fn tag(reply: &Reply) -> String {
    reply.headers["etag"].to_str().unwrap().to_owned()
}

fn fixture() -> (World, Project, String) {
    let world = World::new();
    let project = world.project("Web");
    world.put(&project, "A", CANARY);
    let list = format!("/api/v4/secrets?projectId={}&environment=dev", project.id);
    (world, project, list)
}

#[test]
fn who_may_not_read_is_not_told_that_nothing_changed() {
    let (world, project, list) = fixture();
    let known = tag(&world.send(get(&list).token(&world.admin)).expect(200));
    let none = world.member(&project, "no-access");
    let missing = format!("/api/v4/secrets/NONE?projectId={}&environment=dev", project.id);
    for tags in ["*", known.as_str()] {
        let ask = |path: &str| get(path).header("if-none-match", tags);
        world.send(ask(&list)).refused(401, "UnauthorizedError");
        world
            .send(ask(&list).token(&none.token))
            .refused(403, "PermissionDenied");
        world
            .send(ask(&missing).token(&world.admin))
            .refused(404, "NotFound");
    }
}

#[test]
fn the_tag_follows_the_content_and_nothing_else() {
    let (world, project, list) = fixture();
    let member = world.member(&project, "viewer");
    let read = |world: &World| world.send(get(&list).token(&world.admin)).expect(200);
    let first = read(&world);
    let known = tag(&first);
    assert!(known.starts_with("W/\"") && known.ends_with('"'), "{known}");
    assert_eq!(tag(&read(&world)), known);
    world.later(3_600);
    assert_eq!(tag(&read(&world)), known);
    let other = world.send(get(&list).token(&member.token)).expect(200);
    assert_eq!(tag(&other), known);
    // Keyed: not what anybody could compute from the body.
    let plain = server::crypto::digest::of_parts(&[first.text.as_bytes()]);
    assert!(!known.contains(&data_encoding::HEXLOWER.encode(&plain[..8])));

    let (admin, organization) = (world.admin.clone(), world.organization.clone());
    let (refresh, root) = (world.refresh.clone(), world.root.clone());
    let world = World {
        app: world.app.reopened(),
        organization,
        admin,
        refresh,
        root,
    };
    assert_eq!(tag(&read(&world)), known, "after a restart");

    let body = json!({"projectId": project.id, "environment": "dev", "secretValue": "changed"});
    world
        .send(patch("/api/v4/secrets/A", &body).token(&world.admin))
        .expect(200);
    assert_ne!(tag(&read(&world)), known);
}

#[test]
fn what_is_known_does_not_travel_again_but_is_on_record() {
    let (world, _, list) = fixture();
    let known = tag(&world.send(get(&list).token(&world.admin)).expect(200));
    let bare = known.trim_start_matches("W/").to_owned();
    for tags in [
        known.clone(),
        bare,
        "*".to_owned(),
        format!("\"x\", {known}"),
        format!("W/\"x\",{known}, \"y\""),
    ] {
        world.later(11);
        let before = world.events().len();
        let reply = world.send(get(&list).header("if-none-match", &tags).token(&world.admin));
        assert_eq!((reply.status, reply.text.as_str()), (304, ""), "{tags}");
        assert_eq!(tag(&reply), known);
        assert_eq!(reply.headers["cache-control"], "no-store");
        assert!(!reply.headers.contains_key("content-type"));
        assert_eq!(world.events()[before..], ["secret.list"], "{tags}");
    }
    for tags in ["", "\"x\"", "W/\"\"", &known[..known.len() - 3]] {
        world
            .send(get(&list).header("if-none-match", tags).token(&world.admin))
            .expect(200);
    }
}

#[test]
fn everything_that_is_read_with_a_credential_has_a_tag() {
    let (world, project, list) = fixture();
    let token = world.service_token(&project, &["dev:/"], &["read"]);
    let id = &project.id;
    for path in [
        list.clone(),
        format!("/api/v3/secrets/raw?workspaceId={id}&environment=dev"),
        format!("/api/v3/secrets/raw/A?workspaceId={id}&environment=dev"),
        format!("/api/v4/secrets/A?projectId={id}&environment=dev"),
        format!("/api/v1/folders?workspaceId={id}&environment=dev"),
        format!("/api/v2/folders?projectId={id}&environment=dev"),
        format!("/api/v1/secret-imports?projectId={id}&environment=dev"),
        "/api/v2/service-token".to_owned(),
    ] {
        let reply = world.send(get(&path).token(&token)).expect(200);
        let again = world.send(get(&path).header("if-none-match", &tag(&reply)).token(&token));
        assert!(
            again.status == 304 || path.ends_with("service-token"),
            "{path}: {}",
            again.text
        );
    }
    // Nothing open has one, and nothing refused.
    for path in ["/api/status", list.as_str()] {
        assert!(!world.send(get(path)).headers.contains_key("etag"), "{path}");
    }
}
