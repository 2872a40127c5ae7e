//! Backups: what was written comes back whole, on either database, and what is not whole does not come back at all.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;

use serde_json::{Value, json};
use server::app::data_dir::DataDir;
use server::app::key_sources::KeySources;
use server::app::{App, open};
use server::backup::restore::Options;
use server::backup::root::Root;
use server::backup::{Error, Manifest, Summary, read, restore, rows, write};
use server::clock::Clock;
use server::crypto::envelope;
use server::crypto::identity::{self, Identity};
use server::crypto::keyring::{Keyring, NewSlot, SlotKind};
use server::domain::caller::Caller;
use server::store::credentials::Credential;
use shared::model::time::UnixMillis;
use tempfile::TempDir;

use crate::app::{CANARY, Call, EMAIL, Machine, PASSWORD, Project, TestApp, World, delete, get, patch, post};
use crate::database::TestDatabase;
use crate::store::{Db, copy};

fn now() -> UnixMillis {
    Clock::default().now()
}

/// An instance with something of everything in it, and a kit for its backups.
struct Filled {
    world: World,
    kit: Identity,
    projects: Vec<Project>,
    machine: Machine,
    service_token: String,
    /// An access token of the machine that was made by hand.
    by_hand: String,
}

impl Filled {
    fn new() -> Self {
        Self::on(TestApp::new())
    }

    fn on(app: TestApp) -> Self {
        let world = World::on(app);
        let projects = vec![world.project("Web"), world.project("Küche 🍲")];
        let machine = world.member(&projects[0], "member");
        let service_token = world.service_token(&projects[0], &["dev:/"], &["read"]);
        let by_hand = crate::token_auth::token_of(&world, &machine.id, &json!({"accessTokenTTL": 3600}));
        let revoked = world.machine("revoked", "no-access");
        world
            .send(post(
                "/api/v1/auth/token/revoke",
                &json!({"accessToken": revoked.token}),
            ))
            .expect(200);
        for project in &projects {
            for (name, value) in [
                ("PLAIN", format!("{CANARY} {}", project.slug)),
                ("EMPTY", String::new()),
                ("LINES", "a\nb\"c\\\n".to_owned()),
                ("WIDE", "🦀 ключ \u{0} \u{202e}".to_owned()),
                ("BIG", "0123456789".repeat(30_000)),
                ("GONE", "deleted".to_owned()),
            ] {
                world.put(project, name, &value);
            }
            let body = json!({
                "workspaceId": project.id, "environment": "dev", "secretValue": "second", "secretComment": CANARY,
            });
            world
                .send(patch("/api/v3/secrets/raw/LINES", &body).token(&world.admin))
                .expect(200);
            world
                .send(delete("/api/v3/secrets/raw/GONE", &body).token(&world.admin))
                .expect(200);
            world.read(project, "PLAIN", &machine.token);
        }
        let kit = identity::generate();
        add_kit(&world, &kit);
        Self {
            world,
            kit,
            projects,
            machine,
            service_token,
            by_hand,
        }
    }

    fn backup(&self) -> Vec<u8> {
        write(&self.world)
    }

    /// The credentials made before the backup work on a store restored from it, and read what was stored.
    fn require_same(&self, restored: TestApp) {
        let world = World {
            app: restored,
            organization: self.world.organization.clone(),
            admin: self.world.admin.clone(),
            refresh: self.world.refresh.clone(),
            root: self.world.root.clone(),
        };
        for project in &self.projects {
            for name in ["PLAIN", "EMPTY", "LINES", "WIDE", "BIG"] {
                let before = self.world.read(project, name, &self.world.admin).expect(200);
                let after = world.read(project, name, &world.admin).expect(200);
                assert_eq!(before.json, after.json, "{name}");
            }
            world.read(project, "GONE", &world.admin).refused(404, "NotFound");
            let past = format!(
                "/api/v3/secrets/raw/LINES?workspaceId={}&environment=dev&version=1",
                project.id
            );
            let past = world.send(get(&past).token(&world.admin)).expect(200);
            assert_eq!(past.at("/secret/secretValue"), "a\nb\"c\\\n");
            world.put(project, "NEW", "after the restore");
        }
        let (first, second) = (&self.projects[0], &self.projects[1]);
        world.read(first, "PLAIN", &self.machine.token).expect(200);
        world.read(first, "PLAIN", &self.service_token).expect(200);
        world.read(first, "PLAIN", &self.by_hand).expect(200);
        let renewed = world
            .send(post(
                "/api/v1/auth/token/renew",
                &json!({"accessToken": self.by_hand}),
            ))
            .expect(200)
            .at("/accessToken");
        world.read(first, "PLAIN", &renewed).expect(200);
        world
            .read(second, "PLAIN", &self.machine.token)
            .refused(403, "ForbiddenRequestError");
        world
            .machine_login(&self.machine.client_id, &self.machine.client_secret)
            .expect(200);
        world
            .send(get("/api/strongroom/v1/me").token(&self.world.root))
            .expect(200);
        world
            .send(Call::new("POST", "/api/v1/auth/token").cookie(&self.world.refresh))
            .expect(200);
        world.login(EMAIL, PASSWORD).expect(200);
        world.wait(world.app.app.close()).unwrap();
    }
}

