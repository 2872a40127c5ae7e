//! The command line: what the binary does with its arguments.
//!
//! A command resolves its settings ([`resolve`]), talks to a server ([`client`]) or works on a data directory
//! ([`operator`]), and writes through one [`printer`]. Exit codes: 0 done, 1 failed, 2 wrong usage; `run` ends with
//! the code of the command it becomes.

pub mod address;
pub mod client;
pub mod export;
pub mod failure;
pub mod file;
pub mod healthcheck;
pub mod import;
pub mod login;
pub mod operator;
pub mod place;
pub mod printer;
pub mod projects;
pub mod prompt;
pub mod resolve;
pub mod run;
pub mod secrets;
pub mod session;
pub mod surroundings;
pub mod whoami;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::runtime::Builder;

use crate::observe::process;
use failure::Failure;
use operator::{admin, backup, keys, restore, runbook, serve, setup_code, unlock};
use printer::Printer;

/// A self-hosted secrets manager: the server and its client in one program.
#[derive(Debug, Parser)]
#[command(
    name = "strongroom",
    version,
    arg_required_else_help = true,
    after_help = "Examples:
  strongroom serve
  strongroom login --domain https://secrets.example.com
  strongroom run --projectId home-lab --env prod -- docker compose up -d

Every command has its own help: strongroom secrets set --help"
)]
struct Cli {
    /// Print no notes and warnings, only data and failures
    #[arg(long, global = true)]
    silent: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Log in and remember it for later commands
    #[command(after_help = "Examples:
  strongroom login --domain https://secrets.example.com
  strongroom login --email kavi@example.com --password-stdin < password.txt
  strongroom login --method universal-auth --client-id ID --client-secret SECRET
  export INFISICAL_TOKEN=$(strongroom login --method universal-auth --plain)")]
    Login(login::LoginArgs),
    /// Show who is logged in, and where
    #[command(after_help = "Examples:
  strongroom whoami
  strongroom whoami > /dev/null || strongroom login")]
    Whoami(whoami::WhoamiArgs),
    /// List your projects
    #[command(after_help = "Examples:
  strongroom projects")]
    Projects(projects::ProjectsArgs),
    /// List, read, set and delete secrets
    #[command(after_help = "Examples:
  strongroom secrets --projectId home-lab --env dev
  strongroom secrets get DB_URL --env prod
  strongroom secrets set API_KEY=abc TLS_KEY=@key.pem
  strongroom secrets delete OLD_KEY")]
    Secrets(secrets::SecretsArgs),
    /// Write the secrets of a folder as dotenv, JSON, YAML or CSV
    #[command(after_help = "Examples:
  strongroom export --projectId home-lab --env prod > .env
  strongroom export --env prod --output-file .env
  strongroom export --format json | jq -r '.[].key'")]
    Export(export::ExportArgs),
    /// Create and update secrets from a dotenv, JSON, YAML or CSV file
    #[command(after_help = "Examples:
  strongroom import .env --projectId home-lab --env prod --dry-run
  strongroom import .env --projectId home-lab --env prod
  strongroom import secrets.csv --env dev --path /backup
  sops --decrypt secrets.yaml | strongroom import - --format yaml

All of the file is imported, or nothing. Secrets that are not in the file stay as they are.")]
    Import(import::ImportArgs),
    /// Run a command with the secrets of a folder in its environment
    #[command(after_help = "Examples:
  strongroom run --projectId home-lab --env prod -- docker compose up -d
  strongroom run --path /backup -- restic backup /srv

HOME, PATH, USER, SHELL, TERM and the like, XDG_* and LC_* keep their own values.
The command inherits the rest of the environment as it is, INFISICAL_TOKEN included.")]
    Run(run::RunArgs),
    /// Ask a server whether it is well
    #[command(after_help = "Examples:
  strongroom healthcheck
  strongroom healthcheck --ready --url http://127.0.0.1:9000")]
    Healthcheck(healthcheck::HealthcheckArgs),
    /// Run the server
    #[command(after_help = "Examples:
  strongroom serve
  strongroom serve --data-dir /srv/strongroom --listen 0.0.0.0:8080")]
    Serve(serve::ServeArgs),
    /// Make a new code for signing up as the first administrator
    #[command(after_help = "Examples:
  strongroom setup-code --data-dir /srv/strongroom")]
    SetupCode(setup_code::SetupCodeArgs),
    /// Manage people from the server's own machine
    #[command(
        subcommand,
        after_help = "Examples:
  strongroom admin create --email kavi@example.com --password-stdin < password.txt"
    )]
    Admin(admin::AdminCommand),
    /// Manage what unlocks the store
    #[command(
        subcommand,
        after_help = "Examples:
  strongroom keys list
  strongroom keys kit --output recovery-kit.txt
  strongroom keys rotate-root"
    )]
    Keys(keys::KeysCommand),
    /// Open the store of a running server that is locked
    #[command(after_help = "Examples:
  strongroom unlock                          asks for a passphrase or the last line of a kit
  strongroom unlock --identity kit.txt
  strongroom unlock --identity ~/.ssh/id_ed25519")]
    Unlock(unlock::UnlockArgs),
    /// Write everything into one encrypted file
    #[command(after_help = "Examples:
  strongroom backup --output strongroom-backup.age
  strongroom backup list
  strongroom backup verify strongroom-backup.age --identity recovery-kit.txt
  strongroom backup drill")]
    Backup(backup::BackupArgs),
    /// Make a new store from a backup
    #[command(after_help = "Examples:
  strongroom restore strongroom-backup.age --data-dir /srv/strongroom --identity recovery-kit.txt")]
    Restore(restore::RestoreArgs),
    /// Write what to do when something is lost, with the paths and fingerprints of this instance
    #[command(after_help = "Examples:
  strongroom runbook --output runbook.md")]
    Runbook(runbook::RunbookArgs),
}

