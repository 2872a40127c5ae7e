//! `.infisical.json`, which says what project a folder of source code belongs to.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::ser::PrettyFormatter;
use serde_json::{Map, Value, json};
use shared::model::names::FolderPath;

use super::failure::Failure;
use super::file::write_private;

const NAME: &str = ".infisical.json";

/// What the file says. A server's address in it is not read: a cloned repository must not be able to choose where
/// credentials are sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProjectFile {
    /// Project.
    pub workspace_id: Option<String>,
    /// Environment to use when none is named.
    pub default_environment: Option<String>,
    /// Folder to use when none is named.
    pub default_secret_path: Option<FolderPath>,
    /// Environment for each branch of the repository.
    #[serde(rename = "gitBranchToEnvironmentMapping")]
    pub branches: Option<BTreeMap<String, String>>,
    /// The folder the file was found in.
    #[serde(skip)]
    pub folder: PathBuf,
}

impl ProjectFile {
    /// The nearest one, in a folder or one above it.
    pub fn nearest(folder: &Path) -> Result<Self, Failure> {
        for folder in folder.ancestors() {
            if let Some(text) = read(folder)? {
                return serde_json::from_slice(&text)
                    .map(|found| Self {
                        folder: folder.to_owned(),
                        ..found
                    })
                    .map_err(|error| unreadable(folder, &error.to_string()));
            }
        }
        Ok(Self::default())
    }

    /// The environment to use when none is named: that of the branch that is checked out, else the default one.
    pub fn environment(&self) -> Option<String> {
        let named = |text: &String| Some(text.clone()).filter(|text| !text.trim().is_empty());
        let of_branch = self
            .branches
            .as_ref()
            .filter(|branches| !branches.is_empty())
            .and_then(|branches| branches.get(&branch(&self.folder)?))
            .and_then(named);
        of_branch.or_else(|| self.default_environment.as_ref().and_then(named))
    }
}

/// Says in a folder what project it belongs to. What the file says beside that stays.
pub fn write(folder: &Path, project: &str, environment: &str) -> Result<PathBuf, Failure> {
    let path = folder.join(NAME);
    let mut content: Map<String, Value> = match read(folder)? {
        Some(text) => {
            serde_json::from_slice(&text).map_err(|error| unreadable(folder, &error.to_string()))?
        }
        None => Map::new(),
    };
    content.insert("workspaceId".to_owned(), json!(project));
    content.insert("defaultEnvironment".to_owned(), json!(environment));
    content
        .entry("gitBranchToEnvironmentMapping")
        .or_insert(Value::Null);
    let mut text = Vec::new();
    let mut writer = serde_json::Serializer::with_formatter(&mut text, PrettyFormatter::with_indent(b"    "));
    let written = content
        .serialize(&mut writer)
        .map_err(|error| error.to_string())
        .and_then(|()| write_private(&path, &text).map_err(|error| error.to_string()));
    written.map_err(|cause| {
        Failure::new(format!("{} could not be written", path.display()))
            .because(cause)
            .advise("Go to a folder that you may write to")
    })?;
    Ok(path)
}

fn read(folder: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match fs::read(folder.join(NAME)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(folder, &error.to_string())),
    }
}

fn unreadable(folder: &Path, cause: &str) -> Failure {
    Failure::new(format!(
        "The project file {} cannot be read",
        folder.join(NAME).display()
    ))
    .because(cause)
    .advise("Mend or remove it, or name project and environment with --projectId and --env")
}

/// The branch that is checked out in the repository around a folder.
fn branch(folder: &Path) -> Option<String> {
    let git = folder
        .ancestors()
        .map(|folder| folder.join(".git"))
        .find(|git| git.exists())?;
    let git = match fs::read_to_string(&git) {
        // A work tree has a file that says where its repository keeps it.
        Ok(text) => git.parent()?.join(text.strip_prefix("gitdir:")?.trim()),
        Err(_) => git,
    };
    let head = fs::read_to_string(git.join("HEAD")).ok()?;
    Some(head.trim().strip_prefix("ref: refs/heads/")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_searched_upward() {
        let top = tempfile::tempdir().unwrap();
        let deep = top.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::write(
            top.path().join(NAME),
            r#"{"workspaceId": "p1", "defaultEnvironment": "", "gitBranchToEnvironmentMapping": null, "domain": "http://evil"}"#,
        )
        .unwrap();
        let found = ProjectFile::nearest(&deep).unwrap();
        assert_eq!(found.workspace_id.as_deref(), Some("p1"));
        assert_eq!(found.environment(), None);
        fs::write(top.path().join("a/.infisical.json"), "{").unwrap();
        let failure = ProjectFile::nearest(&deep).unwrap_err();
        assert!(failure.what().contains("a/.infisical.json"));
    }

    #[test]
    fn the_branch_chooses_the_environment() {
        let top = tempfile::tempdir().unwrap();
        fs::create_dir(top.path().join(".git")).unwrap();
        fs::write(
            top.path().join(NAME),
            r#"{"workspaceId": "p", "defaultEnvironment": "dev", "gitBranchToEnvironmentMapping": {"main": "prod", "next/2": "staging", "empty": " "}}"#,
        )
        .unwrap();
        for (head, environment) in [
            ("ref: refs/heads/main\n", "prod"),
            ("ref: refs/heads/next/2\n", "staging"),
            ("ref: refs/heads/other\n", "dev"),
            ("ref: refs/heads/empty\n", "dev"),
            ("4b825dc642cb6eb9a060e54bf8d69288fbee4904\n", "dev"),
        ] {
            fs::write(top.path().join(".git/HEAD"), head).unwrap();
            let found = ProjectFile::nearest(top.path()).unwrap();
            assert_eq!(found.environment().as_deref(), Some(environment), "{head}");
        }
        // A work tree beside it.
        let tree = top.path().join("tree");
        fs::create_dir_all(top.path().join(".git/worktrees/tree")).unwrap();
        fs::create_dir(&tree).unwrap();
        fs::write(tree.join(".git"), "gitdir: ../.git/worktrees/tree\n").unwrap();
        fs::write(
            top.path().join(".git/worktrees/tree/HEAD"),
            "ref: refs/heads/next/2\n",
        )
        .unwrap();
        assert_eq!(branch(&tree).as_deref(), Some("next/2"));
    }

    #[test]
    fn writing_keeps_what_else_it_says() {
        let top = tempfile::tempdir().unwrap();
        let path = write(top.path(), "p1", "dev").unwrap();
        let expected = "{\n    \"workspaceId\": \"p1\",\n    \"defaultEnvironment\": \"dev\",\n    \"gitBranchToEnvironmentMapping\": null\n}";
        let sorted = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(sorted(&text), sorted(expected));
        assert!(text.contains("\n    \"workspaceId\": \"p1\""), "{text}");
        fs::write(
            &path,
            r#"{"workspaceId": "p1", "gitBranchToEnvironmentMapping": {"main": "prod"}, "mine": 1}"#,
        )
        .unwrap();
        write(top.path(), "p2", "").unwrap();
        let after = sorted(&fs::read_to_string(&path).unwrap());
        assert_eq!(after["workspaceId"], "p2");
        assert_eq!(after["gitBranchToEnvironmentMapping"]["main"], "prod");
        assert_eq!(after["mine"], 1);
    }
}
