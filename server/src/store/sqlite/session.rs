//! Statements on one connection, and SQLite's answers in our terms.

use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, ffi};

use crate::store::{Dialect, Error, Row, Sql, Value};

/// One transaction, or one job's part of it.
pub(super) struct Session<'c> {
    connection: &'c Connection,
    /// The first statement that failed; the transaction is lost from then on, as on PostgreSQL.
    pub(super) failed: Option<Error>,
}

impl<'c> Session<'c> {
    pub(super) fn new(connection: &'c Connection) -> Self {
        Self {
            connection,
            failed: None,
        }
    }

    /// Prepares and binds a statement, uses it, and remembers whether that failed.
    fn with<T>(
        &mut self,
        sql: &str,
        p: &[Value],
        f: impl FnOnce(&mut CachedStatement<'c>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let result = self
            .connection
            .prepare_cached(sql)
            .map_err(|error| translate(&error))
            .and_then(|mut statement| {
                bind(&mut statement, p)?;
                f(&mut statement)
            });
        self.failed = result.as_ref().err().cloned();
        result
    }
}

impl Sql for Session<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn query(&mut self, sql: &str, p: &[Value]) -> Result<Vec<Row>, Error> {
        self.with(sql, p, |statement| {
            let columns = statement.column_count();
            let mut rows = statement.raw_query();
            let mut result = Vec::new();
            while let Some(row) = rows.next().map_err(|error| translate(&error))? {
                let column = |index| {
                    row.get_ref(index)
                        .map_err(|error| translate(&error))
                        .and_then(value)
                };
                result.push(Row::new((0..columns).map(column).collect::<Result<_, _>>()?));
            }
            Ok(result)
        })
    }

    fn execute(&mut self, sql: &str, p: &[Value]) -> Result<u64, Error> {
        self.with(sql, p, |statement| {
            let changed = statement.raw_execute().map_err(|error| translate(&error))?;
            Ok(u64::try_from(changed).unwrap_or(u64::MAX))
        })
    }

    fn prepare(&mut self, sql: &str) -> Result<usize, Error> {
        self.connection
            .prepare(sql)
            .map(|statement| statement.parameter_count())
            .map_err(|error| translate(&error))
    }
}

/// Binds `$k` to the k-th value. SQLite takes `$2` for a *name* and numbers parameters by first appearance, so
/// binding by position would silently swap values.
fn bind(statement: &mut CachedStatement<'_>, p: &[Value]) -> Result<(), Error> {
    let count = statement.parameter_count();
    if count != p.len() {
        return Err(Error::Sql(format!(
            "the statement has {count} parameters, {} were given",
            p.len()
        )));
    }
    for index in 1..=count {
        // Names are distinct, so as many numbers within the range as values means that each value is used once.
        let number = statement
            .parameter_name(index)
            .and_then(|name| name.strip_prefix('$')?.parse::<usize>().ok());
        let value = number.and_then(|number| p.get(number.checked_sub(1)?));
        let value = value.ok_or_else(|| Error::Sql("parameters must be named $1 to $n".to_owned()))?;
        if let Value::Text(text) = value
            && text.contains('\0')
        {
            return Err(Error::Sql("text must not contain NUL".to_owned()));
        }
        statement
            .raw_bind_parameter(index, value)
            .map_err(|error| translate(&error))?;
    }
    Ok(())
}

fn value(column: ValueRef<'_>) -> Result<Value, Error> {
    Ok(match column {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text).map_err(|_| Error::Corrupt("text that is not UTF-8"))?;
            Value::Text(text.to_owned())
        }
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Real(_) => return Err(Error::Corrupt("a floating point number")),
    })
}

/// SQLite's error in our terms.
pub(super) fn translate(error: &rusqlite::Error) -> Error {
    let Some(code) = error.sqlite_error().map(|error| error.extended_code) else {
        return Error::Sql(error.to_string());
    };
    // Statements hold no values, so SQLite's messages do not either.
    let message = error.to_string();
    match (code, code & 0xff) {
        (
            ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID,
            _,
        ) => {
            let columns = message
                .strip_prefix("UNIQUE constraint failed: ")
                .unwrap_or(&message);
            Error::Unique(columns.to_owned())
        }
        (_, ffi::SQLITE_NOTADB) => Error::NotADatabase,
        (_, ffi::SQLITE_FULL) => Error::Full,
        // A write in a read-only transaction is a mistake; every other reason for it lies in the file system.
        (ffi::SQLITE_READONLY, _) => Error::Sql(message),
        (
            _,
            ffi::SQLITE_BUSY
            | ffi::SQLITE_CANTOPEN
            | ffi::SQLITE_CORRUPT
            | ffi::SQLITE_INTERRUPT
            | ffi::SQLITE_IOERR
            | ffi::SQLITE_LOCKED
            | ffi::SQLITE_NOMEM
            | ffi::SQLITE_PERM
            | ffi::SQLITE_PROTOCOL
            | ffi::SQLITE_READONLY,
        ) => Error::Unavailable(message),
        _ => Error::Sql(message),
    }
}
