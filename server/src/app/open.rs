//! Starting: from what lies in a data directory to an open store, or to a locked server that says what it needs.
//!
//! A wrong or missing key never crashes, never makes an empty store, never offers to wipe anything.

use std::fs;

use shared::model::backups::BackupReason;
use shared::model::ids::{BackupId, InstanceId};
use shared::model::time::UnixMillis;

use super::data_dir::DataDir;
use super::database::{self, Place, RESTORE_SCHEMA};
use super::key_sources::KeySources;
use super::{OpenStore, backups, drills, keys};
use crate::backup::{self, replace, restore, set_aside};
use crate::config::path;
use crate::crypto::identity::{self, Identity};
use crate::crypto::keyring::{self, Keyring, NewSlot, SlotKind, SlotSummary};
use crate::crypto::{self, keyfile, random};
use crate::domain::{self, Context, data_keys};
use crate::store::backups::Backup;
use crate::store::{self, Db, PostgresAddress, SqliteOptions, Tx, migrate, schemas};

/// Name of the setting that ties a database to its keyring.
pub(crate) const INSTANCE: &str = "instance";
/// While this file exists, a new store is being made and holds nothing yet. It names the instance.
pub(crate) const STARTED: &str = "initializing";

/// Why a store is not open, and what would open it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locked {
    /// What is wrong and what to do.
    pub reason: String,
    /// The slots of the keyring: what would open it.
    pub slots: Vec<SlotSummary>,
    /// Whether it is the database that does not answer, which may pass.
    pub unreachable: bool,
}

impl Locked {
    /// What would open the store, as `name (kind, fingerprint)`.
    pub fn opens_with(&self) -> Vec<String> {
        self.slots.iter().map(named).collect()
    }

    fn because(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            slots: Vec::new(),
            unreachable: false,
        }
    }
}

/// A key for people to tell from others, as `name (kind, fingerprint)`.
pub fn named(slot: &SlotSummary) -> String {
    let kind = domain::keys::kind(slot.kind).words();
    format!("{} ({kind}, {})", slot.name, slot.fingerprint)
}

impl From<crypto::Error> for Locked {
    fn from(error: crypto::Error) -> Self {
        Self::because(error.to_string())
    }
}

impl From<store::Error> for Locked {
    fn from(error: store::Error) -> Self {
        Self::because(format!("The database cannot be opened: {error}"))
    }
}

impl From<backup::Error> for Locked {
    fn from(error: backup::Error) -> Self {
        Self {
            unreachable: matches!(error, backup::Error::Unreachable(_)),
            ..Self::because(format!("A restored store cannot take its place: {error}"))
        }
    }
}

impl From<std::io::Error> for Locked {
    fn from(error: std::io::Error) -> Self {
        Self::because(format!("The data directory cannot be used: {error}"))
    }
}

/// Opens the store of a data directory whose lock the caller holds with a key that is at hand, or makes a new one when there
/// is none.
pub fn open(data_dir: &DataDir, sources: &KeySources, now: UnixMillis) -> Result<OpenStore, Locked> {
    replace::finish(data_dir)?;
    // Sent to a server that is gone, which alone knew its name.
    data_dir.remove(&[data_dir.upload()])?;
    if let Err(error) = backups::remove_parts(data_dir) {
        tracing::warn!(%error, "the beginning of a backup stays behind; the next backup tries to remove it");
    }
    if let Err(error) = drills::remove_scratch(data_dir) {
        tracing::warn!(%error, "what a rehearsed restore left stays behind; the next one tries to remove it");
    }
    match keyfile::load(data_dir.path())? {
        Some(loaded) => {
            let slots = keyring::fingerprints(&loaded.text)?;
            let keyring = sources.unlock(data_dir, &loaded.text).map_err(|reason| Locked {
                slots,
                ..Locked::because(reason)
            })?;
            sources.report(&keyring);
            open_existing(data_dir, keyring, &loaded, sources.accept_older_database, now)
        }
        None if fs::exists(data_dir.restore_part())? => Err(Locked::because(
            "A restore into this directory was interrupted. Run the same `strongroom restore` again",
        )),
        None if set_aside::was_begun(data_dir)? => Err(Locked::because(format!(
            "A restore into this directory was interrupted when the store that was here had been set aside, in {}. Run \
             the same `strongroom restore --force` again. Or move what is in there back to have the old store. No empty \
             store was made",
            set_aside::part(data_dir).display()
        ))),
        None if data_dir.has_database()? => Err(Locked::because(format!(
            "{} is here, but the keyring that opens it is not (keyring.json). Put the file back, or restore a backup \
             into another directory with `strongroom restore`. Nothing was changed",
            data_dir.database().display()
        ))),
        None => create(data_dir, sources, now),
    }
}

