//! The instance as its administrators see it, and what it remembers about itself.

use shared::model::time::UnixMillis;

use super::caller::Caller;
use super::{Context, Error, audit};
use crate::crypto::keyring::{SlotKind, fingerprint};
use crate::store::{self, Dialect};

/// `time:bytes` of the newest backup that was completed.
const LAST_BACKUP: &str = "last_backup";
/// When somebody decided to go on without a recovery kit.
const KIT_SKIPPED: &str = "kit_skipped";

/// A backup that was completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backup {
    /// When.
    pub at: UnixMillis,
    /// Size of the file in bytes.
    pub size: u64,
}

/// The state of the instance, as far as store and keys know it.
#[derive(Debug)]
pub struct State {
    /// Which database holds the data.
    pub database: Dialect,
    /// What it takes on disk, in bytes.
    pub size: u64,
    /// Name and fingerprint of the key that opened the store, unless it was removed since.
    pub unlocked_by: Option<(String, String)>,
    /// How many keys could open it.
    pub unlockers: usize,
    /// The newest backup that was completed.
    pub last_backup: Option<Backup>,
}

/// The state, for who administers the instance.
pub fn state(cx: &mut Context, caller: &Caller) -> Result<State, Error> {
    caller.require_instance_admin()?;
    known(cx)
}

/// The same, for who works on the server's own machine.
pub fn state_for_operator(cx: &mut Context) -> Result<State, Error> {
    audit::record(cx, &Caller::operator(), &audit::Entry::new("instance.report"))?;
    known(cx)
}

fn known(cx: &mut Context) -> Result<State, Error> {
    Ok(State {
        database: cx.tx.dialect(),
        size: database_bytes(cx)?,
        unlocked_by: unlocked_by(cx),
        unlockers: cx.keys.slots().len(),
        last_backup: last_backup(cx)?,
    })
}

/// What the data takes on disk, in bytes.
pub fn database_bytes(cx: &mut Context) -> Result<u64, Error> {
    Ok(u64::try_from(store::instance::size_bytes(cx.tx)?).unwrap_or_default())
}

/// What a server says of its store when it starts.
#[derive(Debug)]
pub struct FirstLines {
    /// Which database holds the data.
    pub database: Dialect,
    /// Name and fingerprint of the key that opened the store, unless it was removed since.
    pub unlocked_by: Option<(String, String)>,
    /// How many recovery kits there are, cards included.
    pub kits: usize,
    /// The newest backup that was completed.
    pub last_backup: Option<Backup>,
}

/// The same as a server says it of itself.
pub fn first_lines(cx: &mut Context) -> Result<FirstLines, Error> {
    let kits = cx.keys.slots().iter();
    let kits = kits.filter(|slot| matches!(slot.kind, SlotKind::Recovery | SlotKind::Cards));
    Ok(FirstLines {
        database: cx.tx.dialect(),
        kits: kits.count(),
        unlocked_by: unlocked_by(cx),
        last_backup: last_backup(cx)?,
    })
}

fn unlocked_by(cx: &Context) -> Option<(String, String)> {
    let opener = cx.keys.unlocked_by();
    opener.map(|slot| (slot.name.clone(), fingerprint(&slot.recipient)))
}

/// Remembers that a backup of so many bytes was completed, which was begun at `at`: what was stored later is not in it.
pub fn note_backup(cx: &mut Context, at: UnixMillis, size: u64) -> Result<(), Error> {
    let text = format!("{}:{size}", at.0);
    Ok(store::settings::set(cx.tx, LAST_BACKUP, &text)?)
}

/// The newest backup that was completed.
pub fn last_backup(cx: &mut Context) -> Result<Option<Backup>, Error> {
    let Some(text) = store::settings::get(cx.tx, LAST_BACKUP)? else {
        return Ok(None);
    };
    let parts = text.split_once(':').and_then(|(at, size)| {
        Some(Backup {
            at: UnixMillis(at.parse().ok()?),
            size: size.parse().ok()?,
        })
    });
    match parts {
        Some(backup) => Ok(Some(backup)),
        None => Err(store::Error::Corrupt("the note of the last backup cannot be read").into()),
    }
}

/// Remembers that somebody decided to go on without a recovery kit.
pub fn skip_kit(cx: &mut Context) -> Result<(), Error> {
    Ok(store::settings::set(cx.tx, KIT_SKIPPED, &cx.now.0.to_string())?)
}

/// When that was.
pub fn kit_skipped_at(cx: &mut Context) -> Result<Option<UnixMillis>, Error> {
    let Some(text) = store::settings::get(cx.tx, KIT_SKIPPED)? else {
        return Ok(None);
    };
    match text.parse() {
        Ok(at) => Ok(Some(UnixMillis(at))),
        Err(_) => Err(store::Error::Corrupt("the note of the skipped kit cannot be read").into()),
    }
}
