//! The command line: what the binary does with its arguments.
//!
//! A command resolves its settings ([`resolve`]), talks to a server ([`client`]) or works on a data directory
//! ([`operator`]), and writes through one [`printer`]. Exit codes are those of [`failure::code`]; `run` ends with the
//! code of the command it becomes.

pub mod address;
pub mod arguments;
pub mod bootstrap;
pub mod called;
pub mod client;
pub mod custom_headers;
pub mod environments;
pub mod export;
pub mod failure;
pub mod file;
pub mod folders;
pub mod generate;
pub mod healthcheck;
pub mod import;
pub mod infisical_config;
pub mod init;
pub mod login;
pub mod logout;
pub mod manual;
pub mod migrate_env;
pub mod operator;
pub mod place;
pub mod printer;
pub mod project_file;
pub mod projects;
pub mod prompt;
pub mod resolve;
pub mod run;
pub mod secrets;
pub mod session;
pub mod shim;
pub mod surroundings;
pub mod tokens;
pub mod user;
pub mod whoami;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use tokio::runtime::Builder;

use crate::observe::process;
use arguments::{Arguments, Refused};
use failure::Failure;
use operator::{admin, backup, doctor, keys, paths, restore, runbook, serve, setup_code, unlock};
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

Every command has its own help: strongroom secrets set --help

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not logged in, 4 forbidden, 5 not found, 6 server unreachable,
7 server locked, 8 wrong configuration. `run` ends with the code of its command, 126 or 127 if that cannot be started."
)]
struct Cli {
    /// Print no notes and warnings, only data and failures
    #[arg(long, global = true)]
    silent: bool,
    /// Print results as JSON on standard output, and a failure as JSON on standard error
    #[arg(long, global = true)]
    json: bool,
    /// Take more variables from a file.
    #[arg(
        help = "Take INFISICAL_TOKEN, _DOMAIN, _PROJECT_ID, _CLIENT_ID and _CLIENT_SECRET from a .env file too"
    )]
    #[arg(long, global = true, value_name = "FILE")]
    env_from: Option<PathBuf>,
    /// Folder with the .infisical.json to use [default: this one, and those above]
    #[arg(long, global = true, value_name = "FOLDER")]
    project_config_dir: Option<PathBuf>,
    /// Write what Infisical's own command line writes, byte by byte, defects included
    #[arg(long, global = true, env = "STRONGROOM_COMPAT", value_parser = clap::builder::FalseyValueParser::new())]
    compat: bool,
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
    /// End the stored login, here and on its server
    #[command(after_help = "Examples:
  strongroom logout
  strongroom logout --all")]
    Logout(logout::LogoutArgs),
    /// Show and choose among the stored logins
    #[command(
        subcommand,
        after_help = "Examples:
  strongroom user get
  strongroom user switch kavi@example.com"
    )]
    User(user::UserCommand),
    /// Say in a folder what project it belongs to (.infisical.json)
    #[command(after_help = "Examples:
  strongroom init                                   asks
  strongroom init --projectId home-lab --env dev")]
    Init(init::InitArgs),
    /// Show who is logged in, and where
    #[command(after_help = "Examples:
  strongroom whoami
  strongroom whoami > /dev/null || strongroom login")]
    Whoami(whoami::WhoamiArgs),
    /// List your projects
    #[command(after_help = "Examples:
  strongroom projects")]
    Projects(projects::ProjectsArgs),
    /// List, make, rename, delete and clone environments
    #[command(
        visible_alias = "envs",
        after_help = "Examples:
  strongroom environments --projectId home-lab
  strongroom environments create dev_personal"
    )]
    Environments(environments::EnvironmentsArgs),
    /// List, make and delete folders
    #[command(after_help = "Examples:
  strongroom folders list --projectId home-lab --env dev
  strongroom folders create backup")]
    Folders(folders::FoldersArgs),
    /// List, read, set and delete secrets
    #[command(after_help = "Examples:
  strongroom secrets --projectId home-lab --env dev
  strongroom secrets get DB_URL --env prod
  strongroom secrets set API_KEY=abc TLS_KEY=@key.pem
  strongroom secrets delete OLD_KEY")]
    Secrets(secrets::SecretsArgs),
    /// Write the secrets of a folder in a format that other programs read
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
    /// Split a .env file: its secrets go to the server, its configuration stays
    #[command(after_help = "Examples:
  strongroom migrate-env --projectId home-lab --env dev --dry-run
  strongroom migrate-env .env --projectId home-lab --env dev --config SITE_NAME")]
    MigrateEnv(migrate_env::MigrateEnvArgs),
    /// Run a command with the secrets of a folder in its environment
    #[command(after_help = "Examples:
  strongroom run --projectId home-lab --env prod -- docker compose up -d
  strongroom run --path /backup -- restic backup /srv
  strongroom run --watch -- node server.js
  strongroom run --command 'migrate && serve'

