//! What administrators of the instance are told about it, and the checklist of the first hour.

use serde_json::{Value, json};
use server::domain::instance;
use shared::model::access::OrganizationRole;

use crate::app::{CANARY, Machine, Project, World, get, patch};
use crate::routes::callers;

const INSTANCE: &str = "/api/strongroom/v1/instance";
const ONBOARDING: &str = "/api/strongroom/v1/onboarding";

fn onboarding(world: &World) -> Value {
    world.send(get(ONBOARDING).token(&world.admin)).expect(200).json
}

/// A project with a secret in it, and a machine that may read it.
fn readable(world: &World) -> (Project, Machine) {
    let project = world.project("Blog");
    world.put(&project, "A", CANARY);
    let machine = world.member(&project, "viewer");
    (project, machine)
}

#[test]
fn who_does_not_administer_the_instance_is_told_nothing() {
    let world = World::new();
    let organization_admin = world.person("dev@example.com", OrganizationRole::Admin);
    let machine = world.machine("ci", "admin").token;
    for token in [&organization_admin, &machine, &world.root] {
        for call in [
            get(INSTANCE),
            get(ONBOARDING),
            patch(ONBOARDING, &json!({"dismissed": true})),
        ] {
            let reply = world
                .send(call.token(token))
                .refused(403, "ForbiddenRequestError");
            assert!(!reply.text.contains("Server"), "{}", reply.text);
        }
    }
    world.send(get(INSTANCE)).refused(401, "UnauthorizedError");
    assert_eq!(onboarding(&world)["dismissed"], false);
}

#[test]
fn the_instance_describes_itself() {
    let world = World::new();
    let reply = world.send(get(INSTANCE).token(&world.admin)).expect(200);
    let keyring = world.keyring();
    let slot = &keyring.slots()[0];
    assert_eq!(reply.at("/version"), env!("CARGO_PKG_VERSION"));
    assert!(reply.at("/startedAt").ends_with('Z'));
    assert_eq!(reply.at("/state"), "unlocked");
    assert_eq!(reply.at("/unlockedBy"), slot.name);
    assert_eq!(
        reply.at("/keyFingerprint"),
        server::crypto::keyring::fingerprint(&slot.recipient)
    );
    assert_eq!(reply.json["unlockers"], 1);
    // Nobody configured anything that it would contact.
    assert_eq!(reply.json["outbound"], json!([]));
    assert_eq!(reply.json["outboundAllowed"], json!([]));
    assert!(["sqlite", "postgres"].contains(&reply.at("/database/kind").as_str()));
    assert!(reply.json["database"]["sizeBytes"].as_u64().unwrap() > 10_000);
    assert_eq!(reply.json["lastBackup"], Value::Null);
    let data_dir = world.app.app.data_dir().unwrap();
    assert_eq!(reply.at("/dataDirectory"), data_dir.path().display().to_string());
    world
        .wait(world.app.app.write(|cx| instance::note_backup(cx, cx.now, 4_711)))
        .unwrap();
    let reply = world.send(get(INSTANCE).token(&world.admin)).expect(200);
    assert_eq!(reply.json["lastBackup"]["sizeBytes"], 4_711);
    assert!(reply.at("/lastBackup/at").ends_with('Z'));
    assert_eq!(onboarding(&world)["backup"], true);
}

#[test]
fn the_checklist_follows_what_was_done() {
    let world = World::new();
    let nothing = json!({
        "kit": false, "kitSkipped": false, "backup": false, "project": false, "secret": false, "identity": false,
        "firstRead": null, "dismissed": false, "backupTrouble": null,
    });
    assert_eq!(onboarding(&world), nothing);
    world.wait(world.app.app.write(instance::skip_kit)).unwrap();
    let project = world.project("Blog");
    let mut expected = nothing;
    expected["kitSkipped"] = json!(true);
    expected["project"] = json!(true);
    assert_eq!(onboarding(&world), expected);
    world.put(&project, "A", CANARY);
    expected["secret"] = json!(true);
    assert_eq!(onboarding(&world), expected);
    world.machine("ci", "no-access");
    expected["identity"] = json!(true);
    assert_eq!(onboarding(&world), expected);
    // What another organization has does not count.
    let away = crate::login::foreign_organization(&world);
    let (_, token) = callers::person(&world, "founder", &away, OrganizationRole::Admin);
    world
        .send(get(ONBOARDING).token(&token))
        .refused(403, "ForbiddenRequestError");
}

