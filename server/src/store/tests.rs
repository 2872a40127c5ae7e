//! The promises of [`Db`], kept by whichever database the tests run on; at the end those of the encrypted file alone.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::copy::{self, Column, Kind};
use super::migrate::{MIGRATIONS, migrate};
use super::{Db, Dialect, Error, SqliteOptions, Tx, Value};
use crate::database::TestDatabase;

/// A database with a table of counters.
fn counters() -> TestDatabase {
    let database = TestDatabase::open();
    database
        .db
        .write_blocking(|tx| {
            let ddl = "CREATE TABLE counters (name {TEXT} PRIMARY KEY, number {INT} NOT NULL, sealed {BYTES}, \
                       open {BOOL} NOT NULL, UNIQUE (number, open)) {STRICT}";
            tx.execute(&tx.dialect().ddl(ddl), &[])?;
            let index = "CREATE UNIQUE INDEX counters_name ON counters (lower(name)) WHERE number >= 1000";
            tx.execute(index, &[]).map(drop)
        })
        .expect("the table is made");
    database
}

fn put(tx: Tx<'_>, name: &str, number: i64) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO counters (name, number, open) VALUES ($1, $2, $3)",
        &[name.into(), number.into(), false.into()],
    )
    .map(drop)
}

fn number(tx: Tx<'_>, name: &str) -> Result<i64, Error> {
    let rows = tx.query("SELECT number FROM counters WHERE name = $1", &[name.into()])?;
    rows.first().ok_or(Error::Corrupt("no such counter"))?.get(0)
}

fn count(db: &Db) -> i64 {
    db.read_blocking(|tx| tx.query("SELECT count(*) FROM counters", &[])?[0].get(0))
        .expect("a count")
}

fn increment(tx: Tx<'_>, name: &str) -> Result<(), Error> {
    let next = number(tx, name)? + 1;
    tx.execute(
        "UPDATE counters SET number = $2 WHERE name = $1",
        &[name.into(), next.into()],
    )
    .map(drop)
}

#[test]
fn parameters_go_by_number_not_by_appearance() {
    let database = counters();
    let rows = database
        .db
        .write_blocking(|tx| {
            tx.execute(
                "INSERT INTO counters (open, sealed, number, name) VALUES ($4, $3, $2, $1)",
                &["a".into(), 7.into(), Value::from(&b"x"[..]), true.into()],
            )?;
            tx.query(
                "SELECT CAST($2 AS TEXT), CAST($1 AS TEXT), number, open, sealed FROM counters WHERE name = $3 \
                 AND CAST($2 AS TEXT) <> CAST($1 AS TEXT)",
                &["first".into(), "second".into(), "a".into()],
            )
        })
        .expect("both statements run");
    assert_eq!(rows[0].get(0), Ok("second"));
    assert_eq!(rows[0].get(1), Ok("first"));
    assert_eq!(rows[0].get(2), Ok(7_i64));
    assert_eq!(rows[0].get(3), Ok(true));
    assert_eq!(rows[0].get(4), Ok(&b"x"[..]));
}

#[test]
fn a_wrong_number_of_parameters_is_an_error() {
    let db = &counters().db;
    let name = |values: Vec<Value>| {
        db.read_blocking(move |tx| tx.query("SELECT number FROM counters WHERE name = $1", &values))
    };
    assert!(matches!(name(vec![]), Err(Error::Sql(_))));
    assert!(matches!(name(vec!["a".into(), "b".into()]), Err(Error::Sql(_))));
    let gap = db.read_blocking(|tx| {
        tx.query(
            "SELECT number FROM counters WHERE name = $2",
            &["a".into(), "b".into()],
        )
    });
    assert!(matches!(gap, Err(Error::Sql(_))));
    let nul =
        db.read_blocking(|tx| tx.query("SELECT number FROM counters WHERE name = $1", &["a\0b".into()]));
    assert!(matches!(nul, Err(Error::Sql(_))));
}

