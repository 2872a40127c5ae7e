//! Writing a backup.

use std::collections::{BTreeMap, HashSet};
use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use shared::model::time::UnixMillis;
use zeroize::Zeroizing;

use super::{Error, FORMAT, FORMAT_VERSION, Manifest, Summary, rows};
use crate::crypto::envelope;
use crate::crypto::keyring::{Keyring, SlotKind, fingerprint};
use crate::domain::secrets::export::ExportedValue;
use crate::domain::{Context, secrets};
use crate::store::contents::{Contents, contents};
use crate::store::{self, Db, Tx, copy, migrate};

/// Size at which a part of a table is written out.
const PART: usize = 1024 * 1024;
/// Rows fetched at a time.
const BATCH: usize = 500;

const README: &str = "\
Strongroom backup.

Restore it with the recovery kit, onto an empty directory:
    strongroom restore FILE --data-dir DIRECTORY --identity RECOVERY-KIT

Or read one secret with stock tools alone:
    age --decrypt --identity RECOVERY-KIT FILE | zstd --decompress | tar --extract --to-stdout values/PROJECT/ENVIRONMENT.json | jq -r '.\"/\".NAME'

MANIFEST.json   what this is, and how many rows each table has
keyring.json    the keys, locked; the recovery kit opens them
rows/           every row of every table; sealed values in base64
values/         the current values of each environment, readable: keep what you unpack safe
";

/// How far a backup is, for whoever watches.
#[derive(Debug, Default)]
pub struct Progress {
    /// Rows written.
    pub done: AtomicU64,
    /// Rows there are; 0 before they were counted.
    pub total: AtomicU64,
    /// What is in it, once it was counted.
    pub contents: OnceLock<Contents>,
}

/// The recovery kits that open a backup written now, each with its fingerprint.
pub fn opens_with(keyring: &Keyring) -> Vec<String> {
    let kits = keyring.slots().iter();
    kits.filter(|slot| slot.kind == SlotKind::Recovery)
        .map(|slot| format!("{} ({})", slot.name, fingerprint(&slot.recipient)))
        .collect()
}

/// Writes a backup of the whole store to `output`, encrypted to every recovery kit.
pub fn write(
    db: &Db,
    keyring: &Keyring,
    now: UnixMillis,
    progress: &Progress,
    output: &mut (dyn Write + Send),
) -> Result<Summary, Error> {
    let kits = keyring.recovery_recipients();
    if kits.is_empty() {
        return Err(Error::NoKit);
    }
    // The closure runs on a thread of its own, so what it writes to crosses over as a buffer of parts.
    let encrypted = envelope::encrypt_to(&kits, output)?;
    let compressed = zstd::stream::write::Encoder::new(encrypted, 3)?;
    let archive = tar::Builder::new(compressed);
    let mut writer = Writer {
        archive,
        now,
        progress,
    };
    let summary = snapshot(db, keyring, &mut writer)?;
    let compressed = writer.archive.into_inner()?;
    let encrypted = compressed.finish()?;
    encrypted.finish()?.flush()?;
    Ok(summary)
}

struct Writer<'a, W: Write> {
    archive: tar::Builder<W>,
    now: UnixMillis,
    progress: &'a Progress,
}

impl<W: Write> Writer<'_, W> {
    fn entry(&mut self, name: &str, content: &[u8]) -> Result<(), Error> {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(u64::try_from(self.now.seconds()).unwrap_or_default());
        self.archive.append_data(&mut header, name, content)?;
        Ok(())
    }
}

fn snapshot<W: Write + Send>(
    db: &Db,
    keyring: &Keyring,
    writer: &mut Writer<'_, W>,
) -> Result<Summary, Error> {
    db.snapshot_blocking(|tx| {
        let tables = copy::tables(tx)?;
        let contents = contents(tx)?;
        let mut counts = BTreeMap::new();
        for table in &tables {
            counts.insert(table.clone(), copy::count(tx, table)?);
        }
        writer
            .progress
            .total
            .store(counts.values().sum(), Ordering::Relaxed);
        writer.progress.contents.get_or_init(|| contents);
        let manifest = Manifest {
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION,
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            schema: migrate::version(tx)?,
            instance: keyring.instance(),
            created_at: writer.now,
            rows: counts,
            opens_with: opens_with(keyring),
        };
        writer.entry("MANIFEST.json", &json_text(&manifest)?)?;
        writer.entry("README.txt", README.as_bytes())?;
        writer.entry("keyring.json", keyring.to_file_text()?.as_bytes())?;
        for table in &tables {
            write_table(tx, table, writer)?;
        }
        let (secrets, unreadable) = write_values(tx, keyring, writer)?;
        Ok(Summary {
            manifest,
            secrets,
            unreadable,
        })
    })
}

fn json_text(value: &impl serde::Serialize) -> Result<Vec<u8>, Error> {
    let mut text = serde_json::to_vec_pretty(value).map_err(std::io::Error::from)?;
    text.push(b'\n');
    Ok(text)
}

/// The rows of a table in parts of about a megabyte: a tar entry begins with its length, and memory stays constant.
fn write_table<W: Write>(tx: Tx, table: &str, writer: &mut Writer<'_, W>) -> Result<(), Error> {
    let mut part = 0;
    let mut lines = Vec::with_capacity(PART + BATCH);
    let mut failed = None;
    let exported = copy::export_rows(tx, table, BATCH, &mut |columns, values| {
        let written = rows::to_line(columns, table, values, &mut lines).and_then(|()| {
            if lines.len() < PART {
                return Ok(());
            }
            part += 1;
            writer.entry(&part_name(table, part), &lines)?;
            lines.clear();
            Ok(())
        });
        writer.progress.done.fetch_add(1, Ordering::Relaxed);
        written.map_err(|error| {
            failed = Some(error);
            store::Error::Unavailable("the backup could not be written".into())
        })
    });
    if let Some(error) = failed {
        return Err(error);
    }
    exported?;
    if !lines.is_empty() {
        writer.entry(&part_name(table, part + 1), &lines)?;
    }
    Ok(())
}

fn part_name(table: &str, part: u32) -> String {
    format!("rows/{table}.{part:05}.jsonl")
}

/// The current values of every environment; returns how many there are, and how many do not open.
fn write_values<W: Write>(
    tx: Tx,
    keyring: &Keyring,
    writer: &mut Writer<'_, W>,
) -> Result<(u64, u64), Error> {
    let now = writer.now;
    let mut cx = Context {
        tx,
        keys: keyring,
        now,
    };
    let mut names = HashSet::new();
    let mut total = 0;
    let mut unreadable = store::secrets::count_without_version(cx.tx)?;
    for project in store::projects::all(cx.tx)? {
        // Slugs are unique in an organization, and there may be several.
        let directory = if names.insert(project.slug.clone()) {
            project.slug.clone()
        } else {
            format!("{}-{}", project.slug, project.id)
        };
        for environment in store::environments::list(cx.tx, project.id)? {
            let folders = secrets::export::export_environment(&mut cx, project.id, environment.id)?;
            for value in folders.values().flat_map(BTreeMap::values) {
                total += 1;
                unreadable += u64::from(matches!(value, ExportedValue::Unreadable { .. }));
            }
            let text = Zeroizing::new(json_text(&folders)?);
            writer.entry(&format!("values/{directory}/{}.json", environment.slug), &text)?;
        }
    }
    Ok((total, unreadable))
}
