//! What opens the store when the server starts, and what a changed or wrong key does: nothing is lost, nothing is made anew,
//! and nothing secret can be read off the process.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::http::Connection;
use e2e::instance::Instance;
use e2e::program::{Run, binary};
use e2e::server::Server;

const KEY: &str = "6c1fe4e407b8911c104518103505b218";
const OTHER: &str = "00112233445566778899aabbccddeeff";
const PLUGIN: &str = env!("CARGO_BIN_EXE_age-plugin-drawer");
const PHRASE: &str = "seven bridges over the quiet river";

fn store_with(data: &Path, variables: &[(&str, &str)]) -> Result<Instance> {
    let server = Server::start_among(data, variables)?;
    let instance = Instance::set_up(server.address)?;
    let mut connection = Connection::open(server.address)?;
    instance.create(&mut connection, "KEPT", "as it was")?.ok()?;
    server.stop()?;
    Ok(instance)
}

fn require_open(server: &Server, instance: &Instance) -> Result<()> {
    let mut connection = Connection::open(server.address)?;
    ensure!(instance.read(&mut connection, "KEPT")? == "as it was");
    Ok(())
}

fn is_locked(server: &Server) -> Result<bool> {
    let answer = Connection::open(server.address)?.call("", "GET", "/api/strongroom/v1/locked", None)?;
    Ok(answer.status == 200 && answer.text()?.contains("\"locked\":true"))
}

fn operator(data: &Path, arguments: &[&str], input: &str) -> Result<e2e::program::Finished> {
    Run::new(data.parent().context("a data directory in a folder")?)?
        .args(arguments)
        .args(["--data-dir"])
        .arg_path(data)
        .input(input)
        .finish()
}

#[test]
fn rotating_every_variable_that_guides_tell_to_rotate_changes_nothing() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("data");
    let instance = store_with(
        &data,
        &[
            ("ENCRYPTION_KEY", KEY),
            ("AUTH_SECRET", "c2VjcmV0"),
            ("JWT_SECRET", "old"),
        ],
    )?;
    let told = fs::read_to_string(scratch.path().join("data.log"))?;
    ensure!(
        told.contains("32 hexadecimal digits") && told.contains("one of the keys of this store"),
        "the form of the key is not said: {told}"
    );
    let server = Server::start_among(
        &data,
        &[
            ("ENCRYPTION_KEY", OTHER),
            ("AUTH_SECRET", "another"),
            ("JWT_SECRET", "another"),
            ("JWT_AUTH_SECRET", "another"),
            ("JWT_REFRESH_SECRET", "another"),
            ("POSTGRES_PASSWORD", "another"),
            ("DB_CONNECTION_URI", "postgres://another"),
        ],
    )?;
    // The token that was issued before, and the value that was stored before.
    require_open(&server, &instance)?;
    let log = server.log()?;
    ensure!(
        log.contains("nothing was changed") && !log.contains(OTHER),
        "{log}"
    );
    server.stop()
}

#[test]
fn a_value_that_is_no_key_makes_no_store_and_is_told_by_its_variable() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("data");
    for (name, value, expected) in [
        (
            "ROOT_ENCRYPTION_KEY",
            "too-short-canary",
            "ROOT_ENCRYPTION_KEY cannot be a key of the new store: ",
        ),
        (
            "STRONGROOM_IDENTITY_FILE",
            "canary",
            "named as the server's identity is not there",
        ),
    ] {
        let server = Server::start_among(&data, &[(name, value)])?;
        ensure!(is_locked(&server)?, "{name} must lock");
        let log = server.log()?;
        server.stop()?;
        ensure!(log.contains(expected) && !log.contains("canary"), "{log}");
        ensure!(!data.join("keyring.json").exists(), "{name} left a store");
    }
    Ok(())
}

