//! Whether everything opens that is sealed: what a restore shows before anybody relies on it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::data_keys::{DataKeys, Part};
use super::secrets::Details;
use super::{Context, Error, data_keys};
use crate::store;
use crate::store::secrets::Secret;

/// Versions opened at a time. Each may hold a megabyte.
const BATCH: i64 = 16;

/// What [`all`] found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Proof {
    /// Secrets in use.
    pub secrets: u64,
    /// Versions that opened.
    pub opened: u64,
    /// Versions that did not open, and secrets whose current version is missing.
    pub unreadable: u64,
}

/// Opens every version of every secret, trash included: shows whether anything was lost or swapped on the way.
pub fn all(cx: &mut Context) -> Result<Proof, Error> {
    let mut proof = Proof {
        unreadable: store::secrets::count_without_version(cx.tx)?,
        ..Proof::default()
    };
    let mut opened_keys = HashMap::new();
    let mut last = (String::new(), 0);
    loop {
        let rows = store::secrets::versions_after(cx.tx, (&last.0, last.1), BATCH)?;
        let Some((_, end)) = rows.last() else { break };
        last = (end.id.to_string(), end.version);
        for (project, row) in rows {
            let keys = match opened_keys.entry(project) {
                Entry::Occupied(keys) => keys.into_mut(),
                Entry::Vacant(place) => place.insert(damage(data_keys::open(cx, project))?),
            };
            let opened = match keys {
                Ok(keys) => damage(open_parts(keys, &row))?.is_ok(),
                Err(_) => false,
            };
            *(if opened {
                &mut proof.opened
            } else {
                &mut proof.unreadable
            }) += 1;
        }
    }
    proof.secrets = u64::try_from(store::secrets::count(cx.tx)?)
        .map_err(|_| Error::Store(store::Error::Corrupt("a negative count")))?;
    Ok(proof)
}

fn open_parts(keys: &DataKeys, row: &Secret) -> Result<(), Error> {
    keys.open(row.id, row.version, Part::Value, &row.owner_id, &row.value_sealed)?;
    if let Some(comment) = &row.comment_sealed {
        keys.open(row.id, row.version, Part::Comment, &row.owner_id, comment)?;
    }
    if let Some(details) = &row.details_sealed {
        Details::from_text(&keys.open(row.id, row.version, Part::Details, &row.owner_id, details)?)?;
    }
    Ok(())
}

/// What a key or a value says that is damaged, or the error that has nothing to do with it.
pub(super) fn damage<T>(opened: Result<T, Error>) -> Result<Result<T, String>, Error> {
    match opened {
        Ok(opened) => Ok(Ok(opened)),
        Err(error @ (Error::Crypto(_) | Error::Store(store::Error::Corrupt(_)))) => {
            Ok(Err(error.to_string()))
        }
        Err(error) => Err(error),
    }
}
