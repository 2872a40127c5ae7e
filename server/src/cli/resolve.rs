//! Arguments, environment, stored login and project file become settings. Nothing here touches the world.

use std::path::PathBuf;

use clap::Args;
use shared::model::ids::ProjectId;
use shared::model::names::FolderPath;
use shared::model::text::SecretText;

use super::address::Address;
use super::called;
use super::failure::{Failure, code};
use super::surroundings::Surroundings;

/// Which server, and as whom.
#[derive(Debug, Clone, Default, Args)]
pub struct ConnectionArgs {
    /// Address of the server.
    #[arg(help = "Address of the server [environment: INFISICAL_DOMAIN, INFISICAL_API_URL]")]
    #[arg(long, visible_alias = "host", value_name = "URL", global = true)]
    pub domain: Option<Address>,
    /// Token instead of the stored login.
    #[arg(help = "Access token instead of the stored login [environment: INFISICAL_TOKEN]")]
    #[arg(long, value_name = "TOKEN", global = true)]
    pub token: Option<SecretText>,
    /// Certificate authority to trust.
    #[arg(help = "File with the certificate authority to trust, in PEM [environment: SSL_CERT_FILE]")]
    #[arg(long, value_name = "FILE", global = true)]
    pub ca_cert: Option<PathBuf>,
}

/// Which project.
#[derive(Debug, Clone, Default, Args)]
pub struct ProjectArgs {
    /// Project: its id, slug or unique name.
    #[arg(help = "Project: its id, slug or unique name [environment: INFISICAL_PROJECT_ID]")]
    #[arg(
        long = "projectId",
        visible_alias = "project-id",
        value_name = "PROJECT",
        global = true
    )]
    pub project: Option<String>,
}

impl From<ProjectArgs> for PlaceArgs {
    /// The project alone: which environment is for the command itself to say, and nobody is asked.
    fn from(project: ProjectArgs) -> Self {
        Self {
            project,
            environment: Some(String::new()),
            path: Vec::new(),
        }
    }
}

/// Which folder of secrets.
#[derive(Debug, Clone, Default, Args)]
pub struct PlaceArgs {
    /// Which project.
    #[command(flatten)]
    pub project: ProjectArgs,
    /// Slug of the environment [default: dev, or what .infisical.json says]
    #[arg(long = "env", short = 'e', value_name = "ENVIRONMENT", global = true)]
    pub environment: Option<String>,
    /// Folder [default: /]
    #[arg(long, value_name = "FOLDER", global = true)]
    pub path: Vec<FolderPath>,
}

/// How to prove who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A token given for this command.
    Token(SecretText),
    /// A machine identity's credentials, to be exchanged for a token.
    UniversalAuth {
        /// Client id.
        client_id: String,
        /// Client secret.
        client_secret: SecretText,
    },
    /// The token of the stored login, which came from the server it will be sent to.
    Session(SecretText),
}

/// A server and the credentials for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The server.
    pub address: Address,
    /// The credentials.
    pub credentials: Credentials,
    /// The certificate authority to trust, if it is not among the machine's.
    pub authority: Option<PathBuf>,
}

/// A folder of secrets as it was asked for; whether it exists is for the server to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Id, slug or name.
    pub project: String,
    /// Slug, or the long or short form of a usual one.
    pub environment: String,
    /// Folder.
    pub path: FolderPath,
}

impl Wanted {
    /// The project, if it was given by its id.
    pub fn project_id(&self) -> Option<ProjectId> {
        self.project.parse().ok()
    }
}

/// Whether anything says which server to talk to.
pub fn names_address(flag: Option<&Address>, around: &Surroundings) -> bool {
    flag.is_some()
        || ["INFISICAL_DOMAIN", "INFISICAL_API_URL"]
            .into_iter()
            .any(|name| around.variable(name).is_some())
        || !matches!(around.session, Ok(None))
}

/// The server to talk to.
pub fn address(flag: Option<&Address>, around: &Surroundings) -> Result<Address, Failure> {
    if let Some(address) = flag {
        return Ok(address.clone());
    }
    for name in ["INFISICAL_DOMAIN", "INFISICAL_API_URL"] {
        if let Some(text) = around.variable(name) {
            return text.parse().map_err(|error| {
                Failure::usage(format!("The environment variable {name} holds no address"))
                    .because(format!("{error}"))
                    .advise("Correct it, or name the server with --domain")
            });
        }
    }
    match &around.session {
        Ok(Some(session)) => Ok(session.address.clone()),
        Ok(None) => Address::DEFAULT
            .parse()
            .map_err(|error| Failure::new(format!("{error}"))),
        Err(failure) => Err(failure.clone()),
    }
}