fn add_kit(app: &TestApp, kit: &Identity) {
    let scratch = tempfile::tempdir().unwrap();
    let opened = app.app.store().unwrap();
    let added = opened.change_keyring(&DataDir::new(scratch.path()), |keyring| {
        let recipient = identity::recipient(kit);
        Ok::<_, server::domain::Error>(
            keyring.add_slot(&NewSlot::plain(SlotKind::Recovery, "kit", &recipient), now())?,
        )
    });
    added.unwrap();
}

fn write(app: &TestApp) -> Vec<u8> {
    let mut bytes = Vec::new();
    write::write(
        &app.db(),
        &app.keyring(),
        now(),
        &write::Progress::default(),
        &mut bytes,
    )
    .unwrap();
    bytes
}

/// Every row of every table, as lines.
fn dump(db: &Db) -> BTreeMap<String, Vec<String>> {
    db.snapshot_blocking(|tx| {
        let mut tables = BTreeMap::new();
        for table in copy::tables(tx)? {
            let mut lines = Vec::new();
            copy::export_rows(tx, &table, 100, &mut |columns, values| {
                rows::to_line(columns, &table, values, &mut lines).unwrap();
                Ok(())
            })?;
            let text = String::from_utf8(lines).unwrap();
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            // A restore records itself, and notes the new key files; nothing else.
            lines.retain(|line| {
                !line.contains("\"event\":\"instance.restore\"")
                    && !line.contains("\"name\":\"keys.generation\"")
            });
            lines.sort();
            tables.insert(table, lines);
        }
        Ok::<_, crate::store::Error>(tables)
    })
    .unwrap()
}

fn onto(database: &TestDatabase, bytes: &[u8], kit: &Identity) -> Result<(Keyring, Summary), Error> {
    let kits = std::slice::from_ref(kit);
    let (_, keyring, summary) = restore::into_database(bytes, kits, now(), &Caller::operator(), &|_| {
        Ok(database.db.clone())
    })?;
    Ok((keyring, summary))
}

/// A place to restore to, with the backup beside it.
struct Target {
    scratch: TempDir,
    dir: DataDir,
}

impl Target {
    fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let dir = DataDir::new(scratch.path().join("data"));
        Self { scratch, dir }
    }

    fn restore(&self, bytes: &[u8], kit: &Identity) -> Result<Summary, Error> {
        let file = self.scratch.path().join("backup");
        fs::write(&file, bytes).unwrap();
        restore::into_data_dir(
            &file,
            &self.dir,
            std::slice::from_ref(kit),
            now(),
            Options::default(),
        )
        .map(|restored| restored.summary)
    }

    /// The restore is refused and nothing is left of it. Returns what it said.
    #[track_caller]
    fn refuse(&self, bytes: &[u8], kit: &Identity) -> String {
        let before = names(self.dir.path());
        let error = self.restore(bytes, kit).expect_err("the backup is restored");
        let mut after = names(self.dir.path());
        after.retain(|name| name != "lock" || before.contains(name));
        assert_eq!(before, after, "{error}");
        error.to_string()
    }

    fn start(&self) -> TestApp {
        let opened = open::open(&self.dir, &KeySources::default(), now())
            .unwrap_or_else(|locked| panic!("{locked:?}"));
        TestApp::of(App::opened(opened).unwrap(), identity::generate())
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = match fs::read_dir(folder) {
        Ok(entries) => entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect(),
        Err(_) => Vec::new(),
    };
    names.sort();
    names
}

