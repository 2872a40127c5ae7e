//! A directory of this machine, such as a mounted disk.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::{Error, require_size};

/// A directory below one of those that the host's configuration allows.
#[derive(Debug, Clone)]
pub struct Directory {
    path: PathBuf,
}

impl Directory {
    /// The directory at an absolute path, which has to be there, and below a root once every link is followed.
    pub fn below(roots: &[PathBuf], path: &str) -> Result<Self, Error> {
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
        Ok(Self { path: real })
    }

    /// Copies a file here: under another name until it is complete and on the disk.
    pub async fn put(&self, name: &str, file: &Path, size: u64) -> Result<(), Error> {
        let (directory, from) = (self.path.clone(), file.to_owned());
        let (part, to) = (self.path.join(format!("{name}.part")), self.path.join(name));
        on_thread(move || {
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
        let path = self.path.join(name);
        on_thread(move || match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        })
        .await
    }
}

fn copy(from: &Path, part: &Path) -> Result<u64, Error> {
    let mut source = File::open(from)?;
    // What an interrupted copy left is overwritten; a link that somebody put there is not followed.
    let mut target = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
        .open(part)?;
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

    #[test]
    fn only_what_is_below_a_root_is_a_target() {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().join("root");
        fs::create_dir_all(root.join("inside")).unwrap();
        fs::create_dir(scratch.path().join("outside")).unwrap();
        fs::write(root.join("file"), "x").unwrap();
        std::os::unix::fs::symlink(scratch.path().join("outside"), root.join("link")).unwrap();
        let roots = [root.clone()];
        let at = |path: &str| Directory::below(&roots, &root.join(path).display().to_string());
        at("inside").unwrap();
        at("").unwrap();
        for bad in ["../outside", "link", "file", "missing", "inside/../../outside"] {
            assert!(at(bad).is_err(), "{bad}");
        }
        assert!(Directory::below(&roots, "inside").is_err());
        assert!(Directory::below(&[], &root.display().to_string()).is_err());
    }

    #[tokio::test]
    async fn a_copy_is_whole_or_not_there() {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().join("root");
        fs::create_dir(&root).unwrap();
        let file = scratch.path().join("file");
        fs::write(&file, "content").unwrap();
        let target = Directory::below(std::slice::from_ref(&root), &root.display().to_string()).unwrap();
        assert!(target.put("a", &file, 8).await.is_err());
        assert!(target.put("a", &scratch.path().join("missing"), 7).await.is_err());
        assert_eq!(fs::read_dir(&root).unwrap().count(), 0);
        std::os::unix::fs::symlink(scratch.path().join("elsewhere"), root.join("a.part")).unwrap();
        assert!(target.put("a", &file, 7).await.is_err());
        assert!(!scratch.path().join("elsewhere").exists());
        target.put("a", &file, 7).await.unwrap();
        assert_eq!(fs::read_to_string(root.join("a")).unwrap(), "content");
        assert_eq!(fs::read_dir(&root).unwrap().count(), 1);
        target.remove("a").await.unwrap();
        target.remove("a").await.unwrap();
    }
}
