//! What is configured and must not lie in plain.

use shared::model::time::UnixMillis;

use super::{Error, Tx, Value};

/// The sealed value under a name.
pub fn get(tx: Tx, name: &str) -> Result<Option<Vec<u8>>, Error> {
    let rows = tx.query(
        "SELECT value_sealed FROM sealed_settings WHERE name = $1",
        &[Value::from(name)],
    )?;
    rows.first().map(|row| row.get(0)).transpose()
}

/// Sets or replaces the value under a name.
pub fn set(tx: Tx, name: &str, sealed: &[u8], now: UnixMillis) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO sealed_settings (name, value_sealed, updated_at) VALUES ($1, $2, $3) \
         ON CONFLICT (name) DO UPDATE SET value_sealed = excluded.value_sealed, updated_at = excluded.updated_at",
        &[Value::from(name), Value::from(sealed.to_vec()), Value::from(now.0)],
    )?;
    Ok(())
}

/// Every name with its value.
pub fn all(tx: Tx) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let rows = tx.query(
        "SELECT name, value_sealed FROM sealed_settings ORDER BY name",
        &[],
    )?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}
