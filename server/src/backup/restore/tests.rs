use shared::model::ids::{EnvironmentId, FolderId, OrganizationId, ProjectId, SecretId};
use shared::model::text::SecretText;

use super::*;
use crate::app::OpenStore;
use crate::app::key_sources::KeySources;
use crate::app::open;
use crate::backup::write;
use crate::crypto::envelope;
use crate::domain::Error as DomainError;
use crate::domain::data_keys::{self, Part};
use crate::store::Tx;

const NOW: UnixMillis = UnixMillis(1_763_769_600_120);
/// Of each value.
const LENGTH: usize = 10;
const SECRETS: u8 = 5;

fn id<T>(make: impl Fn([u8; 16]) -> T, number: u8) -> T {
    make([number; 16])
}

/// A project with secrets; project 2 lies in the trash.
fn fill(cx: &mut Context, number: u8, secrets: u8, length: usize) -> Result<(), crate::domain::Error> {
    let project = id(ProjectId::from_random, number);
    let environment = id(EnvironmentId::from_random, number);
    let folder = id(FolderId::from_random, number);
    store::projects::insert(
        cx.tx,
        &store::projects::Project {
            id: project,
            organization_id: id(OrganizationId::from_random, 1),
            name: format!("p{number}"),
            slug: format!("p{number}"),
            description: None,
            delete_protection: false,
            auto_capitalization: false,
            audit_retention_days: None,
            created_at: NOW,
            updated_at: NOW,
        },
    )?;
    data_keys::create(cx, project)?;
    store::environments::insert(
        cx.tx,
        &store::environments::Environment {
            id: environment,
            project_id: project,
            name: "dev".into(),
            slug: "dev".into(),
            position: 1,
            created_at: NOW,
            updated_at: NOW,
        },
    )?;
    store::folders::insert(
        cx.tx,
        &store::folders::Folder {
            id: folder,
            environment_id: environment,
            parent_id: None,
            name: String::new(),
            description: None,
            version: 1,
            created_at: NOW,
            updated_at: NOW,
        },
    )?;
    let keys = data_keys::open(cx, project)?;
    for place in 0..secrets {
        let secret = id(SecretId::from_random, 16 * number + place);
        let value = SecretText::new("v".repeat(length));
        let row = store::secrets::Secret {
            id: secret,
            folder_id: folder,
            name: format!("S{place}"),
            owner_id: String::new(),
            version: 1,
            value_sealed: keys.seal(secret, 1, Part::Value, "", &value)?,
            comment_sealed: None,
            details_sealed: None,
            skip_multiline_encoding: None,
            created_at: NOW,
            updated_at: NOW,
        };
        let writer = store::secrets::Writer {
            kind: "operator",
            id: "",
            key_version: 1,
        };
        store::secrets::insert(cx.tx, &row, writer)?;
    }
    if number == 2 {
        store::projects::delete(cx.tx, project, NOW)?;
    }
    Ok(())
}

/// A store with a kit and two projects.
struct Fixture {
    scratch: tempfile::TempDir,
    opened: OpenStore,
    kit: Identity,
}

impl Fixture {
    fn new() -> Self {
        Self::with_values_of(LENGTH)
    }

