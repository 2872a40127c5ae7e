//! The command line against a running server, as shells use it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use e2e::dotenv;
use e2e::http::Connection;
use e2e::instance::{EMAIL, Instance, PASSWORD};
use e2e::program::{Run, binary};
use e2e::server::{Server, signal, wait};
use e2e::shell::{environment, sh};
use rustix::process::Signal;
use serde_json::Value;

/// A server that was set up, a home, and somebody who is logged in there.
struct Desk {
    server: Server,
    instance: Instance,
    home: PathBuf,
    _scratch: tempfile::TempDir,
}

impl Desk {
    fn new() -> Result<Self> {
        let scratch = tempfile::tempdir()?;
        let server = Server::start(&scratch.path().join("data"))?;
        let instance = Instance::set_up(server.address)?;
        let home = scratch.path().join("home");
        std::fs::create_dir(&home)?;
        let desk = Self {
            server,
            instance,
            home,
            _scratch: scratch,
        };
        let told = desk
            .run(&[
                "login",
                "--domain",
                &desk.server.url(),
                "--email",
                EMAIL,
                "--password-stdin",
            ])?
            .input(format!("{PASSWORD}\n"))
            .finish()?;
        assert!(told.stderr.contains("Logged in"), "{}", told.stderr);
        assert!(told.stdout.is_empty());
        Ok(desk)
    }

    fn run(&self, args: &[&str]) -> Result<Run> {
        Ok(Run::new(&self.home)?.args(args))
    }

    /// Runs a command in the project.
    fn data(&self, args: &[&str]) -> Result<String> {
        self.run(args)?
            .env("INFISICAL_PROJECT_ID", "home-lab")
            .finish()?
            .ok()
            .with_context(|| format!("{args:?}"))
    }

    fn file(&self, name: &str, content: &str) -> Result<String> {
        let path = self.home.join(name);
        std::fs::write(&path, content)?;
        Ok(path.display().to_string())
    }

    /// Puts a whole file in, each key in one of the ways that `secrets set` knows.
    fn put(&self, values: &BTreeMap<String, String>) -> Result<()> {
        for (index, (name, value)) in values.iter().enumerate() {
            let (pair, input) = match index % 3 {
                _ if value.is_empty() => (format!("{name}="), ""),
                0 => (format!("{name}={value}"), ""),
                1 => (format!("{name}=@{}", self.file(name, value)?), ""),
                _ => (name.clone(), value.as_str()),
            };
            let done = self
                .run(&["secrets", "set", "--projectId", "home-lab", &pair])?
                .input(input)
                .finish()?;
            assert_eq!(done.stderr.trim(), format!("Created {name}"));
            assert_eq!(done.ok()?, "", "`secrets set` has no data to print");
        }
        Ok(())
    }
}

#[test]
fn a_real_file_goes_in_and_comes_out_in_every_format() -> Result<()> {
    let desk = Desk::new()?;
    let expected = dotenv::omakase()?;
    desk.put(&expected)?;

    let json: Value = serde_json::from_str(&desk.data(&["export", "--format", "json"])?)?;
    let listed = json.as_array().context("an array")?;
    assert_eq!(listed.len(), 26);
    let found: BTreeMap<String, String> = listed
        .iter()
        .map(|object| {
            Ok((
                e2e::instance::text(object, "/key")?,
                e2e::instance::text(object, "/value")?,
            ))
        })
        .collect::<Result<_>>()?;
    assert!(found == expected, "JSON differs");

    let yaml: BTreeMap<String, String> =
        serde_saphyr::from_str(&desk.data(&["export", "--format", "yaml"])?)?;
    assert!(yaml == expected, "YAML differs");

    let text = desk.data(&["export", "--format", "csv"])?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(reader.headers()?, &["Key", "Value"][..]);
    let rows: BTreeMap<String, String> = reader.deserialize().collect::<Result<_, _>>()?;
    assert!(rows == expected, "CSV differs");

    // A shell reads the dotenv file; `env -0` shows what it understood.
    let text = desk.data(&["export"])?;
    let file = desk.file("exported.env", &text)?;
    let shell = sh("set -a; . \"$1\"; exec env -0", &[&file], &desk.home)?;
    let mut variables = environment(shell.ok()?.as_bytes())?;
    variables.retain(|name, _| expected.contains_key(name));
    assert!(variables == expected, "dotenv differs");

    // The same to a file, for its owner alone.
    let quiet = desk.run(&[
        "--silent",
        "export",
        "--projectId",
        "home-lab",
        "--output-file",
        "out.env",
    ])?;
    let quiet = quiet.finish()?;
    assert_eq!(
        (quiet.code, quiet.stderr.as_str(), quiet.stdout.len()),
        (Some(0), "", 0)
    );
    assert_eq!(std::fs::read_to_string(desk.home.join("out.env"))?, text);
    let mode = sh("stat -c %a out.env", &[], &desk.home)?.ok()?;
    assert_eq!(mode, "600\n");

    for (name, value) in &expected {
        assert_eq!(
            desk.data(&["secrets", "get", name])?,
            format!("{value}\n"),
            "{name}"
        );
    }
    desk.data(&["secrets", "delete", "EMPTY_VALUE"])?;
    assert_eq!(
        desk.data(&["secrets", "--output", "dotenv"])?
            .matches("EMPTY_VALUE")
            .count(),
        0
    );
    Ok(())
}

