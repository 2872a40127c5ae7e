//! `secrets`: list, get, set, delete, folders, and an example of a `.env` file.

pub mod example;
pub mod folder;
pub mod infisical;
pub mod set;

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use serde_json::json;
use shared::model::names::SecretName;
use shared::model::text::SecretText;
use shared::wire::secrets::{Secret, SecretType};
use zeroize::Zeroizing;

use super::export::{self, Format};
use super::failure::Failure;
use super::folders::{self, FoldersCommand};
use super::printer::{Printer, json_line, table};
use super::resolve::{ConnectionArgs, PlaceArgs};
use super::surroundings::Surroundings;
use folder::{Folder, ReadArgs, effective};
use set::{Kind, SetArgs};

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
  strongroom secrets set                         (asks for one after the other)
  strongroom secrets set --file .env
  pwgen 32 1 | strongroom secrets set API_KEY

A value that begins with @ names a file; write \\@ for a plain @ at the beginning.")]
    Set(SetArgs),
    /// Delete secrets, for everybody in the project
    #[command(after_help = "Examples:
  strongroom secrets delete OLD_KEY --projectId home-lab --env dev
  strongroom secrets delete OLD_KEY --type personal")]
    Delete(DeleteArgs),
    /// Write names and comments as a .env file without values
    #[command(after_help = "Examples:
  strongroom secrets generate-example-env --projectId home-lab > .env.example

DEFAULT: in a comment gives a value that goes into the file.")]
    GenerateExampleEnv(ReadArgs),
    /// The same as `folders`
    #[command(
        subcommand,
        after_help = "Examples:
  strongroom secrets folders get --projectId home-lab --env dev"
    )]
    Folders(FoldersCommand),
}

#[derive(Debug, Clone, Default, Args)]
struct ListArgs {
    /// Format of the list [default: table]
    #[arg(long, short = 'o', value_enum)]
    output: Option<Output>,
    /// Print KEY=value lines instead of a table
    #[arg(long)]
    plain: bool,
    #[command(flatten)]
    read: ReadArgs,
}

#[derive(Debug, Args)]
struct GetArgs {
    /// Names of secrets
    #[arg(required = true, value_name = "NAME")]
    names: Vec<SecretName>,
    /// Accepted for scripts written for Infisical: bare values are what is printed, unless --compat draws a table
    #[arg(long, visible_alias = "raw-value")]
    plain: bool,
    #[command(flatten)]
    read: ReadArgs,
}

#[derive(Debug, Args)]
struct DeleteArgs {
    /// Names of secrets
    #[arg(required = true, value_name = "NAME")]
    names: Vec<SecretName>,
    /// Which value: everybody's, or your own
    #[arg(long = "type", value_enum, default_value_t = Kind::Shared)]
    kind: Kind,
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
    let is_list = matches!(args.command, None | Some(SecretsCommand::List(_)));
    if !is_list && args.list.output.is_some() {
        return Err(Failure::usage("--output is for the list alone").advise("See strongroom secrets --help"));
    }
    if let Some(SecretsCommand::Folders(command)) = args.command {
        return folders::perform(command, &args.connection, &args.place, printer).await;
    }
    // Everything that can be wrong with new values is found before the server hears of it.
    let new = match &args.command {
        Some(SecretsCommand::Set(set)) => set.assignments(printer)?,
        _ => Vec::new(),
    };
    let folder = Folder::open(&args.connection, &args.place, &around, printer).await?;
    match args.command {
        None => folder.show(&args.list, printer).await,
        Some(SecretsCommand::List(list)) => {
            let list = ListArgs {
                output: list.output.or(args.list.output),
                plain: list.plain || args.list.plain,
                ..list
            };
            folder.show(&list, printer).await
        }
        Some(SecretsCommand::Get(get)) => folder.get(&get, printer).await,
        Some(SecretsCommand::Set(set)) => folder.set(new, &set, printer).await,
        Some(SecretsCommand::Delete(delete)) => {
            folder.delete(&delete.names, delete.kind.into(), printer).await
        }
        Some(SecretsCommand::GenerateExampleEnv(read)) => {
            let secrets = folder.effective(&read).await?;
            let text = example::example(&secrets);
            printer.result(|| text.clone(), &json!({"text": text}))
        }
        Some(SecretsCommand::Folders(_)) => Ok(()),
    }
}

