//! The database into which a restore goes. In PostgreSQL the new store is built in a schema beside the present one and takes
//! its place in one transaction; tables that are there are moved into a schema of their own, never removed.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use shared::model::time::UnixMillis;

use super::Error;
use crate::app::data_dir::DataDir;
use crate::app::database::{self, Place, RESTORE_SCHEMA};
use crate::app::open::INSTANCE;
use crate::crypto::{keyfile, keyring};
use crate::store::credentials::{self, Credential};
use crate::store::{Db, PostgresAddress, PostgresOptions, schemas};

/// Where it goes.
pub(super) enum Destination {
    /// The file of the data directory.
    File,
    /// A database, which nobody else works with until this is closed.
    Postgres {
        /// It.
        db: Db,
        /// Whether a store lies in it.
        used: bool,
        /// Whether that is what an earlier attempt brought there before it was killed.
        moved: bool,
    },
}

impl Destination {
    /// Looks what is there; a store is a reason to refuse, unless it is to be set aside.
    pub(super) fn open(place: &Place, data_dir: &DataDir, set_aside: bool) -> Result<Self, Error> {
        let Place::Postgres(address) = place else {
            return Ok(Self::File);
        };
        let db = connect(address)?;
        if let Some(table) = db.read_blocking(schemas::foreign_table)? {
            return Err(Error::Refused(format!(
                "PostgreSQL ({address}) holds tables of another program, such as {table}. Name an empty database: \
                 Strongroom works in one of its own. Nothing was changed"
            )));
        }
        let used = !db.read_blocking(schemas::is_empty)?;
        let moved = used && was_moved(&db, data_dir)?;
        if used && !moved && !set_aside {
            return Err(Error::Refused(format!(
                "PostgreSQL ({address}) already holds a store, and a restore never overwrites one. Name an empty database, \
                 or let it be set aside with --force"
            )));
        }
        Ok(Self::Postgres { db, used, moved })
    }

    /// Whether an earlier attempt brought its store into the database before it was killed.
    pub(super) fn was_moved(&self) -> bool {
        matches!(self, Self::Postgres { moved: true, .. })
    }

    /// The credentials in force in the store that lies there.
    pub(super) fn in_force(&self, now: UnixMillis) -> Option<HashSet<Credential>> {
        let Self::Postgres { db, used: true, .. } = self else {
            return None;
        };
        // One that cannot be read is no reason not to replace it: that may be why.
        let found = db.read_blocking(move |tx| credentials::in_force(tx, now)).ok()?;
        Some(found.into_iter().collect())
    }

    /// Makes room for the new store to be built, or removes what was built of it.
    pub(super) fn clear(&self, make: bool) -> Result<(), Error> {
        match self {
            Self::File => Ok(()),
            Self::Postgres { db, .. } => clear(db, make),
        }
    }

    /// The name of the schema into which the store goes that lies there, if there is one. `files` is where its data directory
    /// was moved: it notes the name before anything happens, so that it starts from there in any case.
    pub(super) fn aside(
        &self,
        data_dir: &DataDir,
        files: Option<&Path>,
        now: UnixMillis,
    ) -> Result<Option<String>, Error> {
        let Self::Postgres { db, used: true, .. } = self else {
            return Ok(None);
        };
        if let Some(begun) = begun(db, data_dir)? {
            return Ok(Some(begun));
        }
        let time: String = now
            .to_string()
            .to_lowercase()
            .chars()
            .take(19)
            .filter(char::is_ascii_alphanumeric)
            .collect();
        let mut name = format!("strongroom_replaced_{time}z");
        let mut number = 1;
        while exists(db, &name)? {
            number += 1;
            name = format!("strongroom_replaced_{time}z_{number}");
        }
        if let Some(files) = files.map(DataDir::new)
            && files.noted()? == Some(None)
            && is_of(db, &files)?
        {
            files.note_postgres(Some(&name))?;
        }
        Ok(Some(name))
    }

