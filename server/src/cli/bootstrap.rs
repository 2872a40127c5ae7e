//! `bootstrap`: sets up a server that nobody has set up, without a browser.

use clap::Args;
use serde::Serialize as _;
use serde_json::json;
use serde_json::ser::PrettyFormatter;
use shared::model::text::SecretText;
use shared::wire::setup::SetupRequest;
use zeroize::Zeroizing;

use super::client::Client;
use super::failure::Failure;
use super::printer::Printer;
use super::resolve::{self, ConnectionArgs};
use super::surroundings::Surroundings;
use super::{printer, prompt};

/// Arguments of `bootstrap`.
#[derive(Debug, Args)]
pub struct BootstrapArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// E-mail address of the first administrator
    #[arg(long, env = "INFISICAL_ADMIN_EMAIL", hide_env_values = true)]
    email: String,
    /// Their password; --password-stdin keeps it out of lists of processes
    #[arg(long, env = "INFISICAL_ADMIN_PASSWORD", hide_env_values = true)]
    password: Option<SecretText>,
    /// Read the password from standard input
    #[arg(long, conflicts_with = "password")]
    password_stdin: bool,
    /// Name of the organization
    #[arg(long, env = "INFISICAL_ADMIN_ORGANIZATION", hide_env_values = true)]
    organization: String,
    /// End well if the server is set up already
    #[arg(long)]
    ignore_if_bootstrapped: bool,
}

/// Runs `bootstrap` and prints what the server made, with the token of a machine identity.
pub async fn run(args: BootstrapArgs, printer: &Printer) -> Result<(), Failure> {
    let around = Surroundings::of_process();
    let address = resolve::address(args.connection.domain.as_ref(), &around)?;
    let client = Client::trusting(address, args.connection.ca_cert.as_deref())?;
    let password = match args.password {
        Some(password) => password,
        None if args.password_stdin => prompt::piped()?,
        None if prompt::possible() => prompt::hidden(printer, "Password:")?,
        None => {
            return Err(Failure::usage("Setting up needs a password")
                .because("There is no terminal to ask on.")
                .advise("Use --password-stdin, or set INFISICAL_ADMIN_PASSWORD"));
        }
    };
    let body = SetupRequest {
        email: args.email,
        password,
        organization: args.organization,
        setup_code: None,
    };
    let made = match client.bootstrap(&body).await {
        Err(failure) if args.ignore_if_bootstrapped && failure.what().contains("already been set up") => {
            return printer.done("The server is set up already", &json!({"done": "set up already"}));
        }
        made => made?,
    };
    if printer.is_json() {
        return printer.data(&printer::json_line(&made)?);
    }
    let mut text = Zeroizing::new(Vec::new());
    let mut writer = serde_json::Serializer::with_formatter(&mut *text, PrettyFormatter::new());
    made.serialize(&mut writer)
        .map_err(|error| Failure::new("The answer could not be written").because(error.to_string()))?;
    text.push(b'\n');
    printer.data(&String::from_utf8_lossy(&text))
}
