//! Facts about the instance that have no table of their own: its id, the setup code.

use super::{Error, Tx, Value};

/// The value under a name.
pub fn get(tx: Tx, name: &str) -> Result<Option<String>, Error> {
    let rows = tx.query("SELECT value FROM settings WHERE name = $1", &[Value::from(name)])?;
    rows.first().map(|row| row.get(0)).transpose()
}

/// Sets or replaces the value under a name.
pub fn set(tx: Tx, name: &str, value: &str) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        &[Value::from(name), Value::from(value)],
    )?;
    Ok(())
}

/// Removes the value under a name, if there is one.
pub fn remove(tx: Tx, name: &str) -> Result<(), Error> {
    tx.execute("DELETE FROM settings WHERE name = $1", &[Value::from(name)])?;
    Ok(())
}
