//! What the program remembers: rows and SQL text, on one of two databases.
//!
//! A repository function is plain and synchronous and takes a [`Tx`]; the caller awaits once, for the transaction
//! ([`Db::read`], [`Db::write`]). Every statement is written once and runs on both databases, so:
//!
//! * parameters are `$1…$n`, each value given is used, and ids and times are passed in;
//! * a closure may run more than once: it takes its inputs by reference and returns side effects instead of
//!   performing them;
//! * after a failed statement the transaction is lost, as PostgreSQL has it: further statements repeat the error and
//!   a closure that returns `Ok` all the same is not committed;
//! * constraints are checked at once, never `DEFERRABLE`: a commit is shared by several jobs.

pub mod access_tokens;
pub mod attempts;
pub mod audit;
pub mod backup_copies;
pub mod backup_names;
pub mod backups;
pub mod client_secrets;
pub mod contents;
pub mod copy;
pub mod credentials;
pub mod data_key_rotations;
pub mod drills;
pub mod environments;
pub mod folders;
pub mod identities;
pub mod identity_metadata;
pub mod instance;
pub mod members;
pub mod migrate;
pub mod onboarding;
pub mod organizations;
pub mod project_keys;
pub mod projects;
pub mod schemas;
pub mod sealed_settings;
pub mod secret_imports;
pub mod secret_tags;
pub mod secrets;
pub mod service_tokens;
pub mod sessions;
pub mod settings;
pub mod tags;
pub mod token_auths;
pub mod universal_auths;
pub mod users;

mod dialect;
mod error;
mod postgres;
mod queue;
mod sqlite;
#[cfg(test)]
mod statements;
#[cfg(test)]
mod tests;
mod value;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use zeroize::Zeroizing;

pub use self::dialect::Dialect;
pub use self::error::Error;
pub use self::postgres::{PostgresAddress, PostgresOptions};
use self::queue::Queue;
pub use self::sqlite::SqliteOptions;
pub use self::value::{FromValue, Row, Value};

/// A transaction, as repository functions see it.
pub trait Sql {
    /// Which database answers, for the few [`Dialect`] fragments.
    fn dialect(&self) -> Dialect;

    /// Runs a statement that answers with rows (`SELECT`, or `RETURNING`).
    fn query(&mut self, sql: &str, p: &[Value]) -> Result<Vec<Row>, Error>;

    /// Runs a statement that answers with the number of rows it changed.
    fn execute(&mut self, sql: &str, p: &[Value]) -> Result<u64, Error>;

    /// Checks a statement against the schema without running it; answers with its number of parameters.
    fn prepare(&mut self, sql: &str) -> Result<usize, Error>;
}

/// The argument of every repository function.
pub type Tx<'a> = &'a mut dyn Sql;

/// An open database. Clones share it; the threads end when the last clone is dropped, or at [`Db::close`].
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    dialect: Dialect,
    writes: Queue,
    reads: Queue,
    origin: Origin,
    threads: Mutex<Threads>,
}

/// Where a further connection comes from.
enum Origin {
    Sqlite(Arc<sqlite::Origin>),
    Postgres(Box<postgres::Origin>),
}

/// Every thread of the store, until it is closed.
#[derive(Default)]
struct Threads {
    writers: Vec<JoinHandle<Result<(), Error>>>,
    readers: Vec<JoinHandle<Result<(), Error>>>,
}

/// Says only which database it is: the origin holds a key or a password.
impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db")
            .field("dialect", &self.inner.dialect)
            .finish_non_exhaustive()
    }
}

impl Db {
    /// Opens the encrypted file at `path` with a raw key of 64 hex digits. Blocks for some milliseconds.
    ///
    /// With another key than the file's the answer is [`Error::NotADatabase`] and the file is not touched.
    pub fn open_sqlite(path: &Path, key: &Zeroizing<String>, options: &SqliteOptions) -> Result<Self, Error> {
        sqlite::open(path, key, options)
    }

    /// Connects to PostgreSQL. Blocks until the first connection stands.
    pub fn open_postgres(address: &PostgresAddress, options: &PostgresOptions) -> Result<Self, Error> {
        postgres::open(address, options)
    }

    /// Which database this is.
    pub fn dialect(&self) -> Dialect {
        self.inner.dialect
    }

    /// Runs the closure in a read-only transaction that sees one unchanging state of the database.
    pub async fn read<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: Fn(Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.inner.reads.call(false, f).await
    }

