//! Reading a backup: decrypt, decompress, and hand out the entries one by one, refusing whatever a backup does not
//! contain.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Read};

use super::root::Root;
use super::{Error, FORMAT, FORMAT_VERSION, Manifest, Totals, rows};
use crate::crypto::identity::Identity;
use crate::crypto::{digest, envelope};

/// Longest manifest or keyring.
const TEXT_LIMIT: u64 = 16 * 1024 * 1024;

/// Longest name of a file in it: folder, slug of a project, slug of an environment.
const NAME_LIMIT: u64 = 1024;
/// Most files in it: a part of rows has thousands of them, and there is one of values for each environment.
const FILE_LIMIT: usize = 1_000_000;

/// What takes the content of a backup.
pub trait Receiver {
    /// The manifest and the text of the keyring: what comes before any row.
    fn begin(&mut self, manifest: &Manifest, keyring: &str) -> Result<(), Error>;
    /// One row as a JSON line.
    fn row(&mut self, table: &str, line: &[u8]) -> Result<(), Error>;
    /// The values of one environment as a person reads them. A restore does not use them.
    fn values(&mut self, _name: &str, _content: &mut dyn Read) -> Result<(), Error> {
        Ok(())
    }
}

/// Reads a whole backup, to its last byte: a truncated or changed file is an error, wherever it ends. Returns its first and
/// its last entry; the first format has no last one.
pub fn read(
    file: impl Read,
    identities: &[Identity],
    receiver: &mut dyn Receiver,
) -> Result<(Manifest, Option<Totals>), Error> {
    let decrypted = envelope::decrypt_with(identities, file)?;
    let decompressed = zstd::stream::read::Decoder::new(decrypted)?;
    let mut archive = tar::Archive::new(decompressed);
    let mut reading = Reading::default();
    let mut long_name = None;
    // Raw, because the library would read names of any length into memory.
    for entry in archive.entries()?.raw(true) {
        let mut entry = entry?;
        match entry.header().entry_type() {
            tar::EntryType::GNULongName if long_name.is_none() => {
                let mut name = Vec::new();
                (&mut entry).take(NAME_LIMIT + 1).read_to_end(&mut name)?;
                if name.len() as u64 > NAME_LIMIT {
                    return Err(Error::Malformed("it contains a file with an endless name".into()));
                }
                long_name = Some(name);
                continue;
            }
            tar::EntryType::Regular => {}
            _ => {
                return Err(Error::Malformed(
                    "it contains something that is not a plain file".into(),
                ));
            }
        }
        let mut name = long_name
            .take()
            .unwrap_or_else(|| entry.path_bytes().into_owned());
        // The long form ends with a NUL, as the short one may.
        while name.pop_if(|last| *last == 0).is_some() {}
        let name = String::from_utf8(name)
            .map_err(|_| Error::Malformed("it contains a file with an unreadable name".into()))?;
        reading.entry(&name, &mut entry, receiver)?;
    }
    // The end of the archive is not the end of the file: the last block of the encryption proves that nothing is cut.
    let mut rest = archive.into_inner();
    std::io::copy(&mut rest, &mut std::io::sink())?;
    reading.end()
}

#[derive(Default)]
struct Reading {
    /// Hashes of the names so far: a million of them fit into memory.
    names: HashSet<[u8; 32]>,
    manifest: Option<Manifest>,
    totals: Option<Totals>,
    root: Root,
    begun: bool,
    counts: HashMap<String, u64>,
}

