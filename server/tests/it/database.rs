//! A fresh database for one test, on whichever database `STRONGROOM_TEST_DATABASE` names: `sqlite` (the default) or
//! `postgres`, which needs a connection string in `STRONGROOM_TEST_POSTGRES`.
//!
//! Shared by unit and integration tests: the crate that includes it has `store` at its root.

use std::path::PathBuf;

use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::store::{Db, PostgresAddress, PostgresOptions, SqliteOptions};

/// An empty database that is removed when this is dropped.
pub struct TestDatabase {
    /// The open store, without any table.
    pub db: Db,
    place: Place,
}

enum Place {
    File { folder: TempDir, key: Zeroizing<String> },
    Schema { config: String, name: String },
}

impl TestDatabase {
    /// Opens the database, or panics and says what is missing.
    pub fn open() -> Self {
        match std::env::var("STRONGROOM_TEST_DATABASE").as_deref() {
            Err(_) | Ok("sqlite") => Self::sqlite(),
            Ok("postgres") => {
                Self::postgres().expect("STRONGROOM_TEST_POSTGRES holds a connection string (key=value form)")
            }
            Ok(other) => panic!("STRONGROOM_TEST_DATABASE is sqlite or postgres, not {other}"),
        }
    }

    /// A new file, whatever the tests run on.
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self::at(Place::File {
            folder,
            key: Zeroizing::new(random_hex(32)),
        })
    }

    /// A new schema, if there is a PostgreSQL at all.
    pub fn postgres() -> Option<Self> {
        let config = std::env::var("STRONGROOM_TEST_POSTGRES").ok()?;
        let name = format!("t_{}", random_hex(8));
        administer(&config, &format!("CREATE SCHEMA {name}"));
        Some(Self::at(Place::Schema { config, name }))
    }

    fn at(place: Place) -> Self {
        Self {
            db: place.open(),
            place,
        }
    }

    /// The same database, opened a second time.
    #[allow(dead_code, reason = "not every crate that includes this file opens twice")]
    pub fn open_again(&self) -> Db {
        self.place.open()
    }

    /// The file and its key, if it is a file.
    #[allow(
        dead_code,
        reason = "not every crate that includes this file looks at the file"
    )]
    pub fn file(&self) -> Option<(PathBuf, Zeroizing<String>)> {
        match &self.place {
            Place::File { folder, key } => Some((folder.path().join("strongroom.db"), key.clone())),
            Place::Schema { .. } => None,
        }
    }
}

impl Place {
    fn open(&self) -> Db {
        match self {
            Self::File { folder, key } => {
                let options = SqliteOptions {
                    create: true,
                    ..SqliteOptions::default()
                };
                Db::open_sqlite(&folder.path().join("strongroom.db"), key, &options)
            }
            Self::Schema { config, name } => {
                let address = PostgresAddress::parse(&Zeroizing::new(config.clone()));
                let address = address.expect("an address of PostgreSQL").in_schema(name);
                Db::open_postgres(&address, &PostgresOptions::default())
            }
        }
        .expect("the test database opens")
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let closed = self.db.close_blocking();
        if let Place::Schema { config, name } = &self.place {
            administer(config, &format!("DROP SCHEMA {name} CASCADE"));
        }
        if !std::thread::panicking() {
            closed.expect("the test database closes");
        }
    }
}

/// Runs one statement on a thread of its own: a client must not be dropped on an asynchronous worker.
fn administer(config: &str, sql: &str) {
    let run = || {
        let mut client = postgres::Client::connect(config, postgres::NoTls)?;
        client.batch_execute(sql)
    };
    let done = std::thread::scope(|scope| scope.spawn(run).join());
    if !std::thread::panicking() {
        done.expect("no panic")
            .expect("PostgreSQL does what the test needs");
    }
}

fn random_hex(bytes: usize) -> String {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random).expect("random numbers");
    data_encoding::HEXLOWER.encode(&random)
}
