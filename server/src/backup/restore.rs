//! Restoring a backup into an empty data directory, with its rows in a file there or in PostgreSQL.
//!
//! Everything is built in `restore.part/` and checked there; then the database, the new server identity and, last,
//! the keyring move to their places. A directory without a keyring is no store, so a restore that was killed at any
//! point either never happened or is complete; running it again cleans up, and so does opening the complete store.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use shared::model::time::UnixMillis;

use super::destination::{self, Destination};
use super::read::{self, Receiver};
use super::{Error, Manifest, Summary, rows, set_aside};
use crate::app::data_dir::DataDir;
use crate::app::database::{NOTE, Place};
use crate::app::open::{INSTANCE, STARTED, generation};
use crate::crypto::identity::{self, Identity};
use crate::crypto::keyfile;
use crate::crypto::keyring::{Keyring, NewSlot, SlotKind};
use crate::domain::caller::Caller;
use crate::domain::{Context, audit, proof};
use crate::store::credentials::{self, Credential};
use crate::store::{self, Db, Value, copy, migrate};

/// Rows inserted in one transaction.
const BATCH: usize = 1_000;
/// Length of the lines after which their rows are inserted, however few they are.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// How to restore.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// A store that is in the place is moved into a directory of its own; otherwise it is a reason to refuse.
    pub set_aside: bool,
    /// Every person has to log in again.
    pub revoke_sessions: bool,
}

/// What came of a restore.
#[derive(Debug)]
pub struct Restored {
    /// Facts about the backup.
    pub summary: Summary,
    /// Where the store is that was in the place.
    pub set_aside: Option<PathBuf>,
    /// In which schema of PostgreSQL its tables are, or those of another store.
    pub schema: Option<String>,
    /// The credentials that are in force again.
    pub in_force: Vec<Credential>,
    /// Those of them that were in force no more in the store that was in the place; nothing when that is not known.
    pub revived: Option<Vec<Credential>>,
}

/// Restores into a data directory that holds no store yet, or whose store is set aside. That happens
/// after everything was checked.
pub fn into_data_dir(
    file: &Path,
    data_dir: &DataDir,
    identities: &[Identity],
    now: UnixMillis,
    options: Options,
) -> Result<Restored, Error> {
    let open = File::open(file)
        .map_err(|error| io::Error::new(error.kind(), format!("cannot open {}: {error}", file.display())))?;
    data_dir.create()?;
    let Some(_lock) = data_dir.lock()? else {
        return Err(Error::Refused(format!(
            "{} is in use by a running Strongroom. Stop it, or choose another --data-dir",
            data_dir.path().display()
        )));
    };
    let place = data_dir.new_place();
    // Before anything is cleared away that tells how far an earlier attempt came.
    let destination = Destination::open(&place, data_dir, options.set_aside)?;
    // An earlier attempt that was killed while moving its own files into place left nothing that is worth keeping.
    let replaces = match require_empty(data_dir, &destination) {
        Ok(()) => set_aside::was_begun(data_dir)?,
        Err(Error::Refused(_)) if options.set_aside => {
            require_none_ready(data_dir)?;
            true
        }
        Err(refused) => return Err(refused),
    };
    let before = replaces
        .then(|| set_aside::in_force(data_dir, identities, now))
        .flatten()
        .or_else(|| destination.in_force(now));
    remove_part(data_dir)?;
    let part = data_dir.beside(data_dir.restore_part(), &place);
    part.create()?;
    if let Place::Postgres(_) = place {
        part.note_postgres(None)?;
    }
    destination.clear(true)?;
    let built = build(io::BufReader::new(open), &part, identities, now, options);
    let (summary, in_force) = match built {
        Ok(built) => built,
        Err(error) => {
            remove_part(data_dir)?;
            destination.clear(false)?;
            return Err(error);
        }
    };
    let set_aside = replaces
        .then(|| set_aside::move_store(data_dir, now))
        .transpose()?;
    let schema = destination.aside(data_dir, set_aside.as_deref(), now)?;
    switch(&part, data_dir, &destination, schema.as_deref())?;
    destination.close()?;
    let revived = before.map(|before| {
        let revived = in_force.iter().filter(|credential| !before.contains(credential));
        revived.cloned().collect()
    });
    Ok(Restored {
        summary,
        set_aside,
        schema,
        in_force,
        revived,
    })
}

