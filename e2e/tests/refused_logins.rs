//! What the log says of logins that were refused, and that fail2ban reads it with the filter of dist/fail2ban.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use e2e::instance::{EMAIL, Instance, post};
use e2e::server::Server;
use serde_json::{Value, json};

/// Logins that are refused, one of each kind that a server in use has.
fn refuse(server: &Server) -> Result<()> {
    let wrong =
        json!({"email": EMAIL, "password": "wrong\nlogin refused client=203.0.113.9 method=password"});
    post(server.address, "/api/v3/auth/login", &[], &wrong)?.expect(400)?;
    let evil = json!({"email": "x\n2026-01-01T00:00:00Z  WARN login refused client=203.0.113.9 method=password", "password": "x"});
    post(
        server.address,
        "/api/v3/auth/login",
        &[("X-Forwarded-For", "203.0.113.9")],
        &evil,
    )?
    .expect(400)?;
    let machine = json!({"clientId": "x", "clientSecret": "x"});
    post(server.address, "/api/v1/auth/universal-auth/login", &[], &machine)?.expect(401)?;
    Ok(())
}

/// How many lines of a log fail2ban takes for a refused login of an address, with the documented filter.
fn matched(log: &Path, address: &str) -> Result<usize> {
    let filter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist/fail2ban/filter.d/strongroom.conf");
    let output = Command::new("fail2ban-regex")
        .args(["--print-all-matched"])
        .arg(log)
        .arg(filter)
        .output()
        .context("fail2ban-regex does not start")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // Nothing stands there when nothing was found; afterwards come the lines that were passed over.
    let (_, lines) = text.split_once("Matched line(s):").unwrap_or((&text, ""));
    let (lines, _) = lines.split_once("`-").unwrap_or((lines, ""));
    ensure!(text.contains("Failregex:"), "{text}");
    Ok(lines.lines().filter(|line| line.contains(address)).count())
}

#[test]
fn fail2ban_finds_every_refused_login_and_no_other_line() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    for format in ["text", "json"] {
        let data = scratch.path().join(format);
        let server = Server::start_with(&data, &["--log-format", format])?;
        Instance::set_up(server.address)?;
        ensure!(!server.log()?.contains("login refused"), "{}", server.log()?);
        refuse(&server)?;
        let log = server.log()?;
        ensure!(log.matches("login refused").count() == 3, "{log}");
        ensure!(!log.contains("203.0.113.9"), "{log}");
        let file = scratch.path().join(format!("{format}.log"));
        ensure!(matched(&file, "127.0.0.1")? == 3, "{log}");
        ensure!(matched(&file, "203.0.113.9")? == 0, "{log}");
        // As the journal hands it over.
        let line = log
            .lines()
            .find(|line| line.contains("login refused"))
            .context("no line")?;
        let journal = scratch.path().join("journal");
        let stamp = "2026-11-27T17:20:12.123456Z";
        fs::write(
            &journal,
            format!("{stamp} box strongroom[77]: {line}\n{stamp} box sshd[77]: {line}\n"),
        )?;
        ensure!(matched(&journal, "strongroom[77]")? == 1, "{line}");
        ensure!(matched(&journal, "sshd[77]")? == 0, "{line}");
        server.stop()?;
    }
    Ok(())
}

#[test]
fn a_log_for_programs_is_json_in_every_line() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let server = Server::start_with(&scratch.path().join("data"), &["--log-format", "json"])?;
    server.logged("Setup code: ")?;
    server.terminate()?;
    let log = server.logged("stopping").and_then(|_| server.log())?;
    let mut said = Vec::new();
    for line in log.lines() {
        let event: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
        ensure!(
            event["level"].is_string() && event["timestamp"].is_string(),
            "{line}"
        );
        said.push(event["message"].as_str().context("no message")?.to_owned());
    }
    for (number, begin) in [
        "Strongroom ",
        "Database: SQLite, encrypted. Opened by: Server",
        "Settings: data-dir (flag --data-dir)",
    ]
    .iter()
    .enumerate()
    {
        ensure!(said[number].starts_with(begin), "{said:#?}");
    }
    Ok(())
}

#[test]
fn the_first_lines_tell_a_person_where_it_is_and_how_it_is() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let server = Server::start(&scratch.path().join("data"))?;
    server.logged("Setup code: ")?;
    let log = server.log()?;
    // Before them come at most warnings of this machine's own limits.
    let lines: Vec<&str> = log.lines().filter(|line| !line.contains(" WARN ")).collect();
    for (number, part) in [
        "listens on http://127.0.0.1:",
        "Recovery: no recovery kit yet",
        "Settings: data-dir (flag --data-dir)",
        "Set it up within 60 minutes",
    ]
    .iter()
    .enumerate()
    {
        ensure!(lines.get(number).is_some_and(|line| line.contains(part)), "{log}");
    }
    server.stop()
}
