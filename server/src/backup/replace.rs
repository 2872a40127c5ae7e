//! Restoring a backup in the place of a store that nobody has set up yet, while its server runs.
//!
//! The new store is built and checked in `restore.part/` (in PostgreSQL: in a schema), beside the empty one, which serves
//! meanwhile. Then the folder
//! is renamed to `restore.ready/`, and that decides it: from then on the new store takes the place, and whoever opens
//! the directory next goes on with it, wherever a kill cut it off ([`finish`]). Before, nothing has happened. The
//! server's identity stays the one it is, wherever it lies; the new keyring is opened to it.

use std::fs;
use std::io;

use shared::model::ids::InstanceId;
use shared::model::time::UnixMillis;

use super::restore::{build_database, finish_part, remove_part};
use super::{Error, Summary, destination};
use crate::app::OpenStore;
use crate::app::data_dir::DataDir;
use crate::app::database::{Place, RESTORE_SCHEMA};
use crate::crypto::identity::Identity;
use crate::crypto::keyfile;
use crate::crypto::keyring::{self, Keyring, SlotKind};
use crate::domain::caller::Caller;
use crate::store::credentials::Credential;
use crate::store::{Db, schemas};

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

/// Builds a store from a backup beside the present one, and checks every value in it. If it fails, nothing is left of it.
/// Blocks for as long as the backup is large.
pub fn build(
    file: impl io::Read,
    data_dir: &DataDir,
    identities: &[Identity],
    present: &OpenStore,
    now: UnixMillis,
    caller: &Caller,
    revoke_sessions: bool,
) -> Result<Built, Error> {
    remove_part(data_dir)?;
    let place = data_dir.place().map_err(Error::Refused)?;
    let part = data_dir.beside(data_dir.restore_part(), &place);
    part.create()?;
    let in_schema = matches!(place, Place::Postgres(_));
    if in_schema {
        part.note_postgres(None)?;
        destination::clear(&present.db, true)?;
    }
    let servers: Vec<String> = present
        .keyring()
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
        if in_schema {
            destination::clear(&present.db, false)?;
        }
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
        let rows = Rows::of(&ready, data_dir)?;
        let place_is_known = match &here {
            Some(here) if here.text == new.text => !rows.wait()?,
            Some(here) => keyring::summary(&here.text)?.instance.to_string() == replaced,
            None => false,
        };
        if !place_is_known || (!rows.wait()? && !rows.are_there(data_dir)?) {
            return Err(Error::Refused(format!(
                "{} holds a restored store whose place is taken by something else. Move that folder away to go on \
                 with what is here, or move everything else away and restore again",
                ready.path().display()
            )));
        }
        if rows.wait()? {
            rows.bring_in(data_dir, &replaced)?;
        }
        keyfile::replace(data_dir.path(), &new.text)?;
        ready.remove(&[keyfile::CURRENT, keyfile::PREVIOUS].map(|name| ready.path().join(name)))?;
    }
    fs::remove_dir_all(ready.path())?;
    data_dir.sync()?;
    Ok(())
}

/// The rows of a store that takes the place of another one.
enum Rows {
    /// In its file.
    File(DataDir),
    /// In a schema beside the present one.
    Schema(Db),
}

impl Rows {
    fn of(ready: &DataDir, data_dir: &DataDir) -> Result<Self, Error> {
        if ready.noted()?.is_none() {
            return Ok(Self::File(ready.clone()));
        }
        match data_dir.place().map_err(Error::Refused)? {
            Place::Postgres(address) => Ok(Self::Schema(destination::connect(&address)?)),
            Place::File => Err(Error::Refused(format!(
                "{} holds a restored store whose rows lie in PostgreSQL, but the store here does not",
                ready.path().display()
            ))),
        }
    }

    /// Whether they still wait to be brought into their place.
    fn wait(&self) -> Result<bool, Error> {
        match self {
            Self::File(ready) => Ok(ready.has_database()?),
            Self::Schema(db) => destination::exists(db, RESTORE_SCHEMA),
        }
    }

    /// Whether there are any in that place.
    fn are_there(&self, data_dir: &DataDir) -> Result<bool, Error> {
        match self {
            Self::File(_) => Ok(data_dir.has_database()?),
            Self::Schema(db) => Ok(!db.read_blocking(schemas::is_empty)?),
        }
    }

    fn bring_in(&self, data_dir: &DataDir, replaced: &str) -> Result<(), Error> {
        match self {
            Self::File(ready) => {
                // What SQLite keeps beside the old database must not meet the new one.
                let [_, log, shared_memory] = data_dir.database_files();
                data_dir.remove(&[log, shared_memory])?;
                fs::rename(ready.database(), data_dir.database())?;
                data_dir.sync()?;
                Ok(ready.sync()?)
            }
            Self::Schema(db) => {
                let aside = format!("strongroom_replaced_{}", replaced.replace('-', "_"));
                destination::bring_in(db, Some(&aside))
            }
        }
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        // The server that goes on works with the same tables.
        if let Self::Schema(db) = self
            && let Err(error) = db.close_blocking()
        {
            tracing::warn!(%error, "a connection to PostgreSQL did not end cleanly");
        }
    }
}