/// Refuses when a restored store is on its way into the place already.
fn require_none_ready(data_dir: &DataDir) -> Result<(), Error> {
    if fs::exists(data_dir.restore_ready())? {
        return Err(Error::Refused(format!(
            "{} holds a restored store that was about to take its place here. Start the server to go on with it, or move \
             that folder away",
            data_dir.restore_ready().display()
        )));
    }
    Ok(())
}

/// Refuses a directory with anything in it that may be of a store, and clears away what an interrupted restore left.
///
/// A file in the place of a store counts as left by a restore only while there is no keyring, `restore.part` has the
/// keyring of a store that was complete, and the file is missing there: then it was moved and nobody ever opened it,
/// because opening removes `restore.part`.
fn require_empty(data_dir: &DataDir, destination: &Destination) -> Result<(), Error> {
    if keyfile::load(data_dir.path())?.is_some() {
        return Err(Error::Refused(format!(
            "{} already holds a store or its identity, and a restore never overwrites one. Choose an empty --data-dir, \
             or let it be set aside with --force",
            data_dir.path().display()
        )));
    }
    require_none_ready(data_dir)?;
    let part = DataDir::new(data_dir.restore_part());
    let complete = matches!(keyfile::load(part.path()), Ok(Some(_)));
    let database_moved = complete && part.noted()?.is_none() && !part.has_database()?;
    let identity_moved = (database_moved || destination.was_moved()) && !fs::exists(part.identity())?;
    let mut leftovers = Vec::new();
    for (files, moved) in [
        (data_dir.database_files().to_vec(), database_moved),
        (vec![data_dir.identity()], identity_moved),
    ] {
        for file in files {
            if !fs::exists(&file)? {
                continue;
            }
            if !moved {
                return Err(Error::Refused(format!(
                    "{} is in the way: it may belong to another store, and a restore never overwrites anything. Choose \
                     an empty --data-dir, or move the file away first",
                    file.display()
                )));
            }
            leftovers.push(file);
        }
    }
    // A first start that was killed has nothing to do with what is restored.
    leftovers.push(data_dir.path().join(STARTED));
    // What proves that they are leftovers goes after them.
    data_dir.remove(&leftovers)?;
    remove_part(data_dir)?;
    Ok(())
}

/// Removes `restore.part`, its keyring first: without that it proves nothing any more about what lies beside it.
pub(crate) fn remove_part(data_dir: &DataDir) -> io::Result<()> {
    let part = DataDir::new(data_dir.restore_part());
    if !fs::exists(part.path())? {
        return Ok(());
    }
    part.remove(&[keyfile::CURRENT, keyfile::PREVIOUS].map(|name| part.path().join(name)))?;
    fs::remove_dir_all(part.path())?;
    data_dir.sync()
}

/// Builds a complete store in `part`: database, identity, keyring.
fn build(
    file: impl io::Read,
    part: &DataDir,
    identities: &[Identity],
    now: UnixMillis,
    options: Options,
) -> Result<(Summary, Vec<Credential>), Error> {
    let (keyring, summary, in_force) = build_database(
        file,
        part,
        identities,
        now,
        &Caller::operator(),
        options.revoke_sessions,
    )?;
    let server = identity::create_server_identity(part.path(), now)?;
    finish_part(part, keyring, &[identity::recipient(&server)], now)?;
    Ok((summary, in_force))
}

/// Builds the database of a store in `part`, and returns the keyring as it was in the backup, with the credentials that are in
/// force in it.
pub(super) fn build_database(
    file: impl io::Read,
    part: &DataDir,
    identities: &[Identity],
    now: UnixMillis,
    caller: &Caller,
    revoke_sessions: bool,
) -> Result<(Keyring, Summary, Vec<Credential>), Error> {
    let (db, keyring, summary) = into_database(file, identities, now, caller, &|keyring| {
        destination::make(part, keyring)
    })?;
    let in_force = db.write_blocking(move |tx| {
        if revoke_sessions {
            credentials::revoke_sessions(tx, now)?;
        }
        credentials::in_force(tx, now)
    })?;
    db.close_blocking()?;
    Ok((keyring, summary, in_force))
}

