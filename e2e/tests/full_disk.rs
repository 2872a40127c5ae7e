//! A disk without room: nothing is lost, nobody is told a lie, and work goes on once there is room again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use e2e::http::Connection;
use e2e::instance::{Instance, text};
use e2e::program::{Finished, Run};
use e2e::server::Server;
use e2e::shell::sh;

/// A file system of a few megabytes, unmounted at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one of two megabytes. Where that is not allowed, it says so: then there is nothing to try.
    fn mount(at: &Path) -> Result<Option<Self>> {
        Self::of(at, 2)
    }

    fn of(at: &Path, megabytes: u32) -> Result<Option<Self>> {
        fs::create_dir_all(at)?;
        let done = sh(
            &format!("mount -t tmpfs -o size={megabytes}m,mode=700 small \"$1\""),
            &[&at.display().to_string()],
            Path::new("/"),
        )?;
        if done.code == Some(0) {
            return Ok(Some(Self(at.to_owned())));
        }
        e2e::say(format_args!(
            "skipped: no small file system can be mounted here: {}",
            done.stderr
        ));
        Ok(None)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A mount that stays is in memory only, and the scratch folder around it is reported by whoever removes it.
        let _ = sh("umount \"$1\"", &[&self.0.display().to_string()], Path::new("/"));
    }
}

#[test]
fn a_full_disk_refuses_writes_and_loses_nothing() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let disk = scratch.path().join("disk");
    let Some(_disk) = SmallDisk::mount(&disk)? else {
        return Ok(());
    };
    let data = disk.join("data");
    let mut server = Server::start(&data)?;
    let instance = Instance::set_up(server.address)?;
    let mut connection = Connection::open(server.address)?;
    instance.create(&mut connection, "FIRST", "value")?.ok()?;
    let ballast = disk.join("ballast");
    fs::write(&ballast, vec![0; 200 * 1024])?;
    let mut acknowledged = BTreeMap::from([("FIRST".to_owned(), "value".to_owned())]);
    let mut refusals = 0;
    for number in 0..2_000 {
        let (name, value) = (
            format!("FILL_{number}"),
            format!("{number}:{}", "v".repeat(20_000)),
        );
        let answer = instance.create(&mut connection, &name, &value)?;
        match answer.status {
            200 => {
                acknowledged.insert(name, value);
            }
            503 => {
                assert!(answer.text()?.contains("disk is full"), "{}", answer.text()?);
                refusals += 1;
            }
            other => anyhow::bail!("{other}: {}", answer.text()?),
        }
        if refusals == 5 {
            break;
        }
    }
    assert_eq!(refusals, 5, "the disk never was full");
    e2e::say(format_args!("{} writes fitted", acknowledged.len()));
    assert!(server.is_alive()?);
    // A value leaves only when the record of its reading is kept. What needs no record is answered as ever.
    let mut read = BTreeMap::<u16, u32>::new();
    for (name, value) in &acknowledged {
        let answer = connection.call(&instance.user, "GET", &instance.query(name), None)?;
        *read.entry(answer.status).or_default() += 1;
        match answer.status {
            200 => assert_eq!(text(&answer.json()?, "/secret/secretValue")?, *value),
            503 => assert!(answer.text()?.contains("disk is full"), "{}", answer.text()?),
            other => anyhow::bail!("{other}: {}", answer.text()?),
        }
    }
    e2e::say(format_args!("reads on the full disk by status: {read:?}"));
    connection
        .call(&instance.user, "GET", "/api/v1/workspace", None)?
        .ok()?;
    assert_eq!(connection.call("", "GET", "/api/health", None)?.status, 200);

    fs::remove_file(&ballast)?;
    instance.create(&mut connection, "AFTER", "room")?.ok()?;
    assert!(instance.list(&mut connection)?.len() == acknowledged.len() + 1);
    acknowledged.insert("AFTER".into(), "room".into());
    server.kill()?;
    let server = Server::start(&data)?;
    assert!(instance.list(&mut Connection::open(server.address)?)? == acknowledged);
    // The unmounting must find no process in it.
    server.kill()
}

