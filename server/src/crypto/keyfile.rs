//! The keyring file in the data directory, in two generations, replaced so that at every instant one of them is whole.
//!
//! ```text
//! 1  keyring.json.new            the new text, on disk
//! 2  keyring.previous.json.new   the text of keyring.json, on disk
//! 3  …previous.json.new → keyring.previous.json     (keyring.json is whole meanwhile)
//! 4  keyring.json.new → keyring.json                (keyring.previous.json is whole meanwhile)
//! 5  the directory, on disk
//! ```
//! Steps 2 and 3 are left out when `keyring.json` is damaged: then the previous generation is the only good one and
//! must not be overwritten. Files ending in `.new` are never read. The caller holds the lock of the data directory.

use std::path::{Path, PathBuf};

use super::{Error, keyring, private_file};

/// The current generation.
pub const CURRENT: &str = "keyring.json";
/// The one before.
pub const PREVIOUS: &str = "keyring.previous.json";

/// Which file a keyring was read from.
#[derive(Debug)]
pub enum Source {
    /// The current one, as it should be.
    Current,
    /// The previous generation, because the current file is missing or damaged.
    Previous {
        /// What is wrong with the current file.
        because: Error,
    },
}

/// A keyring file that was found.
#[derive(Debug)]
pub struct Loaded {
    /// Its text, for [`keyring::Keyring::open`].
    pub text: String,
    /// Where it was found; anything but the current file deserves a warning, and [`ensure`].
    pub source: Source,
}

/// Reads the newest whole generation. `None` means that there is no file at all; files that are all damaged are an
/// error, so that a damaged store is never taken for a new one.
pub fn load(data_dir: &Path) -> Result<Option<Loaded>, Error> {
    let (current, previous) = (data_dir.join(CURRENT), data_dir.join(PREVIOUS));
    let because = match read_whole(&current) {
        Ok(Some(text)) => {
            let source = Source::Current;
            return Ok(Some(Loaded { text, source }));
        }
        // A newer release wrote it: the previous generation may lack keys that are in use.
        Err(Error::NewerFormat) => return Err(Error::NewerFormat),
        Ok(None) => None,
        Err(error) => Some(error),
    };
    match (read_whole(&previous), because) {
        (Ok(Some(text)), because) => {
            let because = because
                .unwrap_or_else(|| Error::file(&current)(std::io::Error::from(std::io::ErrorKind::NotFound)));
            let source = Source::Previous { because };
            Ok(Some(Loaded { text, source }))
        }
        (Ok(None), None) => Ok(None),
        (_, Some(because)) => Err(because),
        (Err(error), None) => Err(error),
    }
}

/// Makes this the current generation and the current one the previous. Refuses to put it over a keyring of another
/// instance or over a newer one.
pub fn store(data_dir: &Path, text: &str) -> Result<(), Error> {
    store_until(data_dir, text, Step::FolderSynced)
}

/// Makes this both generations, whatever was there: for a store that takes the place of another one.
pub fn replace(data_dir: &Path, text: &str) -> Result<(), Error> {
    keyring::summary(text)?;
    for name in [CURRENT, PREVIOUS] {
        private_file::replace(&data_dir.join(name), text.as_bytes())?;
    }
    Ok(())
}

/// Writes whichever of the two files is missing or damaged anew from the text of the keyring in use, and removes what
/// a crash left. Returns the files it had to write: somebody should hear of it.
pub fn ensure(data_dir: &Path, text: &str) -> Result<Vec<PathBuf>, Error> {
    keyring::summary(text)?;
    let mut written = Vec::new();
    for name in [CURRENT, PREVIOUS] {
        let path = data_dir.join(name);
        private_file::remove_if_there(&private_file::beside(&path))?;
        match read_whole(&path) {
            Ok(Some(_)) => (),
            Err(Error::NewerFormat) => return Err(Error::NewerFormat),
            Ok(None) | Err(_) => {
                private_file::replace(&path, text.as_bytes())?;
                written.push(path);
            }
        }
    }
    Ok(written)
}

/// Where [`store`] can be cut off, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    NewWritten,
    PreviousWritten,
    PreviousRenamed,
    CurrentRenamed,
    FolderSynced,
}

fn store_until(data_dir: &Path, text: &str, last: Step) -> Result<(), Error> {
    let (current, previous) = (data_dir.join(CURRENT), data_dir.join(PREVIOUS));
    let new = keyring::summary(text)?;
    let old = match read_whole(&current) {
        Ok(old) => old,
        Err(Error::NewerFormat) => return Err(Error::NewerFormat),
        // Damaged: the previous generation stays, and this file is overwritten.
        Err(Error::Malformed(_)) => None,
        Err(error) => return Err(error),
    };
    if let Some(old) = &old {
        if old == text {
            return private_file::sync_folder_of(&current);
        }
        let old = keyring::summary(old)?;
        if old.instance != new.instance || old.generation >= new.generation {
            return Err(Error::KeyringInTheWay);
        }
    }

    let new_current = private_file::write_beside(&current, text.as_bytes())?;
    if last == Step::NewWritten {
        return Ok(());
    }
    if let Some(old) = old {
        // A copy, not a link: one bad sector must not take both generations.
        let new_previous = private_file::write_beside(&previous, old.as_bytes())?;
        if last == Step::PreviousWritten {
            return Ok(());
        }
        private_file::rename(&new_previous, &previous)?;
    }
    if last <= Step::PreviousRenamed {
        return Ok(());
    }
    private_file::rename(&new_current, &current)?;
    if last == Step::CurrentRenamed {
        return Ok(());
    }
    private_file::sync_folder_of(&current)
}

/// The text of a file that exists and is whole.
fn read_whole(path: &Path) -> Result<Option<String>, Error> {
    let Some(text) = private_file::read(path)? else {
        return Ok(None);
    };
    keyring::summary(&text)?;
    // A keyring file is not secret without an unlocker, so it needs no wiping.
    Ok(Some(text.as_str().to_owned()))
}

#[cfg(test)]
mod tests;