/// The server and the credentials for it.
pub fn connection(args: &ConnectionArgs, around: &Surroundings) -> Result<Connection, Failure> {
    let address = address(args.domain.as_ref(), around)?;
    let credentials = credentials(args.token.as_ref(), &address, around)?;
    Ok(Connection {
        address,
        credentials,
        authority: args.ca_cert.clone(),
    })
}

fn credentials(
    flag: Option<&SecretText>,
    address: &Address,
    around: &Surroundings,
) -> Result<Credentials, Failure> {
    let token = match flag {
        Some(token) => Some(token.clone()),
        None => given_token(around)?,
    };
    if let Some(token) = token {
        return Ok(Credentials::Token(token.trimmed()));
    }
    match (client_id(around), client_secret(around)?) {
        (Some(client_id), Some(client_secret)) => {
            return Ok(Credentials::UniversalAuth {
                client_id,
                client_secret,
            });
        }
        (None, None) => {}
        (id, _) => {
            let (present, absent) = if id.is_some() {
                ("ID", "SECRET")
            } else {
                ("SECRET", "ID")
            };
            return Err(Failure::usage(format!(
                "INFISICAL_UNIVERSAL_AUTH_CLIENT_{present} is set, but INFISICAL_UNIVERSAL_AUTH_CLIENT_{absent} is not"
            ))
            .advise("Set both, or neither to use the stored login"));
        }
    }
    match around.session.clone()? {
        Some(session) if session.address.same_origin(address) => Ok(Credentials::Session(session.token)),
        Some(session) => Err(not_logged_in(address).because(format!(
            "The stored login belongs to {} and is not sent to another server.",
            session.address
        ))),
        None => Err(not_logged_in(address)),
    }
}

/// A token in the environment.
pub fn given_token(around: &Surroundings) -> Result<Option<SecretText>, Failure> {
    first_secret(
        around,
        ["INFISICAL_UNIVERSAL_AUTH_ACCESS_TOKEN", "INFISICAL_TOKEN"],
    )
}

/// The client id of a machine identity in the environment, under either of its names.
pub fn client_id(around: &Surroundings) -> Option<String> {
    ["INFISICAL_UNIVERSAL_AUTH_CLIENT_ID", "INFISICAL_CLIENT_ID"]
        .into_iter()
        .find_map(|name| around.variable(name))
}

/// The client secret that goes with [`client_id`].
pub fn client_secret(around: &Surroundings) -> Result<Option<SecretText>, Failure> {
    let names = [
        "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET",
        "INFISICAL_CLIENT_SECRET",
    ];
    first_secret(around, names)
}

fn first_secret(around: &Surroundings, names: [&str; 2]) -> Result<Option<SecretText>, Failure> {
    for name in names {
        if let Some(found) = around.secret(name)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// What to say to somebody whom the server does not know.
pub fn not_logged_in(address: &Address) -> Failure {
    Failure::new(format!("Not logged in to {}", called::product()))
        .advise(format!(
            "Please run: {} login --domain={address}",
            called::command()
        ))
        .with_code(code::NOT_LOGGED_IN)
}

fn named(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty()).cloned()
}

/// The project that is meant, if one was named anywhere.
pub fn project(args: &PlaceArgs, around: &Surroundings) -> Result<Option<String>, Failure> {
    match named(args.project.project.as_ref()).or_else(|| around.variable("INFISICAL_PROJECT_ID")) {
        Some(project) => Ok(Some(project)),
        None => Ok(named(around.project_file.clone()?.workspace_id.as_ref())),
    }
}

/// The folder of secrets that is meant.
pub fn place(args: &PlaceArgs, around: &Surroundings) -> Result<Wanted, Failure> {
    let project = project(args, around)?.ok_or_else(|| {
        Failure::usage("No project was named")
            .because("There is no --projectId, no INFISICAL_PROJECT_ID, and no .infisical.json here or in a folder above.")
            .advise(format!(
                "Pass --projectId with an id, slug or name; `{} projects` lists yours",
                called::command()
            ))
    })?;
    // A damaged project file is a failure for those alone who need it.
    let file = || around.project_file.clone();
    let environment = match named(args.environment.as_ref()) {
        Some(environment) => Some(environment),
        None => file()?.environment(),
    };
    let path = match &args.path[..] {
        [path] => path.clone(),
        [_, ..] => {
            return Err(Failure::usage("--path stands there more than once")
                .because("Only `run` and `export` put several folders together.")
                .advise("Name one folder"));
        }
        [] => file().unwrap_or_default().default_secret_path.unwrap_or_default(),
    };
    Ok(Wanted {
        project: project.trim().to_owned(),
        environment: environment.unwrap_or_else(|| "dev".to_owned()).trim().to_owned(),
        path,
    })
}

#[cfg(test)]
mod tests;
