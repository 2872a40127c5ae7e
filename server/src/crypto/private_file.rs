//! Files that only their owner may read (0600), written so that a crash leaves the old content or the new, never a part.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::Error;

/// Keyrings and identity files are a few kilobytes; whatever is larger is something else.
const MAX_LENGTH: u64 = 4 * 1024 * 1024;

/// Makes a new file and refuses to touch one that exists. If writing fails, nothing is left.
pub fn create(path: &Path, content: &[u8]) -> Result<(), Error> {
    let file = new_file(path)?;
    let written = write(file, content);
    if written.is_err() {
        // The file is ours and incomplete. If it cannot be removed either, the first error says more.
        let _ = fs::remove_file(path);
    }
    written.map_err(Error::file(path))?;
    sync_folder_of(path)
}

/// Puts a file in the place of whatever has that name now.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), Error> {
    let beside = write_beside(path, content)?;
    rename(&beside, path)?;
    sync_folder_of(path)
}

/// The text of a file, or nothing if there is none.
pub fn read(path: &Path) -> Result<Option<Zeroizing<String>>, Error> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::file(path)(error)),
    };
    let length = file.metadata().map_err(Error::file(path))?.len();
    if length > MAX_LENGTH {
        return Err(Error::Malformed("the file is far too long"));
    }
    // Room for all of it at once: growing would leave copies of a secret behind. The length may be 0 for a pipe.
    let capacity = usize::try_from(length).unwrap_or(0).max(4096) + 1;
    let mut text = Zeroizing::new(String::with_capacity(capacity));
    match file.take(MAX_LENGTH + 1).read_to_string(&mut text) {
        Ok(_) if text.len() as u64 > MAX_LENGTH => Err(Error::Malformed("the file is far too long")),
        Ok(_) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::InvalidData => Err(Error::Malformed("the file is not text")),
        Err(error) => Err(Error::file(path)(error)),
    }
}

/// Whether everybody on the machine may read a file that is there.
pub fn is_open_to_all(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o004 != 0)
}

/// Writes the content to disk under the name with `.new` behind it and returns that name. What a crash left there
/// earlier is removed.
pub(super) fn write_beside(path: &Path, content: &[u8]) -> Result<PathBuf, Error> {
    let beside = beside(path);
    remove_if_there(&beside)?;
    write(new_file(&beside)?, content).map_err(Error::file(&beside))?;
    Ok(beside)
}

pub(super) fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".new");
    PathBuf::from(name)
}

pub(super) fn remove_if_there(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::file(path)(error)),
        _ => Ok(()),
    }
}

pub(super) fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    fs::rename(from, to).map_err(Error::file(to))
}

/// A new or renamed file is safe from a power loss only when its folder is on disk too.
pub(super) fn sync_folder_of(path: &Path) -> Result<(), Error> {
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(Error::file(folder))
}

fn new_file(path: &Path) -> Result<File, Error> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(Error::file(path))
}

fn write(mut file: File, content: &[u8]) -> std::io::Result<()> {
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn create_refuses_what_exists() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kit");
        create(&path, b"one").unwrap();
        let refused = create(&path, b"two").unwrap_err();
        assert!(refused.to_string().contains("kit"), "{refused}");
        assert_eq!(read(&path).unwrap().unwrap().as_str(), "one");
        // Neither through a symbolic link that points nowhere.
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &link).unwrap();
        assert!(create(&link, b"three").is_err());
        assert!(!folder.path().join("elsewhere").exists());
    }

    #[test]
    fn files_are_for_their_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        for (name, make) in [
            ("a", create as fn(&Path, &[u8]) -> Result<(), Error>),
            ("b", replace),
        ] {
            let path = folder.path().join(name);
            make(&path, b"text").unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        }
    }

    #[test]
    fn replace_tightens_a_file_that_was_open_to_all_and_clears_leftovers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        fs::write(beside(&path), "half writ").unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(read(&path).unwrap().unwrap().as_str(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert!(!beside(&path).exists());
    }

    #[test]
    fn a_missing_file_is_no_error_but_an_unreadable_one_is() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(&folder.path().join("none")).unwrap().is_none());
        assert!(read(folder.path()).is_err());
        let path = folder.path().join("binary");
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(matches!(read(&path), Err(Error::Malformed(_))));
        let path = folder.path().join("long");
        File::create(&path).unwrap().set_len(MAX_LENGTH + 1).unwrap();
        assert!(matches!(read(&path), Err(Error::Malformed(_))));
    }
}
