//! `strongroom.toml`: settings under the names of their flags.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Arg;
use toml::{Table, Value};

use super::load::{long, takes_value};
use super::{Environment, Problem, path};

/// Its name in the data directory.
const NAME: &str = "strongroom.toml";

/// A configuration file that was read.
#[derive(Debug, Default)]
pub struct Settings {
    /// Which one; none when there is none.
    pub path: Option<PathBuf>,
    /// Values by the names of their flags.
    pub values: BTreeMap<String, Vec<OsString>>,
}

/// Reads the file that was named, else the one in the data directory, else that of the machine, if it is there.
pub fn read(
    named: Option<&Path>,
    data_dir: Option<&Path>,
    environment: &Environment,
    known: &[&Arg],
    problems: &mut Vec<Problem>,
) -> Settings {
    let own = data_dir.map(|dir| dir.join(NAME));
    let candidates = match named {
        Some(path) => vec![path.to_owned()],
        None => own
            .iter()
            .cloned()
            .chain([environment.system_file.clone()])
            .collect(),
    };
    for path in candidates {
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => continue,
            // A data directory that is no directory is said of the directory.
            Err(error) if error.kind() == ErrorKind::NotADirectory && named.is_none() => continue,
            Err(error) => {
                problems.push(Problem::new(
                    format!(
                        "The configuration file {} cannot be read",
                        path::shown(&path).as_deref().unwrap_or("that was named")
                    ),
                    error.to_string(),
                    "Let the user of this process read it, or name another with --config",
                ));
                return Settings::default();
            }
        };
        let in_data_dir = named.is_none() && own.as_ref() == Some(&path);
        let mut reader = Reader {
            path: &path,
            known,
            in_data_dir,
            problems,
        };
        let values = reader.values(&text);
        let secrets = known
            .iter()
            .any(|arg| arg.is_hide_env_values_set() && values.contains_key(long(arg)));
        if secrets && environment.is_open_to_all(&path) {
            problems.push(Problem::new(
                format!("The configuration file {} cannot be used", path.display()),
                "everybody on this machine may read it, and it holds a secret",
                format!("chmod o= {}", path.display()),
            ));
        }
        return Settings {
            path: Some(path),
            values,
        };
    }
    Settings::default()
}

struct Reader<'a> {
    path: &'a Path,
    known: &'a [&'a Arg],
    in_data_dir: bool,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn values(&mut self, text: &str) -> BTreeMap<String, Vec<OsString>> {
        let table = match text.parse::<Table>() {
            Ok(table) => table,
            Err(error) => {
                // Not the error's own text: it repeats the line, which may hold a secret.
                let line = error.span().map_or(1, |span| {
                    text.get(..span.start).unwrap_or_default().matches('\n').count() + 1
                });
                self.problems.push(Problem::new(
                    format!("The configuration file {} is not TOML", self.path.display()),
                    format!("line {line}: {}", error.message()),
                    "Mend that line: text stands in quotes, lists in brackets",
                ));
                return BTreeMap::new();
            }
        };
        table
            .into_iter()
            .filter_map(|(key, value)| Some((key.clone(), self.value(&key, value)?)))
            .collect()
    }

    fn value(&mut self, key: &str, value: Value) -> Option<Vec<OsString>> {
        let known: Vec<&Arg> = self.known.to_vec();
        let Some(arg) = known.iter().find(|arg| long(arg) == key) else {
            self.unknown(key);
            return None;
        };
        if key == "config" || (key == "data-dir" && self.in_data_dir) {
            self.refuse(
                key,
                "the file was found by it",
                "Set it with its flag or its variable",
            );
            return None;
        }
        let (expected, found) = if takes_value(arg) {
            match value {
                Value::Array(items) => ("text", items.into_iter().map(scalar).collect()),
                single => ("text", scalar(single).map(|text| vec![text])),
            }
        } else {
            let text = value
                .as_bool()
                .map(|given| vec![OsString::from(given.to_string())]);
            ("true or false", text)
        };
        if found.is_none() {
            self.refuse(
                key,
                &format!("it is not {expected}"),
                "Write it as the reference of the configuration shows it",
            );
        }
        found
    }

    fn unknown(&mut self, key: &str) {
        let closest = self
            .known
            .iter()
            .map(|arg| (strsim::jaro_winkler(long(arg), key), long(arg)))
            .max_by(|one, other| one.0.total_cmp(&other.0))
            .filter(|(likeness, _)| *likeness > 0.8);
        let next = match closest {
            Some((_, name)) => format!("Did you mean {name}?"),
            None => "Remove it; `strongroom config` lists the settings".to_owned(),
        };
        self.problems.push(Problem::new(
            format!("{} has an unknown key, {key}", self.path.display()),
            "a setting that is not understood is not passed over",
            next,
        ));
    }

    fn refuse(&mut self, key: &str, reason: &str, next: &str) {
        self.problems.push(
            Problem::new(
                format!("The key {key} in {} cannot be used", self.path.display()),
                reason,
                next,
            )
            .of(key),
        );
    }
}

/// What a flag would be given.
fn scalar(value: Value) -> Option<OsString> {
    match value {
        Value::String(text) => Some(text.into()),
        Value::Integer(number) => Some(number.to_string().into()),
        Value::Float(number) => Some(number.to_string().into()),
        Value::Boolean(given) => Some(given.to_string().into()),
        Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}
