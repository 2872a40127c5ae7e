//! Where a command finds a key that opens the store: files, and the variables that an operator sets.

use std::path::{Path, PathBuf};

use clap::Args;
use shared::model::text::SecretText;

use crate::app::key_sources::KeySources;
use crate::cli::failure::Failure;
use crate::crypto::private_file;
use crate::observe::process::secret_variable;

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
    #[arg(long, value_name = "FILE", env = "STRONGROOM_IDENTITY_FILE")]
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
    pub fn sources(&self) -> Result<KeySources, Failure> {
        let identity = self.identity.clone().or_else(|| {
            let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
            credentials
                .into_iter()
                .chain([PathBuf::from(CONTAINER_SECRETS)])
                .map(|folder| folder.join(CREDENTIAL))
                .find(|file| file.is_file())
        });
        let passphrase = match &self.passphrase_file {
            Some(file) => Some(read_line(file)?),
            None => secret_variable("STRONGROOM_PASSPHRASE"),
        };
        Ok(KeySources {
            identity,
            passphrase,
            encryption_key: encryption_key()?,
            accept_older_database: self.accept_older_database,
        })
    }
}

/// Infisical takes the first one that is set; each may also name a file.
fn encryption_key() -> Result<Option<(&'static str, SecretText)>, Failure> {
    for (variable, file) in [
        ("ENCRYPTION_KEY", "ENCRYPTION_KEY_FILE"),
        ("ROOT_ENCRYPTION_KEY", "ROOT_ENCRYPTION_KEY_FILE"),
    ] {
        if let Some(value) = secret_variable(variable) {
            return Ok(Some((variable, value)));
        }
        if let Some(path) = std::env::var_os(file).filter(|path| !path.is_empty()) {
            return Ok(Some((variable, read_line(Path::new(&path))?)));
        }
    }
    Ok(None)
}

/// The text of a file without the line end that editors add.
pub fn read_line(file: &Path) -> Result<SecretText, Failure> {
    let refused = |why: String| Failure::new(format!("{} cannot be used", file.display())).because(why);
    let text = private_file::read(file)
        .map_err(|error| refused(error.to_string()))?
        .ok_or_else(|| refused("there is no such file".into()))?;
    Ok(SecretText::from(text.trim_end_matches(['\r', '\n'])))
}
