//! `secrets`: list, get, set and delete.

use std::path::Path;

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use shared::model::names::SecretName;
use shared::model::text::SecretText;
use shared::wire::secrets::{Secret, SecretQuery, SecretType};
use zeroize::Zeroizing;

use super::client::{Change, Client};
use super::export::{self, Format};
use super::failure::Failure;
use super::place::{self, Place};
use super::printer::{Printer, table};
use super::prompt;
use super::resolve::{self, ConnectionArgs, PlaceArgs, Wanted};
use super::surroundings::Surroundings;

/// Arguments of `secrets`.
#[derive(Debug, Args)]
pub struct SecretsArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    list: ListArgs,
    #[command(subcommand)]
    command: Option<SecretsCommand>,
}

#[derive(Debug, Subcommand)]
enum SecretsCommand {
    /// List the secrets of a folder with their values
    #[command(after_help = "Examples:
  strongroom secrets list --projectId home-lab --env dev
  strongroom secrets list --output json")]
    List(ListArgs),
    /// Print the bare value of secrets, one a line
    #[command(after_help = "Examples:
  strongroom secrets get DB_URL --projectId home-lab --env prod
  psql \"$(strongroom secrets get DB_URL)\"")]
    Get(GetArgs),
    /// Create secrets or give them new values
    #[command(after_help = "Examples:
  strongroom secrets set API_KEY=abc DEBUG=0 --env dev
  strongroom secrets set API_KEY abc
  strongroom secrets set TLS_KEY=@key.pem
  strongroom secrets set API_KEY                 (asks, without showing what is typed)
  pwgen 32 1 | strongroom secrets set API_KEY

A value that begins with @ names a file; write \\@ for a plain @ at the beginning.")]
    Set(SetArgs),
    /// Delete secrets, for everybody in the project
    #[command(after_help = "Examples:
  strongroom secrets delete OLD_KEY --projectId home-lab --env dev")]
    Delete(DeleteArgs),
}

#[derive(Debug, Clone, Args)]
struct ListArgs {
    /// Format of the list [default: table]
    #[arg(long, short = 'o', value_enum)]
    output: Option<Output>,
}

#[derive(Debug, Args)]
struct GetArgs {
    /// Names of secrets
    #[arg(required = true, value_name = "NAME")]
    names: Vec<SecretName>,
    /// Accepted for scripts written for Infisical: bare values are what is always printed
    #[arg(long = "plain")]
    _plain: bool,
}

#[derive(Debug, Args)]
struct SetArgs {
    /// KEY=value, KEY=@file, KEY value, or KEY alone to be asked or to read standard input
    #[arg(required = true, value_name = "KEY=value")]
    pairs: Vec<String>,
    /// Comment to store with each of them
    #[arg(long)]
    comment: Option<SecretText>,
}

#[derive(Debug, Args)]
struct DeleteArgs {
    /// Names of secrets
    #[arg(required = true, value_name = "NAME")]
    names: Vec<SecretName>,
}

/// Format of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// Columns for people
    Table,
    /// An array of objects with secretKey, secretValue and secretComment
    Json,
    /// As `export` writes it
    Dotenv,
    /// A flat map
    Yaml,
}

/// Runs `secrets`.
pub async fn run(args: SecretsArgs, printer: &Printer) -> Result<(), Failure> {
    let around = Surroundings::of_process();
    let list = match &args.command {
        None => Some(args.list.clone()),
        Some(SecretsCommand::List(list)) => Some(ListArgs {
            output: list.output.or(args.list.output),
        }),
        Some(_) if args.list.output.is_some() => {
            return Err(
                Failure::usage("--output is for the list alone").advise("See strongroom secrets --help")
            );
        }
        Some(_) => None,
    };
    if let Some(list) = list {
        let (_, secrets) = fetch(&args.connection, &args.place, &around, printer).await?;
        return printer.data(&listed(list.output.unwrap_or(Output::Table), &secrets, printer)?);
    }
    match args.command {
        None | Some(SecretsCommand::List(_)) => Ok(()),
        Some(SecretsCommand::Get(get)) => {
            let folder = Folder::open(&args.connection, &args.place, &around, printer).await?;
            folder.get(&get.names, printer).await
        }
        Some(SecretsCommand::Set(set)) => {
            // Everything that can be wrong here is found before the server hears of it.
            let new = assignments(&set.pairs, printer)?;
            let folder = Folder::open(&args.connection, &args.place, &around, printer).await?;
            folder.set(new, set.comment, printer).await
        }
        Some(SecretsCommand::Delete(delete)) => {
            let folder = Folder::open(&args.connection, &args.place, &around, printer).await?;
            folder.delete(&delete.names, printer).await
        }
    }
}