impl Reading {
    fn entry(
        &mut self,
        name: &str,
        content: &mut impl Read,
        receiver: &mut dyn Receiver,
    ) -> Result<(), Error> {
        if !self.names.insert(digest::of_parts(&[name.as_bytes()])) {
            return Err(Error::Malformed(format!("it contains {name} twice")));
        }
        if self.names.len() > FILE_LIMIT {
            return Err(Error::Malformed(format!(
                "it contains more than {FILE_LIMIT} files"
            )));
        }
        match (name, &self.manifest) {
            ("MANIFEST.json", None) => {
                self.manifest = Some(manifest(&text(content)?)?);
                Ok(())
            }
            (_, None) => Err(Error::Malformed("it does not begin with MANIFEST.json".into())),
            ("README.txt", Some(_)) => Ok(()),
            ("keyring.json", Some(manifest)) => {
                self.begun = true;
                receiver.begin(manifest, &text(content)?)
            }
            (name, Some(manifest)) => {
                if let Some(table) = table_of(name) {
                    if !self.begun {
                        return Err(Error::Malformed("rows come before the keyring".into()));
                    }
                    if !manifest.rows.contains_key(table) {
                        return Err(Error::Malformed(format!(
                            "its manifest does not know the table {table}"
                        )));
                    }
                    let root = &mut self.root;
                    let count = lines(content, |line| {
                        root.row(table, line);
                        receiver.row(table, line)
                    })?;
                    *self.counts.entry(table.to_owned()).or_default() += count;
                    return Ok(());
                }
                if name.starts_with("values/") {
                    return receiver.values(name, content);
                }
                if name == "TOTALS.json" {
                    let totals = serde_json::from_str(&text(content)?);
                    self.totals =
                        Some(totals.map_err(|_| Error::Malformed("its totals cannot be read".into()))?);
                    return Ok(());
                }
                Err(Error::Malformed(format!("it contains the unknown file {name}")))
            }
        }
    }

    fn end(self) -> Result<(Manifest, Option<Totals>), Error> {
        let manifest = self
            .manifest
            .ok_or_else(|| Error::Malformed("it is empty".into()))?;
        if !self.begun {
            return Err(Error::Malformed("it has no keyring".into()));
        }
        for (table, expected) in &manifest.rows {
            let found = self.counts.get(table).copied().unwrap_or_default();
            if found != *expected {
                return Err(Error::Malformed(format!(
                    "table {table} has {found} rows instead of {expected}"
                )));
            }
        }
        match &self.totals {
            Some(totals) if totals.root != self.root.finish() => Err(Error::Malformed(
                "its rows are not those over which its Merkle root was made".into(),
            )),
            None if manifest.format_version > 1 => Err(Error::Malformed("it has no totals".into())),
            _ => Ok((manifest, self.totals)),
        }
    }
}

fn text(content: &mut impl Read) -> Result<String, Error> {
    let mut text = String::new();
    content.take(TEXT_LIMIT).read_to_string(&mut text)?;
    Ok(text)
}

fn manifest(text: &str) -> Result<Manifest, Error> {
    let manifest: Manifest = serde_json::from_str(text)
        .map_err(|_| Error::Malformed("its manifest cannot be read; is it a Strongroom backup?".into()))?;
    if manifest.format != FORMAT {
        return Err(Error::Malformed("it is not a Strongroom backup".into()));
    }
    if manifest.format_version > FORMAT_VERSION {
        return Err(Error::Malformed(format!(
            "it was written by the newer version {} of Strongroom. Restore it with that version or a later one",
            manifest.program_version
        )));
    }
    Ok(manifest)
}

/// The table of `rows/<table>.<part>.jsonl`.
fn table_of(name: &str) -> Option<&str> {
    let (table, part) = name
        .strip_prefix("rows/")?
        .strip_suffix(".jsonl")?
        .split_once('.')?;
    let plain = table
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    (plain && !table.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())).then_some(table)
}

fn lines(content: &mut impl Read, mut each: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<u64, Error> {
    let mut reader = BufReader::new(content);
    let mut line = Vec::new();
    let mut count = 0;
    loop {
        line.clear();
        let limit = rows::LINE_LIMIT as u64 + 1;
        if (&mut reader).take(limit).read_until(b'\n', &mut line)? == 0 {
            return Ok(count);
        }
        if line.len() > rows::LINE_LIMIT {
            return Err(Error::Malformed("a row is longer than any value may be".into()));
        }
        each(&line)?;
        count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_table_names_count() {
        assert_eq!(
            table_of("rows/secret_versions.00001.jsonl"),
            Some("secret_versions")
        );
        for bad in [
            "rows/.00001.jsonl",
            "rows/../x.1.jsonl",
            "rows/a;b.1.jsonl",
            "rows/users.jsonl",
            "rows/users.x.jsonl",
            "users.1.jsonl",
        ] {
            assert_eq!(table_of(bad), None, "{bad}");
        }
    }
}