#[test]
fn a_process_gets_the_secrets_and_stays_itself() -> Result<()> {
    let desk = Desk::new()?;
    let expected = dotenv::omakase()?;
    desk.put(&expected)?;
    let run = |command: &[&str]| -> Result<Run> {
        Ok(desk
            .run(&["run", "--projectId", "Home Lab", "--env", "dev", "--"])?
            .args(command))
    };
    let done = run(&["env", "-0"])?.finish()?;
    assert!(
        done.stderr.contains("Injecting 26 Strongroom secrets"),
        "{}",
        done.stderr
    );
    let mut variables = environment(done.ok()?.as_bytes())?;
    assert_eq!(variables.get("HOME").map(PathBuf::from), Some(desk.home.clone()));
    variables.retain(|name, _| expected.contains_key(name));
    assert!(variables == expected, "the process sees other values");

    assert_eq!(run(&["sh", "-c", "exit 7"])?.finish()?.code, Some(7));
    assert_eq!(
        run(&["sh", "-c", "cat"])?.input("from outside").finish()?.ok()?,
        "from outside"
    );
    let missing = run(&["no-such-command"])?.finish()?.refused(127)?;
    assert!(missing.contains("was not found"), "{missing}");
    let refused = run(&["/"])?.finish()?;
    assert_eq!(refused.code, Some(126));

    // A signal reaches the command, not a parent that outlives it.
    let script = "trap 'echo caught $PUID; exit 9' TERM; echo ready > ready; while :; do sleep 0.05; done";
    let mut child = run(&["sh", "-c", script])?.start()?;
    for _ in 0..1000 {
        if desk.home.join("ready").exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    signal(child.id(), Signal::TERM)?;
    let status = wait(&mut child, Duration::from_secs(10))?;
    assert_eq!(status.code(), Some(9));
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().context("no output")?, &mut said)?;
    assert_eq!(said, "caught 1000\n");
    Ok(())
}

#[test]
fn outer_white_space_goes_and_one_final_newline_stays() -> Result<()> {
    let desk = Desk::new()?;
    for (given, kept) in [
        ("  both ends \t", "both ends"),
        ("line\n", "line\n"),
        ("line\n\n\n", "line\n"),
        ("\n first\n second \n", "first\n second\n"),
        (" \n", ""),
        ("a\r\nb", "a\r\nb"),
    ] {
        let file = desk.file("value", given)?;
        desk.data(&["secrets", "set", &format!("SPACE=@{file}")])?;
        assert_eq!(
            desk.data(&["secrets", "get", "SPACE"])?,
            format!("{kept}\n"),
            "{given:?}"
        );
    }
    desk.data(&["secrets", "set", "AT", "\\@not-a-file"])?;
    assert_eq!(desk.data(&["secrets", "get", "AT"])?, "@not-a-file\n");
    let empty = desk
        .run(&["secrets", "set", "AT", "--projectId", "home-lab"])?
        .finish()?
        .refused(2)?;
    assert!(empty.contains("Nothing was typed or piped in"), "{empty}");
    Ok(())
}

