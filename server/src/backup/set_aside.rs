//! Setting a store aside whose place a restored one takes: it is moved, whole, into a directory of its own, where it still
//! starts.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

use shared::model::time::UnixMillis;

use super::Error;
use crate::app::data_dir::DataDir;
use crate::app::database::NOTE;
use crate::app::open::STARTED;
use crate::crypto::identity::{self, Identity};
use crate::crypto::keyfile;
use crate::crypto::keyring::Keyring;
use crate::store::credentials::{self, Credential};
use crate::store::{Db, SqliteOptions};

const PART: &str = "replaced.part";

/// What a data directory holds of a store, in the order in which it is moved: the keyring last, because it makes the
/// directory a store.
fn files(dir: &DataDir) -> Vec<PathBuf> {
    let mut files = dir.database_files().to_vec();
    files.push(dir.identity());
    files.extend([NOTE, STARTED, keyfile::PREVIOUS, keyfile::CURRENT].map(|name| dir.path().join(name)));
    files
}

/// Where the files are gathered until all of them are there.
pub fn part(data_dir: &DataDir) -> PathBuf {
    data_dir.path().join(PART)
}

/// Whether an earlier attempt was killed after it had moved everything, before that got its name.
pub fn was_begun(data_dir: &DataDir) -> std::io::Result<bool> {
    fs::exists(part(data_dir))
}

/// Moves the store into a directory of its own and returns that. Killed in the middle, it goes on when it is called again;
/// until then no store is in the place, and none is made.
pub fn move_store(data_dir: &DataDir, now: UnixMillis) -> Result<PathBuf, Error> {
    let part = DataDir::new(part(data_dir));
    part.create()?;
    for file in files(data_dir) {
        let Some(name) = file.file_name() else { continue };
        let place = part.path().join(name);
        if !fs::exists(&file)? {
            continue;
        }
        if fs::exists(&place)? {
            return Err(Error::Refused(format!(
                "Parts of two stores are here: {} is both in the data directory and in {}, where an interrupted restore \
                 gathers what it sets aside. Move one of them away and restore again",
                name.display(),
                part.path().display()
            )));
        }
        fs::rename(&file, place)?;
    }
    part.sync()?;
    data_dir.sync()?;
    let time: String = now
        .to_string()
        .chars()
        .take(19)
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let mut number = 1;
    let place = loop {
        let name = match number {
            1 => format!("replaced-{time}Z"),
            _ => format!("replaced-{time}Z-{number}"),
        };
        let place = data_dir.path().join(name);
        if !fs::exists(&place)? {
            break place;
        }
        number += 1;
    };
    fs::rename(part.path(), &place)?;
    data_dir.sync()?;
    Ok(place)
}

/// The credentials in force in the store that is there, if one of these identities or its own opens it. A store that does not
/// open is no reason not to replace it: that may be why.
pub fn in_force(data_dir: &DataDir, identities: &[Identity], now: UnixMillis) -> Option<HashSet<Credential>> {
    let loaded = keyfile::load(data_dir.path()).ok()??;
    let mut at_hand = identity::read_identities(&data_dir.identity()).unwrap_or_default();
    at_hand.extend(identities.iter().cloned());
    let keyring = Keyring::open(&loaded.text, &at_hand).ok()?;
    let key = keyring.database_key().to_hex();
    let db = Db::open_sqlite(&data_dir.database(), &key, &SqliteOptions::default()).ok()?;
    let found = db.read_blocking(move |tx| credentials::in_force(tx, now)).ok();
    db.close_blocking().ok()?;
    Some(found?.into_iter().collect())
}
