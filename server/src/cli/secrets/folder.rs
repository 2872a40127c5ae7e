//! A folder of secrets on a server.

use std::collections::HashMap;

use clap::Args;
use shared::model::names::{FolderPath, SecretName, TagSlug};
use shared::wire::secrets::{Secret, SecretQuery, SecretType};

use crate::cli::called;
use crate::cli::client::Client;
use crate::cli::failure::Failure;
use crate::cli::place::{self, Place};
use crate::cli::printer::Printer;
use crate::cli::resolve::{self, ConnectionArgs, PlaceArgs, Wanted};
use crate::cli::surroundings::Surroundings;

/// What of a folder a program gets.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Debug, Clone, Args)]
pub struct ReadArgs {
    /// Put in what `${NAME}` stands for
    #[arg(long, default_value_t = true, num_args = 0..=1, require_equals = true, default_missing_value = "true",
        action = clap::ArgAction::Set, value_name = "BOOL")]
    pub expand: bool,
    /// Add what the folder imports
    #[arg(long, default_value_t = true, num_args = 0..=1, require_equals = true, default_missing_value = "true",
        action = clap::ArgAction::Set, value_name = "BOOL")]
    pub include_imports: bool,
    /// Add the folders below; of two secrets of one name the one nearer to the top counts
    #[arg(long, default_value_t = false, num_args = 0..=1, require_equals = true, default_missing_value = "true",
        action = clap::ArgAction::Set, value_name = "BOOL")]
    pub recursive: bool,
    /// Only secrets with one of these tags
    #[arg(long, short = 't', value_delimiter = ',', value_name = "TAG,TAG")]
    pub tags: Vec<TagSlug>,
    /// Let your own values take the place of the shared ones
    #[arg(long, default_value_t = true, num_args = 0..=1, require_equals = true, default_missing_value = "true",
        action = clap::ArgAction::Set, value_name = "BOOL")]
    pub secret_overriding: bool,
}

impl Default for ReadArgs {
    fn default() -> Self {
        Self {
            expand: true,
            include_imports: true,
            recursive: false,
            tags: Vec::new(),
            secret_overriding: true,
        }
    }
}

impl ReadArgs {
    /// The query for what a program gets of a place.
    pub fn query(&self, place: &Place) -> SecretQuery {
        let is = |wanted: bool| Some(wanted.to_string());
        let tags: Vec<&str> = self.tags.iter().map(TagSlug::as_str).collect();
        SecretQuery {
            expand_secret_references: is(self.expand),
            include_imports: is(self.include_imports),
            recursive: Some("true".to_owned()).filter(|_| self.recursive),
            include_personal_overrides: is(self.secret_overriding),
            tag_slugs: Some(tags.join(",")).filter(|tags| !tags.is_empty()),
            ..place.query()
        }
    }
}

/// A folder on a server.
pub struct Folder {
    /// The server.
    pub client: Client,
    /// What was asked for.
    pub wanted: Wanted,
    /// What was found.
    pub place: Place,
}

impl Folder {
    /// Finds the folder that the arguments name.
    pub async fn open(
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

    /// What a query finds, as the server lists it.
    pub async fn list(&self, query: &SecretQuery) -> Result<Vec<Secret>, Failure> {
        match self.client.secrets(query).await {
            Ok(secrets) => Ok(secrets),
            Err(failure) => Err(self.explain(failure).await),
        }
    }

    /// What a program gets: one secret for each name, sorted.
    pub async fn effective(&self, read: &ReadArgs) -> Result<Vec<Secret>, Failure> {
        Ok(effective(self.list(&read.query(&self.place)).await?))
    }

    /// Why the server says that something is not there.
    pub async fn explain(&self, failure: Failure) -> Failure {
        Place::explain(failure, &self.client, &self.wanted).await
    }

    /// Fails when it is the folder that is missing and not only a secret in it.
    pub async fn must_exist(&self) -> Result<(), Failure> {
        let query = SecretQuery {
            view_secret_value: Some("false".to_owned()),
            ..self.place.query()
        };
        self.list(&query).await.map(|_| ())
    }

    /// What to say of names that are not there.
    pub fn missing(&self, names: &[&SecretName]) -> Failure {
        let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
        Failure::not_found(format!("Not found: {}", names.join(", ")))
            .because(format!(
                "There is no such secret in environment '{}', folder {}.",
                self.place.environment, self.place.path
            ))
            .advise(format!("`{} secrets` lists those that exist", called::command()))
    }
}

/// What a program gets of the folders that the arguments name: one secret for each name, sorted. Of several folders
/// the last one that has a name counts.
pub async fn fetch(
    connection: &ConnectionArgs,
    place: &PlaceArgs,
    read: &ReadArgs,
    printer: &Printer,
) -> Result<Vec<Secret>, Failure> {
    Source::open(connection, place, printer).await?.fetch(read).await
}

/// Folders that can be read again and again.
pub struct Source {
    folder: Folder,
    paths: Vec<FolderPath>,
}

impl Source {
    /// Finds the folders that the arguments name.
    pub async fn open(
        connection: &ConnectionArgs,
        place: &PlaceArgs,
        printer: &Printer,
    ) -> Result<Self, Failure> {
        let mut first = place.clone();
        let more = first.path.split_off(first.path.len().min(1));
        let folder = Folder::open(connection, &first, &Surroundings::of_process(), printer).await?;
        let mut paths = vec![folder.place.path.clone()];
        paths.extend(more);
        Ok(Self { folder, paths })
    }

    /// Reads them.
    pub async fn fetch(&self, read: &ReadArgs) -> Result<Vec<Secret>, Failure> {
        let mut secrets: Vec<Secret> = Vec::new();
        for path in &self.paths {
            let place = Place {
                path: path.clone(),
                ..self.folder.place.clone()
            };
            let found = effective(self.folder.list(&read.query(&place)).await?);
            secrets.retain(|secret| found.iter().all(|new| new.secret_key != secret.secret_key));
            secrets.extend(found);
        }
        secrets.sort_by(|a, b| a.secret_key.cmp(&b.secret_key));
        Ok(secrets)
    }
}

/// One secret for each name, sorted: that of the folder which comes first in the list, and of it the caller's own
/// override before the shared value.
pub fn effective(secrets: Vec<Secret>) -> Vec<Secret> {
    let mut folders: HashMap<(String, String), usize> = HashMap::new();
    let mut ranked: Vec<(usize, Secret)> = secrets
        .into_iter()
        .map(|secret| {
            let next = folders.len();
            let folder = (secret.environment.clone(), secret.secret_path.clone());
            (*folders.entry(folder).or_insert(next), secret)
        })
        .collect();
    ranked.sort_by(|(a_folder, a), (b_folder, b)| {
        let shared = |secret: &Secret| secret.kind == SecretType::Shared;
        (&a.secret_key, a_folder, shared(a)).cmp(&(&b.secret_key, b_folder, shared(b)))
    });
    ranked.dedup_by(|(_, later), (_, first)| later.secret_key == first.secret_key);
    ranked.into_iter().map(|(_, secret)| secret).collect()
}
