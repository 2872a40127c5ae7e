//! The backups that were completed, by this server or before it.

use shared::model::backups::BackupReason;
use shared::model::ids::BackupId;
use shared::model::time::UnixMillis;

use super::{Error, Row, Tx, Value, backup_names};

/// Seconds for which one that is not kept any more is remembered at least: a copy of it may have been on its way to a target,
/// and has to go there too.
const REMEMBERED_SECONDS: i64 = 7 * 24 * 60 * 60;

/// A row of `backups`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Id.
    pub id: BackupId,
    /// Name of the file in the data directory and at targets.
    pub file_name: String,
    /// Why it was made.
    pub reason: BackupReason,
    /// When its snapshot was taken.
    pub created_at: UnixMillis,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 in hex.
    pub sha256: String,
    /// Merkle root of its rows in hex; empty when it is not known.
    pub root: String,
    /// Names of the kits that open it.
    pub opens_with: Vec<String>,
    /// Secrets in it.
    pub secrets: u64,
    /// Values in it that do not open.
    pub unreadable: u64,
    /// Whether its file is in the data directory.
    pub here: bool,
    /// Since when it is not kept any more.
    pub removed_at: Option<UnixMillis>,
}

fn name(reason: BackupReason) -> &'static str {
    match reason {
        BackupReason::Schedule => "schedule",
        BackupReason::Request => "request",
        BackupReason::Upgrade => "upgrade",
        BackupReason::Found => "found",
    }
}

fn from_name(name: &str) -> Result<BackupReason, Error> {
    match name {
        "schedule" => Ok(BackupReason::Schedule),
        "request" => Ok(BackupReason::Request),
        "upgrade" => Ok(BackupReason::Upgrade),
        "found" => Ok(BackupReason::Found),
        _ => Err(Error::Corrupt("backups.reason")),
    }
}

fn backup(row: &Row) -> Result<Backup, Error> {
    let number =
        |index| u64::try_from(row.get::<i64>(index)?).map_err(|_| Error::Corrupt("a negative count"));
    Ok(Backup {
        id: row.parsed(0)?,
        file_name: row.get(1)?,
        reason: from_name(row.get::<&str>(2)?)?,
        created_at: UnixMillis(row.get(3)?),
        size: number(4)?,
        sha256: row.get(5)?,
        root: row.get(6)?,
        opens_with: serde_json::from_str(row.get::<&str>(7)?)
            .map_err(|_| Error::Corrupt("backups.opens_with"))?,
        secrets: number(8)?,
        unreadable: number(9)?,
        here: row.get(10)?,
        removed_at: row.get::<Option<i64>>(11)?.map(UnixMillis),
    })
}

/// All of them, the newest first. A row whose file has no name of a backup is none: what it names, in the data directory or
/// at a target, is somebody's own and is neither read nor removed.
pub fn list(tx: Tx) -> Result<Vec<Backup>, Error> {
    let rows = tx.query(
        "SELECT id, file_name, reason, created_at, size, sha256, root, opens_with, secrets, unreadable, here, removed_at \
         FROM backups ORDER BY created_at DESC, id DESC",
        &[],
    )?;
    let mut backups = rows.iter().map(backup).collect::<Result<Vec<_>, _>>()?;
    backups.retain(|backup| backup_names::time(&backup.file_name).is_some());
    Ok(backups)
}

/// Adds one.
pub fn insert(tx: Tx, backup: &Backup) -> Result<(), Error> {
    let opens_with =
        serde_json::to_string(&backup.opens_with).map_err(|_| Error::Corrupt("the names of kits"))?;
    let number = |number: u64| Value::from(i64::try_from(number).unwrap_or(i64::MAX));
    tx.execute(
        "INSERT INTO backups (id, file_name, reason, created_at, size, sha256, root, opens_with, secrets, unreadable, \
         here) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            backup.id.to_string().into(),
            Value::from(backup.file_name.as_str()),
            name(backup.reason).into(),
            backup.created_at.0.into(),
            number(backup.size),
            Value::from(backup.sha256.as_str()),
            Value::from(backup.root.as_str()),
            opens_with.into(),
            number(backup.secrets),
            number(backup.unreadable),
            backup.here.into(),
        ],
    )?;
    Ok(())
}

/// Notes that one is not kept any more, and its file gone.
pub fn mark_removed(tx: Tx, id: BackupId, now: UnixMillis) -> Result<(), Error> {
    tx.execute(
        "UPDATE backups SET removed_at = $2, here = $3 WHERE id = $1 AND removed_at IS NULL",
        &[id.to_string().into(), now.0.into(), false.into()],
    )?;
    Ok(())
}

/// Notes whether the file of one is there.
pub fn set_here(tx: Tx, id: BackupId, here: bool) -> Result<(), Error> {
    tx.execute(
        "UPDATE backups SET here = $2 WHERE id = $1",
        &[id.to_string().into(), here.into()],
    )?;
    Ok(())
}

/// Notes that no file is there: those of a store before a restore are not of this one.
pub fn set_none_here(tx: Tx) -> Result<(), Error> {
    tx.execute("UPDATE backups SET here = $1", &[false.into()])?;
    Ok(())
}

/// Forgets those whose file is not there and of which no target has a copy.
pub fn forget_gone(tx: Tx, now: UnixMillis) -> Result<(), Error> {
    tx.execute(
        "DELETE FROM backup_copies WHERE copied_at IS NULL \
         AND backup_id IN (SELECT id FROM backups WHERE here = $1)",
        &[false.into()],
    )?;
    tx.execute(
        "DELETE FROM backups WHERE here = $1 AND (removed_at IS NULL OR removed_at < $2) \
         AND id NOT IN (SELECT backup_id FROM backup_copies)",
        &[false.into(), now.plus_seconds(-REMEMBERED_SECONDS).0.into()],
    )?;
    Ok(())
}
