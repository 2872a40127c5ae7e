//! Backups: those that were completed, when the next one is due, which are kept, where copies go.

pub mod retention;
pub mod schedule;
pub mod targets;

use std::collections::HashSet;

use shared::model::backups::{
    BackupFailure, BackupFile, BackupReason, BackupTrouble, Backups, Copy, Schedule,
};
use shared::model::ids::BackupId;
use shared::model::time::UnixMillis;

use super::caller::Caller;
use super::{Context, Error, audit, drills, instance};
use crate::crypto::keyring::{Keyring, fingerprint};
use crate::crypto::random;
use crate::store;
use crate::store::backups::Backup;

/// The schedule as JSON.
const SCHEDULE: &str = "backup_schedule";
/// From when on the schedule counts: its last backup, or its last change.
const SINCE: &str = "backup_schedule_since";
/// When the schedule last began one, whatever came of it.
const ATTEMPT: &str = "backup_schedule_attempt";
/// The last failure as JSON.
const FAILURE: &str = "backup_failure";
/// Seconds after a failure until it is tried again.
const TRY_AGAIN_SECONDS: i64 = 60 * 60;
/// Seconds by which a stored time may lie ahead: clocks are set right by a little now and then.
const AHEAD_SECONDS: i64 = 60 * 60;
/// Rehearsals that are shown.
const DRILLS_SHOWN: i64 = 20;

/// The recovery kits that open a backup made now, each with its fingerprint.
pub fn opens_with(keyring: &Keyring) -> Vec<String> {
    let kits = keyring.slots().iter().filter(|slot| slot.kind.opens_backups());
    kits.map(|slot| format!("{} ({})", slot.name, fingerprint(&slot.recipient)))
        .collect()
}

/// Everything there is to know, for who administers the instance.
pub fn state(cx: &mut Context, caller: &Caller) -> Result<Backups, Error> {
    caller.require_instance_admin()?;
    state_for_operator(cx)
}

/// The same for the operator at the server's own command line, who may see everything.
pub fn state_for_operator(cx: &mut Context) -> Result<Backups, Error> {
    let schedule = schedule(cx)?;
    let copies = store::backup_copies::list(cx.tx)?;
    let found = list(cx)?;
    let drills = drills::list(cx, DRILLS_SHOWN)?;
    let failure = failure(cx)?;
    let overdue = is_overdue(cx, &schedule)?;
    let next_at = next_at(cx, &schedule)?;
    Ok(Backups {
        backups: found
            .into_iter()
            .map(|backup| {
                let id = backup.id;
                let copies = copies.iter().filter(|copy| copy.backup == id);
                let copies = copies.map(|copy| Copy {
                    target: copy.target,
                    copied_at: copy.copied_at,
                    error: copy.error.clone(),
                });
                file(backup, copies.collect())
            })
            // One that was removed, or is known from the store before a restore, is remembered, and there is nothing to see
            // of it.
            .filter(|file| file.here || !file.copies.is_empty())
            .collect(),
        targets: targets::list(cx)?
            .into_iter()
            .map(|stored| stored.target)
            .collect(),
        schedule,
        next_at,
        overdue,
        failure,
        drill_overdue: drills::is_overdue(cx)?,
        drills,
        drilling: false,
        opens_with: opens_with(cx.keys),
        roots: Vec::new(),
    })
}

/// What is wrong with the backups. Without a kit there can be none, and that is said elsewhere.
pub fn trouble(cx: &mut Context) -> Result<Option<BackupTrouble>, Error> {
    if opens_with(cx.keys).is_empty() {
        return Ok(None);
    }
    let schedule = schedule(cx)?;
    Ok(if failure(cx)?.is_some() {
        Some(BackupTrouble::Failed)
    } else if is_overdue(cx, &schedule)? {
        Some(BackupTrouble::Overdue)
    } else if drills::list(cx, 1)?.first().is_some_and(|last| !last.passed) {
        Some(BackupTrouble::DrillFailed)
    } else if drills::is_overdue(cx)? {
        Some(BackupTrouble::DrillOverdue)
    } else {
        None
    })
}