/// What happened, why, the next step.
fn parts(told: &str, expected: [&str; 3]) {
    let told = told.trim_start_matches("Error: ");
    for (line, part) in expected.iter().enumerate() {
        assert!(told.contains(part), "no {part:?} in {told:?}");
        if line == 0 {
            assert!(told.starts_with(part), "{told:?} begins otherwise");
        }
    }
    assert!(told.lines().count() >= 2, "{told:?}");
}

#[test]
fn failures_say_what_why_and_what_next() -> Result<()> {
    let desk = Desk::new()?;
    desk.data(&["secrets", "set", "A=1"])?;
    let refused = |args: &[&str], code: i32| desk.run(args)?.finish()?.refused(code);
    let id = desk.instance.project.clone();

    parts(
        &refused(&["secrets", "--projectId", "nowhere"], 1)?,
        [
            "Project 'nowhere' not found",
            "Available projects:",
            "home-lab (Home Lab, ",
        ],
    );
    for project in ["home-lab", &id] {
        for command in [
            vec!["export"],
            vec!["secrets", "get", "A"],
            vec!["secrets", "set", "A=2"],
            vec!["secrets", "delete", "A"],
            vec!["run", "--", "true"],
        ] {
            let mut args = vec![command[0], "--projectId", project, "--env", "qa"];
            args.extend_from_slice(&command[1..]);
            let told = refused(&args, 1).with_context(|| format!("{args:?}"))?;
            parts(
                &told,
                [
                    "Environment 'qa' not found in project",
                    "Available environments: dev",
                    "staging, prod",
                ],
            );
        }
    }
    parts(
        &refused(&["secrets", "get", "B", "--projectId", "home-lab"], 1)?,
        [
            "Not found: B",
            "no such secret in environment 'dev', folder /",
            "`strongroom secrets` lists",
        ],
    );
    parts(
        &refused(&["export"], 2)?,
        ["No project was named", "no INFISICAL_PROJECT_ID", "--projectId"],
    );
    parts(
        &refused(&["export", "--projectId", "home-lab", "--token", "nonsense"], 1)?,
        [
            "Not logged in",
            "Could not list",
            "check --token and INFISICAL_TOKEN",
        ],
    );
    let stranger = tempfile::tempdir()?;
    let url = desk.server.url();
    let anonymous = Run::new(stranger.path())?.args(["export", "--projectId", "x", "--domain", &url]);
    let told = anonymous.finish()?.refused(1)?;
    assert_eq!(
        told,
        format!("Error: Not logged in to Strongroom\nPlease run: strongroom login --domain={url}\n")
    );
    // Nothing listens on a port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let nobody = format!("http://{free}");
    parts(
        &refused(&["whoami", "--domain", &nobody, "--token", "t"], 1)?,
        [
            "Could not reach the Strongroom server at",
            "Nothing listens there",
            "strongroom serve",
        ],
    );
    parts(
        &refused(&["whoami", "--domain", &nobody], 1)?,
        [
            "Not logged in",
            "is not sent to another server",
            "strongroom login --domain=",
        ],
    );
    let wrong = desk
        .run(&["login", "--domain", &url, "--email", EMAIL, "--password-stdin"])?
        .input("wrong password 123")
        .finish()?
        .refused(1)?;
    assert!(wrong.starts_with("Error: Could not log in"), "{wrong}");
    assert!(!wrong.contains("wrong password 123"));
    assert_eq!(
        desk.run(&["whoami"])?.finish()?.code,
        Some(0),
        "a failed login keeps the one before"
    );
    let usage = refused(&["secrets", "set", "A", "--no-such-flag"], 2)?;
    assert!(usage.contains("--no-such-flag"), "{usage}");
    Ok(())
}

