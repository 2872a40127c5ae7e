//! What opens the store when the server starts, and what a changed or wrong key does: nothing is lost, nothing is made anew,
//! and nothing secret can be read off the process.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use e2e::http::Connection;
use e2e::instance::Instance;
use e2e::program::Run;
use e2e::server::Server;

const KEY: &str = "6c1fe4e407b8911c104518103505b218";
const OTHER: &str = "00112233445566778899aabbccddeeff";
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
