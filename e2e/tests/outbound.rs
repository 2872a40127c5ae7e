//! Names are resolved without the C library, whose modules a static binary would load from the machine it runs on.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::program::{Run, binary};
use e2e::server::{signal, wait};
use rustix::process::Signal;

/// A name that no name server is asked about (RFC 6761).
const NOWHERE: &str = "nas.strongroom.invalid";
/// Longest wait; a traced program on a loaded machine is slow.
const PATIENCE: Duration = Duration::from_mins(1);

/// What the C library opens before it resolves a name, and the modules that it loads.
fn c_library(trace: &str) -> Vec<&str> {
    let opened = trace.lines();
    opened
        .filter(|line| {
            line.contains("nsswitch.conf") || line.contains("libnss") || line.contains("libresolv")
        })
        .collect()
}

/// A program under a tracer that writes down the files it opens.
fn traced(trace: &Path) -> Command {
    let mut command = Command::new("strace");
    command
        .args(["-f", "-qq", "-e", "trace=open,openat", "-o"])
        .arg(trace)
        .stdin(Stdio::null());
    command
}

#[test]
fn no_name_is_resolved_by_the_c_library() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let file = |name: &str| scratch.path().join(name);

    // The check sees what it is about.
    traced(&file("control"))
        .args(["getent", "hosts", NOWHERE])
        .output()?;
    ensure!(
        !c_library(&fs::read_to_string(file("control"))?).is_empty(),
        "the check finds nothing"
    );

    // A client.
    let told = traced(&file("client"))
        .arg(binary()?)
        .args(["whoami", "--token", "t", "--domain", &format!("http://{NOWHERE}")])
        .env_clear()
        .env("PATH", std::env::var("PATH")?)
        .env("HOME", scratch.path())
        .output()?;
    let told = String::from_utf8_lossy(&told.stderr).into_owned();
    ensure!(
        told.contains(&format!("the name {NOWHERE} could not be resolved")),
        "{told}"
    );

    // The server, for its database.
    let told = traced(&file("database"))
        .arg(binary()?)
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--database-wait",
            "0",
            "--data-dir",
        ])
        .arg(file("elsewhere"))
        .env_clear()
        .env("PATH", std::env::var("PATH")?)
        .env("HOME", scratch.path())
        .env(
            "STRONGROOM_DATABASE_URL",
            format!("postgres://app:window@{NOWHERE}/app"),
        )
        .output()?;
    let told = String::from_utf8_lossy(&told.stderr).into_owned();
    ensure!(
        told.contains(&format!("the name {NOWHERE} could not be resolved")) && !told.contains("window"),
        "{told}"
    );

    // The server, for a target of backups.
    let log = File::create(file("log"))?;
    let mut tracer = traced(&file("server"))
        .arg(binary()?)
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(file("data"))
        .env_clear()
        .env("PATH", std::env::var("PATH")?)
        .env("HOME", scratch.path())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()?;
    let outcome = (|| -> Result<()> {
        let begun = Instant::now();
        while !fs::read_to_string(file("log"))?.contains("listens on") {
            ensure!(begun.elapsed() < PATIENCE, "{}", fs::read_to_string(file("log"))?);
            sleep(Duration::from_millis(20));
        }
        let home = file("home");
        fs::create_dir(&home)?;
        for (url, says) in [
            (
                format!("http://{NOWHERE}/"),
                format!("the name {NOWHERE} could not be resolved"),
            ),
            (
                "http://localhost:1/".to_owned(),
                "--allow-outbound 127.0.0.1".to_owned(),
            ),
        ] {
            let told = Run::new(&home)?
                .args([
                    "backup",
                    "add-target",
                    "nas",
                    "--web-dav",
                    &url,
                    "--user",
                    "u",
                    "--data-dir",
                ])
                .arg_path(&file("data"))
                .input("password")
                .finish()?
                .refused(1)?;
            ensure!(told.contains(&says), "{told}");
        }
        Ok(())
    })();
    // The tracer alone would leave its child running.
    let id = tracer.id();
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"))?;
    let server = children
        .split_whitespace()
        .next()
        .context("the server has ended")?;
    signal(server.parse()?, Signal::TERM)?;
    wait(&mut tracer, PATIENCE)?;
    outcome?;

    for name in ["client", "database", "server"] {
        let trace = fs::read_to_string(file(name))?;
        ensure!(
            trace.contains("\"/etc/hosts\""),
            "the {name} resolved nothing: {}",
            trace.len()
        );
        ensure!(c_library(&trace).is_empty(), "{name}: {:#?}", c_library(&trace));
    }
    Ok(())
}
