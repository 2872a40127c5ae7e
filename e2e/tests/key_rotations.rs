//! Keys are changed, backups made, rehearsed and restored while the process may be killed at any moment: whatever was there is
//! there afterwards, and what was begun is finished by the next start, or by giving the command again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use e2e::database::{Database, VARIABLE};
use e2e::http::Connection;
use e2e::instance::{Instance, text};
use e2e::program::{Finished, Run, binary};
use e2e::server::Server;
use serde_json::{Value, json};

const PHRASE: &str = "seven bridges over the quiet river";
/// The identity outside of the data directory: what a service manager calls it.
const FILE: &str = "strongroom-identity";
/// Calls by which something reaches the disk or gets its name: between any two of them the process may end.
const CALLS: [&str; 7] = [
    "rename",
    "renameat",
    "renameat2",
    "fsync",
    "fdatasync",
    "pwrite64",
    "unlink",
];
/// Kill points that one run of the tests tries; all of them with `--long`.
const SAMPLE: usize = 16;
/// The same in PostgreSQL.
const SAMPLE_ON_POSTGRES: usize = 6;
/// Kill points after which a long run says how far it is.
const PROGRESS: usize = 50;

/// The same for a store in PostgreSQL, to which the rest is sent.
const CALLS_TO_POSTGRES: [&str; 7] = [
    "rename",
    "renameat",
    "renameat2",
    "fsync",
    "fdatasync",
    "unlink",
    "sendto",
];

/// A folder with a data directory in it, and its database if that is elsewhere.
struct Store {
    scratch: tempfile::TempDir,
    database: Option<Database>,
}

impl Store {
    fn folder(&self) -> &Path {
        self.scratch.path()
    }

    fn data(&self) -> PathBuf {
        self.folder().join("data")
    }

    fn calls(&self) -> [&'static str; 7] {
        match self.database {
            Some(_) => CALLS_TO_POSTGRES,
            None => CALLS,
        }
    }

    /// A copy of it as it is.
    fn copy(&self) -> Result<Self> {
        let scratch = tempfile::tempdir()?;
        copy_folder(&self.data(), &scratch.path().join("data"))?;
        let database = self.database.as_ref().map(Database::copy).transpose()?;
        Ok(Self { scratch, database })
    }

    /// The variables with which everything is started: an identity beside the data directory counts.
    fn variables(&self, by_passphrase: bool) -> Result<Vec<(&'static str, String)>> {
        let folder = self.folder().to_str().context("a folder with a name in UTF-8")?;
        let mut variables = vec![("CREDENTIALS_DIRECTORY", folder.to_owned())];
        if let Some(database) = &self.database {
            variables.push((VARIABLE, database.url()?));
        }
        if by_passphrase {
            variables.push(("STRONGROOM_PASSPHRASE", PHRASE.to_owned()));
        }
        Ok(variables)
    }

    fn start(&self, by_passphrase: bool) -> Result<Server> {
        let variables = self.variables(by_passphrase)?;
        let variables: Vec<(&str, &str)> = variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        Server::start_among(&self.data(), &variables)
    }

    fn keys(&self, by_passphrase: bool, arguments: &[&str], input: &str) -> Result<Finished> {
        let mut run = Run::new(self.folder())?;
        for (name, value) in self.variables(by_passphrase)? {
            run = run.env(name, value);
        }
        run.args(["keys"])
            .args(arguments)
            .args(["--data-dir"])
            .arg_path(&self.data())
            .input(input)
            .finish()
    }

    fn state(&self, by_passphrase: bool) -> Result<Value> {
        let listed = self.keys(by_passphrase, &["list", "--json"], "")?.ok()?;
        Ok(serde_json::from_str(&listed)?)
    }

    /// A command under a tracer, which kills it at the given call.
    fn traced(&self, command: &Command, log: &str, rule: Option<&str>) -> Result<Finished> {
        let mut run = Run::of(Path::new("strace"), self.folder())
            .args(["-f", "-qq", "-o", log])
            .args(["-e", &format!("trace={}", self.calls().join(","))]);
        if let Some(rule) = rule {
            run = run.args(["-e", rule]);
        }
        for (name, value) in self.variables(command.by_passphrase)? {
            run = run.env(name, value);
        }
        run.args(["--"])
            .arg_path(&binary()?)
            .args([command.noun])
            .args(command.arguments)
            .args(["--data-dir"])
            .arg_path(&self.data())
            .input(command.input)
            .finish()
    }
}