#[test]
fn values_of_every_type_come_back() {
    let database = counters();
    let bytes: Vec<u8> = (0..=255).collect();
    let given = [
        Value::from("ü 'quoted' \"name\""),
        Value::from(i64::MIN),
        Value::from(bytes),
        Value::from(true),
    ];
    let expected = given.clone();
    database
        .db
        .write_blocking(move |tx| {
            tx.execute(
                "INSERT INTO counters (name, number, sealed, open) VALUES ($1, $2, $3, $4)",
                &given,
            )?;
            tx.execute(
                "INSERT INTO counters (name, number, sealed, open) VALUES ($1, $2, $3, $4)",
                &["null".into(), 0.into(), Value::Null, false.into()],
            )
        })
        .expect("rows are stored");
    let rows = database
        .db
        .read_blocking(|tx| {
            tx.query(
                "SELECT name, number, sealed, open FROM counters ORDER BY number",
                &[],
            )
        })
        .expect("rows");
    assert_eq!(
        rows[0].get::<String>(0).map(Value::from).as_ref(),
        Ok(&expected[0])
    );
    assert_eq!(rows[0].get::<i64>(1).map(Value::from).as_ref(), Ok(&expected[1]));
    assert_eq!(
        rows[0].get::<Vec<u8>>(2).map(Value::from).as_ref(),
        Ok(&expected[2])
    );
    assert_eq!(rows[0].get::<bool>(3).map(Value::from).as_ref(), Ok(&expected[3]));
    assert_eq!(rows[1].get::<Option<Vec<u8>>>(2), Ok(None));
}

#[test]
fn a_read_refuses_to_write() {
    let database = counters();
    let refused = database.db.read_blocking(|tx| put(tx, "a", 1));
    assert!(matches!(refused, Err(Error::Sql(_))), "{refused:?}");
    let refused = database.db.snapshot_blocking(|tx| put(tx, "a", 1));
    assert!(matches!(refused, Err(Error::Sql(_))), "{refused:?}");
    assert_eq!(count(&database.db), 0);
}

#[test]
fn unique_violations_name_the_same_columns() {
    let database = counters();
    let db = &database.db;
    db.write_blocking(|tx| put(tx, "a", 1)).expect("the first row");
    let same = |name: &'static str, number| db.write_blocking(move |tx| put(tx, name, number));
    assert_eq!(same("a", 2), Err(Error::Unique("counters.name".to_owned())));
    assert_eq!(
        same("b", 1),
        Err(Error::Unique("counters.number, counters.open".to_owned()))
    );
    assert_eq!(same("Large", 1000), Ok(()));
    assert_eq!(
        same("LARGE", 1001),
        Err(Error::Unique("index 'counters_name'".to_owned()))
    );
    assert_eq!(count(db), 2);
}

/// On PostgreSQL the transaction is lost after a failed statement and its commit would silently store nothing.
#[test]
fn a_failed_statement_cannot_be_ignored() {
    let database = counters();
    let result = database.db.write_blocking(|tx| {
        put(tx, "kept?", 1)?;
        drop(put(tx, "kept?", 2));
        assert!(matches!(number(tx, "kept?"), Err(Error::Unique(_))));
        Ok::<_, Error>(())
    });
    assert!(matches!(result, Err(Error::Unique(_))), "{result:?}");
    assert_eq!(count(&database.db), 0);
}

