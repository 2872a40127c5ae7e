//! Projects and their environments.

use serde_json::{Value, json};
use shared::model::access::OrganizationRole;

use crate::app::{Call, Project, World, delete, get, patch, post};
use crate::scenario::{accepted, play, refused};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

fn create(world: &World, body: &Value) -> Call {
    post("/api/v2/workspace", body).token(&world.admin)
}

fn environments(project: &Project) -> String {
    format!("/api/v1/projects/{}/environments", project.id)
}

#[test]
fn unacceptable_projects_are_refused() {
    let world = World::new();
    world
        .send(create(
            &world,
            &json!({"projectName": "First", "slug": "first-one"}),
        ))
        .expect(200);
    let long = "x".repeat(65);
    let with_slug = |slug: &str| create(&world, &json!({"projectName": "Second", "slug": slug}));
    let named = |name: &str| create(&world, &json!({"projectName": name}));
    let nobody = world.machine("ci", "no-access");
    play(
        &world,
        vec![
            refused("the same slug", with_slug("first-one"), 400, "first-one"),
            refused("a short slug", with_slug("four"), 422, "slug"),
            refused("a long slug", with_slug(&"s".repeat(37)), 422, "slug"),
            refused("capitals", with_slug("First-One"), 422, "slug"),
            refused("a slug with a slash", with_slug("../../etc"), 422, "slug"),
            refused("no name", create(&world, &json!({})), 422, "projectName"),
            refused("an empty name", named(" "), 422, "projectName"),
            refused("a long name", named(&long), 422, "projectName"),
            refused("a control character", named("a\u{0}b"), 422, "projectName"),
            refused(
                "a number",
                create(&world, &json!({"projectName": 7})),
                422,
                "projectName",
            ),
            refused(
                "NUL in the description",
                create(
                    &world,
                    &json!({"projectName": "x", "projectDescription": "a\u{0}b"}),
                ),
                422,
                "projectDescription",
            ),
            refused(
                "a role that makes none",
                post("/api/v1/projects", &json!({"projectName": "x"})).token(&nobody.token),
                403,
                "PermissionDenied",
            ),
            accepted("an empty slug is none", with_slug(""), &["project.create"]).saying(&["second-"]),
            accepted(
                "without environments",
                create(
                    &world,
                    &json!({"projectName": "Ω", "shouldCreateDefaultEnvs": false}),
                ),
                &["project.create"],
            )
            .saying(&["\"environments\":[]", "project-"]),
        ],
    );
}

#[test]
fn a_project_is_found_by_id_slug_and_unique_name() {
    let world = World::new();
    let project = world.project("Web Shop");
    let other = world.project("Other");
    for reference in [project.id.as_str(), &project.slug, "Web%20Shop"] {
        for path in [
            format!("/api/v1/projects/{reference}"),
            format!("/api/v1/projects/slug/{reference}"),
            format!("/api/v1/workspace/{reference}"),
            format!("/api/v2/workspace/{reference}"),
        ] {
            let reply = world.send(get(&path).token(&world.admin)).expect(200);
            assert!(reply.text.contains(&project.id), "{path}: {}", reply.text);
            assert!(!reply.text.contains(&other.id), "{path}: {}", reply.text);
        }
    }
    // A second of the same name: the name means nothing any more, id and slug do.
    let twin = world.project("Web Shop");
    assert_ne!(twin.slug, project.slug);
    world
        .send(get("/api/v1/projects/Web%20Shop").token(&world.admin))
        .refused(400, "BadRequest");
    world
        .send(get(&format!("/api/v1/projects/{}", twin.slug)).token(&world.admin))
        .expect(200);
}

#[test]
fn strangers_learn_nothing_of_a_project() {
    let world = World::new();
    let project = world.project("Secret Plans");
    let person = world.person("dev@example.com", OrganizationRole::Member);
    let boss = world.person("boss@example.com", OrganizationRole::Admin);
    for token in [&person, &boss] {
        for reference in [project.id.as_str(), &project.slug] {
            let reply = world
                .send(get(&format!("/api/v1/projects/{reference}")).token(token))
                .refused(403, "ForbiddenRequestError");
            assert!(!reply.text.contains("Secret Plans"), "{}", reply.text);
        }
        // By name only members find it.
        for reference in [
            "Secret%20Plans",
            NOBODY,
            "nothing-here",
            "a%00b",
            "%0A",
            "%F0%9F%A6%80",
        ] {
            world
                .send(get(&format!("/api/v1/projects/{reference}")).token(token))
                .refused(404, "NotFound");
        }
        let list = world.send(get("/api/v1/projects").token(token)).expect(200);
        assert_eq!(list.json, json!({"projects": []}));
    }
    let list = world
        .send(get("/api/v1/workspace").token(&world.admin))
        .expect(200);
    assert_eq!(list.json["workspaces"][0]["_id"], project.id.as_str());
}

#[test]
fn a_member_without_access_sees_the_name_alone() {
    let world = World::new();
    let project = world.project("Web");
    let machine = world.member(&project, "no-access");
    let list = world
        .send(get("/api/v1/projects").token(&machine.token))
        .expect(200);
    assert_eq!(list.json["projects"][0]["name"], "Web");
    assert_eq!(list.json["projects"][0]["environments"], json!([]));
}

