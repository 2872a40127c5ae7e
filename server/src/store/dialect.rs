//! The few places where the two databases need different text. The list is closed.

/// Which database answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// The embedded, encrypted file.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl Dialect {
    /// Appended to a `SELECT` whose rows the transaction is about to change. SQLite has one writer and needs nothing.
    pub fn for_update(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE",
        }
    }

    /// The statement that keeps a second process from migrating at the same time, held until the transaction ends.
    /// On SQLite the write transaction is that lock.
    pub fn lock_for_migration(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            // The number means nothing; it only has to be the same in every version of the program.
            Self::Postgres => Some("/* postgres */ SELECT CAST(pg_advisory_xact_lock(6237190115) AS TEXT)"),
        }
    }

    /// A table definition with its type tokens replaced: `{INT}`, `{TEXT}`, `{BYTES}`, `{BOOL}`, and `{STRICT}`
    /// behind the closing parenthesis. On PostgreSQL, text compares by bytes as it does on SQLite.
    pub fn ddl(self, text: &str) -> String {
        let tokens = match self {
            Self::Sqlite => [
                ("{INT}", "INTEGER"),
                ("{TEXT}", "TEXT"),
                ("{BYTES}", "BLOB"),
                ("{BOOL}", "INTEGER"),
                ("{STRICT}", "STRICT"),
            ],
            Self::Postgres => [
                ("{INT}", "BIGINT"),
                ("{TEXT}", "TEXT COLLATE \"C\""),
                ("{BYTES}", "BYTEA"),
                ("{BOOL}", "BOOLEAN"),
                ("{STRICT}", ""),
            ],
        };
        tokens
            .iter()
            .fold(text.to_owned(), |text, (token, word)| text.replace(token, word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_is_replaced() {
        let text = "CREATE TABLE t (a {INT}, b {TEXT}, c {BYTES}, d {BOOL}) {STRICT}";
        assert_eq!(
            Dialect::Sqlite.ddl(text),
            "CREATE TABLE t (a INTEGER, b TEXT, c BLOB, d INTEGER) STRICT"
        );
        assert_eq!(
            Dialect::Postgres.ddl(text),
            "CREATE TABLE t (a BIGINT, b TEXT COLLATE \"C\", c BYTEA, d BOOLEAN) "
        );
    }
}
