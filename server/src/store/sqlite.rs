//! The embedded database: one SQLCipher file, one writer thread that groups commits, several readers.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::Receiver;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use zeroize::Zeroizing;

use super::queue::{Job, Message, Queue, Rekey, Work};
use super::{Db, Dialect, Error, Origin as Source, Threads, Tx, spawn};
use session::{Session, translate};

mod session;

/// Page cache of one connection: negative means KiB. Cached pages are plaintext, so hot reads cost what they would
/// without encryption; there are up to five connections and the whole server should fit in 20 MB.
const CACHE_SIZE: i64 = -4000;
/// How long another process (an operator command) may hold the write lock before we give up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Jobs in one commit. More of them would not make fsync cheaper, only the first caller's wait longer.
const BATCH: usize = 256;
/// More statements than the program has, so that each is parsed once per connection.
const STATEMENTS: usize = 256;
/// The write-ahead log is cut back to this size after a long read made it grow.
const LOG_LIMIT: i64 = 64 << 20;

/// Reads the file's first page, which shows whether the key is right.
const PROBE: &str = "SELECT count(*) FROM sqlite_master";

/// How to open the file.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// Make an empty store if there is no file. Otherwise a missing or empty file is refused, so that a wrong path
    /// never looks like lost data.
    pub create: bool,
    /// Number of connections for [`Db::read`].
    pub readers: usize,
}

impl Default for SqliteOptions {
    /// An existing file; as many readers as processor cores, at most four.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            create: false,
            readers: cores.min(4),
        }
    }
}

/// What a further connection needs.
pub(super) struct Origin {
    path: PathBuf,
    /// Held while the file is encrypted anew: a connection that is wanted meanwhile waits for the key that fits.
    key: Mutex<Zeroizing<String>>,
}

pub(super) fn open(path: &Path, key: &Zeroizing<String>, options: &SqliteOptions) -> Result<Db, Error> {
    require_raw_key(key)?;
    prepare_file(path, options.create).map_err(|cause| {
        Error::Unavailable(format!(
            "cannot open the database file {}: {cause}",
            path.display()
        ))
    })?;
    let origin = Arc::new(Origin {
        path: path.to_owned(),
        key: Mutex::new(key.clone()),
    });

    let mut threads = Threads::default();
    let (writes, queue) = Queue::new();
    let writer = Writer {
        connection: origin.connect()?,
        origin: Arc::clone(&origin),
        relaxed: false,
    };
    threads
        .writers
        .push(spawn("store-writer", move || writer.serve(&queue))?);
    let (reads, queue) = Queue::new();
    for _ in 0..options.readers.max(1) {
        let connection = origin.connect_reader()?;
        let (queue, origin) = (queue.clone(), Arc::clone(&origin));
        threads.readers.push(spawn("store-reader", move || {
            serve_reads(connection, &origin, &queue);
            Ok(())
        })?);
    }
    Ok(Db::new(
        Dialect::Sqlite,
        writes,
        reads,
        Source::Sqlite(origin),
        threads,
    ))
}

fn require_raw_key(key: &str) -> Result<(), Error> {
    if key.len() == 64 && key.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(());
    }
    Err(Error::Sql("a database key has 64 hexadecimal digits".to_owned()))
}

/// Makes the file readable by its owner only before SQLite writes a byte to it; log and index inherit the mode.
fn prepare_file(path: &Path, create: bool) -> io::Result<()> {
    match path.metadata() {
        Ok(file) if file.len() > 0 || create => Ok(()),
        Ok(_) => Err(io::Error::other("the file is empty")),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound && create => {
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(path)?
                .sync_all()?;
            // Otherwise a power failure could take the name with everything written under it.
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
        }
        Err(cause) => Err(cause),
    }
}

impl Origin {
    fn connect(&self) -> Result<Connection, Error> {
        self.connect_with(&self.key())
    }

