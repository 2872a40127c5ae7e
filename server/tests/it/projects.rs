//! Projects and their environments.

use serde_json::{Value, json};
use shared::model::access::OrganizationRole;

use crate::app::{Call, Project, World, delete, get, patch, post};
use crate::scenario::{accepted, play, refused};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

fn create(world: &World, body: &Value) -> Call {
    post("/api/v2/workspace", body).token(&world.admin)
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
fn a_protected_project_is_not_deleted() {
    let world = World::new();
    let reply = world
        .send(create(
            &world,
            &json!({"projectName": "Vault", "hasDeleteProtection": true}),
        ))
        .expect(200);
    assert_eq!(reply.json["project"]["hasDeleteProtection"], true);
    let id = reply.at("/project/id");
    let slug = reply.at("/project/slug");
    let admin = world.admin.as_str();
    let mut rows: Vec<_> = [
        format!("/api/v1/projects/{id}"),
        format!("/api/v1/workspace/{id}"),
        format!("/api/v2/workspace/{slug}"),
    ]
    .into_iter()
    .map(|path| {
        refused(
            "protected",
            Call::new("DELETE", &path).token(admin),
            400,
            "hasDeleteProtection: false",
        )
    })
    .collect();
    rows.extend([
        accepted(
            "lift it",
            patch(
                &format!("/api/v1/projects/{id}"),
                &json!({"hasDeleteProtection": false}),
            )
            .token(admin),
            &["project.update"],
        )
        .saying(&["\"hasDeleteProtection\":false"]),
        accepted(
            "now",
            Call::new("DELETE", &format!("/api/v2/workspace/{slug}")).token(admin),
            &["project.delete"],
        )
        .saying(&["{\"id\":"]),
    ]);
    play(&world, rows);
}

#[test]
fn a_project_is_changed_in_the_spelling_of_v2() {
    let world = World::new();
    let project = world.project("Web");
    let other = world.project("Other");
    let path = format!("/api/v2/workspace/{}", project.slug);
    let admin = world.admin.as_str();
    let change = |body: Value| patch(&path, &body).token(admin);
    play(
        &world,
        vec![
            refused(
                "a taken slug",
                change(json!({"slug": other.slug})),
                400,
                "exists already",
            ),
            refused("a bad slug", change(json!({"slug": "Bad Slug!"})), 422, "slug"),
            refused(
                "capitals as a word",
                change(json!({"autoCapitalization": "no"})),
                422,
                "autoCapitalization",
            ),
            accepted(
                "bare",
                change(json!({"name": "Shop", "autoCapitalization": false, "description": "ours"})),
                &["project.update"],
            )
            .saying(&["{\"id\":", "\"autoCapitalization\":false", "ours"]),
            accepted(
                "absent and empty fields stay",
                change(json!({"name": "", "slug": "", "kmsKeyId": null})),
                &["project.update"],
            )
            .saying(&["\"Shop\"", "\"autoCapitalization\":false", "ours", &project.slug]),
            accepted(
                "null removes the description",
                change(json!({"description": null})),
                &["project.update"],
            )
            .saying(&["\"description\":null"]),
            accepted(
                "another slug",
                change(json!({"slug": "web-shop"})),
                &["project.update"],
            ),
            refused("the old one", get(&path).token(admin), 404, "NotFound"),
            accepted("the new one", get("/api/v2/workspace/web-shop").token(admin), &[])
                .saying(&[&project.id]),
        ],
    );
}

#[test]
fn the_wish_for_audit_retention_is_kept() {
    let world = World::new();
    let project = world.project("Web");
    let path = format!("/api/v1/workspace/{}/audit-logs-retention", project.slug);
    let put = |body: Value| Call::new("PUT", &path).json(&body).token(&world.admin);
    play(
        &world,
        vec![
            refused("nothing", put(json!({})), 422, "auditLogsRetentionDays"),
            refused(
                "a word",
                put(json!({"auditLogsRetentionDays": "7"})),
                422,
                "auditLogsRetentionDays",
            ),
            refused(
                "before the start",
                put(json!({"auditLogsRetentionDays": -1})),
                422,
                "0 to 3650",
            ),
            refused(
                "for ever",
                put(json!({"auditLogsRetentionDays": i64::MAX})),
                422,
                "0 to 3650",
            ),
            accepted(
                "a month",
                put(json!({"auditLogsRetentionDays": 30})),
                &["project.update"],
            )
            .saying(&["\"message\":", "\"workspace\":{", "\"auditLogsRetentionDays\":30"]),
        ],
    );
    let reply = world
        .send(get(&format!("/api/v1/projects/{}", project.id)).token(&world.admin))
        .expect(200);
    assert_eq!(reply.json["project"]["auditLogsRetentionDays"], 30);
}

#[test]
fn lists_of_projects_are_filtered_by_type_and_show_roles_when_asked() {
    let world = World::new();
    let project = world.project("Web");
    let machine = world.member(&project, "viewer");
    for (query, found) in [
        ("", 1),
        ("?type=", 1),
        ("?type=all", 1),
        ("?type=secret-manager&includeRoles=false", 1),
        ("?type=cert-manager", 0),
    ] {
        for token in [&world.admin, &machine.token] {
            for (path, key) in [
                ("/api/v1/workspace", "workspaces"),
                ("/api/v1/projects", "projects"),
            ] {
                let reply = world
                    .send(get(&format!("{path}{query}")).token(token))
                    .expect(200);
                let list = reply.json[key].as_array().unwrap();
                assert_eq!(list.len(), found, "{path}{query}");
                for project in list {
                    assert_eq!(project["orgId"], world.organization.as_str());
                    assert_eq!(project["roles"], Value::Null);
                }
            }
        }
    }
    let reply = world
        .send(get("/api/v1/workspace?includeRoles=true").token(&world.admin))
        .expect(200);
    let roles = reply.json["workspaces"][0]["roles"].as_array().unwrap();
    let slugs: Vec<&Value> = roles.iter().map(|role| &role["slug"]).collect();
    assert_eq!(slugs, ["no-access", "viewer", "member", "admin"]);
    world
        .send(get("/api/v1/workspace?includeRoles=maybe").token(&world.admin))
        .refused(422, "ValidationFailure");
    world
        .send(create(&world, &json!({"projectName": "Keys", "type": "kms"})))
        .refused(400, "BadRequest");
    world
        .send(create(
            &world,
            &json!({
                "projectName": "Terraform", "type": "secret-manager", "slug": "", "template": "default",
                "kmsKeyId": null, "organizationSlug": "x", "projectDescription": "",
            }),
        ))
        .expect(200);
}

#[test]
fn an_organization_lists_its_projects_for_their_members() {
    let world = World::new();
    let project = world.project("Web");
    let path = format!("/api/v2/organizations/{}/workspaces", world.organization);
    let reply = world.send(get(&path).token(&world.admin)).expect(200);
    let listed = &reply.json["workspaces"][0];
    assert_eq!(listed["id"], project.id.as_str());
    assert_eq!(listed["_id"], project.id.as_str());
    assert_eq!(listed["organization"], world.organization.as_str());
    assert_eq!(listed["environments"][0]["slug"], "dev");
    let person = world.person("p@example.com", OrganizationRole::Admin);
    let reply = world.send(get(&path).token(&person)).expect(200);
    assert_eq!(reply.json, json!({"workspaces": []}));
    let foreign = crate::login::foreign_organization(&world);
    for other in [foreign.as_str(), NOBODY, "home-lab"] {
        world
            .send(get(&format!("/api/v2/organizations/{other}/workspaces")).token(&world.admin))
            .refused(403, "ForbiddenRequestError");
    }
    let accessible = world
        .send(get("/api/v1/organization/accessible-with-sub-orgs").token(&world.admin))
        .expect(200);
    let organization = &accessible.json["organizations"][0];
    assert_eq!(organization["id"], world.organization.as_str());
    assert_eq!(organization["subOrganizations"], json!([]));
    assert_eq!(accessible.json["organizations"].as_array().unwrap().len(), 1);
}

fn listed(world: &World, project: &Project) -> Vec<Value> {
    let reply = world
        .send(get(&format!("/api/v1/projects/{}", project.id)).token(&world.admin))
        .expect(200);
    reply.json["project"]["environments"].as_array().unwrap().clone()
}

/// The slugs of a project's environments in their order.
pub fn slugs(world: &World, project: &Project) -> Vec<String> {
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
