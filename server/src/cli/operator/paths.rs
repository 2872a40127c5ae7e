//! `paths` and `config`: where everything is, and which settings a server would start with.

use std::path::Path;

use clap::Args;
use serde_json::{Map, Value, json};

use super::DataDirArgs;
use crate::app::database::{NOTE, Place};
use crate::cli::arguments;
use crate::cli::failure::Failure;
use crate::cli::printer::{Printer, table};
use crate::cli::surroundings::Surroundings;
use crate::config::Configuration;

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

/// Runs `config`: the settings that `serve` would have with the same arguments and surroundings, and where each comes from.
/// Values of secrets are not shown.
pub fn config(configuration: &Configuration, printer: &Printer) -> Result<(), Failure> {
    let text = || {
        let rows: Vec<Vec<String>> = configuration
            .settings
            .iter()
            .chain(&configuration.secrets)
            .map(|setting| vec![setting.name.clone(), setting.shown(), setting.source.to_string()])
            .collect();
        table(&["SETTING", "VALUE", "SOURCE"], &rows)
    };
    let value: Map<String, Value> = configuration
        .settings
        .iter()
        .chain(&configuration.secrets)
        .map(|setting| {
            let shown = json!({"value": setting.as_json(), "source": setting.source.to_string()});
            (setting.name.clone(), shown)
        })
        .collect();
    printer.result(text, &value)?;
    if configuration.problems.is_empty() {
        return Ok(());
    }
    Err(arguments::misconfigured(&configuration.problems))
}