    /// Runs the closure in a transaction; it is on disk when the answer is `Ok`, and nothing of it is stored when
    /// the answer is an error (except that a connection lost during the commit leaves the outcome open:
    /// [`Error::Unavailable`]). Writes behave as if one ran after the other.
    pub async fn write<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: Fn(Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.inner.writes.call(false, f).await
    }

    /// The same as [`Db::write`], but the commit does not wait for the disk: it survives a killed process, not a
    /// power failure within the next moments. For audit records of reads.
    pub async fn write_relaxed<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: Fn(Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.inner.writes.call(true, f).await
    }

    /// [`Db::read`] for a thread that may block.
    pub fn read_blocking<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: Fn(Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.inner.reads.call_blocking(false, f)
    }

    /// [`Db::write`] for a thread that may block.
    pub fn write_blocking<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: Fn(Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.inner.writes.call_blocking(false, f)
    }

    /// A long read on a connection and a thread of its own, so that it keeps no other reader waiting: for backups.
    /// Blocks until the closure returns. On SQLite the write-ahead log grows meanwhile.
    pub fn snapshot_blocking<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: FnOnce(Tx<'_>) -> Result<T, E> + Send,
        T: Send,
        E: From<Error> + Send,
    {
        // A client of PostgreSQL must not live where a runtime is entered, whoever calls this.
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| match &self.inner.origin {
                Origin::Sqlite(origin) => origin.snapshot(f),
                Origin::Postgres(origin) => origin.snapshot(f),
            });
            thread
                .join()
                .unwrap_or_else(|_| Err(E::from(Error::Unavailable("a transaction panicked".to_owned()))))
        })
    }

    /// Encrypts the embedded file anew under another raw key of 64 hex digits, without closing the store: writes wait,
    /// reads go on. All of it happens or nothing, also when the process is killed; whoever calls this must be able to
    /// open the file with either key until it returns. Blocks, and needs as much free disk again as the file has.
    pub fn rekey_blocking(&self, key: &Zeroizing<String>) -> Result<(), Error> {
        match &self.inner.origin {
            Origin::Sqlite(_) => self.inner.writes.rekey_blocking(key.clone()),
            Origin::Postgres(_) => Err(Error::Unavailable(
                "PostgreSQL encrypts its own files: this store has no file key".to_owned(),
            )),
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Error> {
        self.read(|tx| tx.query("SELECT 1", &[]).map(drop)).await
    }

    /// Finishes what is queued, refuses anything further, writes the log back into the file (SQLite) and ends the
    /// threads. Later calls of this find nothing to do.
    pub async fn close(&self) -> Result<(), Error> {
        let db = self.clone();
        tokio::task::spawn_blocking(move || db.close_blocking())
            .await
            .map_err(|_| Error::Unavailable("closing the store was interrupted".to_owned()))?
    }

    /// [`Db::close`] for a thread that may block.
    pub fn close_blocking(&self) -> Result<(), Error> {
        let threads = std::mem::take(&mut *self.inner.threads.lock().unwrap_or_else(PoisonError::into_inner));
        // Readers first: the log can be written back completely only when nobody reads from it.
        self.inner.reads.stop(threads.readers.len());
        let readers = join(threads.readers);
        self.inner.writes.stop(threads.writers.len());
        let writers = join(threads.writers);
        if let Origin::Postgres(origin) = &self.inner.origin {
            origin.let_go();
        }
        writers.and(readers)
    }

    fn new(dialect: Dialect, writes: Queue, reads: Queue, origin: Origin, threads: Threads) -> Self {
        let threads = Mutex::new(threads);
        Self {
            inner: Arc::new(Inner {
                dialect,
                writes,
                reads,
                origin,
                threads,
            }),
        }
    }
}

/// Waits for the threads and returns the first failure.
fn join(threads: Vec<JoinHandle<Result<(), Error>>>) -> Result<(), Error> {
    // All are waited for, whatever the first one says.
    let ends: Vec<_> = threads
        .into_iter()
        .map(|thread| {
            let panicked = |_| Err(Error::Unavailable("a thread of the store panicked".to_owned()));
            thread.join().unwrap_or_else(panicked)
        })
        .collect();
    ends.into_iter().collect()
}

/// Starts a thread of the store.
fn spawn(
    name: &str,
    body: impl FnOnce() -> Result<(), Error> + Send + 'static,
) -> Result<JoinHandle<Result<(), Error>>, Error> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map_err(|cause| Error::Unavailable(format!("no thread for the store: {cause}")))
}
