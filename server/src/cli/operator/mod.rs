//! Commands of the person who runs the server. They work on its data directory, whether it is up or down.

pub mod admin;
pub mod backup;
mod database;
pub mod doctor;
mod first_lines;
mod key_args;
pub mod keys;
mod network_args;
pub mod new_file;
pub mod paths;
mod plugin;
mod ports;
pub mod restore;
pub mod runbook;
pub mod serve;
pub mod setup_code;
mod submit;
mod teller;
pub mod tls_args;
pub mod unlock;

use std::path::PathBuf;

use clap::Args;

use super::failure::Failure;
use crate::app::data_dir::DataDir;
use database::DatabaseArgs;
pub use key_args::KeyArgs;
pub use network_args::NetworkArgs;

/// The data directory, and what is configured in a file.
#[derive(Debug, Clone, Default, Args)]
pub struct PlaceArgs {
    /// Data directory.
    #[arg(help = "Data directory [default: /var/lib/strongroom for root, else $XDG_DATA_HOME/strongroom]")]
    #[arg(long, value_name = "DIR", env = "STRONGROOM_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// Configuration file.
    #[arg(
        help = "Configuration file [default: strongroom.toml in the data directory, else /etc/strongroom/strongroom.toml]"
    )]
    #[arg(long, value_name = "FILE", env = "STRONGROOM_CONFIG")]
    pub config: Option<PathBuf>,
}

/// Where the server keeps everything.
#[derive(Debug, Clone, Default, Args)]
pub struct DataDirArgs {
    /// The directory.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// PostgreSQL.
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// The server's data, and what opens it while the server is down; a running one has opened it already.
#[derive(Debug, Clone, Default, Args)]
pub struct StoreArgs {
    /// Where it is.
    #[command(flatten)]
    pub data_dir: DataDirArgs,
    /// What opens it.
    #[command(flatten)]
    pub keys: KeyArgs,
}

impl DataDirArgs {
    /// It, with the address of its database if one was given.
    pub fn dir(&self) -> Result<DataDir, Failure> {
        let dir = DataDir::new(self.path()?);
        // What cannot be looked at is told by whoever opens it.
        let has_file = dir.has_database().unwrap_or_default();
        Ok(dir.with_database(self.database.address(has_file)?))
    }

    /// The directory that was named, or the default one of this user.
    pub fn path(&self) -> Result<PathBuf, Failure> {
        if let Some(path) = &self.place.data_dir {
            return Ok(path.clone());
        }
        let root = rustix::process::geteuid().is_root();
        default_data_dir(root, |name| std::env::var_os(name).map(PathBuf::from)).ok_or_else(|| {
            Failure::usage("There is no default data directory")
                .because("Neither XDG_DATA_HOME nor HOME is set.")
                .advise("Name one with --data-dir")
        })
    }
}

fn default_data_dir(root: bool, variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    if root {
        return Some(PathBuf::from("/var/lib/strongroom"));
    }
    // The XDG specification says that relative paths are to be ignored.
    let absolute = |name: &str| variable(name).filter(|path| path.is_absolute());
    let base =
        absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")))?;
    Some(base.join("strongroom"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_data_dirs() {
        let with = |root, xdg: Option<&str>, home: Option<&str>| {
            default_data_dir(root, |name| match name {
                "XDG_DATA_HOME" => xdg.map(PathBuf::from),
                "HOME" => home.map(PathBuf::from),
                _ => None,
            })
        };
        assert_eq!(
            with(true, Some("/x"), Some("/h")),
            Some("/var/lib/strongroom".into())
        );
        assert_eq!(with(false, Some("/x"), Some("/h")), Some("/x/strongroom".into()));
        assert_eq!(
            with(false, None, Some("/h")),
            Some("/h/.local/share/strongroom".into())
        );
        assert_eq!(
            with(false, Some("x"), Some("/h")),
            Some("/h/.local/share/strongroom".into())
        );
        assert_eq!(with(false, None, None), None);
    }
}
