//! Files that an operator's command makes: never over an existing one, never half there under their final name.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};
use rustix::io::Errno;

use crate::cli::failure::Failure;

/// A file being written beside its final name. Dropped before [`NewFile::keep`], it leaves nothing behind.
pub struct NewFile {
    path: PathBuf,
    part: PathBuf,
    file: File,
    kept: bool,
}

impl NewFile {
    /// Starts a file, readable for its owner alone. Refused when the name is taken.
    pub fn create(path: &Path) -> Result<Self, Failure> {
        if path.symlink_metadata().is_ok() {
            return Err(taken(path));
        }
        let mut part = path.to_owned().into_os_string();
        part.push(".part");
        let part = PathBuf::from(part);
        let file = create_part(&part).map_err(|error| cannot_write(&part, &error))?;
        Ok(Self {
            path: path.to_owned(),
            part,
            file,
            kept: false,
        })
    }

    /// Brings what was written onto the disk, still under the preliminary name.
    pub fn sync(&mut self) -> Result<(), Failure> {
        let synced = self.file.flush().and_then(|()| self.file.sync_all());
        synced.map_err(|error| cannot_write(&self.part, &error))
    }

    /// Gives the complete file its name, safely on disk.
    pub fn keep(mut self) -> Result<(), Failure> {
        self.sync()?;
        self.settle().map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => taken(&self.path),
            _ => cannot_write(&self.path, &error),
        })?;
        self.kept = true;
        Ok(())
    }

    /// The same for a file that must not be lost any more: when it cannot get its name, it stays under the preliminary
    /// one, and the failure says so.
    pub fn keep_anyway(mut self) -> Result<(), Failure> {
        self.kept = true;
        let part = self.part.display().to_string();
        self.keep().map_err(|failure| {
            failure.advise(format!(
                "The complete file is {part}: give it another name yourself"
            ))
        })
    }

    fn settle(&mut self) -> io::Result<()> {
        match renameat_with(CWD, &self.part, CWD, &self.path, RenameFlags::NOREPLACE) {
            Ok(()) => {}
            // Not every file system can refuse to replace; the name was free a moment ago.
            Err(Errno::INVAL | Errno::NOSYS) if self.path.symlink_metadata().is_err() => {
                fs::rename(&self.part, &self.path)?;
            }
            Err(error) => return Err(error.into()),
        }
        let directory = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
    }
}

/// Creates the file under its preliminary name. What a killed command left under it is replaced; what a running one
/// writes is not: it holds a lock on its file.
fn create_part(part: &Path) -> io::Result<File> {
    let create = || -> io::Result<File> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(part)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        Ok(file)
    };
    match create() {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let leftover = File::open(part)?;
            match flock(&leftover, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => fs::remove_file(part)?,
                Err(Errno::WOULDBLOCK) => {
                    return Err(io::Error::new(
                        io::ErrorKind::ResourceBusy,
                        "Another command is writing it at the moment.",
                    ));
                }
                Err(error) => return Err(error.into()),
            }
            create()
        }
        created => created,
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.kept {
            // Nothing more can be done about a leftover that cannot be removed; its name says what it is.
            let _ = fs::remove_file(&self.part);
        }
    }
}

fn taken(path: &Path) -> Failure {
    Failure::new(format!("{} exists already and was not touched", path.display()))
        .advise("Choose another name with --output")
}

/// A file that could not be written.
pub fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("{} cannot be written", path.display()))
        .because(error.to_string())
        .advise("Check the directory, its permissions and the free space, or choose another --output")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn an_existing_file_is_never_touched() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("kit");
        fs::write(&path, "precious").unwrap();
        assert!(NewFile::create(&path).is_err());
        fs::remove_file(&path).unwrap();
        let mut late = NewFile::create(&path).unwrap();
        late.write_all(b"new").unwrap();
        fs::write(&path, "precious").unwrap();
        assert!(late.keep().is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_killed_command_left_is_replaced_and_a_running_one_is_not_disturbed() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("kit");
        let running = NewFile::create(&path).unwrap();
        let refused = NewFile::create(&path).err().unwrap().lines().unwrap();
        assert!(refused.contains("Another command is writing it"), "{refused}");
        running.keep().unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(scratch.path().join("kit.part"), "half of a k").unwrap();
        let mut file = NewFile::create(&path).unwrap();
        file.write_all(b"new").unwrap();
        file.keep().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_kept_file_is_private_and_a_dropped_one_gone() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("kit");
        drop(NewFile::create(&path).unwrap());
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0);
        let mut file = NewFile::create(&path).unwrap();
        file.write_all(b"x").unwrap();
        file.keep().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read(&path).unwrap(), b"x");
    }
}