/// Lets the keyring open for these servers in place of those of the backup, and brings the whole part onto the disk.
/// Returns the keyring with its text.
pub(super) fn finish_part(
    part: &DataDir,
    mut keyring: Keyring,
    servers: &[String],
    now: UnixMillis,
) -> Result<(Keyring, String), Error> {
    // A server may be that of the backup: its identity lay elsewhere and survived.
    for server in servers {
        if !keyring.slots().iter().any(|slot| slot.recipient == *server) {
            keyring.add_slot(&NewSlot::plain(SlotKind::Server, "Server", server), now)?;
        }
    }
    let old: Vec<_> = keyring
        .slots()
        .iter()
        .filter(|slot| slot.kind == SlotKind::Server && !servers.contains(&slot.recipient))
        .map(|slot| slot.id)
        .collect();
    for slot in old {
        keyring.remove_slot(slot)?;
    }
    let text = keyring.to_file_text()?;
    keyfile::store(part.path(), &text)?;
    if part.has_database()? {
        File::open(part.database())?.sync_all()?;
    }
    part.sync()?;
    Ok((keyring, text))
}

/// Restores rows into a database that `open` makes for the keyring of the backup, and checks every value. The keyring is
/// returned as it was in the backup.
pub fn into_database(
    file: impl io::Read,
    identities: &[Identity],
    now: UnixMillis,
    caller: &Caller,
    open: &dyn Fn(&Keyring) -> Result<Db, Error>,
) -> Result<(Db, Keyring, Summary), Error> {
    let made = RefCell::new(None);
    let open = |keyring: &Keyring| {
        let db = open(keyring)?;
        made.replace(Some(db.clone()));
        Ok(db)
    };
    let done = fill(file, identities, now, caller, &open);
    // Its threads must not outlive a failure: the process may end now, and with it what they use.
    if done.is_err()
        && let Some(db) = made.take()
        && let Err(error) = db.close_blocking()
    {
        tracing::warn!(%error, "the database of a restore that failed could not be closed cleanly");
    }
    done
}

fn fill(
    file: impl io::Read,
    identities: &[Identity],
    now: UnixMillis,
    caller: &Caller,
    open: &dyn Fn(&Keyring) -> Result<Db, Error>,
) -> Result<(Db, Keyring, Summary), Error> {
    let mut target = Target {
        identities,
        now,
        open,
        opened: None,
        table: None,
        waiting: Vec::new(),
        waiting_bytes: 0,
    };
    let (manifest, totals) = read::read(file, identities, &mut target)?;
    target.flush()?;
    let (db, keyring) = target
        .opened
        .ok_or_else(|| Error::Malformed("it has no keyring".into()))?;
    db.snapshot_blocking(|tx| -> Result<(), Error> {
        for (table, expected) in &manifest.rows {
            let found = copy::count(tx, table)?;
            if found != *expected {
                return Err(Error::Malformed(format!(
                    "{found} of {expected} rows of {table} were restored"
                )));
            }
        }
        match &totals {
            Some(totals) if totals.root != rows::root(tx)? => Err(Error::Malformed(
                "the restored rows are not those over which its Merkle root was made".into(),
            )),
            _ => Ok(()),
        }
    })?;
    // The rows are those of the backup; now the schema may become that of this program.
    db.write_blocking(move |tx| migrate::migrate(tx, now.0).map_err(Error::from))?;
    let proof = db.snapshot_blocking(|tx| {
        prove(&mut Context {
            tx,
            keys: &keyring,
            now,
        })
    })?;
    let summary = Summary {
        secrets: proof.secrets,
        unreadable: proof.unreadable,
        root: totals.map(|totals| totals.root),
        manifest,
    };
    let (keys, taken, caller) = (keyring.clone(), summary.manifest.created_at, caller.clone());
    db.write_blocking(move |tx| {
        generation::forget(tx)?;
        // What targets have belongs to the store before: this one never removes it there, not even as too old.
        store::backup_copies::delete_all(tx)?;
        // Nor does it look for their files before it has looked which of them are here.
        store::backups::set_none_here(tx)?;
        let entry = audit::Entry::new("instance.restore").with("backup", &taken);
        audit::record(&mut Context { tx, keys: &keys, now }, &caller, &entry)
    })?;
    Ok((db, keyring, summary))
}

/// Checks that the rows belong to the keyring, and opens every value. A few that do not open were damaged before the
/// backup: that is said and no reason to give up the others. None that opens means other keys.
fn prove(cx: &mut Context) -> Result<proof::Proof, Error> {
    let instance = store::settings::get(cx.tx, INSTANCE)?;
    if instance != Some(cx.keys.instance().to_string()) {
        return Err(Error::Malformed(
            "its rows belong to another instance than its keyring".into(),
        ));
    }
    let proof = proof::all(cx)?;
    if proof.opened == 0 && proof.unreadable > 0 {
        return Err(Error::Malformed(
            "its keyring opens none of the values in it".into(),
        ));
    }
    Ok(proof)
}

