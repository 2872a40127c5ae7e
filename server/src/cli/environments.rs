//! `environments`: list, create, rename, delete and clone.

use clap::{Args, Subcommand};
use serde::Serialize;
use shared::wire::environments::{
    CloneEnvironmentRequest, CreateEnvironmentRequest, Environment, UpdateEnvironmentRequest,
};
use shared::wire::projects::{EnvironmentSummary, Project};

use super::client::Client;
use super::failure::Failure;
use super::place;
use super::printer::{Printer, table};
use super::prompt;
use super::resolve::{self, ConnectionArgs, PlaceArgs, ProjectArgs};
use super::surroundings::Surroundings;

/// Arguments of `environments`.
#[derive(Debug, Args)]
pub struct EnvironmentsArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    project: ProjectArgs,
    #[command(subcommand)]
    command: Option<EnvironmentsCommand>,
}

#[derive(Debug, Subcommand)]
enum EnvironmentsCommand {
    /// List the environments of a project
    #[command(after_help = "Examples:
  strongroom environments list --projectId home-lab")]
    List,
    /// Make an environment
    #[command(after_help = "Examples:
  strongroom environments create dev_personal --projectId home-lab
  strongroom environments create qa --name \"Quality assurance\"")]
    Create(CreateArgs),
    /// Give an environment another slug or name
    #[command(after_help = "Examples:
  strongroom environments rename qa quality --projectId home-lab
  strongroom environments rename qa --name \"Quality assurance\"")]
    Rename(RenameArgs),
    /// Put an environment and its secrets into the trash
    #[command(after_help = "Examples:
  strongroom environments delete qa --projectId home-lab")]
    Delete(DeleteArgs),
    /// Make an environment with the folders and secrets of another one
    #[command(after_help = "Examples:
  strongroom environments clone prod staging2 --projectId home-lab
  strongroom environments clone prod empty --without-secrets")]
    Clone(CloneArgs),
}

#[derive(Debug, Args)]
struct CreateArgs {
    /// Slug of the new environment
    slug: String,
    /// Its name [default: the slug]
    #[arg(long)]
    name: Option<String>,
}

#[derive(Debug, Args)]
struct RenameArgs {
    /// Slug of the environment
    environment: String,
    /// Its new slug
    #[arg(required_unless_present = "name")]
    new_slug: Option<String>,
    /// Its new name
    #[arg(long)]
    name: Option<String>,
}

#[derive(Debug, Args)]
struct DeleteArgs {
    /// Slug of the environment
    environment: String,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

#[derive(Debug, Args)]
struct CloneArgs {
    /// Slug of the environment to copy
    environment: String,
    /// Slug of the new one
    slug: String,
    /// Name of the new one [default: its slug]
    #[arg(long)]
    name: Option<String>,
    /// Copy folders and imports alone
    #[arg(long)]
    without_secrets: bool,
}

#[derive(Serialize)]
struct Listed<'a> {
    id: String,
    slug: &'a str,
    name: &'a str,
}

impl<'a> From<&'a EnvironmentSummary> for Listed<'a> {
    fn from(environment: &'a EnvironmentSummary) -> Self {
        Self {
            id: environment.id.to_string(),
            slug: &environment.slug,
            name: &environment.name,
        }
    }
}

impl<'a> From<&'a Environment> for Listed<'a> {
    fn from(environment: &'a Environment) -> Self {
        Self {
            id: environment.id.to_string(),
            slug: &environment.slug,
            name: &environment.name,
        }
    }
}

/// Runs `environments`.
pub async fn run(args: EnvironmentsArgs, printer: &Printer) -> Result<(), Failure> {
    let around = Surroundings::of_process();
    let client = Client::connect(resolve::connection(&args.connection, &around)?).await?;
    let place = PlaceArgs::from(args.project);
    let wanted = place::wanted(&place, &around, &client, printer).await?;
    let project = place::project(&client, &wanted).await?;
    let id = project.id.to_string();
    let done = |verb: &str, environment: &Environment| {
        printer.done(
            &format!("{verb} the environment '{}'", environment.slug),
            &Listed::from(environment),
        )
    };
    match args.command.unwrap_or(EnvironmentsCommand::List) {
        EnvironmentsCommand::List => {
            let listed: Vec<Listed> = project.environments.iter().map(Listed::from).collect();
            let rows = || {
                let row = |environment: &Listed| {
                    vec![
                        environment.slug.to_owned(),
                        environment.name.to_owned(),
                        environment.id.clone(),
                    ]
                };
                table(
                    &["SLUG", "NAME", "ID"],
                    &listed.iter().map(row).collect::<Vec<_>>(),
                )
            };
            printer.result(rows, &listed)
        }
        EnvironmentsCommand::Create(args) => {
            let body = CreateEnvironmentRequest {
                name: args.name.unwrap_or_else(|| args.slug.clone()),
                slug: args.slug,
                position: None,
            };
            done("Created", &client.create_environment(&id, &body).await?)
        }
        EnvironmentsCommand::Rename(args) => {
            let found = find(&project, &args.environment)?;
            let body = UpdateEnvironmentRequest {
                name: args.name,
                slug: args.new_slug,
                position: None,
            };
            let renamed = client.update_environment(&id, &found, &body).await?;
            done("Renamed", &renamed)
        }
        EnvironmentsCommand::Delete(args) => {
            let found = find(&project, &args.environment)?;
            if !args.yes {
                confirm(&args.environment, &project, printer)?;
            }
            done("Deleted", &client.delete_environment(&id, &found).await?)
        }
        EnvironmentsCommand::Clone(args) => {
            let found = find(&project, &args.environment)?;
            let body = CloneEnvironmentRequest {
                name: args.name.unwrap_or_else(|| args.slug.clone()),
                slug: args.slug,
                with_secrets: !args.without_secrets,
            };
            let made = client.clone_environment(&id, &found, &body).await?;
            printer.done(
                &format!(
                    "Created the environment '{}' with {} folders, {} imports and {} secrets",
                    made.environment.slug, made.folders, made.imports, made.secrets
                ),
                &made,
            )
        }
    }
}

fn confirm(slug: &str, project: &Project, printer: &Printer) -> Result<(), Failure> {
    if !prompt::possible() {
        return Err(Failure::usage("Nobody can confirm that the environment is to go")
            .because("There is no terminal to ask on.")
            .advise("Add --yes"));
    }
    let question = format!(
        "Delete the environment '{slug}' of '{}' with all its secrets? Type its slug:",
        project.name
    );
    if prompt::line(printer, &question)? == slug {
        return Ok(());
    }
    Err(Failure::new("Nothing was deleted"))
}

/// The id of the environment with this slug.
fn find(project: &Project, slug: &str) -> Result<String, Failure> {
    let found = project
        .environments
        .iter()
        .find(|environment| environment.slug == slug);
    found
        .map(|environment| environment.id.to_string())
        .ok_or_else(|| {
            let slugs: Vec<&str> = project
                .environments
                .iter()
                .map(|environment| environment.slug.as_str())
                .collect();
            Failure::not_found(format!(
                "Environment '{slug}' not found in project '{}'",
                project.name
            ))
            .because(format!("Available environments: {}", slugs.join(", ")))
        })
}
