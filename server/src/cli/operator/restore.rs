//! `restore`: a new store from a backup.

use std::path::PathBuf;

use clap::Args;

use super::DataDirArgs;
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;

/// Arguments of `restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The backup
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The recovery kit, or another age identity, that opens it
    #[arg(long, value_name = "KITFILE")]
    pub identity: PathBuf,
    /// Where the new store goes.
    #[command(flatten)]
    pub data_dir: DataDirArgs,
}

/// Runs `restore`.
pub async fn run(_args: RestoreArgs, _printer: &Printer) -> Result<(), Failure> {
    std::future::ready(Err(Failure::new("restore is not available in this build"))).await
}