#[test]
fn a_wrong_sole_key_locks_and_the_right_one_or_a_kit_opens() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("data");
    let instance = store_with(&data, &[("ENCRYPTION_KEY", KEY)])?;
    operator(&data, &["keys", "add-passphrase", "--name", "desk"], PHRASE)?.ok()?;
    // The variable is what is left at the start: the server's own identity goes.
    fs::rename(data.join("identity"), scratch.path().join("moved"))?;
    let server = Server::start_among(&data, &[("ENCRYPTION_KEY", KEY)])?;
    require_open(&server, &instance)?;
    server.stop()?;

    let files = fs::read(data.join("strongroom.db"))?;
    let server = Server::start_among(&data, &[("ENCRYPTION_KEY", OTHER)])?;
    ensure!(is_locked(&server)?, "a wrong key must lock");
    let log = server.log()?;
    ensure!(
        log.contains("It opens with: ") && log.contains("ENCRYPTION_KEY does not open"),
        "{log}"
    );
    ensure!(!log.contains(OTHER), "the wrong key in the log");
    ensure!(
        fs::read(data.join("strongroom.db"))? == files,
        "a locked server touched the database"
    );
    let wrong = operator(&data, &["unlock"], "seven bridges over the quiet lake\n")?;
    ensure!(wrong.code != Some(0) && is_locked(&server)?, "{wrong:?}");
    ensure!(
        wrong
            .stderr
            .contains("It opens with: ENCRYPTION_KEY (ENCRYPTION_KEY, ")
            && wrong.stderr.contains("desk (passphrase, "),
        "{wrong:?}"
    );
    let unlocked = operator(&data, &["unlock"], &format!("{PHRASE}\n"))?;
    ensure!(
        unlocked.code == Some(0) && unlocked.stderr.contains("desk"),
        "{unlocked:?}"
    );
    require_open(&server, &instance)?;
    server.stop()?;

    let refused = Run::new(scratch.path())?
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--fail-if-locked",
            "--data-dir",
        ])
        .arg_path(&data)
        .env("ENCRYPTION_KEY", OTHER)
        .finish()?;
    ensure!(refused.code == Some(7), "{refused:?}");
    Ok(())
}

#[test]
fn the_servers_identity_is_moved_while_it_runs_and_each_start_says_what_it_needs() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("data");
    let file = scratch.path().join("identity elsewhere");
    let named = file.to_string_lossy().into_owned();
    let instance = store_with(&data, &[])?;
    let identity = |arguments: &[&str]| operator(&data, &[&["keys", "identity"], arguments].concat(), "");
    let server = Server::start(&data)?;
    let inside = identity(&["--move-to", "data/elsewhere"])?.refused(2)?;
    ensure!(inside.contains("lies in the data directory"), "{inside}");
    let both = identity(&["--none", "--in-data-dir"])?.refused(2)?;
    ensure!(both.contains("cannot be used with"), "{both}");
    let alone = identity(&["--none"])?.refused(1)?;
    ensure!(alone.contains("Prove another one first"), "{alone}");
    fs::write(&file, "hunter2")?;
    let foreign = identity(&["--move-to", &named])?.refused(1)?;
    ensure!(
        foreign.contains("cannot be the server's identity") && !foreign.contains("hunter2"),
        "{foreign}"
    );
    fs::remove_file(&file)?;
    let told = identity(&[])?.stderr;
    ensure!(
        told.contains("lies in the data directory. That protects"),
        "{told}"
    );

    let moved = identity(&["--move-to", &named])?;
    ensure!(
        moved.code == Some(0) && moved.stderr.contains("STRONGROOM_IDENTITY_FILE="),
        "{moved:?}"
    );
    ensure!(!data.join("identity").exists() && fs::metadata(&file)?.permissions().mode() & 0o777 == 0o600);
    require_open(&server, &instance)?;
    server.stop()?;
    let server = Server::start(&data)?;
    ensure!(is_locked(&server)? && server.log()?.contains("wherever the identity was moved to"));
    server.stop()?;
    let server = Server::start_among(&data, &[("STRONGROOM_IDENTITY_FILE", &named)])?;
    require_open(&server, &instance)?;
    let listed = operator(&data, &["keys", "list"], "")?.stderr;
    ensure!(listed.contains("outside of the data directory"), "{listed}");

    operator(&data, &["keys", "add-passphrase", "--name", "desk"], PHRASE)?.ok()?;
    operator(&data, &["keys", "prove"], PHRASE)?.ok()?;
    let none = identity(&["--none"])?;
    ensure!(
        none.code == Some(0) && none.stderr.contains("no identity of its own"),
        "{none:?}"
    );
    server.stop()?;
    let server = Server::start_with(&data, &["--identity", &named])?;
    ensure!(is_locked(&server)?, "the file elsewhere opens it still");
    operator(&data, &["unlock"], PHRASE)?.ok()?;
    require_open(&server, &instance)?;
    identity(&["--in-data-dir"])?.ok()?;
    server.stop()?;
    let server = Server::start(&data)?;
    require_open(&server, &instance)?;
    server.stop()
}

