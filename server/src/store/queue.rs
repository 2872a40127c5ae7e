//! The way from a caller to the threads that own the connections, and the answer's way back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use zeroize::Zeroizing;

use super::{Error, Tx};

/// How many asynchronous callers may wait in one queue; more of them wait for a place. A blocking caller occupies a
/// thread while it waits, so their number needs no bound.
const PLACES: usize = 1024;

/// A caller's closure on its way through a transaction.
pub(super) trait Job: Send {
    /// Runs the closure. `true` asks to keep what it did. May be called again when the transaction is retried.
    fn run(&mut self, tx: Tx<'_>) -> bool;

    /// Gives the caller what the closure returned last, or `failure` if there is one.
    fn answer(self: Box<Self>, failure: Option<Error>);

    /// Whether nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
}

/// A job and how it wants to be treated.
pub(super) struct Work {
    pub(super) job: Box<dyn Job>,
    /// The commit need not wait until the disk has it.
    pub(super) relaxed: bool,
}

/// A new key for the file, and the way back of the outcome.
pub(super) struct Rekey {
    /// 64 hex digits.
    pub(super) key: Zeroizing<String>,
    pub(super) done: Sender<Result<(), Error>>,
}

/// What a thread finds in its queue.
pub(super) enum Message {
    /// Do this.
    Run(Work),
    /// Encrypt the file anew; only a writer of the embedded database gets this.
    Rekey(Rekey),
    /// End the thread that takes this. Jobs still queued when the last thread ends are answered with
    /// [`Error::Unavailable`].
    Stop,
}

enum Reply<T> {
    Awaited(oneshot::Sender<T>),
    Blocked(Sender<T>),
}

struct Call<F, T, E> {
    closure: F,
    outcome: Option<Result<T, E>>,
    reply: Reply<Result<T, E>>,
    /// Given back when the job is answered, even if its caller has gone before.
    _place: Option<OwnedSemaphorePermit>,
}

impl<F, T, E> Job for Call<F, T, E>
where
    F: Fn(Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<Error> + Send,
{
    fn run(&mut self, tx: Tx<'_>) -> bool {
        // Unwind safety: after a panic the transaction is rolled back and the closure is not called again.
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.closure)(tx)))
            .unwrap_or_else(|_| Err(E::from(Error::Unavailable("a transaction panicked".to_owned()))));
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    fn answer(mut self: Box<Self>, failure: Option<Error>) {
        let outcome = match (failure, self.outcome.take()) {
            (None, Some(outcome)) => outcome,
            (Some(failure), _) => Err(E::from(failure)),
            (None, None) => Err(E::from(Error::closed())),
        };
        // A caller that has gone does not want to know.
        match self.reply {
            Reply::Awaited(sender) => drop(sender.send(outcome)),
            Reply::Blocked(sender) => drop(sender.send(outcome)),
        }
    }

    fn is_abandoned(&self) -> bool {
        match &self.reply {
            Reply::Awaited(sender) => sender.is_closed(),
            Reply::Blocked(_) => false,
        }
    }
}

/// The callers' end of one queue.
pub(super) struct Queue {
    sender: Sender<Message>,
    places: Arc<Semaphore>,
}

impl Queue {
    /// A queue and the end that the threads share.
    pub(super) fn new() -> (Self, Receiver<Message>) {
        let (sender, receiver) = crossbeam_channel::unbounded();
        (
            Self {
                sender,
                places: Arc::new(Semaphore::new(PLACES)),
            },
            receiver,
        )
    }

    /// Queues the closure and waits for its result. Once queued, a write is performed even if the caller stops
    /// waiting.
    pub(super) async fn call<T, E, F>(&self, relaxed: bool, closure: F) -> Result<T, E>
    where
        F: Fn(Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let place = Arc::clone(&self.places)
            .acquire_owned()
            .await
            .map_err(|_| Error::closed())?;
        let (sender, receiver) = oneshot::channel();
        self.push(relaxed, closure, Reply::Awaited(sender), Some(place))?;
        receiver.await.unwrap_or_else(|_| Err(E::from(Error::closed())))
    }

    /// The same for a thread that may block.
    pub(super) fn call_blocking<T, E, F>(&self, relaxed: bool, closure: F) -> Result<T, E>
    where
        F: Fn(Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        if self.places.is_closed() {
            return Err(E::from(Error::closed()));
        }
        let (sender, receiver) = crossbeam_channel::bounded(1);
        self.push(relaxed, closure, Reply::Blocked(sender), None)?;
        receiver.recv().unwrap_or_else(|_| Err(E::from(Error::closed())))
    }

    fn push<T, E, F>(
        &self,
        relaxed: bool,
        closure: F,
        reply: Reply<Result<T, E>>,
        place: Option<OwnedSemaphorePermit>,
    ) -> Result<(), Error>
    where
        F: Fn(Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let job = Box::new(Call {
            closure,
            outcome: None,
            reply,
            _place: place,
        });
        self.sender
            .send(Message::Run(Work { job, relaxed }))
            .map_err(|_| Error::closed())
    }

    /// Has the file encrypted anew, after what is queued. Blocks.
    pub(super) fn rekey_blocking(&self, key: Zeroizing<String>) -> Result<(), Error> {
        if self.places.is_closed() {
            return Err(Error::closed());
        }
        let (done, outcome) = crossbeam_channel::bounded(1);
        self.sender
            .send(Message::Rekey(Rekey { key, done }))
            .map_err(|_| Error::closed())?;
        outcome.recv().unwrap_or_else(|_| Err(Error::closed()))
    }

    /// Accepts no more jobs and ends `threads` threads after what is queued.
    pub(super) fn stop(&self, threads: usize) {
        self.places.close();
        for _ in 0..threads {
            // Without receivers the threads have ended already.
            drop(self.sender.send(Message::Stop));
        }
    }
}
