//! Members of projects: people and machine identities, in every spelling; nobody grants what he does not hold, and the
//! last administrator stays.

use serde_json::{Value, json};
use server::domain::users::{self, NewUser};
use shared::model::access::{OrganizationRole, ProjectRole};

use crate::app::{CANARY, Call, EMAIL, Project, World, delete, get, patch, post};
use crate::machines::NOBODY;
use crate::scenario::{accepted, play, refused};

fn people(project: &Project) -> String {
    format!("/api/v2/workspace/{}/memberships", project.id)
}

fn listed(project: &Project) -> String {
    format!("/api/v1/workspace/{}/memberships", project.id)
}

/// Id of somebody's membership.
fn membership(world: &World, project: &Project, email: &str) -> String {
    let path = format!("{}/details", listed(project));
    world
        .send(post(&path, &json!({"username": email})).token(&world.admin))
        .expect(200)
        .at("/membership/id")
}

#[test]
fn people_come_into_a_project_and_leave_it() {
    let world = World::new();
    let project = world.project("Web");
    world.put(&project, "A", CANARY);
    let dev = world.person("dev@example.com", OrganizationRole::NoAccess);
    world.person("ops@example.com", OrganizationRole::NoAccess);
    let admin = world.admin.as_str();
    let add = |body: Value| post(&people(&project), &body).token(admin);
    let remove = |body: Value| delete(&people(&project), &body).token(admin);
    play(
        &world,
        vec![
            refused("nobody", add(json!({})), 400, "emails or usernames"),
            refused(
                "an empty list",
                add(json!({"emails": []})),
                400,
                "emails or usernames",
            ),
            refused("no address", add(json!({"emails": ["dev"]})), 422, "emails"),
            refused(
                "a stranger among them",
                add(json!({"emails": ["dev@example.com", "nobody@example.com"]})),
                400,
                "nobody@example.com",
            ),
            refused(
                "an unknown role",
                add(json!({"emails": ["dev@example.com"], "roleSlugs": ["emperor"]})),
                404,
                "Specified role was not found",
            ),
            refused(
                "two roles",
                add(json!({"emails": ["dev@example.com"], "roleSlugs": ["member", "viewer"]})),
                400,
                "one role",
            ),
            refused(
                "not there yet",
                remove(json!({"emails": ["dev@example.com"]})),
                404,
                "NotFound",
            ),
            accepted(
                "two at once, each once",
                add(json!({
                    "emails": ["dev@example.com", "DEV@example.com "], "usernames": ["ops@example.com"],
                    "roleSlugs": ["viewer"],
                })),
                &["project.member.add", "project.member.add"],
            )
            .saying(&["\"memberships\":[{", "\"userId\"", "\"projectId\""]),
            refused(
                "again",
                add(json!({"emails": ["dev@example.com"]})),
                400,
                "already",
            ),
            accepted("list", get(&listed(&project)).token(&dev), &[]).saying(&[
                EMAIL,
                "dev@example.com",
                "ops@example.com",
                "\"isTemporary\":false",
                "\"customRoleSlug\":null",
            ]),
        ],
    );
    assert!(world.read(&project, "A", &dev).expect(200).text.contains(CANARY));
    let id = membership(&world, &project, "dev@example.com");
    let one = format!("{}/{id}", listed(&project));
    play(
        &world,
        vec![
            refused(
                "no longer temporary than for ever",
                patch(&one, &json!({"roles": [{"role": "member", "isTemporary": true}]})).token(admin),
                400,
                "isTemporary",
            ),
            refused("no role", patch(&one, &json!({})).token(admin), 422, "roles"),
            accepted(
                "more than to read",
                patch(&one, &json!({"roles": [{"role": "member"}]})).token(admin),
                &["project.member.role"],
            )
            .saying(&["\"roles\":[{", "\"role\":\"member\""]),
            refused(
                "one of them is no member",
                remove(json!({"emails": ["dev@example.com", "nobody@example.com"]})),
                404,
                "nobody@example.com",
            ),
            accepted("he is still there", get(&listed(&project)).token(&dev), &[])
                .saying(&["dev@example.com"]),
            accepted(
                "out",
                remove(json!({"usernames": ["dev@example.com"]})),
                &["project.member.remove"],
            )
            .saying(&["\"memberships\":[{"]),
        ],
    );
    world
        .read(&project, "A", &dev)
        .refused(403, "ForbiddenRequestError");
}

