//! Rehearsed restores: the newest backup is restored into a scratch store and everything in it is opened, as a restore with
//! a kit would, so that a backup that is none is found out before it is needed.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use shared::model::backups::Drill;
use shared::model::time::UnixMillis;

use super::data_dir::DataDir;
use super::disk::Watch;
use super::{App, OpenStore};
use crate::backup::{self, verify};
use crate::domain::{Context, Error, backups, drills};
use crate::store;
use crate::store::backups::Backup;

/// How often it is looked whether the one before has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Frees the place of the one rehearsal.
struct Drilling(Arc<App>);

impl Drop for Drilling {
    fn drop(&mut self) {
        self.0.drilling.store(false, Ordering::Release);
    }
}

impl App {
    /// Whether a restore is being rehearsed.
    pub fn is_drilling(&self) -> bool {
        self.drilling.load(Ordering::Acquire)
    }

    /// Begins a rehearsal when one is due.
    pub async fn start_drill_when_due(self: &Arc<Self>) -> Result<(), Error> {
        if self.data_dir().is_some() && !self.is_drilling() && self.read(drills::is_due).await? {
            self.start_drill()?;
        }
        Ok(())
    }

    /// Rehearses a restore to its end, after one that is under way. Blocks.
    pub fn drill_blocking(self: &Arc<Self>) -> Result<Drill, Error> {
        let (opened, data_dir) = (self.store()?, self.require_data_dir()?.clone());
        while self.drilling.swap(true, Ordering::AcqRel) {
            std::thread::sleep(LOOK_AGAIN);
        }
        let drilling = Drilling(Arc::clone(self));
        run(&opened, &data_dir, || drilling.0.clock.now())?.ok_or_else(nothing_to_try)
    }

    /// Begins a rehearsal, unless one runs already; says whether it did.
    pub fn start_drill(self: &Arc<Self>) -> Result<bool, Error> {
        let (opened, data_dir) = (self.store()?, self.require_data_dir()?.clone());
        if self.drilling.swap(true, Ordering::AcqRel) {
            return Ok(false);
        }
        let drilling = Drilling(Arc::clone(self));
        std::thread::Builder::new()
            .name("drill".into())
            .spawn(move || {
                let app = &drilling.0;
                if let Err(error) = run(&opened, &data_dir, || app.clock.now()) {
                    tracing::error!(%error, "a rehearsed restore broke off");
                }
            })
            .map_err(|error| Error::Store(store::Error::Unavailable(error.to_string())))?;
        Ok(true)
    }
}

/// The refusal of a rehearsal without a backup.
pub(super) fn nothing_to_try() -> Error {
    Error::Conflict("There is no backup yet that could be tried. Make one first".into())
}

/// Removes what a process that was stopped left of one.
pub(super) fn remove_scratch(data_dir: &DataDir) -> io::Result<()> {
    match fs::remove_dir_all(data_dir.drill()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Rehearses the restore of the newest backup and keeps what came of it. Blocks.
fn run(opened: &OpenStore, data_dir: &DataDir, now: impl Fn() -> UnixMillis) -> Result<Option<Drill>, Error> {
    let (keys, begun) = (opened.keyring(), now());
    let newest = opened.db.write_blocking(move |tx| -> Result<_, Error> {
        let cx = &mut Context {
            tx,
            keys: &keys,
            now: begun,
        };
        Ok(backups::newest(cx)?.map(|backup| (backup, drills::identity(cx))))
    })?;
    let Some((backup, identity)) = newest else {
        return Ok(None);
    };
    let scratch = DataDir::new(data_dir.drill());
    let unavailable = |error: io::Error| Error::Store(store::Error::Unavailable(error.to_string()));
    remove_scratch(data_dir).map_err(unavailable)?;
    scratch.create().map_err(unavailable)?;
    let rehearsed = rehearse(&backup, data_dir, &scratch, &[identity?], begun);
    remove_scratch(data_dir).map_err(unavailable)?;
    let drill = Drill {
        at: now(),
        ..rehearsed
    };
    match &drill.problem {
        None => tracing::info!(
            secrets = drill.secrets,
            file = drill.file_name,
            "a rehearsed restore passed"
        ),
        Some(problem) => tracing::error!(
            problem,
            file = drill.file_name,
            "a rehearsed restore did not pass"
        ),
    }
    let (keys, kept) = (opened.keyring(), drill.clone());
    opened.db.write_blocking(move |tx| {
        drills::note(
            &mut Context {
                tx,
                keys: &keys,
                now: kept.at,
            },
            &kept,
        )
    })?;
    Ok(Some(drill))
}

/// Restores a backup into `scratch` and compares what came out of it with what went in.
fn rehearse(
    backup: &Backup,
    data_dir: &DataDir,
    scratch: &DataDir,
    identities: &[crate::crypto::identity::Identity],
    now: UnixMillis,
) -> Drill {
    let mut drill = Drill {
        at: now,
        passed: false,
        file_name: backup.file_name.clone(),
        sha256: String::new(),
        created_at: backup.created_at,
        secrets: 0,
        unreadable: 0,
        rows: 0,
        root: String::new(),
        problem: None,
        genuine: true,
    };
    let outcome = File::open(data_dir.backups().join(&backup.file_name))
        .map_err(backup::Error::from)
        .and_then(|file| {
            // What is unpacked takes several times the room of the file; less would end in the middle.
            Watch::begin(scratch.path(), backup.size.saturating_mul(4))?;
            let mut read = Hashed {
                file: BufReader::new(file),
                hash: Sha256::new(),
            };
            let summary = verify::verify(&mut read, identities, scratch, now)?;
            // To its last byte, which nobody else has to look at.
            io::copy(&mut read, &mut io::sink())?;
            Ok((summary, HEXLOWER.encode(&read.hash.finalize())))
        });
    drill.problem = match outcome {
        Err(error) => Some(error.to_string()),
        Ok((summary, sha256)) => {
            drill.secrets = summary.secrets;
            drill.unreadable = summary.unreadable;
            drill.rows = summary.manifest.rows.values().sum();
            drill.root = summary.root.unwrap_or_default();
            drill.sha256 = sha256;
            compare(backup, &drill)
        }
    };
    drill.passed = drill.problem.is_none();
    drill
}

/// What differs between a backup as it was written and as it was restored.
fn compare(backup: &Backup, drill: &Drill) -> Option<String> {
    // Of a file that was there before this store nothing is known to compare with.
    let known = !backup.sha256.is_empty();
    if known && backup.sha256 != drill.sha256 {
        return Some("the file is not the one that was written".into());
    }
    if known && backup.root != drill.root {
        return Some("the Merkle root of the restored rows is not that of the rows that were written".into());
    }
    if known && backup.secrets != drill.secrets {
        return Some(format!(
            "{} of {} secrets were restored",
            drill.secrets, backup.secrets
        ));
    }
    (drill.unreadable > 0).then(|| format!("{} of the values do not open", drill.unreadable))
}

/// Hashes what is read.
struct Hashed<R> {
    file: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.hash.update(&buffer[..read]);
        Ok(read)
    }
}
