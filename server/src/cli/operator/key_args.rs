//! Where a command finds a key that opens the store: files, and the variables that an operator sets.

use std::path::{Path, PathBuf};

use clap::Args;
use shared::model::text::SecretText;

use crate::app::key_sources::KeySources;
use crate::config::{Environment, Problem, path, secret};
use crate::crypto::private_file;

/// Names the identity file.
pub const IDENTITY_FILE: &str = "STRONGROOM_IDENTITY_FILE";
/// What a service manager or a container engine calls the file.
const CREDENTIAL: &str = "strongroom-identity";
/// Where a container engine puts secrets.
const CONTAINER_SECRETS: &str = "/run/secrets";

/// What opens the store.
#[derive(Debug, Clone, Default, Args)]
pub struct KeyArgs {
    /// Identity file.
    #[arg(
        help = "age identity or SSH key that opens the store, if it is not in the data directory \
                  [default: strongroom-identity among the credentials of systemd or a container]"
    )]
    #[arg(long, value_name = "FILE", env = IDENTITY_FILE)]
    pub identity: Option<PathBuf>,
    /// File with the passphrase that opens the store
    #[arg(long, value_name = "FILE", env = "STRONGROOM_PASSPHRASE_FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Open a database that is older than the key files beside it
    #[arg(long)]
    pub accept_older_database: bool,
}

impl KeyArgs {
    /// Everything that is at hand.
    pub fn sources(&self) -> Result<KeySources, Problem> {
        let identity = self.identity.clone().or_else(|| {
            let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
            credentials
                .into_iter()
                .chain([PathBuf::from(CONTAINER_SECRETS)])
                .map(|folder| folder.join(CREDENTIAL))
                .find(|file| file.is_file())
        });
        let environment = Environment::of_process(None);
        let passphrase = match &self.passphrase_file {
            Some(file) => Some(read_line(file, "--passphrase-file")?),
            None => secret::passphrase(&environment)?,
        };
        Ok(KeySources {
            identity,
            passphrase,
            encryption_key: secret::encryption_key(&environment)?,
            accept_older_database: self.accept_older_database,
        })
    }
}

/// The text of a file without the line end that editors add.
pub fn read_line(file: &Path, flag: &str) -> Result<SecretText, Problem> {
    let refused = |why: String| {
        Problem::new(
            format!("The file of {flag} cannot be used"),
            path::reason(file, &why),
            "Name one that this process may read",
        )
    };
    let text = match path::shown(file) {
        // Its error names the file.
        Some(_) => private_file::read(file).map_err(|error| refused(error.to_string()))?,
        None => None,
    };
    let text = text.ok_or_else(|| refused("there is no such file".into()))?;
    Ok(SecretText::from(text.trim_end_matches(['\r', '\n'])))
}
