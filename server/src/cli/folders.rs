//! `folders`, also `secrets folders`: list, create and delete.

use clap::{Args, Subcommand};
use serde::Serialize;
use shared::wire::folders::{Folder, FolderBody, FolderQuery};

use super::client::Client;
use super::failure::Failure;
use super::place::{self, Place};
use super::printer::{Printer, table};
use super::resolve::{self, ConnectionArgs, PlaceArgs};
use super::secrets::infisical::frame;
use super::surroundings::Surroundings;

/// Arguments of `folders`.
#[derive(Debug, Args)]
pub struct FoldersArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(subcommand)]
    command: Option<FoldersCommand>,
}

/// What to do with folders.
#[derive(Debug, Subcommand)]
pub enum FoldersCommand {
    /// List the folders in a folder
    #[command(
        visible_alias = "get",
        after_help = "Examples:
  strongroom folders list --projectId home-lab --env dev
  strongroom secrets folders list --path /backup"
    )]
    List,
    /// Make a folder
    #[command(after_help = "Examples:
  strongroom folders create backup --projectId home-lab --env dev
  strongroom secrets folders create --path / --name backup")]
    Create(NameArgs),
    /// Put a folder and everything in it into the trash
    #[command(after_help = "Examples:
  strongroom folders delete backup --projectId home-lab --env dev
  strongroom secrets folders delete --path / --name backup")]
    Delete(NameArgs),
}

/// Name of a folder.
#[derive(Debug, Args)]
pub struct NameArgs {
    /// Name of the folder, in the one that --path names
    #[arg(required_unless_present = "named")]
    name: Option<String>,
    /// The same, as Infisical's scripts write it
    #[arg(long = "name", short = 'n', value_name = "NAME", conflicts_with = "name")]
    named: Option<String>,
}

impl NameArgs {
    fn name(&self) -> &str {
        self.name.as_ref().or(self.named.as_ref()).map_or("", |name| name)
    }
}

#[derive(Serialize)]
struct Listed<'a> {
    #[serde(rename = "folderName")]
    name: &'a str,
    #[serde(rename = "folderPath")]
    path: &'a str,
    #[serde(rename = "folderId")]
    id: String,
}

impl<'a> From<&'a Folder> for Listed<'a> {
    fn from(folder: &'a Folder) -> Self {
        Self {
            name: &folder.name,
            path: &folder.path,
            id: folder.id.to_string(),
        }
    }
}

/// Runs `folders`.
pub async fn run(args: FoldersArgs, printer: &Printer) -> Result<(), Failure> {
    let command = args.command.unwrap_or(FoldersCommand::List);
    perform(command, &args.connection, &args.place, printer).await
}

/// Runs it in the folder that the arguments name.
pub async fn perform(
    command: FoldersCommand,
    connection: &ConnectionArgs,
    place: &PlaceArgs,
    printer: &Printer,
) -> Result<(), Failure> {
    let around = Surroundings::of_process();
    let client = Client::connect(resolve::connection(connection, &around)?).await?;
    let wanted = place::wanted(place, &around, &client, printer).await?;
    let place = Place::find(&client, &wanted, printer).await?;
    let done = match command {
        FoldersCommand::List => list(&client, &place, printer).await,
        FoldersCommand::Create(args) => {
            let body = FolderBody {
                name: Some(args.name().to_owned()),
                ..body(&place)
            };
            match client.create_folder(&body).await {
                Ok(folder) => printer.done(&format!("Created {}", folder.path), &Listed::from(&folder)),
                Err(failure) => Err(failure),
            }
        }
        FoldersCommand::Delete(args) => match client.delete_folder(args.name(), &body(&place)).await {
            Ok(folder) => printer.done(
                &format!("Deleted {} with everything in it", folder.path),
                &Listed::from(&folder),
            ),
            Err(failure) => Err(failure),
        },
    };
    match done {
        Err(failure) => Err(Place::explain(failure, &client, &wanted).await),
        done => done,
    }
}

async fn list(client: &Client, place: &Place, printer: &Printer) -> Result<(), Failure> {
    let query = FolderQuery {
        workspace_id: Some(place.project.clone()),
        environment: Some(place.environment.clone()),
        path: Some(place.path.to_string()),
        ..FolderQuery::default()
    };
    let folders = client.folders(&query).await?;
    let listed: Vec<Listed> = folders.iter().map(Listed::from).collect();
    if printer.is_compat() {
        let rows: Vec<[String; 3]> = listed
            .iter()
            .map(|folder| [folder.name.to_owned(), folder.path.to_owned(), folder.id.clone()])
            .collect();
        return printer.data(&frame(["FOLDER NAME", "PATH", "FOLDER ID"], &rows));
    }
    let text = || {
        let rows: Vec<Vec<String>> = listed
            .iter()
            .map(|folder| vec![folder.name.to_owned(), folder.path.to_owned(), folder.id.clone()])
            .collect();
        table(&["NAME", "PATH", "ID"], &rows)
    };
    printer.result(text, &listed)
}

fn body(place: &Place) -> FolderBody {
    FolderBody {
        workspace_id: Some(place.project.clone()),
        environment: Some(place.environment.clone()),
        path: Some(place.path.to_string()),
        ..FolderBody::default()
    }
}
