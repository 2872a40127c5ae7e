//! Settings of the instance, for its administrators.

use serde::{Deserialize, Serialize};

use crate::model::settings::{Care, Changeable, RuntimeSetting};
use crate::model::text::SecretText;

/// `GET /api/strongroom/v1/settings`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Those that can be changed while the server runs.
    pub changeable: Vec<Changeable>,
    /// Those that were given to the server when it was started.
    pub fixed: Vec<Fixed>,
    /// The configuration file, if there is one.
    pub file: Option<String>,
    /// What became of each environment variable that was set.
    pub variables: Vec<Variable>,
}

/// A setting that was given to the server when it was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fixed {
    /// Name of its flag, or of its variable when it has none.
    pub name: String,
    /// What it means.
    pub about: String,
    /// Its value; of a secret only whether it is set.
    pub value: String,
    /// Where the value comes from.
    pub source: String,
    /// How it may be changed.
    pub care: Care,
    /// How that is done.
    pub procedure: String,
}

/// An environment variable, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// `used`, `ignored`, `not known` and the like.
    pub became: String,
    /// What for, or why not.
    pub why: String,
}

/// `PATCH /api/strongroom/v1/settings`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeSetting {
    /// Which one.
    pub setting: RuntimeSetting,
    /// Its new value.
    pub value: i64,
    /// The password of who asks.
    pub password: SecretText,
}
