//! `completion` and `man`: what shells and manual readers know of the commands, from their definition.

use std::io;
use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;

use super::called;
use super::failure::Failure;
use super::printer::Printer;
use crate::config::reference;

/// Arguments of `completion`.
#[derive(Debug, Args)]
pub struct CompletionArgs {
    /// Shell
    shell: Shell,
}

/// Runs `completion`.
pub fn completion(args: &CompletionArgs, mut program: Command, printer: &Printer) -> Result<(), Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut program, called::command(), &mut text);
    printer.data(&String::from_utf8_lossy(&text))
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Write a page for each command into this folder, instead of the main page to standard output
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
    /// Print the reference of the server's configuration, in Markdown
    #[arg(long, conflicts_with = "dir")]
    configuration: bool,
}

/// Runs `man`.
pub fn man(args: &ManArgs, program: Command, printer: &Printer) -> Result<(), Failure> {
    let failed = |error: io::Error| {
        Failure::new("The manual could not be written")
            .because(error.to_string())
            .advise("Name a folder that you may write to with --dir")
    };
    if args.configuration {
        return printer.data(&reference::page(&super::serve_command()));
    }
    if let Some(folder) = &args.dir {
        std::fs::create_dir_all(folder).map_err(failed)?;
        clap_mangen::generate_to(program, folder).map_err(failed)?;
        let said = format!("Wrote the pages to {}", folder.display());
        return printer.done(&said, &serde_json::json!({"folder": folder}));
    }
    let mut text = Vec::new();
    clap_mangen::Man::new(program).render(&mut text).map_err(failed)?;
    printer.data(&String::from_utf8_lossy(&text))
}