    fn with_values_of(length: usize) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let dir = DataDir::new(scratch.path().join("old"));
        dir.create().unwrap();
        let opened = open_store(&dir);
        let kit = identity::generate();
        opened
            .change_keyring(&dir, |keyring| {
                let recipient = identity::recipient(&kit);
                let kit = NewSlot::plain(SlotKind::Recovery, "kit", &recipient);
                Ok::<_, DomainError>(keyring.add_slot(&kit, NOW)?)
            })
            .unwrap();
        let keys = opened.keyring();
        opened
            .db
            .write_blocking(move |tx| {
                let organization = store::organizations::Organization {
                    id: id(OrganizationId::from_random, 1),
                    name: "home".into(),
                    slug: "home".into(),
                    created_at: NOW,
                    updated_at: NOW,
                };
                store::organizations::insert(tx, &organization)?;
                let mut cx = Context {
                    tx,
                    keys: &keys,
                    now: NOW,
                };
                fill(&mut cx, 1, SECRETS, length)?;
                fill(&mut cx, 2, 1, 10)
            })
            .unwrap();
        Self { scratch, opened, kit }
    }

    fn sql(&self, sql: &'static str, values: &[Value]) {
        let values = values.to_vec();
        let changed = self
            .opened
            .db
            .write_blocking(move |tx: Tx| tx.execute(sql, &values))
            .unwrap();
        assert_eq!(changed, 1);
    }

    /// Writes a backup; returns what it counted as unreadable.
    fn back_up(&self) -> u64 {
        let mut file = File::create(self.file()).unwrap();
        write::write(
            &self.opened.db,
            &self.opened.keyring(),
            NOW,
            &write::Progress::default(),
            &mut file,
        )
        .unwrap()
        .unreadable
    }

    fn file(&self) -> PathBuf {
        self.scratch.path().join("backup")
    }

    fn target(&self) -> DataDir {
        DataDir::new(self.scratch.path().join("new"))
    }

    fn restore(&self) -> Result<Summary, Error> {
        self.restore_with(Options::default())
            .map(|restored| restored.summary)
    }

    fn restore_with(&self, options: Options) -> Result<Restored, Error> {
        into_data_dir(
            &self.file(),
            &self.target(),
            std::slice::from_ref(&self.kit),
            NOW,
            options,
        )
    }

    fn refusal(&self) -> String {
        self.restore().map(|_| ()).unwrap_err().to_string()
    }
}

fn open_store(dir: &DataDir) -> OpenStore {
    open::open(dir, &KeySources::default(), NOW)
        .map_err(|locked| locked.reason)
        .unwrap()
}

#[test]
fn a_restored_store_opens_has_every_value_and_says_where_it_came_from() {
    // Together more than one batch of a restore.
    let fixture = Fixture::with_values_of(BATCH_BYTES / 4);
    assert_eq!(fixture.back_up(), 0);
    let summary = fixture.restore().unwrap();
    assert_eq!((summary.secrets, summary.unreadable), (u64::from(SECRETS), 0));
    assert!(!fixture.target().restore_part().exists());
    let opened = open_store(&fixture.target());
    let keys = opened.keyring();
    let proof = opened
        .db
        .read_blocking(move |tx| {
            proof::all(&mut Context {
                tx,
                keys: &keys,
                now: NOW,
            })
        })
        .unwrap();
    assert_eq!((proof.opened, proof.unreadable), (u64::from(SECRETS) + 1, 0));
    let records = opened
        .db
        .read_blocking(|tx| store::audit::unlinked(tx, 10))
        .unwrap();
    let restored = records
        .iter()
        .find(|record| record.event == "instance.restore")
        .unwrap();
    assert_eq!(restored.actor_kind, "operator");
}

#[test]
fn what_cannot_be_read_is_counted_and_everything_else_is_kept() {
    let fixture = Fixture::new();
    let damaged = "UPDATE secret_versions SET value_sealed = $2 WHERE secret_id = $1";
    // In use, and in the trash.
    for number in [16, 32] {
        fixture.sql(
            damaged,
            &[
                Value::text(id(SecretId::from_random, number)),
                Value::Bytes(vec![1; 60]),
            ],
        );
    }
    let lost = "UPDATE secrets SET version = 2 WHERE id = $1";
    fixture.sql(lost, &[Value::text(id(SecretId::from_random, 17))]);
    assert_eq!(fixture.back_up(), 2, "the trash is not among the readable values");
    let decrypted = envelope::decrypt_with(
        std::slice::from_ref(&fixture.kit),
        File::open(fixture.file()).unwrap(),
    )
    .unwrap();
    let mut archive = tar::Archive::new(zstd::stream::read::Decoder::new(decrypted).unwrap());
    let mut values = String::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.path_bytes().starts_with(b"values/p1/") {
            io::Read::read_to_string(&mut entry, &mut values).unwrap();
        }
    }
    let values: serde_json::Value = serde_json::from_str(&values).unwrap();
    assert!(values["/"]["S0"]["unreadable"].is_string());
    assert_eq!(values["/"]["S2"].as_str().unwrap().len(), LENGTH);
    assert_eq!(fixture.restore().unwrap().unreadable, 3);
    open_store(&fixture.target());
}

