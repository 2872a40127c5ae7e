//! Keys over the API: further unlockers, and rotations of everything that can be rotated. On both databases; whatever is
//! done, every value is read afterwards.

use serde_json::{Value, json};
use server::app::data_dir::DataDir;
use server::app::key_sources::KeySources;
use server::app::{App, open};
use server::clock::Clock;
use server::crypto::keyring::Keyring;
use server::crypto::{brought, cards, identity, keyfile};
use server::domain::{Context, data_key_rotations};
use server::store::{self, Dialect};
use shared::model::access::OrganizationRole;
use shared::model::text::SecretText;

use crate::app::{Call, PASSWORD, Project, Reply, TestApp, World, get, post};

const KEYS: &str = "/api/strongroom/v1/keys";

fn act(mut body: Value) -> Call {
    body["password"] = json!(PASSWORD);
    post(KEYS, &body)
}

fn done(world: &World, body: Value) -> Reply {
    world.send(act(body).token(&world.admin)).expect(200)
}

fn state(world: &World) -> Value {
    world.send(get(KEYS).token(&world.admin)).expect(200).json
}

/// The keyring as the next start finds it.
fn on_disk(world: &World) -> String {
    keyfile::load(&world.file("")).unwrap().unwrap().text
}

fn opens(world: &World, key: &str) -> bool {
    let text = on_disk(world);
    brought::identities(&SecretText::from(key), &text)
        .is_ok_and(|identities| Keyring::open(&text, &identities).is_ok())
}

/// A project with secrets that have old versions, comments, an override and trash.
fn filled(world: &World) -> Project {
    let project = world.project("Web");
    for number in 0..30 {
        world.put(&project, &format!("NAME_{number}"), &format!("value {number}"));
    }
    project
}

fn require_whole(world: &World, project: &Project) {
    for number in 0..30 {
        let read = world.read(project, &format!("NAME_{number}"), &world.admin);
        assert_eq!(read.at("/secret/secretValue"), format!("value {number}"));
    }
}

/// Does what the background does, to the end.
fn reseal(world: &World, most: i64) -> usize {
    let mut steps = 0;
    while world
        .wait(
            world
                .app
                .app
                .write(move |cx: &mut Context| data_key_rotations::step(cx, most)),
        )
        .unwrap()
    {
        steps += 1;
    }
    steps
}

#[test]
fn only_who_administers_the_instance_and_gives_the_password_acts() {
    let world = World::new();
    let organization_admin = world.person("dev@example.com", OrganizationRole::Admin);
    for token in [&organization_admin, &world.root] {
        world
            .send(get(KEYS).token(token))
            .refused(403, "ForbiddenRequestError");
        world
            .send(act(json!({"act": "rotate-root"})).token(token))
            .refused(403, "ForbiddenRequestError");
    }
    let wrong = json!({"act": "rotate-root", "password": "wrong and wrong again"});
    world
        .send(post(KEYS, &wrong).token(&world.admin))
        .refused(400, "BadRequest");
    let unknown = world.send(act(json!({"act": "rotate-everything"})).token(&world.admin));
    assert!((400..500).contains(&unknown.status));
    assert_eq!(state(&world)["root"]["version"], 1);
    assert!(!world.events().iter().any(|event| event.starts_with("keys.")));
}