#[test]
fn a_project_is_changed_and_deleted_by_its_administrators() {
    let world = World::new();
    let project = world.project("Web");
    let member = world.member(&project, "member");
    let path = format!("/api/v1/projects/{}", project.id);
    let older = format!("/api/v1/workspace/{}", project.id);
    let admin = world.admin.as_str();
    play(
        &world,
        vec![
            refused(
                "a member",
                patch(&path, &json!({"name": "x"})).token(&member.token),
                403,
                "PermissionDenied",
            ),
            refused(
                "a member deletes",
                delete(&path, &json!({})).token(&member.token),
                403,
                "PermissionDenied",
            ),
            refused(
                "a long name",
                patch(&path, &json!({"name": "x".repeat(65)})).token(admin),
                422,
                "name",
            ),
            refused(
                "NUL",
                patch(&path, &json!({"description": "\u{0}"})).token(admin),
                422,
                "description",
            ),
            accepted(
                "a name",
                patch(&path, &json!({"name": "Shop"})).token(admin),
                &["project.update"],
            )
            .saying(&["\"project\":", "\"Shop\""]),
            accepted(
                "a description",
                patch(&older, &json!({"description": "for\nus"})).token(admin),
                &["project.update"],
            )
            .saying(&["\"workspace\":", "\"Shop\"", "for\\nus"]),
            accepted(
                "delete",
                Call::new("DELETE", &path).token(admin),
                &["project.delete"],
            ),
            refused("gone", get(&path).token(admin), 404, "NotFound"),
            refused("twice", Call::new("DELETE", &path).token(admin), 404, "NotFound"),
        ],
    );
    // Its slug is free again.
    let body = json!({"projectName": "Again", "slug": project.slug});
    world.send(create(&world, &body)).expect(200);
    let empty = format!("/api/v3/secrets/raw?workspaceId={}&environment=dev", project.id);
    world.send(get(&empty).token(admin)).refused(404, "NotFound");
}

#[test]
fn environments_are_made_renamed_moved_and_deleted() {
    let world = World::new();
    let project = world.project("Web");
    let other = world.project("Other");
    let path = environments(&project);
    let admin = world.admin.as_str();
    let add = |slug: &str, position: Value| {
        post(&path, &json!({"name": slug, "slug": slug, "position": position})).token(admin)
    };
    let member = world.member(&project, "member");
    play(
        &world,
        vec![
            refused(
                "a member",
                post(&path, &json!({"name": "a", "slug": "a"})).token(&member.token),
                403,
                "Permission",
            ),
            refused("a duplicate", add("dev", json!(null)), 400, "dev"),
            refused("a bad slug", add("Dev Two", json!(null)), 422, "slug"),
            refused("an empty slug", add("", json!(null)), 422, "name"),
            refused(
                "no slug",
                post(&path, &json!({"name": "x"})).token(admin),
                422,
                "slug",
            ),
            refused("a word as position", add("x", json!("first")), 422, "position"),
            accepted("first", add("test", json!(1)), &["environment.create"]).saying(&["\"position\":1"]),
            accepted(
                "far beyond the end",
                add("late", json!(1_000_000)),
                &["environment.create"],
            )
            .saying(&["\"position\":5"]),
            accepted(
                "before the start",
                add("early", json!(i64::MIN)),
                &["environment.create"],
            )
            .saying(&["\"position\":1"]),
        ],
    );
    assert_eq!(
        slugs(&world, &project),
        ["early", "test", "dev", "staging", "prod", "late"]
    );
    let late = environment_id(&world, &project, "late");
    let dev = environment_id(&world, &project, "dev");
    let elsewhere = environment_id(&world, &other, "dev");
    let one = |id: &str| format!("{path}/{id}");
    play(
        &world,
        vec![
            refused(
                "of another project",
                get(&one(&elsewhere)).token(admin),
                404,
                "NotFound",
            ),
            refused(
                "changing it",
                patch(&one(&elsewhere), &json!({"name": "x"})).token(admin),
                404,
                "NotFound",
            ),
            refused(
                "deleting it",
                delete(&one(&elsewhere), &json!({})).token(admin),
                404,
                "NotFound",
            ),
            refused("unknown", get(&one(NOBODY)).token(admin), 404, "NotFound"),
            refused("no id", get(&one("dev")).token(admin), 422, "environment"),
            refused(
                "a taken slug",
                patch(&one(&late), &json!({"slug": "dev"})).token(admin),
                400,
                "dev",
            ),
            accepted(
                "rename and move",
                patch(
                    &one(&late),
                    &json!({"name": "Last", "slug": "last", "position": 2}),
                )
                .token(admin),
                &["environment.update"],
            )
            .saying(&["\"Last\"", "\"position\":2"]),
            accepted("look", get(&one(&late)).token(&member.token), &[]).saying(&["last"]),
        ],
    );
    assert_eq!(
        slugs(&world, &project),
        ["early", "last", "test", "dev", "staging", "prod"]
    );
    world.put(&project, "A", crate::app::CANARY);
    world
        .send(Call::new("DELETE", &one(&dev)).token(admin))
        .expect(200);
    world.read(&project, "A", admin).refused(404, "NotFound");
    // Made anew it is empty.
    world.send(add("dev", json!(null))).expect(200);
    world.read(&project, "A", admin).refused(404, "NotFound");
}

fn listed(world: &World, project: &Project) -> Vec<Value> {
    let reply = world
        .send(get(&format!("/api/v1/projects/{}", project.id)).token(&world.admin))
        .expect(200);
    reply.json["project"]["environments"].as_array().unwrap().clone()
}

fn slugs(world: &World, project: &Project) -> Vec<String> {
    listed(world, project)
        .iter()
        .map(|environment| environment["slug"].as_str().unwrap().to_owned())
        .collect()
}

/// The id of an environment by its slug.
pub fn environment_id(world: &World, project: &Project, slug: &str) -> String {
    listed(world, project)
        .iter()
        .find(|environment| environment["slug"] == slug)
        .unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned()
}
