//! `keys`: what unlocks the store.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use shared::model::names::DisplayName;

use super::DataDirArgs;
use super::new_file::{NewFile, cannot_write};
use super::submit::{submit, unexpected};
use crate::app::operator::{Command, Reply};
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
pub async fn run(command: KeysCommand, printer: &Printer) -> Result<(), Failure> {
    let KeysCommand::Kit(args) = command;
    // The file comes first: a kit that cannot be handed over must not be made.
    let mut file = NewFile::create(&args.output)?;
    let name = args
        .name
        .map_or_else(|| "Recovery kit".to_owned(), |name| name.to_string());
    match submit(&args.data_dir, Command::CreateKit { name }, &mut std::io::sink()).await? {
        Reply::Kit { text, fingerprint } => {
            file.write_all(text.expose().as_bytes())
                .map_err(|error| cannot_write(&args.output, &error))?;
            file.keep()?;
            printer.note(&format!(
                "Wrote the recovery kit {} (fingerprint {fingerprint}).\n\
                 Keep it away from this machine: whoever has it can open the store and its backups, and the server \
                 keeps no copy.",
                args.output.display()
            ));
            Ok(())
        }
        _ => Err(unexpected()),
    }
}