#[test]
fn unlockers_of_every_kind_open_the_store_until_they_are_removed() {
    let world = World::new();
    let phrase = "seven bridges over the quiet river";
    done(
        &world,
        json!({"act": "add-passphrase", "name": "Desk", "passphrase": phrase}),
    );
    let held = identity::generate();
    let made = cards::split(&held, 2, 3).unwrap();
    let recipient = identity::recipient(&held);
    done(
        &world,
        json!({"act": "add-cards", "name": "Friends", "recipient": recipient, "needed": 2, "made": 3}),
    );
    let variable = "6c1fe4e407b8911c104518103505b218";
    done(
        &world,
        json!({"act": "add-encryption-key", "name": "ENCRYPTION_KEY", "value": variable}),
    );
    let two_cards = format!("{}\n{}\n", made[0].expose(), made[2].expose());
    assert!(opens(&world, phrase) && opens(&world, &two_cards));
    assert!(!opens(&world, "seven bridges over the quiet lake") && !opens(&world, made[0].expose()));

    let proven = done(&world, json!({"act": "prove", "key": phrase}));
    assert!(proven.at("/message").contains("Desk"));
    world
        .send(act(json!({"act": "prove", "key": "a phrase that nobody set"})).token(&world.admin))
        .refused(400, "BadRequest");

    let id = |name: &str| {
        let state = state(&world);
        let unlockers = state["unlockers"].as_array().unwrap().clone();
        let found = unlockers.into_iter().find(|unlocker| unlocker["name"] == name);
        found.unwrap_or_else(|| panic!("no {name}"))["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    done(
        &world,
        json!({"act": "note-copy", "id": id("Friends"), "place": "safe of the notary"}),
    );
    done(
        &world,
        json!({"act": "rename", "id": id("Friends"), "name": "Three friends"}),
    );
    done(&world, json!({"act": "remove", "id": id("ENCRYPTION_KEY")}));
    let state = state(&world);
    let friends = &state["unlockers"].as_array().unwrap()[2];
    assert_eq!(friends["name"], "Three friends");
    assert_eq!(friends["keptAt"][0]["place"], "safe of the notary");
    assert_eq!(friends["opensBackups"], true);
    // A new unlock key was made, and all the others were wrapped for it without their owners.
    assert!(opens(&world, phrase) && opens(&world, &two_cards));
    let text = on_disk(&world);
    assert!(!text.contains(phrase) && !text.contains(variable));
    let events = world.events();
    for event in [
        "keys.unlocker.create",
        "keys.unlocker.prove",
        "keys.unlocker.copies",
        "keys.unlocker.delete",
    ] {
        assert!(events.iter().any(|found| found == event), "{event}");
    }
    assert_eq!(world.said(phrase), 0);
}

#[test]
fn the_last_key_that_is_known_to_work_stays() {
    let world = World::new();
    let phrase = "seven bridges over the quiet river";
    done(
        &world,
        json!({"act": "add-passphrase", "name": "Desk", "passphrase": phrase}),
    );
    let server = state(&world)["unlockers"][0]["id"].as_str().unwrap().to_owned();
    let remove = json!({"act": "remove", "id": server});
    let refused = world
        .send(act(remove.clone()).token(&world.admin))
        .refused(409, "Conflict");
    assert!(
        refused.text.contains("Prove another one first"),
        "{}",
        refused.text
    );
    done(&world, json!({"act": "prove", "key": phrase}));
    done(&world, remove);
    assert!(opens(&world, phrase));
    let only = state(&world)["unlockers"][0]["id"].as_str().unwrap().to_owned();
    world
        .send(act(json!({"act": "remove", "id": only})).token(&world.admin))
        .refused(409, "Conflict");
    let unknown = json!({"act": "remove", "id": server});
    world
        .send(act(unknown).token(&world.admin))
        .refused(404, "NotFound");
}

#[test]
fn what_is_no_key_is_refused_and_nothing_changes() {
    let world = World::new();
    let before = world.keyring().generation();
    let recipient = identity::recipient(&identity::generate());
    for body in [
        json!({"act": "add-passphrase", "name": "Desk", "passphrase": "short"}),
        json!({"act": "add-passphrase", "name": " ", "passphrase": "seven bridges over the quiet river"}),
        json!({"act": "add-ssh-key", "name": "Key", "publicKey": "ssh-ed25519 AAAA"}),
        json!({"act": "add-encryption-key", "name": "E", "value": "too short"}),
        json!({"act": "add-cards", "name": "C", "recipient": recipient, "needed": 4, "made": 3}),
        json!({"act": "add-cards", "name": "C", "recipient": "age1nonsense", "needed": 2, "made": 3}),
        json!({"act": "add-plugin", "name": "P", "recipient": recipient, "escrow": "no age file"}),
        json!({"act": "revert-root"}),
    ] {
        let reply = world.send(act(body.clone()).token(&world.admin));
        assert!(matches!(reply.status, 400 | 409 | 422), "{body}: {}", reply.text);
    }
    assert_eq!(world.keyring().generation(), before);
}

#[test]
fn an_ssh_key_opens_the_store() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("id");
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&key)
        .status();
    assert!(
        made.is_ok_and(|status| status.success()),
        "ssh-keygen makes the key of this test"
    );
    let public = std::fs::read_to_string(folder.path().join("id.pub")).unwrap();
    done(
        &world,
        json!({"act": "add-ssh-key", "name": "Laptop", "publicKey": public}),
    );
    assert!(opens(&world, &std::fs::read_to_string(&key).unwrap()));
}

