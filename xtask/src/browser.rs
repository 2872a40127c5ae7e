//! The driver of the browser that tests and benchmarks look through.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::process;
use crate::workspace::Workspace;

/// The folder that the browser driver is started from: Node.js and the package that the lock file names.
pub fn driver(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.path("e2e");
    let installed = folder.join("node_modules/.package-lock.json");
    if !is_newer(&installed, &folder.join("package-lock.json")) {
        process::run(
            Command::new("npm")
                .current_dir(&folder)
                .args(["ci", "--no-audit", "--no-fund"]),
        )?;
    }
    let package = folder.join("node_modules/playwright-core");
    let node = process::on_path("node").context("there is no Node.js on PATH")?;
    let driver = workspace.target("playwright-driver");
    std::fs::create_dir_all(&driver)?;
    link(&node.canonicalize()?, &driver.join("node"))?;
    link(&package, &driver.join("package"))?;
    Ok(driver)
}

fn is_newer(file: &Path, than: &Path) -> bool {
    let modified = |path: &Path| path.metadata().and_then(|data| data.modified()).ok();
    match (modified(file), modified(than)) {
        (Some(file), Some(than)) => file >= than,
        _ => false,
    }
}

fn link(to: &Path, at: &Path) -> Result<()> {
    if std::fs::read_link(at).is_ok_and(|now| now == to) {
        return Ok(());
    }
    match std::fs::remove_file(at) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    std::os::unix::fs::symlink(to, at).with_context(|| format!("cannot link {}", at.display()))
}
