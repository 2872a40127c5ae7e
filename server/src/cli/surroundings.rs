//! What a command finds around it: environment variables, the stored login, the project file.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use shared::model::text::SecretText;

use super::failure::Failure;
use super::session::{self, Session};

/// `.infisical.json`, which says what project a folder of source code belongs to. A server's address in it is not
/// read: a cloned repository must not be able to choose where credentials are sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProjectFile {
    /// Project.
    pub workspace_id: Option<String>,
    /// Environment to use when none is named.
    pub default_environment: Option<String>,
}

/// What a command finds around it. Files that cannot be read are failures only for those who need them.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Environment variables that are set to something.
    pub variables: BTreeMap<String, SecretText>,
    /// The stored login.
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
            found.session = session::load(&path);
        }
        if let Ok(folder) = std::env::current_dir() {
            found.project_file = project_file(&folder);
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

/// The nearest `.infisical.json` in a folder or one above it.
fn project_file(folder: &Path) -> Result<ProjectFile, Failure> {
    for folder in folder.ancestors() {
        let path = folder.join(".infisical.json");
        let failed = |cause: String| {
            Failure::new(format!("The project file {} cannot be read", path.display()))
                .because(cause)
                .advise("Mend or remove it, or name project and environment with --projectId and --env")
        };
        match fs::read(&path) {
            Ok(text) => return serde_json::from_slice(&text).map_err(|error| failed(error.to_string())),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error.to_string())),
        }
    }
    Ok(ProjectFile::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_file_is_searched_upward() {
        let top = tempfile::tempdir().unwrap();
        let deep = top.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::write(
            top.path().join(".infisical.json"),
            r#"{"workspaceId": "p1", "defaultEnvironment": "", "gitBranchToEnvironmentMapping": null, "domain": "http://evil"}"#,
        )
        .unwrap();
        let found = project_file(&deep).unwrap();
        assert_eq!(found.workspace_id.as_deref(), Some("p1"));
        fs::write(top.path().join("a/.infisical.json"), "{").unwrap();
        assert!(
            project_file(&deep)
                .unwrap_err()
                .what()
                .contains("a/.infisical.json")
        );
    }
}
