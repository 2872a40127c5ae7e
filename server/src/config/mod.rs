//! Configuration: what a server is told before it starts.
//!
//! The arguments of `serve` that name an environment variable are the settings; their definition with its comments is the one
//! source of flags, variables, keys of the file, and of the reference page. A setting comes from the first of these that
//! gives it:
//!
//! 1. the flag
//! 2. its variable, the file named by the variable with `_FILE` behind it, or the credential of that name
//! 3. a variable of Infisical's that means the same
//! 4. the file `strongroom.toml`, under the name of the flag
//! 5. the default
//!
//! [`load`] resolves them all and collects every problem instead of stopping at the first; [`env`](mod@env) knows every
//! variable, ours and Infisical's, and says what became of each.

pub mod care;
pub mod check;
pub mod env;
mod environment;
mod file;
pub mod load;
mod mapped;
pub mod path;
pub mod reference;
pub mod secret;

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

pub use environment::Environment;
pub use load::{Configuration, Given, load};

/// Where a setting comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The command line.
    Flag(String),
    /// An environment variable.
    Variable(String),
    /// The file that an environment variable names.
    VariableFile {
        /// The variable, which ends in `_FILE`.
        variable: String,
        /// The file.
        path: PathBuf,
    },
    /// A credential of the service manager.
    Credential(PathBuf),
    /// A key in the configuration file.
    Key {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
    },
    /// Nobody said anything.
    Default,
}

impl Source {
    /// The variable that gave it, if one did.
    pub fn variable(&self) -> Option<&str> {
        match self {
            Self::Variable(variable) | Self::VariableFile { variable, .. } => Some(variable),
            _ => None,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "flag {flag}"),
            Self::Variable(variable) => write!(f, "variable {variable}"),
            Self::VariableFile { variable, path } => {
                write!(f, "variable {variable}, file {}", path.display())
            }
            Self::Credential(path) => write!(f, "credential {}", path.display()),
            Self::Key { path, key } => write!(f, "key {key} in {}", path.display()),
            Self::Default => write!(f, "default"),
        }
    }
}

/// Something about the configuration that keeps a server from starting. It never contains a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The setting that has none because of it; nothing for what concerns all of them.
    #[serde(skip)]
    pub setting: Option<String>,
    /// What is wrong.
    pub what: String,
    /// Why.
    pub reason: String,
    /// What to do about it.
    pub next: String,
}

/// A reason without the value that it is about, which a parser may repeat.
pub fn without_value(reason: &str, value: &str) -> String {
    match value.trim() {
        // It would be cut out of the middle of words.
        value if value.len() < 4 => reason.to_owned(),
        value => reason.replace(value, "…"),
    }
}

impl Problem {
    /// A problem of the configuration as a whole.
    pub fn new(what: impl Into<String>, reason: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            setting: None,
            what: what.into(),
            reason: reason.into(),
            next: next.into(),
        }
    }

    /// The same about one setting.
    #[must_use]
    pub fn of(mut self, setting: &str) -> Self {
        self.setting = Some(setting.to_owned());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}: {}. {}", self.what, self.reason, self.next)
    }
}

#[cfg(test)]
mod tests;
