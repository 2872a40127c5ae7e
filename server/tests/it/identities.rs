//! Machine identities: made, changed, searched, deleted; what they may know of themselves.

use serde_json::{Value, json};
use shared::model::access::OrganizationRole;

use crate::app::{Call, Reply, World, delete, get, patch, post};
use crate::machines::{NOBODY, bare, me};
use crate::scenario::{accepted, play, refused};

const SEARCH: &str = "/api/v2/identities/search";

fn one(id: &str) -> String {
    format!("/api/v1/identities/{id}")
}

/// Names of the identities in a list, without the one that set-up made.
fn names(reply: &Reply) -> Vec<String> {
    let all = reply.json["identities"].as_array().unwrap();
    all.iter()
        .map(|row| row["identity"]["name"].as_str().unwrap().to_owned())
        .filter(|name| !name.contains("dmin"))
        .collect()
}

#[test]
fn metadata_and_protection_come_back_as_they_were_given() {
    let world = World::new();
    let admin = world.admin.as_str();
    let new = |metadata: Value| {
        let body = json!({
            "name": "ci", "organizationId": world.organization, "role": "member", "hasDeleteProtection": true,
            "metadata": metadata,
        });
        post("/api/v1/identities", &body).token(admin)
    };
    play(
        &world,
        vec![
            refused("no list", new(json!("x")), 422, "metadata"),
            refused("no value", new(json!([{"key": "a"}])), 422, "metadata"),
            refused(
                "no key",
                new(json!([{"key": " ", "value": "b"}])),
                422,
                "metadata",
            ),
            refused(
                "a long value",
                new(json!([{"key": "a", "value": "v".repeat(1_001)}])),
                422,
                "metadata",
            ),
            refused(
                "too many",
                new(json!(vec![json!({"key": "a", "value": "b"}); 101])),
                422,
                "metadata",
            ),
        ],
    );
    let made = world
        .send(new(
            json!([{"key": "team", "value": "web"}, {"key": "owner", "value": "kavi"}]),
        ))
        .expect(200);
    let id = made.at("/identity/id");
    assert_eq!(made.json["identity"]["hasDeleteProtection"], true);
    assert_eq!(made.json["identity"]["authMethods"], json!([]));
    assert_eq!(made.json["identity"]["authMethod"], Value::Null);
    let read = world.send(get(&one(&id)).token(admin)).expect(200);
    assert_eq!(read.at("/identity/role"), "member");
    assert_eq!(read.at("/identity/orgId"), world.organization);
    assert_eq!(read.at("/identity/identityId"), id);
    assert_eq!(read.json["identity"]["roleId"], Value::Null);
    for pointer in ["/identity/metadata", "/identity/identity/metadata"] {
        assert_eq!(read.at(&format!("{pointer}/0/key")), "team");
        assert_eq!(read.at(&format!("{pointer}/1/value")), "kavi");
    }
    play(
        &world,
        vec![
            accepted(
                "metadata is replaced as a whole",
                patch(&one(&id), &json!({"metadata": [{"key": "team", "value": "db"}]})).token(admin),
                &["identity.update"],
            )
            .saying(&[
                "\"value\":\"db\"",
                "\"name\":\"ci\"",
                "\"hasDeleteProtection\":true",
            ])
            .hiding(&["kavi"]),
            accepted(
                "what is absent stays",
                patch(&one(&id), &json!({"name": "cd", "role": null})).token(admin),
                &["identity.update"],
            )
            .saying(&["\"name\":\"cd\"", "\"value\":\"db\""]),
            refused(
                "protected",
                delete(&one(&id), &json!({})).token(admin),
                400,
                "protected",
            ),
            accepted(
                "the protection goes",
                patch(&one(&id), &json!({"hasDeleteProtection": false, "metadata": []})).token(admin),
                &["identity.update"],
            )
            .saying(&["\"metadata\":[]"]),
            accepted(
                "and then the identity",
                Call::new("DELETE", &one(&id)).token(admin),
                &["identity.delete"],
            )
            .saying(&["\"name\":\"cd\""]),
            refused(
                "gone",
                patch(&one(&id), &json!({"name": "x"})).token(admin),
                404,
                "Failed to find identity with id",
            ),
        ],
    );
}

#[test]
fn what_cannot_be_changed_is_refused() {
    let world = World::new();
    let id = bare(&world, "ci");
    let change = |token: &str, id: &str, body: Value| patch(&one(id), &body).token(token);
    let admin = world.admin.as_str();
    let member = world.person("dev@example.com", OrganizationRole::Member);
    let boss = world.person("boss@example.com", OrganizationRole::Admin);
    let root = crate::machines::me_id(&world, &world.root);
    play(
        &world,
        vec![
            refused(
                "by a member",
                change(&member, &id, json!({"name": "x"})),
                403,
                "PermissionDenied",
            ),
            refused(
                "of nobody",
                change(admin, NOBODY, json!({"name": "x"})),
                404,
                "NotFound",
            ),
            refused(
                "no id",
                change(admin, "x", json!({"name": "x"})),
                422,
                "identityId",
            ),
            refused("no name", change(admin, &id, json!({"name": " "})), 422, "name"),
            refused(
                "no such role",
                change(admin, &id, json!({"role": "emperor"})),
                404,
                "Specified role was not found",
            ),
            refused(
                "the role of the identity that set-up made",
                change(&boss, &root, json!({"role": "no-access"})),
                403,
                "administrator of the instance",
            ),
        ],
    );
    me(&world, &world.root).expect(200);
}

