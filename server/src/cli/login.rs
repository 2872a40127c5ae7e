//! `login`: a person with a password, here or in a browser, a machine identity, or a token that is already there.

mod browser;
mod callback;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use shared::model::text::SecretText;
use shared::wire::organizations::Organization;

use super::client::Client;
use super::failure::Failure;
use super::infisical_config;
use super::printer::Printer;
use super::prompt;
use super::resolve::{self, ConnectionArgs};
use super::session::{self, Session};
use super::surroundings::Surroundings;
use super::whoami;

/// Arguments of `login`.
#[derive(Debug, Default, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct LoginArgs {
    #[command(subcommand)]
    command: Option<LoginCommand>,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// How to log in [default: what the other arguments and the environment suggest]
    #[arg(long, value_enum, env = "INFISICAL_AUTH_METHOD")]
    method: Option<Method>,
    #[arg(help = "E-mail address [environment: INFISICAL_EMAIL]")]
    #[arg(long)]
    email: Option<String>,
    #[arg(help = "Read the password from standard input [environment: INFISICAL_PASSWORD]")]
    #[arg(long)]
    password_stdin: bool,
    #[arg(
        help = "Organization: its id, slug or name, if you belong to several [environment: INFISICAL_ORGANIZATION_ID]"
    )]
    #[arg(long, visible_alias = "organization-id")]
    organization: Option<String>,
    #[arg(help = "Client id of a machine identity [environment: INFISICAL_UNIVERSAL_AUTH_CLIENT_ID]")]
    #[arg(long)]
    client_id: Option<String>,
    #[arg(
        help = "Client secret of a machine identity [environment: INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET]"
    )]
    #[arg(long)]
    client_secret: Option<SecretText>,
    /// Ask for e-mail address and password at this terminal
    #[arg(long, short, conflicts_with = "method")]
    interactive: bool,
    /// Print the token, and store nothing
    #[arg(long)]
    plain: bool,
}

#[derive(Debug, Subcommand)]
enum LoginCommand {
    /// Show who is logged in; exit code 3 if nobody is
    #[command(after_help = "Examples:
  strongroom login status
  strongroom login status --json | jq -r '.sessions[0].name'")]
    Status(StatusArgs),
}

#[derive(Debug, Args)]
struct StatusArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// How to prove who you are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Method {
    /// E-mail address and password
    User,
    /// A page of the server in a browser, which hands the login over
    Browser,
    /// Client id and client secret of a machine identity
    UniversalAuth,
    /// A token that was made before
    Token,
}

impl Method {
    /// What was chosen, or what the rest suggests: arguments count more than the environment. Nothing where only a
    /// person can say.
    fn suggested(args: &LoginArgs, around: &Surroundings) -> Option<Self> {
        let suggested = if let Some(method) = args.method {
            method
        } else if args.interactive || args.email.is_some() || args.password_stdin {
            Self::User
        } else if args.client_id.is_some() || args.client_secret.is_some() {
            Self::UniversalAuth
        } else if args.connection.token.is_some() {
            Self::Token
        } else if around.variable("INFISICAL_EMAIL").is_some() {
            Self::User
        } else if resolve::client_id(around).is_some() && !matches!(resolve::client_secret(around), Ok(None))
        {
            Self::UniversalAuth
        } else {
            return None;
        };
        Some(suggested)
    }

    /// Asks a person at a terminal. Nothing here needs a browser on this computer: all of it works over SSH.
    fn asked(printer: &Printer) -> Result<Self, Failure> {
        if !prompt::possible() {
            return Ok(Self::User);
        }
        let ways = [
            ("E-mail and password", Self::User),
            ("Browser", Self::Browser),
            ("Universal Auth: client id and client secret", Self::UniversalAuth),
            ("Token", Self::Token),
        ];
        let names = ways.map(|(name, _)| name.to_owned());
        let chosen = prompt::choice(printer, "How would you like to log in?", &names)?;
        Ok(ways[chosen].1)
    }
}

