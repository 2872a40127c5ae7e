//! `keys`: what unlocks the store.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use shared::model::names::DisplayName;

use super::DataDirArgs;
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a recovery kit: a file that opens the store and its backups
    #[command(after_help = "Examples:
  strongroom keys kit --output recovery-kit.txt
  strongroom keys kit --data-dir /srv/strongroom --output kit.txt --name safe")]
    Kit(KitArgs),
}

/// Arguments of `keys kit`.
#[derive(Debug, Args)]
pub struct KitArgs {
    /// The file to make; it must not exist
    #[arg(long, short = 'o', value_name = "KITFILE")]
    pub output: PathBuf,
    /// Name of the kit, to tell it from others
    #[arg(long)]
    pub name: Option<DisplayName>,
    /// The server's data.
    #[command(flatten)]
    pub data_dir: DataDirArgs,
}

/// Runs `keys`.
pub async fn run(_command: KeysCommand, _printer: &Printer) -> Result<(), Failure> {
    std::future::ready(Err(Failure::new("keys is not available in this build"))).await
}
