//! A secret value is where it was asked for, and nowhere else: not in a log, an error, a temporary file or a list of
//! processes.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::desk::Desk;
use e2e::program::Run;
use e2e::server::signal;
use rustix::process::Signal;

const CANARY: &str = "canary-7Qx29-value";

/// Every file below a folder that holds the canary.
fn holders(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(holders(&path)?);
        } else if path.is_file() {
            let bytes = std::fs::read(&path)?;
            if bytes.windows(CANARY.len()).any(|part| part == CANARY.as_bytes()) {
                found.push(path.display().to_string());
            }
        }
    }
    Ok(found)
}

struct Watched {
    desk: Desk,
}

impl Watched {
    /// The program as talkative as it can be, with a temporary folder that is looked into afterwards.
    fn run(&self, args: &[&str]) -> Result<Run> {
        Ok(self
            .desk
            .run(args)?
            .env("INFISICAL_PROJECT_ID", "home-lab")
            .env("TMPDIR", self.desk.home.join("tmp").as_os_str())
            .env("STRONGROOM_LOG", "trace")
            .env("RUST_LOG", "trace")
            .env("LOG_LEVEL", "debug")
            .env("RUST_BACKTRACE", "1"))
    }

    /// Runs a command whose messages must not hold the canary.
    fn quiet(&self, args: &[&str], input: &str) -> Result<()> {
        let done = self.run(args)?.input(input).finish()?;
        ensure!(!done.stderr.contains(CANARY), "{args:?} says it: {}", done.stderr);
        Ok(())
    }

    /// The same, with an output that must not hold it either.
    fn silent(&self, args: &[&str], input: &str) -> Result<()> {
        let done = self.run(args)?.input(input).finish()?;
        ensure!(!done.stderr.contains(CANARY), "{args:?} says it: {}", done.stderr);
        let out = String::from_utf8_lossy(&done.stdout).into_owned();
        ensure!(!out.contains(CANARY), "{args:?} prints it: {out}");
        Ok(())
    }
}

#[test]
fn a_value_is_nowhere_but_where_it_was_asked_for() -> Result<()> {
    let desk = Desk::new()?;
    std::fs::create_dir(desk.home.join("tmp"))?;
    let at = Watched { desk };
    let lines = format!("{CANARY}\nsecond line");

    at.silent(&["secrets", "set", "KEY"], CANARY)?;
    at.silent(&["secrets", "set", "KEY"], &lines)?;
    at.silent(&["secrets", "set", "KEY", "--json", "--type", "personal"], CANARY)?;
    at.silent(&["secrets", "set", "--file", "-"], &format!("OTHER={CANARY}\n"))?;
    at.silent(&["secrets", "set", "--file", "-"], &format!("broken {CANARY}\n"))?;
    at.silent(
        &["import", "-", "--format", "dotenv", "--dry-run"],
        &format!("KEY={CANARY}x\nbad {CANARY}\n"),
    )?;
    at.silent(
        &["import", "-", "--format", "json"],
        &format!("{{\"a b\": \"{CANARY}\", "),
    )?;
    at.silent(&["import", "-", "--format", "yaml"], &format!("KEY: [{CANARY}\n"))?;
    at.silent(
        &["import", "-", "--format", "csv"],
        &format!("key,value\nKEY,\"{CANARY}\n"),
    )?;
    at.silent(&["secrets", "get", "KEY", "NOPE"], "")?;
    at.silent(&["export", "--format", "docker", "--secret-overriding=false"], "")?;
    at.silent(&["export", "--json", "--path", "/nowhere"], "")?;
    let template = at
        .desk
        .file("template", "{{ secrets.KEY + 1 }}{{ secrets.KEY.nope }}")?;
    at.silent(&["export", "--template", &template], "")?;
    at.silent(&["secrets", "generate-example-env"], "")?;
    at.silent(&["run", "--", "true"], "")?;
    at.silent(&["run", "--", "no-such-command"], "")?;
    at.silent(&["login", "--token", CANARY], "")?;
    at.silent(
        &["login", "--email", "kavi@example.com", "--password-stdin"],
        CANARY,
    )?;
    at.silent(&["whoami", "--token", CANARY], "")?;
    at.silent(&["token", "renew", "-"], CANARY)?;
    at.silent(&["secrets", "set", "A=1", CANARY], "")?;
    at.quiet(&["secrets"], "")?;
    at.quiet(&["export"], "")?;
    at.quiet(&["export", "--compat", "--format", "json"], "")?;

    // While a command runs: neither we nor the command have it among the arguments.
    let mut child = at
        .run(&["run", "--watch", "--watch-interval", "1", "--", "sleep", "30"])?
        .start()?;
    let processes = || -> Result<Vec<String>> {
        let all = std::fs::read_dir("/proc")?.filter_map(|entry| {
            let path = entry.ok()?.path().join("cmdline");
            let bytes = std::fs::read(path).ok()?;
            Some(String::from_utf8_lossy(&bytes).replace('\0', " "))
        });
        Ok(all.collect())
    };
    let mut seen = false;
    for _ in 0..200 {
        let lines = processes()?;
        ensure!(
            lines.iter().all(|line| !line.contains(CANARY)),
            "a list of processes shows it"
        );
        seen = lines.iter().any(|line| line.trim() == "sleep 30");
        if seen {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    ensure!(seen, "the command did not start");
    signal(child.id(), Signal::TERM)?;
    assert_eq!(child.wait()?.code(), Some(128 + 15));

    at.quiet(&["secrets", "delete", "KEY", "OTHER"], "")?;
    assert_eq!(holders(&at.desk.home)?, [] as [String; 0]);
    let log = at.desk.server.log().context("the server's log")?;
    assert!(!log.contains(CANARY), "the server's log holds it");
    assert_eq!(holders(&at.desk.server.data_dir)?, [] as [String; 0]);

    // Where it was asked for, it is: the search above does find what is there.
    at.quiet(&["secrets", "set", "KEY"], CANARY)?;
    at.quiet(&["export", "--output-file", "asked-for"], "")?;
    assert_eq!(holders(&at.desk.home)?.len(), 1);
    Ok(())
}
