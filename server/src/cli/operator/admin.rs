//! `admin`: people, from the server's own machine.

use clap::{Args, Subcommand};
use shared::model::names::{DisplayName, Email};

use super::DataDirArgs;
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// Make a further user
    #[command(after_help = "Examples:
  strongroom admin create --email kavi@example.com --password-stdin < password.txt")]
    Create(CreateArgs),
}

/// Arguments of `admin create`.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// E-mail address of the new user
    #[arg(long)]
    pub email: Email,
    /// Read the password from standard input
    #[arg(long, required = true)]
    pub password_stdin: bool,
    /// Name of the new user
    #[arg(long)]
    pub name: Option<DisplayName>,
    /// The server's data.
    #[command(flatten)]
    pub data_dir: DataDirArgs,
}

/// Runs `admin`.
pub async fn run(_command: AdminCommand, _printer: &Printer) -> Result<(), Failure> {
    std::future::ready(Err(Failure::new("admin is not available in this build"))).await
}
