//! One backup, from its beginning to its file.

use std::fs;
use std::sync::{Arc, OnceLock, PoisonError};

use shared::model::backups::BackupReason;
use shared::model::ids::BackupId;
use shared::model::time::UnixMillis;

use super::Backups;
use super::file::{self, Finished};
use crate::app::data_dir::DataDir;
use crate::app::host::Host;
use crate::app::{App, OpenStore};
use crate::backup::write::Progress;
use crate::clock::Clock;
use crate::crypto::keyring::Keyring;
use crate::crypto::random;
use crate::domain::backups::{self, opens_with};
use crate::domain::caller::{Credential, Source};
use crate::domain::{Error, audit};
use crate::store;
use crate::store::backups::Backup;

/// Backups that are remembered, the newest of them.
const REMEMBERED: usize = 16;
/// Seconds from its end in which tickets for a backup are given out: the password was asked for once, at its beginning.
const OFFERED_SECONDS: i64 = 15 * 60;

/// One backup.
pub struct Job {
    pub(super) id: BackupId,
    /// How far it is.
    pub progress: Progress,
    /// Names of the recovery kits that open it, with their fingerprints.
    pub opens_with: Vec<String>,
    reason: BackupReason,
    /// When it ended; set before the outcome.
    ended: OnceLock<UnixMillis>,
    outcome: OnceLock<Result<Finished, String>>,
}

impl Job {
    /// What came of it: the file, or why there is none. Nothing yet while it is being written.
    pub fn outcome(&self) -> Option<&Result<Finished, String>> {
        self.outcome.get()
    }

    /// Whether its file may still be fetched by who asked for it.
    pub(super) fn is_offered(&self, now: UnixMillis) -> bool {
        let recent = |ended: &UnixMillis| now < ended.plus_seconds(OFFERED_SECONDS);
        matches!(self.outcome(), Some(Ok(file)) if file.is_there())
            && self.reason == BackupReason::Request
            && self.ended.get().is_some_and(recent)
    }
}

/// Holds the place of the one backup that is being written. Dropped without an outcome, as when its thread broke off,
/// the backup has failed.
struct Running(Arc<Job>);

impl Running {
    fn end(self, outcome: Result<Finished, String>, now: UnixMillis) {
        // Only the one who writes it sets them, and once.
        let _ = self.0.ended.set(now);
        let _ = self.0.outcome.set(outcome);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let broke_off = "The backup broke off. Nothing of it was kept; the server's log says why";
        self.0.outcome.get_or_init(|| Err(broke_off.to_owned()));
    }
}

impl Backups {
    fn begin(&self, reason: BackupReason, opens_with: Vec<String>) -> Result<Running, Error> {
        let id = BackupId::from_random(random::bytes()?);
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if jobs.iter().any(|job| job.outcome().is_none()) {
            return Err(Error::Conflict(
                "Another backup is being written at the moment. Try again when it is done".into(),
            ));
        }
        if jobs.len() >= REMEMBERED {
            jobs.pop_front();
        }
        let job = Arc::new(Job {
            id,
            progress: Progress::default(),
            opens_with,
            reason,
            ended: OnceLock::new(),
            outcome: OnceLock::new(),
        });
        jobs.push_back(Arc::clone(&job));
        Ok(Running(job))
    }

    pub(super) fn job(&self, id: &str) -> Option<Arc<Job>> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.iter().find(|job| job.id.to_string() == id).cloned()
    }
}

impl App {
    /// Begins a backup for who administers the instance; returns its id.
    pub async fn start_backup(self: &Arc<Self>, caller: (Credential, Source)) -> Result<String, Error> {
        let opened = self.store()?;
        let keyring = opened.keyring();
        let opens_with = opens_with(&keyring);
        if opens_with.is_empty() {
            return Err(Error::Conflict(
                "There is no recovery kit yet, and a backup that nobody can open is none. Make a recovery kit first"
                    .into(),
            ));
        }
        let running = self.backups.begin(BackupReason::Request, opens_with)?;
        let id = running.0.id.to_string();
        self.write_as(caller, |cx, caller| {
            caller.require_instance_admin()?;
            audit::record(cx, caller, &audit::Entry::new("backup.create"))
        })
        .await?;
        self.spawn_backup(running, opened, keyring)?;
        Ok(id)
    }

