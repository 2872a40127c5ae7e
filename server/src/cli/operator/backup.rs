//! `backup`: everything in one encrypted file.

use std::path::PathBuf;

use clap::Args;

use super::StoreArgs;
use super::new_file::NewFile;
use super::submit::{submit, unexpected};
use crate::app::operator::{Command, Reply};
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
    pub store: StoreArgs,
}

/// Runs `backup`.
pub async fn run(args: BackupArgs, printer: &Printer) -> Result<(), Failure> {
    let mut file = NewFile::create(&args.output)?;
    match submit(&args.store, Command::Backup, &mut file).await? {
        Reply::BackedUp { summary } => {
            file.keep()?;
            let size = std::fs::metadata(&args.output)
                .map(|data| data.len())
                .unwrap_or_default();
            printer.note(&format!(
                "Wrote the backup {} ({} bytes, {} secrets). It opens with: {}",
                args.output.display(),
                size,
                summary.secrets,
                summary.manifest.opens_with.join(", ")
            ));
            if summary.unreadable > 0 {
                return Err(Failure::new(format!(
                    "{} of the secrets cannot be read, in the store as in this backup",
                    summary.unreadable
                ))
                .because("Their rows are damaged or lost. The backup was kept; it holds everything else, and says where one does not open.")
                .advise("Keep your older backups too: the values may be whole in one of them. Then set these secrets anew"));
            }
            Ok(())
        }
        _ => Err(unexpected()),
    }
}
