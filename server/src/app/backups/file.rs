//! The file of a backup: under its final name only when it is complete and on disk.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use shared::model::backups::BackupReason;
use shared::model::ids::BackupId;
use shared::model::time::UnixMillis;

use crate::app::OpenStore;
use crate::app::data_dir::DataDir;
use crate::app::disk::Watch;
use crate::backup::write::{self, Progress};
use crate::backup::{Error, Summary};
use crate::crypto::keyring::Keyring;
use crate::crypto::random;
use crate::domain::backups::Present;
use crate::store::backups::Backup;
use crate::store::{self, Db, backup_names};

/// What follows the name of one that is not complete.
const PART: &str = ".part";
/// Random letters in its name.
const LETTERS: usize = 8;

/// A complete backup.
#[derive(Debug, Clone)]
pub struct Finished {
    /// Where it lies.
    pub path: PathBuf,
    /// What to call it.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 in hex.
    pub sha256: String,
    /// Merkle root of its rows in hex.
    pub root: String,
    /// Number of secrets in it.
    pub secrets: u64,
    /// Number of values that are there, but do not open.
    pub unreadable: u64,
}

impl Finished {
    /// It as a row of the list.
    pub(in crate::app) fn as_row(
        &self,
        id: BackupId,
        reason: BackupReason,
        opens_with: Vec<String>,
        created_at: UnixMillis,
    ) -> Backup {
        Backup {
            id,
            file_name: self.name.clone(),
            reason,
            created_at,
            size: self.size,
            sha256: self.sha256.clone(),
            root: self.root.clone(),
            opens_with,
            secrets: self.secrets,
            unreadable: self.unreadable,
            here: true,
            removed_at: None,
        }
    }

    /// Whether the file is still there: only the newest are kept.
    pub fn is_there(&self) -> bool {
        self.path.is_file()
    }
}

/// Writes a backup into the data directory.
pub(super) fn write(
    opened: &OpenStore,
    keyring: &Keyring,
    data_dir: &DataDir,
    progress: &Progress,
    now: UnixMillis,
) -> Result<Finished, Error> {
    into_folder(data_dir, now, |output| {
        write::write(&opened.db, keyring, now, progress, output)
    })
}

/// Writes what a restore with the older program needs, before this one changes the database.
pub(in crate::app) fn write_before_upgrade(
    db: &Db,
    keyring: &Keyring,
    data_dir: &DataDir,
    now: UnixMillis,
) -> Result<Finished, Error> {
    into_folder(data_dir, now, |output| {
        write::write_before_upgrade(db, keyring, now, output)
    })
}

fn into_folder(
    data_dir: &DataDir,
    now: UnixMillis,
    write: impl FnOnce(&mut Output) -> Result<Summary, Error>,
) -> Result<Finished, Error> {
    let folder = data_dir.backups();
    DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    data_dir.sync()?;
    remove_parts(data_dir)?;
    let watch = Watch::begin(&folder, 0)?;
    let (name, path) = free_name(&folder, now)?;
    let part = Part::create(folder.join(format!("{name}{PART}")))?;
    let mut output = Output {
        file: BufWriter::new(part.open()?),
        hash: Sha256::new(),
        watch,
    };
    let summary = write(&mut output)?;
    output.flush()?;
    output.file.get_ref().sync_all()?;
    part.keep_as(&path)?;
    File::open(&folder)?.sync_all()?;
    Ok(Finished {
        path,
        name,
        size: output.watch.size(),
        sha256: HEXLOWER.encode(&output.hash.finalize()),
        root: summary.root.unwrap_or_default(),
        secrets: summary.secrets,
        unreadable: summary.unreadable,
    })
}

