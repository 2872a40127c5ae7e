//! `paths` and `config`: where everything is, and which settings a server would start with.

use std::path::Path;

use clap::Args;
use serde_json::{Map, Value, json};

use super::serve::ServeArgs;
use super::{DataDirArgs, KeyArgs};
use crate::app::data_dir::DataDir;
use crate::cli::failure::Failure;
use crate::cli::printer::{Printer, table};
use crate::cli::surroundings::Surroundings;

/// Arguments of `paths`.
#[derive(Debug, Args)]
pub struct PathsArgs {
    /// Where the server keeps everything.
    #[command(flatten)]
    data_dir: DataDirArgs,
}

/// Runs `paths`.
pub fn paths(args: &PathsArgs, printer: &Printer) -> Result<(), Failure> {
    let dir = DataDir::new(args.data_dir.path()?);
    let mut places = vec![
        ("data directory", dir.path().to_owned()),
        ("database", dir.database()),
        ("server's own key", dir.identity()),
        ("keyring", dir.path().join("keyring.json")),
        ("control socket", dir.control_socket()),
        ("backups", dir.backups()),
    ];
    if let Some(session) = Surroundings::of_process().session_path() {
        places.push(("stored logins", session));
    }
    if let Ok(program) = std::env::current_exe() {
        places.push(("program", program));
    }
    let text = || {
        let rows: Vec<Vec<String>> = places
            .iter()
            .map(|(what, path)| {
                vec![
                    (*what).to_owned(),
                    path.display().to_string(),
                    there(path).to_owned(),
                ]
            })
            .collect();
        table(&["WHAT", "PATH", ""], &rows)
    };
    let value: Vec<Value> = places
        .iter()
        .map(|(what, path)| json!({"what": what, "path": path, "exists": path.exists()}))
        .collect();
    printer.result(text, &value)
}

fn there(path: &Path) -> &'static str {
    if path.exists() { "" } else { "not there" }
}

/// Runs `config`: the settings that `serve` would have with the same arguments and environment. Values of secrets are not
/// shown.
pub fn config(args: &ServeArgs, printer: &Printer) -> Result<(), Failure> {
    let KeyArgs {
        identity,
        passphrase_file,
        accept_older_database,
    } = &args.keys;
    let settings = [
        ("data-dir", json!(args.data_dir.path()?)),
        ("listen", json!(args.listen)),
        ("identity", json!(identity)),
        ("passphrase-file", json!(passphrase_file)),
        ("accept-older-database", json!(accept_older_database)),
        ("fail-if-locked", json!(args.fail_if_locked)),
    ];
    let text = || {
        let rows: Vec<Vec<String>> = settings
            .iter()
            .map(|(name, value)| {
                let shown = match value {
                    Value::Null => "none".to_owned(),
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                vec![(*name).to_owned(), shown]
            })
            .collect();
        table(&["SETTING", "VALUE"], &rows)
    };
    let value: Map<String, Value> = settings
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    printer.result(text, &value)
}