#[test]
fn a_rotated_root_key_is_taken_back_and_destroyed_without_losing_anything() {
    let world = World::new();
    let project = filled(&world);
    assert!(
        done(&world, json!({"act": "rotate-root"}))
            .at("/message")
            .contains("Root key 2")
    );
    require_whole(&world, &project);
    let now = state(&world);
    assert_eq!(
        now["root"],
        json!({"version": 2, "retired": [1], "pending": false})
    );
    done(&world, json!({"act": "revert-root"}));
    assert_eq!(
        state(&world)["root"],
        json!({"version": 1, "retired": [2], "pending": false})
    );
    done(&world, json!({"act": "rotate-root"}));
    assert_eq!(state(&world)["root"]["version"], 3);
    done(&world, json!({"act": "destroy-retired"}));
    assert_eq!(state(&world)["root"]["retired"], json!([]));
    require_whole(&world, &project);
    // New projects still come.
    let other = world.project("Other");
    world.put(&other, "A", "b");
    assert_eq!(
        world.read(&other, "A", &world.admin).at("/secret/secretValue"),
        "b"
    );
}

#[test]
fn new_data_keys_take_over_everything_and_the_old_ones_go() {
    let world = World::new();
    let project = filled(&world);
    let other = world.project("Other");
    world.put(&other, "A", "b");
    done(&world, json!({"act": "rotate-data", "project": project.id}));
    let running = state(&world)["rotations"][0].clone();
    assert_eq!(
        (&running["state"], &running["total"]),
        (&json!("running"), &json!(30))
    );
    // Written while it runs: under the new key already.
    world.put(&project, "MEANWHILE", "new");
    done(&world, json!({"act": "pause-rotation"}));
    assert_eq!(reseal(&world, 7), 0);
    done(&world, json!({"act": "resume-rotation"}));
    assert!(reseal(&world, 7) > 4);
    let finished = state(&world)["rotations"][0].clone();
    assert_eq!(finished["state"], "done");
    assert_eq!(
        (&finished["done"], &finished["unreadable"]),
        (&json!(30), &json!(0))
    );
    require_whole(&world, &project);
    assert_eq!(
        world
            .read(&project, "MEANWHILE", &world.admin)
            .at("/secret/secretValue"),
        "new"
    );
    let versions: Vec<i64> = world.sql(|tx| {
        let rows = tx.query("SELECT version FROM project_keys ORDER BY version", &[])?;
        rows.iter().map(|row| row.get::<i64>(0)).collect()
    });
    assert_eq!(versions, [1, 2], "the other project keeps its first key");

    done(&world, json!({"act": "rotate-data"}));
    reseal(&world, 200);
    require_whole(&world, &project);
    assert_eq!(
        world.read(&other, "A", &world.admin).at("/secret/secretValue"),
        "b"
    );
    world
        .send(
            act(json!({"act": "rotate-data", "project": "01234567-89ab-4cde-8f01-23456789abcd"}))
                .token(&world.admin),
        )
        .refused(404, "NotFound");
}

#[test]
fn what_does_not_open_stays_with_its_key() {
    let world = World::new();
    let project = filled(&world);
    world.sql(|tx| {
        let changed = tx.execute(
            "UPDATE secret_versions SET value_sealed = key_bytes.key_sealed FROM \
             (SELECT key_sealed FROM project_keys) AS key_bytes WHERE name = 'NAME_7'",
            &[],
        )?;
        assert_eq!(changed, 1);
        Ok::<_, store::Error>(())
    });
    done(&world, json!({"act": "rotate-data"}));
    reseal(&world, 200);
    let finished = state(&world)["rotations"][0].clone();
    assert_eq!(
        (&finished["state"], &finished["done"], &finished["unreadable"]),
        (&json!("incomplete"), &json!(29), &json!(1))
    );
    let keys =
        world.sql(|tx| Ok::<_, store::Error>(tx.query("SELECT version FROM project_keys", &[])?.len()));
    assert_eq!(keys, 2);
    assert_eq!(
        world
            .read(&project, "NAME_8", &world.admin)
            .at("/secret/secretValue"),
        "value 8"
    );
}