/// The secrets of the folder that the arguments name, one for each name, sorted.
pub async fn fetch(
    connection: &ConnectionArgs,
    place: &PlaceArgs,
    around: &Surroundings,
    printer: &Printer,
) -> Result<(Place, Vec<Secret>), Failure> {
    let folder = Folder::open(connection, place, around, printer).await?;
    let secrets = folder.list(&folder.place.effective_query()).await?;
    Ok((folder.place, effective(secrets)))
}

/// One secret for each name, sorted: the caller's own override takes the place of the shared value, and either that of
/// an imported one, which comes later in the list.
fn effective(mut secrets: Vec<Secret>) -> Vec<Secret> {
    secrets.sort_by(|a, b| {
        let shared = |secret: &Secret| secret.kind == SecretType::Shared;
        (&a.secret_key, shared(a)).cmp(&(&b.secret_key, shared(b)))
    });
    secrets.dedup_by(|later, first| later.secret_key == first.secret_key);
    secrets
}

/// A folder on a server.
struct Folder {
    client: Client,
    wanted: Wanted,
    place: Place,
}

impl Folder {
    async fn open(
        connection: &ConnectionArgs,
        place: &PlaceArgs,
        around: &Surroundings,
        printer: &Printer,
    ) -> Result<Self, Failure> {
        let client = Client::connect(resolve::connection(connection, around)?).await?;
        let wanted = place::wanted(place, around, &client, printer).await?;
        let place = Place::find(&client, &wanted, printer).await?;
        Ok(Self {
            client,
            wanted,
            place,
        })
    }

    async fn list(&self, query: &SecretQuery) -> Result<Vec<Secret>, Failure> {
        match self.client.secrets(query).await {
            Ok(secrets) => Ok(secrets),
            Err(failure) => Err(Place::explain(failure, &self.client, &self.wanted).await),
        }
    }

    /// Fails when it is the folder that is missing and not only a secret in it.
    async fn must_exist(&self) -> Result<(), Failure> {
        let query = SecretQuery {
            view_secret_value: Some("false".to_owned()),
            ..self.place.query()
        };
        self.list(&query).await.map(|_| ())
    }

    fn missing(&self, names: &[&SecretName]) -> Failure {
        let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
        Failure::not_found(format!("Not found: {}", names.join(", ")))
            .because(format!(
                "There is no such secret in environment '{}', folder {}.",
                self.place.environment, self.place.path
            ))
            .advise("`strongroom secrets` lists those that exist")
    }

    /// Prints values, or none of them: a line that is not there would make the next one look like it.
    async fn get(&self, names: &[SecretName], printer: &Printer) -> Result<(), Failure> {
        let mut text = Zeroizing::new(String::new());
        let mut missing = Vec::new();
        for name in names {
            match self
                .client
                .secret(name.as_str(), &self.place.effective_query())
                .await
            {
                Ok(secret) => {
                    text.push_str(secret.secret_value.expose());
                    text.push('\n');
                }
                Err(failure) if failure.status() == Some(404) => missing.push(name),
                Err(failure) => return Err(failure),
            }
        }
        if missing.is_empty() {
            return printer.data(&text);
        }
        self.must_exist().await?;
        Err(self.missing(&missing))
    }

    async fn set(
        &self,
        new: Vec<(SecretName, SecretText)>,
        comment: Option<SecretText>,
        printer: &Printer,
    ) -> Result<(), Failure> {
        let mut body = self.place.body();
        body.secret_comment = comment;
        for (name, value) in new {
            body.secret_value = Some(value);
            match self.client.set_secret(name.as_str(), &body).await {
                Ok(Change::Created) => printer.note(&format!("Created {name}")),
                Ok(Change::Updated) => printer.note(&format!("Updated {name}")),
                Err(failure) => return Err(Place::explain(failure, &self.client, &self.wanted).await),
            }
        }
        Ok(())
    }