/// A store with secrets in it, which is copied for each kill.
struct Template {
    store: Store,
    instance: Instance,
    values: BTreeMap<String, String>,
}

impl Template {
    fn make(secrets: usize, database: Option<Database>) -> Result<Self> {
        let scratch = tempfile::tempdir()?;
        let store = Store { scratch, database };
        let data = store.data();
        let server = store.start(false)?;
        let instance = Instance::set_up(server.address)?;
        let mut connection = Connection::open(server.address)?;
        let mut values = BTreeMap::new();
        let names: Vec<usize> = (0..secrets).collect();
        for part in names.chunks(500) {
            let secrets: Vec<Value> = part
                .iter()
                .map(|number| json!({"secretKey": format!("NAME_{number}"), "secretValue": format!("value {number} ä")}))
                .collect();
            let body = json!({
                "workspaceId": instance.project, "environment": "dev", "secretPath": "/", "secrets": secrets,
            });
            connection
                .call(&instance.user, "POST", "/api/v3/secrets/batch/raw", Some(&body))?
                .ok()?;
        }
        for number in names {
            values.insert(format!("NAME_{number}"), format!("value {number} ä"));
        }
        server.stop()?;
        store
            .keys(false, &["add-passphrase", "--name", "desk"], PHRASE)?
            .ok()?;
        store.keys(false, &["prove"], PHRASE)?.ok()?;
        // In the data directory, so that they are copied with it.
        store
            .keys(false, &["kit", "--output", "data/kit.txt"], "")?
            .ok()?;
        let server = store.start(false)?;
        instance.back_up(server.address)?;
        server.stop()?;
        let backup = fs::read_dir(data.join("backups"))?
            .next()
            .context("no backup")??;
        fs::copy(backup.path(), data.join("copy.age"))?;
        Ok(Self {
            store,
            instance,
            values,
        })
    }

    /// Opens a store, looks that nothing is left to do, and reads everything.
    fn require_whole(&self, store: &Store, by_passphrase: bool) -> Result<()> {
        let state = store.state(by_passphrase)?;
        ensure!(state["root"]["pending"] == false, "the root key: {state}");
        ensure!(state["databasePending"] == false, "the database key: {state}");
        let server = store.start(by_passphrase)?;
        let mut connection = Connection::open(server.address)?;
        let read = self.instance.list(&mut connection)?;
        ensure!(
            read == self.values,
            "{} of {} values",
            read.len(),
            self.values.len()
        );
        server.stop()
    }
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else if entry.file_type()?.is_file() {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

struct Command {
    /// What it is about.
    noun: &'static str,
    arguments: &'static [&'static str],
    input: &'static str,
    /// What has to be done before.
    before: Option<&'static [&'static str]>,
    /// Whether the store is opened by its passphrase meanwhile and afterwards, where nothing else does.
    by_passphrase: bool,
    /// Whether it is about the file in which a store lies.
    about_file: bool,
}

/// Most commands need nothing special.
const PLAIN: Command = Command {
    noun: "keys",
    arguments: &[],
    input: "",
    before: None,
    by_passphrase: false,
    about_file: false,
};

const RESTORE: Command = Command {
    noun: "restore",
    arguments: &["data/copy.age", "--identity", "data/kit.txt", "--force"],
    ..PLAIN
};

const COMMANDS: &[Command] = &[
    Command {
        arguments: &["rotate-root"],
        ..PLAIN
    },
    Command {
        arguments: &["revert-root"],
        before: Some(&["rotate-root"]),
        ..PLAIN
    },
    Command {
        arguments: &["destroy-retired"],
        before: Some(&["rotate-root"]),
        ..PLAIN
    },
    Command {
        arguments: &["rotate-data"],
        ..PLAIN
    },
    Command {
        arguments: &["rotate-signing"],
        ..PLAIN
    },
    Command {
        arguments: &["rekey-database"],
        about_file: true,
        ..PLAIN
    },
    Command {
        arguments: &["add-passphrase", "--name", "second"],
        input: "nine lanterns along the harbour wall",
        ..PLAIN
    },
    Command {
        arguments: &["remove", "desk"],
        ..PLAIN
    },
    Command {
        arguments: &["note-copy", "desk", "safe"],
        ..PLAIN
    },
    Command {
        arguments: &["identity", "--move-to", FILE],
        ..PLAIN
    },
    Command {
        arguments: &["identity", "--in-data-dir"],
        before: Some(&["identity", "--move-to", FILE]),
        ..PLAIN
    },
    Command {
        arguments: &["identity", "--none"],
        by_passphrase: true,
        ..PLAIN
    },
    Command {
        noun: "backup",
        arguments: &["--output", "new.age"],
        ..PLAIN
    },
    Command {
        noun: "backup",
        arguments: &["drill"],
        ..PLAIN
    },
    RESTORE,
];

