//! The folder of secrets that was meant, found on the server.

use shared::model::names::{FolderPath, environment_alias};
use shared::wire::projects::Project;
use shared::wire::secrets::{SecretBody, SecretQuery, SecretType};

use super::called;
use super::client::Client;
use super::failure::Failure;
use super::printer::Printer;
use super::prompt;
use super::resolve::{self, PlaceArgs, Wanted};
use super::surroundings::Surroundings;

/// A folder of an environment of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Id of the project.
    pub project: String,
    /// Slug of the environment.
    pub environment: String,
    /// Folder.
    pub path: FolderPath,
}

impl Place {
    /// Finds the folder that is wanted. A project given by its id and an environment without another name need
    /// no question to the server.
    pub async fn find(client: &Client, wanted: &Wanted, printer: &Printer) -> Result<Self, Failure> {
        let long_name = environment_alias(&wanted.environment)
            .is_some_and(|other| other.len() < wanted.environment.len());
        match wanted.project_id() {
            Some(id) if !long_name => Ok(Self {
                project: id.to_string(),
                environment: wanted.environment.clone(),
                path: wanted.path.clone(),
            }),
            // It may not list projects; the server knows them by every name.
            _ if client.has_service_token() => Ok(Self {
                project: wanted.project.clone(),
                environment: wanted.environment.clone(),
                path: wanted.path.clone(),
            }),
            _ => {
                let projects = client.projects().await?;
                let project = find(&projects, &wanted.project)?;
                let environment = environment(project, wanted)?;
                if environment != wanted.environment {
                    printer.note(&format!(
                        "There is no environment '{}': using '{environment}'",
                        wanted.environment
                    ));
                }
                Ok(Self {
                    project: project.id.to_string(),
                    environment: environment.to_owned(),
                    path: wanted.path.clone(),
                })
            }
        }
    }

    /// Why the server says that something is not there: a project or environment that does not exist is named with
    /// those that do. Any other failure stays as it is.
    pub async fn explain(failure: Failure, client: &Client, wanted: &Wanted) -> Failure {
        if failure.status() != Some(404) {
            return failure;
        }
        // Without the list the server's own words are the best there is.
        let Ok(projects) = client.projects().await else {
            return failure;
        };
        match find(&projects, &wanted.project) {
            Err(better) => better,
            Ok(project)
                if project
                    .environments
                    .iter()
                    .all(|known| known.slug != wanted.environment) =>
            {
                environment_not_found(project, wanted)
            }
            Ok(_) => failure,
        }
    }

    /// A query for what is stored in this place itself, as it is stored: without imports, references as they are
    /// written, and the shared values.
    pub fn query(&self) -> SecretQuery {
        SecretQuery {
            include_imports: Some("false".to_owned()),
            expand_secret_references: Some("false".to_owned()),
            project_id: Some(self.project.clone()),
            environment: Some(self.environment.clone()),
            secret_path: Some(self.path.to_string()),
            ..SecretQuery::default()
        }
    }

    /// This place as the body of a request that writes a shared secret.
    pub fn body(&self) -> SecretBody {
        SecretBody {
            workspace_id: Some(self.project.clone()),
            environment: Some(self.environment.clone()),
            secret_path: Some(self.path.to_string()),
            kind: Some(SecretType::Shared),
            ..SecretBody::default()
        }
    }
}

/// The folder of secrets that is meant; a person at a terminal is asked for what was not said.
pub async fn wanted(
    args: &PlaceArgs,
    around: &Surroundings,
    client: &Client,
    printer: &Printer,
) -> Result<Wanted, Failure> {
    if resolve::project(args, around)?.is_some() {
        return resolve::place(args, around);
    }
    if client.has_service_token() {
        let token = client.service_token().await?;
        let mut args = args.clone();
        args.project.project = Some(token.workspace.to_string());
        if let (None, [only]) = (&args.environment, &token.scopes[..]) {
            args.environment = Some(only.environment.clone());
        }
        return resolve::place(&args, around);
    }
    if !prompt::possible() || printer.is_json() {
        return resolve::place(args, around);
    }
    let projects = client.projects().await?;
    let mut args = args.clone();
    let names: Vec<String> = projects.iter().map(|project| project.name.clone()).collect();
    if names.is_empty() {
        return resolve::place(&args, around);
    }
    let title = format!("Select {} project:", called::product());
    let project = &projects[prompt::choice(printer, &title, &names)?];
    args.project.project = Some(project.id.to_string());
    if args.environment.is_none() && project.environments.len() > 1 {
        let slugs: Vec<String> = project
            .environments
            .iter()
            .map(|environment| environment.slug.clone())
            .collect();
        let chosen = prompt::choice(printer, "Select environment:", &slugs)?;
        args.environment = Some(slugs[chosen].clone());
    }
    resolve::place(&args, around)
}

/// The project that is wanted.
pub async fn project(client: &Client, wanted: &Wanted) -> Result<Project, Failure> {
    Ok(find(&client.projects().await?, &wanted.project)?.clone())
}