#[test]
fn only_administrators_of_the_project_touch_its_members() {
    let world = World::new();
    let project = world.project("Web");
    let boss = world.person("boss@example.com", OrganizationRole::Admin);
    let own = membership(&world, &project, EMAIL);
    let calls = |email: &str| {
        vec![
            post(
                &people(&project),
                &json!({"emails": [email], "roleSlugs": ["no-access"]}),
            ),
            delete(&people(&project), &json!({"emails": [EMAIL]})),
            patch(&format!("{}/{own}", listed(&project)), &json!({"role": "viewer"})),
        ]
    };
    // Who is no member, whatever he is in the organization, lets neither himself nor others in.
    for call in calls("boss@example.com") {
        world
            .send(call.token(&boss))
            .refused(403, "ForbiddenRequestError");
    }
    for role in [ProjectRole::NoAccess, ProjectRole::Viewer, ProjectRole::Member] {
        let email = format!("{role}@example.com");
        let token = world.person(&email, OrganizationRole::NoAccess);
        world.join_person(&project, &token, role);
        for call in calls("boss@example.com") {
            world.send(call.token(&token)).refused(403, "PermissionDenied");
        }
        let expected = if role == ProjectRole::NoAccess { 403 } else { 200 };
        let reply = world.send(get(&listed(&project)).token(&token));
        assert_eq!(reply.status, expected, "{}", reply.text);
    }
}

/// Ids were taken for permission: somebody else's object was reached by naming it.
#[test]
fn cve_2026_27898_a_membership_of_another_project_is_not_reached() {
    let world = World::new();
    let (one, two) = (world.project("One"), world.project("Two"));
    let dev = world.person("dev@example.com", OrganizationRole::NoAccess);
    world.join_person(&one, &dev, ProjectRole::Admin);
    let foreign = membership(&world, &two, EMAIL);
    for project in [&one.id, &one.slug] {
        let path = format!("/api/v1/workspace/{project}/memberships/{foreign}");
        world
            .send(patch(&path, &json!({"role": "no-access"})).token(&dev))
            .refused(404, "NotFound");
    }
    let path = format!("/api/v1/workspace/{}/memberships/{foreign}", two.id);
    world
        .send(patch(&path, &json!({"role": "no-access"})).token(&dev))
        .refused(403, "ForbiddenRequestError");
    // Nor is the membership of a machine one of a person.
    let machine = world.member(&one, "viewer");
    let of_machine = world
        .send(
            get(&format!(
                "/api/v2/workspace/{}/identity-memberships/{}",
                one.id, machine.id
            ))
            .token(&world.admin),
        )
        .expect(200)
        .at("/identityMembership/id");
    for id in [of_machine.as_str(), NOBODY] {
        let path = format!("{}/{id}", listed(&one));
        world
            .send(patch(&path, &json!({"role": "admin"})).token(&world.admin))
            .refused(404, "NotFound");
    }
}

/// A bulk request escaped the checks of its parts.
#[test]
fn cve_2026_27802_one_foreign_member_refuses_the_whole() {
    let world = World::new();
    let project = world.project("Web");
    world.person("dev@example.com", OrganizationRole::NoAccess);
    let foreign = crate::login::foreign_organization(&world).parse().unwrap();
    let stranger = NewUser {
        email: "stranger@example.com".parse().unwrap(),
        first_name: String::new(),
        last_name: String::new(),
        password_hash: String::new(),
        instance_admin: false,
    };
    world
        .wait(
            world
                .app
                .app
                .write(move |cx| users::create(cx, &stranger, foreign, OrganizationRole::Admin)),
        )
        .unwrap();
    let body = json!({"emails": ["dev@example.com", "stranger@example.com"], "roleSlugs": ["admin"]});
    world
        .send(post(&people(&project), &body).token(&world.admin))
        .refused(400, "BadRequest");
    let list = world.send(get(&listed(&project)).token(&world.admin)).expect(200);
    assert_eq!(list.json["memberships"].as_array().unwrap().len(), 1);
    assert!(!world.events().contains(&"project.member.add".to_owned()));
}

/// A role in another case or with spaces passed for another one.
#[test]
fn cve_2025_5999_roles_are_compared_as_they_are() {
    let world = World::new();
    let project = world.project("Web");
    let machine = world.machine("ci", "no-access");
    let path = format!(
        "/api/v2/workspace/{}/identity-memberships/{}",
        project.id, machine.id
    );
    for role in [
        "Admin",
        "ADMIN",
        "admi\u{200b}n",
        "\u{ff41}dmin",
        "admin,viewer",
        "root",
    ] {
        world
            .send(post(&path, &json!({"role": role})).token(&world.admin))
            .refused(404, "NotFound");
    }
    world
        .send(get(&path).token(&world.admin))
        .refused(404, "NotFound");
}

