//! Rehearsed restores.

use shared::model::time::UnixMillis;

use super::{Error, Tx, Value};

/// Rehearsals that are kept.
const KEPT: i64 = 100;

/// A row of `drills`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrillRow {
    /// Id.
    pub id: String,
    /// When it ended.
    pub at: UnixMillis,
    /// Whether it passed.
    pub passed: bool,
    /// What was found, as JSON.
    pub result: String,
    /// Keyed hash over the result.
    pub mac: Vec<u8>,
}

/// The newest; after all others those that are later than `latest`.
pub fn list(tx: Tx, latest: UnixMillis, limit: i64) -> Result<Vec<DrillRow>, Error> {
    let rows = tx.query(
        "SELECT id, at, passed, result, mac FROM drills \
         ORDER BY CASE WHEN at > $1 THEN 1 ELSE 0 END, at DESC, id DESC LIMIT $2",
        &[latest.0.into(), limit.into()],
    )?;
    rows.iter()
        .map(|row| {
            Ok(DrillRow {
                id: row.get(0)?,
                at: UnixMillis(row.get(1)?),
                passed: row.get(2)?,
                result: row.get(3)?,
                mac: row.get(4)?,
            })
        })
        .collect()
}

/// Adds one, and forgets the oldest of very many.
pub fn insert(tx: Tx, drill: &DrillRow) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO drills (id, at, passed, result, mac) VALUES ($1, $2, $3, $4, $5)",
        &[
            Value::from(drill.id.as_str()),
            drill.at.0.into(),
            drill.passed.into(),
            Value::from(drill.result.as_str()),
            Value::from(drill.mac.clone()),
        ],
    )?;
    tx.execute(
        "DELETE FROM drills WHERE id NOT IN (SELECT id FROM drills ORDER BY at DESC, id DESC LIMIT $1)",
        &[KEPT.into()],
    )?;
    Ok(())
}
