//! The disk under the data directory: whether it takes anything, and that no backup which comes or goes may fill it.

use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{StatVfs, StatVfsMountFlags, statvfs};

use crate::domain::Error;
use crate::store;

/// Bytes that a backup leaves free for the rest of the machine.
const RESERVE: u64 = 32 * 1024 * 1024;
/// Bytes after which the free disk is looked at again.
const LOOK_AFTER: u64 = 8 * 1024 * 1024;

/// Bytes without which no change has room.
const LEAST: u64 = 1024 * 1024;

/// Refused when the disk under a directory is full, or cannot be written to.
pub fn require_room(place: &Path) -> Result<(), Error> {
    let unusable = |reason: String| Error::Store(store::Error::Unavailable(reason));
    let disk = statvfs(place).map_err(|error| unusable(format!("the data directory is gone: {error}")))?;
    judge(&disk)
}

fn judge(disk: &StatVfs) -> Result<(), Error> {
    if disk.f_flag.contains(StatVfsMountFlags::RDONLY) {
        let reason = "the data directory is on a disk that can only be read".to_owned();
        return Err(Error::Store(store::Error::Unavailable(reason)));
    }
    if free(disk) < LEAST {
        return Err(Error::Store(store::Error::Full));
    }
    Ok(())
}

fn free(disk: &StatVfs) -> u64 {
    disk.f_bavail.saturating_mul(disk.f_frsize)
}

/// Watches the free disk while a file grows.
pub(super) struct Watch {
    place: PathBuf,
    reserve: u64,
    size: u64,
    looked_at: u64,
}

impl Watch {
    /// Begins to watch. Refused when `expected` bytes have no room now.
    pub fn begin(place: &Path, expected: u64) -> io::Result<Self> {
        let watch = Self {
            place: place.to_owned(),
            reserve: RESERVE,
            size: 0,
            looked_at: 0,
        };
        watch.require_free(expected)?;
        Ok(watch)
    }

    /// Takes note of bytes that are about to be written. Refused when the disk has become too full for more.
    pub fn grow(&mut self, bytes: usize) -> io::Result<()> {
        self.size += bytes as u64;
        if self.size - self.looked_at >= LOOK_AFTER {
            self.require_free(0)?;
            self.looked_at = self.size;
        }
        Ok(())
    }

    /// Bytes so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    fn require_free(&self, wanted: u64) -> io::Result<()> {
        let disk = statvfs(&self.place)?;
        if free(&disk) < wanted.saturating_add(self.reserve) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    /// One for which the disk is too full from the first look on.
    #[cfg(test)]
    pub fn of_a_full_disk(place: &Path) -> Self {
        Self {
            place: place.to_owned(),
            reserve: u64::MAX,
            size: 0,
            looked_at: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_takes_nothing_is_refused() {
        let scratch = tempfile::tempdir().unwrap();
        require_room(scratch.path()).unwrap();
        assert!(matches!(
            require_room(&scratch.path().join("gone")),
            Err(Error::Store(store::Error::Unavailable(_)))
        ));
        let mut disk = statvfs(scratch.path()).unwrap();
        disk.f_bavail = 0;
        assert!(matches!(judge(&disk), Err(Error::Store(store::Error::Full))));
        disk.f_flag |= StatVfsMountFlags::RDONLY;
        assert!(matches!(
            judge(&disk),
            Err(Error::Store(store::Error::Unavailable(_)))
        ));
    }

    #[test]
    fn what_has_no_room_is_refused() {
        let scratch = tempfile::tempdir().unwrap();
        let refused = Watch::begin(scratch.path(), u64::MAX).map(|_| ()).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
        let mut watch = Watch::of_a_full_disk(scratch.path());
        watch.grow(1024).unwrap();
        assert_eq!(watch.size(), 1024);
        let part = usize::try_from(LOOK_AFTER).unwrap();
        assert_eq!(watch.grow(part).unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