/// Runs `login`.
pub async fn run(args: LoginArgs, printer: &Printer) -> Result<(), Failure> {
    if let Some(LoginCommand::Status(args)) = &args.command {
        return whoami::status(&args.connection, printer).await;
    }
    log_in(args, Surroundings::of_process(), printer).await
}

async fn log_in(args: LoginArgs, mut around: Surroundings, printer: &Printer) -> Result<(), Failure> {
    if let Err(failure) = &around.session {
        // A damaged login is what logging in replaces.
        printer.warn(failure.what());
        around.session = Ok(None);
    }
    let suggested = around
        .infisical_config()
        .map(|path| infisical_config::suggestion(&path));
    let suggested = suggested.unwrap_or_default();
    let address = match suggested.address {
        Some(address) if !resolve::names_address(args.connection.domain.as_ref(), &around) => {
            printer.note(&format!(
                "Logging in at {address}, as Infisical's command line last did"
            ));
            address
        }
        _ => resolve::address(args.connection.domain.as_ref(), &around)?,
    };
    if address.is_open_to_eavesdroppers() {
        printer.warn(&format!(
            "{address} is not encrypted: password and secrets can be read on the way"
        ));
    }
    // Found out before the password is asked for.
    let path = around.session_path();
    if path.is_none() && !args.plain {
        return Err(Failure::new("There is no place to store the login")
            .because("Neither HOME nor XDG_CONFIG_HOME is set.")
            .advise("Set one of them, or use --plain and pass the token as INFISICAL_TOKEN"));
    }
    let client = Client::trusting(address.clone(), args.connection.ca_cert.as_deref())?;
    let method = match Method::suggested(&args, &around) {
        Some(method) => method,
        None => Method::asked(printer)?,
    };
    let (name, token) = match method {
        Method::User => user(&args, &around, suggested.email.as_deref(), client, printer).await?,
        Method::Browser => browser::log_in(&client, printer).await?,
        Method::UniversalAuth => machine(&args, &around, client, printer).await?,
        Method::Token => token(&args, &around, client, printer).await?,
    };
    if args.plain {
        let token = token.expose();
        return printer.result(|| format!("{token}\n"), &json!({"token": token}));
    }
    let value = json!({"name": name, "instance": address});
    if let Some(path) = path {
        let given = method == Method::Token;
        let person = matches!(method, Method::User | Method::Browser);
        if let (true, true, Some(config)) = (printer.is_compat(), person, around.infisical_config()) {
            infisical_config::note(&config, &name, &address)?;
        }
        session::add(
            &path,
            Session {
                address,
                name,
                token,
                given,
            },
        )?;
    }
    printer.done("✓ Logged in successfully", &value)
}

async fn user(
    args: &LoginArgs,
    around: &Surroundings,
    suggested: Option<&str>,
    client: Client,
    printer: &Printer,
) -> Result<(String, SecretText), Failure> {
    let email = match args.email.clone().or_else(|| around.variable("INFISICAL_EMAIL")) {
        Some(email) => email,
        None if prompt::possible() && !args.password_stdin => asked_email(suggested, printer)?,
        None => return Err(needed("an e-mail address", "--email", "INFISICAL_EMAIL")),
    };
    let password = if args.password_stdin {
        prompt::piped()?
    } else if let Some(password) = around.secret("INFISICAL_PASSWORD")? {
        password
    } else if prompt::possible() {
        prompt::hidden(printer, "Password:")?
    } else {
        return Err(needed("a password", "--password-stdin", "INFISICAL_PASSWORD"));
    };
    let client = {
        let token = client.login(email.trim().to_owned(), password).await?;
        client.with_token(token)
    };
    let wanted = args.organization.clone();
    let wanted = wanted.or_else(|| around.variable("INFISICAL_ORGANIZATION_ID"));
    let organizations = client.organizations().await?;
    let organization = match choose(&organizations, wanted.as_deref()) {
        Ok(organization) => organization,
        Err(_) if wanted.is_none() && organizations.len() > 1 && prompt::possible() => {
            printer.note(&listed(&organizations));
            let typed = prompt::line(printer, "Organization:")?;
            choose(&organizations, Some(&typed))?
        }
        Err(failure) => return Err(failure),
    };
    let token = client.select_organization(organization.id.to_string()).await?;
    Ok((email, token))
}

