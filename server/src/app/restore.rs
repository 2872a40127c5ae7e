//! Restoring a backup through the running server, while nobody has set it up: the backup is sent, checked as a whole
//! beside the empty store, and takes its place. Whatever fails leaves the empty store as it was.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use shared::model::text::SecretText;
use shared::model::time::UnixMillis;
use tokio::io::AsyncWriteExt;
use tokio::sync::OwnedMutexGuard;

use super::data_dir::DataDir;
use super::database::{self, Place};
use super::disk::Watch;
use super::{App, blocking, open};
use crate::backup::replace::{self, Built};
use crate::backup::{self, Summary};
use crate::crypto::brought;
use crate::crypto::identity::Identity;
use crate::crypto::keyring::Keyring;
use crate::crypto::{self, random};
use crate::domain::caller::{Caller, Source};
use crate::domain::{Error, audit, setup};
use crate::store::contents::{self, Contents};
use crate::store::credentials::Credential;
use crate::store::{self, Db, SqliteOptions};

/// A backup that was sent whole. Removed when dropped.
pub struct Upload {
    id: String,
    file: Removed,
}

/// A file that goes when nobody needs it any more.
struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0)
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!(%error, file = %self.0.display(), "a backup that is no longer needed stays behind");
        }
    }
}

/// A backup on its way. Dropped before [`Receiving::finish`], nothing is left of it.
pub struct Receiving {
    out: tokio::fs::File,
    file: Removed,
    watch: Watch,
    /// Let go of last: the file of the next one has the same name.
    held: OwnedMutexGuard<Option<Upload>>,
}

impl Receiving {
    /// Takes the next bytes.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.watch.grow(bytes.len()).map_err(|error| on_disk(&error))?;
        self.out.write_all(bytes).await.map_err(|error| on_disk(&error))
    }

    /// The end: answers with what names the backup, and its size in bytes.
    pub async fn finish(mut self) -> Result<(String, u64), Error> {
        self.out.flush().await.map_err(|error| on_disk(&error))?;
        let id = random::letters(22)?;
        *self.held = Some(Upload {
            id: id.clone(),
            file: self.file,
        });
        Ok((id, self.watch.size()))
    }
}

/// What was restored.
pub struct Restored {
    /// Facts about the backup.
    pub summary: Summary,
    /// What the store holds now.
    pub contents: Contents,
    /// The credentials that are in force in it.
    pub in_force: Vec<Credential>,
}

impl App {
    /// Begins to take a backup, which replaces one that was sent before. `announced` is its size in bytes, when the sender
    /// says so. One at a time.
    pub async fn receive_backup(&self, announced: Option<u64>) -> Result<Receiving, Error> {
        let data_dir = self.require_data_dir()?;
        let mut held = Arc::clone(&self.upload).try_lock_owned().map_err(|_| busy())?;
        *held = None;
        let watch = Watch::begin(data_dir.path(), announced.unwrap_or(0)).map_err(|error| on_disk(&error))?;
        let path = data_dir.upload();
        let out = tokio::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .await
            .map_err(|error| on_disk(&error))?;
        Ok(Receiving {
            out,
            file: Removed(path),
            watch,
            held,
        })
    }

    /// Restores a backup that was sent, with the keys in a text, and goes on with the restored store. Only while nobody has
    /// set up this one.
    pub async fn restore(
        self: &Arc<Self>,
        upload: &str,
        keys: &SecretText,
        source: Source,
        revoke_sessions: bool,
    ) -> Result<Restored, Error> {
        let identities = brought::kit_or_cards(keys).map_err(|reason| Error::Invalid {
            field: "identity",
            reason,
        })?;
        let held = Arc::clone(&self.upload).try_lock_owned().map_err(|_| busy())?;
        if held.as_ref().is_none_or(|sent| sent.id != upload) {
            return Err(Error::NotFound(
                "This backup is not here any more: the server was restarted, or another one was sent. Send it again"
                    .into(),
            ));
        }
        let app = Arc::clone(self);
        // To its end, even if whoever asked goes away meanwhile.
        let done =
            tokio::spawn(async move { app.restore_held(held, identities, source, revoke_sessions).await });
        done.await
            .map_err(|error| Error::Store(store::Error::Unavailable(error.to_string())))?
    }

    async fn restore_held(
        self: Arc<Self>,
        mut held: OwnedMutexGuard<Option<Upload>>,
        identities: Vec<Identity>,
        source: Source,
        revoke_sessions: bool,
    ) -> Result<Restored, Error> {
        let Some(path) = held.as_ref().map(|sent| sent.file.0.clone()) else {
            return Err(busy());
        };
        let caller = Caller::anonymous(source);
        let (app, by) = (Arc::clone(&self), caller.clone());
        let restored = blocking(move || app.replace_store(&path, &identities, &by, revoke_sessions)).await;
        match restored {
            Ok((summary, in_force)) => {
                *held = None;
                tracing::info!(backup = %summary.manifest.created_at, "a backup was restored");
                let contents = self.read(|cx| Ok(contents::contents(cx.tx)?)).await?;
                Ok(Restored {
                    summary,
                    contents,
                    in_force,
                })
            }
            Err(error) => {
                tracing::warn!(%error, "a backup was not restored");
                let entry = audit::Entry::new("instance.restore.refused");
                if let Err(error) = self.write(move |cx| audit::record(cx, &caller, &entry)).await {
                    tracing::error!(%error, "that a backup was not restored could not be put on record");
                }
                Err(error)
            }
        }
    }