/// Why there is no backup, for who asked for it. The log has the cause.
pub(in crate::app) fn explain(error: &Error) -> String {
    let full = match error {
        Error::Io(error) => error.kind() == io::ErrorKind::StorageFull,
        Error::Store(error) => matches!(error, store::Error::Full),
        _ => false,
    };
    match error {
        _ if full => {
            "The disk of the server is full. Nothing of the backup was kept; free some space and begin again".into()
        }
        Error::Io(error) => format!(
            "The backup could not be written: {error}. Nothing of it was kept; look at the data directory and begin \
             again"
        ),
        Error::Refused(reason) => format!("The backup could not be written: {reason}. Nothing of it was kept"),
        _ => "The store could not be read to its end. Nothing of the backup was kept; the server's log says why".into(),
    }
}

/// The name of a backup of this moment that no file has yet.
fn free_name(folder: &Path, now: UnixMillis) -> Result<(String, PathBuf), Error> {
    loop {
        // Small letters: some file systems do not tell them from capital ones.
        let name = backup_names::name(now, &random::letters(LETTERS)?.to_ascii_lowercase());
        let path = folder.join(&name);
        if path.symlink_metadata().is_err() {
            return Ok((name, path));
        }
    }
}

/// When the backup was begun whose file has a name, with something after it; nothing for a file that has another name.
fn begun_at(name: &OsStr, after: &str) -> Option<UnixMillis> {
    backup_names::time(name.to_str()?.strip_suffix(after)?)
}

/// Removes what a process that was stopped had begun to write: this one holds the lock of the data directory, and writes one
/// backup at a time.
pub(in crate::app) fn remove_parts(data_dir: &DataDir) -> io::Result<()> {
    let entries = match fs::read_dir(data_dir.backups()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if begun_at(&entry.file_name(), PART).is_some() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The complete backups that lie there. Files that have another name are somebody's own.
pub(super) fn present(data_dir: &DataDir) -> Result<Vec<Present>, crate::domain::Error> {
    let failed = |error: io::Error| store::Error::Unavailable(error.to_string());
    let mut found = Vec::new();
    for entry in fs::read_dir(data_dir.backups()).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let (Some(created_at), Some(file_name)) = (begun_at(&name, ""), name.to_str()) else {
            continue;
        };
        found.push(Present {
            file_name: file_name.to_owned(),
            created_at,
            size: entry.metadata().map_err(failed)?.len(),
        });
    }
    Ok(found)
}

/// A file under its preliminary name, removed when it is dropped before it was kept.
struct Part {
    path: PathBuf,
    kept: bool,
}

impl Part {
    fn create(path: PathBuf) -> io::Result<Self> {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        Ok(Self { path, kept: false })
    }

    fn open(&self) -> io::Result<File> {
        OpenOptions::new().write(true).open(&self.path)
    }

    fn keep_as(mut self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.kept
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(%error, "the beginning of a backup could not be removed; the next backup tries again");
        }
    }
}

struct Output {
    file: BufWriter<File>,
    hash: Sha256,
    watch: Watch,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.watch.grow(written)?;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn two_backups_of_one_second_have_two_names() {
        let scratch = tempfile::tempdir().unwrap();
        let now = UnixMillis(1_795_748_400_000);
        let names = [(); 2].map(|()| free_name(scratch.path(), now).unwrap().0);
        assert_ne!(names[0], names[1]);
        for name in names {
            assert_eq!(begun_at(name.as_ref(), ""), Some(now), "{name}");
        }
    }

    #[test]
    fn a_full_disk_ends_a_backup() {
        let scratch = tempfile::tempdir().unwrap();
        let mut output = Output {
            file: BufWriter::new(File::create(scratch.path().join("x")).unwrap()),
            hash: Sha256::new(),
            watch: Watch::of_a_full_disk(scratch.path()),
        };
        let error = io::copy(&mut io::repeat(7).take(64 * 1024 * 1024), &mut output).unwrap_err();
        assert!(explain(&Error::Io(error)).contains("disk of the server is full"));
        let size = output.watch.size();
        assert!(size < 16 * 1024 * 1024, "{size}");
    }
}
