//! Keys and files: what lies on disk shows nothing, what is missing or wrong locks the server and is left as it is, and
//! ciphertext that was moved does not open.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use serde_json::json;
use server::app::data_dir::DataDir;
use server::app::key_sources::KeySources;
use server::app::open::{self, Locked};
use server::app::{App, OpenStore};
use server::clock::Clock;
use server::crypto::identity;
use server::crypto::keyring::{NewSlot, SlotKind, fingerprint};
use tempfile::TempDir;

use crate::app::{CANARY, Project, TestApp, World, get, post};
use crate::store::{Db, SqliteOptions, Value};

struct Place {
    scratch: TempDir,
    dir: DataDir,
}

impl Place {
    fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let dir = DataDir::new(scratch.path().join("data"));
        dir.create().unwrap();
        Self { scratch, dir }
    }

    /// A place with a store that holds one project with one secret.
    fn with_store() -> Self {
        let place = Self::new();
        let world = World::on(place.running());
        let project = world.project("Web");
        world.put(&project, "A", CANARY);
        world.wait(world.app.app.close()).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn open(&self) -> Result<OpenStore, Locked> {
        open::open(&self.dir, &KeySources::default(), Clock::default().now())
    }

    fn running(&self) -> TestApp {
        TestApp::of(App::opened(self.open().unwrap()).unwrap(), identity::generate())
    }

    /// Opens the store, reads the one secret and closes again.
    #[track_caller]
    fn require_whole(&self) {
        let opened = self.open().unwrap_or_else(|locked| panic!("{locked:?}"));
        assert_eq!(secrets(&opened), 1);
        opened.db.close_blocking().unwrap();
        assert!(!fs::exists(self.path("initializing")).unwrap());
    }

    /// Opening is refused, says this, and leaves every file as it is.
    #[track_caller]
    fn require_locked_after(&self, what: &str) {
        assert!(self.open().is_err(), "it opens: {what}");
        self.require_locked(&[]);
    }

    #[track_caller]
    fn require_locked(&self, says: &[&str]) -> Locked {
        let before = contents(self.dir.path());
        let Err(locked) = self.open() else {
            panic!("it opens")
        };
        for text in says {
            assert!(locked.reason.contains(text), "{locked:?} lacks {text}");
        }
        assert_eq!(before, contents(self.dir.path()));
        locked
    }

    fn copy(&self) -> Self {
        let copy = Self::new();
        for (name, content) in contents(self.dir.path()) {
            fs::write(copy.path(&name), content).unwrap();
        }
        copy
    }
}

#[test]
fn an_older_copy_of_the_database_is_not_taken_for_the_newest() {
    let place = Place::with_store();
    let older = fs::read(place.path("strongroom.db")).unwrap();
    let opened = place.open().unwrap();
    opened
        .change_keyring(&place.dir, |keyring| {
            keyring.rotate_signing()?;
            Ok::<_, server::domain::Error>(())
        })
        .unwrap();
    opened.db.close_blocking().unwrap();
    let newer = fs::read(place.path("strongroom.db")).unwrap();
    fs::write(place.path("strongroom.db"), &older).unwrap();
    place.require_locked(&["older than the key files", "--accept-older-database"]);
    fs::write(place.path("strongroom.db"), newer).unwrap();
    place.require_whole();
    let copy = place.copy();
    fs::write(copy.path("strongroom.db"), older).unwrap();
    let accepting = KeySources {
        accept_older_database: true,
        ..KeySources::default()
    };
    let opened = open::open(&copy.dir, &accepting, Clock::default().now()).unwrap();
    opened.db.close_blocking().unwrap();
    copy.require_whole();
}

fn secrets(opened: &OpenStore) -> i64 {
    opened
        .db
        .read_blocking(|tx| crate::store::secrets::count(tx))
        .unwrap()
}

/// Every file under a folder with its content, but for what SQLite makes and removes as it pleases.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = all_files(folder);
    files.retain(|name, _| !name.ends_with("-wal") && !name.ends_with("-shm"));
    files
}