    /// Brings the store that was built into its place, all of it or nothing, and the one that was there into the schema
    /// `aside`.
    pub(super) fn bring_in(&self, aside: Option<&str>) -> Result<(), Error> {
        match self {
            Self::File => Ok(()),
            Self::Postgres { db, .. } => bring_in(db, aside),
        }
    }

    /// Lets others work with the database.
    pub(super) fn close(self) -> Result<(), Error> {
        match self {
            Self::File => Ok(()),
            Self::Postgres { db, .. } => Ok(db.close_blocking()?),
        }
    }
}

/// Makes the database of a store that is built in `part`.
pub(super) fn make(part: &DataDir, keyring: &keyring::Keyring) -> Result<Db, Error> {
    match part.place().map_err(Error::Refused)? {
        Place::File => Ok(database::make_file(part, keyring)?),
        // The one beside it is held alone.
        Place::Postgres(address) => Ok(Db::open_postgres(&address, &PostgresOptions::default())?),
    }
}

/// Connects, so that nobody else works with the database meanwhile.
pub(super) fn connect(address: &PostgresAddress) -> Result<Db, Error> {
    database::connect(address)
        .map_err(|error| Error::Unreachable(format!("PostgreSQL ({address}): {error}. Nothing was changed")))
}

/// Makes room in a schema for a new store to be built, or removes what was built of it.
pub(super) fn clear(db: &Db, make: bool) -> Result<(), Error> {
    let cleared = db.write_blocking(move |tx| {
        schemas::remove(tx, RESTORE_SCHEMA)?;
        if make {
            schemas::make(tx, RESTORE_SCHEMA)?;
        }
        Ok::<_, crate::store::Error>(())
    });
    cleared.map_err(|error| {
        Error::Refused(format!(
            "No schema for the restore could be made: {error}. The user of PostgreSQL has to own the database, or needs the \
             right to make schemas in it (GRANT CREATE ON DATABASE)"
        ))
    })
}

/// Brings the store that was built into its place, all of it or nothing, and the one that was there into the schema `aside`.
pub(super) fn bring_in(db: &Db, aside: Option<&str>) -> Result<(), Error> {
    let aside = aside.map(str::to_owned);
    Ok(db.write_blocking(move |tx| {
        if let Some(aside) = &aside {
            schemas::move_out(tx, aside)?;
        }
        schemas::move_in(tx, RESTORE_SCHEMA)
    })?)
}

pub(super) fn exists(db: &Db, schema: &str) -> Result<bool, Error> {
    let schema = schema.to_owned();
    Ok(db.read_blocking(move |tx| schemas::exists(tx, &schema))?)
}

/// Whether the store in the database is the one that was built in `restore.part`: that is complete, and the schema in which
/// it was built is gone, which happens in the very transaction that brings it into its place.
fn was_moved(db: &Db, data_dir: &DataDir) -> Result<bool, Error> {
    let part = DataDir::new(data_dir.restore_part());
    Ok(keyfile::load(data_dir.path())?.is_none()
        && part.noted()?.is_some()
        && !exists(db, RESTORE_SCHEMA)?
        && is_of(db, &part)?)
}

/// Whether the store in the database is of the same instance as a keyring.
fn is_of(db: &Db, dir: &DataDir) -> Result<bool, Error> {
    // Key files that are damaged are of no instance.
    let Ok(Some(loaded)) = keyfile::load(dir.path()) else {
        return Ok(false);
    };
    let instance = keyring::summary(&loaded.text)?.instance.to_string();
    Ok(db.read_blocking(|tx| schemas::setting(tx, INSTANCE))? == Some(instance))
}

/// The schema that a data directory notes which was set aside, when the process was killed before the tables were moved there.
fn begun(db: &Db, data_dir: &DataDir) -> Result<Option<String>, Error> {
    for entry in fs::read_dir(data_dir.path())? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with("replaced-") {
            continue;
        }
        let files = DataDir::new(entry.path());
        if let Some(Some(schema)) = files.noted()?
            && !exists(db, &schema)?
            && is_of(db, &files)?
        {
            return Ok(Some(schema));
        }
    }
    Ok(None)
}