/// A round may be late by one of its own length before anybody has to look.
fn is_overdue(cx: &mut Context, schedule: &Schedule) -> Result<bool, Error> {
    let due = schedule::next_after(schedule, since(cx)?);
    let second = due.and_then(|due| schedule::next_after(schedule, due));
    Ok(second.is_some_and(|second| second < cx.now))
}

fn file(backup: Backup, copies: Vec<Copy>) -> BackupFile {
    BackupFile {
        id: backup.id,
        file_name: backup.file_name,
        reason: backup.reason,
        created_at: backup.created_at,
        size: backup.size,
        sha256: backup.sha256,
        root: backup.root,
        opens_with: backup.opens_with,
        secrets: backup.secrets,
        unreadable: backup.unreadable,
        here: backup.here,
        removed: backup.removed_at.is_some(),
        copies,
    }
}

/// The schedule.
pub fn schedule(cx: &mut Context) -> Result<Schedule, Error> {
    match store::settings::get(cx.tx, SCHEDULE)? {
        None => Ok(Schedule::default()),
        Some(text) => serde_json::from_str(&text)
            .map_err(|_| store::Error::Corrupt("the schedule of backups cannot be read").into()),
    }
}

/// Changes the schedule.
pub fn set_schedule(cx: &mut Context, caller: &Caller, schedule: &Schedule) -> Result<(), Error> {
    schedule::check(schedule, cx.now)?;
    let text = json(schedule)?;
    store::settings::set(cx.tx, SCHEDULE, &text)?;
    store::settings::set(cx.tx, SINCE, &cx.now.0.to_string())?;
    let cron = schedule.cron.as_deref().unwrap_or("off");
    let entry = audit::Entry::new("backup.schedule.update")
        .with("cron", cron)
        .with(
            "kept",
            &format!(
                "{} days, {} weeks, {} months",
                schedule.daily, schedule.weekly, schedule.monthly
            ),
        );
    audit::record(cx, caller, &entry)
}

fn json(value: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| store::Error::Unavailable(error.to_string()).into())
}

/// The latest time that something stored can be of. A later one was written while the clock was wrong; nobody knows when
/// that was.
pub fn latest_credible(cx: &Context) -> UnixMillis {
    cx.now.plus_seconds(AHEAD_SECONDS)
}

/// Whether something happened at a time less than so many seconds ago.
pub(super) fn lately(cx: &Context, at: UnixMillis, seconds: i64) -> bool {
    at <= latest_credible(cx) && cx.now < at.plus_seconds(seconds)
}

/// All of them, the newest first, and last those that were made while the clock was ahead.
fn list(cx: &mut Context) -> Result<Vec<Backup>, Error> {
    let latest = latest_credible(cx);
    let mut backups = store::backups::list(cx.tx)?;
    backups.sort_by_key(|backup| backup.created_at > latest);
    Ok(backups)
}

fn stored_time(cx: &mut Context, name: &str) -> Result<Option<UnixMillis>, Error> {
    let Some(text) = store::settings::get(cx.tx, name)? else {
        return Ok(None);
    };
    match text.parse() {
        Ok(at) => Ok(Some(UnixMillis(at))),
        Err(_) => Err(store::Error::Corrupt("the time of the last scheduled backup cannot be read").into()),
    }
}

fn since(cx: &mut Context) -> Result<UnixMillis, Error> {
    let since = stored_time(cx, SINCE)?.unwrap_or(cx.keys.created());
    // The clock was ahead, perhaps by years, in which there would be no backup: the next one is due.
    Ok(if since > latest_credible(cx) {
        UnixMillis::default()
    } else {
        since
    })
}

fn failure(cx: &mut Context) -> Result<Option<BackupFailure>, Error> {
    let text = store::settings::get(cx.tx, FAILURE)?;
    text.map(|text| {
        serde_json::from_str(&text)
            .map_err(|_| store::Error::Corrupt("the last failure of a backup cannot be read").into())
    })
    .transpose()
}