    /// The key that fits. Waits while the file is being encrypted anew.
    fn key(&self) -> MutexGuard<'_, Zeroizing<String>> {
        self.key.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect_with(&self, key: &str) -> Result<Connection, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags).map_err(|error| translate(&error))?;
        // SQLCipher would write its complaint about a wrong key to standard error.
        set(&connection, "PRAGMA cipher_log_level = NONE")?;
        let key = Zeroizing::new(format!("PRAGMA key = \"x'{key}'\""));
        // Neither kept as a prepared statement nor quoted in a message: the code alone tells why.
        connection.execute_batch(&key).map_err(|error| {
            let code = error.sqlite_error_code();
            Error::Unavailable(format!("SQLCipher takes no key ({code:?})"))
        })?;
        // Whoever closes last writes the log back into the file; with a wrong key we must not touch it.
        let keep_log = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
        connection
            .set_db_config(keep_log, true)
            .map_err(|error| translate(&error))?;
        run(&connection, PROBE)?;
        connection
            .set_db_config(keep_log, false)
            .map_err(|error| translate(&error))?;

        connection
            .busy_timeout(BUSY_TIMEOUT)
            .map_err(|error| translate(&error))?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        let mode: String = connection
            .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
            .map_err(|error| translate(&error))?;
        if mode != "wal" {
            return Err(Error::Unavailable(
                "the file system cannot hold a write-ahead log".to_owned(),
            ));
        }
        set(&connection, "PRAGMA synchronous = FULL")?;
        set(&connection, "PRAGMA temp_store = MEMORY")?;
        set(&connection, "PRAGMA foreign_keys = ON")?;
        set(&connection, &format!("PRAGMA cache_size = {CACHE_SIZE}"))?;
        set(&connection, &format!("PRAGMA journal_size_limit = {LOG_LIMIT}"))?;
        Ok(connection)
    }

    fn connect_reader(&self) -> Result<Connection, Error> {
        let connection = self.connect()?;
        set(&connection, "PRAGMA query_only = ON")?;
        Ok(connection)
    }

    pub(super) fn snapshot<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: FnOnce(Tx<'_>) -> Result<T, E>,
        E: From<Error>,
    {
        let connection = self.connect_reader()?;
        run(&connection, "BEGIN")?;
        // The state is fixed by the first read, not by BEGIN.
        run(&connection, PROBE)?;
        // Closing the connection ends the transaction.
        f(&mut Session::new(&connection))
    }
}

/// Runs a statement that is needed once.
fn set(connection: &Connection, sql: &str) -> Result<(), Error> {
    connection.execute_batch(sql).map_err(|error| translate(&error))
}

/// Runs a statement of the driver itself, whatever it answers, and keeps it prepared.
fn run(connection: &Connection, sql: &str) -> Result<(), Error> {
    let mut statement = connection
        .prepare_cached(sql)
        .map_err(|error| translate(&error))?;
    let mut rows = statement.raw_query();
    while rows.next().map_err(|error| translate(&error))?.is_some() {}
    Ok(())
}

fn serve_reads(mut connection: Connection, origin: &Origin, queue: &Receiver<Message>) {
    while let Ok(Message::Run(Work { mut job, .. })) = queue.recv() {
        if job.is_abandoned() {
            continue;
        }
        let mut begun = read(&connection, job.as_mut());
        if begun == Err(Error::NotADatabase) {
            // The file was encrypted anew under this connection.
            begun = origin.connect_reader().and_then(|fresh| {
                connection = fresh;
                read(&connection, job.as_mut())
            });
        }
        job.answer(begun.err());
    }
}

/// Runs a job in a reading transaction. Whether the key still fits shows at its first statement.
fn read(connection: &Connection, job: &mut dyn Job) -> Result<(), Error> {
    roll_back(connection)?;
    run(connection, "BEGIN")?;
    let mut session = Session::new(connection);
    job.run(&mut session);
    let failed = session.failed;
    // Nothing was written, so an unsuccessful end loses nothing; the next job rolls back what is left open.
    drop(run(connection, "COMMIT"));
    match failed {
        Some(Error::NotADatabase) => Err(Error::NotADatabase),
        _ => Ok(()),
    }
}

/// Ends a transaction that is still open; none is fine.
fn roll_back(connection: &Connection) -> Result<(), Error> {
    if connection.is_autocommit() {
        Ok(())
    } else {
        run(connection, "ROLLBACK")
    }
}

/// The only connection that writes.
struct Writer {
    connection: Connection,
    origin: Arc<Origin>,
    relaxed: bool,
}

