//! `admin`: people, from the server's own machine.

use clap::{Args, Subcommand};
use shared::model::names::{DisplayName, Email};

use super::StoreArgs;
use super::submit::{submit, unexpected};
use crate::app::operator::{Command, Reply};
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;
use crate::cli::prompt;

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
    pub store: StoreArgs,
}

/// Runs `admin`.
pub async fn run(command: AdminCommand, printer: &Printer) -> Result<(), Failure> {
    let AdminCommand::Create(args) = command;
    let act = Command::CreateUser {
        email: args.email,
        name: args.name.map(|name| name.to_string()).unwrap_or_default(),
        password: prompt::piped()?,
    };
    match submit(&args.store, act, &mut std::io::sink()).await? {
        Reply::UserCreated { email } => {
            printer.note(&format!("Created the user {email}."));
            Ok(())
        }
        _ => Err(unexpected()),
    }
}
