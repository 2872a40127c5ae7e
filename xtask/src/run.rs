//! `cargo xtask run`: from a clean clone to a running appliance.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::Result;

use crate::machine;
use crate::process;
use crate::web::{self, compiler};
use crate::workspace::Workspace;

/// Options of the command.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Passed to `strongroom serve`
    #[arg(last = true, value_name = "SERVE ARGUMENTS")]
    serve: Vec<OsString>,
}

/// Builds the interface and an optimised server, then becomes that server: signals reach it without a middleman.
///
/// The server is built in release: an unoptimised one takes many times as long for a login and would give a wrong first
/// impression. It is linked dynamically; `dist` makes the static one.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let mut needs = machine::BUILD.to_vec();
    needs.push(&compiler::STANDARD_LIBRARY);
    machine::provide(&needs, machine::in_ci())?;
    web::run(workspace, &web::Options::default())?;
    process::run(&mut workspace.cargo(&[
        "build",
        "--release",
        "--package",
        "server",
        "--bin",
        "strongroom",
    ]))?;
    let binary = workspace.target("release/strongroom");
    let error = Command::new(&binary).arg("serve").args(&options.serve).exec();
    Err(anyhow::Error::new(error).context(format!("cannot start {}", binary.display())))
}
