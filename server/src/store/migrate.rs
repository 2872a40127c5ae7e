//! Brings the schema up to the program: numbered texts, applied once, in order, never changed after a release.

use sha2::{Digest, Sha256};

use super::{Dialect, Error, Row, Tx, Value};

/// One step of the schema.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Its place in the order, from 1 without gaps.
    pub number: i64,
    /// What it does, as in its file name.
    pub name: &'static str,
    /// Statements with the type tokens of [`Dialect::ddl`]. Each ends with `;` at the end of a line, and there is no
    /// other `;` at the end of a line. A comment stands on lines of its own, from `--`.
    pub text: &'static str,
}

/// Every step, oldest first.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        number: 1,
        name: "initial",
        text: include_str!("migrations/0001_initial.sql"),
    },
    Migration {
        number: 2,
        name: "infisical_clients",
        text: include_str!("migrations/0002_infisical_clients.sql"),
    },
    Migration {
        number: 3,
        name: "first_hour",
        text: include_str!("migrations/0003_first_hour.sql"),
    },
    Migration {
        number: 4,
        name: "trash",
        text: include_str!("migrations/0004_trash.sql"),
    },
    Migration {
        number: 5,
        name: "keys",
        text: include_str!("migrations/0005_keys.sql"),
    },
    Migration {
        number: 6,
        name: "backups",
        text: include_str!("migrations/0006_backups.sql"),
    },
];

/// What [`migrate`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// The schema before, 0 for an empty database.
    pub before: i64,
    /// The schema now.
    pub after: i64,
}

/// Why the schema was left as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MigrationError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Error),
    /// The store was used with a newer program.
    #[error(
        "the store has schema {found}, this program knows schemas up to {known}: it was used with a newer version of \
         Strongroom. Start that version or a later one, or restore a backup made before the upgrade"
    )]
    Newer {
        /// The schema of the store.
        found: i64,
        /// The last schema this program knows.
        known: i64,
    },
    /// A step that was applied differs from the one in the program.
    #[error(
        "schema step {number} ({name}) was applied to this store with another content than this program has: one of \
         the two is not a release of Strongroom. Start the version that was used last"
    )]
    Changed {
        /// The step.
        number: i64,
        /// Its name.
        name: String,
    },
}

/// Applies what is missing, all in the caller's transaction: all of it or nothing.
pub fn migrate(tx: Tx<'_>, now: i64) -> Result<Report, MigrationError> {
    apply(tx, now, MIGRATIONS)
}

/// Applies what is missing up to a number, to take in rows that were written with that schema.
pub fn migrate_to(tx: Tx<'_>, now: i64, number: i64) -> Result<Report, MigrationError> {
    apply(tx, now, up_to(MIGRATIONS, number)?)
}

fn up_to(migrations: &[Migration], number: i64) -> Result<&[Migration], MigrationError> {
    let known = migrations.last().map_or(0, |migration| migration.number);
    if number > known {
        return Err(MigrationError::Newer { found: number, known });
    }
    Ok(&migrations[..migrations.partition_point(|migration| migration.number <= number)])
}

/// The schema that this program works with.
pub fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.number)
}

/// The schema of the store, 0 if it has none.
pub fn version(tx: Tx<'_>) -> Result<i64, Error> {
    let rows = tx.query("SELECT coalesce(max(number), 0) FROM schema_migrations", &[])?;
    rows.first().map_or(Ok(0), |row| row.get(0))
}

fn apply(tx: Tx<'_>, now: i64, migrations: &[Migration]) -> Result<Report, MigrationError> {
    let dialect = tx.dialect();
    if let Some(lock) = dialect.lock_for_migration() {
        tx.query(lock, &[])?;
    }
    tx.execute(
        &dialect.ddl(
            "CREATE TABLE IF NOT EXISTS schema_migrations (number {INT} PRIMARY KEY, name {TEXT} NOT NULL, \
             checksum {BYTES} NOT NULL, applied_at {INT} NOT NULL) {STRICT}",
        ),
        &[],
    )?;
    let applied = tx.query(
        "SELECT number, name, checksum FROM schema_migrations ORDER BY number",
        &[],
    )?;
    let before = check(&applied, migrations)?;
    for migration in migrations.iter().filter(|migration| migration.number > before) {
        for statement in statements(dialect, migration.text) {
            tx.execute(&statement, &[])?;
        }
        tx.execute(
            "INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
            &[
                migration.number.into(),
                migration.name.into(),
                checksum(migration.text),
                now.into(),
            ],
        )?;
    }
    let after = migrations.last().map_or(before, |migration| migration.number);
    Ok(Report { before, after })
}

/// Compares what was applied with what the program has, and returns the last number applied.
fn check(applied: &[Row], migrations: &[Migration]) -> Result<i64, MigrationError> {
    let known = migrations.last().map_or(0, |migration| migration.number);
    let found = applied.last().map_or(Ok(0), |row| row.get(0))?;
    if found > known {
        return Err(MigrationError::Newer { found, known });
    }
    for row in applied {
        let number: i64 = row.get(0)?;
        let step = migrations.iter().find(|migration| migration.number == number);
        if step.map(|step| checksum(step.text)) != Some(Value::Bytes(row.get(2)?)) {
            return Err(MigrationError::Changed {
                number,
                name: row.get(1)?,
            });
        }
    }
    Ok(found)
}