#[test]
fn changes_of_keys_on_a_full_disk_are_whole_or_not_at_all() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let disk = scratch.path().join("disk");
    let Some(_disk) = SmallDisk::mount(&disk)? else {
        return Ok(());
    };
    let data = disk.join("data");
    let server = Server::start(&data)?;
    let instance = Instance::set_up(server.address)?;
    let mut connection = Connection::open(server.address)?;
    let mut values = BTreeMap::new();
    for number in 0..20 {
        let (name, value) = (format!("NAME_{number}"), "v".repeat(10_000));
        instance.create(&mut connection, &name, &value)?.ok()?;
        values.insert(name, value);
    }
    let keys = |arguments: &[&str]| -> Result<Option<i32>> {
        let run = Run::new(scratch.path())?.args(["keys"]).args(arguments);
        Ok(run.args(["--data-dir"]).arg_path(&data).finish()?.code)
    };
    let ballast = disk.join("ballast");
    let mut refused = 0;
    for arguments in [
        ["rekey-database"],
        ["rotate-root"],
        ["rotate-data"],
        ["rotate-signing"],
        ["destroy-retired"],
    ] {
        fill(&ballast)?;
        if keys(&arguments)? != Some(0) {
            refused += 1;
        }
        fs::remove_file(&ballast)?;
        assert!(instance.list(&mut connection)? == values, "{arguments:?}");
    }
    e2e::say(format_args!(
        "{refused} of 5 changes of keys were refused on the full disk"
    ));
    assert!(refused > 0, "the disk never was full");
    // Too little room for a second copy of every page: refused, and the file keeps its key.
    let rekey = || -> Result<Finished> {
        let run = Run::new(scratch.path())?.args(["keys", "rekey-database", "--data-dir"]);
        run.arg_path(&data).finish()
    };
    let refused = rekey()?;
    assert!(
        refused.code != Some(0) && refused.stderr.contains("free disk space"),
        "{}",
        refused.stderr
    );
    assert!(instance.list(&mut connection)? == values);
    // With room again it is done.
    let path = disk.display().to_string();
    let grown = sh("mount -o remount,size=16m \"$1\"", &[&path], Path::new("/"))?;
    assert_eq!(grown.code, Some(0), "{}", grown.stderr);
    let done = rekey()?;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(instance.list(&mut connection)? == values);
    server.kill()?;
    let server = Server::start(&data)?;
    assert!(instance.list(&mut Connection::open(server.address)?)? == values);
    server.kill()
}

/// The passphrase that opens the store before and after everything.
const PHRASE: &str = "seven bridges over the quiet river";

/// Takes all that is left of a disk, down to less than a page.
fn fill(ballast: &Path) -> Result<()> {
    let mut file = fs::File::create(ballast)?;
    while std::io::Write::write(&mut file, &[0; 1024]).is_ok() {}
    Ok(())
}

/// A change of what opens the store.
struct Change {
    arguments: &'static [&'static str],
    input: &'static str,
    /// What has to be there.
    before: &'static [&'static str],
}

const CHANGES: &[Change] = &[
    Change {
        arguments: &["kit", "--output", "kit.txt"],
        input: "",
        before: &[],
    },
    Change {
        arguments: &["add-passphrase", "--name", "second"],
        input: "nine lanterns along the harbour wall",
        before: &[],
    },
    Change {
        arguments: &["add-cards", "--output", "card"],
        input: "",
        before: &[],
    },
    Change {
        arguments: &["add-ssh", "id.pub", "--name", "laptop"],
        input: "",
        before: &[],
    },
    Change {
        arguments: &["rename", "third", "spare"],
        input: "",
        before: &["add-passphrase", "--name", "third"],
    },
    Change {
        arguments: &["remove", "third"],
        input: "",
        before: &["add-passphrase", "--name", "third"],
    },
    Change {
        arguments: &["identity", "--move-to", "strongroom-identity"],
        input: "",
        before: &[],
    },
    Change {
        arguments: &["identity", "--in-data-dir"],
        input: "",
        before: &["identity", "--move-to", "strongroom-identity"],
    },
    Change {
        arguments: &["identity", "--none"],
        input: "",
        before: &[],
    },
];

