//! The build system and the repository rules of Strongroom: `cargo xtask --help`.

mod bench;
mod browser;
mod ci;
mod counts;
mod dev;
mod dist;
mod elf;
mod machine;
mod postgres;
mod process;
mod reference;
mod run;
mod sql;
mod terminal;
mod test;
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
    bin_name = "cargo xtask",
    after_help = "Examples:
  cargo xtask run                    build everything and start the appliance
  cargo xtask run -- --listen 127.0.0.1:9000
  cargo xtask dev                    build and restart as files change
  cargo xtask test                   every test; as root on Debian it installs what is missing
  cargo xtask web --how build-std    build the standard library for WebAssembly from source
  cargo xtask dist                   the static binary: target/dist/strongroom"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build everything and start the appliance
    Run(run::Options),
    /// Build and restart as files change
    Dev(dev::Options),
    /// Build the admin interface into web/dist
    Web(web::Options),
    /// Build the static release binary into target/dist/strongroom
    Dist,
    /// Run every test, on SQLite and on PostgreSQL, and in a browser
    Test(test::Options),
    /// Prepare every SQL statement on both databases
    Sql,
    /// Write docs/CONFIGURATION.md anew, from the definition of the arguments
    Reference,
    /// Measure start, memory, throughput and size of the static binary
    Bench(bench::Options),
    /// Check the rules of this repository
    Tidy,
    /// Format, rules, lints and tests: what must hold before a change is accepted
    Ci,
}

fn main() -> ExitCode {
    match dispatch(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if error.downcast_ref::<test::AlreadyTold>().is_none() {
                terminal::complain(&error);
            }
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: Arguments) -> Result<()> {
    let workspace = Workspace::locate()?;
    match arguments.command {
        Command::Run(options) => run::run(&workspace, &options),
        Command::Dev(options) => dev::run(&workspace, &options),
        Command::Web(options) => web::run(&workspace, &options),
        Command::Dist => dist::run(&workspace, machine::in_ci()),
        Command::Test(options) => test::run(&workspace, options),
        Command::Sql => sql::run(&workspace, true),
        Command::Reference => reference::run(&workspace),
        Command::Bench(options) => bench::run(&workspace, &options),
        Command::Tidy => tidy::run(&workspace),
        Command::Ci => ci::run(&workspace),
    }
}