    async fn delete(&self, names: &[SecretName], printer: &Printer) -> Result<(), Failure> {
        let mut missing = Vec::new();
        for name in names {
            match self.client.delete_secret(name.as_str(), &self.place.body()).await {
                Ok(()) => printer.note(&format!(
                    "Deleted {name} (shared, from environment '{}')",
                    self.place.environment
                )),
                Err(failure) if failure.status() == Some(404) => missing.push(name),
                Err(failure) => return Err(failure),
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        self.must_exist().await?;
        Err(self.missing(&missing))
    }
}

#[derive(Serialize)]
struct Listed<'a> {
    #[serde(rename = "secretKey")]
    name: &'a str,
    #[serde(rename = "secretValue")]
    value: &'a SecretText,
    #[serde(rename = "secretComment")]
    comment: &'a SecretText,
}

fn listed(output: Output, secrets: &[Secret], printer: &Printer) -> Result<Zeroizing<String>, Failure> {
    match output {
        Output::Table => {
            let rows: Vec<Vec<String>> = secrets
                .iter()
                .map(|secret| {
                    let texts = [secret.secret_value.expose(), secret.secret_comment.expose()];
                    std::iter::once(secret.secret_key.as_str())
                        .chain(texts)
                        .map(str::to_owned)
                        .collect()
                })
                .collect();
            Ok(Zeroizing::new(table(&["KEY", "VALUE", "COMMENT"], &rows)))
        }
        Output::Json => {
            let objects: Vec<Listed> = secrets
                .iter()
                .map(|secret| Listed {
                    name: &secret.secret_key,
                    value: &secret.secret_value,
                    comment: &secret.secret_comment,
                })
                .collect();
            let mut text = serde_json::to_string(&objects).map_err(|error| {
                Failure::new("The list could not be written as JSON").because(error.to_string())
            })?;
            text.push('\n');
            Ok(Zeroizing::new(text))
        }
        Output::Dotenv => export::write(Format::Dotenv, secrets, printer),
        Output::Yaml => export::write(Format::Yaml, secrets, printer),
    }
}

/// Names and new values from the arguments of `set`.
fn assignments(arguments: &[String], printer: &Printer) -> Result<Vec<(SecretName, SecretText)>, Failure> {
    match arguments {
        [name, value] if !name.contains('=') => Ok(vec![(parsed(name)?, given(name, value)?)]),
        [name] if !name.contains('=') => {
            let parsed = parsed(name)?;
            let value = if prompt::possible() {
                prompt::hidden(printer, &format!("Value of {name}:"))?
            } else {
                prompt::piped()?
            };
            // Nothing piped in is more often an accident than a wish, and it would replace a value.
            if value.is_empty() {
                return Err(Failure::usage(format!("There is no value for {name}"))
                    .because("Nothing was typed or piped in.")
                    .advise(format!("Write {name}= to set an empty value")));
            }
            Ok(vec![(parsed, value)])
        }
        _ => arguments
            .iter()
            .enumerate()
            .map(|(index, argument)| match argument.split_once('=') {
                Some((name, value)) => Ok((parsed(name)?, given(name, value)?)),
                // What stands there may be a value in the wrong place: it is not repeated.
                None => Err(Failure::usage(format!("Argument {} has no =", index + 1))
                    .advise("Write KEY=value or KEY=@file for each secret")),
            })
            .collect(),
    }
}

fn parsed(name: &str) -> Result<SecretName, Failure> {
    name.parse().map_err(|error| {
        Failure::usage(format!("'{name}' cannot be the name of a secret")).because(format!("{error}"))
    })
}

fn given(name: &str, value: &str) -> Result<SecretText, Failure> {
    if let Some(path) = value.strip_prefix('@') {
        return std::fs::read_to_string(Path::new(path))
            .map(SecretText::new)
            .map_err(|error| {
                Failure::new(format!("The file for {name} cannot be read"))
                    .because(format!("{path}: {error}"))
                    .advise("A value that begins with @ names a file; write \\@ for a plain @")
            });
    }
    let plain = value.strip_prefix('\\').filter(|rest| rest.starts_with('@'));
    Ok(SecretText::from(plain.unwrap_or(value)))
}

#[cfg(test)]
mod tests;