#[test]
fn the_checklist_can_be_put_away_and_got_out_again() {
    let world = World::new();
    for body in [json!({}), json!({"dismissed": "yes"})] {
        world
            .send(patch(ONBOARDING, &body).token(&world.admin))
            .refused(422, "ValidationFailure");
    }
    for dismissed in [true, true, false, false] {
        let body = json!({"dismissed": dismissed});
        let reply = world
            .send(patch(ONBOARDING, &body).token(&world.admin))
            .expect(200);
        assert_eq!(reply.json["dismissed"], dismissed);
        assert_eq!(onboarding(&world)["dismissed"], dismissed);
    }
}

#[test]
fn what_shows_no_value_to_a_program_is_no_first_read() {
    let world = World::new();
    let (project, machine) = readable(&world);
    // A person in a browser, and one whose program says nothing.
    for agent in ["Mozilla/5.0 (X11; Linux x86_64)", ""] {
        let path = format!("/api/v3/secrets/raw/A?workspaceId={}&environment=dev", project.id);
        let call = get(&path).header("user-agent", agent).token(&world.admin);
        world.send(call).expect(200);
    }
    // Names alone, an empty folder, a refusal, something missing.
    let list = |query: &str| {
        let path = format!("/api/v3/secrets/raw?workspaceId={}{query}", project.id);
        world.send(get(&path).token(&machine.token))
    };
    list("&environment=dev&viewSecretValue=false").expect(200);
    list("&environment=prod").expect(200);
    world
        .read(&project, "MISSING", &machine.token)
        .refused(404, "NotFound");
    let stranger = world.machine("stranger", "no-access");
    world.read(&project, "A", &stranger.token).expect(403);
    assert_eq!(onboarding(&world)["firstRead"], Value::Null);
    list("&environment=dev").expect(200);
    let first = onboarding(&world)["firstRead"].clone();
    assert_eq!(
        (&first["by"], &first["kind"]),
        (&json!("viewer"), &json!("identity"))
    );
}

#[test]
fn the_first_read_is_remembered_once_and_for_all() {
    let mut world = World::new();
    let (project, machine) = readable(&world);
    let token = world.service_token(&project, &["dev:/"], &["read"]);
    world.read(&project, "A", &token).expect(200);
    let first = onboarding(&world)["firstRead"].clone();
    assert_eq!(
        (&first["by"], &first["kind"]),
        (&json!("ci"), &json!("service-token"))
    );
    assert!(first["at"].as_str().unwrap().ends_with('Z'));
    world.later(60);
    world.read(&project, "A", &machine.token).expect(200);
    assert_eq!(onboarding(&world)["firstRead"], first);
    world.app = world.app.reopened();
    world.later(60);
    world.read(&project, "A", &machine.token).expect(200);
    assert_eq!(onboarding(&world)["firstRead"], first);
}

#[test]
fn a_command_line_counts_as_a_program() {
    for (agent, path) in [
        ("strongroom/0.1.0", "/api/v4/secrets/A?"),
        ("cli", "/api/v3/secrets/raw?"),
    ] {
        let world = World::new();
        let (project, _) = readable(&world);
        let path = format!(
            "{path}workspaceId={id}&projectId={id}&environment=dev",
            id = project.id
        );
        world
            .send(get(&path).header("user-agent", agent).token(&world.admin))
            .expect(200);
        let first = onboarding(&world)["firstRead"].clone();
        assert_eq!(
            (&first["by"], &first["kind"]),
            (&json!(crate::app::EMAIL), &json!("command-line")),
            "{agent}"
        );
    }
}
