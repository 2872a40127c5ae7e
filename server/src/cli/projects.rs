//! `projects`: those that the caller belongs to.

use clap::Args;
use serde::Serialize;
use shared::model::time::UnixMillis;
use shared::wire::projects::Project;

use super::client::Client;
use super::failure::Failure;
use super::printer::{Printer, table};
use super::resolve::{self, ConnectionArgs};
use super::surroundings::Surroundings;

/// Arguments of `projects`.
#[derive(Debug, Args)]
pub struct ProjectsArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Runs `projects`.
pub async fn run(args: ProjectsArgs, printer: &Printer) -> Result<(), Failure> {
    let connection = resolve::connection(&args.connection, &Surroundings::of_process())?;
    let projects = Client::connect(connection).await?.projects().await?;
    let value: Vec<Listed> = projects.iter().map(Listed::from).collect();
    printer.result(|| listed(&projects), &value)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed<'a> {
    id: String,
    name: &'a str,
    slug: &'a str,
    created_at: UnixMillis,
    environments: Vec<&'a str>,
}

impl<'a> From<&'a Project> for Listed<'a> {
    fn from(project: &'a Project) -> Self {
        Self {
            id: project.id.to_string(),
            name: &project.name,
            slug: &project.slug,
            created_at: project.created_at,
            environments: project
                .environments
                .iter()
                .map(|environment| environment.slug.as_str())
                .collect(),
        }
    }
}

fn listed(projects: &[Project]) -> String {
    let rows: Vec<Vec<String>> = projects
        .iter()
        .map(|project| {
            vec![
                project.id.to_string(),
                project.name.clone(),
                project.created_at.date(),
            ]
        })
        .collect();
    table(&["ID", "NAME", "CREATED"], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::client::fixture;

    #[test]
    fn columns() {
        let project = fixture::project(1, "home-lab", "Home Lab", &[]);
        assert_eq!(
            listed(std::slice::from_ref(&project)),
            format!(
                "ID{}NAME      CREATED\n{}  Home Lab  2025-11-22\n",
                " ".repeat(36),
                project.id
            )
        );
    }
}
