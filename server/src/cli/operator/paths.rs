//! `paths` and `config`: where everything is, and which settings a server would start with.

use std::path::Path;

use clap::Args;
use serde_json::{Map, Value, json};

use super::serve::ServeArgs;
use super::{DataDirArgs, KeyArgs};
use crate::app::database::{NOTE, Place};
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
    let dir = args.data_dir.dir()?;
    let database = match dir.place() {
        // What is here says that the rows are somewhere else.
        Ok(Place::Postgres(_)) => dir.path().join(NOTE),
        _ => dir.database(),
    };
    let mut places = vec![
        ("data directory", dir.path().to_owned()),
        ("database", database),
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
    let shown = |path: &Option<std::path::PathBuf>| match path {
        Some(path) => path.display().to_string(),
        None => "none".to_owned(),
    };
    let database = match args.data_dir.dir()?.place() {
        Ok(Place::File) => "file in the data directory".to_owned(),
        Ok(Place::Postgres(address)) => format!("PostgreSQL ({address})"),
        Err(reason) => reason,
    };
    let settings = [
        ("data-dir", args.data_dir.path()?.display().to_string()),
        ("database", database),
        ("listen", args.listen.to_string()),
        ("identity", shown(identity)),
        ("passphrase-file", shown(passphrase_file)),
        ("accept-older-database", accept_older_database.to_string()),
        ("database-wait", args.database_wait.to_string()),
        ("fail-if-locked", args.fail_if_locked.to_string()),
    ];
    let text = || {
        let rows: Vec<Vec<String>> = settings
            .iter()
            .map(|(name, value)| vec![(*name).to_owned(), value.clone()])
            .collect();
        table(&["SETTING", "VALUE"], &rows)
    };
    let value: Map<String, Value> = settings
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    printer.result(text, &value)
}