#[test]
fn rows_of_another_instance_are_refused() {
    let fixture = Fixture::new();
    fixture.sql(
        "UPDATE settings SET value = 'x' WHERE name = $1",
        &[Value::from(INSTANCE)],
    );
    fixture.back_up();
    assert!(fixture.refusal().contains("another instance"));
    assert!(!fixture.target().restore_part().exists());
}

#[test]
fn whatever_may_belong_to_another_store_is_in_the_way() {
    let fixture = Fixture::new();
    fixture.back_up();
    let dir = fixture.target();
    dir.create().unwrap();
    let [database, log, index] = dir.database_files();
    for (part, files) in [
        (false, vec![&database]),
        (false, vec![&log]),
        (false, vec![&index]),
        // A restore that was killed while it built moved nothing.
        (true, vec![&database]),
        (true, vec![&log]),
    ] {
        if part {
            fs::create_dir_all(dir.restore_part()).unwrap();
        }
        for file in &files {
            fs::write(file, "precious").unwrap();
        }
        assert!(fixture.refusal().contains("in the way"), "{files:?}");
        for file in files {
            assert_eq!(fs::read(file).unwrap(), b"precious");
            fs::remove_file(file).unwrap();
        }
    }
    fs::write(dir.identity(), "precious").unwrap();
    assert!(fixture.refusal().contains("identity is in the way"));
    assert_eq!(fs::read(dir.identity()).unwrap(), b"precious");
}

/// Takes a finished restore back to where it stood after some of its last steps.
fn rewind(dir: &DataDir, database_moved: bool, identity_moved: bool) {
    let part = DataDir::new(dir.restore_part());
    part.create().unwrap();
    for name in [keyfile::CURRENT, keyfile::PREVIOUS] {
        fs::rename(dir.path().join(name), part.path().join(name)).unwrap();
    }
    if !identity_moved {
        fs::rename(dir.identity(), part.identity()).unwrap();
    }
    if !database_moved {
        fs::rename(dir.database(), part.database()).unwrap();
    }
}

#[test]
fn a_restore_that_was_killed_while_moving_runs_again() {
    for (database_moved, identity_moved) in [(false, false), (true, false), (true, true)] {
        let fixture = Fixture::new();
        fixture.back_up();
        fixture.restore().unwrap();
        rewind(&fixture.target(), database_moved, identity_moved);
        let locked = open::open(&fixture.target(), &KeySources::default(), NOW)
            .map(drop)
            .unwrap_err();
        assert!(locked.reason.contains("interrupted"), "{}", locked.reason);
        fixture.restore().unwrap();
        open_store(&fixture.target());
    }
}

#[test]
fn a_foreign_identity_stays_although_a_restore_was_interrupted() {
    let fixture = Fixture::new();
    fixture.back_up();
    fixture.restore().unwrap();
    let dir = fixture.target();
    rewind(&dir, true, false);
    fs::write(dir.identity(), "precious").unwrap();
    assert!(fixture.refusal().contains("identity is in the way"));
    assert_eq!(fs::read(dir.identity()).unwrap(), b"precious");
    assert!(dir.database().exists(), "refusing changes nothing");
}

#[test]
fn opening_ends_what_a_finished_restore_left() {
    let fixture = Fixture::new();
    fixture.back_up();
    fixture.restore().unwrap();
    let dir = fixture.target();
    let part = DataDir::new(dir.restore_part());
    part.create().unwrap();
    let current = dir.path().join(keyfile::CURRENT);
    fs::copy(&current, part.path().join(keyfile::CURRENT)).unwrap();
    open_store(&dir).db.close_blocking().unwrap();
    assert!(!part.path().exists());
    // Even without its keyring a database that was in use is never taken for a leftover.
    for name in [keyfile::CURRENT, keyfile::PREVIOUS] {
        fs::remove_file(dir.path().join(name)).unwrap();
    }
    assert!(fixture.refusal().contains("in the way"));
    assert!(dir.database().exists());
}