#[tokio::test]
async fn one_failing_job_leaves_the_others_of_its_commit_alone() {
    let database = counters();
    database
        .db
        .write(|tx| put(tx, "first", -1))
        .await
        .expect("the first row");
    let (entered, begun) = mpsc::channel();
    let (release, gate) = mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    // Holds the writer so that everything below is queued together.
    let db = database.db.clone();
    let holder = std::thread::spawn(move || {
        db.write_blocking(move |_| {
            entered.send(()).expect("the test listens");
            gate.lock()
                .expect("no panic")
                .recv_timeout(Duration::from_secs(20))
                .expect("the gate opens");
            Ok::<_, Error>(())
        })
    });
    begun
        .recv_timeout(Duration::from_secs(20))
        .expect("the writer has begun");
    let jobs: Vec<_> = (0..20)
        .map(|index| {
            let db = database.db.clone();
            tokio::spawn(async move {
                let own_refusal = db
                    .write(move |tx| {
                        put(tx, &format!("job {index}"), index)?;
                        match index % 4 {
                            1 => Err(Error::Stale),
                            2 => put(tx, "first", 100 + index),
                            3 => panic!("expected by the test"),
                            _ => Ok(()),
                        }
                    })
                    .await;
                (index, own_refusal)
            })
        })
        .collect();
    // One thread runs all tasks: each has queued its job when this one continues.
    tokio::task::yield_now().await;
    release.send(()).expect("the writer waits");
    holder.join().expect("no panic").expect("an empty transaction");
    for job in jobs {
        let (index, result) = job.await.expect("no panic");
        match index % 4 {
            0 => assert_eq!(result, Ok(())),
            1 => assert_eq!(result, Err(Error::Stale)),
            2 => assert_eq!(result, Err(Error::Unique("counters.name".to_owned()))),
            _ => assert!(matches!(result, Err(Error::Unavailable(_))), "{result:?}"),
        }
    }
    assert_eq!(count(&database.db), 6);
}

