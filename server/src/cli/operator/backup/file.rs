//! `backup --output`: everything in one encrypted file.

use std::path::Path;

use serde_json::json;

use crate::app::operator::{Command, Reply};
use crate::cli::failure::Failure;
use crate::cli::operator::StoreArgs;
use crate::cli::operator::new_file::NewFile;
use crate::cli::operator::submit::{submit, unexpected};
use crate::cli::printer::Printer;

/// Writes a backup into a file that must not exist.
pub async fn run(output: &Path, store: &StoreArgs, printer: &Printer) -> Result<(), Failure> {
    let mut file = NewFile::create(output)?;
    match submit(store, Command::Backup, &mut file).await? {
        Reply::BackedUp { summary } => {
            file.keep()?;
            let size = std::fs::metadata(output)
                .map(|data| data.len())
                .unwrap_or_default();
            let text = format!(
                "Wrote the backup {} ({} bytes, {} secrets). It opens with: {}",
                output.display(),
                size,
                summary.secrets,
                summary.manifest.opens_with.join(", ")
            );
            let value = json!({
                "file": output, "bytes": size, "secrets": summary.secrets, "unreadable": summary.unreadable,
                "opensWith": summary.manifest.opens_with,
            });
            printer.done(&text, &value)?;
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