#[test]
fn without_a_kit_there_is_no_backup() {
    let world = World::new();
    let mut bytes = Vec::new();
    let error = write::write(
        &world.db(),
        &world.keyring(),
        now(),
        &write::Progress::default(),
        &mut bytes,
    )
    .unwrap_err();
    assert!(matches!(error, Error::NoKit));
    assert!(error.to_string().contains("strongroom keys kit"), "{error}");
    assert!(bytes.is_empty());
}

#[test]
fn a_backup_restores_onto_the_same_kind_of_database() {
    let filled = Filled::new();
    let bytes = filled.backup();
    let expected = dump(&filled.world.db());
    let database = TestDatabase::open();
    let (keyring, summary) = onto(&database, &bytes, &filled.kit).unwrap();
    assert_eq!(summary.secrets, 10);
    assert_eq!(dump(&database.db), expected);
    for (table, count) in &summary.manifest.rows {
        let noted = u64::from(table == "settings");
        assert_eq!(expected[table].len() as u64 + noted, *count, "{table}");
    }
    let text = keyring.to_file_text().unwrap();
    filled.require_same(TestApp::over(
        database.db.clone(),
        keyring,
        text,
        identity::generate(),
    ));
}

#[test]
fn a_backup_restores_onto_the_other_database() {
    // With PostgreSQL at hand from either to the other; without it there is only one to go to.
    let Some(postgres) = TestDatabase::postgres() else {
        return;
    };
    let another = TestDatabase::postgres().unwrap();
    for (from, to) in [
        (TestDatabase::sqlite(), postgres),
        (another, TestDatabase::sqlite()),
    ] {
        let filled = Filled::on(TestApp::on(from));
        let bytes = filled.backup();
        let expected = dump(&filled.world.db());
        let (keyring, _) = onto(&to, &bytes, &filled.kit).unwrap();
        assert_eq!(dump(&to.db), expected);
        let text = keyring.to_file_text().unwrap();
        filled.require_same(TestApp::over(to.db.clone(), keyring, text, identity::generate()));
    }
}

#[test]
fn a_backup_restores_into_a_new_data_directory() {
    let filled = Filled::new();
    let bytes = filled.backup();
    let target = Target::new();
    let expected = dump(&filled.world.db());
    target.restore(&bytes, &filled.kit).unwrap();
    assert_eq!(
        names(target.dir.path()),
        [
            "identity",
            "keyring.json",
            "keyring.previous.json",
            "lock",
            "strongroom.db"
        ]
    );
    let app = target.start();
    assert_eq!(dump(&app.db()), expected);
    // The new server has an identity of its own, the kit still opens, the old server's identity does not.
    let text = app.keyring().to_file_text().unwrap();
    assert!(Keyring::open(&text, std::slice::from_ref(&filled.kit)).is_ok());
    assert!(Keyring::open(&text, std::slice::from_ref(&filled.world.server)).is_err());
    filled.require_same(app);
    // And again from the restored store.
    let again = target.start();
    let second = write(&again);
    let next = Target::new();
    next.restore(&second, &filled.kit).unwrap();
    assert_eq!(dump(&next.start().db()), dump(&again.db()));
}

#[test]
fn a_person_reads_the_values_without_strongroom() {
    let filled = Filled::new();
    let entries = entries(&filled.backup(), &filled.kit);
    let path = format!("values/{}/dev.json", filled.projects[0].slug);
    let (_, content) = entries.iter().find(|(name, _)| *name == path).unwrap();
    let values: Value = serde_json::from_slice(content).unwrap();
    assert_eq!(values["/"]["LINES"], "second\n".trim_end());
    assert_eq!(values["/"]["WIDE"], "🦀 ключ \u{0} \u{202e}");
    assert!(values["/"].get("GONE").is_none());
    assert!(entries.iter().any(|(name, _)| name == "README.txt"));
}