/// When the next backup is made by itself: after a failure, or one that was begun and never noted, not at once.
fn next_at(cx: &mut Context, schedule: &Schedule) -> Result<Option<UnixMillis>, Error> {
    let Some(next) = schedule::next_after(schedule, since(cx)?) else {
        return Ok(None);
    };
    let tried = [failure(cx)?.map(|failure| failure.at), stored_time(cx, ATTEMPT)?];
    let tried = tried.into_iter().flatten();
    let lately = tried.filter(|at| lately(cx, *at, TRY_AGAIN_SECONDS));
    let again = lately.map(|at| at.plus_seconds(TRY_AGAIN_SECONDS)).max();
    Ok(Some(again.map_or(next, |again| again.max(next))))
}

/// Notes that the schedule begins one.
pub fn note_attempt(cx: &mut Context) -> Result<(), Error> {
    Ok(store::settings::set(cx.tx, ATTEMPT, &cx.now.0.to_string())?)
}

/// Whether a backup is to be made now: the schedule says so, somebody has set the instance up, and there is a kit.
pub fn is_due(cx: &mut Context) -> Result<bool, Error> {
    if opens_with(cx.keys).is_empty() || !store::users::any(cx.tx)? {
        return Ok(false);
    }
    let schedule = schedule(cx)?;
    Ok(next_at(cx, &schedule)?.is_some_and(|at| at <= cx.now))
}

/// Notes a backup that was completed.
pub fn note(cx: &mut Context, backup: &Backup) -> Result<(), Error> {
    // Whatever had this name before is gone here, and will be at targets: nothing is to be removed there under this name.
    for other in store::backups::list(cx.tx)? {
        if other.file_name == backup.file_name {
            store::backup_copies::delete_of_backup(cx.tx, other.id)?;
            store::backups::mark_removed(cx.tx, other.id, cx.now)?;
        }
    }
    store::backups::insert(cx.tx, backup)?;
    store::settings::remove(cx.tx, FAILURE)?;
    store::settings::remove(cx.tx, ATTEMPT)?;
    instance::note_backup(cx, backup.created_at, backup.size)?;
    if backup.reason == BackupReason::Schedule {
        store::settings::set(cx.tx, SINCE, &cx.now.0.to_string())?;
        let entry = audit::Entry::new("backup.create")
            .with("reason", "schedule")
            .with("file", &backup.file_name);
        audit::record(cx, &Caller::operator(), &entry)?;
    }
    Ok(())
}

/// Notes why there is none.
pub fn note_failure(cx: &mut Context, reason: &str) -> Result<(), Error> {
    let failure = BackupFailure {
        at: cx.now,
        reason: reason.to_owned(),
    };
    let text = json(&failure)?;
    store::settings::set(cx.tx, FAILURE, &text)?;
    let entry = audit::Entry::new("backup.failed").with("reason", reason);
    audit::record(cx, &Caller::operator(), &entry)
}

/// A file of a backup that lies in the data directory.
#[derive(Debug, Clone)]
pub struct Present {
    /// Its name.
    pub file_name: String,
    /// When it was begun, as its name says: whoever copies files gives them other times.
    pub created_at: UnixMillis,
    /// Size in bytes.
    pub size: u64,
}

