use super::*;

const NOW: UnixMillis = UnixMillis(1_763_769_600_120);

fn scratch() -> (tempfile::TempDir, DataDir) {
    let scratch = tempfile::tempdir().unwrap();
    let dir = DataDir::new(scratch.path().join("data"));
    dir.create().unwrap();
    (scratch, dir)
}

fn instance_of(dir: &DataDir) -> InstanceId {
    let loaded = keyfile::load(dir.path()).unwrap().unwrap();
    keyring::summary(&loaded.text).unwrap().instance
}

fn make(dir: &DataDir) -> InstanceId {
    let opened = open(dir, &KeySources::default(), NOW)
        .map_err(|locked| locked.reason)
        .unwrap();
    opened.db.close_blocking().unwrap();
    instance_of(dir)
}

fn mark(dir: &DataDir, instance: &str) {
    fs::write(dir.path().join(STARTED), instance).unwrap();
}

#[test]
fn a_store_that_came_after_an_interrupted_start_stays() {
    let (_scratch, dir) = scratch();
    let instance = make(&dir);
    for other in [&*InstanceId::from_random([7; 16]).to_string(), ""] {
        mark(&dir, other);
        assert_eq!(make(&dir), instance);
        assert!(!dir.path().join(STARTED).exists());
    }
}

#[test]
fn a_database_without_a_keyring_is_never_removed() {
    let (_scratch, dir) = scratch();
    let instance = make(&dir);
    for name in [keyfile::CURRENT, keyfile::PREVIOUS] {
        fs::remove_file(dir.path().join(name)).unwrap();
    }
    mark(&dir, &instance.to_string());
    let locked = open(&dir, &KeySources::default(), NOW).map(drop).unwrap_err();
    assert!(locked.reason.contains("Nothing was changed"), "{}", locked.reason);
    assert!(dir.database().exists());
}

#[test]
fn a_store_that_was_set_aside_is_not_forgotten_for_a_new_one() {
    let (_scratch, dir) = scratch();
    make(&dir);
    let aside = set_aside::move_store(&dir, NOW).unwrap();
    let part = set_aside::part(&dir);
    // Killed before it got its name.
    fs::rename(&aside, &part).unwrap();
    let locked = open(&dir, &KeySources::default(), NOW).map(drop).unwrap_err();
    assert!(locked.reason.contains("restore --force"), "{}", locked.reason);
    assert!(!dir.database().exists());
    let kept = fs::read(DataDir::new(&part).database()).unwrap();

    // Another store that came here all the same does not take its place.
    fs::write(dir.database(), "another").unwrap();
    let refused = set_aside::move_store(&dir, NOW).map(drop).unwrap_err();
    assert!(refused.to_string().contains("two stores"), "{refused}");
    assert_eq!(fs::read(DataDir::new(&part).database()).unwrap(), kept);
    assert_eq!(fs::read(dir.database()).unwrap(), b"another");
}

#[test]
fn an_interrupted_start_is_continued() {
    let (_scratch, dir) = scratch();
    let instance = make(&dir);
    mark(&dir, &instance.to_string());
    fs::remove_file(dir.database()).unwrap();
    assert_eq!(make(&dir), instance);
    assert!(!dir.path().join(STARTED).exists());
}

#[test]
fn what_a_killed_backup_left_goes_at_the_next_start() {
    let (_scratch, dir) = scratch();
    make(&dir);
    fs::create_dir(dir.backups()).unwrap();
    let left = dir.backups().join("strongroom-20261127T065312Z.age.part");
    let others = ["strongroom-20261127T065312Z.age", "mine.part"].map(|name| dir.backups().join(name));
    for file in others.iter().chain([&left]) {
        fs::write(file, "x").unwrap();
    }
    make(&dir);
    assert!(!left.exists());
    assert!(others.iter().all(|file| file.exists()));
    // It is no reason to stay locked either.
    fs::remove_dir_all(dir.backups()).unwrap();
    fs::write(dir.backups(), "in the way").unwrap();
    make(&dir);
}

/// Takes a store back to the schema before backups had a list, as an older program left it.
fn make_older(dir: &DataDir) -> Keyring {
    let opened = open(dir, &KeySources::default(), NOW)
        .map_err(|locked| locked.reason)
        .unwrap();
    let keyring = Keyring::clone(&opened.keyring());
    opened
        .db
        .write_blocking(|tx| -> Result<(), store::Error> {
            for table in ["drills", "backup_copies", "backups", "sealed_settings"] {
                tx.execute(&format!("DROP TABLE {table}"), &[])?;
            }
            tx.execute("DELETE FROM schema_migrations WHERE number > 5", &[])?;
            Ok(())
        })
        .unwrap();
    opened.db.close_blocking().unwrap();
    keyring
}

#[test]
fn before_an_upgrade_everything_is_backed_up_for_the_version_before() {
    let (scratch, dir) = scratch();
    make(&dir);
    make_older(&dir);
    let later = NOW.plus_seconds(60);
    let opened = open(&dir, &KeySources::default(), later)
        .map_err(|locked| locked.reason)
        .unwrap();
    let listed = opened.db.read_blocking(store::backups::list).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].reason, BackupReason::Upgrade);
    assert_eq!(
        opened.db.read_blocking(migrate::version).unwrap(),
        migrate::newest()
    );
    opened.db.close_blocking().unwrap();

    // The identity of the server opens it: there was no kit.
    let identities = identity::read_identities(&dir.identity()).unwrap();
    let file = dir.backups().join(&listed[0].file_name);
    let target = DataDir::new(scratch.path().join("restored"));
    let restored =
        restore::into_data_dir(&file, &target, &identities, later, restore::Options::default()).unwrap();
    assert_eq!(restored.summary.manifest.schema, 5);
    make(&target);

    // Once upgraded, there is no further one.
    make(&dir);
    assert_eq!(fs::read_dir(dir.backups()).unwrap().count(), 1);
}

#[test]
fn without_that_backup_there_is_no_upgrade() {
    let (_scratch, dir) = scratch();
    make(&dir);
    let keyring = make_older(&dir);
    fs::write(dir.backups(), "in the way").unwrap();
    let locked = open(&dir, &KeySources::default(), NOW).map(drop).unwrap_err();
    assert!(
        locked.reason.contains("The database was not changed"),
        "{}",
        locked.reason
    );
    let db = open_file(&dir, &keyring, false)
        .map_err(|locked| locked.reason)
        .unwrap();
    assert_eq!(db.read_blocking(migrate::version).unwrap(), 5);
}
