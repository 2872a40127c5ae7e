//! What a command finds around it: environment variables, the stored login, the project file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use shared::model::text::SecretText;

use super::failure::Failure;
use super::project_file::ProjectFile;
use super::session::{self, Session};

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
        let variables: BTreeMap<String, SecretText> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, value)| {
                !value.is_empty()
                    && (name.starts_with("INFISICAL_") || matches!(&**name, "HOME" | "XDG_CONFIG_HOME"))
            })
            .map(|(name, value)| (name, SecretText::new(value)))
            .collect();
        let mut found = Self {
            variables,
            session: Ok(None),
            project_file: Ok(ProjectFile::default()),
        };
        if let Some(path) = found.session_path() {
            found.session = session::load(&path).map(|logins| logins.into_iter().next());
        }
        if let Ok(folder) = std::env::current_dir() {
            found.project_file = ProjectFile::nearest(&folder);
        }
        found
    }

    /// An environment variable, if it is set to something.
    pub fn secret(&self, name: &str) -> Option<SecretText> {
        self.variables.get(name).cloned()
    }

    /// The same for a variable that holds no secret.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).map(|text| text.expose().to_owned())
    }

    /// Where the login is stored, if there is a home for it.
    pub fn session_path(&self) -> Option<PathBuf> {
        session::place(|name| self.variable(name))
    }
}