#[test]
fn a_first_start_that_was_interrupted_does_not_endanger_what_is_restored() {
    let fixture = Fixture::new();
    fixture.back_up();
    let dir = fixture.target();
    dir.create().unwrap();
    fs::write(
        dir.path().join("initializing"),
        "00000000-0000-4000-8000-000000000000",
    )
    .unwrap();
    fixture.restore().unwrap();
    assert!(!dir.path().join("initializing").exists());
    open_store(&dir);
}

const FORCE: Options = Options {
    set_aside: true,
    revoke_sessions: false,
};

/// The instance of a store, which opens.
fn instance(dir: &DataDir) -> String {
    let opened = open_store(dir);
    let instance = opened.keyring().instance().to_string();
    opened.db.close_blocking().unwrap();
    instance
}

#[test]
fn a_store_in_the_place_is_set_aside_whole_and_only_when_that_was_asked_for() {
    let fixture = Fixture::new();
    fixture.back_up();
    let dir = fixture.target();
    dir.create().unwrap();
    let other = instance(&dir);
    assert!(fixture.refusal().contains("--force"));
    let restored = fixture.restore_with(FORCE).unwrap();
    let aside = DataDir::new(restored.set_aside.unwrap());
    assert_eq!(instance(&aside), other);
    assert_eq!(instance(&dir), fixture.opened.keyring().instance().to_string());
    // Its own kit or identity opened it, so what came back into force is known: nothing, and there is nothing.
    assert_eq!(
        (restored.in_force, restored.revived),
        (Vec::new(), Some(Vec::new()))
    );
}

#[test]
fn a_backup_that_does_not_restore_leaves_the_store_in_its_place() {
    let fixture = Fixture::new();
    fixture.back_up();
    let dir = fixture.target();
    dir.create().unwrap();
    let other = instance(&dir);
    let mut bytes = fs::read(fixture.file()).unwrap();
    bytes.truncate(bytes.len() - 100);
    fs::write(fixture.file(), bytes).unwrap();
    fixture.restore_with(FORCE).unwrap_err();
    assert_eq!(instance(&dir), other);
    let entries = fs::read_dir(dir.path()).unwrap();
    assert!(entries.map(|entry| entry.unwrap().file_name()).all(|name| {
        let name = name.to_string_lossy().into_owned();
        !name.starts_with("replaced") && !name.starts_with("restore")
    }));
}

#[test]
fn a_store_whose_key_is_lost_is_set_aside_too() {
    let fixture = Fixture::new();
    fixture.back_up();
    let dir = fixture.target();
    dir.create().unwrap();
    instance(&dir);
    fs::remove_file(dir.identity()).unwrap();
    let restored = fixture.restore_with(FORCE).unwrap();
    assert_eq!(restored.revived, None);
    assert!(restored.set_aside.unwrap().join("strongroom.db").exists());
    instance(&dir);
}

#[test]
fn setting_aside_that_was_killed_goes_on() {
    // Moved one file after the other, the keyring last; after that the restored store moves in.
    let names = ["strongroom.db", "identity", keyfile::PREVIOUS, keyfile::CURRENT];
    for moved in 0..=names.len() {
        let fixture = Fixture::new();
        fixture.back_up();
        let dir = fixture.target();
        dir.create().unwrap();
        let other = instance(&dir);
        let part = dir.path().join("replaced.part");
        fs::create_dir(&part).unwrap();
        for name in &names[..moved] {
            fs::rename(dir.path().join(name), part.join(name)).unwrap();
        }
        let restored = fixture.restore_with(FORCE).unwrap();
        assert_eq!(
            instance(&DataDir::new(restored.set_aside.unwrap())),
            other,
            "{moved}"
        );
        assert_ne!(instance(&dir), other);
    }
}

#[test]
fn moving_in_that_was_killed_sets_nothing_aside() {
    for (database_moved, identity_moved) in [(false, false), (true, false), (true, true)] {
        let fixture = Fixture::new();
        fixture.back_up();
        fixture.restore().unwrap();
        rewind(&fixture.target(), database_moved, identity_moved);
        assert_eq!(fixture.restore_with(FORCE).unwrap().set_aside, None);
        instance(&fixture.target());
    }
}