/// The project with this id, slug or unique name.
fn find<'a>(projects: &'a [Project], wanted: &str) -> Result<&'a Project, Failure> {
    let is_id = |project: &&Project| project.id.to_string().eq_ignore_ascii_case(wanted);
    if let Some(project) = projects.iter().find(is_id) {
        return Ok(project);
    }
    // The slug of one may be the name of another, made by somebody else: then only the id is clear.
    let named: Vec<&Project> = projects
        .iter()
        .filter(|project| project.slug == wanted || project.name == wanted)
        .collect();
    match named[..] {
        [project] => Ok(project),
        [] => {
            let failure = Failure::not_found(format!("Project '{wanted}' not found"));
            if projects.is_empty() {
                return Err(failure
                    .because("You belong to no project yet.")
                    .advise("Create one in the web interface, or ask to be added to one"));
            }
            Err(failure.because(format!("Available projects:\n{}", listed(projects.iter()))))
        }
        _ => Err(Failure::new(format!("Several projects are called '{wanted}'"))
            .because(listed(named.into_iter()))
            .advise("Use the id")),
    }
}

fn listed<'a>(projects: impl Iterator<Item = &'a Project>) -> String {
    projects
        .map(|project| format!("  {} ({}, {})", project.slug, project.name, project.id))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The environment with this slug, or the only one of a pair of usual names.
fn environment<'a>(project: &'a Project, wanted: &Wanted) -> Result<&'a str, Failure> {
    let known = |slug: &str| {
        let mut slugs = project
            .environments
            .iter()
            .map(|environment| environment.slug.as_str());
        slugs.find(|known| *known == slug)
    };
    known(&wanted.environment)
        .or_else(|| environment_alias(&wanted.environment).and_then(known))
        .ok_or_else(|| environment_not_found(project, wanted))
}

fn environment_not_found(project: &Project, wanted: &Wanted) -> Failure {
    let called = if wanted.project_id().is_some() {
        &project.name
    } else {
        &wanted.project
    };
    let slugs: Vec<&str> = project
        .environments
        .iter()
        .map(|environment| environment.slug.as_str())
        .collect();
    Failure::not_found(format!(
        "Environment '{}' not found in project '{called}'",
        wanted.environment
    ))
    .because(format!("Available environments: {}", slugs.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::client::fixture;

    fn wanted(project: &str, environment: &str) -> Wanted {
        Wanted {
            project: project.to_owned(),
            environment: environment.to_owned(),
            path: FolderPath::root(),
        }
    }

    fn projects() -> Vec<Project> {
        vec![
            fixture::project(1, "home-lab", "Home Lab", &["dev", "staging", "prod"]),
            fixture::project(2, "twin-one", "Twin", &["development"]),
            fixture::project(3, "twin-two", "Twin", &["stage", "production", "prod"]),
        ]
    }

    #[test]
    fn an_unknown_project_names_those_that_exist() {
        let projects = projects();
        let failure = find(&projects, "x").unwrap_err();
        let lines = failure.lines().unwrap();
        assert!(
            lines.starts_with("Project 'x' not found\nAvailable projects:\n  home-lab (Home Lab, "),
            "{lines}"
        );
        assert_eq!(lines.lines().count(), 5);
        let none = find(&[], "x").unwrap_err().lines().unwrap();
        assert!(none.contains("no project yet"), "{none}");
    }

    #[test]
    fn a_name_must_be_unique() {
        let projects = projects();
        let lines = find(&projects, "Twin").unwrap_err().lines().unwrap();
        assert!(
            lines.contains("twin-one") && lines.contains("twin-two") && !lines.contains("home-lab"),
            "{lines}"
        );
    }

    #[test]
    fn by_id_slug_and_name() {
        let projects = projects();
        let id = projects[0].id.to_string();
        for text in [&*id, &id.to_uppercase(), "home-lab", "Home Lab"] {
            assert_eq!(find(&projects, text).unwrap().slug, "home-lab", "{text}");
        }
    }

    #[test]
    fn environments_and_their_other_names() {
        let projects = projects();
        for (index, given, found) in [
            (0, "dev", Some("dev")),
            (0, "production", Some("prod")),
            (0, "development", Some("dev")),
            (0, "stage", Some("staging")),
            (1, "dev", Some("development")),
            (2, "staging", Some("stage")),
            (2, "production", Some("production")),
            (2, "prod", Some("prod")),
            (0, "PROD", None),
            (0, "qa", None),
            (1, "prod", None),
        ] {
            let wanted = wanted("p", given);
            assert_eq!(
                environment(&projects[index], &wanted).ok(),
                found,
                "{index} {given}"
            );
        }
    }

    #[test]
    fn an_unknown_environment_names_those_that_exist() {
        let projects = projects();
        let failure = environment(&projects[0], &wanted("home-lab", "qa")).unwrap_err();
        assert_eq!(
            failure.lines().unwrap(),
            "Environment 'qa' not found in project 'home-lab'\nAvailable environments: dev, staging, prod"
        );
        let by_id = wanted(&projects[0].id.to_string(), "qa");
        let failure = environment(&projects[0], &by_id).unwrap_err();
        assert_eq!(failure.what(), "Environment 'qa' not found in project 'Home Lab'");
    }
}
