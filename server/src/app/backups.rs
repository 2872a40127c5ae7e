//! Backups that the server writes for a browser: one at a time, in the background, into `backups/` of the data directory.
//! A finished one is fetched with a ticket, because a browser sends no bearer token with a download.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use shared::model::text::SecretText;
use shared::model::time::UnixMillis;

use super::data_dir::DataDir;
use super::{App, OpenStore};
use crate::backup::write::{self, Progress};
use crate::clock::Clock;
use crate::crypto::keyring::Keyring;
use crate::crypto::{random, token};
use crate::domain::caller::{Credential, Source};
use crate::domain::{Context, Error, audit, instance};
use crate::store;

mod file;

pub use file::Finished;
pub(super) use file::remove_parts;

/// Backups that are remembered, the newest of them.
const REMEMBERED: usize = 16;
/// Seconds from its end in which tickets for a backup are given out: the password was asked for once, at its beginning.
const OFFERED_SECONDS: i64 = 15 * 60;
/// Seconds a ticket lives.
const TICKET_SECONDS: i64 = 10 * 60;
/// Tickets at the same moment; an older one gives way.
const TICKETS: usize = 256;

/// The backups of this process and the tickets for them.
#[derive(Default)]
pub struct Backups {
    jobs: Mutex<VecDeque<Arc<Job>>>,
    tickets: Mutex<HashMap<[u8; 32], Ticket>>,
}

/// One backup.
pub struct Job {
    id: String,
    /// How far it is.
    pub progress: Progress,
    /// Names of the recovery kits that open it, with their fingerprints.
    pub opens_with: Vec<String>,
    /// When it ended; set before the outcome.
    ended: OnceLock<UnixMillis>,
    outcome: OnceLock<Result<Finished, String>>,
}

/// The right to fetch a backup once.
struct Ticket {
    job: Arc<Job>,
    /// Of who asked for it: it has to be in force when the download begins.
    credential: Credential,
    expires: UnixMillis,
}

impl Job {
    /// What came of it: the file, or why there is none. Nothing yet while it is being written.
    pub fn outcome(&self) -> Option<&Result<Finished, String>> {
        self.outcome.get()
    }

    /// Whether its file may still be fetched.
    fn is_offered(&self, now: UnixMillis) -> bool {
        let recent = |ended: &UnixMillis| now < ended.plus_seconds(OFFERED_SECONDS);
        matches!(self.outcome(), Some(Ok(file)) if file.is_there()) && self.ended.get().is_some_and(recent)
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
    fn begin(&self, opens_with: Vec<String>) -> Result<Running, Error> {
        let id = random::letters(20)?;
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
            ended: OnceLock::new(),
            outcome: OnceLock::new(),
        });
        jobs.push_back(Arc::clone(&job));
        Ok(Running(job))
    }

    fn job(&self, id: &str) -> Option<Arc<Job>> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.iter().find(|job| job.id == id).cloned()
    }

    fn keep(&self, hash: [u8; 32], ticket: Ticket, now: UnixMillis) {
        let mut tickets = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
        tickets.retain(|_, ticket| now < ticket.expires);
        if tickets.len() >= TICKETS {
            let oldest = tickets.iter().min_by_key(|(_, ticket)| ticket.expires);
            if let Some(oldest) = oldest.map(|(hash, _)| *hash) {
                tickets.remove(&oldest);
            }
        }
        tickets.insert(hash, ticket);
    }

    /// The ticket, which nobody can use a second time.
    fn take(&self, hash: [u8; 32], now: UnixMillis) -> Option<Ticket> {
        let mut tickets = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
        tickets.remove(&hash).filter(|ticket| now < ticket.expires)
    }
}

impl App {
    /// Begins a backup for who administers the instance; returns its id.
    pub async fn start_backup(self: &Arc<Self>, caller: (Credential, Source)) -> Result<String, Error> {
        let opened = self.store()?;
        let data_dir = self.require_data_dir()?.clone();
        let keyring = opened.keyring();
        let opens_with = write::opens_with(&keyring);
        if opens_with.is_empty() {
            return Err(Error::Conflict(
                "There is no recovery kit yet, and a backup that nobody can open is none. Make a recovery kit first"
                    .into(),
            ));
        }
        let running = self.backups.begin(opens_with)?;
        let id = running.0.id.clone();
        self.write_as(caller, |cx, caller| {
            caller.require_instance_admin()?;
            audit::record(cx, caller, &audit::Entry::new("backup.create"))
        })
        .await?;
        let app = Arc::clone(self);
        // Not a task: the end of the process must not wait for it. What it leaves then has no final name.
        std::thread::Builder::new()
            .name("backup".into())
            .spawn(move || run(running, &app.clock, &opened, &keyring, &data_dir))
            .map_err(|error| Error::Store(store::Error::Unavailable(error.to_string())))?;
        Ok(id)
    }