impl Writer {
    fn serve(mut self, queue: &Receiver<Message>) -> Result<(), Error> {
        let mut next = None;
        while let Some(message) = next.take().or_else(|| queue.recv().ok()) {
            match message {
                Message::Stop => break,
                Message::Rekey(Rekey { key, done }) => {
                    // Whoever asked may be gone.
                    drop(done.send(self.rekey(&key)));
                }
                Message::Run(first) => {
                    let mut batch = vec![first];
                    while batch.len() < BATCH {
                        match queue.try_recv() {
                            Ok(Message::Run(work)) => batch.push(work),
                            other => {
                                next = other.ok();
                                break;
                            }
                        }
                    }
                    self.commit_together(batch);
                }
            }
        }
        run(&self.connection, "PRAGMA wal_checkpoint(TRUNCATE)")
    }

    /// Encrypts every page anew, in one transaction of SQLite's.
    fn rekey(&mut self, key: &Zeroizing<String>) -> Result<(), Error> {
        require_raw_key(key)?;
        let origin = Arc::clone(&self.origin);
        let mut fitting = origin.key();
        roll_back(&self.connection)?;
        set(&self.connection, "PRAGMA synchronous = FULL")?;
        self.relaxed = false;
        let sql = Zeroizing::new(format!("PRAGMA rekey = \"x'{}'\"", **key));
        let rekeyed = self
            .connection
            .execute_batch(&sql)
            .map_err(|error| translate(&error));
        // Whatever that said, the file itself says which key it has.
        if let Ok(connection) = origin.connect_with(key) {
            fitting.clone_from(key);
            self.connection = connection;
            // Only now does the file itself hold nothing under the old key. Readers may delay that; the next checkpoint does
            // it then.
            return run(&self.connection, "PRAGMA wal_checkpoint(TRUNCATE)");
        }
        self.connection = origin.connect_with(&fitting)?;
        // SQLCipher takes everything back when it cannot write, and does not always say so.
        rekeyed.and(Err(Error::Unavailable(
            "the database file keeps its key: it could not be encrypted anew, most likely for want of free disk space; as much \
             again as the file has is needed"
                .to_owned(),
        )))
    }

    /// One commit for all jobs; they are answered only after it. If it fails, nothing was performed and every job
    /// gets that error.
    fn commit_together(&mut self, batch: Vec<Work>) {
        let relaxed = batch.iter().all(|work| work.relaxed);
        let mut jobs: Vec<_> = batch.into_iter().map(|work| (work.job, None)).collect();
        let committed = self.begin(relaxed).and_then(|()| {
            jobs.iter_mut().try_for_each(|(job, failure)| {
                *failure = self.run_job(job.as_mut())?;
                Ok(())
            })?;
            run(&self.connection, "COMMIT")
        });
        if committed.is_err() {
            // If this fails as well, the next batch begins with it.
            drop(roll_back(&self.connection));
        }
        for (job, failure) in jobs {
            job.answer(committed.clone().err().or(failure));
        }
    }

    fn begin(&mut self, relaxed: bool) -> Result<(), Error> {
        roll_back(&self.connection)?;
        if relaxed != self.relaxed {
            // NORMAL: the log is not forced to the disk at commit, but is before it is written back into the file.
            run(
                &self.connection,
                if relaxed {
                    "PRAGMA synchronous = NORMAL"
                } else {
                    "PRAGMA synchronous = FULL"
                },
            )?;
            self.relaxed = relaxed;
        }
        run(&self.connection, "BEGIN IMMEDIATE")
    }

    /// Runs one job so that its failure leaves the others alone. `Ok(Some(…))`: the job failed without saying so.
    /// `Err`: the whole transaction is gone.
    fn run_job(&self, job: &mut dyn Job) -> Result<Option<Error>, Error> {
        run(&self.connection, "SAVEPOINT job")?;
        let mut session = Session::new(&self.connection);
        let keep = job.run(&mut session);
        let failed = session.failed;
        if self.connection.is_autocommit() {
            // SQLite itself rolls everything back on a full disk, for example.
            let lost = || Error::Unavailable("the transaction was rolled back".to_owned());
            return Err(failed.unwrap_or_else(lost));
        }
        if !keep || failed.is_some() {
            run(&self.connection, "ROLLBACK TO job")?;
        }
        run(&self.connection, "RELEASE job")?;
        Ok(failed.filter(|_| keep))
    }
}