    /// Begins a backup when the schedule asks for one.
    pub async fn start_backup_when_due(self: &Arc<Self>) -> Result<(), Error> {
        if self.data_dir().is_none() || !self.read(backups::is_due).await? {
            return Ok(());
        }
        let opened = self.store()?;
        let keyring = opened.keyring();
        // Another one that is being written now ends, and then it is looked at again.
        match self.backups.begin(BackupReason::Schedule, opens_with(&keyring)) {
            Ok(running) => {
                // A database that takes nothing more takes no row of a backup either: then none is written, again and again.
                self.write(backups::note_attempt).await?;
                self.spawn_backup(running, opened, keyring)
            }
            Err(Error::Conflict(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn spawn_backup(
        self: &Arc<Self>,
        running: Running,
        opened: Arc<OpenStore>,
        keyring: Arc<Keyring>,
    ) -> Result<(), Error> {
        let data_dir = self.require_data_dir()?.clone();
        let app = Arc::clone(self);
        // Not a task: the end of the process must not wait for it. What it leaves then has no final name.
        std::thread::Builder::new()
            .name("backup".into())
            .spawn(move || run(running, &app.clock, &opened, &keyring, &data_dir, app.host()))
            .map_err(|error| Error::Store(store::Error::Unavailable(error.to_string())))?;
        Ok(())
    }
}

/// Writes a backup, on a thread of its own, and tidies up after it.
fn run(
    running: Running,
    clock: &Clock,
    opened: &OpenStore,
    keyring: &Keyring,
    data_dir: &DataDir,
    host: &Host,
) {
    let now = clock.now();
    let written = file::write(opened, keyring, data_dir, &running.0.progress, now);
    let outcome = written.map_err(|error| {
        tracing::error!(%error, "a backup could not be written");
        file::explain(&error)
    });
    let noted = match &outcome {
        Ok(finished) => keep(opened, data_dir, finished, &running.0, now),
        Err(reason) => {
            let reason = reason.clone();
            opened.write(clock.now(), move |cx| backups::note_failure(cx, &reason))
        }
    };
    if let Err(error) = noted {
        tracing::error!(%error, "what came of the backup was not written down");
        // The backup itself is whole: who waits for it gets it, and the next one takes its file into the list.
        if let Ok(finished) = &outcome {
            let reason = format!(
                "{} was written, but could not be taken into the list of backups; the server's log says why",
                finished.name
            );
            if let Err(error) = opened.write(clock.now(), move |cx| backups::note_failure(cx, &reason)) {
                tracing::error!(%error, "nor was that");
            }
        }
    }
    let for_hook = outcome.clone();
    running.end(outcome, clock.now());
    host.after_backup(&for_hook);
}

/// Notes a backup and removes those that are not to be kept any more.
fn keep(
    opened: &OpenStore,
    data_dir: &DataDir,
    finished: &Finished,
    job: &Job,
    now: UnixMillis,
) -> Result<(), Error> {
    let backup = finished.as_row(job.id, job.reason, job.opens_with.clone(), now);
    let just_made = backup.id;
    let present = file::present(data_dir)?;
    let expendable = opened.write(now, move |cx| {
        backups::note(cx, &backup)?;
        backups::reconcile(cx, &present)?;
        backups::expendable(cx, just_made)
    })?;
    if finished.unreadable > 0 {
        tracing::warn!(
            unreadable = finished.unreadable,
            "a backup has values that do not open; older backups are kept beside it"
        );
    }
    for backup in expendable {
        if let Err(error) = remove_file(opened, data_dir, &backup, now) {
            tracing::warn!(%error, "an old backup could not be removed; the next backup tries again");
        }
    }
    Ok(())
}

/// Removes the file of a backup; what targets have of it goes later.
pub(super) fn remove_file(
    opened: &OpenStore,
    data_dir: &DataDir,
    backup: &Backup,
    now: UnixMillis,
) -> Result<(), Error> {
    match fs::remove_file(data_dir.backups().join(&backup.file_name)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::Conflict(format!(
            "{} could not be removed: {error}. It is still there, and so are its copies; look at the data directory and \
             try again",
            backup.file_name
        ))),
        _ => {
            let id = backup.id;
            opened.write(now, move |cx| backups::note_removed(cx, id))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_one_that_broke_off_has_failed() {
        let backups = Backups::default();
        let begin = || backups.begin(BackupReason::Request, Vec::new());
        let running = begin().unwrap();
        assert!(matches!(begin(), Err(Error::Conflict(_))));
        let job = backups.job(&running.0.id.to_string()).unwrap();
        assert!(job.outcome().is_none());
        drop(running);
        assert!(matches!(job.outcome(), Some(Err(reason)) if reason.contains("broke off")));
        assert!(begin().is_ok());
    }

    #[test]
    fn the_memory_of_backups_is_limited() {
        let backups = Backups::default();
        let ids: Vec<String> = (0..=REMEMBERED)
            .map(|_| {
                backups
                    .begin(BackupReason::Request, Vec::new())
                    .unwrap()
                    .0
                    .id
                    .to_string()
            })
            .collect();
        assert!(backups.job(&ids[0]).is_none());
        assert!(backups.job(&ids[1]).is_some());
    }
}
