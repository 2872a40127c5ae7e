//! Failed attempts to prove who one is, counted for each account and each source; they survive a restart.

use shared::model::time::UnixMillis;

use super::{Error, Tx, Value};

/// What is known of a subject's failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attempts {
    /// Failures in a row.
    pub failures: i64,
    /// When the last one was.
    pub last_failure_at: UnixMillis,
}

/// The failures of a subject; none when it is unknown.
pub fn get(tx: Tx, subject: &str) -> Result<Attempts, Error> {
    let rows = tx.query(
        "SELECT failures, last_failure_at FROM attempts WHERE subject = $1",
        &[Value::from(subject)],
    )?;
    rows.first()
        .map(|row| {
            Ok(Attempts {
                failures: row.get(0)?,
                last_failure_at: UnixMillis(row.get(1)?),
            })
        })
        .transpose()
        .map(Option::unwrap_or_default)
}

/// Remembers the failures of a subject.
pub fn set(tx: Tx, subject: &str, attempts: Attempts) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO attempts (subject, failures, last_failure_at) VALUES ($1, $2, $3) \
         ON CONFLICT (subject) DO UPDATE SET failures = excluded.failures, last_failure_at = excluded.last_failure_at",
        &[
            Value::from(subject),
            Value::from(attempts.failures),
            Value::from(attempts.last_failure_at.0),
        ],
    )?;
    Ok(())
}

/// Forgets a subject: it proved who it is.
pub fn clear(tx: Tx, subject: &str) -> Result<(), Error> {
    tx.execute("DELETE FROM attempts WHERE subject = $1", &[Value::from(subject)])?;
    Ok(())
}

/// Forgets an account, from everywhere: `account` and every `account@network`.
pub fn clear_account(tx: Tx, account: &str) -> Result<(), Error> {
    let anywhere = account
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    tx.execute(
        "DELETE FROM attempts WHERE subject = $1 OR subject LIKE $2 ESCAPE '\\'",
        &[Value::from(account), Value::from(format!("{anywhere}@%"))],
    )?;
    Ok(())
}

/// Forgets what is too old to matter, so that the table does not grow with every address that ever tried.
pub fn clear_before(tx: Tx, time: UnixMillis) -> Result<u64, Error> {
    tx.execute(
        "DELETE FROM attempts WHERE last_failure_at < $1",
        &[Value::from(time.0)],
    )
}
