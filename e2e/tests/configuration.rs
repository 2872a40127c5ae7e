//! What a server is told before it starts: where it is taken from, and what happens when it is wrong.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::http::Connection;
use e2e::program::{Run, binary};
use e2e::server::Server;

const CANARY: &str = "canary-4711";

fn serve(home: &Path) -> Result<Run> {
    Ok(Run::of(&binary()?, home).args(["serve"]))
}

fn tells(text: &str, parts: &[&str]) -> Result<()> {
    for part in parts {
        ensure!(text.contains(part), "no {part:?} in {text}");
    }
    Ok(())
}

#[test]
fn all_that_is_wrong_is_said_at_once_and_the_server_stays_up_with_a_page() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("data");
    let toml = scratch.path().join("strongroom.toml");
    fs::write(
        &toml,
        "lisen = \"127.0.0.1:1\"\nbackup-root = true\nbackup-hook = [[\"canary-4711\"]]\n",
    )?;
    let key = scratch.path().join("key");
    fs::write(&key, CANARY)?;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644))?;
    let variables = [
        ("STRONGROOM_CONFIG", toml.to_str().context("a path in UTF-8")?),
        ("ENCRYPTION_KEY_FILE", key.to_str().context("a path in UTF-8")?),
        ("STRONGROOM_PASSPHRASE_FILE", "/nowhere"),
        ("STRONGROOM_SITE_URL", "ftp://canary-4711"),
        ("STRONGROOM_FAIL_IF_LOCKED", CANARY),
        ("PORT", CANARY),
    ];
    let expected = [
        "has an unknown key, lisen",
        "Did you mean listen?",
        "The key backup-hook in ",
        "everybody on this machine may read the file",
        "/nowhere",
        "STRONGROOM_SITE_URL cannot be used as --site-url",
        "STRONGROOM_FAIL_IF_LOCKED cannot be used",
    ];
    let mut server = Server::start_among(&data, &variables)?;
    let mut connection = Connection::open(server.address)?;
    for path in ["/api/status", "/api/health", "/healthcheck", "/metrics"] {
        let answer = connection.call("", "GET", path, None)?;
        ensure!(answer.status == 503, "{path}: {answer:?}");
        ensure!(
            answer.json()?["error"] == "ServiceUnavailable",
            "{path}: {answer:?}"
        );
    }
    let log = server.log()?;
    ensure!(
        log.matches("there is no such file").count() == 1,
        "said twice: {log}"
    );
    let login = connection.call("", "POST", "/api/v3/auth/login", Some(&serde_json::json!({})))?;
    ensure!(login.status == 503, "{login:?}");
    let page = connection.call("", "GET", "/login", None)?;
    ensure!(
        page.status == 503 && page.header("cache-control") == Some("no-store"),
        "{page:?}"
    );
    let page = page.text()?.to_owned();
    let log = server.log()?;
    tells(&page, &expected)?;
    tells(&log, &expected)?;
    for text in [&page, &log] {
        ensure!(!text.contains(CANARY), "a value is shown: {text}");
    }
    ensure!(
        !data.exists(),
        "a store was made with a configuration that is not understood"
    );
    let well = Run::new(scratch.path())?
        .args(["healthcheck", "--url", &server.url()])
        .finish()?;
    ensure!(well.code != Some(0), "{well:?}");
    ensure!(server.is_alive()?, "the server ended");
    server.stop()?;

    let mut refused = serve(scratch.path())?.args(["--fail-if-misconfigured", "--listen", "127.0.0.1:0"]);
    for (name, value) in variables {
        refused = refused.env(name, value);
    }
    let refused = refused.finish()?.refused(8)?;
    tells(&refused, &expected)?;
    ensure!(!refused.contains(CANARY), "{refused}");
    Ok(())
}

#[test]
fn a_data_directory_in_the_way_and_arguments_that_do_not_exist() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("data");
    fs::write(&data, "a file")?;
    let server = Server::start(&data)?;
    let page = Connection::open(server.address)?.call("", "GET", "/", None)?;
    ensure!(
        page.status == 503 && page.text()?.contains("is no directory"),
        "{page:?}"
    );
    server.stop()?;
    ensure!(fs::read(&data)? == b"a file");
    // What somebody types is answered at once.
    for wrong in [&["--lisen", "x"][..], &["--listen", "x"]] {
        serve(scratch.path())?.args(wrong).finish()?.refused(2)?;
    }
    Ok(())
}

#[test]
fn a_file_and_the_variables_of_a_compose_file_configure_a_server() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("data");
    fs::create_dir(&data)?;
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700))?;
    fs::write(
        data.join("strongroom.toml"),
        "site-url = [\"https://secrets.example.com\"]\n",
    )?;
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let log = scratch.path().join("log");
    let mut child = std::process::Command::new(binary()?)
        .env_clear()
        .env("STRONGROOM_DATA_DIR", &data)
        .env("PORT", port.to_string())
        .env("HOST", "127.0.0.1")
        .env("REDIS_URL", "redis://canary-4711")
        .env("MONGO_URL", "mongodb://canary-4711")
        .env("JWT_REFRESH_SECRET", CANARY)
        .arg("serve")
        .stderr(fs::File::create(&log)?)
        .spawn()?;
    let begun = std::time::Instant::now();
    let told = loop {
        let text = fs::read_to_string(&log)?;
        if text.contains("Setup code: ") || begun.elapsed() > Duration::from_secs(30) {
            break text;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    // The health check finds the server where its configuration put it.
    let well = Run::new(scratch.path())?
        .env("STRONGROOM_DATA_DIR", &data)
        .env("PORT", port.to_string())
        .env("HOST", "127.0.0.1")
        .args(["healthcheck"])
        .finish();
    e2e::server::signal(child.id(), rustix::process::Signal::TERM)?;
    let ended = e2e::server::wait(&mut child, Duration::from_secs(15));
    if ended.is_err() {
        child.kill()?;
        child.wait()?;
    }
    ensure!(ended?.success(), "{told}");
    let well = well?;
    ensure!(well.code == Some(0), "{well:?}");
    tells(
        &told,
        &[
            format!("listens on http://127.0.0.1:{port}\n").as_str(),
            "People reach it at https://secrets.example.com",
            "Database: SQLite, encrypted. Opened by: ",
            "no recovery kit yet",
            "Variables used: HOST, PORT (--listen)",
            "Variables ignored: JWT_REFRESH_SECRET (not needed",
            "Variables ignored: MONGO_URL (MongoDB is not used: ",
            "https://secrets.example.com/admin/signup#code=",
        ],
    )?;
    ensure!(told.lines().count() <= 20 && !told.contains(CANARY), "{told}");
    Ok(())
}
