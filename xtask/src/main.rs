//! The build system and the repository rules of Strongroom: `cargo xtask --help`.

mod machine;
mod process;
mod terminal;
mod tidy;
mod web;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use workspace::Workspace;

/// Builds, checks and runs Strongroom
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    after_help = "Examples:
  cargo xtask web --how build-std     the bundle, with a standard library built from source"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the admin interface into web/dist
    Web(web::Options),
    /// Check the rules of this repository
    Tidy,
}

fn main() -> ExitCode {
    match dispatch(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: Arguments) -> Result<()> {
    let workspace = Workspace::locate()?;
    match arguments.command {
        Command::Web(options) => web::run(&workspace, &options),
        Command::Tidy => tidy::run(&workspace),
    }
}
