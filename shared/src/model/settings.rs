//! Settings of an instance: what can be changed while it runs, and how carefully.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::time::UnixMillis;

/// How a setting may be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Care {
    /// Set once, never to be changed. No setting here is of this kind; others have some.
    SetOnce,
    /// Can be changed at any time, in a certain order.
    Procedure,
    /// Can be changed at any time.
    Free,
}

/// A setting that can be changed while the server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuntimeSetting {
    /// Days after a login until somebody has to log in again.
    SessionDays,
    /// Days between two rehearsed restores.
    DrillDays,
}

impl RuntimeSetting {
    /// All of them, as they are listed.
    pub const ALL: [Self; 2] = [Self::SessionDays, Self::DrillDays];

    /// Its name in the store, in records and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SessionDays => "session-days",
            Self::DrillDays => "drill-days",
        }
    }

    /// Its value until somebody changes it.
    pub const fn default_value(self) -> i64 {
        match self {
            Self::SessionDays => 90,
            Self::DrillDays => 7,
        }
    }

    /// What it means.
    pub const fn about(self) -> &'static str {
        match self {
            Self::SessionDays => {
                "Days after a login until somebody has to log in again. A shorter time ends older logins at once"
            }
            Self::DrillDays => "Days between two rehearsed restores. A warning appears after twice this time",
        }
    }

    /// The smallest and the largest value that it takes.
    pub const fn range(self) -> (i64, i64) {
        (1, 90)
    }
}

impl fmt::Display for RuntimeSetting {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A setting that can be changed while the server runs, as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Changeable {
    /// Which one.
    pub setting: RuntimeSetting,
    /// Its value.
    pub value: i64,
    /// The last change; none as long as it has its default.
    pub changed: Option<Changed>,
}

/// The last change of a setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Changed {
    /// What it was before.
    pub before: i64,
    /// When.
    pub at: UnixMillis,
    /// The address of who changed it.
    pub by: String,
}
