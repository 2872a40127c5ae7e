//! What the surroundings of the process say: its variables, and the credentials that a service manager hands to it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use shared::model::text::SecretText;

use super::{Problem, Source, path};
use crate::crypto::private_file;
use crate::observe::process;

/// Where container engines put secrets, readable by everybody in the container.
const CONTAINER_SECRETS: &str = "/run/secrets";
/// The configuration of a machine.
const SYSTEM_FILE: &str = "/etc/strongroom/strongroom.toml";

/// Variables, and the places beside them. An empty variable counts as not set: that is what compose files make of
/// `${NAME:-}`.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    plain: BTreeMap<String, OsString>,
    secret: BTreeMap<String, SecretText>,
    /// The data directory of whoever names none.
    pub default_data_dir: Option<PathBuf>,
    /// The configuration file of a machine, where the data directory has none.
    pub system_file: PathBuf,
}

impl Environment {
    /// That of this process. Secrets among its variables may have been taken out of them already.
    pub fn of_process(default_data_dir: Option<PathBuf>) -> Self {
        let plain = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .filter(|(name, value)| !value.is_empty() && name != process::HANDED_ON)
            .collect();
        let secret = process::handed_on()
            .into_iter()
            .filter(|(_, value)| !value.expose().trim().is_empty())
            .collect();
        Self {
            plain,
            secret,
            default_data_dir,
            system_file: SYSTEM_FILE.into(),
        }
    }

    /// One with these variables and no others.
    pub fn of(variables: &[(&str, &str)]) -> Self {
        let plain = variables.iter().filter(|(_, value)| !value.is_empty());
        Self {
            plain: plain
                .map(|(name, value)| ((*name).to_owned(), (*value).into()))
                .collect(),
            ..Self::default()
        }
    }

    /// Names of all variables that are set, in order.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .plain
            .keys()
            .chain(self.secret.keys())
            .map(String::as_str)
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether a variable is set.
    pub fn has(&self, name: &str) -> bool {
        self.plain.contains_key(name) || self.secret.contains_key(name)
    }

    /// Whether anything says what a variable would: itself, the file that the variable with `_FILE` names, or a credential.
    pub fn is_given(&self, name: &str) -> bool {
        self.has(name) || self.is_replaced(name) || self.credential_file(name).is_some()
    }

    /// The value of a variable, for whoever parses it.
    pub fn get(&self, name: &str) -> Option<OsString> {
        let secret = self.secret.get(name).map(|value| OsString::from(value.expose()));
        secret.or_else(|| self.plain.get(name).cloned())
    }

    /// The same as text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.into_string().ok()
    }

    /// The value of a variable that is a secret.
    fn secret_text(&self, name: &str) -> Result<Option<SecretText>, Problem> {
        if let Some(value) = self.secret.get(name) {
            return Ok(Some(value.clone()));
        }
        match self.plain.get(name).map(|value| value.to_str()) {
            Some(Some(value)) => Ok(Some(SecretText::from(value))),
            Some(None) => Err(Problem::new(
                format!("{name} cannot be used"),
                "it is not text in UTF-8",
                "Set it to text",
            )),
            None => Ok(None),
        }
    }

    /// Whether something may stand in the place of a variable: both at once are not taken.
    pub fn is_replaced(&self, name: &str) -> bool {
        file_variable(name).is_some_and(|file| self.has(&file))
    }

    /// A value that was read, for whoever parses it.
    pub fn value(text: &SecretText) -> OsString {
        text.expose().into()
    }

    /// What a variable says: itself, the file that the variable with `_FILE` names, or the credential of that name.
    pub fn said(&self, name: &str, secret: bool) -> Result<Option<(Source, SecretText)>, Problem> {
        let file = file_variable(name);
        let own = self.secret_text(name)?;
        let path = file.as_ref().and_then(|file| self.get(file)).map(PathBuf::from);
        match (own, file, path) {
            (Some(_), Some(file), Some(_)) => Err(both_set(name, &file)),
            (Some(value), ..) => Ok(Some((Source::Variable(name.to_owned()), value))),
            (None, Some(variable), Some(path)) => {
                let text = self.read(&path, secret).map_err(|reason| {
                    Problem::new(
                        format!("{variable} cannot be used"),
                        path::reason(&path, &reason),
                        if reason.starts_with("everybody") {
                            format!("chmod o= {}", path.display())
                        } else {
                            format!("Name a file that this process may read, or remove {variable}")
                        },
                    )
                })?;
                Ok(Some((Source::VariableFile { variable, path }, text)))
            }
            _ => self.credential(name),
        }
    }

    /// What a variable says that names a file: itself, the same with `_FILE` behind it, or the credential of that name, which
    /// is the file.
    pub fn file_said(&self, name: &str) -> Result<Option<(Source, OsString)>, Problem> {
        let longer = file_variable(name).filter(|longer| self.has(longer));
        let spelling = match (self.has(name), longer) {
            (true, Some(longer)) => return Err(both_set(name, &longer)),
            (_, Some(longer)) => longer,
            (_, None) => name.to_owned(),
        };
        if let Some(value) = self.get(&spelling) {
            return Ok(Some((Source::Variable(spelling), value)));
        }
        let credential = self.credential_file(name);
        Ok(credential.map(|path| (Source::Credential(path.clone()), path.into())))
    }

    fn credential_file(&self, name: &str) -> Option<PathBuf> {
        let file = self.credentials()?.join(name);
        file.exists().then_some(file)
    }

    fn credential(&self, name: &str) -> Result<Option<(Source, SecretText)>, Problem> {
        let Some(path) = self.credential_file(name) else {
            return Ok(None);
        };
        let text = self.read(&path, false).map_err(|reason| {
            Problem::new(
                format!("The credential {name} cannot be used"),
                format!("{}: {reason}", path.display()),
                "Look at LoadCredential= in the unit",
            )
        })?;
        Ok(Some((Source::Credential(path), text)))
    }

    fn credentials(&self) -> Option<PathBuf> {
        self.get("CREDENTIALS_DIRECTORY").map(PathBuf::from)
    }

    /// The text of a file without the line end that editors add. An empty one is nobody's intention.
    fn read(&self, path: &Path, secret: bool) -> Result<SecretText, String> {
        let text = match path::shown(path) {
            // Its error names the file.
            Some(_) => private_file::read(path).map_err(|error| error.to_string())?,
            None => None,
        };
        let text = text.ok_or("there is no such file")?;
        if secret && self.is_open_to_all(path) {
            return Err("everybody on this machine may read the file, and it holds a secret".to_owned());
        }
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            return Err("the file is empty".to_owned());
        }
        Ok(SecretText::from(text))
    }

    /// Whether everybody may read a file. Those of container engines and service managers are in nobody else's view.
    pub fn is_open_to_all(&self, path: &Path) -> bool {
        let sheltered = self
            .credentials()
            .into_iter()
            .chain([PathBuf::from(CONTAINER_SECRETS)])
            .any(|folder| path.starts_with(folder));
        !sheltered && private_file::is_open_to_all(path)
    }
}

fn both_set(name: &str, file: &str) -> Problem {
    Problem::new(
        format!("{name} and {file} are both set"),
        "they may disagree",
        format!("Remove one of them, {name} if the value is secret"),
    )
}

/// The variable that names a file with the value of another.
pub fn file_variable(name: &str) -> Option<String> {
    // It names a file itself.
    (!name.ends_with("_FILE")).then(|| format!("{name}_FILE"))
}
