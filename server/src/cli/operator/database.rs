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
    let parsed = if has_bare_at(url) {
        Err("an @ in a user name or a password is written %40".to_owned())
    } else {
        PostgresAddress::parse(&Zeroizing::new(url.expose().to_owned()))
    };
    parsed.map_err(|why| {
        // In a list of words an unknown one may be the end of a password with a space in it.
        let is_url = url.expose().contains("://");
        let why = why
            .split_once('`')
            .filter(|_| !is_url)
            .map_or(why.as_str(), |(what, _)| what.trim_end());
        Problem::new(
            format!("The address of PostgreSQL in {name} cannot be used"),
            why,
            "Its form: postgres://user:password@host:5432/database?sslmode=verify-full, with %-encoding of what is special",
        )
    })
}

/// Whether what follows the first @ of a URL has another one. The end of a password would be taken for the host, and shown.
fn has_bare_at(url: &SecretText) -> bool {
    let address = url.expose().split_once("://").map(|(_, address)| address);
    address
        .and_then(|address| address.split_once('@'))
        .is_some_and(|(_, host)| host.split('?').next().unwrap_or_default().contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_password_is_not_taken_for_the_host() {
        for url in [
            "postgres://kavi:four@canary@db.lan/strongroom",
            "postgresql://kavi:p@w/canary@db.lan:5432/strongroom?sslmode=require",
        ] {
            let told = parse("DB_CONNECTION_URI", &SecretText::from(url))
                .unwrap_err()
                .to_string();
            assert!(told.contains("%40") && !told.contains("canary"), "{told}");
        }
        let told = parse(
            "DB_CONNECTION_URI",
            &SecretText::from("host=db.lan password=four canary=five"),
        )
        .unwrap_err()
        .to_string();
        assert!(
            told.contains("unknown option") && !told.contains("canary"),
            "{told}"
        );
        for url in [
            "postgres://kavi:four%40five@db.lan/strongroom",
            "postgres://kavi:pw@db.lan/strongroom?application_name=a@b",
            "host=db.lan user=kavi password=a@b@c",
        ] {
            assert!(
                parse("DB_CONNECTION_URI", &SecretText::from(url)).is_ok(),
                "{url}"
            );
        }
    }
}
