//! How much of everything there is, for reports about backups.

pub use shared::model::contents::Contents;

use super::{Error, Tx};

/// Counts them.
pub fn contents(tx: Tx) -> Result<Contents, Error> {
    let rows = tx.query(
        "SELECT (SELECT count(*) FROM projects WHERE deleted_at IS NULL), \
         (SELECT count(*) FROM secret_versions), \
         (SELECT count(*) FROM users WHERE deleted_at IS NULL), \
         (SELECT count(*) FROM identities WHERE deleted_at IS NULL)",
        &[],
    )?;
    let secrets = number(super::secrets::count(tx)?)?;
    let row = rows.first().ok_or(Error::Corrupt("no counts"))?;
    let column = |index| row.get::<i64>(index).and_then(number);
    Ok(Contents {
        projects: column(0)?,
        secrets,
        versions: column(1)?,
        users: column(2)?,
        identities: column(3)?,
    })
}

fn number(count: i64) -> Result<u64, Error> {
    u64::try_from(count).map_err(|_| Error::Corrupt("a negative count"))
}