fn all_files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            for (inner, content) in all_files(&path) {
                files.insert(format!("{name}/{inner}"), content);
            }
        } else if path.is_file() {
            match fs::read(&path) {
                Ok(content) => drop(files.insert(name, content)),
                // SQLite removes its log when the last connection is closed, which may be now.
                Err(error) => assert!(
                    name.ends_with("-wal") || name.ends_with("-shm"),
                    "{name}: {error}"
                ),
            }
        }
    }
    files
}

#[test]
fn a_fresh_start_makes_a_store_and_the_next_one_opens_it() {
    let place = Place::new();
    let first = place.open().unwrap();
    let instance = first.keyring().instance();
    first.db.close_blocking().unwrap();
    let names: Vec<String> = contents(place.dir.path()).into_keys().collect();
    assert_eq!(
        names,
        [
            "identity",
            "keyring.json",
            "keyring.previous.json",
            "strongroom.db"
        ]
    );
    for name in names {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(place.path(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let second = place.open().unwrap();
    assert_eq!(second.keyring().instance(), instance);
    second.db.close_blocking().unwrap();
    assert!(fs::read(place.dir.database()).unwrap().len() > 16);
}

#[test]
fn without_its_identity_the_server_is_locked_and_says_which_it_needs() {
    let place = Place::with_store();
    let opens_with = {
        let identities = identity::read_identities(&place.dir.identity()).unwrap();
        format!(
            "Server (server, {})",
            fingerprint(&identity::recipient(&identities[0]))
        )
    };
    let moved = place.scratch.path().join("moved");
    fs::rename(place.dir.identity(), &moved).unwrap();
    let locked = place.require_locked(&["identity", "Nothing was changed"]);
    assert_eq!(locked.opens_with(), std::slice::from_ref(&opens_with));
    // Named by the operator it opens.
    let opened = open::open(&place.dir, &KeySources::at(&moved), Clock::default().now()).unwrap();
    opened.db.close_blocking().unwrap();
    // Another identity does not.
    identity::create_server_identity(place.dir.path(), Clock::default().now()).unwrap();
    let locked = place.require_locked(&["does not open", "Nothing was changed"]);
    assert_eq!(locked.opens_with(), [opens_with]);
    for nonsense in ["", "# nothing\n", "AGE-SECRET-KEY-1", "\u{0}"] {
        fs::write(place.dir.identity(), nonsense).unwrap();
        place.require_locked(&["identity"]);
    }
    fs::rename(&moved, place.dir.identity()).unwrap();
    place.require_whole();
}

#[test]
fn a_locked_server_says_so_and_nothing_else() {
    let place = Place::with_store();
    fs::remove_file(place.dir.identity()).unwrap();
    let locked = place.require_locked(&[]);
    let needed = locked.opens_with()[0].clone();
    let app = TestApp::of(App::locked(locked).unwrap(), identity::generate());
    app.send(get("/api/status")).refused(503, "ServiceUnavailable");
    app.send(get("/api/health")).expect(200);
    let body = json!({"email": "a@b.cd", "password": "correct horse battery", "organization": "x"});
    app.send(post("/api/v1/admin/bootstrap", &body).local())
        .refused(503, "ServiceUnavailable");
    assert_eq!(
        app.app.why_locked().unwrap().opens_with(),
        std::slice::from_ref(&needed)
    );
    assert_eq!(app.said(&needed), 0);
    assert_eq!(app.said(place.dir.path().to_str().unwrap()), 0);
}

#[test]
fn the_previous_generation_of_the_keyring_stands_in() {
    let place = Place::with_store();
    let whole = fs::read(place.path("keyring.json")).unwrap();
    for damage in [
        None,
        Some(b"".as_slice()),
        Some(b"{"),
        Some(&whole[..whole.len() / 2]),
    ] {
        fs::remove_file(place.path("keyring.json")).unwrap();
        if let Some(damaged) = damage {
            fs::write(place.path("keyring.json"), damaged).unwrap();
        }
        place.require_whole();
        assert_eq!(fs::read(place.path("keyring.json")).unwrap(), whole);
    }
    fs::remove_file(place.path("keyring.previous.json")).unwrap();
    place.require_whole();
    assert_eq!(fs::read(place.path("keyring.previous.json")).unwrap(), whole);
}

#[test]
fn a_database_without_keyring_is_locked_and_no_keyring_is_made() {
    let place = Place::with_store();
    for name in ["keyring.json", "keyring.previous.json"] {
        fs::remove_file(place.path(name)).unwrap();
    }
    place.require_locked(&["keyring.json", "Nothing was changed"]);
    // Damaged files are no missing ones.
    for name in ["keyring.json", "keyring.previous.json"] {
        fs::write(place.path(name), "{}").unwrap();
        place.require_locked(&[]);
    }
}

#[test]
fn a_keyring_without_database_is_locked_and_no_database_is_made() {
    let place = Place::with_store();
    let database = fs::read(place.dir.database()).unwrap();
    fs::remove_file(place.dir.database()).unwrap();
    place.require_locked(&["No empty store was made"]);
    fs::write(place.dir.database(), "").unwrap();
    place.require_locked(&["empty"]);
    fs::write(place.dir.database(), database).unwrap();
    place.require_whole();
}

#[test]
fn files_that_do_not_belong_together_are_locked() {
    let (place, other) = (Place::with_store(), Place::with_store());
    let keep = |name: &str| fs::read(place.path(name)).unwrap();
    let (database, keyring, own) = (keep("strongroom.db"), keep("keyring.json"), keep("identity"));
    // The other's database.
    fs::copy(other.dir.database(), place.dir.database()).unwrap();
    place.require_locked(&["does not belong", "Nothing was changed"]);
    fs::write(place.dir.database(), &database).unwrap();
    // The other's keyring, with and without its identity.
    for name in ["keyring.json", "keyring.previous.json"] {
        fs::copy(other.path(name), place.path(name)).unwrap();
    }
    place.require_locked(&["does not open the keyring"]);
    fs::copy(other.dir.identity(), place.dir.identity()).unwrap();
    place.require_locked(&["does not belong", "Nothing was changed"]);
    for (name, content) in [
        ("keyring.json", &keyring),
        ("keyring.previous.json", &keyring),
        ("identity", &own),
    ] {
        fs::write(place.path(name), content).unwrap();
    }
    place.require_whole();
}

#[test]
fn a_damaged_database_is_locked_or_refuses_to_read_and_is_never_replaced() {
    let place = Place::with_store();
    let whole = fs::read(place.dir.database()).unwrap();
    for length in [1, 16, 100, 1024, 4095] {
        fs::write(place.dir.database(), &whole[..length]).unwrap();
        place.require_locked_after(&format!("cut off after {length} bytes"));
    }
    for at in [0, 15, 16, 100, 3000] {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        fs::write(place.dir.database(), &flipped).unwrap();
        place.require_locked_after(&format!("bit {at} changed"));
    }
    fs::write(place.dir.database(), vec![0; whole.len()]).unwrap();
    place.require_locked_after("zeros");
    fs::write(place.dir.database(), &whole).unwrap();
    place.require_whole();
}

#[test]
fn a_keyring_over_another_store_of_its_own_instance_is_noticed() {
    // The rows of another instance under the key of this one: what a half-done move between databases would leave.
    let app = TestApp::new();
    let stranger = crate::app::new_keyring(&app.server).0;
    let before = app.sql(|tx| crate::store::settings::get(tx, "instance"));
    let Err(locked) = open::prepare(&app.db(), &stranger, Clock::default().now()) else {
        panic!("it opens")
    };
    assert!(locked.reason.contains("belongs to the instance"), "{locked:?}");
    assert_eq!(app.sql(|tx| crate::store::settings::get(tx, "instance")), before);
}

#[test]
fn a_first_start_that_was_killed_is_continued() {
    // After each step of making a store: identity, marker, keyring, database.
    let identity_only = Place::new();
    identity::create_server_identity(identity_only.dir.path(), Clock::default().now()).unwrap();
    let marked = identity_only.copy();
    fs::write(marked.path("initializing"), "").unwrap();
    let stale = identity_only.copy();
    fs::write(stale.path("initializing"), "7f1c0e9a-52f4-4a53-9a44-0c6f1d6f4b11").unwrap();
    let complete = Place::new();
    let opened = complete.open().unwrap();
    let instance = opened.keyring().instance().to_string();
    opened.db.close_blocking().unwrap();
    let at_the_end = complete.copy();
    fs::write(at_the_end.path("initializing"), &instance).unwrap();
    let with_empty_database = at_the_end.copy();
    fs::write(with_empty_database.dir.database(), "").unwrap();
    let without_database = at_the_end.copy();
    fs::remove_file(without_database.dir.database()).unwrap();
    let with_one_keyring = without_database.copy();
    fs::remove_file(with_one_keyring.path("keyring.json")).unwrap();
    for place in [
        identity_only,
        marked,
        stale,
        with_one_keyring,
        without_database,
        with_empty_database,
        at_the_end,
    ] {
        let before = contents(place.dir.path());
        let identity = before["identity"].clone();
        let world = World::on(place.running());
        let project = world.project("Web");
        world.put(&project, "A", CANARY);
        world.wait(world.app.app.close()).unwrap();
        place.require_whole();
        assert_eq!(
            fs::read(place.dir.identity()).unwrap(),
            identity,
            "{:?}",
            before.keys()
        );
    }
}

#[test]
fn what_was_put_where_a_first_start_was_killed_is_kept() {
    // Somebody starts a server, kills it, and copies his old data directory there.
    let place = Place::with_store();
    for started in ["", "7f1c0e9a-52f4-4a53-9a44-0c6f1d6f4b11"] {
        fs::write(place.path("initializing"), started).unwrap();
        place.require_whole();
    }
    // Even when the marker is his own and he has lost the keyring.
    let instance = place.open().unwrap().keyring().instance().to_string();
    fs::write(place.path("initializing"), &instance).unwrap();
    let copy = place.copy();
    for name in ["keyring.json", "keyring.previous.json"] {
        fs::remove_file(copy.path(name)).unwrap();
    }
    copy.require_locked(&["keyring.json", "Nothing was changed"]);
    place.require_whole();
    // A database that is missing afterwards is missing.
    fs::write(place.path("initializing"), "7f1c0e9a-52f4-4a53-9a44-0c6f1d6f4b11").unwrap();
    fs::remove_file(place.dir.database()).unwrap();
    place.require_locked(&["No empty store was made"]);
}

/// Everything logged in this process since the first call, at the finest level.
fn log() -> &'static Mutex<Vec<u8>> {
    static LOG: OnceLock<Mutex<Vec<u8>>> = OnceLock::new();
    struct Writer;
    impl io::Write for Writer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            log().lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    static STARTED: std::sync::Once = std::sync::Once::new();
    let log = LOG.get_or_init(Mutex::default);
    STARTED.call_once(|| {
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(|| Writer)
            .init();
    });
    log
}

#[test]
fn neither_values_nor_names_lie_on_disk_or_in_the_log() {
    const NAME: &str = "PLANTED_SECRET_NAME_5b1";
    const COMMENT: &str = "planted comment 5b1";
    const PROJECT: &str = "Planted Project 5b1";
    const ADDRESS: &str = "planted-5b1@example.com";
    const VALUE: &str = "planted-value-5b1";
    drop(log().lock().unwrap());
    let place = Place::new();
    let world = World::on(place.running());
    world.person(ADDRESS, shared::model::access::OrganizationRole::Member);
    let project = world.project(PROJECT);
    let machine = world.member(&project, "member");
    let body = json!({
        "workspaceId": project.id, "environment": "dev", "secretValue": VALUE, "secretComment": COMMENT,
    });
    let path = format!("/api/v3/secrets/raw/{NAME}");
    world.send(post(&path, &body).token(&machine.token)).expect(200);
    world.read(&project, NAME, &machine.token).expect(200);
    world.read(&project, "PLANTED_SECRET_NAME_5b1_NONE", &machine.token);
    world
        .send(
            crate::app::patch(
                &path,
                &json!({"workspaceId": PROJECT, "environment": "dev", "secretValue": format!("{VALUE}-2")}),
            )
            .token(&machine.token),
        )
        .expect(200);
    // One request that ends in the log as an error of ours.
    world.sql(|tx| {
        tx.execute(
            "UPDATE secret_versions SET value_sealed = comment_sealed WHERE version = 2",
            &[],
        )
    });
    world
        .read(&project, NAME, &machine.token)
        .refused(500, "InternalServerError");
    world.sql(|tx| tx.execute("UPDATE secrets SET version = 1", &[]));
    let kit = identity::generate();
    let mut keyring = world.keyring();
    keyring
        .add_slot(
            &NewSlot::plain(SlotKind::Recovery, "kit", &identity::recipient(&kit)),
            Clock::default().now(),
        )
        .unwrap();
    let mut backup = fs::File::create(place.path("backup")).unwrap();
    server::backup::write::write(
        &world.db(),
        &keyring,
        Clock::default().now(),
        &server::backup::write::Progress::default(),
        &mut backup,
    )
    .unwrap();
    backup.flush().unwrap();

    let needles = [
        NAME,
        COMMENT,
        PROJECT,
        "planted-project-5b1",
        ADDRESS,
        VALUE,
        &machine.client_secret,
        &machine.token,
        &world.admin,
        &world.refresh,
        crate::app::PASSWORD,
        crate::app::EMAIL,
        "secret.create",
        "CREATE TABLE",
    ];
    let search = |when: &str| {
        let files = all_files(place.dir.path());
        for (name, content) in &files {
            for needle in needles {
                assert!(!contains(content, needle), "{when}: {name} holds {needle}");
            }
        }
        files
    };
    let running = search("running");
    for name in [
        "strongroom.db",
        "strongroom.db-wal",
        "strongroom.db-shm",
        "keyring.json",
        "identity",
        "backup",
    ] {
        assert!(running.contains_key(name), "{name} was not searched");
    }
    assert!(running["strongroom.db-wal"].len() > 10_000 && running["backup"].len() > 1_000);
    world.wait(world.app.app.close()).unwrap();
    let closed = search("closed");
    assert_ne!(&closed["strongroom.db"][..15], b"SQLite format 3");
    let log = log().lock().unwrap().clone();
    assert!(contains(&log, "answered") && contains(&log, "request failed"));
    for needle in &needles[..needles.len() - 4] {
        assert!(!contains(&log, needle), "the log holds {needle}");
    }
}

fn contains(content: &[u8], needle: &str) -> bool {
    content
        .windows(needle.len())
        .any(|window| window == needle.as_bytes())
}

/// Two projects with two secrets each, the first with two versions.
struct Swapped {
    world: World,
    project: Project,
    other: Project,
}

impl Swapped {
    fn new() -> Self {
        let world = World::new();
        let (project, other) = (world.project("Web"), world.project("Other"));
        for project in [&project, &other] {
            for name in ["A", "B"] {
                let value = format!("{CANARY} {name} {}", project.slug);
                let body = json!({
                    "workspaceId": project.id, "environment": "dev", "secretValue": value, "secretComment": "note",
                });
                let path = format!("/api/v3/secrets/raw/{name}");
                world.send(post(&path, &body).token(&world.admin)).expect(200);
                world
                    .send(crate::app::patch(&path, &json!({
                        "workspaceId": project.id, "environment": "dev", "secretValue": format!("{value} 2"),
                    })).token(&world.admin))
                    .expect(200);
            }
        }
        Self {
            world,
            project,
            other,
        }
    }

    fn id(&self, project: &Project, name: &str) -> String {
        self.world
            .read(project, name, &self.world.admin)
            .expect(200)
            .at("/secret/id")
    }

    /// The sealed bytes of a version.
    fn sealed(&self, column: &'static str, secret: &str, version: i64) -> Vec<u8> {
        let secret = secret.to_owned();
        self.world.sql(move |tx| {
            let sql = format!("SELECT {column} FROM secret_versions WHERE secret_id = $1 AND version = $2");
            tx.query(&sql, &[Value::from(secret.as_str()), Value::from(version)])?[0].get(0)
        })
    }

    fn put(&self, column: &'static str, secret: &str, bytes: Vec<u8>) {
        let secret = secret.to_owned();
        let changed = self.world.sql(move |tx| {
            let sql =
                format!("UPDATE secret_versions SET {column} = $1 WHERE secret_id = $2 AND version = 2");
            tx.execute(
                &sql,
                &[Value::from(bytes.as_slice()), Value::from(secret.as_str())],
            )
        });
        assert_eq!(changed, 1);
    }

    /// Neither reading nor listing nor changing says anything of it; the neighbours are read as ever.
    #[track_caller]
    fn require_refused(&self, what: &str) {
        let (world, project) = (&self.world, &self.project);
        let list = format!("/api/v3/secrets/raw?workspaceId={}&environment=dev", project.id);
        let keep = json!({"workspaceId": project.id, "environment": "dev", "newSecretName": "C"});
        for call in [
            get(&format!(
                "/api/v3/secrets/raw/A?workspaceId={}&environment=dev",
                project.id
            )),
            get(&list),
            crate::app::patch("/api/v3/secrets/raw/A", &keep),
            crate::app::delete("/api/v3/secrets/raw/A", &keep),
        ] {
            let reply = world.send(call.token(&world.admin));
            assert_eq!(reply.status, 500, "{what}: {}", reply.text);
            reply.refused(500, "InternalServerError");
        }
        world.read(project, "B", &world.admin).expect(200);
    }
}

#[test]
fn ciphertext_that_was_moved_or_replayed_does_not_open() {
    let swapped = Swapped::new();
    let a = swapped.id(&swapped.project, "A");
    let b = swapped.id(&swapped.project, "B");
    let elsewhere = swapped.id(&swapped.other, "A");
    let own = swapped.sealed("value_sealed", &a, 2);
    let mut flipped = own.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for (what, bytes) in [
        ("another secret's", swapped.sealed("value_sealed", &b, 2)),
        ("its own of before", swapped.sealed("value_sealed", &a, 1)),
        ("its own comment", swapped.sealed("comment_sealed", &a, 2)),
        ("another project's", swapped.sealed("value_sealed", &elsewhere, 2)),
        ("changed", flipped),
        ("cut off", own[..own.len() - 1].to_vec()),
        ("nothing", Vec::new()),
    ] {
        swapped.put("value_sealed", &a, bytes);
        swapped.require_refused(what);
    }
    swapped.put("value_sealed", &a, own);
    swapped
        .world
        .read(&swapped.project, "A", &swapped.world.admin)
        .expect(200);
    let comment = swapped.sealed("comment_sealed", &b, 2);
    swapped.put("comment_sealed", &a, comment);
    swapped.require_refused("another secret's comment");
}

#[test]
fn the_data_key_of_another_project_does_not_open() {
    let swapped = Swapped::new();
    let (project, other) = (swapped.project.id.clone(), swapped.other.id.clone());
    swapped.world.sql(move |tx| {
        let key: Vec<u8> = tx.query(
            "SELECT key_sealed FROM project_keys WHERE project_id = $1",
            &[Value::from(other.as_str())],
        )?[0]
            .get(0)?;
        tx.execute(
            "UPDATE project_keys SET key_sealed = $1 WHERE project_id = $2",
            &[Value::from(key.as_slice()), Value::from(project.as_str())],
        )
    });
    let (world, admin) = (&swapped.world, &swapped.world.admin);
    world
        .read(&swapped.project, "A", admin)
        .refused(500, "InternalServerError");
    let body = json!({"workspaceId": swapped.project.id, "environment": "dev", "secretValue": CANARY});
    world
        .send(post("/api/v3/secrets/raw/NEW", &body).token(admin))
        .refused(500, "InternalServerError");
    world.read(&swapped.other, "A", admin).expect(200);
}

#[test]
fn the_file_does_not_open_with_another_key() {
    let place = Place::with_store();
    for key in ["00".repeat(32), "5b".repeat(32)] {
        let wrong = Db::open_sqlite(&place.dir.database(), &key.into(), &SqliteOptions::default());
        assert_eq!(wrong.unwrap_err(), crate::store::Error::NotADatabase);
    }
    place.require_whole();
}
