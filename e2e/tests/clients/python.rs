//! `infisicalsdk`, the client for Python. What is checked stands in `clients/python_client.py`.

use std::path::Path;

use anyhow::Result;
use e2e::clients::{Stage, finish, folder, python};

fn part(name: &str) -> Result<()> {
    let interpreter = python(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
    let suite = folder().join("python_client.py");
    finish(Stage::new()?.program(&interpreter)?.arg_path(&suite).args([name]))
}

#[test]
fn logs_in_and_uses_tokens() -> Result<()> {
    part("Auth")
}

#[test]
fn reads_and_writes_secrets_with_every_option() -> Result<()> {
    part("Secrets")
}

#[test]
fn lists_with_references_imports_and_recursion() -> Result<()> {
    part("Lists")
}

#[test]
fn works_with_folders() -> Result<()> {
    part("Folders")
}

#[test]
fn understands_every_refusal() -> Result<()> {
    part("Refusals")
}