/// A place at which a command is killed: at the n-th call of a kind that any of its threads makes.
#[derive(Debug, Clone, Copy)]
struct KillPoint {
    command: usize,
    call: &'static str,
    count: usize,
}

/// Whether a command is tried in PostgreSQL in this run: another third of them each time, which is quick, or all of them.
fn is_in_turn(number: usize) -> bool {
    e2e::long() || number % 3 == std::process::id() as usize % 3
}

/// Runs each of these commands once and counts its calls, thread by thread.
fn kill_points(template: &Template, of: impl Fn(&Command) -> bool) -> Result<Vec<KillPoint>> {
    let mut points = Vec::new();
    for (number, command) in COMMANDS.iter().enumerate().filter(|(_, command)| of(command)) {
        if template.store.database.is_some() && (command.about_file || !is_in_turn(number)) {
            continue;
        }
        let copy = prepared(template, command)?;
        copy.traced(command, "calls", None)?.ok()?;
        let mut counts: BTreeMap<(String, &str), usize> = BTreeMap::new();
        let calls = fs::read_to_string(copy.folder().join("calls"))?;
        for line in calls.lines() {
            let Some((thread, rest)) = line.split_once(' ') else {
                continue;
            };
            let name = rest.trim_start().split('(').next().unwrap_or_default();
            if let Some(call) = copy.calls().into_iter().find(|call| *call == name) {
                *counts.entry((thread.to_owned(), call)).or_default() += 1;
            }
        }
        for call in copy.calls() {
            let most = counts
                .iter()
                .filter(|((_, of), _)| *of == call)
                .map(|(_, count)| *count)
                .max()
                .unwrap_or_default();
            points.extend((1..=most).map(|count| KillPoint {
                command: number,
                call,
                count,
            }));
        }
    }
    Ok(points)
}

/// A copy in which the command can be given.
fn prepared(template: &Template, command: &Command) -> Result<Store> {
    let copy = template.store.copy()?;
    if let Some(before) = command.before {
        copy.keys(false, before, "")?.ok()?;
    }
    Ok(copy)
}

/// What has its final name is complete, and a start removed what has not.
fn require_nothing_half(store: &Store) -> Result<()> {
    let (folder, data) = (store.folder(), store.data());
    if folder.join("new.age").exists() {
        Run::new(folder)?
            .args(["backup", "verify", "new.age", "--identity", "data/kit.txt"])
            .finish()?
            .ok()?;
    }
    if let Some(database) = &store.database {
        let schemas = database.client()?.query(
            "SELECT nspname FROM pg_namespace WHERE nspname = 'strongroom_restore'",
            &[],
        )?;
        ensure!(schemas.is_empty(), "the schema of a restore is left");
    }
    for place in [data.clone(), data.join("backups")] {
        for entry in fs::read_dir(place)? {
            let name = entry?.file_name();
            ensure!(
                !name.to_string_lossy().ends_with(".part"),
                "{} is left",
                name.display()
            );
        }
    }
    Ok(())
}

fn kill_at(template: &Template, point: KillPoint) -> Result<bool> {
    let command = &COMMANDS[point.command];
    let copy = prepared(template, command)?;
    let data = copy.data();
    let rule = format!("inject={}:signal=KILL:when={}", point.call, point.count);
    let finished = copy.traced(command, "calls", Some(&rule))?;
    let killed = finished.code != Some(0);
    let context = || {
        format!(
            "{} {:?} killed at {} number {}",
            command.noun, command.arguments, point.call, point.count
        )
    };
    if killed && command.noun == "restore" {
        // The old store, the new one, or none that a server would start: given again, the new one.
        copy.traced(command, "again", None)?.ok().with_context(context)?;
    }
    template
        .require_whole(&copy, command.by_passphrase)
        .with_context(context)?;
    require_nothing_half(&copy).with_context(context)?;
    // What was removed stays removed or never was: the passphrase of the others still works.
    let opened = copy.keys(command.by_passphrase, &["prove"], PHRASE)?;
    let removed = command.arguments[0] == "remove";
    ensure!(
        removed || opened.code == Some(0),
        "the passphrase opens no more: {opened:?}"
    );
    if command.noun == "keys" && command.arguments[0] == "identity" {
        // Given again it comes to its end, wherever it was killed.
        copy.keys(command.by_passphrase, command.arguments, "")?
            .ok()
            .with_context(context)?;
        let place = match command.arguments[1] {
            "--move-to" => "elsewhere",
            "--in-data-dir" => "data-dir",
            _ => "nowhere",
        };
        let state = copy.state(command.by_passphrase)?;
        let own = state["unlockers"].as_array().context("unlockers")?;
        let own = own.iter().filter(|unlocker| unlocker["kind"] == "server").count();
        ensure!(
            state["identity"] == place && own == usize::from(place != "nowhere"),
            "{}: {state}",
            context()
        );
        ensure!(
            data.join("identity").exists() == (place == "data-dir"),
            "{}",
            context()
        );
    }
    Ok(killed)
}

