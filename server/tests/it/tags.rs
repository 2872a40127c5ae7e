//! Tags of projects.

use serde_json::{Value, json};

use crate::app::{Call, Project, World, get, patch, post};
use crate::scenario::{accepted, play, refused};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

fn older(project: &Project) -> String {
    format!("/api/v1/workspace/{}/tags", project.id)
}

fn newer(project: &Project) -> String {
    format!("/api/v1/projects/{}/tags", project.id)
}

fn made(world: &World, project: &Project, slug: &str) -> String {
    world
        .send(post(&newer(project), &json!({"slug": slug, "color": "#ff0000"})).token(&world.admin))
        .expect(200)
        .at("/tag/id")
}

#[test]
fn unacceptable_tags_are_refused() {
    let world = World::new();
    let project = world.project("Web");
    let other = world.project("Other");
    let id = made(&world, &project, "backend");
    made(&world, &project, "frontend");
    let foreign = made(&world, &other, "backend");
    let admin = world.admin.as_str();
    let create = |body: Value| post(&newer(&project), &body).token(admin);
    let one = |id: &str| format!("{}/{id}", older(&project));
    let mut rows = vec![
        refused(
            "twice",
            create(json!({"slug": " BackEnd", "color": ""})),
            400,
            "Tag already exist",
        ),
        refused("no colour", create(json!({"slug": "x"})), 422, "color"),
        refused(
            "colour null",
            create(json!({"slug": "x", "color": null})),
            422,
            "color",
        ),
        refused(
            "a control character",
            create(json!({"slug": "x", "color": "\u{1b}"})),
            422,
            "color",
        ),
        refused("no slug", create(json!({"color": ""})), 422, "slug"),
        refused(
            "a slug that another has",
            patch(&one(&id), &json!({"slug": "frontend"})).token(admin),
            400,
            "Tag already exist",
        ),
        refused(
            "a bad slug",
            patch(&one(&id), &json!({"slug": "a b"})).token(admin),
            422,
            "slug",
        ),
        refused("an unknown id", get(&one(NOBODY)).token(admin), 404, "NotFound"),
        refused("no id", get(&one("backend")).token(admin), 404, "NotFound"),
        refused(
            "an unknown project",
            get(&format!("/api/v1/projects/{NOBODY}/tags")).token(admin),
            404,
            "NotFound",
        ),
        refused(
            "of another project",
            get(&one(&foreign)).token(admin),
            404,
            "NotFound",
        ),
        refused(
            "changing it",
            patch(&one(&foreign), &json!({"color": "x"})).token(admin),
            404,
            "NotFound",
        ),
        refused(
            "deleting it",
            Call::new("DELETE", &one(&foreign)).token(admin),
            404,
            "NotFound",
        ),
    ];
    let long = "s".repeat(33);
    for slug in ["", " ", "bad slug!", "-a", "a-", "a/b", "ä", &long] {
        rows.push(refused(
            "slug",
            create(json!({"slug": slug, "color": ""})),
            422,
            "slug",
        ));
    }
    // The command line makes a tag when, and only when, it is not found: nothing else may be answered here.
    for slug in ["nope", "bad%20slug!", "%2e%2e", &long, "%00"] {
        for base in [older(&project), newer(&project)] {
            rows.push(refused(
                "an unknown slug",
                get(&format!("{base}/slug/{slug}")).token(admin),
                404,
                "NotFound",
            ));
        }
    }
    play(&world, rows);
}

#[test]
fn tags_are_made_changed_and_deleted_in_both_spellings() {
    let world = World::new();
    let project = world.project("Web");
    let admin = world.admin.as_str();
    let machine = world.member(&project, "member");
    let (older, newer) = (older(&project), newer(&project));
    let reply = world
        .send(post(&older, &json!({"slug": " Backend ", "color": "#ff0000"})).token(admin))
        .expect(200);
    let tag = &reply.json["workspaceTag"];
    assert_eq!(tag["slug"], "backend");
    assert_eq!(tag["name"], "backend");
    assert_eq!(tag["projectId"], project.id.as_str());
    assert_eq!(tag["createdByActorType"], "user");
    let id = reply.at("/workspaceTag/id");
    let reply = world
        .send(post(&newer, &json!({"slug": "frontend", "color": ""})).token(&machine.token))
        .expect(200);
    assert_eq!(reply.json["tag"]["color"], "");
    assert_eq!(reply.json["tag"]["createdBy"], machine.id.as_str());
    assert_eq!(reply.json["tag"]["createdByActorType"], "identity");
    for (address, key) in [(&older, "workspaceTags"), (&newer, "tags")] {
        let reply = world.send(get(address).token(admin)).expect(200);
        let tags = reply.json[key].as_array().unwrap();
        let slugs: Vec<&Value> = tags.iter().map(|tag| &tag["slug"]).collect();
        assert_eq!(slugs, ["backend", "frontend"]);
    }
    for (base, key) in [(&older, "workspaceTag"), (&newer, "tag")] {
        for address in [format!("{base}/{id}"), format!("{base}/slug/BACKEND/")] {
            let reply = world.send(get(&address).token(admin)).expect(200);
            assert_eq!(reply.json[key]["id"], id.as_str(), "{address}");
        }
    }
    let one = format!("{older}/{id}");
    let by_slug = format!("/api/v1/projects/{}/tags/slug/backend2", project.slug);
    play(
        &world,
        vec![
            accepted(
                "a slug",
                patch(&one, &json!({"slug": "backend2"})).token(admin),
                &["tag.update"],
            )
            .saying(&["workspaceTag", "backend2", "#ff0000"]),
            accepted(
                "a colour",
                patch(&format!("{newer}/{id}"), &json!({"color": "#0000ff"})).token(admin),
                &["tag.update"],
            )
            .saying(&["\"tag\"", "backend2", "#0000ff"]),
            accepted("by the project's slug", get(&by_slug).token(admin), &[]).saying(&[&id]),
            accepted("delete", Call::new("DELETE", &one).token(admin), &["tag.delete"]).saying(&[&id]),
            refused("gone", get(&one).token(admin), 404, "NotFound"),
            refused("by slug", get(&by_slug).token(admin), 404, "NotFound"),
            refused("twice", Call::new("DELETE", &one).token(admin), 404, "NotFound"),
        ],
    );
    // Its slug is free again.
    assert_ne!(made(&world, &project, "backend2"), id);
}

#[test]
fn who_may_do_what_with_tags() {
    let world = World::new();
    let project = world.project("Web");
    let other = world.project("Other");
    let id = made(&world, &project, "backend");
    let stranger = world.member(&other, "admin");
    let none = world.member(&project, "no-access");
    let viewer = world.member(&project, "viewer");
    let member = world.member(&project, "member");
    for (number, base) in [older(&project), newer(&project)].into_iter().enumerate() {
        for path in ["", "/slug/backend", "/slug/unknown", &format!("/{id}")] {
            let call = get(&format!("{base}{path}"));
            world
                .send(call.clone().token(&stranger.token))
                .refused(403, "ForbiddenRequestError");
            world
                .send(call.clone().token(&none.token))
                .refused(403, "PermissionDenied");
            let found = if path.ends_with("unknown") { 404 } else { 200 };
            world.send(call.token(&viewer.token)).expect(found);
        }
        let fresh = made(&world, &project, &format!("t{number}"));
        for call in [
            post(&base, &json!({"slug": format!("new{number}"), "color": ""})),
            patch(&format!("{base}/{fresh}"), &json!({"color": "x"})),
            Call::new("DELETE", &format!("{base}/{fresh}")),
        ] {
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
    }
}
