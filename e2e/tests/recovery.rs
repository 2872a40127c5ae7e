//! Recovery kits, backups and restores: the day when the machine is gone.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use e2e::dotenv;
use e2e::http::Connection;
use e2e::instance::{Instance, log_in, post, text};
use e2e::program::{Finished, Run};
use e2e::server::{Server, wait};
use e2e::shell::sh;
use serde_json::{Value, json};

/// A folder with a data directory in it.
struct Place {
    scratch: tempfile::TempDir,
}

impl Place {
    fn new() -> Result<Self> {
        Ok(Self {
            scratch: tempfile::tempdir()?,
        })
    }

    fn at(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    fn data(&self) -> PathBuf {
        self.at("data")
    }

    fn run(&self, args: &[&str]) -> Result<Run> {
        Ok(Run::new(self.scratch.path())?.args(args))
    }

    fn kit(&self, name: &str) -> Result<Finished> {
        self.run(&["keys", "kit", "--data-dir", "data", "--output", name])?
            .finish()
    }

    fn backup(&self, name: &str) -> Result<Finished> {
        self.run(&["backup", "--data-dir", "data", "--output", name])?
            .finish()
    }

    fn restore(&self, file: &str, data: &str, kit: &str) -> Result<Run> {
        self.run(&["restore", file, "--data-dir", data, "--identity", kit])
    }

    /// A server with the values of a real file in it.
    fn filled(&self) -> Result<(Server, Instance, BTreeMap<String, String>)> {
        let server = Server::start(&self.data())?;
        let instance = Instance::set_up(server.address)?;
        let values = dotenv::omakase()?;
        let mut connection = Connection::open(server.address)?;
        for (name, value) in &values {
            instance.create(&mut connection, name, value)?.ok()?;
        }
        Ok((server, instance, values))
    }
}

#[test]
fn a_backup_with_its_kit_is_a_full_recovery() -> Result<()> {
    let place = Place::new()?;
    let (server, instance, values) = place.filled()?;
    let (client_id, client_secret) = instance.machine_identity(server.address, "deploy")?;
    let credentials = json!({ "clientId": client_id, "clientSecret": client_secret });
    let machine_login = |server: &Server| -> Result<String> {
        let answer = post(
            server.address,
            "/api/v1/auth/universal-auth/login",
            &[],
            &credentials,
        )?;
        text(&answer.ok()?, "/accessToken")
    };
    let machine = machine_login(&server)?;
    let before = fs::read(place.data().join("identity"))?;

    // Nobody could open a backup that was made for no kit.
    let refused = place.backup("early.age")?.refused(1)?;
    assert!(refused.contains("strongroom keys kit"), "{refused}");
    assert!(!place.at("early.age").exists() && !place.at("early.age.part").exists());

    // With the server up, then down: both files open with the kit.
    let made = place.kit("kit.txt")?;
    assert!(made.stderr.contains("fingerprint"), "{}", made.stderr);
    assert_eq!(made.ok()?, "", "a kit is a file, never a text on the screen");
    let done = place.backup("up.age")?;
    assert!(done.stderr.contains("26 secrets"), "{}", done.stderr);
    done.ok()?;
    server.stop()?;
    place.backup("down.age")?.ok()?;
    place.kit("second.txt")?.ok()?;
    place.backup("both.age")?.ok()?;

    for (file, command) in [("kit.txt", "kit"), ("up.age", "backup")] {
        let content = fs::read(place.at(file))?;
        let again = if command == "kit" {
            place.kit(file)?
        } else {
            place.backup(file)?
        };
        let told = again.refused(1)?;
        assert!(told.contains("exists already and was not touched"), "{told}");
        assert!(fs::read(place.at(file))? == content);
        let mode = fs::metadata(place.at(file))?.permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let kit = fs::read_to_string(place.at("kit.txt"))?;
    let keys: Vec<&str> = kit
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .collect();
    assert!(
        keys.len() == 1 && keys[0].starts_with("AGE-SECRET-KEY-1"),
        "an age identity file"
    );

    for (file, kit) in [
        ("up.age", "kit.txt"),
        ("down.age", "kit.txt"),
        ("both.age", "second.txt"),
    ] {
        let target = format!("restored-{file}");
        place.restore(file, &target, kit)?.finish()?.ok()?;
        let server = Server::start(&place.at(&target))?;
        assert!(!server.log()?.contains("locked"), "{}", server.log()?);
        assert!(!server.log()?.contains("Setup code"), "it is set up already");
        let mut connection = Connection::open(server.address)?;
        assert!(instance.list(&mut connection)? == values, "{file}: values differ");
        connection
            .call(&machine, "GET", &instance.query("TZ"), None)?
            .ok()?;
        machine_login(&server)?;
        log_in(server.address)?;
        // Life goes on there.
        instance.create(&mut connection, "AFTER", "restore")?.ok()?;
        assert_ne!(
            fs::read(place.at(&target).join("identity"))?,
            before,
            "a new server identity"
        );
        let mode = fs::metadata(place.at(&target).join("identity"))?
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        server.stop()?;
    }
    // The old server's identity is none of the new store's keys.
    fs::copy(
        place.data().join("identity"),
        place.at("restored-up.age/identity"),
    )?;
    let told = place
        .run(&[
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--data-dir",
            "restored-up.age",
            "--fail-if-locked",
        ])?
        .finish()?
        .refused(7)?;
    assert!(told.contains("does not open the keyring"), "{told}");
    Ok(())
}

/// A change of keys and how `keys list` says that it has come to its end.
type Change = (&'static [&'static [&'static str]], fn(&Value) -> bool);

const CHANGES: [(&str, Change); 5] = [
    (
        "root",
        (&[&["rotate-root"], &["destroy-retired"]], |keys| {
            keys["root"] == json!({"version": 2, "retired": [], "pending": false})
        }),
    ),
    (
        "data",
        (&[&["rotate-data"]], |keys| {
            keys["rotations"]
                .as_array()
                .is_some_and(|all| all.len() == 1 && all[0]["state"] == "done")
        }),
    ),
    (
        "database",
        (&[&["rekey-database"]], |keys| keys["databasePending"] == false),
    ),
    (
        "signing",
        (&[&["rotate-signing"]], |keys| keys["signingVersion"] == 2),
    ),
    (
        "kit",
        (&[&["remove", "old kit"]], |keys| {
            keys["unlockers"].as_array().is_some_and(|all| all.len() == 2)
        }),
    ),
];

#[test]
fn backups_from_before_every_change_of_keys_open_after_it_with_the_old_kit() -> Result<()> {
    let place = Place::new()?;
    let (server, instance, mut values) = place.filled()?;
    for (file, name) in [("old.txt", "old kit"), ("new.txt", "new kit")] {
        place
            .run(&[
                "keys",
                "kit",
                "--data-dir",
                "data",
                "--output",
                file,
                "--name",
                name,
            ])?
            .finish()?
            .ok()?;
    }
    let (client_id, client_secret) = instance.machine_identity(server.address, "deploy")?;
    let credentials = json!({ "clientId": client_id, "clientSecret": client_secret });
    let machine_login = |server: &Server| -> Result<String> {
        let path = "/api/v1/auth/universal-auth/login";
        text(
            &post(server.address, path, &[], &credentials)?.ok()?,
            "/accessToken",
        )
    };
    let machine = machine_login(&server)?;
    let keys = |arguments: &[&str]| -> Result<String> {
        place
            .run(&["keys"])?
            .args(arguments)
            .args(["--data-dir", "data"])
            .finish()?
            .ok()
    };
    let mut connection = Connection::open(server.address)?;
    let mut before = Vec::new();
    for (name, (commands, is_done)) in CHANGES {
        // Each backup holds something that the one before does not.
        let secret = format!("BEFORE_{}", name.to_uppercase());
        instance
            .create(&mut connection, &secret, "\u{0} ключ 🦀\n")?
            .ok()?;
        values.insert(secret, "\u{0} ключ 🦀\n".to_owned());
        place.backup(&format!("{name}.age"))?.ok()?;
        before.push((name, values.clone()));
        for command in commands {
            keys(command)?;
        }
        let begun = Instant::now();
        while !is_done(&serde_json::from_str(&keys(&["list", "--json"])?)?) {
            anyhow::ensure!(
                begun.elapsed() < Duration::from_mins(1),
                "{name} does not come to its end"
            );
            thread::sleep(Duration::from_millis(100));
        }
    }
    let later = log_in(server.address)?;
    place.backup("after.age")?.ok()?;
    assert!(instance.list(&mut connection)? == values);
    server.stop()?;

    // The removed kit opens what was made before its removal, and nothing since.
    let told = place
        .restore("after.age", "after", "old.txt")?
        .finish()?
        .refused(1)?;
    assert!(told.contains("The backup was not restored"), "{told}");
    before.push(("after", values));
    for (name, values) in before {
        let kit = if name == "after" { "new.txt" } else { "old.txt" };
        let target = format!("{name}-restored");
        place
            .restore(&format!("{name}.age"), &target, kit)?
            .finish()?
            .ok()?;
        let server = Server::start(&place.at(&target))?;
        let mut connection = Connection::open(server.address)?;
        assert!(instance.list(&mut connection)? == values, "{name}: values differ");
        connection
            .call(&machine, "GET", &instance.query("TZ"), None)?
            .ok()?;
        machine_login(&server)?;
        log_in(server.address)?;
        // Of a login that came later: the stores of before know neither it nor, mostly, the key that signed it.
        let later = connection.call(&later, "GET", &instance.query("TZ"), None)?;
        let expected: &[u16] = if name == "after" { &[200] } else { &[401, 403] };
        assert!(expected.contains(&later.status), "{name}: {}", later.status);
        instance.create(&mut connection, "AFTER", "restore")?.ok()?;
        server.stop()?;
    }
    Ok(())
}

#[test]
fn stock_tools_read_a_backup_as_its_readme_says() -> Result<()> {
    let place = Place::new()?;
    let (server, _, values) = place.filled()?;
    place.kit("kit.txt")?.ok()?;
    place.backup("b.age")?.ok()?;
    server.stop()?;
    let folder = place.scratch.path();
    let unpack =
        "age --decrypt --identity kit.txt b.age | zstd --decompress --quiet | tar --extract --to-stdout ";
    let readme = sh(&format!("{unpack} README.txt"), &[], folder)?.ok()?;
    let line = readme
        .lines()
        .find(|line| line.contains("age --decrypt"))
        .context("no such line in README.txt")?;
    for name in [
        "POSTGRES_PASSWORD",
        "TLS_KEY",
        "SMTP_FROM_NAME",
        "TRAEFIK_API_PASSWORD",
    ] {
        let command = line
            .trim()
            .replace("RECOVERY-KIT", "kit.txt")
            .replace("FILE", "b.age")
            .replace("PROJECT", "home-lab")
            .replace("ENVIRONMENT", "dev")
            .replace("NAME", name);
        let read = sh(&command, &[], folder)?.ok()?;
        assert_eq!(read, format!("{}\n", values[name]), "{command}");
    }
    let manifest = sh(&format!("{unpack} MANIFEST.json | jq -r .format"), &[], folder)?.ok()?;
    assert_eq!(manifest, "strongroom-backup\n");
    // Without the kit nothing of it is readable, names included.
    let file = fs::read(place.at("b.age"))?;
    for (name, value) in &values {
        // Shorter ones occur by chance.
        for canary in [name, value].into_iter().filter(|text| text.len() > 6) {
            assert!(
                !file.windows(canary.len()).any(|part| part == canary.as_bytes()),
                "{canary}"
            );
        }
    }
    Ok(())
}

#[test]
fn a_restore_that_cannot_be_right_changes_nothing() -> Result<()> {
    let place = Place::new()?;
    let (server, instance, values) = place.filled()?;
    place.kit("kit.txt")?.ok()?;
    place.backup("b.age")?.ok()?;
    // A kit that came later does not open an older backup.
    place.kit("later.txt")?.ok()?;
    let file = fs::read(place.at("b.age"))?;
    let mut damaged = file.clone();
    damaged[file.len() / 2] ^= 1;
    fs::write(place.at("damaged.age"), damaged)?;
    for (name, length) in [
        ("short", file.len() - 1),
        ("half", file.len() / 2),
        ("head", 100),
        ("empty", 0),
    ] {
        fs::write(place.at(name), &file[..length])?;
    }
    fs::write(place.at("no-kit.txt"), "# nothing\n")?;
    for (file, kit) in [
        ("b.age", "later.txt"),
        ("b.age", "no-kit.txt"),
        ("b.age", "missing.txt"),
        ("missing.age", "kit.txt"),
        ("kit.txt", "kit.txt"),
        ("damaged.age", "kit.txt"),
        ("short", "kit.txt"),
        ("half", "kit.txt"),
        ("head", "kit.txt"),
        ("empty", "kit.txt"),
    ] {
        let told = place.restore(file, "target", kit)?.finish()?.refused(1)?;
        assert!(told.contains("The backup was not restored"), "{told}");
        assert!(told.lines().count() >= 2, "{told}");
        for left in ["keyring.json", "strongroom.db", "identity", "restore.part"] {
            assert!(
                !place.at("target").join(left).exists(),
                "{file} with {kit} left {left}"
            );
        }
    }
    let busy = place.restore("b.age", "data", "kit.txt")?.finish()?.refused(1)?;
    assert!(busy.contains("in use by a running Strongroom"), "{busy}");
    server.stop()?;
    let taken = place.restore("b.age", "data", "kit.txt")?.finish()?.refused(1)?;
    assert!(taken.contains("already holds a store"), "{taken}");
    let server = Server::start(&place.data())?;
    assert!(instance.list(&mut Connection::open(server.address)?)? == values);
    server.stop()?;
    // After all those refusals the right pair still works there.
    place.restore("b.age", "target", "kit.txt")?.finish()?.ok()?;
    let twice = place
        .restore("b.age", "target", "kit.txt")?
        .finish()?
        .refused(1)?;
    assert!(twice.contains("already holds a store"), "{twice}");
    Ok(())
}

/// Pseudo-random fractions, the same in every run.
fn fractions(count: u32) -> impl Iterator<Item = f64> {
    (0..count).map(|index| f64::from(index * 61 % 97) / 97.0)
}

#[test]
fn a_restore_or_backup_that_is_killed_can_be_done_again() -> Result<()> {
    let kills = if e2e::long() { 100 } else { 20 };
    let place = Place::new()?;
    let (server, instance, values) = place.filled()?;
    place.kit("kit.txt")?.ok()?;
    place.backup("b.age")?.ok()?;

    let begun = Instant::now();
    place.restore("b.age", "measured", "kit.txt")?.finish()?.ok()?;
    let usual = begun.elapsed();
    let (mut cut_short, mut complete) = (0, 0);
    for (index, fraction) in fractions(kills).enumerate() {
        let target = format!("restore-{index}");
        let mut child = place.restore("b.age", &target, "kit.txt")?.start()?;
        thread::sleep(usual.mul_f64(fraction * 1.1));
        child.kill()?;
        wait(&mut child, Duration::from_secs(5))?;
        let again = place.restore("b.age", &target, "kit.txt")?.finish()?;
        if again.code == Some(0) {
            cut_short += 1;
        } else {
            let told = again.refused(1)?;
            assert!(told.contains("already holds a store"), "{fraction}: {told}");
            complete += 1;
        }
        if index % 5 == 0 || e2e::long() {
            let server = Server::start(&place.at(&target))?;
            assert!(instance.list(&mut Connection::open(server.address)?)? == values);
            server.stop()?;
        }
    }
    e2e::say(format_args!(
        "{kills} restores killed: {cut_short} to be done again, {complete} complete"
    ));
    assert!(cut_short > 0, "no kill met a restore under way");

    let begun = Instant::now();
    place.backup("measured.age")?.ok()?;
    let usual = begun.elapsed();
    let mut cut_short = 0;
    for (index, fraction) in fractions(kills).enumerate() {
        let name = format!("backup-{index}.age");
        let mut child = place
            .run(&["backup", "--data-dir", "data", "--output", &name])?
            .start()?;
        thread::sleep(usual.mul_f64(fraction));
        child.kill()?;
        wait(&mut child, Duration::from_secs(5))?;
        if place.at(&name).exists() {
            let target = format!("from-{name}");
            place.restore(&name, &target, "kit.txt")?.finish()?.ok()?;
        } else {
            cut_short += 1;
            // What is left under another name is not in the way.
            place.backup(&name)?.ok()?;
        }
    }
    e2e::say(format_args!(
        "{kills} backups killed, {cut_short} left no file under the final name"
    ));
    assert!(cut_short > 0, "no kill met a backup under way");
    assert!(instance.list(&mut Connection::open(server.address)?)? == values);
    server.stop()
}

#[test]
fn a_restore_that_is_killed_at_any_step_is_none_or_complete() -> Result<()> {
    let place = Place::new()?;
    let (server, instance, values) = place.filled()?;
    place.kit("kit.txt")?.ok()?;
    place.backup("b.age")?.ok()?;
    server.stop()?;
    let mut outcomes = BTreeMap::<&str, u32>::new();
    // Each step leaves its trace; the kill comes when the trace is seen.
    for (index, trace) in [
        "restore.part",
        "restore.part/strongroom.db",
        "restore.part/identity",
        "restore.part/keyring.json",
        "strongroom.db",
        "identity",
        "keyring.json",
    ]
    .into_iter()
    .cycle()
    .take(21)
    .enumerate()
    {
        let target = format!("step-{index}");
        let trace = place.at(&target).join(trace);
        let mut child = place.restore("b.age", &target, "kit.txt")?.start()?;
        while !trace.exists() && child.try_wait()?.is_none() {
            std::hint::spin_loop();
        }
        child.kill()?;
        wait(&mut child, Duration::from_secs(5))?;
        let complete = place.at(&target).join("keyring.json").exists();
        *outcomes
            .entry(if complete { "complete" } else { "none" })
            .or_default() += 1;
        if !complete {
            let early = place
                .run(&[
                    "serve",
                    "--listen",
                    "127.0.0.1:0",
                    "--fail-if-locked",
                    "--data-dir",
                    &target,
                ])?
                .finish()?
                .refused(7)?;
            assert!(early.contains("interrupted"), "{}: {early}", trace.display());
            place.restore("b.age", &target, "kit.txt")?.finish()?.ok()?;
        }
        let server = Server::start(&place.at(&target))?;
        let found = instance.list(&mut Connection::open(server.address)?);
        assert!(found? == values, "{}", trace.display());
        server.stop()?;
    }
    e2e::say(format_args!("restores killed at each step: {outcomes:?}"));
    assert_eq!(outcomes.len(), 2, "{outcomes:?}");
    Ok(())
}

#[test]
fn kits_made_at_the_same_time_all_open_what_comes_after() -> Result<()> {
    let place = Place::new()?;
    let (server, instance, values) = place.filled()?;
    let names: Vec<String> = (0..8).map(|number| format!("kit-{number}.txt")).collect();
    thread::scope(|scope| -> Result<()> {
        let makers: Vec<_> = names
            .iter()
            .map(|name| scope.spawn(|| place.kit(name)?.ok()))
            .collect();
        for maker in makers {
            maker.join().map_err(|_| anyhow::anyhow!("a maker panicked"))??;
        }
        Ok(())
    })?;
    server.stop()?;
    place.backup("b.age")?.ok()?;
    for kit in &names {
        let target = format!("from-{kit}");
        place.restore("b.age", &target, kit)?.finish()?.ok()?;
    }
    let server = Server::start(&place.at("from-kit-7.txt"))?;
    assert!(instance.list(&mut Connection::open(server.address)?)? == values);
    server.stop()
}

#[test]
fn a_kit_that_is_killed_in_the_making_leaves_the_store_open() -> Result<()> {
    let place = Place::new()?;
    let (server, instance, values) = place.filled()?;
    let mut server = Some(server);
    let begun = Instant::now();
    place.kit("kit.txt")?.ok()?;
    let usual = begun.elapsed();
    let mut made = 0;
    for (index, fraction) in fractions(20).enumerate() {
        // With the server up for one half, down for the other.
        if index == 10
            && let Some(server) = server.take()
        {
            server.kill()?;
        }
        let name = format!("kit-{index}.txt");
        let mut child = place
            .run(&["keys", "kit", "--data-dir", "data", "--output", &name])?
            .start()?;
        thread::sleep(usual.mul_f64(fraction));
        child.kill()?;
        wait(&mut child, Duration::from_secs(5))?;
        if place.at(&name).exists() {
            // A kit under its final name is a whole one that opens what comes after it.
            made += 1;
            let backup = format!("backup-{index}.age");
            place.backup(&backup)?.ok()?;
            place
                .restore(&backup, &format!("from-{index}"), &name)?
                .finish()?
                .ok()?;
        } else {
            place.kit(&name)?.ok()?;
        }
    }
    e2e::say(format_args!("20 kits killed in the making, {made} were made"));
    let server = Server::start(&place.data())?;
    assert!(instance.list(&mut Connection::open(server.address)?)? == values);
    server.stop()
}

#[test]
fn a_backup_while_others_write_is_one_moment() -> Result<()> {
    let place = Place::new()?;
    let server = Server::start(&place.data())?;
    let instance = Instance::set_up(server.address)?;
    place.kit("kit.txt")?.ok()?;
    let stop = AtomicBool::new(false);
    let (address, instance) = (server.address, &instance);
    // Each writer raises A, then B: at any moment A is B or one more.
    let results = thread::scope(|scope| -> Result<Vec<u64>> {
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                let stop = &stop;
                scope.spawn(move || -> Result<u64> {
                    let mut connection = Connection::open(address)?;
                    let mut steps = 0;
                    while !stop.load(Ordering::Relaxed) {
                        for name in ["A", "B"] {
                            let path = Instance::path(&format!("{name}{writer}"));
                            let method = if steps == 0 { "POST" } else { "PATCH" };
                            let body = instance.body(&steps.to_string());
                            connection
                                .call(&instance.user, method, &path, Some(&body))?
                                .ok()?;
                        }
                        steps += 1;
                    }
                    Ok(steps)
                })
            })
            .collect();
        let made = (|| {
            for number in 0..5 {
                thread::sleep(Duration::from_millis(100));
                place.backup(&format!("{number}.age"))?.ok()?;
            }
            Ok(())
        })();
        stop.store(true, Ordering::Relaxed);
        let steps = writers
            .into_iter()
            .map(|writer| writer.join().map_err(|_| anyhow::anyhow!("a writer panicked"))?)
            .collect();
        made.and(steps)
    })?;
    e2e::say(format_args!("steps of the writers: {results:?}"));
    server.stop()?;
    let mut last = 0;
    for number in 0..5 {
        let target = format!("moment-{number}");
        place
            .restore(&format!("{number}.age"), &target, "kit.txt")?
            .finish()?
            .ok()?;
        let server = Server::start(&place.at(&target))?;
        let values = instance.list(&mut Connection::open(server.address)?)?;
        let mut sum = 0;
        for writer in 0..3 {
            let read = |name: &str| -> Result<u64> {
                let value = values.get(&format!("{name}{writer}"));
                Ok(value.map_or(Ok(0), |value| value.parse())?)
            };
            let (a, b) = (read("A")?, read("B")?);
            assert!(
                a == b || a == b + 1,
                "backup {number}, writer {writer}: {a} and {b}"
            );
            sum += a;
        }
        assert!(sum >= last, "backup {number} is older than the one before");
        last = sum;
        server.stop()?;
    }
    assert!(last > 0, "nothing was written meanwhile");
    Ok(())
}
