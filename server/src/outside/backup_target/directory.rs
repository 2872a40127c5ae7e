//! A directory of this machine, such as a mounted disk. A file in it tells the disk from the place where it was mounted.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use shared::model::ids::TargetId;

use super::{Error, require_size};

/// What stands in the file by which a target is known again.
const MARK: &str =
    "Strongroom copies backups here only while this file is here: without it, the disk is not mounted.\n";

/// A directory below one of those that the host's configuration allows.
#[derive(Debug, Clone)]
pub struct Directory {
    path: PathBuf,
    mark: PathBuf,
}

impl Directory {
    /// The directory at an absolute path, which has to be there, and below a root once every link is followed. It is the
    /// place of the target `id`.
    pub fn below(roots: &[PathBuf], path: &str, id: TargetId) -> Result<Self, Error> {
        if roots.is_empty() {
            return Err(Error::Invalid(
                "no directory may be a target: start the server with --backup-root DIRECTORY to allow those below it"
                    .into(),
            ));
        }
        let missing = |error: io::Error| {
            Error::Invalid(format!("{path} cannot be used: {error}. Is the disk mounted?"))
        };
        let real = fs::canonicalize(path).map_err(missing)?;
        if !Path::new(path).is_absolute() || !real.is_dir() {
            return Err(Error::Invalid(format!(
                "{path} is not a directory with an absolute path"
            )));
        }
        let allowed = roots.iter().filter_map(|root| fs::canonicalize(root).ok());
        if !allowed.into_iter().any(|root| real.starts_with(root)) {
            return Err(Error::Invalid(format!(
                "{path} is not below a directory that this server was started with (--backup-root)"
            )));
        }
        let mark = real.join(format!("strongroom-target-{id}.txt"));
        Ok(Self { path: real, mark })
    }

    /// Puts a file here by which the target is known again. Nothing is copied or removed while it is missing.
    pub async fn mark(&self) -> Result<(), Error> {
        let (directory, mark) = (self.path.clone(), self.mark.clone());
        on_thread(move || {
            let mut file = new_file(&mark)?;
            file.write_all(MARK.as_bytes())?;
            file.sync_all()?;
            Ok(File::open(&directory)?.sync_all()?)
        })
        .await
    }

    /// Takes that file away.
    pub async fn unmark(&self) -> Result<(), Error> {
        let mark = self.mark.clone();
        on_thread(move || unless_gone(fs::remove_file(mark))).await
    }

    /// Copies a file here: under another name until it is complete and on the disk.
    pub async fn put(&self, name: &str, file: &Path, size: u64) -> Result<(), Error> {
        let (directory, mark, from) = (self.path.clone(), self.mark.clone(), file.to_owned());
        let (part, to) = (self.path.join(format!("{name}.part")), self.path.join(name));
        on_thread(move || {
            require_mark(&mark)?;
            let copied = copy(&from, &part).and_then(|copied| {
                require_size(Some(copied), size)?;
                fs::rename(&part, &to)?;
                File::open(&directory)?.sync_all()?;
                Ok(())
            });
            if copied.is_err()
                && let Err(error) = fs::remove_file(&part)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(%error, "the beginning of a copy stays behind at the target");
            }
            copied
        })
        .await
    }

    /// Removes a file.
    pub async fn remove(&self, name: &str) -> Result<(), Error> {
        let (path, mark) = (self.path.join(name), self.mark.clone());
        on_thread(move || {
            require_mark(&mark)?;
            unless_gone(fs::remove_file(path))
        })
        .await
    }
}

/// Refuses a directory that is not the one that was made a target.
fn require_mark(mark: &Path) -> Result<(), Error> {
    match mark.symlink_metadata() {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::Refused(format!(
            "the file {} is missing, which was put there when the target was added: the disk is not mounted, or it is \
             another one. Mount it; if it was replaced, remove the target and add it again",
            mark.display()
        ))),
        Err(error) => Err(error.into()),
    }
}

fn unless_gone(removed: io::Result<()>) -> Result<(), Error> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// A file that is written from its beginning. What was there is overwritten; a link that somebody put there is not followed.
fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
        .open(path)
}

fn copy(from: &Path, part: &Path) -> Result<u64, Error> {
    let mut source = File::open(from)?;
    let mut target = new_file(part)?;
    let copied = io::copy(&mut source, &mut target)?;
    target.sync_all()?;
    Ok(copied)
}

async fn on_thread(work: impl FnOnce() -> Result<(), Error> + Send + 'static) -> Result<(), Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(Error::Io(io::Error::other(error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> TargetId {
        TargetId::from_random([7; 16])
    }

    #[test]
    fn only_what_is_below_a_root_is_a_target() {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().join("root");
        fs::create_dir_all(root.join("inside")).unwrap();
        fs::create_dir(scratch.path().join("outside")).unwrap();
        fs::write(root.join("file"), "x").unwrap();
        std::os::unix::fs::symlink(scratch.path().join("outside"), root.join("link")).unwrap();
        let roots = [root.clone()];
        let at = |path: &str| Directory::below(&roots, &root.join(path).display().to_string(), id());
        at("inside").unwrap();
        at("").unwrap();
        for bad in ["../outside", "link", "file", "missing", "inside/../../outside"] {
            assert!(at(bad).is_err(), "{bad}");
        }
        assert!(Directory::below(&roots, "inside", id()).is_err());
        assert!(Directory::below(&[], &root.display().to_string(), id()).is_err());
    }

    #[tokio::test]
    async fn a_copy_is_whole_or_not_there() {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().join("root");
        fs::create_dir(&root).unwrap();
        let file = scratch.path().join("file");
        fs::write(&file, "content").unwrap();
        let target =
            Directory::below(std::slice::from_ref(&root), &root.display().to_string(), id()).unwrap();
        // The disk is not mounted yet.
        let unmounted = target.put("a", &file, 7).await.unwrap_err().to_string();
        assert!(unmounted.contains("not mounted"), "{unmounted}");
        assert_eq!(fs::read_dir(&root).unwrap().count(), 0);
        target.mark().await.unwrap();
        assert!(target.put("a", &file, 8).await.is_err());
        assert!(target.put("a", &scratch.path().join("missing"), 7).await.is_err());
        assert_eq!(fs::read_dir(&root).unwrap().count(), 1);
        std::os::unix::fs::symlink(scratch.path().join("elsewhere"), root.join("a.part")).unwrap();
        assert!(target.put("a", &file, 7).await.is_err());
        assert!(!scratch.path().join("elsewhere").exists());
        target.put("a", &file, 7).await.unwrap();
        assert_eq!(fs::read_to_string(root.join("a")).unwrap(), "content");
        assert_eq!(fs::read_dir(&root).unwrap().count(), 2);
        target.remove("a").await.unwrap();
        target.remove("a").await.unwrap();
        // It is not mounted any more: nothing says that the file is gone.
        target.unmark().await.unwrap();
        assert!(target.remove("a").await.is_err());
        assert_eq!(fs::read_dir(&root).unwrap().count(), 0);
    }
}
