//! The current values of an environment, opened, for a backup.

use serde::Serialize;
use shared::model::ids::{EnvironmentId, FolderId, ProjectId};
use shared::model::text::SecretText;

use crate::domain::data_keys::{DataKeys, Part};
use crate::domain::folders::tree;
use crate::domain::proof::damage;
use crate::domain::{Context, Error, data_keys};
use crate::store;
use crate::store::secrets::Secret;

/// Values opened at a time. Each may hold a megabyte.
const PAGE: i64 = 16;

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

/// An environment whose values are to be read one page after the other, as often as need be. No caller is asked for: only
/// the operator gets here.
pub struct Environment {
    folders: Vec<(String, FolderId)>,
    keys: Result<DataKeys, String>,
}

impl Environment {
    /// Its folders, and the keys to what is in them.
    pub fn open(cx: &mut Context, project: ProjectId, environment: EnvironmentId) -> Result<Self, Error> {
        let paths = damage(tree::paths(cx, environment))?.unwrap_or_default();
        // In a damaged tree a folder has no path, and its values are found by its id.
        let path = |id: FolderId| paths.get(&id).map_or_else(|| id.to_string(), ToString::to_string);
        let mut folders: Vec<_> = store::folders::list(cx.tx, environment)?
            .into_iter()
            .map(|folder| (path(folder.id), folder.id))
            .collect();
        folders.sort();
        Ok(Self {
            folders,
            keys: damage(data_keys::open(cx, project))?,
        })
    }

    /// The folder with this number, by path.
    pub fn folder(&self, number: usize) -> Option<(&str, FolderId)> {
        self.folders.get(number).map(|(path, id)| (path.as_str(), *id))
    }

    /// The next values of a folder by name, after the last name seen; none at its end.
    pub fn values_after(
        &self,
        cx: &mut Context,
        folder: FolderId,
        name: &str,
    ) -> Result<Vec<(String, ExportedValue)>, Error> {
        store::secrets::list_after(cx.tx, folder, name, PAGE)?
            .into_iter()
            .map(|row| Ok((row.name.clone(), self.value(&row)?)))
            .collect()
    }

    fn value(&self, row: &Secret) -> Result<ExportedValue, Error> {
        let value = match &self.keys {
            Ok(keys) => {
                damage(keys.open(row.id, row.version, Part::Value, &row.owner_id, &row.value_sealed))?
            }
            Err(why) => Err(why.clone()),
        };
        Ok(value.map_or_else(
            |unreadable| ExportedValue::Unreadable { unreadable },
            ExportedValue::Opened,
        ))
    }
}
