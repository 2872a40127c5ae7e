//! `admin`: people, from the server's own machine.

use clap::{Args, Subcommand};
use serde_json::json;
use shared::model::names::{DisplayName, Email};

use super::StoreArgs;
use super::submit::{said, submit};
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
    /// Give somebody a new password; every session ends
    #[command(after_help = "Examples:
  strongroom admin reset-password --email kavi@example.com
  strongroom admin reset-password --email kavi@example.com --password-stdin < password.txt")]
    ResetPassword(ResetPasswordArgs),
    /// Let somebody log in again who failed too often
    #[command(after_help = "Examples:
  strongroom admin unlock --email kavi@example.com")]
    Unlock(UnlockArgs),
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

/// Arguments of `admin reset-password`.
#[derive(Debug, Args)]
pub struct ResetPasswordArgs {
    /// E-mail address
    #[arg(long)]
    pub email: Email,
    /// Read the password from standard input
    #[arg(long)]
    pub password_stdin: bool,
    /// The server's data.
    #[command(flatten)]
    pub store: StoreArgs,
}

/// Arguments of `admin unlock`.
#[derive(Debug, Args)]
pub struct UnlockArgs {
    /// E-mail address
    #[arg(long)]
    pub email: Email,
    /// The server's data.
    #[command(flatten)]
    pub store: StoreArgs,
}

/// Runs `admin`. None of it needs mail, and all of it is on record.
pub async fn run(command: AdminCommand, printer: &Printer) -> Result<(), Failure> {
    let (store, act) = match command {
        AdminCommand::Create(args) => (
            args.store,
            Command::CreateUser {
                email: args.email,
                name: args.name.map(|name| name.to_string()).unwrap_or_default(),
                password: prompt::piped()?,
            },
        ),
        AdminCommand::ResetPassword(args) => {
            let password = if args.password_stdin || !prompt::possible() {
                prompt::piped()?
            } else {
                prompt::hidden(printer, "New password:")?
            };
            let email = args.email;
            (args.store, Command::ResetPassword { email, password })
        }
        AdminCommand::Unlock(args) => (args.store, Command::UnlockUser { email: args.email }),
    };
    match submit(&store, act, &mut std::io::sink()).await? {
        Reply::UserCreated { email } => {
            printer.done(&format!("Created the user {email}."), &json!({"email": email}))
        }
        other => said(other, printer),
    }
}