#[test]
fn a_person_reads_every_value_however_many_there_are() {
    let filled = Filled::new();
    let world = &filled.world;
    // The text of the second environment is longer than what is kept of one.
    for (slug, length) in [("short", 10), ("long", 60_000)] {
        let project = world.project(slug);
        let folder = |path: &str, name: &str| {
            let body = json!({"workspaceId": project.id, "environment": "dev", "name": name, "path": path});
            world
                .send(post("/api/v1/folders", &body).token(&world.admin))
                .expect(200);
        };
        folder("/", "a");
        folder("/a", "empty");
        folder("/a", "full");
        let mut expected = json!({"/": {}, "/a": {}, "/a/empty": {}, "/a/full": {}});
        for path in ["/", "/a/full"] {
            let names: Vec<String> = (0..35).map(|number| format!("NAME_{number}")).collect();
            let value = |name: &str| format!("\"{name}\" in {path}\n{}", "x".repeat(length));
            for names in names.chunks(10) {
                let secrets: Vec<Value> = names
                    .iter()
                    .map(|name| json!({"secretKey": name, "secretValue": value(name)}))
                    .collect();
                let body = json!({
                    "projectId": project.id, "environment": "dev", "secretPath": path, "secrets": secrets,
                });
                world
                    .send(post("/api/v4/secrets/batch", &body).token(&world.admin))
                    .expect(200);
            }
            for name in &names {
                expected[path][name] = json!(value(name).trim());
            }
        }
        let entries = entries(&filled.backup(), &filled.kit);
        let of = |environment: &str| -> Value {
            let path = format!("values/{}/{environment}.json", project.slug);
            let (_, content) = entries.iter().find(|(name, _)| *name == path).unwrap();
            serde_json::from_slice(content).unwrap()
        };
        assert!(of("dev") == expected, "{slug}");
        assert_eq!(of("prod"), json!({"/": {}}));
    }
}

#[test]
fn a_kit_that_does_not_fit_opens_nothing() {
    let filled = Filled::new();
    let bytes = filled.backup();
    let target = Target::new();
    let said = target.refuse(&bytes, &identity::generate());
    assert!(said.contains("none of the given identities opens"), "{said}");
    target.refuse(&bytes, &filled.world.server);
    for nonsense in [b"".as_slice(), b"not a backup", &[0; 5_000]] {
        target.refuse(nonsense, &filled.kit);
    }
    let missing = restore::into_data_dir(
        &target.scratch.path().join("none"),
        &target.dir,
        std::slice::from_ref(&filled.kit),
        now(),
        Options::default(),
    );
    assert!(missing.unwrap_err().to_string().contains("cannot open"));
    target.restore(&bytes, &filled.kit).unwrap();
}

/// Believes every row.
struct Credulous;

impl read::Receiver for Credulous {
    fn begin(&mut self, _: &Manifest, _: &str) -> Result<(), Error> {
        Ok(())
    }

    fn row(&mut self, _: &str, _: &[u8]) -> Result<(), Error> {
        Ok(())
    }
}

fn opens(bytes: &[u8], kit: &Identity) -> bool {
    read::read(bytes, std::slice::from_ref(kit), &mut Credulous).is_ok()
}

/// A small instance: what is tried thousands of times should be short.
pub fn small() -> (Vec<u8>, Identity) {
    let (bytes, kit, _) = small_with_server();
    (bytes, kit)
}

/// The same, with the identity of the server that wrote it.
pub fn small_with_server() -> (Vec<u8>, Identity, Identity) {
    let world = World::new();
    let project = world.project("Web");
    world.put(&project, "A", CANARY);
    let kit = identity::generate();
    add_kit(&world, &kit);
    (write(&world), kit, world.app.server.clone())
}

#[test]
fn a_backup_that_was_cut_off_is_refused() {
    let (bytes, kit) = small();
    let target = Target::new();
    for part in 0..40 {
        target.refuse(&bytes[..bytes.len() * part / 40], &kit);
    }
    for missing in 1..20 {
        target.refuse(&bytes[..bytes.len() - missing], &kit);
    }
    let step = if long() { 1 } else { 37 };
    for length in (0..bytes.len()).step_by(step) {
        assert!(!opens(&bytes[..length], &kit), "{length}");
    }
    // Nor is it one with something behind it.
    let mut longer = bytes.clone();
    longer.push(0);
    target.refuse(&longer, &kit);
    target.restore(&bytes, &kit).unwrap();
}

fn long() -> bool {
    std::env::var_os("STRONGROOM_TEST_LONG").is_some()
}

#[test]
fn a_backup_with_one_changed_bit_is_refused() {
    let (bytes, kit) = small();
    let target = Target::new();
    let bits = bytes.len() * 8;
    // A fixed sample, spread by a multiplier without common factor.
    let sample: Vec<usize> = (0..400)
        .map(|n: usize| n.wrapping_mul(2_654_435_761) % bits)
        .collect();
    let flipped = |bit: usize| {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    };
    for bit in &sample[..40] {
        target.refuse(&flipped(*bit), &kit);
    }
    let all = if long() { (0..bits).collect() } else { sample };
    for bit in all {
        assert!(!opens(&flipped(bit), &kit), "bit {bit}");
    }
    assert!(opens(&bytes, &kit));
}

