//! The larger mode: PostgreSQL. Clients live and die on the store's own threads (dropping one on an asynchronous
//! worker panics); only closures and their results cross.

mod address;
mod guard;
mod tls;

use std::collections::HashMap;
use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Receiver;
use postgres::error::{DbError, SqlState};
use postgres::types::ToSql;
use postgres::{Client, Config, Statement};
use tokio::runtime;

pub use self::address::PostgresAddress;
use self::guard::Guard;
use super::queue::{Job, Message, Queue, Work};
use super::{Db, Dialect, Error, Origin as Source, Row, Sql, Threads, Tx, Value, spawn};

/// How often a transaction is tried before its caller hears of the conflict.
const TRIES: u32 = 5;
/// Statements kept prepared per connection. Reached only by lists of varying length; then all are dropped.
const STATEMENTS: usize = 512;

const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE";
const BEGIN_RELAXED: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE; SET LOCAL synchronous_commit = off";

/// How to work with it.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// Connections for [`Db::write`].
    pub writers: usize,
    /// Connections for [`Db::read`].
    pub readers: usize,
    /// Whether nobody else may work with the same tables until the store is closed.
    pub alone: bool,
}

impl Default for PostgresOptions {
    /// Four connections of each kind, and others are welcome.
    fn default() -> Self {
        Self {
            writers: 4,
            readers: 4,
            alone: false,
        }
    }
}

/// What a further connection needs.
#[derive(Clone)]
pub(super) struct Origin {
    address: PostgresAddress,
    guard: Option<Arc<Guard>>,
}

pub(super) fn open(address: &PostgresAddress, options: &PostgresOptions) -> Result<Db, Error> {
    let guard = options
        .alone
        .then(|| Guard::take(address).map(Arc::new))
        .transpose()?;
    let origin = Origin {
        address: address.clone(),
        guard,
    };

    let mut threads = Threads::default();
    let (writes, queue) = Queue::new();
    for _ in 0..options.writers.max(1) {
        let (mut worker, queue) = (Worker::new(&origin), queue.clone());
        threads.writers.push(spawn("store-writer", move || {
            worker.serve_writes(&queue);
            Ok(())
        })?);
    }
    let (reads, queue) = Queue::new();
    for _ in 0..options.readers.max(1) {
        let (mut worker, queue) = (Worker::new(&origin), queue.clone());
        threads.readers.push(spawn("store-reader", move || {
            worker.serve_reads(&queue);
            Ok(())
        })?);
    }
    let db = Db::new(
        Dialect::Postgres,
        writes,
        reads,
        Source::Postgres(Box::new(origin)),
        threads,
    );
    db.read_blocking(|tx| tx.query("SELECT 1", &[]).map(drop))?;
    Ok(db)
}

impl Origin {
    fn connect(&self) -> Result<Session, Error> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|cause| Error::Unavailable(format!("no runtime for the store: {cause}")))?;
        let config = runtime.block_on(self.address.resolved())?;
        let mut client = Config::from(config)
            .connect(self.address.tls.clone())
            .map_err(|error| Failure::from(&error).error)?;
        if let Some(guard) = &self.guard {
            // Asked for on this very connection: whoever takes the lock from now on is another one.
            let backend = i64::from(guard.require()?);
            let held = client
                .query_one(guard::IS_HELD, &[&Value::Int(backend)])
                .map_err(|error| Failure::from(&error).error)?;
            if held.get::<_, i64>(0) == 0 {
                return Err(Error::Unavailable(
                    "its lock was lost a moment ago. Try again".to_owned(),
                ));
            }
        }
        Ok(Session {
            client,
            statements: HashMap::new(),
        })
    }

    /// Refuses while somebody else may work with the same tables.
    fn require_alone(&self) -> Result<(), Error> {
        self.guard
            .as_ref()
            .map_or(Ok(()), |guard| guard.require().map(drop))
    }

    /// Lets others work with the same tables.
    pub(super) fn let_go(&self) {
        if let Some(guard) = &self.guard {
            guard.let_go();
        }
    }

    pub(super) fn snapshot<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: FnOnce(Tx<'_>) -> Result<T, E>,
        E: From<Error>,
    {
        let mut session = self.connect()?;
        session
            .client
            .batch_execute(BEGIN_READ)
            .map_err(|error| Failure::from(&error).error)?;
        // Closing the connection ends the transaction.
        f(&mut Transaction {
            session: &mut session,
            failed: None,
        })
    }
}

/// One connection and what it has prepared.
struct Session {
    client: Client,
    statements: HashMap<String, Statement>,
}

