//! `paths` and `config`: where everything is, and which settings a server would start with.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value, json};

use super::DataDirArgs;
use crate::app::data_dir::DataDir;
use crate::app::database::{self, NOTE};
use crate::cli::arguments;
use crate::cli::failure::Failure;
use crate::cli::printer::{Printer, table};
use crate::cli::surroundings::Surroundings;
use crate::config::{self, Configuration};

/// Arguments of `paths`.
#[derive(Debug, Args)]
pub struct PathsArgs {
    /// Where the server keeps everything.
    #[command(flatten)]
    data_dir: DataDirArgs,
}

/// A place where something lies.
struct Place {
    what: &'static str,
    path: PathBuf,
    /// Who could do what with it.
    holds: &'static str,
    /// Whether a backup has it.
    in_backups: &'static str,
}

const SEALED: &str = "encrypted";
const SECRET: &str = "SECRET";
const NOTHING: &str = "nothing secret";

/// Runs `paths`.
pub fn paths(args: &PathsArgs, configuration: &Configuration, printer: &Printer) -> Result<(), Failure> {
    let dir = args.data_dir.dir()?;
    let places = places(&dir, configuration);
    let text = || {
        let rows: Vec<Vec<String>> = places
            .iter()
            .map(|place| {
                vec![
                    place.what.to_owned(),
                    place.path.display().to_string(),
                    place.holds.to_owned(),
                    place.in_backups.to_owned(),
                    there(&place.path).to_owned(),
                ]
            })
            .collect();
        table(&["WHAT", "PATH", "HOLDS", "IN BACKUPS", ""], &rows)
    };
    let value: Vec<Value> = places
        .iter()
        .map(|place| {
            json!({
                "what": place.what,
                "path": place.path,
                "exists": place.path.exists(),
                "holds": place.holds,
                "inBackups": place.in_backups,
            })
        })
        .collect();
    printer.result(text, &value)
}

fn places(dir: &DataDir, configuration: &Configuration) -> Vec<Place> {
    let database = match dir.place() {
        // What is here says that the rows are somewhere else.
        Ok(database::Place::Postgres(_)) => dir.path().join(NOTE),
        _ => dir.database(),
    };
    let place = |what, path, holds, in_backups| Place {
        what,
        path,
        holds,
        in_backups,
    };
    let in_dir = |name: &str| dir.path().join(name);
    let mut places = vec![
        place("data directory", dir.path().to_owned(), SECRET, "see below"),
        place("database", database, SEALED, "yes, every row"),
        place("keyring", in_dir("keyring.json"), SEALED, "yes"),
        place("keyring before", in_dir("keyring.previous.json"), SEALED, "no"),
        place(
            "server's own key",
            dir.identity(),
            SECRET,
            "no, a restore makes another",
        ),
        place(
            "locked certificate",
            dir.locked_certificate(),
            SECRET,
            "no, it is made anew",
        ),
        place("backups", dir.backups(), SEALED, "no"),
        place("control socket", dir.control_socket(), NOTHING, "no"),
    ];
    if let Some(file) = &configuration.file {
        places.push(place("configuration", file.clone(), "what you wrote", "no"));
    }
    for setting in configuration.secret_files() {
        let files = setting.values.iter().map(PathBuf::from);
        places.extend(
            files
                .filter(|file| config::path::shown(file).is_some())
                .map(|file| place("named by a setting", file, SECRET, "no")),
        );
    }
    if let Some(session) = Surroundings::of_process().session_path() {
        places.push(place("stored logins", session, SECRET, "no"));
    }
    if let Ok(program) = std::env::current_exe() {
        places.push(place("program", program, NOTHING, "no"));
    }
    places
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
