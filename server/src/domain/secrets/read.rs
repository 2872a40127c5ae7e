//! Reading secrets.

use shared::model::access::{Action, Subject};
use shared::model::names::SecretName;

use super::{Secret, not_found, opened};
use crate::domain::audit::Audited;
use crate::domain::caller::Caller;
use crate::domain::places::{self, Place};
use crate::domain::{Context, Error, data_keys};
use crate::store;
use crate::store::secrets::SHARED;

/// The secrets of a folder.
#[derive(Debug)]
pub struct Listing {
    /// By name.
    pub secrets: Vec<Secret>,
    /// What is missing when environment or folder do not exist. Infisical answers with an empty list then, and scripts
    /// rely on it.
    pub missing: Option<String>,
}

/// Lists the shared secrets of a folder.
pub fn list(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    with_values: bool,
) -> Result<Audited<Listing>, Error> {
    let resolved = places::resolve(cx, caller, place, Action::Read, Subject::Secrets)?;
    let event = if with_values {
        "secret.list"
    } else {
        "secret.list-names"
    };
    let entry = resolved.entry(event);
    let listing = match resolved.folder {
        Err(Error::NotFound(missing)) => Listing {
            secrets: Vec::new(),
            missing: Some(missing),
        },
        Err(other) => return Err(other),
        Ok(folder) => {
            let keys = data_keys::open(cx, folder.project)?;
            let rows = store::secrets::list(cx.tx, folder.id, SHARED)?;
            let mut tags = store::secret_tags::of_folder(cx.tx, folder.id)?;
            let secrets = rows
                .into_iter()
                .map(|row| {
                    let tags = tags.remove(&row.id).unwrap_or_default();
                    opened(&keys, &folder, row, tags, with_values)
                })
                .collect::<Result<Vec<_>, Error>>()?;
            Listing {
                secrets,
                missing: None,
            }
        }
    };
    let entry = entry.with("secrets", &listing.secrets.len());
    Audited::new(cx, caller, &entry, listing)
}

/// One shared secret by name, in its current or a past version.
pub fn get(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    name: &SecretName,
    version: Option<i64>,
    with_value: bool,
) -> Result<Audited<Secret>, Error> {
    let folder = places::resolve_folder(cx, caller, place, Action::Read, Subject::Secrets)?;
    let mut row = store::secrets::by_name(cx.tx, folder.id, name, SHARED)?.ok_or_else(|| not_found(name))?;
    if let Some(version) = version.filter(|version| *version != row.version) {
        row = store::secrets::at_version(cx.tx, row.id, version)?
            .ok_or_else(|| Error::NotFound(format!("Version {version} of secret '{name}' not found")))?;
    }
    let keys = data_keys::open(cx, folder.project)?;
    let tags = store::secret_tags::of_version(cx.tx, row.id, row.version)?;
    let secret = opened(&keys, &folder, row, tags, with_value)?;
    let event = if with_value {
        "secret.read"
    } else {
        "secret.read-name"
    };
    let entry = folder
        .entry(event)
        .with("secret", &name)
        .with("version", &secret.version);
    Audited::new(cx, caller, &entry, secret)
}
