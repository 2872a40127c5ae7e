//! Environments of projects.

use serde_json::{Value, json};
use shared::model::access::OrganizationRole;

use crate::app::{CANARY, Call, Project, World, delete, get, patch, post};
use crate::projects::{environment_id, slugs};
use crate::scenario::{accepted, play, refused};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

fn environments(project: &Project) -> String {
    format!("/api/v1/projects/{}/environments", project.id)
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
    world.put(&project, "A", CANARY);
    world
        .send(Call::new("DELETE", &one(&dev)).token(admin))
        .expect(200);
    world.read(&project, "A", admin).refused(404, "NotFound");
    // Made anew it is empty.
    world.send(add("dev", json!(null))).expect(200);
    world.read(&project, "A", admin).refused(404, "NotFound");
}

/// Position and slug of each, from the rows.
fn positions(world: &World, project: &Project) -> Vec<(i64, String)> {
    let project = project.id.parse().unwrap();
    world.sql(move |tx| {
        let rows = crate::store::environments::list(tx, project)?;
        Ok(rows.into_iter().map(|row| (row.position, row.slug)).collect())
    })
}

#[test]
fn positions_have_no_gaps() {
    let world = World::new();
    let project = world.project("Web");
    let path = environments(&project);
    let admin = world.admin.as_str();
    let add = |slug: &str, position: Value| {
        let body = json!({"name": slug, "slug": slug, "position": position, "projectId": project.id});
        world.send(post(&path, &body).token(admin)).expect(200).json["environment"]["position"].clone()
    };
    let expect = |slugs: &[&str]| {
        let numbered: Vec<(i64, String)> = (1..).zip(slugs.iter().map(|slug| (*slug).to_owned())).collect();
        assert_eq!(positions(&world, &project), numbered);
    };
    expect(&["dev", "staging", "prod"]);
    assert_eq!(add("qa", json!(null)), 4);
    assert_eq!(add("test", json!(2)), 2);
    expect(&["dev", "test", "staging", "prod", "qa"]);
    let move_to = |slug: &str, position: i64| {
        let id = environment_id(&world, &project, slug);
        let reply = world
            .send(patch(&format!("{path}/{id}"), &json!({"position": position})).token(admin))
            .expect(200);
        assert_eq!(reply.json["workspace"], project.id.as_str());
        assert!(reply.at("/message").contains("updated"));
    };
    move_to("qa", 1);
    expect(&["qa", "dev", "test", "staging", "prod"]);
    move_to("dev", 4);
    expect(&["qa", "test", "staging", "dev", "prod"]);
    move_to("dev", 4);
    expect(&["qa", "test", "staging", "dev", "prod"]);
    // Terraform sends 0 when it changes something else.
    move_to("dev", 0);
    expect(&["qa", "test", "staging", "dev", "prod"]);
    let id = environment_id(&world, &project, "test");
    let reply = world
        .send(Call::new("DELETE", &format!("{path}/{id}")).token(admin))
        .expect(200);
    assert_eq!(reply.json["environment"]["position"], 2);
    expect(&["qa", "staging", "dev", "prod"]);
    assert_eq!(add("late", json!(null)), 5);
    assert_eq!(add("later", json!(0)), 6);
}

