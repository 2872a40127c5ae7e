//! The stored logins, the one in use first.

use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use shared::model::text::SecretText;
use zeroize::Zeroizing;

use super::address::Address;
use super::failure::Failure;
use super::file::write_private;

/// A login that later commands use. The token belongs to one server and is sent to no other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The server that issued the token.
    pub address: Address,
    /// Who logged in: an e-mail address, or the name of a machine identity.
    pub name: String,
    /// Bearer token.
    pub token: SecretText,
    /// Whether the token was made elsewhere: forgetting it must not end it.
    #[serde(default)]
    pub given: bool,
}

impl Session {
    /// Whether both are the same person or machine on the same server.
    fn replaces(&self, other: &Self) -> bool {
        self.address == other.address && self.name == other.name
    }
}

/// Where the login is stored: below `$XDG_CONFIG_HOME`, or `~/.config`.
pub fn place(variable: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    // The XDG specification says that relative paths are to be ignored.
    let absolute = |name: &str| {
        variable(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let base = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")))?;
    Some(base.join("strongroom").join("session.json"))
}

/// The stored logins, the one in use first.
pub fn load(path: &Path) -> Result<Vec<Session>, Failure> {
    let text = match fs::read(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => {
            return Err(
                Failure::new(format!("The stored login {} cannot be read", path.display()))
                    .because(error.to_string())
                    .advise("Give it back to your user, or log in again: strongroom login"),
            );
        }
    };
    // The parser's own words could repeat part of the token.
    serde_json::from_slice(&text).map_err(|_| {
        Failure::new(format!("The stored login {} is damaged", path.display()))
            .advise("Please run: strongroom login")
    })
}

/// Stores a login and uses it from now on. The others stay.
pub fn add(path: &Path, session: Session) -> Result<(), Failure> {
    // A damaged file is what logging in replaces.
    let mut logins = load(path).unwrap_or_default();
    logins.retain(|login| !session.replaces(login));
    logins.insert(0, session);
    store(path, &logins)
}

/// Stores the logins in place of those before.
pub fn store(path: &Path, logins: &[Session]) -> Result<(), Failure> {
    let failed = |cause: String| {
        Failure::new(format!("The login could not be stored in {}", path.display()))
            .because(cause)
            .advise("Make the folder writable, or set XDG_CONFIG_HOME, or use `strongroom login --plain` and pass the token as INFISICAL_TOKEN")
    };
    if let Some(folder) = path.parent() {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder
            .create(folder)
            .map_err(|error| failed(error.to_string()))?;
    }
    let mut text = Zeroizing::new(Vec::new());
    serde_json::to_writer_pretty(&mut *text, logins).map_err(|error| failed(error.to_string()))?;
    text.push(b'\n');
    write_private(path, &text).map_err(|error| failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn session() -> Session {
        Session {
            address: "https://secrets.example.com".parse().unwrap(),
            name: "kavi@example.com".to_owned(),
            token: "a.b.c".into(),
            given: false,
        }
    }

    #[test]
    fn round_trip_with_private_modes() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(".config/strongroom/session.json");
        assert_eq!(load(&path), Ok(Vec::new()));
        add(&path, session()).unwrap();
        assert_eq!(load(&path), Ok(vec![session()]));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
    }

    #[test]
    fn the_last_login_is_used_and_replaces_only_itself() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("session.json");
        let named = |name: &str, token: &str| Session {
            name: name.to_owned(),
            token: token.into(),
            ..session()
        };
        for (name, token) in [("a", "1"), ("b", "2"), ("a", "3")] {
            add(&path, named(name, token)).unwrap();
        }
        assert_eq!(load(&path), Ok(vec![named("a", "3"), named("b", "2")]));
    }

    #[test]
    fn a_damaged_file_is_named_and_not_quoted() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("session.json");
        fs::write(
            &path,
            r#"{"address": "https://a.example", "name": "a", "token": 1"#,
        )
        .unwrap();
        let lines = load(&path).unwrap_err().lines().unwrap();
        assert!(
            lines.contains("is damaged") && lines.contains("strongroom login"),
            "{lines}"
        );
        fs::write(
            &path,
            r#"{"address": "hunter2 hunter2", "name": "a", "token": "hunter2"}"#,
        )
        .unwrap();
        let lines = load(&path).unwrap_err().lines().unwrap();
        assert!(!lines.contains("hunter2"), "{lines}");
    }

    #[test]
    fn places() {
        let with = |xdg: Option<&str>, home: Option<&str>| {
            place(|name| match name {
                "XDG_CONFIG_HOME" => xdg.map(str::to_owned),
                "HOME" => home.map(str::to_owned),
                _ => None,
            })
        };
        assert_eq!(
            with(Some("/x"), Some("/h")),
            Some("/x/strongroom/session.json".into())
        );
        assert_eq!(
            with(None, Some("/h")),
            Some("/h/.config/strongroom/session.json".into())
        );
        assert_eq!(
            with(Some("rel"), Some("/h")),
            Some("/h/.config/strongroom/session.json".into())
        );
        assert_eq!(with(None, None), None);
    }
}
