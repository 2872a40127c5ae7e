//! Keys are changed, backups made, rehearsed and restored while the process may be killed at any moment: whatever was there is
//! there afterwards, and what was begun is finished by the next start, or by giving the command again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
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

/// A data directory with secrets in it, which is copied for each kill.
struct Template {
    scratch: tempfile::TempDir,
    instance: Instance,
    values: BTreeMap<String, String>,
}

impl Template {
    fn make(secrets: usize) -> Result<Self> {
        let scratch = tempfile::tempdir()?;
        let data = scratch.path().join("data");
        let server = Server::start(&data)?;
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
        keys(&data, &["add-passphrase", "--name", "desk"], PHRASE)?.ok()?;
        keys(&data, &["prove"], PHRASE)?.ok()?;
        // In the data directory, so that they are copied with it.
        keys(&data, &["kit", "--output", "data/kit.txt"], "")?.ok()?;
        let server = Server::start(&data)?;
        instance.back_up(server.address)?;
        server.stop()?;
        let backup = fs::read_dir(data.join("backups"))?
            .next()
            .context("no backup")??;
        fs::copy(backup.path(), data.join("copy.age"))?;
        Ok(Self {
            scratch,
            instance,
            values,
        })
    }

    /// A copy of it as it is.
    fn copy(&self) -> Result<tempfile::TempDir> {
        let copy = tempfile::tempdir()?;
        copy_folder(&self.scratch.path().join("data"), &copy.path().join("data"))?;
        Ok(copy)
    }