#[test]
fn changes_of_unlockers_on_a_full_disk_are_whole_or_not_at_all() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let disk = scratch.path().join("disk");
    let Some(_disk) = SmallDisk::mount(&disk)? else {
        return Ok(());
    };
    // What is made for its owner lies on another disk, which has room: only the store's is full.
    let home = scratch.path().join("home");
    fs::create_dir(&home)?;
    sh("ssh-keygen -q -t ed25519 -N '' -f id", &[], &home)?.ok()?;
    let data = disk.join("data");
    let run = |arguments: &[&str], input: &str| -> Result<Finished> {
        let run = Run::new(&home)?
            .env("CREDENTIALS_DIRECTORY", &home)
            .env("STRONGROOM_PASSPHRASE", PHRASE);
        let run = run.args(["keys"]).args(arguments).args(["--data-dir"]);
        run.arg_path(&data).input(input).finish()
    };
    let home_text = home.display().to_string();
    let variables = [
        ("CREDENTIALS_DIRECTORY", home_text.as_str()),
        ("STRONGROOM_PASSPHRASE", PHRASE),
    ];
    let server = Server::start_among(&data, &variables)?;
    let instance = Instance::set_up(server.address)?;
    let mut connection = Connection::open(server.address)?;
    let mut values = BTreeMap::new();
    for number in 0..20 {
        let (name, value) = (format!("NAME_{number}"), "v".repeat(500));
        instance.create(&mut connection, &name, &value)?.ok()?;
        values.insert(name, value);
    }
    run(&["add-passphrase", "--name", "desk"], PHRASE)?.ok()?;
    run(&["prove"], PHRASE)?.ok()?;
    server.stop()?;

    let ballast = disk.join("ballast");
    let (mut tried, mut refused) = (0, 0);
    // With a server that does it, and without one; a short run tries each in one of the two ways, another one each time.
    let way = std::process::id() as usize % 2;
    let both = CHANGES
        .iter()
        .enumerate()
        .flat_map(|(number, change)| [0, 1].map(|running| (number + running, change, running == 1)));
    for (_, change, running) in both.filter(|(number, ..)| e2e::long() || number % 2 == way) {
        tried += 1;
        let told = || format!("{:?}, server running: {running}", change.arguments);
        if !change.before.is_empty() {
            run(change.before, "three herons under the old bridge")?
                .ok()
                .with_context(told)?;
        }
        let before = unlockers(&run(&["list", "--json"], "")?.ok()?)?;
        let server = if running {
            Some(Server::start_among(&data, &variables)?)
        } else {
            None
        };
        fill(&ballast)?;
        let done = run(change.arguments, change.input)?;
        refused += usize::from(done.code != Some(0));
        // As a power failure leaves it.
        if let Some(server) = server {
            server.kill()?;
        }
        fs::remove_file(&ballast)?;

        let server = Server::start_among(&data, &variables)?;
        let read = instance.list(&mut Connection::open(server.address)?)?;
        assert!(read == values, "{}: {} values", told(), read.len());
        let prove = run(&["prove"], PHRASE)?;
        assert_eq!(prove.code, Some(0), "{}: {}", told(), prove.stderr);
        // Refused is refused: the same keys open it, and nobody keeps a file of a key that does not.
        let after = unlockers(&run(&["list", "--json"], "")?.ok()?)?;
        if done.code != Some(0) && change.arguments[0] != "identity" {
            assert_eq!(after, before, "{}: {}", told(), done.stderr);
            let left: Vec<String> = names(&home)?
                .into_iter()
                .filter(|name| name.starts_with("kit") || name.starts_with("card"))
                .collect();
            assert_eq!(left, [""; 0], "{}", told());
        }
        // With room again it is done, given again where it was refused.
        if done.code != Some(0) {
            run(change.arguments, change.input)?.ok().with_context(told)?;
        }
        server.stop()?;
        put_back(&home, &run).with_context(told)?;
    }
    e2e::say(format_args!(
        "{refused} of {tried} changes of unlockers were refused on the full disk"
    ));
    assert!(refused > 0, "the disk never was full");
    Ok(())
}