#[test]
fn a_passphrase_or_a_file_elsewhere_opens_the_store_at_its_start() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("data");
    let instance = store_with(&data, &[])?;
    operator(&data, &["keys", "add-passphrase", "--name", "desk"], PHRASE)?.ok()?;
    let moved = scratch.path().join("credentials");
    fs::create_dir(&moved)?;
    fs::rename(data.join("identity"), moved.join("strongroom-identity"))?;
    let credentials = moved.to_string_lossy().into_owned();
    let server = Server::start_among(&data, &[("CREDENTIALS_DIRECTORY", &credentials)])?;
    require_open(&server, &instance)?;
    server.stop()?;
    let server = Server::start_among(&data, &[("STRONGROOM_PASSPHRASE", PHRASE)])?;
    require_open(&server, &instance)?;
    server.stop()
}

/// The environment with which the kernel says that a process was started, once it has started itself again.
fn environment_when_settled(process: u32) -> Result<String> {
    let begun = Instant::now();
    loop {
        let environment = fs::read(format!("/proc/{process}/environ"))?;
        let environment = String::from_utf8_lossy(&environment).into_owned();
        if environment.contains("STRONGROOM_SECRETS_FD=") {
            return Ok(environment);
        }
        ensure!(
            begun.elapsed() < Duration::from_secs(20),
            "it did not start again: {environment}"
        );
        sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_operators_command_hides_its_secrets_and_uses_them() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("data");
    store_with(&data, &[])?;
    operator(&data, &["keys", "add-passphrase", "--name", "desk"], PHRASE)?.ok()?;
    // From now on only what the environment says opens the store.
    fs::remove_file(data.join("identity"))?;
    for (arguments, input) in [
        (vec!["keys", "prove"], PHRASE),
        (
            vec![
                "admin",
                "create",
                "--email",
                "new@example.com",
                "--password-stdin",
            ],
            "lantern-orbit-gravel-43",
        ),
        (
            vec!["keys", "add-passphrase"],
            "nine lanterns along the harbour wall",
        ),
    ] {
        let mut child = std::process::Command::new(binary()?)
            .env_clear()
            .env("STRONGROOM_PASSPHRASE", PHRASE)
            .env("ENCRYPTION_KEY", OTHER)
            .env("KEPT", "as it was")
            .args(&arguments)
            .arg("--data-dir")
            .arg(&data)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        // It waits for its input.
        let environment = environment_when_settled(child.id())?;
        let hidden = !environment.contains(PHRASE) && !environment.contains(OTHER);
        child
            .stdin
            .take()
            .context("no standard input")?
            .write_all(input.as_bytes())?;
        let output = child.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            hidden && environment.contains("KEPT=as it was"),
            "{arguments:?}: {environment}"
        );
        ensure!(output.status.success(), "{arguments:?}: {said}");
    }
    // Without the variable there is nothing to open it with, and nothing to hide.
    let refused = operator(&data, &["keys", "list"], "")?;
    ensure!(
        refused.code == Some(1) && refused.stderr.contains("It opens with: "),
        "{refused:?}"
    );
    Ok(())
}

/// What an age plugin prints when it makes a new pair: its recipient, and the file with its identity.
fn plugin_pair(folder: &Path, name: &str, arguments: &[&str]) -> Result<String> {
    let made = Run::of(Path::new(PLUGIN), folder)
        .args(arguments)
        .finish()?
        .ok()?;
    let recipient = made
        .lines()
        .find_map(|line| line.strip_prefix("# recipient: "))
        .with_context(|| made.clone())?
        .to_owned();
    fs::write(folder.join(name), made)?;
    Ok(recipient)
}

