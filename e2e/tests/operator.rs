//! What the person who runs the server does on its own machine.

use std::path::Path;

use anyhow::Result;
use e2e::desk::{Desk, expect_parts};
use e2e::http::Connection;
use e2e::instance::Instance;
use e2e::program::{Run, binary};
use e2e::server::Server;

#[test]
fn further_people_are_made_on_the_servers_own_machine() -> Result<()> {
    let desk = Desk::new()?;
    let data = desk.server.data_dir.clone();
    let create = |email: &str, password: &str| -> Result<_> {
        desk.run(&[
            "admin",
            "create",
            "--email",
            email,
            "--password-stdin",
            "--data-dir",
        ])?
        .arg_path(&data)
        .input(password)
        .finish()
    };
    let done = create("mira@example.com", "window-harbour-violet-7\n")?;
    assert!(
        done.stderr.contains("Created the user mira@example.com"),
        "{}",
        done.stderr
    );
    assert_eq!(done.ok()?, "");
    let twice = create("Mira@Example.com", "window-harbour-violet-7")?.refused(1)?;
    assert!(twice.contains("exists already"), "{twice}");
    let short = create("short@example.com", "short")?.refused(1)?;
    assert!(short.contains("12"), "{short}");
    let home = tempfile::tempdir()?;
    let login = || -> Result<Run> {
        let url = desk.server.url();
        let args = [
            "login",
            "--email",
            "mira@example.com",
            "--password-stdin",
            "--domain",
            &url,
        ];
        Ok(Run::new(home.path())?.args(args).input("window-harbour-violet-7"))
    };
    login()?.finish()?.ok()?;
    let me = Run::new(home.path())?.args(["whoami"]).finish()?.ok()?;
    assert!(me.contains("mira@example.com"), "{me}");
    // She is no member of the project, and does not learn that it exists.
    let projects = Run::new(home.path())?.args(["projects"]).finish()?.ok()?;
    assert_eq!(projects.lines().count(), 1, "{projects}");

    // The same with the server down.
    let Desk { server, home, .. } = desk;
    server.stop()?;
    let down = Run::new(&home)?
        .args([
            "admin",
            "create",
            "--email",
            "noor@example.com",
            "--password-stdin",
            "--data-dir",
        ])
        .arg_path(&data)
        .input("window-harbour-violet-8")
        .finish()?;
    assert!(down.stderr.contains("Created"), "{}", down.stderr);
    let nowhere = Run::new(&home)?
        .args(["setup-code", "--data-dir", "nowhere"])
        .finish()?
        .refused(1)?;
    expect_parts(
        &nowhere,
        [
            "There is no Strongroom store in nowhere",
            "--data-dir",
            "strongroom serve",
        ],
    )?;
    assert!(!home.join("nowhere").exists(), "a question makes no directory");
    Ok(())
}

#[test]
fn a_locked_server_answers_and_says_what_it_needs() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("data");
    let server = Server::start(&data)?;
    let health = |url: &str, ready: bool| -> Result<_> {
        let mut args = vec!["healthcheck", "--url", url];
        if ready {
            args.push("--ready");
        }
        Run::new(scratch.path())?.args(args).finish()
    };
    assert_eq!(health(&server.url(), false)?.ok()?, "");
    assert_eq!(health(&server.url(), true)?.ok()?, "");

    // One directory, one server.
    let second = serve(scratch.path(), &data, &[])?.finish()?.refused(1)?;
    assert!(second.contains("is in use by another Strongroom"), "{second}");
    assert_eq!(
        health(&server.url(), true)?.code,
        Some(0),
        "the first one goes on"
    );
    let url = server.url();
    let instance = Instance::set_up(server.address)?;
    server.stop()?;
    let down = health(&url, false)?.refused(1)?;
    expect_parts(
        &down,
        [
            "Could not reach the Strongroom server at",
            "Nothing listens there",
            "strongroom serve",
        ],
    )?;

    std::fs::rename(data.join("identity"), scratch.path().join("elsewhere"))?;
    let told = serve(scratch.path(), &data, &["--fail-if-locked"])?
        .finish()?
        .refused(7)?;
    assert!(
        told.contains("The store is locked") && told.contains("It opens with: Server (server, "),
        "{told}"
    );
    let server = Server::start(&data)?;
    assert!(server.log()?.contains("--identity FILE"), "{}", server.log()?);
    assert_eq!(health(&server.url(), false)?.code, Some(0), "locked is not dead");
    let not_ready = health(&server.url(), true)?.refused(1)?;
    expect_parts(&not_ready, ["The server is not ready", "status 503", "log"])?;
    let mut connection = Connection::open(server.address)?;
    let answer = connection.call(&instance.user, "GET", &instance.query("A"), None)?;
    assert_eq!(answer.status, 503);
    assert!(answer.header("retry-after").is_some());
    assert_eq!(
        connection.call("", "GET", "/", None)?.status,
        200,
        "the page explains it"
    );
    server.stop()?;

    let elsewhere = scratch.path().join("elsewhere").display().to_string();
    let server = Server::start_with(&data, &["--identity", &elsewhere])?;
    assert_eq!(health(&server.url(), true)?.code, Some(0));
    assert!(instance.list(&mut Connection::open(server.address)?)?.is_empty());
    server.stop()
}

fn serve(home: &Path, data: &Path, args: &[&str]) -> Result<Run> {
    Ok(Run::of(&binary()?, home)
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg_path(data)
        .args(args))
}

#[test]
fn help_and_version_are_data() -> Result<()> {
    let home = tempfile::tempdir()?;
    let version = Run::new(home.path())?.args(["--version"]).finish()?.ok()?;
    assert!(version.starts_with("strongroom 0."), "{version}");
    for command in [
        "login",
        "whoami",
        "projects",
        "secrets",
        "export",
        "run",
        "healthcheck",
        "serve",
        "setup-code",
        "admin",
        "keys",
        "backup",
        "restore",
    ] {
        let help = Run::new(home.path())?.args([command, "--help"]).finish()?.ok()?;
        assert!(
            help.contains("Usage: strongroom") && help.contains("Examples:"),
            "{command}: {help}"
        );
    }
    let nothing = Run::new(home.path())?.finish()?.refused(2)?;
    assert!(nothing.contains("Usage: strongroom"), "{nothing}");
    Ok(())
}
