//! Places where copies of backups go. What is needed to write there is sealed.

use serde::{Deserialize, Serialize};
use shared::model::backups::{Target, TargetPlace};
use shared::model::ids::{BackupId, TargetId};
use shared::model::names::DisplayName;
use shared::model::text::SecretText;

use crate::crypto::random;
use crate::domain::caller::Caller;
use crate::domain::{Context, Error, audit, sealed_settings};
use crate::store;
use crate::store::backup_copies::BackupCopy;
use crate::store::backups::Backup;

/// Name of the sealed list.
const TARGETS: &str = "backup-targets";
/// Most targets.
const MOST: usize = 20;
/// Seconds after a failure until a copy is tried again.
const TRY_AGAIN_SECONDS: i64 = 10 * 60;

/// A target with what is needed to write there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Stored {
    /// What everybody may see who administers the instance.
    pub target: Target,
    /// The secret key of S3, the password of WebDAV.
    pub secret: Option<SecretText>,
}

/// All of them.
pub fn list(cx: &mut Context) -> Result<Vec<Stored>, Error> {
    let Some(text) = sealed_settings::get(cx, TARGETS)? else {
        return Ok(Vec::new());
    };
    serde_json::from_str(text.expose())
        .map_err(|_| store::Error::Corrupt("the targets of backups cannot be read").into())
}

fn set(cx: &mut Context, targets: &[Stored]) -> Result<(), Error> {
    let text = serde_json::to_string(targets)
        .map_err(|error| Error::Store(store::Error::Unavailable(error.to_string())))?;
    sealed_settings::set(cx, TARGETS, &SecretText::new(text))
}

/// A target with a new id, if its name may be one.
pub fn make(name: &str, place: TargetPlace, secret: Option<SecretText>) -> Result<Stored, Error> {
    let name = name
        .parse::<DisplayName>()
        .map_err(|reason| Error::invalid("name", &reason))?;
    let needs_secret = matches!(place, TargetPlace::S3 { .. });
    if needs_secret && secret.as_ref().is_none_or(|secret| secret.expose().is_empty()) {
        return Err(Error::Invalid {
            field: "secret",
            reason: "must be the secret key that belongs to the access key".into(),
        });
    }
    Ok(Stored {
        target: Target {
            id: TargetId::from_random(random::bytes()?),
            name: name.to_string(),
            place,
        },
        secret,
    })
}

/// Adds one that was tried.
pub fn add(cx: &mut Context, caller: &Caller, stored: &Stored) -> Result<(), Error> {
    let mut targets = list(cx)?;
    if targets.len() >= MOST {
        return Err(Error::Conflict(format!(
            "There are {MOST} targets, and no more are possible"
        )));
    }
    if targets
        .iter()
        .any(|other| other.target.name == stored.target.name)
    {
        return Err(Error::BadRequest(
            "Another target has this name. Choose a different one".into(),
        ));
    }
    targets.push(stored.clone());
    set(cx, &targets)?;
    let entry = audit::Entry::new("backup.target.create").with("name", &stored.target.name);
    audit::record(cx, caller, &entry)
}

/// Removes one. What is there stays there.
pub fn remove(cx: &mut Context, caller: &Caller, id: TargetId) -> Result<String, Error> {
    let mut targets = list(cx)?;
    let at = targets.iter().position(|stored| stored.target.id == id);
    let at = at.ok_or_else(|| Error::NotFound("There is no such target any more".into()))?;
    let removed = targets.remove(at).target;
    set(cx, &targets)?;
    store::backup_copies::delete_of_target(cx.tx, id)?;
    store::backups::forget_gone(cx.tx, cx.now)?;
    let entry = audit::Entry::new("backup.target.delete").with("name", &removed.name);
    audit::record(cx, caller, &entry)?;
    Ok(removed.name)
}

/// Something to do at a target.
#[derive(Debug, Clone)]
pub enum Work {
    /// The file is to be copied there.
    Copy(Backup),
    /// The copy is to be removed there: the backup is not kept any more.
    Remove(Backup),
}

/// What is to be done next, at a target that is not among `busy`. The newest backup first; one that failed not at once again.
pub fn next_work(cx: &mut Context, busy: &[TargetId]) -> Result<Option<(Stored, Work)>, Error> {
    let mut targets = list(cx)?;
    targets.retain(|stored| !busy.contains(&stored.target.id));
    if targets.is_empty() {
        return Ok(None);
    }
    let copies = store::backup_copies::list(cx.tx)?;
    for backup in super::list(cx)? {
        for stored in &targets {
            let copy = copies
                .iter()
                .find(|copy| copy.backup == backup.id && copy.target == stored.target.id);
            let failed_lately = copy.is_some_and(|copy| {
                copy.error.is_some() && super::lately(cx, copy.tried_at, TRY_AGAIN_SECONDS)
            });
            let is_there = copy.is_some_and(|copy| copy.copied_at.is_some());
            if failed_lately {
                continue;
            }
            if is_there && backup.removed_at.is_some() {
                return Ok(Some((stored.clone(), Work::Remove(backup))));
            }
            if !is_there && backup.here {
                return Ok(Some((stored.clone(), Work::Copy(backup))));
            }
        }
    }
    Ok(None)
}

/// Notes what came of a copy or of its removal.
pub fn note(
    cx: &mut Context,
    target: TargetId,
    work: &Work,
    outcome: &Result<(), String>,
) -> Result<(), Error> {
    // Removed meanwhile: then nothing is known about it any more.
    if !list(cx)?.iter().any(|stored| stored.target.id == target) {
        return Ok(());
    }
    let copy = |id: BackupId, is_there: bool| BackupCopy {
        backup: id,
        target,
        copied_at: is_there.then_some(cx.now),
        tried_at: cx.now,
        error: outcome.clone().err(),
    };
    if let Work::Copy(backup) = work {
        let backups = store::backups::list(cx.tx)?;
        let known = backups.iter().find(|known| known.id == backup.id);
        if outcome.is_err() && known.is_none_or(|known| !known.here) {
            return Ok(());
        }
        if known.is_none() {
            // Somebody removed the file meanwhile, by hand: what is not kept is remembered longer. The copy stays.
            let gone = Backup {
                here: false,
                ..backup.clone()
            };
            store::backups::insert(cx.tx, &gone)?;
        }
    }
    match (work, outcome) {
        (Work::Copy(backup), _) => store::backup_copies::set(cx.tx, &copy(backup.id, outcome.is_ok()))?,
        (Work::Remove(backup), Err(_)) => store::backup_copies::set(cx.tx, &copy(backup.id, true))?,
        (Work::Remove(backup), Ok(())) => {
            store::backup_copies::delete(cx.tx, backup.id, target)?;
            store::backups::forget_gone(cx.tx, cx.now)?;
        }
    }
    Ok(())
}
