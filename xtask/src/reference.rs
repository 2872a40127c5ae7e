//! `cargo xtask reference`: the reference page of the configuration. A test of the server fails when it is stale.

use std::fs;

use anyhow::{Context as _, Result};

use crate::process;
use crate::workspace::Workspace;

const PAGE: &str = "docs/CONFIGURATION.md";

/// Writes the page that the program prints.
pub fn run(workspace: &Workspace) -> Result<()> {
    let text = process::capture(&mut workspace.cargo(&[
        "run",
        "--quiet",
        "--package",
        "server",
        "--",
        "man",
        "--configuration",
    ]))?;
    fs::write(workspace.path(PAGE), text).with_context(|| format!("cannot write {PAGE}"))
}