type Entries = Vec<(String, Vec<u8>)>;

fn entries(bytes: &[u8], kit: &Identity) -> Entries {
    let decrypted = envelope::decrypt_with(std::slice::from_ref(kit), bytes).unwrap();
    let mut archive = tar::Archive::new(zstd::stream::read::Decoder::new(decrypted).unwrap());
    archive
        .entries()
        .unwrap()
        .map(|entry| {
            let mut entry = entry.unwrap();
            let name = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            (name, content)
        })
        .collect()
}

/// A backup of these entries; one whose name ends in `->` is a symbolic link.
fn packed(entries: &Entries, kit: &Identity) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encrypted = envelope::encrypt_to(&[identity::recipient(kit)], &mut bytes).unwrap();
    let mut archive = tar::Builder::new(zstd::stream::write::Encoder::new(encrypted, 1).unwrap());
    for (name, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o600);
        if let Some(name) = name.strip_suffix("->") {
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            archive.append_link(&mut header, name, "/etc/passwd").unwrap();
        } else if name.len() > 100 {
            header.set_size(content.len() as u64);
            archive
                .append_data(&mut header, name, content.as_slice())
                .unwrap();
        } else {
            header.set_size(content.len() as u64);
            // Names that a tar should not hold are written as they are.
            header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            archive.append(&header, content.as_slice()).unwrap();
        }
    }
    let encrypted = archive.into_inner().unwrap().finish().unwrap();
    encrypted.finish().unwrap().flush().unwrap();
    bytes
}

fn text(entries: &mut Entries, start: &str) -> usize {
    entries
        .iter()
        .position(|(name, _)| name.starts_with(start))
        .unwrap_or_else(|| panic!("no {start}"))
}

fn replace(entries: &mut Entries, start: &str, from: &str, to: &str) {
    let index = text(entries, start);
    let content = String::from_utf8(entries[index].1.clone()).unwrap();
    assert!(content.contains(from), "{start} lacks {from}: {content}");
    entries[index].1 = content.replacen(from, to, 1).into_bytes();
}

fn manifest(entries: &mut Entries, change: impl FnOnce(&mut Value)) {
    let mut manifest: Value = serde_json::from_slice(&entries[0].1).unwrap();
    change(&mut manifest);
    entries[0].1 = serde_json::to_vec(&manifest).unwrap();
}