#[test]
fn a_role_in_the_organization_changes_with_the_next_request() {
    let world = World::new();
    let machine = world.machine("ci", "no-access");
    let create = post("/api/v1/projects", &json!({"projectName": "Made by a machine"})).token(&machine.token);
    world.send(create.clone()).refused(403, "PermissionDenied");
    world
        .send(patch(&one(&machine.id), &json!({"role": "member"})).token(&world.admin))
        .expect(200);
    world.send(create).expect(200);
}

#[test]
fn lists_and_searches_show_the_part_that_was_asked_for() {
    let world = World::new();
    for name in ["alpha", "beta", "beta-two", "gamma"] {
        bare(&world, name);
    }
    let member = world.person("dev@example.com", OrganizationRole::Member);
    let admin = world.admin.as_str();
    let list = |query: &str| {
        let path = format!("/api/v1/identities?orgId={}{query}", world.organization);
        world.send(get(&path).token(admin))
    };
    let search = |body: Value| world.send(post(SEARCH, &body).token(admin));
    let all = list("").expect(200);
    assert_eq!(names(&all), ["alpha", "beta", "beta-two", "gamma"]);
    assert_eq!(all.json["totalCount"], 5);
    let found = list("&search=BETA").expect(200);
    assert_eq!(names(&found), ["beta", "beta-two"]);
    assert_eq!(found.json["totalCount"], 2);
    let part = list("&search=beta&offset=1&limit=1").expect(200);
    assert_eq!(names(&part), ["beta-two"]);
    assert_eq!(part.json["totalCount"], 2);
    for bad in ["&limit=0", "&limit=x", "&offset=-1"] {
        list(bad).refused(422, "ValidationFailure");
    }
    for (body, expected) in [
        (
            json!({"scope": ["project"], "search": {"name": {"$contains": "eta"}}}),
            vec!["beta", "beta-two"],
        ),
        (json!({"search": {"name": "beta"}}), vec!["beta"]),
        (json!({"search": {"name": {"$eq": "alpha"}}}), vec!["alpha"]),
        (
            json!({"search": {"name": {"$in": ["gamma", "delta"]}}}),
            vec!["gamma"],
        ),
        (
            json!({"search": {"name": {"$in": ["gamma"], "$eq": "beta"}}}),
            vec![],
        ),
        (json!({"search": {"role": "member"}}), vec![]),
        (
            json!({"search": {"role": {"$in": ["no-access"]}}, "limit": 2, "offset": 1}),
            vec!["beta", "beta-two"],
        ),
    ] {
        let reply = search(body.clone()).expect(200);
        assert_eq!(names(&reply), expected, "{body}");
    }
    search(json!({"search": {"name": {"$regex": ".*"}}})).refused(422, "ValidationFailure");
    search(json!({"limit": 0})).refused(422, "ValidationFailure");
    world
        .send(post(SEARCH, &json!({})).token(&member))
        .refused(403, "PermissionDenied");
}

#[test]
fn a_machine_identity_knows_its_organization() {
    let world = World::new();
    let machine = world.machine("ci", "no-access");
    let details = get("/api/v1/identities/details");
    world.send(details.clone()).refused(401, "UnauthorizedError");
    world
        .send(details.clone().token(&world.admin))
        .refused(403, "ForbiddenRequestError");
    let reply = world.send(details.token(&machine.token)).expect(200);
    assert_eq!(reply.at("/identityDetails/organization/id"), world.organization);
    assert_eq!(reply.at("/identityDetails/organization/name"), "Home Lab");
    assert!(!reply.at("/identityDetails/organization/slug").is_empty());
}

#[test]
fn both_ways_to_get_tokens_are_shown() {
    let world = World::new();
    let machine = world.machine("ci", "no-access");
    crate::token_auth::token_of(&world, &machine.id, &json!({}));
    let reply = world.send(get(&one(&machine.id)).token(&world.admin)).expect(200);
    assert_eq!(
        reply.json["identity"]["identity"]["authMethods"],
        json!(["universal-auth", "token-auth"])
    );
    assert_eq!(reply.at("/identity/identity/authMethod"), "universal-auth");
}

#[test]
fn a_machine_that_alone_administers_a_project_stays_until_somebody_else_does() {
    let world = World::new();
    let machine = world.machine("terraform", "member");
    let project = world
        .send(post("/api/v1/projects", &json!({"projectName": "Made by a machine"})).token(&machine.token))
        .expect(200)
        .at("/project/id");
    let second = world.machine("second", "no-access");
    let join = |role: &str| {
        let path = format!("/api/v2/workspace/{project}/identity-memberships/{}", second.id);
        post(&path, &json!({"role": role})).token(&machine.token)
    };
    let gone = delete(&one(&machine.id), &json!({})).token(&world.admin);
    world.send(gone.clone()).refused(400, "BadRequest");
    world.send(join("member")).expect(200);
    let reply = world.send(gone.clone()).refused(400, "BadRequest");
    assert!(
        reply.at("/message").contains("Made by a machine"),
        "{}",
        reply.text
    );
    me(&world, &machine.token).expect(200);
    let promote = format!("/api/v2/workspace/{project}/identity-memberships/{}", second.id);
    world
        .send(patch(&promote, &json!({"role": "admin"})).token(&machine.token))
        .expect(200);
    world.send(gone).expect(200);
    me(&world, &machine.token).refused(401, "UnauthorizedError");
    // A project that is in the trash holds nobody.
    world
        .send(delete(&format!("/api/v1/workspace/{project}"), &json!({})).token(&second.token))
        .expect(200);
    world
        .send(delete(&one(&second.id), &json!({})).token(&world.admin))
        .expect(200);
}