#[test]
fn the_last_administrator_stays() {
    let world = World::new();
    let project = world.project("Web");
    let dev = world.person("dev@example.com", OrganizationRole::NoAccess);
    world.join_person(&project, &dev, ProjectRole::Member);
    let own = format!("{}/{}", listed(&project), membership(&world, &project, EMAIL));
    let other = format!(
        "{}/{}",
        listed(&project),
        membership(&world, &project, "dev@example.com")
    );
    let admin = world.admin.as_str();
    let everybody = json!({"emails": ["dev@example.com", EMAIL]});
    play(
        &world,
        vec![
            refused(
                "demoted",
                patch(&own, &json!({"role": "member"})).token(admin),
                400,
                "last administrator",
            ),
            refused(
                "removed",
                delete(&people(&project), &json!({"emails": [EMAIL]})).token(admin),
                400,
                "last administrator",
            ),
            accepted(
                "given what he has",
                patch(&own, &json!({"role": "admin"})).token(admin),
                &["project.member.role"],
            ),
            accepted(
                "a second one",
                patch(&other, &json!({"role": "admin"})).token(admin),
                &["project.member.role"],
            ),
            refused(
                "both at once",
                delete(&people(&project), &everybody).token(admin),
                400,
                "last administrator",
            ),
            accepted(
                "the first",
                patch(&own, &json!({"role": "viewer"})).token(admin),
                &["project.member.role"],
            ),
            refused(
                "he is none any more",
                patch(&own, &json!({"role": "admin"})).token(admin),
                403,
                "PermissionDenied",
            ),
            refused(
                "the second is the last now",
                patch(&other, &json!({"role": "viewer"})).token(&dev),
                400,
                "last administrator",
            ),
        ],
    );
}

#[test]
fn two_administrators_do_not_leave_at_once() {
    for _ in 0..4 {
        let world = World::new();
        let project = world.project("Web");
        let dev = world.person("dev@example.com", OrganizationRole::NoAccess);
        world.join_person(&project, &dev, ProjectRole::Admin);
        let leave =
            |email: &str, token: &str| delete(&people(&project), &json!({"emails": [email]})).token(token);
        let replies = world.send_together(vec![leave(EMAIL, &world.admin), leave("dev@example.com", &dev)]);
        let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400]);
    }
}

#[test]
fn a_machine_is_the_last_administrator_too() {
    let world = World::new();
    let project = world.project("Web");
    let machine = world.member(&project, "admin");
    let path = format!(
        "/api/v2/workspace/{}/identity-memberships/{}",
        project.id, machine.id
    );
    world
        .send(delete(&people(&project), &json!({"emails": [EMAIL]})).token(&machine.token))
        .expect(200);
    world
        .send(patch(&path, &json!({"role": "member"})).token(&machine.token))
        .refused(400, "BadRequest");
    world
        .send(Call::new("DELETE", &path).token(&machine.token))
        .refused(400, "BadRequest");
    // Let back in by the machine, the person may take it out.
    world
        .send(
            post(
                &people(&project),
                &json!({"emails": [EMAIL], "roleSlugs": ["admin"]}),
            )
            .token(&machine.token),
        )
        .expect(200);
    world
        .send(Call::new("DELETE", &path).token(&world.admin))
        .expect(200);
}

#[test]
fn identities_are_members_in_both_spellings() {
    let world = World::new();
    let project = world.project("Web");
    world.put(&project, "A", CANARY);
    let machine = world.machine("ci", "no-access");
    for project_word in [&project.id, &project.slug] {
        let newer = format!(
            "/api/v1/projects/{project_word}/memberships/identities/{}",
            machine.id
        );
        let older = format!(
            "/api/v2/workspace/{project_word}/identity-memberships/{}",
            machine.id
        );
        world
            .send(post(&newer, &json!({"role": "viewer"})).token(&world.admin))
            .expect(200);
        world.read(&project, "A", &machine.token).expect(200);
        let (one, two) = (
            world.send(get(&newer).token(&world.admin)).expect(200),
            world.send(get(&older).token(&world.admin)).expect(200),
        );
        assert_eq!(one.json, two.json);
        let role = &one.json["identityMembership"]["roles"][0];
        assert_eq!(role["role"], "viewer");
        assert_eq!(role["temporaryRange"], Value::Null);
        world
            .send(patch(&newer, &json!({"roles": [{"role": "member"}]})).token(&world.admin))
            .expect(200);
        let list = world
            .send(get(&format!("/api/v1/projects/{project_word}/memberships/identities")).token(&world.admin))
            .expect(200);
        assert_eq!(list.json["totalCount"], 1);
        world
            .send(Call::new("DELETE", &newer).token(&world.admin))
            .expect(200);
        world
            .send(get(&older).token(&world.admin))
            .refused(404, "NotFound");
    }
}
