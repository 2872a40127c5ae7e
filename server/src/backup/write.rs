//! Writing a backup.

use std::collections::BTreeMap;
use std::io::{Read as _, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use shared::model::time::UnixMillis;
use zeroize::Zeroizing;

use super::root::Root;
use super::values_text::ValuesText;
use super::{Error, FORMAT, FORMAT_VERSION, Manifest, Summary, Totals, rows};
use crate::crypto::envelope;
use crate::crypto::identity;
use crate::crypto::keyring::{Keyring, NewSlot, SlotKind};
use crate::domain::backups::opens_with;
use crate::domain::secrets::export::Environment;
use crate::domain::{Context, drills};
use crate::store::contents::{Contents, contents};
use crate::store::projects::Project;
use crate::store::{self, Db, Tx, copy, migrate};

/// What the store's own key to its backups is called in them.
const DRILL: &str = "Restore drill";
/// Size at which a part of a table is written out.
const PART: usize = 1024 * 1024;
/// Projects fetched at a time.
const PROJECTS: i64 = 500;
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
TOTALS.json     the number of secrets, and one hash over all rows
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

/// Writes a backup of the whole store to `output`, encrypted to every recovery kit, and to the store itself: that lets it
/// rehearse a restore without a kit, and whoever has the open store has everything anyway.
pub fn write(
    db: &Db,
    keyring: &Keyring,
    now: UnixMillis,
    progress: &Progress,
    output: &mut (dyn Write + Send),
) -> Result<Summary, Error> {
    let mut recipients = keyring.recovery_recipients();
    if recipients.is_empty() {
        return Err(Error::NoKit);
    }
    let keys = keyring.clone();
    let drill = db.write_blocking(move |tx| drills::identity(&mut Context { tx, keys: &keys, now }))?;
    let drill = identity::recipient(&drill);
    let mut in_backup = keyring.clone();
    // As a key of the server: a restore puts that of the new one in its place.
    in_backup.add_slot(&NewSlot::plain(SlotKind::Server, DRILL, &drill), now)?;
    recipients.push(drill);
    let (keyring_text, include) = (in_backup.to_file_text()?, Include::RowsAndValues);
    write_to(
        db,
        keyring,
        &keyring_text,
        &recipients,
        include,
        now,
        progress,
        output,
    )
}

/// Writes everything that a restore needs, before the schema of the store becomes that of this program: encrypted to
/// whatever opens the store, kits or not. The rules of this program cannot read the older schema, so there are no values in
/// it that a person can read without restoring.
pub fn write_before_upgrade(
    db: &Db,
    keyring: &Keyring,
    now: UnixMillis,
    output: &mut (dyn Write + Send),
) -> Result<Summary, Error> {
    let recipients: Vec<String> = keyring
        .slots()
        .iter()
        .map(|slot| slot.recipient.clone())
        .collect();
    let text = keyring.to_file_text()?;
    let progress = Progress::default();
    write_to(
        db,
        keyring,
        &text,
        &recipients,
        Include::Rows,
        now,
        &progress,
        output,
    )
}

/// What goes into a backup.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Include {
    Rows,
    RowsAndValues,
}

#[expect(clippy::too_many_arguments, reason = "one inner function for two ways in")]
fn write_to(
    db: &Db,
    keyring: &Keyring,
    keyring_text: &str,
    recipients: &[String],
    include: Include,
    now: UnixMillis,
    progress: &Progress,
    output: &mut (dyn Write + Send),
) -> Result<Summary, Error> {
    let encrypted = envelope::encrypt_to(recipients, output)?;
    let compressed = zstd::stream::write::Encoder::new(encrypted, 3)?;
    let mut writer = Writer {
        archive: tar::Builder::new(compressed),
        root: Root::default(),
        now,
        progress,
    };
    let summary = db.snapshot_blocking(|tx| snapshot(tx, keyring, keyring_text, include, &mut writer))?;
    let compressed = writer.archive.into_inner()?;
    let encrypted = compressed.finish()?;
    encrypted.finish()?.flush()?;
    Ok(summary)
}

struct Writer<'a, W: Write> {
    archive: tar::Builder<W>,
    root: Root,
    now: UnixMillis,
    progress: &'a Progress,
}

