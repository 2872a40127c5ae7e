//! The command line against a running server, as shells use it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use e2e::desk::{Desk, expect_parts};
use e2e::dotenv;
use e2e::http::Connection;
use e2e::instance::EMAIL;
use e2e::program::Run;
use e2e::server::{Server, signal, wait};
use e2e::shell::{environment, sh};
use rustix::process::Signal;
use serde_json::{Value, json};

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
fn programs_get_references_expanded_and_imports_included() -> Result<()> {
    let desk = Desk::new()?;
    desk.data(&["secrets", "set", "--env", "prod", "HOST=db.lan", "PORT=1"])?;
    desk.data(&[
        "secrets",
        "set",
        "PORT=5432",
        "URL=${HOST}:${PORT}",
        "FAR=${prod.HOST}",
    ])?;
    let source = json!({
        "workspaceId": desk.instance.project, "environment": "dev",
        "import": {"environment": "prod", "path": "/"},
    });
    let mut connection = Connection::open(desk.server.address)?;
    let token = &desk.instance.user;
    connection
        .call(token, "POST", "/api/v1/secret-imports", Some(&source))?
        .ok()?;
    // A reference does not see what is imported, as in Infisical; a program sees it.
    let expected = "FAR=db.lan\nHOST=db.lan\nPORT=5432\nURL='${HOST}:5432'\n";
    assert_eq!(desk.data(&["export"])?, expected);
    assert_eq!(
        desk.data(&["run", "--", "printenv", "HOST", "FAR", "PORT"])?,
        "db.lan\ndb.lan\n5432\n"
    );
    assert_eq!(desk.data(&["secrets", "get", "FAR", "HOST"])?, "db.lan\ndb.lan\n");
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

#[test]
fn failures_say_what_why_and_what_next() -> Result<()> {
    let desk = Desk::new()?;
    desk.data(&["secrets", "set", "A=1"])?;
    let refused = |args: &[&str], code: i32| desk.run(args)?.finish()?.refused(code);
    let id = desk.instance.project.clone();

    expect_parts(
        &refused(&["secrets", "--projectId", "nowhere"], 5)?,
        [
            "Project 'nowhere' not found",
            "Available projects:",
            "home-lab (Home Lab, ",
        ],
    )?;
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
            let told = refused(&args, 5).with_context(|| format!("{args:?}"))?;
            expect_parts(
                &told,
                [
                    "Environment 'qa' not found in project",
                    "Available environments: dev",
                    "staging, prod",
                ],
            )?;
        }
    }
    expect_parts(
        &refused(&["secrets", "get", "B", "--projectId", "home-lab"], 5)?,
        [
            "Not found: B",
            "no such secret in environment 'dev', folder /",
            "`strongroom secrets` lists",
        ],
    )?;
    expect_parts(
        &refused(&["export"], 2)?,
        ["No project was named", "no INFISICAL_PROJECT_ID", "--projectId"],
    )?;
    expect_parts(
        &refused(&["export", "--projectId", "home-lab", "--token", "nonsense"], 3)?,
        [
            "Not logged in",
            "Could not list",
            "check --token and INFISICAL_TOKEN",
        ],
    )?;
    let stranger = tempfile::tempdir()?;
    let url = desk.server.url();
    let anonymous = Run::new(stranger.path())?.args(["export", "--projectId", "x", "--domain", &url]);
    let told = anonymous.finish()?.refused(3)?;
    assert_eq!(
        told,
        format!("Error: Not logged in to Strongroom\nPlease run: strongroom login --domain={url}\n")
    );
    // A port that no ordinary program gets.
    let nobody = "http://127.0.0.1:1";
    expect_parts(
        &refused(&["whoami", "--domain", nobody, "--token", "t"], 6)?,
        [
            "Could not reach the Strongroom server at",
            "Nothing listens there",
            "strongroom serve",
        ],
    )?;
    expect_parts(
        &refused(&["whoami", "--domain", nobody], 3)?,
        [
            "Not logged in",
            "is not sent to another server",
            "strongroom login --domain=",
        ],
    )?;
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
fn a_locked_server_has_an_exit_code_of_its_own() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("data");
    Server::start(&data)?.stop()?;
    std::fs::rename(data.join("identity"), scratch.path().join("taken-away"))?;
    let server = Server::start(&data)?;
    let url = server.url();
    for command in [
        &["whoami"][..],
        &["export", "--projectId", "x"],
        &["run", "--projectId", "x", "--", "true"],
    ] {
        let mut args = vec![command[0], "--domain", &url, "--token", "t"];
        args.extend_from_slice(&command[1..]);
        let told = Run::new(scratch.path())?.args(&args).finish()?.refused(7)?;
        assert!(
            told.contains("the server is locked") && told.contains("strongroom unlock"),
            "{told}"
        );
    }
    Ok(())
}