struct Target<'a> {
    identities: &'a [Identity],
    now: UnixMillis,
    open: &'a dyn Fn(&Keyring) -> Result<Db, Error>,
    opened: Option<(Db, Keyring)>,
    /// Table of the waiting rows, with its columns.
    table: Option<(String, Vec<copy::Column>)>,
    waiting: Vec<Vec<Value>>,
    /// Length of their lines.
    waiting_bytes: usize,
}

impl Target<'_> {
    fn db(&self) -> Result<&Db, Error> {
        let (db, _) = self
            .opened
            .as_ref()
            .ok_or_else(|| Error::Malformed("rows come before the keyring".into()))?;
        Ok(db)
    }

    fn flush(&mut self) -> Result<(), Error> {
        let (Some((table, columns)), false) = (&self.table, self.waiting.is_empty()) else {
            return Ok(());
        };
        let (table, columns) = (table.clone(), columns.clone());
        let rows = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        let name = table.clone();
        let imported = self.db()?.write_blocking(move |tx| {
            for values in &rows {
                copy::import_row(tx, &name, &columns, values)?;
            }
            Ok::<(), store::Error>(())
        });
        imported.map_err(|error| match error {
            // A backup that we wrote breaks no rule of the schema.
            store::Error::Sql(_) | store::Error::Unique(_) => {
                Error::Malformed(format!("rows of table {table} do not fit the others: {error}"))
            }
            other => other.into(),
        })
    }
}

impl Receiver for Target<'_> {
    fn begin(&mut self, manifest: &Manifest, keyring: &str) -> Result<(), Error> {
        let keyring = Keyring::open(keyring, self.identities)?;
        if keyring.instance() != manifest.instance {
            return Err(Error::Malformed("its keyring belongs to another instance".into()));
        }
        let db = (self.open)(&keyring)?;
        let (now, schema) = (self.now.0, manifest.schema);
        db.write_blocking(move |tx| migrate::migrate_to(tx, now, schema))
            .map_err(|error| match error {
                migrate::MigrationError::Newer { .. } => Error::Malformed(format!(
                    "it was written by the newer version {} of Strongroom. Restore it with that version or a later one",
                    manifest.program_version
                )),
                other => other.into(),
            })?;
        self.opened = Some((db, keyring));
        Ok(())
    }

    fn row(&mut self, table: &str, line: &[u8]) -> Result<(), Error> {
        if self.table.as_ref().is_none_or(|(current, _)| current != table) {
            self.flush()?;
            let name = table.to_owned();
            let columns = self.db()?.read_blocking(move |tx| copy::columns(tx, &name))?;
            if columns.is_empty() {
                return Err(Error::Malformed(format!("this version has no table {table}")));
            }
            self.table = Some((table.to_owned(), columns));
        }
        if let Some((_, columns)) = &self.table {
            self.waiting.push(rows::from_line(columns, table, line)?);
            self.waiting_bytes += line.len();
        }
        if self.waiting.len() >= BATCH || self.waiting_bytes >= BATCH_BYTES {
            self.flush()
        } else {
            Ok(())
        }
    }
}

/// Moves a complete store to its place; the keyring last, because it makes the directory a store.
fn switch(
    part: &DataDir,
    data_dir: &DataDir,
    destination: &Destination,
    aside: Option<&str>,
) -> Result<(), Error> {
    data_dir.sync()?;
    match destination {
        Destination::File => {
            // It names a database that this store has nothing to do with.
            data_dir.remove(&[data_dir.path().join(NOTE)])?;
            fs::rename(part.database(), data_dir.database())?;
        }
        Destination::Postgres { .. } => {
            data_dir.note_postgres(None)?;
            destination.bring_in(aside)?;
        }
    }
    // In this order on disk too: an identity without its database here would not count as moved.
    data_dir.sync()?;
    part.sync()?;
    fs::rename(part.identity(), data_dir.identity())?;
    data_dir.sync()?;
    part.sync()?;
    let keyring = keyfile::load(part.path())?
        .ok_or_else(|| Error::Malformed("the keyring that was just written is gone".into()))?;
    keyfile::store(data_dir.path(), &keyring.text)?;
    keyfile::ensure(data_dir.path(), &keyring.text)?;
    remove_part(data_dir)?;
    Ok(())
}

#[cfg(test)]
mod tests;