impl<W: Write> Writer<'_, W> {
    fn header(&self, length: u64) -> tar::Header {
        let mut header = tar::Header::new_gnu();
        header.set_size(length);
        header.set_mode(0o600);
        header.set_mtime(u64::try_from(self.now.seconds()).unwrap_or_default());
        header
    }

    fn entry(&mut self, name: &str, content: &[u8]) -> Result<(), Error> {
        let mut header = self.header(content.len() as u64);
        self.archive.append_data(&mut header, name, content)?;
        Ok(())
    }

    /// A text that was measured before: the length comes first.
    fn long_entry(&mut self, name: &str, length: u64, mut text: ValuesText) -> Result<(), Error> {
        let mut header = self.header(length);
        let mut limited = text.by_ref().take(length);
        let written = self.archive.append_data(&mut header, name, &mut limited);
        let missing = limited.limit();
        match written {
            Err(error) => Err(text.failure(error)),
            Ok(()) if missing > 0 => Err(Error::Refused(format!(
                "{name} became shorter while it was written"
            ))),
            Ok(()) => Ok(()),
        }
    }
}

fn snapshot<W: Write + Send>(
    tx: Tx,
    keyring: &Keyring,
    keyring_text: &str,
    include: Include,
    writer: &mut Writer<'_, W>,
) -> Result<Summary, Error> {
    let tables = copy::tables(tx)?;
    let mut counts = BTreeMap::new();
    for table in &tables {
        counts.insert(table.clone(), copy::count(tx, table)?);
    }
    let rows = counts.values().sum();
    writer.progress.total.store(rows, Ordering::Relaxed);
    if include == Include::RowsAndValues {
        let contents = contents(tx)?;
        writer.progress.contents.get_or_init(|| contents);
    }
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
    writer.entry("keyring.json", keyring_text.as_bytes())?;
    for table in &tables {
        write_table(tx, table, writer)?;
    }
    let (secrets, unreadable) = match include {
        Include::RowsAndValues => write_values(tx, keyring, writer)?,
        Include::Rows => (u64::try_from(store::secrets::count(tx)?).unwrap_or_default(), 0),
    };
    let totals = Totals {
        root: std::mem::take(&mut writer.root).finish(),
        secrets,
        unreadable,
    };
    writer.entry("TOTALS.json", &json_text(&totals)?)?;
    Ok(Summary {
        manifest,
        root: Some(totals.root),
        secrets,
        unreadable,
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
    let mut lines = Vec::with_capacity(PART);
    rows::each_line(tx, table, &mut |line| {
        writer.root.row(table, line);
        lines.extend_from_slice(line);
        writer.progress.done.fetch_add(1, Ordering::Relaxed);
        if lines.len() >= PART {
            part += 1;
            writer.entry(&part_name(table, part), &lines)?;
            lines.clear();
        }
        Ok(())
    })?;
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
    let mut total = 0;
    let mut unreadable = store::secrets::count_without_version(cx.tx)?;
    let mut kept = Zeroizing::new(Vec::with_capacity(PART));
    let mut last: Option<Project> = None;
    loop {
        let page = store::projects::all_after(cx.tx, last.as_ref(), PROJECTS)?;
        if page.is_empty() {
            return Ok((total, unreadable));
        }
        for project in page {
            // Slugs are unique in an organization, and there may be several.
            let directory = match &last {
                Some(last) if last.slug == project.slug => format!("{}-{}", project.slug, project.id),
                _ => project.slug.clone(),
            };
            for environment in store::environments::list(cx.tx, project.id)? {
                let name = format!("values/{directory}/{}.json", environment.slug);
                let environment = Environment::open(&mut cx, project.id, environment.id)?;
                let mut text = ValuesText::new(&mut cx, &environment);
                let length = text.measure(&mut kept)?;
                total += text.values;
                unreadable += text.unreadable;
                if length == kept.len() as u64 {
                    writer.entry(&name, &kept)?;
                } else {
                    writer.long_entry(&name, length, ValuesText::new(&mut cx, &environment))?;
                }
            }
            last = Some(project);
        }
    }
}