    fn replace_store(
        &self,
        file: &Path,
        identities: &[Identity],
        caller: &Caller,
        revoke_sessions: bool,
    ) -> Result<(Summary, Vec<Credential>), Error> {
        let data_dir = self.require_data_dir()?;
        let present = self.store()?;
        let now = self.clock.now();
        let file = BufReader::new(File::open(file).map_err(|error| on_disk(&error))?);
        let built = replace::build(file, data_dir, identities, &present, now, caller, revoke_sessions)
            .map_err(refusal)?;
        self.switch_to(data_dir, built, now)
    }

    /// Closes the empty store and opens the one that was built in its place, or the empty one again.
    fn switch_to(
        &self,
        data_dir: &DataDir,
        built: Built,
        now: UnixMillis,
    ) -> Result<(Summary, Vec<Credential>), Error> {
        let old = self.opened.swap(None).ok_or(Error::Locked)?;
        old.give_up_keyring_files();
        let present = Keyring::clone(&old.keyring());
        let replaced = old
            .db
            .close_blocking()
            .map_err(Error::from)
            .and_then(|()| require_not_set_up(data_dir, &present))
            .and_then(|()| replace::commit(data_dir, present.instance()).map_err(refusal));
        match open::reopen(data_dir, [built.keyring, present], now) {
            Ok(opened) => {
                self.opened.store(Some(Arc::new(opened)));
                replaced.map(|()| (built.summary, built.in_force))
            }
            Err(locked) => {
                tracing::error!(reason = locked.reason, "the store does not open any more");
                self.locked.store(Some(Arc::new(locked)));
                replaced.and(Err(Error::Locked))
            }
        }
    }
}

/// Looks into the closed database: somebody may have set it up while the backup was being checked.
fn require_not_set_up(data_dir: &DataDir, keyring: &Keyring) -> Result<(), Error> {
    let db = match data_dir.place().map_err(Error::Conflict)? {
        Place::File => {
            let key = keyring.database_key().to_hex();
            Db::open_sqlite(&data_dir.database(), &key, &SqliteOptions::default())?
        }
        Place::Postgres(address) => database::connect(&address)?,
    };
    let set_up = db.read_blocking(store::users::any);
    db.close_blocking()?;
    if set_up? {
        return Err(setup::already_done());
    }
    Ok(())
}

fn busy() -> Error {
    Error::Conflict("Another backup is being sent or restored at this moment. Wait until it is done".into())
}

fn on_disk(error: &io::Error) -> Error {
    Error::Store(match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => store::Error::Full,
        _ => store::Error::Unavailable(error.to_string()),
    })
}

/// Whether reading failed because of what was read. Anything else is the server's own trouble, and the file and the kit may
/// be as good as can be.
fn is_about_content(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::InvalidData | ErrorKind::UnexpectedEof | ErrorKind::InvalidInput | ErrorKind::Other
    )
}

/// What went wrong with a backup, in the words of a rule.
fn refusal(error: backup::Error) -> Error {
    match error {
        backup::Error::Io(error) if !is_about_content(error.kind()) => on_disk(&error),
        backup::Error::Crypto(error @ crypto::Error::File { .. }) => {
            Error::Store(store::Error::Unavailable(error.to_string()))
        }
        backup::Error::Store(error) => error.into(),
        backup::Error::Domain(error) => error,
        backup::Error::Refused(reason) | backup::Error::Unreachable(reason) => Error::Conflict(reason),
        damaged => Error::BadRequest(format!(
            "The backup was not restored: {damaged}. Nothing was changed. Check that the kit and the file belong together"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trouble_of_the_server_is_not_blamed_on_the_kit() {
        let of = |error: io::Error| refusal(backup::Error::Io(error));
        for kind in [
            ErrorKind::PermissionDenied,
            ErrorKind::ReadOnlyFilesystem,
            ErrorKind::NotFound,
        ] {
            let error = of(kind.into());
            assert!(
                matches!(error, Error::Store(store::Error::Unavailable(_))),
                "{kind}: {error}"
            );
        }
        // EIO and EMFILE, which have no kind of their own.
        for code in [5, 24] {
            let error = of(io::Error::from_raw_os_error(code));
            assert!(
                matches!(error, Error::Store(store::Error::Unavailable(_))),
                "{code}: {error}"
            );
        }
        let full = of(ErrorKind::StorageFull.into());
        assert!(matches!(full, Error::Store(store::Error::Full)), "{full}");
        for kind in [ErrorKind::InvalidData, ErrorKind::UnexpectedEof, ErrorKind::Other] {
            let error = of(kind.into());
            assert!(
                matches!(&error, Error::BadRequest(reason) if reason.contains("kit")),
                "{kind}: {error}"
            );
        }
    }
}
