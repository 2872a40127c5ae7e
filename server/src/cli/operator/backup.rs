//! `backup`: everything in one encrypted file, and what can be done with such files.

mod act;
mod cat;
mod file;
mod list;
mod verify;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::StoreArgs;
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;

/// Arguments of `backup`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct BackupArgs {
    /// The file to make; it must not exist
    #[arg(long, short = 'o', value_name = "FILE", required = true)]
    output: Option<PathBuf>,
    /// The server's data.
    #[command(flatten)]
    store: StoreArgs,
    #[command(subcommand)]
    command: Option<BackupCommand>,
}

/// What to do with backups.
#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// List the backups that the server keeps
    #[command(after_help = "Examples:
  strongroom backup list
  strongroom backup list --json | jq -r '.backups[0].fileName'")]
    List(list::ListArgs),
    /// Show the values in a backup without restoring it
    #[command(after_help = "Examples:
  strongroom backup cat strongroom-backup.age --identity recovery-kit.txt
  strongroom backup cat strongroom-backup.age web/prod --identity recovery-kit.txt
  strongroom backup cat strongroom-backup.age web/prod/DB_URL --identity recovery-kit.txt
  strongroom backup cat strongroom-backup.age web/prod/backend/DB_URL --identity recovery-kit.txt")]
    Cat(cat::CatArgs),
    /// Check that a backup restores: everything in it is unpacked and opened
    #[command(after_help = "Needs no server and leaves nothing behind.

Examples:
  strongroom backup verify strongroom-backup.age --identity recovery-kit.txt")]
    Verify(verify::VerifyArgs),
    /// Rehearse the restore of the newest backup that the server keeps
    #[command(
        after_help = "Needs no kit: the store can open its own backups. Exits with 1 when the backup would not restore.

Examples:
  strongroom backup drill"
    )]
    Drill(StoreArgs),
    /// Show or change when the server makes backups, and how long it keeps them
    #[command(after_help = "Examples:
  strongroom backup schedule
  strongroom backup schedule --cron '0 3 * * *' --daily 7 --weekly 4 --monthly 12
  strongroom backup schedule --off")]
    Schedule(act::ScheduleArgs),
    /// Copy every backup to another place
    #[command(
        after_help = "The place is tried before it is added. Secret keys and passwords are asked for, or read from standard
input.

Examples:
  strongroom backup add-target nas --directory /mnt/nas/strongroom
  strongroom backup add-target cloud --s3 https://s3.eu-central-1.example --region eu-central-1 \\
      --bucket backups --access-key AKIA… < secret-key.txt
  strongroom backup add-target cloud --web-dav https://cloud.example.com/dav/backups --user kavi"
    )]
    AddTarget(act::AddTargetArgs),
    /// Copy backups to a place no more; the copies that are there stay
    #[command(after_help = "Examples:
  strongroom backup remove-target nas")]
    RemoveTarget(act::RemoveTargetArgs),
}

/// Runs `backup`.
pub async fn run(args: BackupArgs, printer: &Printer) -> Result<(), Failure> {
    match (args.command, args.output) {
        (None, Some(output)) => file::run(&output, &args.store, printer).await,
        (None, None) => Err(Failure::usage("Name the file to make with --output")),
        (Some(BackupCommand::List(args)), _) => list::run(args, printer).await,
        (Some(BackupCommand::Cat(args)), _) => cat::run(&args, printer),
        (Some(BackupCommand::Verify(args)), _) => verify::run(&args, printer),
        (Some(BackupCommand::Drill(store)), _) => act::drill(&store, printer).await,
        (Some(BackupCommand::Schedule(args)), _) => act::schedule(args, printer).await,
        (Some(BackupCommand::AddTarget(args)), _) => act::add_target(args, printer),
        (Some(BackupCommand::RemoveTarget(args)), _) => act::remove_target(args, printer).await,
    }
}