#[test]
fn an_environment_is_found_by_id_alone_and_by_slug() {
    let world = World::new();
    let project = world.project("Web");
    let id = environment_id(&world, &project, "prod");
    let by_id = format!("/api/v1/workspace/environments/{id}");
    let by_slug = |slug: &str| format!("/api/v1/projects/{}/environments/slug/{slug}", project.slug);
    let viewer = world.member(&project, "viewer");
    let none = world.member(&project, "no-access");
    let other = world.project("Other");
    let stranger = world.member(&other, "admin");
    let boss = world.person("boss@example.com", OrganizationRole::Admin);
    play(
        &world,
        vec![
            refused(
                "a stranger by id",
                get(&by_id).token(&stranger.token),
                404,
                "NotFound",
            )
            .hiding(&[&project.id]),
            refused(
                "an organization's administrator",
                get(&by_id).token(&boss),
                404,
                "NotFound",
            ),
            refused(
                "no access",
                get(&by_id).token(&none.token),
                403,
                "PermissionDenied",
            ),
            refused(
                "a stranger by slug",
                get(&by_slug("prod")).token(&stranger.token),
                403,
                "ForbiddenRequestError",
            ),
            refused(
                "no access by slug",
                get(&by_slug("prod")).token(&none.token),
                403,
                "PermissionDenied",
            ),
            refused("unknown", get(&by_slug("qa")).token(&viewer.token), 404, "'qa'"),
            refused(
                "no slug at all",
                get(&by_slug("%00")).token(&viewer.token),
                404,
                "NotFound",
            ),
            refused(
                "an unknown id",
                get(&format!("/api/v1/workspace/environments/{NOBODY}")).token(&viewer.token),
                404,
                "NotFound",
            ),
            refused(
                "no id",
                get("/api/v1/workspace/environments/prod").token(&viewer.token),
                422,
                "environment",
            ),
            accepted("by id", get(&by_id).token(&viewer.token), &[])
                .saying(&["\"environment\":{", "\"prod\""]),
            accepted("bare by slug", get(&by_slug("prod")).token(&viewer.token), &[])
                .saying(&["{\"id\":", &id]),
        ],
    );
    world
        .send(Call::new("DELETE", &format!("{}/{id}", environments(&project))).token(&world.admin))
        .expect(200);
    for path in [by_id, by_slug("prod"), by_slug("production")] {
        world
            .send(get(&path).token(&world.admin))
            .refused(404, "NotFound");
    }
}

#[test]
fn a_long_or_short_name_finds_the_one_environment_that_is_meant() {
    let world = World::new();
    let project = world.project("Web");
    let admin = world.admin.as_str();
    let put = |environment: &str, name: &str| {
        let body = json!({"workspaceId": project.slug, "environment": environment, "secretValue": CANARY});
        world
            .send(post(&format!("/api/v3/secrets/raw/{name}"), &body).token(admin))
            .expect(200)
            .at("/secret/environment")
    };
    let read = |environment: &str, name: &str| {
        let path = format!(
            "/api/v4/secrets/{name}?projectId={}&environment={environment}",
            project.id
        );
        world.send(get(&path).token(admin))
    };
    // Answers carry the slug that is stored.
    assert_eq!(put("production", "A"), "prod");
    assert_eq!(put("development", "A"), "dev");
    assert_eq!(put("stage", "A"), "staging");
    assert_eq!(read("prod", "A").expect(200).at("/secret/environment"), "prod");
    assert_eq!(
        read("production", "A").expect(200).at("/secret/environment"),
        "prod"
    );
    for environment in ["Production", "PROD", "testing", "product"] {
        read(environment, "A").refused(404, "NotFound");
    }
    let folder = json!({"workspaceId": project.id, "environment": "production", "name": "app"});
    world
        .send(post("/api/v1/folders", &folder).token(admin))
        .expect(200);
    let listed = world
        .send(
            get(&format!(
                "/api/v1/folders?workspaceId={}&environment=prod",
                project.id
            ))
            .token(admin),
        )
        .expect(200);
    assert_eq!(listed.json["folders"][0]["name"], "app");
    let reply = world
        .send(
            get(&format!(
                "/api/v1/projects/{}/environments/slug/production",
                project.id
            ))
            .token(admin),
        )
        .expect(200);
    assert_eq!(reply.at("/slug"), "prod");
    // Where both exist, each means itself.
    world
        .send(
            post(
                &environments(&project),
                &json!({"name": "P", "slug": "production"}),
            )
            .token(admin),
        )
        .expect(200);
    read("production", "A").refused(404, "NotFound");
    assert_eq!(put("production", "B"), "production");
    read("prod", "B").refused(404, "NotFound");
    read("prod", "A").expect(200);
}
