//! The directory that holds everything a store needs to start again, and the lock that lets only one process use it.
//!
//! ```text
//! lock              held by whoever works in the directory
//! control.sock      operator commands to a running server
//! identity          the server's own age identity (0600)
//! keyring.json      the keyring; keyring.previous.json is the generation before
//! strongroom.db     the encrypted database; in its place, for a store in PostgreSQL:
//! database          says that it lies there
//! backups/          the backups that are kept
//! initializing      an interrupted first start
//! restore.part/     an interrupted restore
//! restore.ready/    a restored store on its way into the place of an empty one
//! upload.part       a backup that is to be restored
//! drill.part/       a restore that is being rehearsed
//! tls-locked.pem    the certificate of a locked server, with its key (0600)
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::store::PostgresAddress;

/// A data directory.
#[derive(Debug, Clone)]
pub struct DataDir {
    path: PathBuf,
    /// The address of PostgreSQL that was given with it.
    pub(super) postgres: Option<PostgresAddress>,
}

/// The right to work in a data directory, until dropped.
#[derive(Debug)]
pub struct Lock {
    /// Holding the file open holds the lock.
    _file: File,
}

impl DataDir {
    /// The directory at a path, which need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            postgres: None,
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The encrypted database.
    pub fn database(&self) -> PathBuf {
        self.path.join("strongroom.db")
    }

    /// The encrypted database with the files that SQLite keeps beside it: what was committed may lie in those alone.
    pub fn database_files(&self) -> [PathBuf; 3] {
        ["", "-wal", "-shm"].map(|suffix| self.path.join(format!("strongroom.db{suffix}")))
    }

    /// The server's own identity.
    pub fn identity(&self) -> PathBuf {
        self.path.join("identity")
    }

    /// Where a running server takes operator commands.
    pub fn control_socket(&self) -> PathBuf {
        self.path.join("control.sock")
    }

    /// Backups that the server wrote for a browser.
    pub fn backups(&self) -> PathBuf {
        self.path.join("backups")
    }

    /// Where a restore works until it is complete.
    pub fn restore_part(&self) -> PathBuf {
        self.path.join("restore.part")
    }

    /// Where a restored store waits to take the place of an empty one: from then on it does, whatever happens.
    pub fn restore_ready(&self) -> PathBuf {
        self.path.join("restore.ready")
    }

    /// Where a restore is rehearsed.
    pub fn drill(&self) -> PathBuf {
        self.path.join("drill.part")
    }

    /// Where a backup goes that is sent to be restored.
    pub fn upload(&self) -> PathBuf {
        self.path.join("upload.part")
    }

    /// The certificate of a locked server, with its key.
    pub fn locked_certificate(&self) -> PathBuf {
        self.path.join("tls-locked.pem")
    }

    /// Makes the directory, for its owner alone.
    pub fn create(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.path)
    }

    /// Takes the lock; nothing when another process holds it.
    pub fn lock(&self) -> io::Result<Option<Lock>> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.path.join("lock"))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Lock { _file: file })),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes renames and removals in the directory survive a power failure.
    pub fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    /// Removes files of the directory, those that are not there included, for good.
    pub fn remove(&self, files: &[PathBuf]) -> io::Result<()> {
        for file in files {
            match fs::remove_file(file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.sync()
    }

    /// Whether a database lies here.
    pub fn has_database(&self) -> io::Result<bool> {
        fs::exists(self.database())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_holds_the_lock() {
        let scratch = tempfile::tempdir().unwrap();
        let dir = DataDir::new(scratch.path().join("a/b"));
        dir.create().unwrap();
        let held = dir.lock().unwrap();
        assert!(held.is_some());
        assert!(dir.lock().unwrap().is_none());
        drop(held);
        assert!(dir.lock().unwrap().is_some());
    }

    #[test]
    fn the_directory_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let scratch = tempfile::tempdir().unwrap();
        let dir = DataDir::new(scratch.path().join("private"));
        dir.create().unwrap();
        assert_eq!(
            fs::metadata(dir.path()).unwrap().permissions().mode() & 0o777,
            0o700
        );
    }
}