impl Session {
    fn prepared(&mut self, sql: &str) -> Result<Statement, postgres::Error> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql)?;
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
        }
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// A thread's state: its connection, made when the first job comes and again after it was lost.
struct Worker {
    origin: Origin,
    session: Option<Session>,
}

/// How one try of a transaction ended.
enum Try {
    /// For good; the job is answered with the failure, if any.
    Over(Option<Error>),
    /// Nothing was stored, and another try may succeed.
    Again(Error),
}

impl Worker {
    fn new(origin: &Origin) -> Self {
        Self {
            origin: origin.clone(),
            session: None,
        }
    }

    fn serve_writes(&mut self, queue: &Receiver<Message>) {
        while let Ok(Message::Run(Work { mut job, relaxed })) = queue.recv() {
            let failure = self.run(if relaxed { BEGIN_RELAXED } else { BEGIN_WRITE }, job.as_mut());
            job.answer(failure);
        }
    }

    fn serve_reads(&mut self, queue: &Receiver<Message>) {
        while let Ok(Message::Run(Work { mut job, .. })) = queue.recv() {
            if !job.is_abandoned() {
                let failure = self.run(BEGIN_READ, job.as_mut());
                job.answer(failure);
            }
        }
    }

    fn run(&mut self, begin: &str, job: &mut dyn Job) -> Option<Error> {
        let mut last = Error::Conflict;
        for attempt in 0..TRIES {
            if attempt > 0 {
                pause(attempt);
            }
            match self.attempt(begin, job) {
                Try::Over(failure) => return failure,
                Try::Again(error) => last = error,
            }
            if self
                .session
                .as_ref()
                .is_some_and(|session| session.client.is_closed())
            {
                self.session = None;
            }
        }
        Some(last)
    }

    fn attempt(&mut self, begin: &str, job: &mut dyn Job) -> Try {
        if let Err(error) = self.origin.require_alone() {
            return Try::Over(Some(error));
        }
        let session = match self.session.take().map_or_else(|| self.origin.connect(), Ok) {
            Ok(session) => self.session.insert(session),
            Err(error) => return Try::Over(Some(error)),
        };
        if let Err(error) = session.client.batch_execute(begin) {
            // Most often the server was restarted since the last job: connect again.
            self.session = None;
            return Try::Again(Failure::from(&error).error);
        }
        let mut transaction = Transaction {
            session: &mut *session,
            failed: None,
        };
        let keep = job.run(&mut transaction);
        let failed = transaction.failed;
        if keep && failed.is_none() {
            return self.commit();
        }
        if session.client.batch_execute("ROLLBACK").is_err() {
            self.session = None;
        }
        match failed {
            Some(failure) if failure.again => Try::Again(failure.error),
            // The closure may have hidden the failure behind an `Ok`.
            failed => Try::Over(failed.filter(|_| keep).map(|failure| failure.error)),
        }
    }

    fn commit(&mut self) -> Try {
        let Some(session) = &mut self.session else {
            return Try::Over(Some(Error::closed()));
        };
        let Err(error) = session.client.batch_execute("COMMIT") else {
            return Try::Over(None);
        };
        match Failure::from(&error).error {
            Error::Conflict => Try::Again(Error::Conflict),
            // The connection may have been lost before or after the commit: a second try could do the work twice.
            error => {
                self.session = None;
                Try::Over(Some(error))
            }
        }
    }
}

/// Waits a random time, longer with every attempt, so that those who collided do not meet again.
fn pause(attempt: u32) {
    let longest = 5_000_u32 << attempt;
    // Without random numbers they may meet again, which is all that is lost.
    let micros = getrandom::u32().map_or(longest, |random| random % longest);
    std::thread::sleep(Duration::from_micros(micros.into()));
}

/// A statement that failed.
struct Failure {
    error: Error,
    /// Whether the whole transaction may succeed when tried again. Decided here, so that the closure's own error
    /// type need not tell.
    again: bool,
}

