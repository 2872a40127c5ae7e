//! `backup`: everything in one encrypted file.

use std::path::PathBuf;

use clap::Args;

use super::DataDirArgs;
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;

/// Arguments of `backup`.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// The file to make; it must not exist
    #[arg(long, short = 'o', value_name = "FILE")]
    pub output: PathBuf,
    /// The server's data.
    #[command(flatten)]
    pub data_dir: DataDirArgs,
}

/// Runs `backup`.
pub async fn run(_args: BackupArgs, _printer: &Printer) -> Result<(), Failure> {
    std::future::ready(Err(Failure::new("backup is not available in this build"))).await
}
