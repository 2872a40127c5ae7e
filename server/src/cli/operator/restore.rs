//! `restore`: a new store from a backup.

use std::path::PathBuf;

use clap::Args;

use super::DataDirArgs;
use super::keys::key_in;
use crate::app::data_dir::DataDir;
use crate::backup::{Error, restore};
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;
use crate::clock::Clock;
use crate::crypto::brought;

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
pub async fn run(args: RestoreArgs, printer: &Printer) -> Result<(), Failure> {
    let refused = |why: String| Failure::new("The backup was not restored").because(why);
    let identities = key_in(&args.identity)
        .and_then(|key| brought::kit_or_cards(&key))
        .map_err(refused)?;
    let dir = DataDir::new(args.data_dir.path()?);
    printer.note(&format!(
        "Restoring {} and checking every value …",
        args.file.display()
    ));
    let now = Clock::default().now();
    let summary = restore::into_data_dir(&args.file, &dir, &identities, now).map_err(|error| {
        let failure = refused(error.to_string());
        match error {
            Error::Crypto(_) | Error::Malformed(_) => {
                failure.advise("Nothing was changed. Check that the kit and the file belong together")
            }
            // The others say themselves what to do.
            _ => failure,
        }
    })?;
    printer.note(&format!(
        "Restored the backup of {} with {} secrets. Start the server with:\n  strongroom serve --data-dir {}",
        summary.manifest.created_at,
        summary.secrets,
        dir.path().display()
    ));
    let complete = if summary.unreadable == 0 {
        Ok(())
    } else {
        Err(Failure::new(format!(
            "{} of the values cannot be read, in the new store as in the backup",
            summary.unreadable
        ))
        .because("They were damaged before the backup was made. Everything else was restored.")
        .advise("Set these secrets anew, or restore an older backup into another directory and look there"))
    };
    std::future::ready(complete).await
}