    /// Opens a store, looks that nothing is left to do, and reads everything.
    fn require_whole(&self, data: &Path, by_passphrase: bool) -> Result<()> {
        let state = state(data, by_passphrase)?;
        ensure!(state["root"]["pending"] == false, "the root key: {state}");
        ensure!(state["databasePending"] == false, "the database key: {state}");
        let variables = variables(data, by_passphrase)?;
        let variables: Vec<(&str, &str)> = variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let server = Server::start_among(data, &variables)?;
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

/// The variables with which everything is started: an identity beside the data directory counts.
fn variables(data: &Path, by_passphrase: bool) -> Result<Vec<(&'static str, String)>> {
    let folder = data.parent().context("a data directory in a folder")?;
    let folder = folder.to_str().context("a folder with a name in UTF-8")?;
    let mut variables = vec![("CREDENTIALS_DIRECTORY", folder.to_owned())];
    if by_passphrase {
        variables.push(("STRONGROOM_PASSPHRASE", PHRASE.to_owned()));
    }
    Ok(variables)
}

fn keys(data: &Path, arguments: &[&str], input: &str) -> Result<Finished> {
    keys_with(data, false, arguments, input)
}

fn keys_with(data: &Path, by_passphrase: bool, arguments: &[&str], input: &str) -> Result<Finished> {
    let mut run = Run::new(data.parent().context("a data directory in a folder")?)?;
    for (name, value) in variables(data, by_passphrase)? {
        run = run.env(name, value);
    }
    run.args(["keys"])
        .args(arguments)
        .args(["--data-dir"])
        .arg_path(data)
        .input(input)
        .finish()
}

fn state(data: &Path, by_passphrase: bool) -> Result<Value> {
    let listed = keys_with(data, by_passphrase, &["list", "--json"], "")?.ok()?;
    Ok(serde_json::from_str(&listed)?)
}

/// The same command under a tracer, which kills it at the given call.
fn traced(data: &Path, command: &Command, log: &Path, rule: Option<&str>) -> Result<Finished> {
    let mut run = Run::of(
        Path::new("strace"),
        data.parent().context("a data directory in a folder")?,
    )
    .args(["-f", "-qq", "-o"])
    .arg_path(log)
    .args(["-e", &format!("trace={}", CALLS.join(","))]);
    if let Some(rule) = rule {
        run = run.args(["-e", rule]);
    }
    for (name, value) in variables(data, command.by_passphrase)? {
        run = run.env(name, value);
    }
    run.args(["--"])
        .arg_path(&binary()?)
        .args([command.noun])
        .args(command.arguments)
        .args(["--data-dir"])
        .arg_path(data)
        .input(command.input)
        .finish()
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
}

/// Most commands need nothing special.
const PLAIN: Command = Command {
    noun: "keys",
    arguments: &[],
    input: "",
    before: None,
    by_passphrase: false,
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

/// Runs each of these commands once and counts its calls, thread by thread.
fn kill_points(template: &Template, of: impl Fn(&Command) -> bool) -> Result<Vec<KillPoint>> {
    let mut points = Vec::new();
    for (number, command) in COMMANDS.iter().enumerate().filter(|(_, command)| of(command)) {
        let copy = prepared(template, command)?;
        let log = copy.path().join("calls");
        traced(&copy.path().join("data"), command, &log, None)?.ok()?;
        let mut counts: BTreeMap<(String, &str), usize> = BTreeMap::new();
        let calls = fs::read_to_string(&log)?;
        for line in calls.lines() {
            let Some((thread, rest)) = line.split_once(' ') else {
                continue;
            };
            let name = rest.trim_start().split('(').next().unwrap_or_default();
            if let Some(call) = CALLS.iter().find(|call| **call == name) {
                *counts.entry((thread.to_owned(), call)).or_default() += 1;
            }
        }
        for call in CALLS {
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
fn prepared(template: &Template, command: &Command) -> Result<tempfile::TempDir> {
    let copy = template.copy()?;
    if let Some(before) = command.before {
        keys(&copy.path().join("data"), before, "")?.ok()?;
    }
    Ok(copy)
}

/// What has its final name is complete, and a start removed what has not.
fn require_nothing_half(data: &Path) -> Result<()> {
    let folder = data.parent().context("a data directory in a folder")?;
    if folder.join("new.age").exists() {
        Run::new(folder)?
            .args(["backup", "verify", "new.age", "--identity", "data/kit.txt"])
            .finish()?
            .ok()?;
    }
    for place in [data.to_owned(), data.join("backups")] {
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
    let data = copy.path().join("data");
    let rule = format!("inject={}:signal=KILL:when={}", point.call, point.count);
    let finished = traced(&data, command, &copy.path().join("calls"), Some(&rule))?;
    let killed = finished.code != Some(0);
    let context = || {
        format!(
            "{} {:?} killed at {} number {}",
            command.noun, command.arguments, point.call, point.count
        )
    };
    if killed && command.noun == "restore" {
        // The old store, the new one, or none that a server would start: given again, the new one.
        traced(&data, command, &copy.path().join("again"), None)?
            .ok()
            .with_context(context)?;
    }
    template
        .require_whole(&data, command.by_passphrase)
        .with_context(context)?;
    require_nothing_half(&data).with_context(context)?;
    // What was removed stays removed or never was: the passphrase of the others still works.
    let opened = keys_with(&data, command.by_passphrase, &["prove"], PHRASE)?;
    let removed = command.arguments[0] == "remove";
    ensure!(
        removed || opened.code == Some(0),
        "the passphrase opens no more: {opened:?}"
    );
    if command.noun == "keys" && command.arguments[0] == "identity" {
        // Given again it comes to its end, wherever it was killed.
        keys_with(&data, command.by_passphrase, command.arguments, "")?
            .ok()
            .with_context(context)?;
        let place = match command.arguments[1] {
            "--move-to" => "elsewhere",
            "--in-data-dir" => "data-dir",
            _ => "nowhere",
        };
        let state = state(&data, command.by_passphrase)?;
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

#[test]
fn a_change_of_keys_killed_anywhere_is_whole_afterwards() -> Result<()> {
    kill_anywhere("keys", |command| command.noun == "keys")
}

#[test]
fn a_backup_drill_or_restore_killed_anywhere_is_whole_afterwards() -> Result<()> {
    kill_anywhere("backups", |command| command.noun != "keys")
}

fn kill_anywhere(what: &str, of: impl Fn(&Command) -> bool) -> Result<()> {
    let template = Template::make(40)?;
    let all = kill_points(&template, of)?;
    let chosen: Vec<KillPoint> = if e2e::long() {
        all.clone()
    } else {
        // Evenly over the commands, beginning somewhere else each day.
        let step = (all.len() / SAMPLE).max(1);
        let first = std::process::id() as usize % step;
        all.iter().copied().skip(first).step_by(step).collect()
    };
    let mut killed = 0;
    for point in &chosen {
        if kill_at(&template, *point)? {
            killed += 1;
        }
    }
    e2e::say(format_args!(
        "{what}: {} kill points, {} tried, {killed} of them killed the command, nothing lost",
        all.len(),
        chosen.len()
    ));
    ensure!(killed * 10 >= chosen.len() * 8, "the tracer kills nothing");
    Ok(())
}

#[test]
fn data_keys_are_rotated_to_the_end_though_the_server_is_killed_again_and_again() -> Result<()> {
    let template = Template::make(3_000)?;
    let copy = template.copy()?;
    let data: PathBuf = copy.path().join("data");
    let kills: u64 = if e2e::long() { 40 } else { 5 };
    for round in 0..kills {
        let server = Server::start(&data)?;
        if round % 4 == 0 {
            keys(&data, &["rotate-data"], "")?.ok()?;
        }
        sleep(Duration::from_millis(37 * (round % 7) + 11));
        server.kill()?;
    }
    let server = Server::start(&data)?;
    for _ in 0..600 {
        let state = state(&data, false)?;
        let rotations = state["rotations"].as_array().context("rotations")?;
        let states: Vec<String> = rotations
            .iter()
            .map(|rotation| text(rotation, "/state"))
            .collect::<Result<_>>()?;
        if states.iter().all(|state| state == "done") {
            server.stop()?;
            return template.require_whole(&data, false);
        }
        ensure!(states.iter().all(|state| state != "incomplete"), "{state}");
        sleep(Duration::from_millis(200));
    }
    bail!("the rotation does not come to its end")
}
