//! What a command finds around it: environment variables, the stored login, the project file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use shared::import::Format;
use shared::model::text::SecretText;
use zeroize::Zeroizing;

use super::failure::Failure;
use super::import;
use super::infisical_config;
use super::project_file::ProjectFile;
use super::session::{self, Session};
use crate::config::path;

/// What a file gave that was named with `--env-from`.
static FROM_FILE: OnceLock<BTreeMap<String, SecretText>> = OnceLock::new();

/// Where to look for the project file, if `--project-config-dir` says so.
static PROJECT_FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// Looks for the project file in a folder and above it, instead of here.
pub fn look_in(folder: &Path) {
    // The first call of a process counts: it has one command line.
    let _ = PROJECT_FOLDER.set(folder.to_owned());
}

/// The variables that are taken from such a file: who, where, and which project. Everything else in it is for others.
const TAKEN: [&str; 8] = [
    "INFISICAL_TOKEN",
    "INFISICAL_DOMAIN",
    "INFISICAL_API_URL",
    "INFISICAL_PROJECT_ID",
    "INFISICAL_CLIENT_ID",
    "INFISICAL_CLIENT_SECRET",
    "INFISICAL_UNIVERSAL_AUTH_CLIENT_ID",
    "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET",
];

/// Takes variables from a dotenv file where the environment has none.
pub fn read_also(file: &Path) -> Result<(), Failure> {
    let bytes = import::read(file)?;
    let parsed = shared::import::parse_bytes(&bytes, Some(Format::Dotenv));
    let taken = parsed
        .entries
        .into_iter()
        .filter(|entry| TAKEN.contains(&entry.name.as_str()) && !entry.value.is_empty())
        .map(|entry| (entry.name.to_string(), entry.value));
    // The first call of a process counts: it has one command line.
    let _ = FROM_FILE.set(taken.collect());
    Ok(())
}

/// What a command finds around it. Files that cannot be read are failures only for those who need them.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Environment variables that are set to something.
    pub variables: BTreeMap<String, SecretText>,
    /// The stored login in use.
    pub session: Result<Option<Session>, Failure>,
    /// The nearest project file.
    pub project_file: Result<ProjectFile, Failure>,
}

impl Surroundings {
    /// Those of this process.
    pub fn of_process() -> Self {
        let mut variables = FROM_FILE.get().cloned().unwrap_or_default();
        let found: BTreeMap<String, SecretText> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, value)| {
                !value.is_empty()
                    && (name.starts_with("INFISICAL_") || matches!(&**name, "HOME" | "XDG_CONFIG_HOME"))
            })
            .map(|(name, value)| (name, SecretText::new(value)))
            .collect();
        variables.extend(found);
        let mut found = Self {
            variables,
            session: Ok(None),
            project_file: Ok(ProjectFile::default()),
        };
        if let Some(path) = found.session_path() {
            found.session = session::load(&path).map(|logins| logins.into_iter().next());
        }
        let here = || std::env::current_dir().ok();
        if let Some(folder) = PROJECT_FOLDER.get().cloned().or_else(here) {
            found.project_file = ProjectFile::nearest(&folder);
        }
        found
    }

    /// A secret: an environment variable, or what the file holds that the variable with `_FILE` behind it names. Container
    /// engines hand out secrets as files.
    pub fn secret(&self, name: &str) -> Result<Option<SecretText>, Failure> {
        let longer = format!("{name}_FILE");
        let path = match (self.variables.get(name), self.variable(&longer)) {
            (None, Some(path)) => PathBuf::from(path),
            (Some(_), Some(_)) => {
                return Err(
                    Failure::usage(format!("{name} and {longer} are both set")).advise("Remove one of them")
                );
            }
            (value, None) => return Ok(value.cloned()),
        };
        let refused = |why: String| {
            Failure::usage(format!("{longer} cannot be used"))
                .because(format!("{}.", path::reason(&path, &why)))
                .advise(format!("Name a file that you may read, or remove {longer}"))
        };
        let text = std::fs::read_to_string(&path).map_err(|error| refused(error.to_string()))?;
        let text = Zeroizing::new(text);
        match text.trim_end_matches(['\r', '\n']) {
            "" => Err(refused("the file is empty".to_owned())),
            text => Ok(Some(SecretText::from(text))),
        }
    }

    /// The same for a variable that holds no secret.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).map(|text| text.expose().to_owned())
    }

    /// Where Infisical's command line notes its logins.
    pub fn infisical_config(&self) -> Option<PathBuf> {
        Some(infisical_config::place(Path::new(&self.variable("HOME")?)))
    }

    /// Where the login is stored, if there is a home for it.
    pub fn session_path(&self) -> Option<PathBuf> {
        session::place(|name| self.variable(name))
    }
}