#[test]
fn nobody_is_logged_out_by_a_new_signing_key() {
    let world = World::new();
    let project = filled(&world);
    done(&world, json!({"act": "rotate-signing"}));
    assert_eq!(state(&world)["signingVersion"], 2);
    require_whole(&world, &project);
    let machine = world.member(&project, "viewer");
    done(&world, json!({"act": "rotate-signing"}));
    assert_eq!(
        world
            .read(&project, "NAME_1", &machine.token)
            .at("/secret/secretValue"),
        "value 1"
    );
}

#[test]
fn postgres_has_no_file_key() {
    let world = World::new();
    if world.db().dialect() == Dialect::Postgres {
        world
            .send(act(json!({"act": "rekey-database"})).token(&world.admin))
            .refused(400, "BadRequest");
    }
}

#[test]
fn the_database_file_gets_another_key_while_it_is_read_and_written() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = DataDir::new(scratch.path().join("data"));
    dir.create().unwrap();
    let open = || open::open(&dir, &KeySources::default(), Clock::default().now());
    let app = App::opened(open().unwrap()).unwrap().at(dir.clone());
    let world = World::on(TestApp::of(app, identity::generate()));
    let project = filled(&world);
    let before = keyfile::load(dir.path()).unwrap().unwrap().text;
    for round in 0..3 {
        let mut calls = vec![act(json!({"act": "rekey-database"})).token(&world.admin)];
        for number in 0..20 {
            let path = format!(
                "/api/v3/secrets/raw/NAME_{number}?workspaceId={}&environment=dev",
                project.id
            );
            calls.push(get(&path).token(&world.admin));
        }
        for reply in world.send_together(calls) {
            reply.expect(200);
        }
        world.put(&project, &format!("ROUND_{round}"), "written");
    }
    assert_eq!(state(&world)["databasePending"], false);
    require_whole(&world, &project);
    world.wait(world.app.app.close()).unwrap();
    let after = keyfile::load(dir.path()).unwrap().unwrap().text;
    // The keys of before open the file no more, and are no danger to it.
    keyfile::replace(dir.path(), &before).unwrap();
    assert!(
        open()
            .map(drop)
            .unwrap_err()
            .reason
            .contains("does not belong to this keyring")
    );
    keyfile::replace(dir.path(), &after).unwrap();
    let opened = open().unwrap();
    let secrets = opened.db.read_blocking(|tx| store::secrets::count(tx)).unwrap();
    assert_eq!(secrets, 33);
    opened.db.close_blocking().unwrap();
}

#[test]
fn many_projects_are_sealed_anew_in_one_go() {
    let world = World::new();
    let projects: Vec<Project> = (0..30)
        .map(|number| world.project(&format!("Project {number}")))
        .collect();
    for project in &projects[..3] {
        for number in 0..4 {
            world.put(project, &format!("NAME_{number}"), "value");
        }
    }
    // One is half done when the others begin, at the same moment by the clock: it ends for itself, and so do they.
    done(&world, json!({"act": "rotate-data", "project": projects[1].id}));
    world
        .wait(
            world
                .app
                .app
                .write(|cx: &mut Context| data_key_rotations::step(cx, 2)),
        )
        .unwrap();
    done(&world, json!({"act": "rotate-data", "project": projects[2].id}));
    reseal(&world, 5);
    let ended: Vec<Value> = state(&world)["rotations"].as_array().unwrap().clone();
    assert!(
        ended.len() == 2 && ended.iter().all(|one| one["state"] == "done" && one["done"] == 4),
        "{ended:?}"
    );

    done(&world, json!({"act": "rotate-data"}));
    let steps = reseal(&world, 5);
    assert!(steps <= 5, "{steps} steps for 12 values, 5 in each");
    let ended = state(&world)["rotations"].as_array().unwrap().clone();
    assert!(ended.iter().all(|one| one["state"] == "done"), "{ended:?}");
    let done: Vec<i64> = ended.iter().map(|one| one["done"].as_i64().unwrap()).collect();
    assert_eq!(done.iter().sum::<i64>(), 12);
    let keys =
        world.sql(|tx| Ok::<_, store::Error>(tx.query("SELECT version FROM project_keys", &[])?.len()));
    assert_eq!(keys, 30, "one key for each project");
    for project in &projects[..3] {
        let read = world.read(project, "NAME_3", &world.admin);
        assert_eq!(read.at("/secret/secretValue"), "value");
    }
}