impl From<&postgres::Error> for Failure {
    fn from(error: &postgres::Error) -> Self {
        let Some(refusal) = error.as_db_error() else {
            // The connection, or a value that does not fit its parameter.
            let lost = error.is_closed()
                || error
                    .source()
                    .is_some_and(<dyn std::error::Error>::is::<io::Error>);
            let cause = error
                .source()
                .map(|cause| format!(": {cause}"))
                .unwrap_or_default();
            let kind = if lost { Error::Unavailable } else { Error::Sql };
            return Self {
                error: kind(format!("{error}{cause}")),
                again: lost,
            };
        };
        let code = refusal.code();
        // The detail is left out: it holds values.
        let text = || format!("{} ({})", refusal.message(), code.code());
        if *code == SqlState::UNIQUE_VIOLATION {
            // In a catalogue: another process makes the same table.
            let again =
                refusal.schema() == Some("pg_catalog") || refusal.table() == Some("schema_migrations");
            return Self {
                error: Error::Unique(unique_columns(refusal)),
                again,
            };
        }
        if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED {
            return Self {
                error: Error::Conflict,
                again: true,
            };
        }
        if *code == SqlState::DISK_FULL {
            return Self {
                error: Error::Full,
                again: false,
            };
        }
        match code.code() {
            // The server is going down; it may be back at once.
            "57P01" | "57P02" | "57P03" => Self {
                error: Error::Unavailable(text()),
                again: true,
            },
            // The schema was changed by another process after this transaction began.
            "0A000" | "42701" | "42710" | "42P06" | "42P07" => Self {
                error: Error::Sql(text()),
                again: true,
            },
            code if ["08", "28", "3D", "53", "57", "58"]
                .iter()
                .any(|class| code.starts_with(class)) =>
            {
                Self {
                    error: Error::Unavailable(text()),
                    again: false,
                }
            }
            _ => Self {
                error: Error::Sql(text()),
                again: false,
            },
        }
    }
}

/// The columns of a unique violation in SQLite's words. They stand in the detail, in any language as
/// `… (a, b)=(values) …`.
fn unique_columns(refusal: &DbError) -> String {
    let columns = refusal
        .detail()
        .and_then(|detail| Some(detail.split_once('(')?.1.split_once(")=(")?.0));
    match (refusal.table(), columns) {
        (Some(table), Some(columns)) if !columns.contains('(') => columns
            .split(", ")
            .map(|column| format!("{table}.{column}"))
            .collect::<Vec<_>>()
            .join(", "),
        _ => format!("index '{}'", refusal.constraint().unwrap_or_default()),
    }
}

/// One transaction.
struct Transaction<'s> {
    session: &'s mut Session,
    failed: Option<Failure>,
}

impl Transaction<'_> {
    /// Uses the connection and remembers whether that failed: the transaction is lost from then on.
    fn with<T>(&mut self, f: impl FnOnce(&mut Session) -> Result<T, Failure>) -> Result<T, Error> {
        if let Some(failure) = &self.failed {
            return Err(failure.error.clone());
        }
        f(self.session).map_err(|failure| {
            if failure.again {
                // A statement prepared before the schema changed must not be used again.
                self.session.statements.clear();
            }
            let error = failure.error.clone();
            self.failed = Some(failure);
            error
        })
    }
}

impl Sql for Transaction<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn query(&mut self, sql: &str, p: &[Value]) -> Result<Vec<Row>, Error> {
        self.with(|session| {
            let statement = session.prepared(sql).map_err(|error| Failure::from(&error))?;
            let rows = session
                .client
                .query(&statement, &parameters(&statement, p)?)
                .map_err(|error| Failure::from(&error))?;
            rows.iter().map(row).collect()
        })
    }

    fn execute(&mut self, sql: &str, p: &[Value]) -> Result<u64, Error> {
        self.with(|session| {
            let result = if defines_schema(sql) {
                session.client.batch_execute(sql).map(|()| 0)
            } else {
                let statement = session.prepared(sql).map_err(|error| Failure::from(&error))?;
                session.client.execute(&statement, &parameters(&statement, p)?)
            };
            result.map_err(|error| Failure::from(&error))
        })
    }

    fn prepare(&mut self, sql: &str) -> Result<usize, Error> {
        self.with(|session| {
            let statement = session
                .client
                .prepare(sql)
                .map_err(|error| Failure::from(&error))?;
            Ok(statement.params().len())
        })
    }
}

/// Statements that are run once and cannot have parameters.
fn defines_schema(sql: &str) -> bool {
    let word = sql
        .trim_start()
        .split(char::is_whitespace)
        .next()
        .unwrap_or_default();
    ["CREATE", "ALTER", "DROP"].contains(&word)
}

fn parameters<'v>(statement: &Statement, p: &'v [Value]) -> Result<Vec<&'v (dyn ToSql + Sync)>, Failure> {
    let count = statement.params().len();
    if count != p.len() {
        let error = Error::Sql(format!(
            "the statement has {count} parameters, {} were given",
            p.len()
        ));
        return Err(Failure { error, again: false });
    }
    Ok(p.iter().map(|value| value as &(dyn ToSql + Sync)).collect())
}

fn row(row: &postgres::Row) -> Result<Row, Failure> {
    let corrupt = |_| Failure {
        error: Error::Corrupt("a column of a type the store does not use"),
        again: false,
    };
    let column = |index| row.try_get::<_, Value>(index).map_err(corrupt);
    Ok(Row::new((0..row.len()).map(column).collect::<Result<_, _>>()?))
}
