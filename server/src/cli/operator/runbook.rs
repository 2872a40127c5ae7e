//! `runbook`: what to do when something is lost, with the paths and fingerprints of this instance.

use std::io::{Write as _, sink};
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::StoreArgs;
use super::new_file::{NewFile, cannot_write};
use super::submit::{submit, unexpected};
use crate::app::operator::{Command, Reply};
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;

/// Arguments of `runbook`.
#[derive(Debug, Args)]
pub struct RunbookArgs {
    /// The file to make; it must not exist [default: standard output]
    #[arg(long, short = 'o', value_name = "FILE")]
    output: Option<PathBuf>,
    /// The server's data.
    #[command(flatten)]
    store: StoreArgs,
}

/// Runs `runbook`.
pub async fn run(args: RunbookArgs, printer: &Printer) -> Result<(), Failure> {
    let Reply::Runbook { text } = submit(&args.store, Command::Runbook, &mut sink()).await? else {
        return Err(unexpected());
    };
    let Some(output) = args.output else {
        return printer.result(|| text.clone(), &json!({"text": text}));
    };
    let mut file = NewFile::create(&output)?;
    file.write_all(text.as_bytes())
        .map_err(|error| cannot_write(&output, &error))?;
    file.keep()?;
    let said = format!(
        "Wrote {}. Print it and keep it beside the recovery kit",
        output.display()
    );
    printer.done(&said, &json!({"file": output}))
}
