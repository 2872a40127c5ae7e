//! Schemas of PostgreSQL, in which whole stores lie: the one that a connection works in, and others beside it into which a
//! store is moved, or in which one is built. On SQLite a store is a file, and there are none.

use super::{Error, Tx, copy, settings};

/// Whether nothing lies in the schema that the connection works in.
pub fn is_empty(tx: Tx<'_>) -> Result<bool, Error> {
    Ok(tables(tx)?.is_empty())
}

/// A table in the schema that is none of a store.
pub fn foreign_table(tx: Tx<'_>) -> Result<Option<String>, Error> {
    let is_ours = |name: &str| name == "schema_migrations" || copy::ORDER.contains(&name);
    Ok(tables(tx)?.into_iter().find(|name| !is_ours(name)))
}

/// A setting of the store that may lie in the schema.
pub fn setting(tx: Tx<'_>, name: &str) -> Result<Option<String>, Error> {
    if tables(tx)?.iter().any(|table| table == "settings") {
        settings::get(tx, name)
    } else {
        Ok(None)
    }
}

/// Whether there is a schema of this name.
pub fn exists(tx: Tx<'_>, name: &str) -> Result<bool, Error> {
    let rows = tx.query(
        "/* postgres */ SELECT count(*) FROM pg_catalog.pg_namespace WHERE CAST(nspname AS TEXT) = $1",
        &[name.into()],
    )?;
    Ok(rows.first().map_or(Ok(0), |row| row.get::<i64>(0))? > 0)
}

/// Makes an empty one.
pub fn make(tx: Tx<'_>, name: &str) -> Result<(), Error> {
    tx.execute(&format!("CREATE SCHEMA {}", copy::quoted(name)), &[])
        .map(drop)
}

/// Removes one with everything in it, if it is there.
pub fn remove(tx: Tx<'_>, name: &str) -> Result<(), Error> {
    if exists(tx, name)? {
        tx.execute(&format!("DROP SCHEMA {} CASCADE", copy::quoted(name)), &[])?;
    }
    Ok(())
}

/// Moves every table of the schema that the connection works in into a new one.
pub fn move_out(tx: Tx<'_>, to: &str) -> Result<(), Error> {
    make(tx, to)?;
    for table in tables(tx)? {
        move_table(tx, &copy::quoted(&table), to)?;
    }
    Ok(())
}

/// Moves every table of another schema into the one that the connection works in, and removes the other.
pub fn move_in(tx: Tx<'_>, from: &str) -> Result<(), Error> {
    let rows = tx.query("/* postgres */ SELECT CAST(current_schema() AS TEXT)", &[])?;
    let here: String = rows.first().ok_or(Error::Corrupt("no schema"))?.get(0)?;
    for table in tables_of(tx, from)? {
        let table = format!("{}.{}", copy::quoted(from), copy::quoted(&table));
        move_table(tx, &table, &here)?;
    }
    // Not with what may have come into it meanwhile.
    tx.execute(&format!("DROP SCHEMA {}", copy::quoted(from)), &[])
        .map(drop)
}

fn move_table(tx: Tx<'_>, table: &str, to: &str) -> Result<(), Error> {
    let statement = format!("ALTER TABLE {table} SET SCHEMA {}", copy::quoted(to));
    tx.execute(&statement, &[]).map(drop)
}

fn tables(tx: Tx<'_>) -> Result<Vec<String>, Error> {
    names(
        tx,
        "/* postgres */ SELECT CAST(tablename AS TEXT) FROM pg_catalog.pg_tables WHERE schemaname = current_schema() \
         ORDER BY tablename",
        &[],
    )
}

fn tables_of(tx: Tx<'_>, schema: &str) -> Result<Vec<String>, Error> {
    names(
        tx,
        "/* postgres */ SELECT CAST(tablename AS TEXT) FROM pg_catalog.pg_tables WHERE CAST(schemaname AS TEXT) = $1 \
         ORDER BY tablename",
        &[schema.into()],
    )
}

fn names(tx: Tx<'_>, statement: &str, p: &[super::Value]) -> Result<Vec<String>, Error> {
    tx.query(statement, p)?.iter().map(|row| row.get(0)).collect()
}