#[test]
fn a_file_that_is_not_what_we_write_is_refused_with_its_reason() {
    type Change = fn(&mut Entries);
    let (bytes, kit) = small();
    let honest = entries(&bytes, &kit);
    let target = Target::new();
    // A long name by itself is none: slugs may be long.
    let mut long = honest.clone();
    long.push((format!("values/{}.json", "x".repeat(200)), b"{}".to_vec()));
    assert!(opens(&packed(&long, &kit), &kit));
    let rows: Vec<(&str, &str, Change)> = vec![
        ("nothing in it", "it is empty", |entries| entries.clear()),
        ("a name without an end", "endless name", |entries| {
            entries.push((format!("values/{}", "x".repeat(10_000_000)), Vec::new()));
        }),
        ("no manifest", "MANIFEST.json", |entries| drop(entries.remove(0))),
        ("only a manifest", "no keyring", |entries| entries.truncate(1)),
        (
            "a manifest later",
            "does not begin with MANIFEST.json",
            |entries| entries.swap(0, 1),
        ),
        ("a second manifest", "MANIFEST.json twice", |entries| {
            entries.push(entries[0].clone());
        }),
        ("nonsense as manifest", "manifest cannot be read", |entries| {
            entries[0].1 = b"{}".to_vec();
        }),
        ("another program's", "not a Strongroom backup", |entries| {
            manifest(entries, |manifest| manifest["format"] = json!("other"));
        }),
        ("a newer format", "newer version 99.0", |entries| {
            manifest(entries, |manifest| {
                manifest["formatVersion"] = json!(3);
                manifest["programVersion"] = json!("99.0");
            });
        }),
        ("a newer schema", "newer version", |entries| {
            manifest(entries, |manifest| manifest["schema"] = json!(1_000));
        }),
        ("another instance", "another instance", |entries| {
            manifest(entries, |manifest| {
                manifest["instance"] = json!("7f1c0e9a-52f4-4a53-9a44-0c6f1d6f4b11");
            });
        }),
        ("no keyring", "rows come before the keyring", |entries| {
            let keyring = text(entries, "keyring.json");
            entries.remove(keyring);
        }),
        ("the keyring last", "rows come before the keyring", |entries| {
            let keyring = text(entries, "keyring.json");
            let keyring = entries.remove(keyring);
            entries.push(keyring);
        }),
        ("two keyrings", "keyring.json twice", |entries| {
            let keyring = text(entries, "keyring.json");
            entries.push(entries[keyring].clone());
        }),
        ("a damaged keyring", "does not open", |entries| {
            let keyring = text(entries, "keyring.json");
            entries[keyring].1.truncate(100);
        }),
        ("a part twice", "twice", |entries| {
            let part = text(entries, "rows/users.");
            entries.push(entries[part].clone());
        }),
        (
            "a part again under another number",
            "users has 2 rows instead of 1",
            |entries| {
                let part = text(entries, "rows/users.");
                let content = entries[part].1.clone();
                entries.push(("rows/users.00002.jsonl".into(), content));
            },
        ),
        ("a row again", "users do not fit the others", |entries| {
            let part = text(entries, "rows/users.");
            let content = entries[part].1.repeat(2);
            entries[part].1 = content;
            manifest(entries, |manifest| manifest["rows"]["users"] = json!(2));
        }),
        (
            "a missing table",
            "audit_records has 0 rows instead of",
            |entries| {
                let part = text(entries, "rows/audit_records.");
                entries.remove(part);
            },
        ),
        ("a missing row", "table attempts has", |entries| {
            manifest(entries, |manifest| manifest["rows"]["attempts"] = json!(1));
        }),
        (
            "a missing table that others refer to",
            "do not fit the others",
            |entries| {
                let part = text(entries, "rows/users.");
                entries.remove(part);
            },
        ),
        (
            "a missing row that others refer to",
            "do not fit the others",
            |entries| {
                let part = text(entries, "rows/environments.");
                let end = entries[part].1.iter().position(|byte| *byte == b'\n').unwrap();
                entries[part].1.drain(..=end);
            },
        ),
        (
            "a table that the manifest does not know",
            "does not know the table strangers",
            |entries| {
                entries.push(("rows/strangers.00001.jsonl".into(), b"{}\n".to_vec()));
            },
        ),
        ("a table that we do not know", "no table strangers", |entries| {
            manifest(entries, |manifest| manifest["rows"]["strangers"] = json!(1));
            entries.push(("rows/strangers.00001.jsonl".into(), b"{}\n".to_vec()));
        }),
        ("an unknown column", "unknown column zzz", |entries| {
            replace(entries, "rows/users.", "{", "{\"zzz\":1,");
        }),
        ("a missing column", "lacks the column email", |entries| {
            replace(entries, "rows/users.", "\"email\":\"kavi@example.com\",", "");
        }),
        ("a wrong type", "wrong value in the column", |entries| {
            replace(entries, "rows/users.", "\"kavi@example.com\"", "7");
        }),
        ("no JSON", "not a JSON object", |entries| {
            replace(entries, "rows/users.", "{", "");
        }),
        ("changed values", "opens none of the values", |entries| {
            replace(entries, "rows/secret_versions.", "\"version\":1", "\"version\":2");
            total_again(entries);
        }),
        ("changed rows", "Merkle root", |entries| {
            replace(entries, "rows/secret_versions.", "\"version\":1", "\"version\":2");
        }),
        ("no totals", "it has no totals", |entries| {
            let totals = text(entries, "TOTALS.json");
            entries.remove(totals);
        }),
        ("totals that are none", "totals cannot be read", |entries| {
            let totals = text(entries, "TOTALS.json");
            entries[totals].1 = b"{}".to_vec();
        }),
        ("a link", "not a plain file", |entries| {
            entries.push(("values/x->".into(), Vec::new()));
        }),
        ("a link as rows", "not a plain file", |entries| {
            entries.push(("rows/users.00002.jsonl->".into(), Vec::new()));
        }),
        ("a file of ours elsewhere", "unknown file identity", |entries| {
            entries.push(("identity".into(), b"x".to_vec()));
        }),
        ("a way out", "unknown file ../evil", |entries| {
            entries.push(("../evil".into(), b"x".to_vec()));
        }),
        ("an absolute path", "unknown file /tmp/evil", |entries| {
            entries.push(("/tmp/evil".into(), b"x".to_vec()));
        }),
    ];
    for (what, says, change) in rows {
        let mut changed = honest.clone();
        change(&mut changed);
        let said = target.refuse(&packed(&changed, &kit), &kit);
        assert!(said.contains(says), "{what}: {said}");
        assert!(!said.contains(CANARY), "{what}: {said}");
    }
    // Packed the same way without a change it is a backup.
    target.restore(&packed(&honest, &kit), &kit).unwrap();
}

