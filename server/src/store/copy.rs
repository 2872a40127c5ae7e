//! Moves whole tables, for backups and from one database to the other. Works on whatever the catalogue names, so no
//! table can be forgotten.

use super::{Dialect, Error, Tx, Value};

/// The tables in an order in which each one's rows only refer to rows of those before it. Must name every table
/// (a test compares it with the catalogue). `schema_migrations` is left out: it belongs to the schema and is written
/// by migrating.
pub const ORDER: &[&str] = &[
    "settings",
    "sealed_settings",
    "backups",
    "backup_copies",
    "drills",
    "organizations",
    "users",
    "identities",
    "organization_members",
    "sessions",
    "universal_auths",
    "client_secrets",
    "access_tokens",
    "token_auths",
    "identity_metadata",
    "projects",
    "project_members",
    "project_keys",
    "data_key_rotations",
    "environments",
    "folders",
    "secrets",
    "secret_versions",
    "tags",
    "secret_version_tags",
    "secret_imports",
    "service_tokens",
    "attempts",
    "audit_records",
];

/// What a column holds, in the types both databases and a backup share. A truth value counts as 0 or 1, as SQLite
/// has no other notion of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{INT}` and `{BOOL}`.
    Int,
    /// `{TEXT}`.
    Text,
    /// `{BYTES}`.
    Bytes,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// Its place in the primary key, from 1; 0 if it is not part of it.
    pub key: i64,
}

/// The tables of the store in the order in which their rows can be inserted. A table unknown to [`ORDER`] comes last.
pub fn tables(tx: Tx<'_>) -> Result<Vec<String>, Error> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => {
            "/* sqlite */ SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' \
             AND name <> 'schema_migrations' ORDER BY name"
        }
        Dialect::Postgres => {
            "/* postgres */ SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() \
             AND table_type = 'BASE TABLE' AND table_name <> 'schema_migrations' ORDER BY table_name"
        }
    };
    let mut names = tx
        .query(sql, &[])?
        .iter()
        .map(|row| row.get::<String>(0))
        .collect::<Result<Vec<_>, Error>>()?;
    names.sort_by_key(|name| {
        ORDER
            .iter()
            .position(|known| known == name)
            .unwrap_or(ORDER.len())
    });
    Ok(names)
}

/// The columns of a table in the order of their names, so that both databases agree. Empty if there is no such table.
pub fn columns(tx: Tx<'_>, table: &str) -> Result<Vec<Column>, Error> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => "/* sqlite */ SELECT name, type, pk FROM pragma_table_info($1) ORDER BY name",
        Dialect::Postgres => {
            "/* postgres */ SELECT c.column_name, CAST(c.data_type AS TEXT), \
             CAST(coalesce(max(k.ordinal_position), 0) AS BIGINT) FROM information_schema.columns c \
             LEFT JOIN information_schema.table_constraints t ON t.table_schema = c.table_schema \
             AND t.table_name = c.table_name AND t.constraint_type = 'PRIMARY KEY' \
             LEFT JOIN information_schema.key_column_usage k ON k.constraint_schema = t.constraint_schema \
             AND k.constraint_name = t.constraint_name AND k.column_name = c.column_name \
             AND k.table_name = c.table_name \
             WHERE c.table_schema = current_schema() AND c.table_name = $1 \
             GROUP BY c.column_name, c.data_type ORDER BY CAST(c.column_name AS TEXT) COLLATE \"C\""
        }
    };
    let rows = tx.query(sql, &[table.into()])?;
    rows.iter()
        .map(|row| {
            let kind = match row.get::<&str>(1)? {
                "INTEGER" | "bigint" | "boolean" => Kind::Int,
                "TEXT" | "text" => Kind::Text,
                "BLOB" | "bytea" => Kind::Bytes,
                _ => return Err(Error::Corrupt("a column of a type the store does not use")),
            };
            Ok(Column {
                name: row.get(0)?,
                kind,
                key: row.get(2)?,
            })
        })
        .collect()
}

/// Rows fetched at a time from a table with sealed columns: each value in them may hold a megabyte.
const SEALED_BATCH: usize = 16;

/// Receives one row: the columns of the table, the same for every row, and the values beside them.
pub type Sink<'a> = &'a mut dyn FnMut(&[Column], &[Value]) -> Result<(), Error>;

/// Gives every row of a table to `sink`, in the order of the primary key and at most `batch` rows at a time, so that
/// memory does not grow with the table. Call it in one transaction for all tables: then they belong together.
pub fn export_rows(tx: Tx<'_>, table: &str, batch: usize, sink: Sink<'_>) -> Result<(), Error> {
    let columns = columns(tx, table)?;
    let sealed = columns.iter().any(|column| column.name.ends_with("_sealed"));
    let batch = batch.clamp(1, if sealed { SEALED_BATCH } else { usize::MAX });
    let mut key: Vec<(i64, usize)> = columns
        .iter()
        .enumerate()
        .filter(|(_, column)| column.key > 0)
        .map(|(at, column)| (column.key, at))
        .collect();
    key.sort_unstable();
    let key: Vec<usize> = key.into_iter().map(|(_, at)| at).collect();
    if key.is_empty() {
        return Err(Error::Corrupt("a table without a primary key, or no table"));
    }
    let list =
        |at: &mut dyn Iterator<Item = &Column>| at.map(|c| quoted(&c.name)).collect::<Vec<_>>().join(", ");
    let keys = list(&mut key.iter().map(|at| &columns[*at]));
    let select = format!("SELECT {} FROM {}", list(&mut columns.iter()), quoted(table));
    let places = (1..=key.len())
        .map(|number| format!("${number}"))
        .collect::<Vec<_>>()
        .join(", ");
    let first = format!("{select} ORDER BY {keys} LIMIT {batch}");
    let next = format!("{select} WHERE ({keys}) > ({places}) ORDER BY {keys} LIMIT {batch}");

    let mut last: Option<Vec<Value>> = None;
    loop {
        let rows = match &last {
            None => tx.query(&first, &[])?,
            Some(last) => tx.query(&next, last)?,
        };
        let ended = rows.len() < batch;
        for row in rows {
            let mut values = row.into_values();
            last = Some(key.iter().map(|at| values[*at].clone()).collect());
            for value in &mut values {
                if let Value::Bool(truth) = *value {
                    *value = Value::Int(i64::from(truth));
                }
            }
            sink(&columns, &values)?;
        }
        if ended {
            return Ok(());
        }
    }
}

/// Inserts a row that [`export_rows`] gave, possibly on the other database. The names must come from [`columns`] of
/// this store.
pub fn import_row(tx: Tx<'_>, table: &str, columns: &[Column], values: &[Value]) -> Result<(), Error> {
    let names = columns
        .iter()
        .map(|column| quoted(&column.name))
        .collect::<Vec<_>>()
        .join(", ");
    let places = (1..=columns.len())
        .map(|number| format!("${number}"))
        .collect::<Vec<_>>()
        .join(", ");
    let sql = format!("INSERT INTO {} ({names}) VALUES ({places})", quoted(table));
    tx.execute(&sql, values).map(drop)
}

/// Number of rows of a table. The name must come from [`tables`].
pub fn count(tx: Tx<'_>, table: &str) -> Result<u64, Error> {
    let rows = tx.query(&format!("SELECT count(*) FROM {}", quoted(table)), &[])?;
    let count = rows.first().map_or(Ok(0), |row| row.get::<i64>(0))?;
    u64::try_from(count).map_err(|_| Error::Corrupt("a negative count"))
}

/// A name from the catalogue as SQL text.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