fn sweep(template: &Template, what: &str, of: impl Fn(&Command) -> bool, sample: usize) -> Result<()> {
    let all = kill_points(template, of)?;
    let chosen: Vec<KillPoint> = if e2e::long() {
        all.clone()
    } else {
        // Evenly over the commands, beginning somewhere else each day.
        let step = (all.len() / sample).max(1);
        let first = std::process::id() as usize % step;
        all.iter().copied().skip(first).step_by(step).collect()
    };
    let mut killed = 0;
    for (tried, point) in chosen.iter().enumerate() {
        if tried > 0 && tried % PROGRESS == 0 {
            e2e::say(format_args!(
                "{what}: {tried} of {} kill points tried, {killed} killed",
                chosen.len()
            ));
        }
        if kill_at(template, *point)? {
            killed += 1;
        }
    }
    e2e::say(format_args!(
        "{what}: {} kill points, {} tried, {killed} of them killed the command, nothing lost",
        all.len(),
        chosen.len()
    ));
    // Work is spread over threads anew each time, so that some points are not met again.
    ensure!(killed * 2 >= chosen.len(), "the tracer kills nothing");
    Ok(())
}

#[test]
fn a_change_of_keys_killed_anywhere_is_whole_afterwards() -> Result<()> {
    sweep(
        &Template::make(40, None)?,
        "keys",
        |command| command.noun == "keys",
        SAMPLE,
    )
}

#[test]
fn a_backup_drill_or_restore_killed_anywhere_is_whole_afterwards() -> Result<()> {
    sweep(
        &Template::make(40, None)?,
        "backups",
        |command| command.noun != "keys",
        SAMPLE,
    )
}

#[test]
fn a_change_of_keys_killed_anywhere_is_whole_afterwards_in_postgresql() -> Result<()> {
    let Some(database) = Database::new()? else {
        return Ok(());
    };
    sweep(
        &Template::make(40, Some(database))?,
        "in PostgreSQL",
        |_| true,
        SAMPLE_ON_POSTGRES,
    )
}

/// Kills a server again and again while it seals everything anew.
fn kill_again_and_again(template: &Template) -> Result<()> {
    let copy = template.store.copy()?;
    let kills: u64 = if e2e::long() { 40 } else { 5 };
    for round in 0..kills {
        let server = copy.start(false)?;
        if round % 4 == 0 {
            copy.keys(false, &["rotate-data"], "")?.ok()?;
        }
        sleep(Duration::from_millis(37 * (round % 7) + 11));
        server.kill()?;
    }
    let server = copy.start(false)?;
    for _ in 0..600 {
        let state = copy.state(false)?;
        let rotations = state["rotations"].as_array().context("rotations")?;
        let states: Vec<String> = rotations
            .iter()
            .map(|rotation| text(rotation, "/state"))
            .collect::<Result<_>>()?;
        if states.iter().all(|state| state == "done") {
            server.stop()?;
            return template.require_whole(&copy, false);
        }
        ensure!(states.iter().all(|state| state != "incomplete"), "{state}");
        sleep(Duration::from_millis(200));
    }
    bail!("the rotation does not come to its end")
}

#[test]
fn data_keys_are_rotated_to_the_end_though_the_server_is_killed_again_and_again() -> Result<()> {
    kill_again_and_again(&Template::make(3_000, None)?)
}

#[test]
fn data_keys_in_postgresql_are_rotated_to_the_end_though_the_server_is_killed_again_and_again() -> Result<()>
{
    let Some(database) = Database::new()? else {
        return Ok(());
    };
    kill_again_and_again(&Template::make(500, Some(database))?)
}
