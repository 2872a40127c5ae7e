//! Where things lie: the workspace and its target folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::process;

/// The folders of this repository.
#[derive(Debug, Clone)]
pub struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Asks cargo, which alone knows every way to configure a target folder.
    pub fn locate() -> Result<Self> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from)
            .join("Cargo.toml");
        let answer = process::capture(
            Command::new(process::cargo())
                .args([
                    "metadata",
                    "--no-deps",
                    "--format-version",
                    "1",
                    "--offline",
                    "--manifest-path",
                ])
                .arg(&manifest),
        )?;
        let answer: serde_json::Value =
            serde_json::from_str(&answer).context("cargo metadata answered something that is not JSON")?;
        let folder = |name: &str| {
            answer[name]
                .as_str()
                .map(PathBuf::from)
                .with_context(|| format!("cargo metadata does not name {name}"))
        };
        Ok(Self {
            root: folder("workspace_root")?,
            target: folder("target_directory")?,
        })
    }

    /// The top of the repository.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path in the repository.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// A folder in cargo's target folder.
    pub fn target(&self, relative: &str) -> PathBuf {
        self.target.join(relative)
    }

    /// The static binary: always in the workspace, so that scripts find it whatever `CARGO_TARGET_DIR` says.
    pub fn static_binary(&self) -> PathBuf {
        self.path("target/dist/strongroom")
    }

    /// A cargo command that runs at the top of the repository.
    pub fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(process::cargo());
        command.current_dir(&self.root).args(arguments);
        command
    }
}
