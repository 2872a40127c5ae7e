//! `init`: says in a folder what project it belongs to.

use clap::Args;
use serde_json::json;

use super::client::Client;
use super::failure::Failure;
use super::place::{self, Place};
use super::printer::Printer;
use super::project_file;
use super::resolve::{self, ConnectionArgs, PlaceArgs};
use super::surroundings::Surroundings;

/// Arguments of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    place: PlaceArgs,
}

/// Runs `init`. What the file above or here says now is not asked: it is what is to be changed.
pub async fn run(args: InitArgs, printer: &Printer) -> Result<(), Failure> {
    let mut around = Surroundings::of_process();
    around.project_file = Ok(project_file::ProjectFile::default());
    let client = Client::connect(resolve::connection(&args.connection, &around)?).await?;
    let wanted = place::wanted(&args.place, &around, &client, printer).await?;
    let project = place::project(&client, &wanted).await?.name;
    let found = Place::find(&client, &wanted, printer).await?;
    let folder = std::env::current_dir()
        .map_err(|error| Failure::new("There is no folder to write to").because(error.to_string()))?;
    let written = project_file::write(&folder, &found.project, &found.environment)?;
    printer.done(
        &format!(
            "{} belongs to project '{project}', environment '{}'",
            folder.display(),
            found.environment
        ),
        &json!({"file": written, "workspaceId": found.project, "defaultEnvironment": found.environment}),
    )
}
