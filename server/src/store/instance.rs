//! The database as a whole.

use super::{Dialect, Error, Tx};

/// What the database takes on disk, in bytes. On SQLite without the write-ahead log, which comes and goes.
pub fn size_bytes(tx: Tx) -> Result<i64, Error> {
    let statement = match tx.dialect() {
        Dialect::Sqlite => {
            "/* sqlite */ SELECT c.page_count * s.page_size FROM pragma_page_count() c, pragma_page_size() s"
        }
        Dialect::Postgres => "/* postgres */ SELECT pg_database_size(current_database())",
    };
    let rows = tx.query(statement, &[])?;
    let row = rows
        .first()
        .ok_or(Error::Corrupt("the database does not know its size"))?;
    row.get(0)
}