    /// A backup, with a new ticket when it is complete, not for long, and its file is still there.
    pub async fn backup(
        &self,
        caller: (Credential, Source),
        id: String,
    ) -> Result<(Arc<Job>, Option<SecretText>), Error> {
        let (credential, _) = caller.clone();
        self.read_as(caller, |_, caller| caller.require_instance_admin())
            .await?;
        let job = self.backups.job(&id).ok_or_else(|| {
            Error::NotFound(
                "There is no such backup, or the server was started again since. Begin a new one".into(),
            )
        })?;
        let now = self.clock.now();
        if !job.is_offered(now) {
            return Ok((job, None));
        }
        let ticket = token::new_secret()?;
        let kept = Ticket {
            job: Arc::clone(&job),
            credential,
            expires: now.plus_seconds(TICKET_SECONDS),
        };
        self.backups.keep(self.ticket_hash(&ticket)?, kept, now);
        Ok((job, Some(ticket)))
    }

    /// Opens the file that a ticket is for, and puts the download on record. The ticket is used up. It is good for nothing
    /// any more when who asked for it was logged out or no longer administers the instance.
    pub async fn download_backup(
        &self,
        ticket: &SecretText,
        source: Source,
    ) -> Result<(File, Finished), Error> {
        let taken = self.backups.take(self.ticket_hash(ticket)?, self.clock.now());
        let ticket = taken.ok_or_else(used)?;
        let Some(Ok(finished)) = ticket.job.outcome() else {
            return Err(used());
        };
        let finished = finished.clone();
        let file = match File::open(&finished.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::NotFound(
                    "This backup is no longer kept on the server. Begin a new one".into(),
                ));
            }
            Err(error) => return Err(Error::Store(store::Error::Unavailable(error.to_string()))),
        };
        let (name, sha256) = (finished.name.clone(), finished.sha256.clone());
        self.write_as((ticket.credential, source), move |cx, caller| {
            caller.require_instance_admin()?;
            let entry = audit::Entry::new("backup.download")
                .with("file", &name)
                .with("sha256", &sha256);
            audit::record(cx, caller, &entry)
        })
        .await?;
        Ok((file, finished))
    }

    fn ticket_hash(&self, ticket: &SecretText) -> Result<[u8; 32], Error> {
        let keyring = self.store()?.keyring();
        Ok(token::keyed_hash(keyring.token_key(), "backup-download", ticket))
    }
}

fn used() -> Error {
    Error::NotFound(
        "This download was used already or has expired: each works once, within ten minutes. Start the download again"
            .into(),
    )
}

/// Writes a backup, on a thread of its own.
fn run(running: Running, clock: &Clock, opened: &OpenStore, keyring: &Keyring, data_dir: &DataDir) {
    let now = clock.now();
    let written = file::write(opened, keyring, data_dir, &running.0.progress, now);
    let outcome = written.map_err(|error| {
        tracing::error!(%error, "a backup could not be written");
        file::explain(&error)
    });
    if let Ok(finished) = &outcome {
        let (size, keys) = (finished.size, opened.keyring());
        let noted = opened.db.write_blocking(move |tx| -> Result<(), Error> {
            instance::note_backup(&mut Context { tx, keys: &keys, now }, size)
        });
        if let Err(error) = noted {
            // The backup itself is whole: who waits for it gets it.
            tracing::error!(%error, "the time of the last backup was not written down");
        }
    }
    running.end(outcome, clock.now());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_one_that_broke_off_has_failed() {
        let backups = Backups::default();
        let running = backups.begin(Vec::new()).unwrap();
        assert!(matches!(backups.begin(Vec::new()), Err(Error::Conflict(_))));
        let job = backups.job(&running.0.id).unwrap();
        assert!(job.outcome().is_none());
        drop(running);
        assert!(matches!(job.outcome(), Some(Err(reason)) if reason.contains("broke off")));
        assert!(backups.begin(Vec::new()).is_ok());
    }

    #[test]
    fn the_memory_of_backups_is_limited() {
        let backups = Backups::default();
        let ids: Vec<String> = (0..=REMEMBERED)
            .map(|_| backups.begin(Vec::new()).unwrap().0.id.clone())
            .collect();
        assert!(backups.job(&ids[0]).is_none());
        assert!(backups.job(&ids[1]).is_some());
    }
}