/// Brings the list in line with the files that are there: takes in those that nobody knows, as after a restore, and notes
/// which are gone. Copies of those stay where they are: whoever makes room on this machine does not mean them.
pub fn reconcile(cx: &mut Context, present: &[Present]) -> Result<(), Error> {
    let known = store::backups::list(cx.tx)?;
    let there: HashSet<&str> = present.iter().map(|file| file.file_name.as_str()).collect();
    for backup in known.iter().filter(|backup| backup.removed_at.is_none()) {
        let here = there.contains(backup.file_name.as_str());
        if here != backup.here {
            store::backups::set_here(cx.tx, backup.id, here)?;
        }
    }
    let held = known.iter().filter(|backup| backup.removed_at.is_none());
    let held: HashSet<&str> = held.map(|backup| backup.file_name.as_str()).collect();
    for file in present
        .iter()
        .filter(|file| !held.contains(file.file_name.as_str()))
    {
        let backup = Backup {
            id: BackupId::from_random(random::bytes()?),
            file_name: file.file_name.clone(),
            reason: BackupReason::Found,
            created_at: file.created_at,
            size: file.size,
            sha256: String::new(),
            root: String::new(),
            opens_with: Vec::new(),
            secrets: 0,
            unreadable: 0,
            here: true,
            removed_at: None,
        };
        store::backups::insert(cx.tx, &backup)?;
    }
    store::backups::forget_gone(cx.tx, cx.now)?;
    Ok(())
}

/// Those whose files may go, never the one that was just made, whatever the clock said when the others were. None while
/// values do not open in the newest: an older one may have them. Only what this store made and what is here counts: files
/// that were found belong to whoever put them there, and of those that somebody removed here the copies stay.
pub fn expendable(cx: &mut Context, just_made: BackupId) -> Result<Vec<Backup>, Error> {
    let held: Vec<Backup> = list(cx)?
        .into_iter()
        .filter(|backup| backup.here && backup.reason != BackupReason::Found)
        .collect();
    let newest = held.iter().find(|backup| backup.id == just_made);
    if newest.is_none_or(|newest| newest.unreadable > 0) {
        return Ok(Vec::new());
    }
    let times: Vec<UnixMillis> = held.iter().map(|backup| backup.created_at).collect();
    let kept = retention::kept(&times, &schedule(cx)?);
    // The way back to the version before stays open until the next upgrade.
    let before_upgrade = held.iter().find(|backup| backup.reason == BackupReason::Upgrade);
    let stay = [Some(just_made), before_upgrade.map(|backup| backup.id)];
    let gone = held
        .into_iter()
        .zip(kept)
        .filter(|(backup, kept)| !kept && !stay.contains(&Some(backup.id)));
    Ok(gone.map(|(backup, _)| backup).collect())
}

/// Notes that the file of one is gone.
pub fn note_removed(cx: &mut Context, id: BackupId) -> Result<(), Error> {
    store::backups::mark_removed(cx.tx, id, cx.now)?;
    Ok(store::backups::forget_gone(cx.tx, cx.now)?)
}

/// The one that somebody wants removed. The newest stays: without it there is nothing to go back to.
pub fn removable(cx: &mut Context, caller: &Caller, id: BackupId) -> Result<Backup, Error> {
    let mut backups = list(cx)?;
    backups.retain(|backup| backup.removed_at.is_none());
    if backups.first().is_some_and(|newest| newest.id == id) {
        return Err(Error::Conflict(
            "This is the newest backup, and without it there is nothing to go back to. Make another one first".into(),
        ));
    }
    let found = backups.into_iter().find(|backup| backup.id == id);
    let found = found.ok_or_else(|| Error::NotFound("There is no such backup any more".into()))?;
    let entry = audit::Entry::new("backup.delete").with("file", &found.file_name);
    audit::record(cx, caller, &entry)?;
    Ok(found)
}

/// The one of that id, if its file is there.
pub fn present(cx: &mut Context, id: BackupId) -> Result<Backup, Error> {
    let backups = store::backups::list(cx.tx)?;
    let found = backups.into_iter().find(|backup| backup.id == id && backup.here);
    found.ok_or_else(|| Error::NotFound("This backup is no longer kept on the server".into()))
}

/// The newest whose file is there and which the store can open: not one that was made before an upgrade.
pub fn newest(cx: &mut Context) -> Result<Option<Backup>, Error> {
    Ok(list(cx)?
        .into_iter()
        .find(|backup| backup.here && backup.reason != BackupReason::Upgrade))
}
