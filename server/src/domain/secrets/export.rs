//! The current values of an environment, opened, for a backup.

use std::collections::BTreeMap;

use serde::Serialize;
use shared::model::ids::{EnvironmentId, ProjectId};
use shared::model::text::SecretText;

use crate::domain::data_keys::Part;
use crate::domain::folders::tree;
use crate::domain::proof::damage;
use crate::domain::{Context, Error, data_keys};
use crate::store;
use crate::store::secrets::SHARED;

/// Folders of an environment by path, each with its secrets by name: what a person reads in a backup.
pub type Exported = BTreeMap<String, BTreeMap<String, ExportedValue>>;

/// A value in a backup.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum ExportedValue {
    /// It opened.
    Opened(SecretText),
    /// It did not, and the backup says so in its place.
    Unreadable {
        /// Why.
        unreadable: String,
    },
}

/// The current values of an environment, for a backup. No caller is asked for: only the operator gets here.
pub fn export_environment(
    cx: &mut Context,
    project: ProjectId,
    environment: EnvironmentId,
) -> Result<Exported, Error> {
    let folders = store::folders::list(cx.tx, environment)?;
    let paths = damage(tree::paths(cx, environment))?.unwrap_or_default();
    let keys = damage(data_keys::open(cx, project))?;
    let mut exported = Exported::new();
    for folder in &folders {
        let mut secrets = BTreeMap::new();
        for row in store::secrets::list(cx.tx, folder.id, SHARED)? {
            let value = match &keys {
                Ok(keys) => {
                    damage(keys.open(row.id, row.version, Part::Value, &row.owner_id, &row.value_sealed))?
                }
                Err(why) => Err(why.clone()),
            };
            let value = value.map_or_else(
                |unreadable| ExportedValue::Unreadable { unreadable },
                ExportedValue::Opened,
            );
            secrets.insert(row.name, value);
        }
        // In a damaged tree a folder has no path, and its values are found by its id.
        let path = paths
            .get(&folder.id)
            .map_or_else(|| folder.id.to_string(), ToString::to_string);
        exported.insert(path, secrets);
    }
    Ok(exported)
}
