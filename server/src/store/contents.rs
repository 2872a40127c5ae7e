//! How much of everything there is, for reports about backups.

use super::{Error, Tx};

/// Numbers of what is not deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contents {
    /// Projects.
    pub projects: u64,
    /// Secrets, personal ones too.
    pub secrets: u64,
    /// Versions of secrets, those of deleted secrets included: they can be brought back.
    pub versions: u64,
    /// People.
    pub users: u64,
    /// Machine identities.
    pub identities: u64,
}

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
