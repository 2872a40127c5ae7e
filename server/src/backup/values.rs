//! The readable values of a backup: which there are, and those of one environment.

use std::io::{self, Read};

use zeroize::Zeroizing;

use super::read::{self, Receiver};
use super::{Error, Manifest};
use crate::crypto::identity::Identity;

/// Longest text of one environment that is read.
const LIMIT: u64 = 1024 * 1024 * 1024;

/// What was found.
pub struct Found {
    /// The manifest of the backup.
    pub manifest: Manifest,
    /// Every environment in it, as `project/environment`.
    pub environments: Vec<String>,
    /// The values of the one that was asked for, as JSON: folders, names, values.
    pub values: Option<Zeroizing<Vec<u8>>>,
}

/// Reads a backup to its end, and keeps the values of the environment `wanted` (`project/environment`).
pub fn find(file: impl Read, identities: &[Identity], wanted: Option<&str>) -> Result<Found, Error> {
    let mut finder = Finder {
        wanted,
        environments: Vec::new(),
        values: None,
    };
    let (manifest, _) = read::read(file, identities, &mut finder)?;
    Ok(Found {
        manifest,
        environments: finder.environments,
        values: finder.values,
    })
}

struct Finder<'a> {
    wanted: Option<&'a str>,
    environments: Vec<String>,
    values: Option<Zeroizing<Vec<u8>>>,
}

impl Receiver for Finder<'_> {
    fn begin(&mut self, _: &Manifest, _: &str) -> Result<(), Error> {
        Ok(())
    }

    fn row(&mut self, _: &str, _: &[u8]) -> Result<(), Error> {
        Ok(())
    }

    fn values(&mut self, name: &str, content: &mut dyn Read) -> Result<(), Error> {
        let name = name.strip_prefix("values/").unwrap_or(name);
        let name = name.strip_suffix(".json").unwrap_or(name);
        if self.wanted == Some(name) {
            let mut values = Zeroizing::new(Vec::new());
            content.take(LIMIT).read_to_end(&mut values)?;
            self.values = Some(values);
        } else {
            io::copy(content, &mut io::sink())?;
        }
        self.environments.push(name.to_owned());
        Ok(())
    }
}
