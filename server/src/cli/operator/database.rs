//! Which database a command works with, if not the one in the data directory.

use std::path::PathBuf;

use clap::Args;
use shared::model::text::SecretText;
use zeroize::Zeroizing;

use super::key_args::read_line;
use crate::config::{Environment, Problem, secret};
use crate::store::PostgresAddress;

/// PostgreSQL in place of the file in the data directory.
#[derive(Debug, Clone, Default, Args)]
pub struct DatabaseArgs {
    /// Address of PostgreSQL.
    #[arg(
        help = "PostgreSQL that holds the data in place of a file in the data directory. Other users of the machine see \
                arguments: an address with a password belongs into STRONGROOM_DATABASE_URL or a file"
    )]
    #[arg(long, value_name = "URL", conflicts_with = "database_url_file")]
    pub database_url: Option<SecretText>,
    /// File with the address of the PostgreSQL that holds the data
    #[arg(long, value_name = "FILE", env = "STRONGROOM_DATABASE_URL_FILE")]
    pub database_url_file: Option<PathBuf>,
}

impl DatabaseArgs {
    /// The address that was given: as an argument or in our variables, or else in Infisical's, which has no meaning for a
    /// store that lies in a file.
    pub fn address(&self, has_file: bool) -> Result<Option<PostgresAddress>, Problem> {
        let environment = Environment::of_process(None);
        let ours = match (&self.database_url, &self.database_url_file) {
            (Some(url), _) => Some(("--database-url", url.clone())),
            (None, Some(file)) => Some(("--database-url-file", read_line(file, "--database-url-file")?)),
            (None, None) => secret::said(&environment, secret::DATABASE_URL)?,
        };
        let found = match ours {
            None if has_file => None,
            None => secret::said(&environment, secret::CONNECTION_URI)?,
            ours => ours,
        };
        found.map(|(name, url)| parse(name, &url)).transpose()
    }
}

fn parse(name: &str, url: &SecretText) -> Result<PostgresAddress, Problem> {
    PostgresAddress::parse(&Zeroizing::new(url.expose().to_owned())).map_err(|why| {
        Problem::new(
            format!("The address of PostgreSQL in {name} cannot be used"),
            why,
            "Its form: postgres://user:password@host:5432/database?sslmode=verify-full, with %-encoding of what is special",
        )
    })
}
