//! `token` and `service-token`: credentials of machines.

use std::str::FromStr;

use clap::{Args, Subcommand, ValueEnum};
use shared::model::text::SecretText;
use shared::wire::service_tokens::{CreateServiceTokenRequest, ServiceTokenScope};

use super::client::Client;
use super::failure::Failure;
use super::place;
use super::printer::Printer;
use super::prompt;
use super::resolve::{self, ConnectionArgs, PlaceArgs, ProjectArgs};
use super::surroundings::Surroundings;

/// What to do with the token of a machine identity.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Print a new token for an old one that has not yet ended
    #[command(after_help = "Examples:
  export INFISICAL_TOKEN=$(strongroom token renew \"$INFISICAL_TOKEN\")
  strongroom token renew - < token.txt")]
    Renew(RenewArgs),
}

/// Arguments of `token renew`.
#[derive(Debug, Args)]
pub struct RenewArgs {
    /// The token, or - for standard input, where no list of processes shows it
    #[arg(value_name = "TOKEN")]
    old: SecretText,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Runs `token`.
pub async fn run(command: TokenCommand, printer: &Printer) -> Result<(), Failure> {
    let TokenCommand::Renew(args) = command;
    let around = Surroundings::of_process();
    let address = resolve::address(args.connection.domain.as_ref(), &around)?;
    let client = Client::trusting(address, args.connection.ca_cert.as_deref())?;
    let old = if args.old == SecretText::from("-") {
        prompt::piped()?
    } else {
        args.old
    };
    let renewed = client.renew(old).await?;
    printer.result(|| format!("{}\n", renewed.access_token.expose()), &renewed)
}

/// What to do with service tokens.
#[derive(Debug, Subcommand)]
pub enum ServiceTokenCommand {
    /// Make a token for folders of a project, and print it
    #[command(after_help = "Examples:
  strongroom service-token create --projectId home-lab --scope dev:/ --name ci
  strongroom service-token create --scope prod:/backup --access-level read --expiry-seconds 3600 --token-only")]
    Create(CreateArgs),
}

/// Arguments of `service-token create`.
#[derive(Debug, Args)]
pub struct CreateArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    project: ProjectArgs,
    /// Environment and folder it is for; may be repeated
    #[arg(long, short = 's', required = true, value_name = "ENVIRONMENT:FOLDER")]
    scope: Vec<Scope>,
    /// What it may do; may be repeated
    #[arg(long, short = 'a', value_enum, default_value = "read", value_delimiter = ',')]
    access_level: Vec<AccessLevel>,
    /// Name in lists
    #[arg(long, short = 'n', default_value = "Service token made with the command line")]
    name: String,
    /// Seconds until it ends; 0 for never
    #[arg(long, short = 'e', default_value_t = 0)]
    expiry_seconds: u32,
    /// Print nothing but the token
    #[arg(long)]
    token_only: bool,
}

#[derive(Debug, Clone)]
struct Scope {
    environment: String,
    folder: String,
}

impl FromStr for Scope {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some((environment, folder)) if !environment.is_empty() && folder.starts_with('/') => Ok(Self {
                environment: environment.to_owned(),
                folder: folder.to_owned(),
            }),
            _ => Err("a scope looks like dev:/ or prod:/backup/**"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AccessLevel {
    /// Read secrets
    Read,
    /// Write secrets
    Write,
}

/// Runs `service-token`.
pub async fn run_service(command: ServiceTokenCommand, printer: &Printer) -> Result<(), Failure> {
    let ServiceTokenCommand::Create(args) = command;
    let around = Surroundings::of_process();
    let client = Client::connect(resolve::connection(&args.connection, &around)?).await?;
    let place = PlaceArgs::from(args.project);
    let wanted = place::wanted(&place, &around, &client, printer).await?;
    let project = place::project(&client, &wanted).await?;
    let permissions = [(AccessLevel::Read, "read"), (AccessLevel::Write, "write")]
        .into_iter()
        .filter(|(level, _)| args.access_level.contains(level))
        .map(|(_, name)| name.to_owned())
        .collect();
    let scopes = args.scope.into_iter().map(|scope| ServiceTokenScope {
        environment: scope.environment,
        secret_path: scope.folder,
    });
    let made = client
        .create_service_token(&CreateServiceTokenRequest {
            name: args.name,
            workspace_id: Some(project.id.to_string()),
            project_id: None,
            scopes: scopes.collect(),
            permissions,
            expires_in: Some(i64::from(args.expiry_seconds)),
            encrypted_key: Some(String::new()),
            iv: Some(String::new()),
            tag: Some(String::new()),
        })
        .await?;
    if !args.token_only {
        printer.note(&format!(
            "The service token '{}' is shown this once:",
            made.service_token_data.name
        ));
    }
    printer.result(|| format!("{}\n", made.service_token.expose()), &made)
}