#[test]
fn an_age_plugin_opens_a_locked_server_from_the_machine_that_has_it() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let folder = scratch.path();
    let data = folder.join("data");
    let instance = store_with(&data, &[])?;
    let recipient = plugin_pair(folder, "token.txt", &[])?;
    plugin_pair(folder, "stranger.txt", &[])?;
    let short = plugin_pair(folder, "short.txt", &["short"])?;
    let plugins = Path::new(PLUGIN)
        .parent()
        .context("a plugin in a folder")?
        .to_owned();
    let with_plugin = |arguments: &[&str]| {
        Run::new(folder)?
            .env("PATH", plugins.clone())
            .args(arguments)
            .args(["--data-dir", "data"])
            .finish()
    };
    let without = |arguments: &[&str]| {
        Run::new(folder)?
            .env("PATH", folder)
            .args(arguments)
            .args(["--data-dir", "data"])
            .finish()
    };

    let missing = without(&["keys", "add-plugin", &recipient])?.refused(1)?;
    ensure!(
        missing.contains("no program age-plugin-drawer on the PATH")
            && missing.contains("Install the age plugin"),
        "{missing}"
    );
    for wrong in ["age1drawer1nonsense", "age1", "hunter2"] {
        let refused = with_plugin(&["keys", "add-plugin", wrong])?.refused(1)?;
        ensure!(
            refused.contains("none of an age plugin") && !refused.contains("hunter2"),
            "{refused}"
        );
    }
    // What the plugin says reaches who asked it.
    let refused = with_plugin(&["keys", "add-plugin", &short])?.refused(1)?;
    ensure!(refused.contains("no key of the drawer"), "{refused}");
    let listed = operator(&data, &["keys", "list"], "")?.ok()?;
    ensure!(!listed.contains("age plugin"), "{listed}");

    let added = with_plugin(&["keys", "add-plugin", &recipient, "--name", "token"])?;
    ensure!(
        added.code == Some(0)
            && added.stderr.contains("put into the drawer")
            && added.stderr.contains("token ("),
        "{added:?}"
    );
    fs::remove_file(data.join("identity"))?;
    // Only the plugin is left, and the server has none.
    let server = Server::start(&data)?;
    ensure!(is_locked(&server)?);
    let missing = without(&["unlock", "--identity", "token.txt"])?.refused(1)?;
    ensure!(
        missing.contains("no program age-plugin-drawer on the PATH"),
        "{missing}"
    );
    let stranger = with_plugin(&["unlock", "--identity", "stranger.txt"])?.refused(1)?;
    ensure!(
        stranger.contains("The plugin does not open the store"),
        "{stranger}"
    );
    let short = with_plugin(&["unlock", "--identity", "short.txt"])?.refused(1)?;
    ensure!(short.contains("no key of the drawer"), "{short}");
    ensure!(is_locked(&server)?);
    let unlocked = with_plugin(&["unlock", "--identity", "token.txt"])?;
    ensure!(
        unlocked.code == Some(0)
            && unlocked.stderr.contains("out of the drawer")
            && unlocked.stderr.contains("opened with token"),
        "{unlocked:?}"
    );
    require_open(&server, &instance)?;
    // Opened by it, the store may lose everything else; it is proven like any other.
    let proven = with_plugin(&["keys", "prove", "--identity", "token.txt"])?;
    ensure!(
        proven.code == Some(0) && proven.stderr.contains("token works"),
        "{proven:?}"
    );
    server.stop()?;

    // What cannot run a plugin says so.
    let refused = with_plugin(&["keys", "list", "--identity", "token.txt"])?.refused(1)?;
    ensure!(
        refused.contains("identity of an age plugin") && refused.contains("token (age plugin, "),
        "{refused}"
    );
    Ok(())
}

#[test]
fn nothing_secret_can_be_read_off_the_process() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("data");
    store_with(&data, &[])?;
    let server = Server::start_among(
        &data,
        &[
            ("ENCRYPTION_KEY", KEY),
            ("AUTH_SECRET", "a-canary-in-the-environment"),
        ],
    )?;
    let of_process = |name: &str| fs::read(format!("/proc/{}/{name}", server.id()));
    let environment = String::from_utf8_lossy(&of_process("environ")?).into_owned();
    ensure!(
        !environment.contains(KEY) && !environment.contains("canary"),
        "{environment}"
    );
    let status = String::from_utf8_lossy(&of_process("status")?).into_owned();
    let locked = status
        .lines()
        .find_map(|line| line.strip_prefix("VmLck:"))
        .and_then(|size| size.trim().split(' ').next()?.parse::<u64>().ok())
        .context("no VmLck")?;
    ensure!(locked >= 4, "{locked} kB of locked memory");
    let limits = String::from_utf8_lossy(&of_process("limits")?).into_owned();
    let core = limits.lines().find(|line| line.starts_with("Max core file size"));
    ensure!(
        core.is_some_and(|line| line.split_whitespace().nth(4) == Some("0")),
        "{core:?}"
    );
    server.stop()
}