fn checksum(text: &str) -> Value {
    Value::Bytes(Sha256::digest(text).to_vec())
}

/// The single statements of a migration, in the dialect's types.
fn statements(dialect: Dialect, text: &str) -> Vec<String> {
    let text = dialect.ddl(text);
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"))
        .collect();
    let whole = lines
        .iter()
        .map(|line| line.trim_end())
        .collect::<Vec<_>>()
        .join("\n")
        + "\n";
    whole
        .split(";\n")
        .map(str::trim)
        .filter(|statement| !statement.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::TestDatabase;

    const FIRST: Migration = Migration {
        number: 1,
        name: "first",
        text: "CREATE TABLE a (x {INT} PRIMARY KEY) {STRICT};\n",
    };
    const SECOND: Migration = Migration {
        number: 2,
        name: "second",
        text: "-- A comment; with a semicolon;\nCREATE TABLE b (\n    x {TEXT} PRIMARY KEY -- y\n) {STRICT};\n\
               CREATE INDEX a_x ON a (x);",
    };

    fn run(database: &TestDatabase, migrations: &'static [Migration]) -> Result<Report, MigrationError> {
        database.db.write_blocking(move |tx| apply(tx, 5, migrations))
    }

    #[test]
    fn every_step_is_applied_once() {
        let database = TestDatabase::open();
        assert_eq!(run(&database, &[FIRST]), Ok(Report { before: 0, after: 1 }));
        assert_eq!(
            run(&database, &[FIRST, SECOND]),
            Ok(Report { before: 1, after: 2 })
        );
        assert_eq!(
            run(&database, &[FIRST, SECOND]),
            Ok(Report { before: 2, after: 2 })
        );
        assert_eq!(database.db.read_blocking(version), Ok(2));
        database
            .db
            .read_blocking(|tx| tx.query("SELECT x FROM b", &[]))
            .expect("the second table");
    }

    #[test]
    fn older_rows_are_taken_in_before_the_steps_that_change_them() {
        const COPYING: Migration = Migration {
            number: 2,
            name: "copying",
            text: "CREATE TABLE b (x {INT} PRIMARY KEY) {STRICT};\nINSERT INTO b (x) SELECT x FROM a;\nDROP TABLE a;\n",
        };
        const BOTH: &[Migration] = &[FIRST, COPYING];
        let database = TestDatabase::open();
        let older = database.db.write_blocking(|tx| {
            let report = apply(tx, 5, up_to(BOTH, 1)?)?;
            tx.execute("INSERT INTO a (x) VALUES (7)", &[])?;
            Ok::<_, MigrationError>(report)
        });
        assert_eq!(older, Ok(Report { before: 0, after: 1 }));
        assert_eq!(run(&database, BOTH), Ok(Report { before: 1, after: 2 }));
        let moved = database.db.read_blocking(|tx| tx.query("SELECT x FROM b", &[]));
        assert_eq!(moved.map(|rows| rows.len()), Ok(1));
        assert_eq!(
            up_to(BOTH, 3).map(<[Migration]>::len),
            Err(MigrationError::Newer { found: 3, known: 2 })
        );
    }

    #[test]
    fn a_changed_step_is_refused() {
        const OTHER: Migration = Migration {
            text: "CREATE TABLE c (x {INT} PRIMARY KEY) {STRICT};\n",
            ..FIRST
        };
        let database = TestDatabase::open();
        run(&database, &[FIRST]).expect("applied");
        let refused = Err(MigrationError::Changed {
            number: 1,
            name: "first".to_owned(),
        });
        assert_eq!(run(&database, &[OTHER, SECOND]), refused);
        assert_eq!(database.db.read_blocking(version), Ok(1));
    }

    #[test]
    fn a_newer_store_is_refused() {
        let database = TestDatabase::open();
        run(&database, &[FIRST, SECOND]).expect("applied");
        let refused = run(&database, &[FIRST]);
        assert_eq!(refused, Err(MigrationError::Newer { found: 2, known: 1 }));
    }

    #[test]
    fn a_step_that_fails_leaves_the_store_as_it_was() {
        const BROKEN: Migration = Migration {
            number: 2,
            name: "broken",
            text: "CREATE TABLE d (x {INT});\nCREATE nonsense;\n",
        };
        let database = TestDatabase::open();
        assert!(matches!(
            run(&database, &[FIRST, BROKEN]),
            Err(MigrationError::Store(Error::Sql(_)))
        ));
        assert!(
            database.db.read_blocking(version).is_err(),
            "nothing is there, not even the list of steps"
        );
        assert_eq!(
            run(&database, &[FIRST, SECOND]),
            Ok(Report { before: 0, after: 2 })
        );
    }

    #[test]
    fn the_steps_of_the_program_are_numbered_without_gaps() {
        for (number, migration) in (1..).zip(MIGRATIONS) {
            assert_eq!(migration.number, number, "{}", migration.name);
            assert!(
                !statements(Dialect::Sqlite, migration.text).is_empty(),
                "{}",
                migration.name
            );
        }
    }
}
