//! The scripts that guides tell people to write, unchanged, with our program under the name they know.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use e2e::desk::Desk;
use e2e::program::{Finished, Run};
use serde_json::Value;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// A desk with secrets that every reader understands alike, and some that need quotes.
fn desk() -> Result<Desk> {
    let desk = Desk::new()?;
    desk.data(&[
        "secrets",
        "set",
        "API_KEY=sk-ant-api03-xY_9",
        "PASSWORD=kX9*mQ2!vL7^pR4[z]",
        "URL=postgres://u:p@db:5432/app?sslmode=off",
        "EMPTY=",
        "NAME=Küche",
    ])?;
    Ok(desk)
}

/// A program among the fixtures' Docker and our two names.
fn run(desk: &Desk, program: &str, args: &[&str]) -> Result<Run> {
    let path = format!("{}:{}", fixtures().display(), desk.path()?);
    Ok(Run::of(Path::new(program), &desk.home)
        .args(args)
        .env("PATH", path)
        .env("TMPDIR", desk.home.as_os_str()))
}

fn told(finished: Finished) -> Result<Value> {
    let text = finished.ok()?;
    let line = text.lines().last().context("docker said nothing")?;
    Ok(serde_json::from_str(line)?)
}

const LINES: [&str; 5] = [
    "API_KEY=sk-ant-api03-xY_9",
    "EMPTY=",
    "NAME=Küche",
    "PASSWORD=kX9*mQ2!vL7^pR4[z]",
    "URL=postgres://u:p@db:5432/app?sslmode=off",
];

#[test]
fn services_start_with_exported_secrets() -> Result<()> {
    let desk = desk()?;
    let script = fixtures().join("start_services.py").display().to_string();
    let start = |args: &[&str], project: &str| -> Result<Finished> {
        let mut all = vec![script.as_str()];
        all.extend_from_slice(args);
        run(&desk, "python3", &all)?
            .env("INFISICAL_PROJECT_ID", project)
            .finish()
    };
    let seen = told(start(&["--profile", "cpu", "--use-infisical"], "home-lab")?)?;
    assert_eq!(seen["lines"], serde_json::json!(LINES));
    assert_eq!(seen["mode"], "0o600");
    let arguments = seen["arguments"].to_string();
    assert!(
        arguments.contains(r#""--env-file",".env.infisical","up","-d""#),
        "{arguments}"
    );

    // Without the secrets manager the file that lies there is used; asked for, its lack is an error.
    desk.file(".env", "API_KEY=from-file\n")?;
    let skipped = told(start(&["--skip-infisical"], "home-lab")?)?;
    assert_eq!(skipped["lines"], serde_json::json!(["API_KEY=from-file"]));
    let fallen_back = start(&[], "nowhere")?;
    assert!(
        fallen_back.stderr.contains("Project 'nowhere' not found"),
        "{}",
        fallen_back.stderr
    );
    assert_eq!(
        told(fallen_back)?["lines"],
        serde_json::json!(["API_KEY=from-file"])
    );
    assert_eq!(start(&["--use-infisical"], "nowhere")?.code, Some(1));
    Ok(())
}

#[test]
fn a_development_container_gets_secrets_and_leaves_no_file() -> Result<()> {
    let desk = desk()?;
    let script = format!(". {}/dev.sh; dev \"$@\"", fixtures().display());
    let dev = |args: &[&str]| -> Result<Run> {
        let mut all = vec!["-c", script.as_str(), "bash"];
        all.extend_from_slice(args);
        run(&desk, "bash", &all)
    };
    let seen = told(dev(&["home-lab"])?.finish()?)?;
    assert_eq!(seen["lines"], serde_json::json!(LINES));
    assert_eq!(seen["mode"], "0o600");
    let left: Vec<_> = std::fs::read_dir(&desk.home)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("env-"))
        .collect();
    assert!(left.is_empty(), "{left:?}");

    let url = desk.server.url();
    for (args, expected) in [
        (
            &["personal-vault"][..],
            "Project 'personal-vault' not found\nAvailable projects:\n  home-lab",
        ),
        (
            &["home-lab", "qa"],
            "Environment 'qa' not found in project 'home-lab'\nAvailable environments: dev, staging, prod",
        ),
    ] {
        let told = dev(args)?.finish()?;
        assert_eq!(told.code, Some(1), "{args:?}");
        assert!(
            told.stderr.contains(&format!("Error: {expected}")),
            "{}",
            told.stderr
        );
    }
    let nobody = dev(&["home-lab"])?
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .env("INFISICAL_DOMAIN", url.as_str())
        .finish()?;
    assert_eq!(nobody.code, Some(1));
    let expected = format!("Error: Not logged in to Infisical\nPlease run: infisical login --domain={url}");
    assert!(nobody.stderr.contains(&expected), "{}", nobody.stderr);
    Ok(())
}
