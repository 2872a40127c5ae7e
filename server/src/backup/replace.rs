//! Restoring a backup in the place of a store that nobody has set up yet, while its server runs.
//!
//! The new store is built and checked in `restore.part/`, beside the empty one, which serves meanwhile. Then the folder
//! is renamed to `restore.ready/`, and that decides it: from then on the new store takes the place, and whoever opens
//! the directory next goes on with it, wherever a kill cut it off ([`finish`]). Before, nothing has happened. The
//! server's identity stays the one it is, wherever it lies; the new keyring is opened to it.

use std::fs;
use std::io;

use shared::model::ids::InstanceId;
use shared::model::time::UnixMillis;

use super::restore::{build_database, finish_part, remove_part};
use super::{Error, Summary};
use crate::app::data_dir::DataDir;
use crate::crypto::identity::Identity;
use crate::crypto::keyfile;
use crate::crypto::keyring::{self, Keyring, SlotKind};
use crate::domain::caller::Caller;
use crate::store::credentials::Credential;

/// In `restore.ready/`: the instance whose place is taken.
const REPLACES: &str = "replaces";

/// A complete store in `restore.part/`.
pub struct Built {
    /// Its keyring, which opens for the present server.
    pub keyring: Keyring,
    /// What is in it.
    pub summary: Summary,
    /// The credentials that are in force in it.
    pub in_force: Vec<Credential>,
}

/// Builds a store from a backup beside the one whose keyring is `present`, and checks every value in it. If it fails,
/// nothing is left of it. Blocks for as long as the backup is large.
pub fn build(
    file: impl io::Read,
    data_dir: &DataDir,
    identities: &[Identity],
    present: &Keyring,
    now: UnixMillis,
    caller: &Caller,
    revoke_sessions: bool,
) -> Result<Built, Error> {
    remove_part(data_dir)?;
    let part = DataDir::new(data_dir.restore_part());
    part.create()?;
    let servers: Vec<String> = present
        .slots()
        .iter()
        .filter(|slot| slot.kind == SlotKind::Server)
        .map(|slot| slot.recipient.clone())
        .collect();
    let built = build_database(file, &part, identities, now, caller, revoke_sessions).and_then(
        |(keyring, summary, in_force)| {
            let (keyring, _) = finish_part(&part, keyring, &servers, now)?;
            Ok(Built {
                keyring,
                summary,
                in_force,
            })
        },
    );
    if built.is_err() {
        remove_part(data_dir)?;
    }
    built
}

/// Decides that the store in `restore.part/` takes the place of the instance `replaced`, whose database is closed, and
/// puts it there.
pub fn commit(data_dir: &DataDir, replaced: InstanceId) -> Result<(), Error> {
    let part = DataDir::new(data_dir.restore_part());
    fs::write(part.path().join(REPLACES), replaced.to_string())?;
    fs::File::open(part.path().join(REPLACES))?.sync_all()?;
    part.sync()?;
    fs::rename(part.path(), data_dir.restore_ready())?;
    data_dir.sync()?;
    finish(data_dir)
}

/// Brings a store that was decided on into its place, if there is one. Refuses when what lies there is neither the store
/// that it replaces nor itself: somebody put it there since.
pub fn finish(data_dir: &DataDir) -> Result<(), Error> {
    let ready = DataDir::new(data_dir.restore_ready());
    if !fs::exists(ready.path())? {
        return Ok(());
    }
    // Without its keyring everything has been moved; only the folder is left.
    if let Some(new) = keyfile::load(ready.path())? {
        let replaced = fs::read_to_string(ready.path().join(REPLACES))?;
        let here = keyfile::load(data_dir.path())?;
        let place_is_known = match &here {
            Some(here) if here.text == new.text => !ready.has_database()?,
            Some(here) => keyring::summary(&here.text)?.instance.to_string() == replaced,
            None => false,
        };
        if !place_is_known || (!ready.has_database()? && !data_dir.has_database()?) {
            return Err(Error::Refused(format!(
                "{} holds a restored store whose place is taken by something else. Move that folder away to go on \
                 with what is here, or move everything else away and restore again",
                ready.path().display()
            )));
        }
        if ready.has_database()? {
            // What SQLite keeps beside the old database must not meet the new one.
            let [_, log, shared_memory] = data_dir.database_files();
            data_dir.remove(&[log, shared_memory])?;
            fs::rename(ready.database(), data_dir.database())?;
            data_dir.sync()?;
            ready.sync()?;
        }
        keyfile::replace(data_dir.path(), &new.text)?;
        ready.remove(&[keyfile::CURRENT, keyfile::PREVIOUS].map(|name| ready.path().join(name)))?;
    }
    fs::remove_dir_all(ready.path())?;
    data_dir.sync()?;
    Ok(())
}