/// Opens the store of a data directory with keys that somebody brought. `None` when they do not fit the keyring.
pub fn open_with(
    data_dir: &DataDir,
    identities: &[Identity],
    now: UnixMillis,
) -> Result<Option<OpenStore>, Locked> {
    replace::finish(data_dir)?;
    let loaded = keyfile::load(data_dir.path())?.ok_or_else(no_keyring)?;
    match Keyring::open(&loaded.text, identities) {
        Ok(keyring) => open_existing(data_dir, keyring, &loaded, false, now).map(Some),
        Err(crypto::Error::NoIdentityOpens) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Opens the store of a data directory again whose keys are among those at hand.
pub fn reopen(data_dir: &DataDir, at_hand: [Keyring; 2], now: UnixMillis) -> Result<OpenStore, Locked> {
    replace::finish(data_dir)?;
    let loaded = keyfile::load(data_dir.path())?.ok_or_else(no_keyring)?;
    let instance = keyring::summary(&loaded.text)?.instance;
    let keyring = at_hand.into_iter().find(|keyring| keyring.instance() == instance);
    open_existing(data_dir, keyring.ok_or_else(no_keyring)?, &loaded, false, now)
}

fn no_keyring() -> Locked {
    Locked::because("The keyring of this store is not here (keyring.json). Put the file back")
}

/// Whether a start that was killed while making this very store left it without a database. Nothing is ever removed on
/// such grounds: whatever lies here may have been put here since.
fn is_unfinished(data_dir: &DataDir, instance: InstanceId) -> Result<bool, Locked> {
    match fs::read_to_string(data_dir.path().join(STARTED)) {
        Ok(started) => Ok(started == instance.to_string()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Ends the time in which a missing database may be made.
fn finish(data_dir: &DataDir) -> Result<(), Locked> {
    match fs::remove_file(data_dir.path().join(STARTED)) {
        Ok(()) => Ok(data_dir.sync()?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn create(data_dir: &DataDir, sources: &KeySources, now: UnixMillis) -> Result<OpenStore, Locked> {
    // A value of which no key can be made is refused before anything is: whoever set it relies on it.
    let given = sources.given_key().map_err(Locked::because)?;
    let server = match sources.identity.as_deref() {
        // Its name may be the key itself.
        Some(file) if path::shown(file).is_none() => {
            return Err(Locked::because(
                "The file that was named as the server's identity is not there",
            ));
        }
        Some(file) => first(identity::read_identities(file)?)?,
        None if fs::exists(data_dir.identity())? => first(identity::read_identities(&data_dir.identity())?)?,
        None => identity::create_server_identity(data_dir.path(), now)?,
    };
    // Whatever is wrong with the database is found before there is anything here.
    let connected = match data_dir.place().map_err(Locked::because)? {
        Place::File => None,
        Place::Postgres(address) => Some(connect_to_nothing(&address)?),
    };
    let instance = InstanceId::from_random(random::bytes()?);
    let mut keyring = Keyring::create(instance, now)?;
    keyring.add_slot(
        &NewSlot::plain(SlotKind::Server, "Server", &identity::recipient(&server)),
        now,
    )?;
    if let Some((variable, identity)) = &given {
        let recipient = identity::recipient(identity);
        keyring.add_slot(
            &NewSlot::plain(SlotKind::EncryptionKey, variable, &recipient),
            now,
        )?;
    }

    fs::write(data_dir.path().join(STARTED), instance.to_string())?;
    data_dir.sync()?;
    if connected.is_some() {
        data_dir.note_postgres(None)?;
    }
    let text = keyring.to_file_text()?;
    keyfile::store(data_dir.path(), &text)?;
    // Both generations from the start: until then the loss of one file would be the loss of the store.
    keyfile::ensure(data_dir.path(), &text)?;
    let db = match connected {
        Some(db) => db,
        None => database::make_file(data_dir, &keyring)?,
    };
    prepare(&db, &keyring, now)?;
    let first = keyring.generation();
    db.write_blocking(move |tx| generation::note(tx, first))?;
    finish(data_dir)?;
    sources.report(&keyring);
    Ok(OpenStore::new(db, keyring, text))
}

fn first(mut identities: Vec<Identity>) -> Result<Identity, Locked> {
    if identities.is_empty() {
        return Err(Locked::because("The identity file holds no identity"));
    }
    Ok(identities.swap_remove(0))
}

fn open_existing(
    data_dir: &DataDir,
    keyring: Keyring,
    loaded: &keyfile::Loaded,
    accept_older: bool,
    now: UnixMillis,
) -> Result<OpenStore, Locked> {
    if let keyfile::Source::Previous { because } = &loaded.source {
        tracing::warn!(%because, "keyring.json cannot be used; its previous generation is used and written back");
    }
    let unfinished = is_unfinished(data_dir, keyring.instance())?;
    let place = data_dir.place().map_err(Locked::because)?;
    let db = match &place {
        Place::File => open_file(data_dir, &keyring, unfinished)?,
        Place::Postgres(address) => connect(address)?,
    };
    require_own(&db, &keyring, &place, unfinished)?;
    // Before anything is changed: an older copy may be of an older schema, too.
    if !unfinished && generation::is_older(&db, keyring.generation(), accept_older)? {
        return Err(Locked::because(
            "The database is older than the key files beside it: an earlier copy of it was put back, and what was written since \
             is missing. Put the newer file back, or restore a backup into an empty directory with `strongroom restore`. To go \
             on with the older database all the same, start once with --accept-older-database. Nothing was changed",
        ));
    }
    let before_upgrade = back_up_before_upgrade(&db, &keyring, data_dir, now)?;
    prepare(&db, &keyring, now)?;
    if let Some(backup) = before_upgrade {
        note_upgrade(&db, &keyring, backup, now);
    }
    keyfile::ensure(data_dir.path(), &loaded.text)?;
    finish(data_dir)?;
    // Left by a restore that was killed in its last moment. From now on this store is in use, so nothing may be left
    // that lets a later restore take it for an interrupted one.
    restore::remove_part(data_dir).map_err(|error| {
        Locked::because(format!(
            "{}, left by a finished restore, cannot be removed: {error}. Remove it",
            data_dir.restore_part().display()
        ))
    })?;
    if let Place::Postgres(_) = place {
        db.write_blocking(|tx| schemas::remove(tx, RESTORE_SCHEMA))?;
        if data_dir.noted()?.is_none() {
            data_dir.note_postgres(None)?;
        }
    }
    let opened = OpenStore::new(db, keyring, loaded.text.clone());
    finish_rotations(&opened, data_dir, now);
    Ok(opened)
}

/// When this program is about to change the schema: everything as it was, for the older program to restore. Without it the
/// database is left alone, for that would be a way without return.
fn back_up_before_upgrade(
    db: &Db,
    keyring: &Keyring,
    data_dir: &DataDir,
    now: UnixMillis,
) -> Result<Option<Backup>, Locked> {
    let found = match db.read_blocking(migrate::version) {
        Ok(found) => found,
        // A new database, or one that is damaged: what comes next finds that out.
        Err(store::Error::Sql(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if found == 0 || found >= migrate::newest() {
        return Ok(None);
    }
    let written = backups::write_before_upgrade(db, keyring, data_dir, now).map_err(|error| {
        Locked::because(format!(
            "This version of Strongroom changes the database, and the backup that it makes before could not be written. {} \
             ({error}). The database was not changed: the version before still starts",
            backups::explain(&error)
        ))
    })?;
    tracing::info!(
        file = written.name,
        schema = found,
        "everything was backed up before the upgrade"
    );
    let id = BackupId::from_random(random::bytes()?);
    Ok(Some(written.as_row(
        id,
        BackupReason::Upgrade,
        names(keyring),
        now,
    )))
}

/// What opens a backup that was made before an upgrade: whatever opens the store.
fn names(keyring: &Keyring) -> Vec<String> {
    let named = |slot: &keyring::Slot| format!("{} ({})", slot.name, keyring::fingerprint(&slot.recipient));
    keyring.slots().iter().map(named).collect()
}

/// Takes it into the list, now that there is one.
fn note_upgrade(db: &Db, keyring: &Keyring, backup: Backup, now: UnixMillis) {
    let keys = keyring.clone();
    let noted =
        db.write_blocking(move |tx| domain::backups::note(&mut Context { tx, keys: &keys, now }, &backup));
    if let Err(error) = noted {
        tracing::error!(%error, "the backup before the upgrade is not in the list yet; the next backup takes it in");
    }
}

/// Opens the file with its key, or with the one under which it was being encrypted anew when the process ended.
fn open_file(data_dir: &DataDir, keyring: &Keyring, unfinished: bool) -> Result<Db, Locked> {
    if !data_dir.has_database()? && !unfinished {
        return Err(Locked::because(format!(
            "The keyring is here, but the database is not ({}). Put the file back, or restore a backup into an empty \
             directory with `strongroom restore`. If the store lies in PostgreSQL, name its address. No empty store was made",
            data_dir.database().display()
        )));
    }
    let options = SqliteOptions {
        create: unfinished,
        ..SqliteOptions::default()
    };
    let keys = [Some(keyring.database_key()), keyring.next_database_key()];
    for key in keys.into_iter().flatten() {
        match Db::open_sqlite(&data_dir.database(), &key.to_hex(), &options) {
            Ok(db) => return Ok(db),
            Err(store::Error::NotADatabase) => {}
            Err(other) => return Err(other.into()),
        }
    }
    Err(Locked::because(
        "The database does not belong to this keyring, or is damaged. Put the two files back that belong together, \
         or restore a backup. Nothing was changed",
    ))
}

fn connect(address: &PostgresAddress) -> Result<Db, Locked> {
    database::connect(address).map_err(|error| Locked {
        unreachable: matches!(error, store::Error::Unavailable(_)),
        ..Locked::because(format!(
            "The store lies in PostgreSQL ({address}). {}",
            sentence(&error)
        ))
    })
}

fn sentence(error: &store::Error) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Connects to a database in which a new store is to be made. One that holds anything is left alone: its store would have its
/// keyring somewhere else.
fn connect_to_nothing(address: &PostgresAddress) -> Result<Db, Locked> {
    let db = connect(address)?;
    if db.read_blocking(schemas::is_empty)? {
        return Ok(db);
    }
    let instance = db.read_blocking(|tx| schemas::setting(tx, INSTANCE))?;
    db.close_blocking()?;
    Err(Locked::because(match instance {
        Some(instance) => format!(
            "PostgreSQL ({address}) holds the store of the instance {instance}, but the keyring that opens it is not in this \
             data directory (keyring.json). Put the file back, or name an empty database. Nothing was changed"
        ),
        None => format!(
            "PostgreSQL ({address}) holds tables of another program. Name an empty database: Strongroom works in one of its \
             own. Nothing was changed"
        ),
    }))
}

/// Goes on with what a process left that was ended in the middle of a rotation. What cannot be done now, such as for want of
/// disk space, is done at the next start: the store is whole in between.
fn finish_rotations(opened: &OpenStore, data_dir: &DataDir, now: UnixMillis) {
    let keys = opened.keyring();
    let finished = opened
        .db
        .read_blocking(move |tx| data_keys::needs_rewrap(&mut Context { tx, keys: &keys, now }))
        .and_then(|needed| {
            if needed {
                let rewrapped = keys::rewrap(opened, now)?;
                tracing::warn!(
                    rewrapped,
                    "a rotation of the root key was interrupted and is finished now"
                );
            }
            Ok(())
        })
        .and_then(|()| keys::finish_rekey(opened, data_dir));
    if let Err(error) = finished {
        tracing::error!(%error, "an interrupted rotation of keys could not be finished; it goes on at the next start");
    }
}

/// Refuses a database that is not the keyring's: one of another instance, or one with nothing in it where there must be a
/// store. SQLite takes a file that was cut off within its first page for a new one. `unfinished`: it may be empty still.
fn require_own(db: &Db, keyring: &Keyring, place: &Place, unfinished: bool) -> Result<(), Locked> {
    let found = match db.read_blocking(|tx| store::settings::get(tx, INSTANCE)) {
        Ok(found) => found,
        Err(store::Error::Sql(_)) => None,
        Err(error) => return Err(error.into()),
    };
    match (found, place) {
        (Some(found), _) if found == keyring.instance().to_string() => Ok(()),
        (Some(found), _) => Err(of_another(&found, keyring)),
        (None, Place::Postgres(address)) if unfinished => match db.read_blocking(schemas::foreign_table)? {
            Some(table) => Err(Locked::because(format!(
                "PostgreSQL ({address}) holds tables of another program, such as {table}. Name an empty database: \
                 Strongroom works in one of its own. Nothing was changed"
            ))),
            None => Ok(()),
        },
        (None, Place::File) if unfinished => Ok(()),
        (None, Place::File) => Err(Locked::because(
            "The database is damaged: there is nothing in it. Put the file back, or restore a backup into an empty \
             directory with `strongroom restore`. Nothing was changed",
        )),
        (None, Place::Postgres(address)) => Err(Locked::because(format!(
            "The keyring is here, but there is no store in PostgreSQL ({address}). Name the database in which it lies, or \
             restore a backup into an empty data directory with `strongroom restore --database-url`. No empty store was made"
        ))),
    }
}

fn of_another(found: &str, keyring: &Keyring) -> Locked {
    Locked::because(format!(
        "The database belongs to the instance {found}, the keyring to {}. Bring the two together that belong together. \
         Nothing was changed",
        keyring.instance()
    ))
}

/// Brings the schema up to date and makes sure that database and keyring belong together.
pub fn prepare(db: &Db, keyring: &Keyring, now: UnixMillis) -> Result<(), Locked> {
    db.write_blocking(move |tx| {
        migrate::migrate(tx, now.0).map_err(|error| Locked::because(error.to_string()))
    })?;
    let instance = keyring.instance().to_string();
    let found = db.write_blocking(move |tx| tie(tx, &instance))?;
    if found != keyring.instance().to_string() {
        return Err(of_another(&found, keyring));
    }
    let keys = keyring.clone();
    let proven = db
        .read_blocking(move |tx| data_keys::prove(&mut Context { tx, keys: &keys, now }))
        .map_err(|error| Locked::because(format!("The database cannot be read: {error}")))?;
    if !proven {
        return Err(Locked::because(
            "The keys of this keyring do not open the data in the database. Put the two files back that belong \
             together, or restore a backup. Nothing was changed",
        ));
    }
    Ok(())
}

/// The instance that the database belongs to; a new database joins this one.
fn tie(tx: Tx, instance: &str) -> Result<String, store::Error> {
    if let Some(found) = store::settings::get(tx, INSTANCE)? {
        return Ok(found);
    }
    store::settings::set(tx, INSTANCE, instance)?;
    Ok(instance.to_owned())
}

pub(crate) mod generation;
#[cfg(test)]
mod tests;