#[test]
fn a_panic_ends_the_transaction_and_nothing_else() {
    let database = counters();
    let db = &database.db;
    for _ in 0..10 {
        let result = db.write_blocking(|tx| {
            put(tx, "a", 1)?;
            panic!("expected by the test");
            #[expect(unreachable_code, reason = "gives the closure its type")]
            Ok::<(), Error>(())
        });
        assert!(matches!(result, Err(Error::Unavailable(_))), "{result:?}");
        let result = db.read_blocking(|_| -> Result<(), Error> { panic!("expected by the test") });
        assert!(matches!(result, Err(Error::Unavailable(_))), "{result:?}");
    }
    assert_eq!(count(db), 0);
    db.write_blocking(|tx| put(tx, "a", 1)).expect("the writer lives");
    let result = db.snapshot_blocking(|_| -> Result<(), Error> { panic!("expected by the test") });
    assert!(matches!(result, Err(Error::Unavailable(_))), "{result:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn simultaneous_increments_give_the_exact_sum() {
    let database = counters();
    database
        .db
        .write(|tx| put(tx, "sum", 0))
        .await
        .expect("the counter");
    let conflicts = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let (db, conflicts) = (database.db.clone(), Arc::clone(&conflicts));
            tokio::spawn(async move {
                for round in 0..25 {
                    loop {
                        let done = if (task + round) % 2 == 0 {
                            db.write(|tx| increment(tx, "sum")).await
                        } else {
                            db.write_relaxed(|tx| increment(tx, "sum")).await
                        };
                        match done {
                            Ok(()) => break,
                            Err(Error::Conflict) => conflicts.fetch_add(1, Ordering::Relaxed),
                            Err(error) => panic!("{error}"),
                        };
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    assert_eq!(database.db.read(|tx| number(tx, "sum")).await, Ok(200));
    // With one writer there is nothing to conflict with.
    let conflicts = conflicts.load(Ordering::Relaxed);
    assert!(
        database.db.dialect() == Dialect::Postgres || conflicts == 0,
        "{conflicts} conflicts"
    );
}

/// Two transactions that each read what the other changes: one of them must come second.
#[tokio::test(flavor = "multi_thread")]
async fn writes_behave_as_if_one_ran_after_the_other() {
    let database = counters();
    database
        .db
        .write(|tx| put(tx, "a", 10).and_then(|()| put(tx, "b", 20)))
        .await
        .expect("two counters");
    let copy = |from: &'static str, to: &'static str, plus: i64| {
        let db = database.db.clone();
        tokio::spawn(async move {
            db.write(move |tx| {
                let next = number(tx, from)? + plus;
                std::thread::sleep(Duration::from_millis(20));
                tx.execute(
                    "UPDATE counters SET number = $2 WHERE name = $1",
                    &[to.into(), next.into()],
                )
            })
            .await
        })
    };
    let (there, back) = (copy("a", "b", 1), copy("b", "a", 2));
    there.await.expect("no panic").expect("written");
    back.await.expect("no panic").expect("written");
    let seen = database
        .db
        .read(|tx| Ok::<_, Error>((number(tx, "a")?, number(tx, "b")?)))
        .await
        .expect("numbers");
    assert!(
        seen == (13, 11) || seen == (22, 23),
        "no order of the two gives {seen:?}"
    );
}

#[test]
fn a_reader_sees_one_state() {
    let database = counters();
    let db = database.db.clone();
    db.write_blocking(|tx| put(tx, "a", 1)).expect("the counter");
    let look = move |tx: Tx<'_>| {
        let before = number(tx, "a")?;
        let other = db.clone();
        std::thread::spawn(move || other.write_blocking(|tx| increment(tx, "a")))
            .join()
            .expect("no panic")?;
        Ok::<_, Error>((before, number(tx, "a")?))
    };
    assert_eq!(database.db.snapshot_blocking(look.clone()), Ok((1, 1)));
    assert_eq!(database.db.read_blocking(look), Ok((2, 2)));
    assert_eq!(database.db.read_blocking(|tx| number(tx, "a")), Ok(3));
}

#[test]
fn a_long_snapshot_keeps_nobody_waiting() {
    let database = counters();
    let db = database.db.clone();
    let seen = database.db.snapshot_blocking(move |tx| {
        tx.query("SELECT 1", &[])?;
        // More than there are readers and writers.
        for index in 0..20 {
            db.write_blocking(move |tx| put(tx, &index.to_string(), index))?;
            db.read_blocking(|tx| tx.query("SELECT 1", &[]))?;
        }
        tx.query("SELECT count(*) FROM counters", &[])?[0].get::<i64>(0)
    });
    assert_eq!(seen, Ok(0));
    assert_eq!(count(&database.db), 20);
}

#[tokio::test]
async fn a_caller_that_goes_away_breaks_nothing() {
    let database = counters();
    for index in 0..50 {
        let write = database.db.write(move |tx| put(tx, &index.to_string(), index));
        let gone = tokio::time::timeout(Duration::ZERO, write).await;
        let read = database.db.read(|tx| number(tx, "0"));
        drop(tokio::time::timeout(Duration::ZERO, read).await);
        drop(gone);
    }
    database
        .db
        .write(|tx| put(tx, "last", 100))
        .await
        .expect("the writer lives");
    assert_eq!(database.db.read(|tx| number(tx, "last")).await, Ok(100));
    // Each of the others is there or not, but none by half.
    database.db.ping().await.expect("the readers live");
}

#[test]
fn data_is_there_after_reopening_and_the_closed_store_refuses() {
    let database = counters();
    database.db.write_blocking(|tx| put(tx, "a", 1)).expect("stored");
    let again = database.open_again();
    assert_eq!(again.read_blocking(|tx| number(tx, "a")), Ok(1));
    again.close_blocking().expect("closes");
    database.db.close_blocking().expect("closes");
    database.db.close_blocking().expect("closing twice is harmless");
    assert!(matches!(
        again.read_blocking(|tx| number(tx, "a")),
        Err(Error::Unavailable(_))
    ));
    assert!(matches!(
        again.write_blocking(|tx| put(tx, "b", 2)),
        Err(Error::Unavailable(_))
    ));
    let again = database.open_again();
    assert_eq!(again.read_blocking(|tx| number(tx, "a")), Ok(1));
    again.close_blocking().expect("closes");
}

#[tokio::test]
async fn a_closed_store_refuses_asynchronous_callers() {
    let database = counters();
    database.db.close().await.expect("closes");
    assert!(matches!(
        database.db.read(|tx| number(tx, "a")).await,
        Err(Error::Unavailable(_))
    ));
    assert!(matches!(
        database.db.write(|tx| put(tx, "a", 1)).await,
        Err(Error::Unavailable(_))
    ));
    assert!(matches!(database.db.ping().await, Err(Error::Unavailable(_))));
}

/// Four stores with their own connections on one database: what a static build without OpenSSL's threads does not
/// survive.
#[test]
fn four_threads_with_four_connections_each() {
    let database = counters();
    let stores: Vec<Db> = (0..4).map(|_| database.open_again()).collect();
    let written: i64 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4_i64)
            .map(|thread| {
                let stores = stores.clone();
                scope.spawn(move || {
                    let until = Instant::now() + Duration::from_secs(2);
                    let mut written = 0;
                    while Instant::now() < until {
                        for db in &stores {
                            let number = written * 4 + thread;
                            match db.write_blocking(move |tx| put(tx, &number.to_string(), number)) {
                                Ok(()) => written += 1,
                                Err(Error::Conflict) => continue,
                                Err(error) => panic!("{error}"),
                            }
                            let read = move |tx: Tx<'_>| super::tests::number(tx, &number.to_string());
                            assert_eq!(db.read_blocking(read), Ok(number));
                        }
                    }
                    written
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .sum()
    });
    assert!(written > 0);
    assert_eq!(count(&database.db), written);
    for db in stores {
        db.close_blocking().expect("closes");
    }
}

#[test]
fn tables_have_an_order_and_rows_travel() {
    let database = TestDatabase::open();
    let db = &database.db;
    db.write_blocking(|tx| migrate(tx, 1)).expect("migrations apply");
    assert_eq!(
        db.read_blocking(copy::tables).expect("tables"),
        copy::ORDER,
        "copy::ORDER names each table of the schema, those without references first"
    );

    let rows = db
        .write_blocking(|tx| {
            for index in 0..25_i64 {
                tx.execute(
                    "INSERT INTO settings (name, value) VALUES ($1, $2)",
                    &[format!("{index:02}").into(), format!("value {index}").into()],
                )?;
            }
            let mut rows = Vec::new();
            copy::export_rows(tx, "settings", 10, &mut |columns, values| {
                rows.push((columns.to_vec(), values.to_vec()));
                Ok(())
            })?;
            Ok::<_, Error>(rows)
        })
        .expect("rows");
    let column = |name: &str, kind, key| Column {
        name: name.to_owned(),
        kind,
        key,
    };
    assert_eq!(rows.len(), 25);
    assert_eq!(
        rows[0].0,
        [column("name", Kind::Text, 1), column("value", Kind::Text, 0)]
    );
    assert_eq!(rows[24].1, [Value::from("24"), Value::from("value 24")]);

    let other = TestDatabase::open();
    other
        .db
        .write_blocking(|tx| migrate(tx, 1))
        .expect("migrations apply");
    let copied = other
        .db
        .write_blocking(move |tx| {
            for (columns, values) in &rows {
                copy::import_row(tx, "settings", columns, values)?;
            }
            let rows = tx.query("SELECT count(*), max(name) FROM settings", &[])?;
            Ok::<_, Error>((rows[0].get::<i64>(0)?, rows[0].get::<String>(1)?))
        })
        .expect("rows are inserted");
    assert_eq!(copied, (25, "24".to_owned()));
}

#[test]
fn a_truth_value_and_a_compound_key_travel() {
    let database = TestDatabase::open();
    let seen = database
        .db
        .write_blocking(|tx| {
            let ddl =
                "CREATE TABLE flags (b {INT}, a {TEXT}, on_off {BOOL} NOT NULL, PRIMARY KEY (a, b)) {STRICT}";
            tx.execute(&tx.dialect().ddl(ddl), &[])?;
            let columns = copy::columns(tx, "flags")?;
            for (a, b, on_off) in [("y", 1, 1), ("x", 2, 0), ("x", 1, 1), ("y", 0, 0), ("z", 0, 1)] {
                copy::import_row(
                    tx,
                    "flags",
                    &columns,
                    &[Value::from(a), Value::from(b), Value::from(on_off)],
                )?;
            }
            let mut seen = Vec::new();
            copy::export_rows(tx, "flags", 2, &mut |_, values| {
                seen.push(values.to_vec());
                Ok(())
            })?;
            let stopped = copy::export_rows(tx, "flags", 2, &mut |_, _| Err(Error::Full));
            assert_eq!(stopped, Err(Error::Full));
            Ok::<_, Error>((columns, seen))
        })
        .expect("rows");
    assert_eq!(
        seen.0.iter().map(|column| column.key).collect::<Vec<_>>(),
        [1, 2, 0]
    );
    let row = |a: &str, b: i64, on_off: i64| vec![Value::from(a), Value::from(b), Value::from(on_off)];
    assert_eq!(
        seen.1,
        [
            row("x", 1, 1),
            row("x", 2, 0),
            row("y", 0, 0),
            row("y", 1, 1),
            row("z", 0, 1)
        ]
    );
    let unknown = database
        .db
        .read_blocking(|tx| copy::export_rows(tx, "nothing", 2, &mut |_, _| Ok(())));
    assert!(matches!(unknown, Err(Error::Corrupt(_))));
}

#[test]
fn two_stores_migrate_at_the_same_time() {
    let database = TestDatabase::open();
    let stores: Vec<Db> = (0..4).map(|_| database.open_again()).collect();
    std::thread::scope(|scope| {
        let threads: Vec<_> = stores
            .iter()
            .map(|db| scope.spawn(|| db.write_blocking(|tx| migrate(tx, 1))))
            .collect();
        let reports: Vec<_> = threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic").expect("migrated"))
            .collect();
        assert_eq!(
            reports.iter().filter(|report| report.before == 0).count(),
            1,
            "{reports:?}"
        );
        let last = MIGRATIONS.last().expect("a migration").number;
        assert!(reports.iter().all(|report| report.after == last), "{reports:?}");
    });
    for db in stores {
        db.close_blocking().expect("closes");
    }
}

/// PostgreSQL ends a connection when it is restarted: the next job connects again, and so does one that was about to
/// commit, because nothing of it was stored.
#[test]
fn a_lost_connection_is_made_again() {
    let database = counters();
    if database.db.dialect() == Dialect::Sqlite {
        return;
    }
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&tries);
    let lost_once = move |tx: Tx<'_>| {
        put(tx, "a", 1)?;
        if counted.fetch_add(1, Ordering::Relaxed) == 0 {
            tx.query("SELECT pg_terminate_backend(pg_backend_pid())", &[])?;
        }
        Ok::<_, Error>(())
    };
    database
        .db
        .write_blocking(lost_once)
        .expect("the second try succeeds");
    assert_eq!(tries.load(Ordering::Relaxed), 2);
    assert_eq!(count(&database.db), 1);
    let always = |tx: Tx<'_>| {
        tx.query("SELECT pg_terminate_backend(pg_backend_pid())", &[])
            .map(drop)
    };
    assert!(matches!(
        database.db.read_blocking(always),
        Err(Error::Unavailable(_))
    ));
    for _ in 0..10 {
        assert_eq!(count(&database.db), 1);
    }
}

/// The encrypted file. These run on SQLite whatever the variable says.
mod file {
    use std::os::unix::fs::PermissionsExt;
    use std::path::{Path, PathBuf};

    use super::*;

    fn create() -> SqliteOptions {
        SqliteOptions {
            create: true,
            readers: 1,
        }
    }

    fn key(digit: &str) -> Zeroizing<String> {
        Zeroizing::new(digit.repeat(64))
    }

    /// A store with one row, closed, in a folder.
    fn stored(folder: &Path) -> PathBuf {
        let path = folder.join("store.db");
        let db = Db::open_sqlite(&path, &key("a"), &create()).expect("opens");
        db.write_blocking(|tx| {
            tx.execute("CREATE TABLE notes (text TEXT NOT NULL) STRICT", &[])?;
            tx.execute("INSERT INTO notes (text) VALUES ($1)", &["canary-4711".into()])
        })
        .expect("stored");
        db.close_blocking().expect("closes");
        path
    }

    fn notes(db: &Db) -> Result<String, Error> {
        db.read_blocking(|tx| tx.query("SELECT text FROM notes", &[])?[0].get(0))
    }

    /// Name and content of every file of a folder.
    fn content(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files: Vec<_> = folder
            .read_dir()
            .expect("a folder")
            .map(|entry| entry.expect("a file").path())
            .map(|path| (path.clone(), std::fs::read(&path).expect("readable")))
            .collect();
        files.sort();
        files
    }

    #[test]
    fn a_wrong_key_is_refused_and_touches_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = stored(folder.path());
        let before = content(folder.path());
        let refused = Db::open_sqlite(&path, &key("b"), &create());
        assert_eq!(refused.err(), Some(Error::NotADatabase));
        assert_eq!(content(folder.path()), before);
        let db = Db::open_sqlite(&path, &key("a"), &SqliteOptions::default()).expect("the right key opens");
        assert_eq!(notes(&db), Ok("canary-4711".to_owned()));
    }

    /// What a killed process leaves: committed rows that are only in the log.
    #[test]
    fn a_wrong_key_does_not_touch_the_log_either() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("store.db");
        let db = Db::open_sqlite(&path, &key("a"), &create()).expect("opens");
        db.write_blocking(|tx| {
            tx.execute("CREATE TABLE notes (text TEXT NOT NULL) STRICT", &[])?;
            tx.execute("INSERT INTO notes (text) VALUES ($1)", &["canary-4711".into()])
        })
        .expect("stored");
        let killed = tempfile::tempdir().expect("a folder");
        let copy = killed.path().join("store.db");
        std::fs::copy(&path, &copy).expect("copied");
        std::fs::copy(
            folder.path().join("store.db-wal"),
            killed.path().join("store.db-wal"),
        )
        .expect("copied");
        let stored_files = |folder: &Path| {
            let mut files = content(folder);
            files.retain(|(path, _)| !path.to_string_lossy().ends_with("-shm"));
            files
        };
        let before = stored_files(killed.path());
        assert_eq!(
            Db::open_sqlite(&copy, &key("b"), &create()).err(),
            Some(Error::NotADatabase)
        );
        assert_eq!(stored_files(killed.path()), before);
        let db = Db::open_sqlite(&copy, &key("a"), &SqliteOptions::default()).expect("the right key opens");
        assert_eq!(notes(&db), Ok("canary-4711".to_owned()));
    }

    #[test]
    fn a_missing_or_empty_file_is_refused_unless_asked_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("store.db");
        let options = SqliteOptions::default();
        assert!(matches!(
            Db::open_sqlite(&path, &key("a"), &options).err(),
            Some(Error::Unavailable(_))
        ));
        assert!(!path.exists());
        std::fs::write(&path, "").expect("written");
        assert!(matches!(
            Db::open_sqlite(&path, &key("a"), &options).err(),
            Some(Error::Unavailable(_))
        ));
        std::fs::write(&path, "not a database at all, but long enough".repeat(200)).expect("written");
        assert_eq!(
            Db::open_sqlite(&path, &key("a"), &options).err(),
            Some(Error::NotADatabase)
        );
        assert!(matches!(
            Db::open_sqlite(&path, &key("x"), &options).err(),
            Some(Error::Sql(_))
        ));
    }

    #[test]
    fn nothing_is_readable_in_the_file_or_by_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("store.db");
        let db = Db::open_sqlite(&path, &key("a"), &create()).expect("opens");
        db.write_blocking(|tx| {
            tx.execute("CREATE TABLE notes (text TEXT NOT NULL) STRICT", &[])?;
            tx.execute("INSERT INTO notes (text) VALUES ($1)", &["canary-4711".into()])
        })
        .expect("stored");
        let check = || {
            let files = content(folder.path());
            for (path, bytes) in &files {
                let mode = path.metadata().expect("a file").permissions().mode();
                assert_eq!(mode & 0o777, 0o600, "{}", path.display());
                for text in [&b"canary"[..], b"notes", b"SQLite format 3"] {
                    assert!(
                        !bytes.windows(text.len()).any(|part| part == text),
                        "{}",
                        path.display()
                    );
                }
            }
            files.len()
        };
        assert_eq!(check(), 3, "file, log and index while it is open");
        db.close_blocking().expect("closes");
        assert_eq!(check(), 1, "the log is written back and removed");
    }

    /// SQLCipher would log the refusal by itself. Standard error belongs to the process, so another one tries it.
    #[test]
    fn a_wrong_key_writes_nothing_to_standard_error() {
        const FILE: &str = "STRONGROOM_TEST_WRONG_KEY_FILE";
        if let Some(path) = std::env::var_os(FILE) {
            assert_eq!(
                Db::open_sqlite(Path::new(&path), &key("b"), &create()).err(),
                Some(Error::NotADatabase)
            );
            return;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = stored(folder.path());
        let name = std::thread::current()
            .name()
            .expect("a test has a name")
            .to_owned();
        let output = std::process::Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", &name, "--nocapture", "--test-threads=1"])
            .env(FILE, &path)
            .output()
            .expect("it runs");
        assert!(
            String::from_utf8_lossy(&output.stdout).contains("1 passed"),
            "the inner test ran"
        );
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }

    #[test]
    fn only_relaxed_writes_do_not_wait_for_the_disk() {
        let folder = tempfile::tempdir().expect("a folder");
        let db = Db::open_sqlite(&folder.path().join("store.db"), &key("a"), &create()).expect("opens");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        let mode = |tx: Tx<'_>| tx.query("PRAGMA synchronous", &[])?[0].get::<i64>(0);
        for _ in 0..2 {
            assert_eq!(runtime.block_on(db.write_relaxed(mode)), Ok(1), "NORMAL");
            assert_eq!(runtime.block_on(db.write(mode)), Ok(2), "FULL");
        }
    }

    #[test]
    fn a_full_disk_loses_only_what_did_not_fit() {
        let folder = tempfile::tempdir().expect("a folder");
        let db = Db::open_sqlite(&folder.path().join("store.db"), &key("a"), &create()).expect("opens");
        db.write_blocking(|tx| {
            tx.execute("CREATE TABLE notes (text TEXT NOT NULL) STRICT", &[])?;
            tx.execute("INSERT INTO notes (text) VALUES ($1)", &["canary-4711".into()])?;
            // Stands in for the disk's end.
            tx.query("PRAGMA max_page_count = 10", &[])
        })
        .expect("stored");
        let large = "x".repeat(100_000);
        let full = db.write_blocking(move |tx| {
            tx.execute("INSERT INTO notes (text) VALUES ($1)", &[large.as_str().into()])
        });
        assert_eq!(full, Err(Error::Full));
        assert_eq!(notes(&db), Ok("canary-4711".to_owned()));
        db.write_blocking(|tx| tx.execute("UPDATE notes SET text = $1", &["still writable".into()]))
            .expect("what fits is written");
        assert_eq!(notes(&db), Ok("still writable".to_owned()));
    }
}