/// Names of what opens the store.
fn unlockers(listed: &str) -> Result<Vec<String>> {
    let listed: serde_json::Value = serde_json::from_str(listed)?;
    let unlockers = listed["unlockers"].as_array().context("no unlockers")?;
    let mut names: Vec<String> = unlockers
        .iter()
        .map(|unlocker| text(unlocker, "/name"))
        .collect::<Result<_>>()?;
    names.sort();
    Ok(names)
}

/// As it was before a change: the passphrase and the identity in the data directory open the store.
fn put_back(home: &Path, run: &dyn Fn(&[&str], &str) -> Result<Finished>) -> Result<()> {
    run(&["identity", "--in-data-dir"], "")?.ok()?;
    for name in unlockers(&run(&["list", "--json"], "")?.ok()?)? {
        if name != "desk" && name != "Server" {
            run(&["remove", &name], "")?.ok()?;
        }
    }
    for name in names(home)? {
        if !name.starts_with("id") {
            fs::remove_file(home.join(name))?;
        }
    }
    Ok(())
}

/// What lies in a folder, by name.
fn names(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

#[test]
fn a_full_target_gets_no_half_copy_and_a_full_disk_no_half_backup() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let disk = scratch.path().join("disk");
    let Some(_disk) = SmallDisk::mount(&disk)? else {
        return Ok(());
    };
    let data = scratch.path().join("data");
    let root = disk.display().to_string();
    let server = Server::start_with(&data, &["--backup-root", &root])?;
    let first = Instance::set_up(server.address)?;
    let mut connection = Connection::open(server.address)?;
    // Random enough to be larger than the target when it is compressed.
    for number in 0..8 {
        let random = sh(
            "head -c 500000 /dev/urandom | base64 --wrap=0",
            &[],
            scratch.path(),
        )?
        .ok()?;
        first
            .create(&mut connection, &format!("NAME_{number}"), &random)?
            .ok()?;
    }
    let values = first.list(&mut connection)?;
    let run = |arguments: &[&str]| -> Result<Finished> {
        let run = Run::new(scratch.path())?.args(arguments);
        run.args(["--data-dir"]).arg_path(&data).finish()
    };
    run(&["keys", "kit", "--output", "kit.txt"])?.ok()?;
    run(&["backup", "add-target", "small", "--directory", &root])?.ok()?;
    let marked = names(&disk)?;
    assert!(
        marked.len() == 1 && marked[0].starts_with("strongroom-target-"),
        "{marked:?}"
    );
    first.back_up(server.address)?;
    let begun = std::time::Instant::now();
    let error = loop {
        let listed: serde_json::Value = serde_json::from_str(&run(&["backup", "list", "--json"])?.ok()?)?;
        if let Some(error) = listed
            .pointer("/backups/0/copies/0/error")
            .and_then(|error| error.as_str())
        {
            break error.to_owned();
        }
        anyhow::ensure!(begun.elapsed().as_secs() < 60, "no attempt to copy: {listed}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    };
    assert!(error.contains("space"), "{error}");
    assert_eq!(names(&disk)?, marked, "something of the copy is left");
    // The backup itself is whole.
    run(&["backup", "drill"])?.ok()?;
    server.stop()?;

    // Unpacking it where there is no room is refused and leaves nothing, a restore as much as a check.
    let file = data.join("backups").join(names(&data.join("backups"))?.remove(0));
    let file = file.display().to_string();
    let unpack = |arguments: &[&str]| -> Result<String> {
        let run = Run::new(scratch.path())?
            .args(arguments)
            .args([&file, "--identity", "kit.txt"]);
        run.finish()?.refused(1)
    };
    let target = disk.join("restored");
    unpack(&["restore", "--data-dir", &target.display().to_string()])?;
    assert_eq!(names(&target)?, ["lock"]);
    fs::remove_dir_all(&target)?;
    unpack(&["backup", "verify", "--scratch", &root])?;
    assert_eq!(names(&disk)?, marked);

    // A server whose own disk is full makes none, says why, and goes on.
    let small = disk.join("data");
    let server = Server::start(&small)?;
    let instance = Instance::set_up(server.address)?;
    let kit = Run::new(scratch.path())?.args(["keys", "kit", "--output", "other.txt", "--data-dir"]);
    kit.arg_path(&small).finish()?.ok()?;
    let failed = instance
        .back_up(server.address)
        .map_err(|error| error.to_string());
    assert!(
        failed.as_ref().is_err_and(|error| error.contains("full")),
        "{failed:?}"
    );
    assert_eq!(names(&small.join("backups"))?, [""; 0]);
    instance
        .create(&mut Connection::open(server.address)?, "AFTER", "room")?
        .ok()?;
    server.kill()?;
    let server = Server::start(&data)?;
    assert!(first.list(&mut Connection::open(server.address)?)? == values);
    server.kill()
}

/// Fills a disk until only so many bytes are left.
fn leave(ballast: &Path, room: u64) -> Result<()> {
    let mut file = fs::File::create(ballast)?;
    while std::io::Write::write(&mut file, &[0; 1024]).is_ok_and(|written| written > 0) {}
    let size = file.metadata()?.len();
    file.set_len(size.saturating_sub(room))?;
    Ok(())
}

#[test]
fn a_backup_drill_or_restore_that_meets_the_end_of_the_disk_leaves_everything_as_it_was() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let disk = scratch.path().join("disk");
    // More than what backups leave free for others.
    let Some(_disk) = SmallDisk::of(&disk, 64)? else {
        return Ok(());
    };
    let data = disk.join("data");
    let server = Server::start(&data)?;
    let instance = Instance::set_up(server.address)?;
    let mut connection = Connection::open(server.address)?;
    for number in 0..20 {
        let value = "v".repeat(10_000);
        instance
            .create(&mut connection, &format!("NAME_{number}"), &value)?
            .ok()?;
    }
    let values = instance.list(&mut connection)?;
    let run = |arguments: &[&str]| -> Result<Finished> {
        let run = Run::new(scratch.path())?.args(arguments);
        run.args(["--data-dir"]).arg_path(&data).finish()
    };
    run(&["keys", "kit", "--output", "kit.txt"])?.ok()?;
    instance.back_up(server.address)?;
    server.stop()?;
    let backups = data.join("backups");
    fs::copy(
        backups.join(names(&backups)?.remove(0)),
        scratch.path().join("copy.age"),
    )?;
    let new = disk.join("new.age");
    let output = new.display().to_string();
    let ballast = disk.join("ballast");
    for (arguments, step) in [
        (["backup", "--output", &output].as_slice(), 48 * 1024),
        // Refused long before the end.
        (&["backup", "drill"], 8 * 1024 * 1024),
        (
            &["restore", "copy.age", "--identity", "kit.txt", "--force"],
            48 * 1024,
        ),
    ] {
        let (before, backups_before) = (names(&data)?, names(&backups)?);
        let mut refused = 0;
        for room in (0..).step_by(step) {
            leave(&ballast, room)?;
            let finished = run(arguments)?;
            fs::remove_file(&ballast)?;
            if finished.code == Some(0) {
                break;
            }
            let told = finished.refused(1)?;
            refused += 1;
            // Where the store was opened at all, its log and index may be left for the next one.
            let left: Vec<String> = names(&data)?
                .into_iter()
                .filter(|name| !before.contains(name) && !name.starts_with("strongroom.db-"))
                .collect();
            anyhow::ensure!(
                left.is_empty() && names(&backups)? == backups_before && !new.exists(),
                "{arguments:?} with {room} bytes left: {left:?}, {:?}: {told}",
                names(&disk)?
            );
            anyhow::ensure!(
                room < 60 * 1024 * 1024,
                "{arguments:?} never finds enough room: {told}"
            );
        }
        e2e::say(format_args!(
            "{} was refused with {refused} amounts of room, and then had enough",
            arguments[..2].join(" ")
        ));
        anyhow::ensure!(refused > 0, "the disk never was full");
        if new.exists() {
            Run::new(scratch.path())?
                .args(["backup", "verify", &output, "--identity", "kit.txt"])
                .finish()?
                .ok()?;
            fs::remove_file(&new)?;
        }
    }
    let server = Server::start(&data)?;
    assert!(instance.list(&mut Connection::open(server.address)?)? == values);
    server.kill()
}