impl Folder {
    async fn show(&self, list: &ListArgs, printer: &Printer) -> Result<(), Failure> {
        let output = match list.output {
            Some(output) => output,
            None if printer.is_json() => Output::Json,
            None if list.plain => Output::Dotenv,
            None => Output::Table,
        };
        let found = self.list(&list.read.query(&self.place)).await?;
        let several = list.read.recursive && matches!(output, Output::Table | Output::Json);
        let secrets = if several {
            // Each with its folder: nothing is hidden behind another of its name.
            found
        } else {
            effective(found)
        };
        if printer.is_compat() && output == Output::Table {
            let rows = secrets
                .iter()
                .map(|secret| (secret.secret_key.as_str(), Some(secret)));
            return printer.data(&Zeroizing::new(infisical::secrets(rows)));
        }
        printer.data(&listed(output, &secrets, several, printer)?)
    }

    /// Prints values, or none of them: a line that is not there would make the next one look like it.
    async fn get(&self, get: &GetArgs, printer: &Printer) -> Result<(), Failure> {
        let names = &get.names;
        let effective = self.effective(&get.read).await?;
        if printer.is_compat() && !get.plain {
            let found =
                |name: &SecretName| effective.iter().find(|secret| secret.secret_key == name.as_str());
            let rows = names.iter().map(|name| (name.as_str(), found(name)));
            return printer.data(&Zeroizing::new(infisical::secrets(rows)));
        }
        let mut found = Vec::new();
        let mut missing = Vec::new();
        for name in names {
            match effective
                .iter()
                .position(|secret| secret.secret_key == name.as_str())
            {
                // A name may be asked for twice.
                Some(index) => found.push(effective[index].clone()),
                None => missing.push(name),
            }
        }
        if !missing.is_empty() && !printer.is_compat() {
            return Err(self.missing(&missing));
        }
        if printer.is_json() {
            return printer.data(&listed(Output::Json, &found, false, printer)?);
        }
        let mut text = Zeroizing::new(String::new());
        for secret in &found {
            text.push_str(secret.secret_value.expose());
            text.push('\n');
        }
        printer.data(&text)
    }

    async fn delete(&self, names: &[SecretName], kind: SecretType, printer: &Printer) -> Result<(), Failure> {
        let mut body = self.place.body();
        body.kind = Some(kind);
        let whose = match kind {
            SecretType::Shared => "shared",
            SecretType::Personal => "personal",
        };
        let mut deleted = Vec::new();
        let mut missing = Vec::new();
        for name in names {
            match self.client.delete_secret(name.as_str(), &body).await {
                Ok(()) => {
                    if !printer.is_json() {
                        printer.note(&format!(
                            "Deleted {name} ({whose}, from environment '{}')",
                            self.place.environment
                        ));
                    }
                    deleted.push(json!({"name": name.as_str(), "result": "deleted", "type": whose}));
                }
                Err(failure) if failure.status() == Some(404) => missing.push(name),
                Err(failure) => return Err(failure),
            }
        }
        if printer.is_json() {
            printer.result(String::new, &deleted)?;
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
    #[serde(rename = "secretPath", skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
}

fn listed(
    output: Output,
    secrets: &[Secret],
    with_path: bool,
    printer: &Printer,
) -> Result<Zeroizing<String>, Failure> {
    match output {
        Output::Table => {
            let rows: Vec<Vec<String>> = secrets
                .iter()
                .map(|secret| {
                    let path = with_path.then_some(secret.secret_path.as_str());
                    let texts = [secret.secret_value.expose(), secret.secret_comment.expose()];
                    path.into_iter()
                        .chain([secret.secret_key.as_str()])
                        .chain(texts)
                        .map(str::to_owned)
                        .collect()
                })
                .collect();
            let header = ["PATH", "KEY", "VALUE", "COMMENT"];
            Ok(Zeroizing::new(table(&header[usize::from(!with_path)..], &rows)))
        }
        Output::Json => {
            let objects: Vec<Listed> = secrets
                .iter()
                .map(|secret| Listed {
                    name: &secret.secret_key,
                    value: &secret.secret_value,
                    comment: &secret.secret_comment,
                    path: with_path.then_some(&secret.secret_path),
                })
                .collect();
            json_line(&objects)
        }
        Output::Dotenv => export::write(Format::Dotenv, secrets, printer),
        Output::Yaml => export::write(Format::Yaml, secrets, printer),
    }
}

#[cfg(test)]
mod tests;