#[test]
fn who_where_and_which_project() -> Result<()> {
    let desk = Desk::new()?;
    let url = desk.server.url();
    assert_eq!(
        desk.run(&["whoami"])?.finish()?.ok()?,
        format!("Logged in as: {EMAIL}\nStrongroom instance: {url}\n")
    );
    let projects = desk.run(&["projects"])?.finish()?.ok()?;
    let id = &desk.instance.project;
    assert!(
        projects
            .lines()
            .nth(1)
            .is_some_and(|row| row.starts_with(id.as_str())),
        "{projects}"
    );
    desk.data(&["secrets", "set", "A=1"])?;
    for project in [id.as_str(), "home-lab", "Home Lab"] {
        assert_eq!(
            desk.run(&["export", "--projectId", project])?.finish()?.ok()?,
            "A=1\n"
        );
    }
    // The login file is for its owner alone.
    let session = desk.home.join(".config/strongroom/session.json");
    let mode = sh("stat -c %a \"$1\"", &[&session.display().to_string()], &desk.home)?.ok()?;
    assert_eq!(mode, "600\n");

    // Somebody with no login, and what automation sets.
    let job = tempfile::tempdir()?;
    let (client_id, client_secret) = desk.instance.machine_identity(desk.server.address, "deploy")?;
    let export = || -> Result<Run> { Ok(Run::new(job.path())?.args(["export", "--projectId", id])) };
    let api = format!("{url}/api");
    for (name, address) in [
        ("INFISICAL_API_URL", api.as_str()),
        ("INFISICAL_API_URL", url.as_str()),
        ("INFISICAL_DOMAIN", url.as_str()),
        ("INFISICAL_DOMAIN", api.as_str()),
    ] {
        let with_token = export()?
            .env(name, address)
            .env("INFISICAL_TOKEN", desk.instance.user.as_str());
        assert_eq!(with_token.finish()?.ok()?, "A=1\n", "{name}={address}");
    }
    let with_secret = export()?
        .env("INFISICAL_API_URL", api.as_str())
        .env("INFISICAL_UNIVERSAL_AUTH_CLIENT_ID", client_id.as_str())
        .env("INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET", client_secret.as_str());
    assert_eq!(with_secret.finish()?.ok()?, "A=1\n");
    // Arguments win over the environment.
    let flags = export()?
        .args(["--domain", &url, "--token", &desk.instance.user])
        .env("INFISICAL_TOKEN", "nonsense")
        .env("INFISICAL_API_URL", "http://127.0.0.1:1");
    assert_eq!(flags.finish()?.ok()?, "A=1\n");
    let token = Run::new(job.path())?
        .args(["login", "--method", "universal-auth", "--plain", "--domain", &url])
        .args(["--client-id", &client_id, "--client-secret", &client_secret])
        .finish()?
        .ok()?;
    assert_eq!(token.lines().count(), 1);
    let bearer = export()?
        .args(["--domain", &url])
        .env("INFISICAL_TOKEN", token.trim());
    assert_eq!(bearer.finish()?.ok()?, "A=1\n");
    assert!(!job.path().join(".config").exists(), "--plain stores nothing");
    Ok(())
}

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
    parts(
        &nowhere,
        [
            "There is no Strongroom store in nowhere",
            "--data-dir",
            "strongroom serve",
        ],
    );
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
    parts(
        &down,
        [
            "Could not reach the Strongroom server at",
            "Nothing listens there",
            "strongroom serve",
        ],
    );

    std::fs::rename(data.join("identity"), scratch.path().join("elsewhere"))?;
    let told = serve(scratch.path(), &data, &["--fail-if-locked"])?
        .finish()?
        .refused(7)?;
    assert!(
        told.contains("The store is locked") && told.contains("It opens with: Server ("),
        "{told}"
    );
    let server = Server::start(&data)?;
    assert!(server.log()?.contains("--identity FILE"), "{}", server.log()?);
    assert_eq!(health(&server.url(), false)?.code, Some(0), "locked is not dead");
    let not_ready = health(&server.url(), true)?.refused(1)?;
    parts(&not_ready, ["The server is not ready", "status 503", "log"]);
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