#[test]
fn a_backup_of_the_first_format_has_no_totals_and_restores() {
    let (bytes, kit) = small();
    let mut entries = entries(&bytes, &kit);
    let totals = text(&mut entries, "TOTALS.json");
    entries.remove(totals);
    manifest(&mut entries, |manifest| manifest["formatVersion"] = json!(1));
    let summary = Target::new().restore(&packed(&entries, &kit), &kit).unwrap();
    assert_eq!(summary.root, None);
}

/// Makes the totals of changed rows fit them.
fn total_again(entries: &mut Entries) {
    let mut root = Root::default();
    for (name, content) in entries.iter() {
        if let Some((table, _)) = name.strip_prefix("rows/").and_then(|name| name.split_once('.')) {
            for line in content.split_inclusive(|byte| *byte == b'\n') {
                root.row(table, line);
            }
        }
    }
    let totals = text(entries, "TOTALS.json");
    let mut json: Value = serde_json::from_slice(&entries[totals].1).unwrap();
    json["root"] = json!(root.finish());
    entries[totals].1 = serde_json::to_vec(&json).unwrap();
}

#[test]
fn what_was_revoked_since_the_backup_is_told_and_sessions_can_be_ended() {
    let filled = Filled::new();
    let bytes = filled.backup();
    let target = Target::new();
    target.restore(&bytes, &filled.kit).unwrap();
    let app = target.start();
    app.send(Call::new("POST", "/api/v1/auth/logout").cookie(&filled.world.refresh))
        .expect(200);
    app.wait(app.app.close()).unwrap();
    drop(app);
    let file = target.scratch.path().join("again");
    fs::write(&file, &bytes).unwrap();
    let restore = |revoke_sessions| {
        let options = Options {
            set_aside: true,
            revoke_sessions,
        };
        restore::into_data_dir(
            &file,
            &target.dir,
            std::slice::from_ref(&filled.kit),
            now(),
            options,
        )
        .unwrap()
    };
    let is_session = |found: &Credential| found.kind == "session" && found.name == EMAIL;
    let again = restore(false);
    let revived = again.revived.unwrap();
    assert!(
        revived.iter().all(is_session) && !revived.is_empty(),
        "{revived:?}"
    );
    assert!(again.in_force.iter().any(is_session));
    for kind in ["client secret", "access token", "service token"] {
        assert!(again.in_force.iter().any(|found| found.kind == kind), "{kind}");
    }
    let me = || get("/api/strongroom/v1/me").token(&filled.world.admin);
    let app = target.start();
    app.send(me()).expect(200);
    app.wait(app.app.close()).unwrap();
    drop(app);
    let ended = restore(true);
    assert!(!ended.in_force.iter().any(is_session));
    assert!(target.start().send(me()).status >= 400);
}

#[test]
fn a_restore_never_overwrites() {
    let (bytes, kit) = small();
    let store = Target::new();
    store.restore(&bytes, &kit).unwrap();
    let whole = |name: &str| fs::read(store.dir.path().join(name)).unwrap();
    assert!(store.refuse(&bytes, &kit).contains("never overwrites"));
    for name in [
        "strongroom.db",
        "identity",
        "keyring.json",
        "keyring.previous.json",
    ] {
        let target = Target::new();
        target.dir.create().unwrap();
        let path = target.dir.path().join(name);
        fs::write(&path, whole(name)).unwrap();
        let said = target.refuse(&bytes, &kit);
        assert!(said.contains("never overwrites"), "{name}: {said}");
        assert_eq!(fs::read(&path).unwrap(), whole(name));
    }
    let target = Target::new();
    target.dir.create().unwrap();
    let lock = target.dir.lock().unwrap();
    assert!(target.refuse(&bytes, &kit).contains("in use"));
    drop(lock);
    target.restore(&bytes, &kit).unwrap();
}

