//! The right to fetch the file of a backup once.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

use shared::model::ids::BackupId;
use shared::model::text::SecretText;
use shared::model::time::UnixMillis;

use super::{Backups, Job};
use crate::app::App;
use crate::crypto::token;
use crate::domain::caller::{Credential, Source};
use crate::domain::{Error, audit, backups};
use crate::store;

/// Seconds within which a download has to begin.
const TICKET_SECONDS: i64 = 10 * 60;
/// Seconds for which one that has begun may go on, from its last beginning: a large file takes hours over a slow line.
const GOING_ON_SECONDS: i64 = 24 * 60 * 60;
/// Tickets at the same moment; an older one gives way.
const TICKETS: usize = 256;

/// The file that a ticket is for.
#[derive(Debug, Clone)]
struct Offered {
    path: PathBuf,
    name: String,
    size: u64,
    sha256: String,
}

/// The right to fetch a file once: from its beginning to its end, with as many interruptions as the line has.
#[derive(Clone)]
pub struct Ticket {
    file: Offered,
    /// Of who asked for it: it has to be in force when the download begins.
    credential: Credential,
    expires: UnixMillis,
    /// Bytes handed out, once the download has begun.
    handed_out: Option<Arc<AtomicU64>>,
}

/// A file on its way.
pub struct Download {
    /// It, at the byte with which the answer begins.
    pub file: File,
    /// What to call it.
    pub name: String,
    /// Its whole size in bytes.
    pub size: u64,
    /// SHA-256 in hex; empty when it is not known.
    pub sha256: String,
    /// Where the answer begins.
    pub from: u64,
    /// To be raised as bytes are handed out.
    pub handed_out: Arc<AtomicU64>,
}

impl Backups {
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

    /// The ticket for a download that begins at a byte. Nobody can begin with it a second time; an interrupted download goes
    /// on where it was cut off, or before, but never from the start: without that, the rest of a file opens for nobody.
    fn take(&self, hash: [u8; 32], from: u64, now: UnixMillis) -> Option<(Ticket, Arc<AtomicU64>)> {
        let mut tickets = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
        let ticket = tickets.get_mut(&hash).filter(|ticket| now < ticket.expires)?;
        let handed_out = match &ticket.handed_out {
            None if from == 0 => Arc::new(AtomicU64::new(0)),
            Some(handed_out)
                if from > 0 && from <= handed_out.load(Ordering::Relaxed) && from < ticket.file.size =>
            {
                Arc::clone(handed_out)
            }
            _ => return None,
        };
        ticket.handed_out = Some(Arc::clone(&handed_out));
        ticket.expires = now.plus_seconds(GOING_ON_SECONDS);
        Some((ticket.clone(), handed_out))
    }
}

impl App {
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
        let (true, Some(Ok(finished))) = (job.is_offered(self.clock.now()), job.outcome()) else {
            return Ok((job, None));
        };
        let file = Offered {
            path: finished.path.clone(),
            name: finished.name.clone(),
            size: finished.size,
            sha256: finished.sha256.clone(),
        };
        let ticket = self.new_ticket(file, credential)?;
        Ok((job, Some(ticket)))
    }

    /// A ticket for any backup whose file is there, for who administers the instance and has just given the password.
    pub async fn offer_backup(
        &self,
        caller: (Credential, Source),
        id: BackupId,
    ) -> Result<SecretText, Error> {
        let data_dir = self.require_data_dir()?;
        let (credential, _) = caller.clone();
        let found = self
            .read_as(caller, move |cx, caller| {
                caller.require_instance_admin()?;
                backups::present(cx, id)
            })
            .await?;
        let file = Offered {
            path: data_dir.backups().join(&found.file_name),
            name: found.file_name,
            size: found.size,
            sha256: found.sha256,
        };
        self.new_ticket(file, credential)
    }

    fn new_ticket(&self, file: Offered, credential: Credential) -> Result<SecretText, Error> {
        let ticket = token::new_secret()?;
        let now = self.clock.now();
        let kept = Ticket {
            file,
            credential,
            expires: now.plus_seconds(TICKET_SECONDS),
            handed_out: None,
        };
        self.backups.keep(self.ticket_hash(&ticket)?, kept, now);
        Ok(ticket)
    }

    /// Opens the file that a ticket is for, at a byte, and puts the download on record. It is good for nothing any more when
    /// who asked for it was logged out or no longer administers the instance.
    pub async fn download_backup(
        &self,
        ticket: &SecretText,
        from: u64,
        source: Source,
    ) -> Result<Download, Error> {
        let taken = self
            .backups
            .take(self.ticket_hash(ticket)?, from, self.clock.now());
        let (ticket, handed_out) = taken.ok_or_else(used)?;
        let unavailable = |error: std::io::Error| Error::Store(store::Error::Unavailable(error.to_string()));
        let mut file = match File::open(&ticket.file.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::NotFound(
                    "This backup is no longer kept on the server. Begin a new one".into(),
                ));
            }
            Err(error) => return Err(unavailable(error)),
        };
        file.seek(SeekFrom::Start(from)).map_err(unavailable)?;
        let Offered {
            name, size, sha256, ..
        } = ticket.file;
        let (of_file, of_hash) = (name.clone(), sha256.clone());
        self.write_as((ticket.credential, source), move |cx, caller| {
            caller.require_instance_admin()?;
            let entry = audit::Entry::new("backup.download")
                .with("file", &of_file)
                .with("sha256", &of_hash);
            let entry = if from == 0 {
                entry
            } else {
                entry.with("from", &from)
            };
            audit::record(cx, caller, &entry)
        })
        .await?;
        Ok(Download {
            file,
            name,
            size,
            sha256,
            from,
            handed_out,
        })
    }

    fn ticket_hash(&self, ticket: &SecretText) -> Result<[u8; 32], Error> {
        let keyring = self.store()?.keyring();
        Ok(token::keyed_hash(keyring.token_key(), "backup-download", ticket))
    }
}

fn used() -> Error {
    Error::NotFound(
        "This download was used already or has expired: each works once, and begins within ten minutes. Start the download again"
            .into(),
    )
}