/// Runs the program: arguments in, exit code out.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut printer = Printer::of_process();
    let outcome = match Cli::try_parse_from(arguments) {
        Ok(cli) => {
            printer = printer.silenced(cli.silent);
            execute(cli.command, &printer)
        }
        Err(message) => explain_usage(&message, &printer),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            printer.failure(&failure);
            ExitCode::from(failure.code())
        }
    }
}

/// Help and version are data; a wrong command line is not.
fn explain_usage(message: &clap::Error, printer: &Printer) -> Result<(), Failure> {
    let text = message.render();
    if !message.use_stderr() {
        return printer.data(&text.to_string());
    }
    printer.usage(&if printer.colors() {
        text.ansi().to_string()
    } else {
        text.to_string()
    });
    Err(Failure::quiet(2))
}

fn execute(command: Command, printer: &Printer) -> Result<(), Failure> {
    if matches!(
        command,
        Command::SetupCode(_)
            | Command::Admin(_)
            | Command::Keys(_)
            | Command::Unlock(_)
            | Command::Backup(_)
            | Command::Restore(_)
            | Command::Runbook(_)
    ) {
        // These may open the store themselves, with all its keys. The server does the same once it can log.
        process::harden();
    }
    // A server uses all cores; a client needs one thread and starts faster.
    let mut builder = match &command {
        Command::Serve(_) => Builder::new_multi_thread(),
        _ => Builder::new_current_thread(),
    };
    let runtime = builder.enable_all().build().map_err(|error| {
        Failure::new("The program could not start")
            .because(error.to_string())
            .advise("Check the limits for processes and open files")
    })?;
    runtime.block_on(async {
        match command {
            Command::Login(args) => login::run(args, printer).await,
            Command::Whoami(args) => whoami::run(args, printer).await,
            Command::Projects(args) => projects::run(args, printer).await,
            Command::Secrets(args) => secrets::run(args, printer).await,
            Command::Export(args) => export::run(args, printer).await,
            Command::Import(args) => import::run(args, printer).await,
            Command::Run(args) => run::run(args, printer).await,
            Command::Healthcheck(args) => healthcheck::run(args, printer).await,
            Command::Serve(args) => serve::run(args, printer).await,
            Command::SetupCode(args) => setup_code::run(args, printer).await,
            Command::Admin(command) => admin::run(command, printer).await,
            Command::Keys(command) => keys::run(command, printer).await,
            Command::Unlock(args) => unlock::run(args, printer),
            Command::Backup(args) => backup::run(args, printer).await,
            Command::Restore(args) => restore::run(args, printer).await,
            Command::Runbook(args) => runbook::run(args, printer).await,
        }
    })
}

#[cfg(test)]
mod tests;