HOME, PATH, USER, SHELL, TERM and the like, XDG_* and LC_* keep their own values.
The command inherits the rest of the environment as it is, INFISICAL_TOKEN included.")]
    Run(run::RunArgs),
    /// Renew the token of a machine identity
    #[command(
        subcommand,
        after_help = "Examples:
  export INFISICAL_TOKEN=$(strongroom token renew \"$INFISICAL_TOKEN\")"
    )]
    Token(tokens::TokenCommand),
    /// Make a service token for folders of a project
    #[command(
        subcommand,
        after_help = "Examples:
  strongroom service-token create --projectId home-lab --scope dev:/ --name ci"
    )]
    ServiceToken(tokens::ServiceTokenCommand),
    /// Set up a server that nobody has set up, without a browser
    #[command(after_help = "Examples:
  strongroom bootstrap --email kavi@example.com --password-stdin --organization Home < password.txt")]
    Bootstrap(bootstrap::BootstrapArgs),
    /// Ask a server whether it is well
    #[command(after_help = "Examples:
  strongroom healthcheck
  strongroom healthcheck --ready --url http://127.0.0.1:9000")]
    Healthcheck(healthcheck::HealthcheckArgs),
    /// Print random text for a secret
    #[command(after_help = "Examples:
  strongroom generate
  strongroom generate --length 32 --format base64
  strongroom generate --format hex | strongroom secrets set API_KEY")]
    Generate(generate::GenerateArgs),
    /// Print the completions of a shell
    #[command(after_help = "Examples:
  strongroom completion bash > /etc/bash_completion.d/strongroom
  strongroom completion zsh > ~/.zfunc/_strongroom
  strongroom completion fish > ~/.config/fish/completions/strongroom.fish")]
    Completion(manual::CompletionArgs),
    /// Print the manual page, or write one for each command
    #[command(after_help = "Examples:
  strongroom man | man -l -
  strongroom man --dir /usr/local/share/man/man1
  strongroom man --configuration")]
    Man(manual::ManArgs),
    /// Make the link `infisical` to this program
    #[command(after_help = "Examples:
  strongroom install-shim
  strongroom install-shim --dir ~/.local/bin")]
    InstallShim(shim::InstallShimArgs),
    /// Run the server
    #[command(after_help = "Examples:
  strongroom serve
  strongroom serve --data-dir /srv/strongroom --listen 0.0.0.0:8080
  strongroom serve --config /etc/strongroom/strongroom.toml")]
    Serve(serve::ServeArgs),
    /// Make a new code for signing up as the first administrator
    #[command(after_help = "Examples:
  strongroom setup-code --data-dir /srv/strongroom")]
    SetupCode(setup_code::SetupCodeArgs),
    /// Manage people from the server's own machine
    #[command(
        subcommand,
        after_help = "Examples:
  strongroom admin create --email kavi@example.com --password-stdin < password.txt
  strongroom admin reset-password --email kavi@example.com"
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
    /// Look whether a server is well: permissions, disk, keys, backups, clock, variables
    #[command(after_help = "Examples:
  strongroom doctor --data-dir /srv/strongroom
  strongroom doctor --all-variables")]
    Doctor(doctor::DoctorArgs),
    /// Show where everything is kept
    #[command(after_help = "Examples:
  strongroom paths
  strongroom paths --data-dir /srv/strongroom")]
    Paths(paths::PathsArgs),
    /// Show the settings that serve would have, and where each comes from
    #[command(after_help = "Examples:
  strongroom config
  STRONGROOM_LISTEN=0.0.0.0:8080 strongroom config")]
    Config(serve::ServeArgs),
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
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Some(program) = arguments.first() {
        called::remember(program);
    }
    let mut compat = false;
    let outcome = match arguments::parse(&arguments) {
        Ok(parsed) => {
            let cli = &parsed.cli;
            compat = cli.compat;
            printer = printer
                .silenced(cli.silent)
                .in_json(cli.json)
                .in_compat(cli.compat);
            if let Some(folder) = &cli.project_config_dir {
                surroundings::look_in(folder);
            }
            let taken = cli.env_from.as_deref().map_or(Ok(()), surroundings::read_also);
            taken.and_then(|()| execute(parsed, &printer))
        }
        Err(Refused::Usage(message)) => explain_usage(&message, &printer),
        Err(Refused::Failure(failure)) => Err(failure),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            printer.failure(&failure);
            // Infisical's command line knows one code for everything that fails.
            let own = compat && failure.lines().is_some();
            ExitCode::from(if own { 1 } else { failure.code() })
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

fn execute(arguments: Arguments, printer: &Printer) -> Result<(), Failure> {
    let Arguments {
        cli,
        configuration,
        problems,
    } = arguments;
    let command = cli.command;
    // These say themselves what is wrong with the configuration, or ask a server that says it.
    let tells = matches!(
        command,
        Command::Serve(_) | Command::Doctor(_) | Command::Config(_) | Command::Healthcheck(_)
    );
    if !tells && !problems.is_empty() {
        return Err(arguments::misconfigured(&problems));
    }
    if configuration.is_some() && !matches!(command, Command::Serve(_)) {
        // It may open the store itself, with all its keys. The server does the same once it can log.
        process::harden();
    }
    let configuration = configuration.unwrap_or_default();
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
            Command::Logout(args) => logout::run(args, printer).await,
            Command::User(command) => user::run(command, printer),
            Command::Init(args) => init::run(args, printer).await,
            Command::MigrateEnv(args) => migrate_env::run(args, printer).await,
            Command::Generate(args) => generate::run(&args, printer),
            Command::Completion(args) => manual::completion(&args, Cli::command(), printer),
            Command::Man(args) => manual::man(&args, Cli::command(), printer),
            Command::InstallShim(args) => shim::run(args, printer),
            Command::Whoami(args) => whoami::run(args, printer).await,
            Command::Projects(args) => projects::run(args, printer).await,
            Command::Environments(args) => environments::run(args, printer).await,
            Command::Folders(args) => folders::run(args, printer).await,
            Command::Token(command) => tokens::run(command, printer).await,
            Command::ServiceToken(command) => tokens::run_service(command, printer).await,
            Command::Bootstrap(args) => bootstrap::run(args, printer).await,
            Command::Secrets(args) => secrets::run(args, printer).await,
            Command::Export(args) => export::run(args, printer).await,
            Command::Import(args) => import::run(args, printer).await,
            Command::Run(args) => run::run(args, printer).await,
            Command::Healthcheck(args) => healthcheck::run(args, printer).await,
            Command::Serve(args) => serve::run(args, &configuration, printer).await,
            Command::SetupCode(args) => setup_code::run(args, printer).await,
            Command::Admin(command) => admin::run(command, printer).await,
            Command::Keys(command) => keys::run(command, printer).await,
            Command::Unlock(args) => unlock::run(args, printer),
            Command::Doctor(args) => doctor::run(args, &configuration, printer).await,
            Command::Paths(args) => paths::paths(&args, &configuration, printer),
            Command::Config(_) => paths::config(&configuration, printer),
            Command::Backup(args) => backup::run(args, printer).await,
            Command::Restore(args) => restore::run(args, printer).await,
            Command::Runbook(args) => runbook::run(args, printer).await,
        }
    })
}

/// The definition of `serve`, which is that of the settings too.
pub fn serve_command() -> clap::Command {
    let program = Cli::command();
    program.find_subcommand("serve").cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests;
