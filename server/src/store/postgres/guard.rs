//! One server to a store: a lock in the database, held by a connection of its own for as long as the store is open.
//!
//! When that connection ends, the lock is gone, and another server may have taken it: nothing is done until it is held again,
//! and no connection is used that was made without it. PostgreSQL itself lets go of the lock when the machine that holds it
//! is gone, after it has asked for some seconds whether it is still there.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::watch;

use super::address::PostgresAddress;
use super::{Error, Failure};

/// Waiting time before a lost lock is asked for again.
const AGAIN: Duration = Duration::from_millis(200);
/// How often the lock is asked for before somebody else has it.
const TRIES: u32 = 10;
/// Longest wait for a connection.
const LONGEST: Duration = Duration::from_secs(20);
/// A lock that was asked for so many times in vain does not come back at once.
const OUTAGE: u32 = 3;
/// How long a job waits for a lost lock before it is refused.
const PATIENCE: Duration = Duration::from_secs(2);

/// The lock belongs to the schema: its tables are the store. The first number means nothing, but is always the same.
const TAKE: &str =
    "SELECT pg_try_advisory_lock(6237190, hashtext(CAST(current_schema() AS TEXT))), pg_backend_pid()";
const LET_GO: &str = "SELECT pg_advisory_unlock_all()";
/// Whether a backend holds a lock.
pub(super) const IS_HELD: &str =
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = CAST($1 AS INTEGER)";
/// A machine that is gone is noticed after half a minute.
const KEEP_ALIVE: &str =
    "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 4";

/// The lock, until it is let go.
pub(super) struct Guard {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

enum State {
    /// Nobody knows yet.
    Asked,
    /// Held by this backend of PostgreSQL.
    Held(i32),
    /// Not held, although it was asked for so many times since it was.
    Lost(Error, u32),
}

impl Guard {
    /// Takes the lock, or says who has it. Blocks.
    pub(super) fn take(address: &PostgresAddress) -> Result<Self, Error> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State::Asked),
            changed: Condvar::new(),
        });
        let (stop, stopping) = watch::channel(false);
        let (address, inside) = (address.clone(), Arc::clone(&shared));
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|cause| Error::Unavailable(format!("no runtime for the store: {cause}")))?;
        let thread = std::thread::Builder::new()
            .name("store-guard".to_owned())
            .spawn(move || runtime.block_on(hold(&address, &inside, stopping)))
            .map_err(|cause| Error::Unavailable(format!("no thread for the store: {cause}")))?;
        let guard = Self {
            shared,
            stop,
            thread: Mutex::new(Some(thread)),
        };
        // The connection has a time limit of its own.
        let state = guard.lock();
        let waited = guard
            .shared
            .changed
            .wait_while(state, |state| matches!(state, State::Asked));
        let failed = match &*waited.unwrap_or_else(PoisonError::into_inner) {
            State::Lost(error, _) => Some(error.clone()),
            _ => None,
        };
        match failed {
            Some(error) => Err(error),
            None => Ok(guard),
        }
    }

    /// The backend that holds the lock, or why there is none. Waits a moment for one that was lost just now; in an outage
    /// nobody waits.
    pub(super) fn require(&self) -> Result<i32, Error> {
        let state = self.lock();
        let waited = self
            .shared
            .changed
            .wait_timeout_while(state, PATIENCE, |state| match state {
                State::Held(_) => false,
                State::Asked => true,
                State::Lost(_, times) => *times < OUTAGE,
            });
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match &*state {
            State::Held(backend) => Ok(*backend),
            State::Lost(error, _) => Err(error.clone()),
            State::Asked => Err(Error::closed()),
        }
    }

    /// Lets it go. Blocks until that is done.
    pub(super) fn let_go(&self) {
        self.stop.send_replace(true);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the thread that holds the lock of the database panicked");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.let_go();
    }
}

impl Shared {
    fn lose(&self, error: Error) {
        let times = match &*self.state.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Lost(_, times) => times.saturating_add(1),
            State::Asked | State::Held(_) => 0,
        };
        self.set(State::Lost(error, times));
    }

    fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
        self.changed.notify_all();
    }
}

/// Holds the lock until it is told to stop, and takes it again whenever it was lost.
async fn hold(address: &PostgresAddress, shared: &Shared, mut stopping: watch::Receiver<bool>) {
    loop {
        match hold_once(address, shared, &mut stopping).await {
            Ok(()) => return,
            Err(lost) => {
                tracing::debug!(error = %lost, "the lock of the database is not held");
                shared.lose(lost);
            }
        }
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}

/// Takes the lock on a connection of its own and holds it until that ends, or, which is no error, until it is told to stop.
async fn hold_once(
    address: &PostgresAddress,
    shared: &Shared,
    stopping: &mut watch::Receiver<bool>,
) -> Result<(), Error> {
    let failed = |error: &tokio_postgres::Error| Failure::from(error).error;
    let connecting = async {
        let config = address.resolved().await?;
        config
            .connect(address.tls.clone())
            .await
            .map_err(|error| failed(&error))
    };
    let (client, connection) = tokio::select! {
        connected = tokio::time::timeout(LONGEST, connecting) => connected
            .map_err(|_| Error::Unavailable("it does not answer".to_owned()))??,
        _ = stopping.wait_for(|stop| *stop) => return Ok(()),
    };
    let holding = async {
        client
            .batch_execute(KEEP_ALIVE)
            .await
            .map_err(|error| failed(&error))?;
        let backend = taken(&client, stopping).await?;
        shared.set(State::Held(backend));
        // An error means that the other end is gone, and so is whoever could want the lock.
        let _ = stopping.wait_for(|stop| *stop).await;
        // Before the connection ends, which PostgreSQL may notice a moment later.
        client.batch_execute(LET_GO).await.map_err(|error| failed(&error))
    };
    tokio::select! {
        ended = connection => Err(match ended {
            Ok(()) => Error::Unavailable("the connection that holds its lock has ended".to_owned()),
            Err(error) => failed(&error),
        }),
        done = holding => done,
    }
}

/// Asks for the lock a few times: whoever was killed a moment ago may hold it for as long as PostgreSQL takes to notice.
async fn taken(client: &tokio_postgres::Client, stopping: &watch::Receiver<bool>) -> Result<i32, Error> {
    for _ in 0..TRIES {
        let row = client
            .query_one(TAKE, &[])
            .await
            .map_err(|error| Failure::from(&error).error)?;
        match row.get::<_, Option<bool>>(0) {
            Some(true) => return Ok(row.get(1)),
            Some(false) if *stopping.borrow() => return Err(Error::closed()),
            Some(false) => tokio::time::sleep(AGAIN).await,
            None => {
                return Err(Error::Unavailable(
                    "the schema that its address names does not exist".to_owned(),
                ));
            }
        }
    }
    Err(Error::Unavailable(
        "another Strongroom works with this database at the moment. Stop that one, or give this one a database of its own"
            .to_owned(),
    ))
}