/// A directory as a restore leaves it that was killed when `moved` files had gone to their place.
fn killed(complete: &Target, moved: usize) -> Target {
    let target = Target::new();
    let part = target.dir.restore_part();
    fs::create_dir_all(&part).unwrap();
    for (number, name) in ["strongroom.db", "identity", "keyring.json"].iter().enumerate() {
        let place = if number < moved { target.dir.path() } else { &part };
        fs::copy(complete.dir.path().join(name), place.join(name)).unwrap();
    }
    target
}

#[test]
fn a_restore_that_was_killed_never_happened_or_is_complete() {
    let (bytes, kit) = small();
    let complete = Target::new();
    complete.restore(&bytes, &kit).unwrap();
    let begun = Target::new();
    fs::create_dir_all(begun.dir.restore_part()).unwrap();
    let halfway = Target::new();
    fs::create_dir_all(halfway.dir.restore_part()).unwrap();
    for name in [
        "strongroom.db",
        "strongroom.db-wal",
        "strongroom.db-shm",
        "identity.new",
    ] {
        fs::write(halfway.dir.restore_part().join(name), "half").unwrap();
    }
    for target in [
        begun,
        halfway,
        killed(&complete, 0),
        killed(&complete, 1),
        killed(&complete, 2),
    ] {
        let Err(locked) = open::open(&target.dir, &KeySources::default(), now()) else {
            panic!("half a store opens")
        };
        assert!(locked.reason.contains("restore"), "{locked:?}");
        target.restore(&bytes, &kit).unwrap();
        assert!(!fs::exists(target.dir.restore_part()).unwrap());
        let app = target.start();
        assert_eq!(app.send(get("/api/status")).status, 200);
        assert_eq!(dump(&app.db())["secrets"].len(), 1);
    }
    // With the keyring in its place the store is whole.
    let done = killed(&complete, 3);
    let keyring = complete.dir.path().join("keyring.json");
    fs::copy(keyring, done.dir.restore_part().join("keyring.json")).unwrap();
    assert!(
        done.restore(&bytes, &kit)
            .unwrap_err()
            .to_string()
            .contains("never overwrites")
    );
    assert_eq!(dump(&done.start().db())["secrets"].len(), 1);
}

#[test]
fn a_first_start_that_was_killed_does_not_harm_what_is_restored_after_it() {
    let (bytes, kit) = small();
    let target = Target::new();
    target.dir.create().unwrap();
    fs::write(target.dir.path().join("initializing"), "").unwrap();
    target.restore(&bytes, &kit).unwrap();
    for _ in 0..2 {
        let app = target.start();
        assert_eq!(dump(&app.db())["secrets"].len(), 1);
        app.wait(app.app.close()).unwrap();
    }
}

#[test]
fn writers_go_on_while_a_backup_is_taken() {
    let filled = Filled::new();
    let world = &filled.world;
    let project = &filled.projects[0];
    let change = |number: usize| {
        let body = json!({
            "workspaceId": project.id, "environment": "dev", "secretValue": format!("value {number}"),
        });
        patch("/api/v3/secrets/raw/PLAIN", &body).token(&world.admin)
    };
    let before = world.read(project, "PLAIN", &world.admin).expect(200).json["secret"]["version"]
        .as_i64()
        .unwrap();
    let (db, keyring) = (world.db(), world.keyring());
    let writer = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        write::write(&db, &keyring, now(), &write::Progress::default(), &mut bytes).unwrap();
        bytes
    });
    let mut written = 0;
    while !writer.is_finished() || written < 5 {
        world.send(change(written)).expect(200);
        written += 1;
    }
    let bytes = writer.join().unwrap();
    let database = TestDatabase::open();
    let (keyring, summary) = onto(&database, &bytes, &filled.kit).unwrap();
    assert_eq!(summary.secrets, 10);
    let text = keyring.to_file_text().unwrap();
    let restored = TestApp::over(database.db.clone(), keyring, text, identity::generate());
    let path = format!(
        "/api/v3/secrets/raw/PLAIN?workspaceId={}&environment=dev",
        project.id
    );
    let reply = restored.send(get(&path).token(&world.admin)).expect(200);
    let version = reply.json["secret"]["version"].as_i64().unwrap();
    assert!((before..=before + i64::try_from(written).unwrap()).contains(&version));
    if version > before {
        assert_eq!(
            reply.at("/secret/secretValue"),
            format!("value {}", version - before - 1)
        );
    }
}
