//! Copies of backups at targets.

use shared::model::ids::{BackupId, TargetId};
use shared::model::time::UnixMillis;

use super::{Error, Tx, Value};

/// A row of `backup_copies`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupCopy {
    /// Of which backup.
    pub backup: BackupId,
    /// At which target.
    pub target: TargetId,
    /// Since when it is there.
    pub copied_at: Option<UnixMillis>,
    /// When that was last tried.
    pub tried_at: UnixMillis,
    /// Why it failed.
    pub error: Option<String>,
}

/// All of them.
pub fn list(tx: Tx) -> Result<Vec<BackupCopy>, Error> {
    let rows = tx.query(
        "SELECT backup_id, target_id, copied_at, tried_at, error FROM backup_copies ORDER BY backup_id, target_id",
        &[],
    )?;
    rows.iter()
        .map(|row| {
            Ok(BackupCopy {
                backup: row.parsed(0)?,
                target: row.parsed(1)?,
                copied_at: row.get::<Option<i64>>(2)?.map(UnixMillis),
                tried_at: UnixMillis(row.get(3)?),
                error: row.get(4)?,
            })
        })
        .collect()
}

/// Notes what came of an attempt.
pub fn set(tx: Tx, copy: &BackupCopy) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO backup_copies (backup_id, target_id, copied_at, tried_at, error) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (backup_id, target_id) DO UPDATE SET copied_at = excluded.copied_at, \
         tried_at = excluded.tried_at, error = excluded.error",
        &[
            copy.backup.to_string().into(),
            copy.target.to_string().into(),
            copy.copied_at.map(|at| at.0).into(),
            copy.tried_at.0.into(),
            Value::from(copy.error.clone()),
        ],
    )?;
    Ok(())
}

/// Forgets a copy that was removed.
pub fn delete(tx: Tx, backup: BackupId, target: TargetId) -> Result<(), Error> {
    tx.execute(
        "DELETE FROM backup_copies WHERE backup_id = $1 AND target_id = $2",
        &[backup.to_string().into(), target.to_string().into()],
    )?;
    Ok(())
}

/// Forgets all copies of a backup.
pub fn delete_of_backup(tx: Tx, backup: BackupId) -> Result<(), Error> {
    tx.execute(
        "DELETE FROM backup_copies WHERE backup_id = $1",
        &[backup.to_string().into()],
    )?;
    Ok(())
}

/// Forgets every copy.
pub fn delete_all(tx: Tx) -> Result<(), Error> {
    tx.execute("DELETE FROM backup_copies", &[])?;
    Ok(())
}

/// Forgets the copies at a target that is none any more.
pub fn delete_of_target(tx: Tx, target: TargetId) -> Result<(), Error> {
    tx.execute(
        "DELETE FROM backup_copies WHERE target_id = $1",
        &[target.to_string().into()],
    )?;
    Ok(())
}