fn asked_email(suggested: Option<&str>, printer: &Printer) -> Result<String, Failure> {
    let Some(suggested) = suggested else {
        return prompt::line(printer, "Email:");
    };
    let typed = prompt::line(printer, &format!("Email [{suggested}]:"))?;
    Ok(if typed.is_empty() {
        suggested.to_owned()
    } else {
        typed
    })
}

fn choose<'a>(organizations: &'a [Organization], wanted: Option<&str>) -> Result<&'a Organization, Failure> {
    match (organizations, wanted) {
        ([], _) => {
            Err(Failure::new("You belong to no organization")
                .advise("Ask an administrator to add you to one"))
        }
        ([only], None) => Ok(only),
        (several, None) => Err(Failure::new("You belong to several organizations")
            .because(listed(several))
            .advise("Choose one with --organization")),
        (all, Some(wanted)) => all
            .iter()
            .find(|organization| {
                organization.id.to_string() == wanted
                    || organization.slug == wanted
                    || organization.name == wanted
            })
            .ok_or_else(|| {
                Failure::new(format!("Organization '{wanted}' not found"))
                    .because(listed(all))
                    .advise("Choose one with --organization")
            }),
    }
}

fn listed(organizations: &[Organization]) -> String {
    let lines = organizations
        .iter()
        .map(|organization| format!("\n  {} ({})", organization.slug, organization.name));
    format!("Available organizations:{}", lines.collect::<String>())
}

async fn machine(
    args: &LoginArgs,
    around: &Surroundings,
    client: Client,
    printer: &Printer,
) -> Result<(String, SecretText), Failure> {
    let client_id = match args.client_id.clone().or_else(|| resolve::client_id(around)) {
        Some(client_id) => client_id,
        None if prompt::possible() => prompt::line(printer, "Client id:")?,
        None => {
            return Err(needed(
                "a client id",
                "--client-id",
                "INFISICAL_UNIVERSAL_AUTH_CLIENT_ID",
            ));
        }
    };
    let secret = match &args.client_secret {
        Some(secret) => Some(secret.clone()),
        None => resolve::client_secret(around)?,
    };
    let client_secret = match secret {
        Some(client_secret) => client_secret,
        None if prompt::possible() => prompt::hidden(printer, "Client secret:")?,
        None => {
            return Err(needed(
                "a client secret",
                "--client-secret",
                "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET",
            ));
        }
    };
    let token = client.universal_auth(client_id.clone(), client_secret).await?;
    Ok((client_id, token))
}

async fn token(
    args: &LoginArgs,
    around: &Surroundings,
    client: Client,
    printer: &Printer,
) -> Result<(String, SecretText), Failure> {
    let given = match &args.connection.token {
        Some(token) => Some(token.clone()),
        None => resolve::given_token(around)?,
    };
    let token = match given {
        Some(token) => token,
        None if prompt::possible() => prompt::hidden(printer, "Token:")?,
        None => return Err(needed("a token", "--token", "INFISICAL_TOKEN")),
    };
    let token = token.trimmed();
    let me = client.with_token(token.clone()).me().await?;
    Ok((me.name, token))
}

fn needed(what: &str, flag: &str, variable: &str) -> Failure {
    Failure::usage(format!("Logging in needs {what}"))
        .because("There is no terminal to ask on.")
        .advise(format!("Use {flag}, or set {variable}"))
}

#[cfg(test)]
mod tests;
