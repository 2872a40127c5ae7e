//! `backup verify`.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::app::data_dir::DataDir;
use crate::backup::{Summary, verify};
use crate::cli::failure::Failure;
use crate::cli::operator::keys::key_in;
use crate::cli::printer::Printer;
use crate::clock::Clock;
use crate::crypto::identity::Identity;
use crate::crypto::{brought, random};

/// Arguments of `backup verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The recovery kit, or another age identity, that opens it
    #[arg(long, value_name = "KITFILE")]
    identity: PathBuf,
    /// Where it is unpacked meanwhile, encrypted [default: the directory for temporary files]
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
}

/// The keys in a file that open a backup.
pub fn identities(file: &Path) -> Result<Vec<Identity>, Failure> {
    key_in(file)
        .and_then(|key| brought::kit_or_cards(&key))
        .map_err(|why| Failure::new("The key cannot be used").because(why))
}

/// Opens a backup for reading.
pub fn open(file: &Path) -> Result<BufReader<File>, Failure> {
    File::open(file).map(BufReader::new).map_err(|error| {
        Failure::new(format!("{} cannot be opened", file.display())).because(error.to_string())
    })
}

/// Runs `backup verify`.
pub fn run(args: &VerifyArgs, printer: &Printer) -> Result<(), Failure> {
    let (identities, file) = (identities(&args.identity)?, open(&args.file)?);
    let scratch = args.scratch.clone().unwrap_or_else(std::env::temp_dir);
    let name = random::letters(12)
        .map_err(|error| Failure::new("Nothing was checked").because(error.to_string()))?;
    let scratch = DataDir::new(scratch.join(format!("strongroom-verify-{name}")));
    let unusable = |error: std::io::Error| {
        Failure::new(format!(
            "{} cannot be used to unpack the backup",
            scratch.path().display()
        ))
        .because(error.to_string())
        .advise("Name another directory with --scratch")
    };
    printer.note(&format!(
        "Unpacking {} and opening everything in it …",
        args.file.display()
    ));
    scratch.create().map_err(unusable)?;
    let verified = verify::verify(file, &identities, &scratch, Clock::default().now());
    fs::remove_dir_all(scratch.path()).map_err(unusable)?;
    let summary = verified.map_err(|error| {
        Failure::new("This backup would not restore")
            .because(error.to_string())
            .advise("Keep it, try another kit or another copy of the file, and make a new backup now")
    })?;
    report(&summary, printer)
}

fn report(summary: &Summary, printer: &Printer) -> Result<(), Failure> {
    let rows: u64 = summary.manifest.rows.values().sum();
    let mut text = format!(
        "The backup of {} restores: {} secrets, {} rows, every value opened.",
        summary.manifest.created_at, summary.secrets, rows
    );
    if let Some(root) = &summary.root {
        text.push_str("\nMerkle root ");
        text.push_str(root);
    }
    let value = json!({
        "createdAt": summary.manifest.created_at, "secrets": summary.secrets, "rows": rows,
        "unreadable": summary.unreadable, "root": summary.root,
    });
    printer.done(&text, &value)?;
    if summary.unreadable > 0 {
        return Err(
            Failure::new(format!("{} of its values cannot be read", summary.unreadable))
                .because("They were damaged before the backup was made. Everything else restores.")
                .advise("Look for them in an older backup, or set these secrets anew"),
        );
    }
    Ok(())
}
