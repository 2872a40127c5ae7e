//! The composition root: what a running server consists of, and the few ways in which work enters a transaction.

pub mod backups;
pub mod control;
pub mod data_dir;
pub mod database;
pub mod disk;
pub mod drills;
pub mod host;
pub mod key_sources;
pub mod keys;
pub mod kits;
pub mod open;
pub mod operator;
pub mod reads;
pub mod restore;
pub mod runbook;
pub mod server_identity;
pub mod trusted_proxies;
pub mod unlock;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use shared::model::text::SecretText;
use shared::model::time::UnixMillis;

use crate::clock::Clock;

use crate::crypto::keyring::Keyring;
use crate::crypto::password::PasswordHasher;
use crate::crypto::{self, keyfile};
use crate::domain::audit::Audited;
use crate::domain::caller::{Caller, Credential, Source, Used, authenticate};
use crate::domain::onboarding::{self, FirstRead};
use crate::domain::unlock::Refused;
use crate::domain::{Context, Error};
use crate::observe::metrics::Metrics;
use crate::store::{self, Db};
use crate::tls::{Tls, TlsFlags};
use backups::Backups;
use data_dir::DataDir;
use host::Host;
use reads::Reads;

/// A running server.
pub struct App {
    opened: ArcSwapOption<OpenStore>,
    /// Why the store is not open, for the log and the locked page.
    locked: ArcSwapOption<open::Locked>,
    /// Backups that are being written, and tickets for them.
    backups: Backups,
    /// Whether a restore is being rehearsed.
    drilling: AtomicBool,
    host: Host,
    tls: Arc<Tls>,
    /// The clock.
    pub clock: Clock,
    /// What is counted.
    pub metrics: Metrics,
    started_at: UnixMillis,
    data_dir: Option<DataDir>,
    /// The backup that was sent last. Held while one is being sent or restored.
    upload: Arc<tokio::sync::Mutex<Option<restore::Upload>>>,
    /// Held while somebody tries to unlock the store.
    unlocking: Arc<tokio::sync::Mutex<Refused>>,
    passwords: Arc<PasswordHasher>,
}

/// The store with the keys that opened it.
pub struct OpenStore {
    /// The database.
    pub db: Db,
    keyring: ArcSwap<Keyring>,
    /// The text of the keyring file as it lies on disk: sealing it again would give another one.
    keyring_text: ArcSwap<String>,
    /// Held by whoever writes the files of the keyring: a change made beside another would lose one of the two.
    keyring_files: Mutex<KeyringFiles>,
    /// Reads that wait to be counted.
    pub reads: Reads,
    /// Whether the first read by a program is known to be remembered, so that no further one is looked at.
    first_read: AtomicBool,
}

/// Whose the files of the keyring are.
enum KeyringFiles {
    /// This store's.
    Ours,
    /// Another store's, which took the place of this one.
    GivenUp,
}

impl OpenStore {
    /// Puts an open database and its keys together.
    pub fn new(db: Db, keyring: Keyring, keyring_text: String) -> Self {
        keep_in_memory(&keyring);
        Self {
            db,
            keyring: ArcSwap::from_pointee(keyring),
            keyring_text: ArcSwap::from_pointee(keyring_text),
            keyring_files: Mutex::new(KeyringFiles::Ours),
            reads: Reads::default(),
            first_read: AtomicBool::new(false),
        }
    }

    /// The present keyring.
    pub fn keyring(&self) -> Arc<Keyring> {
        self.keyring.load_full()
    }

    /// Runs a writing rule from a thread that may block.
    fn write<T: Send + 'static>(
        &self,
        now: UnixMillis,
        rule: impl Fn(&mut Context) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let keys = self.keyring();
        self.db
            .write_blocking(move |tx| rule(&mut Context { tx, keys: &keys, now }))
    }

    /// Changes the keyring, on disk and then in use. When the change itself refuses, nothing is stored; once it is
    /// stored, nothing can fail any more. Blocks, and changes wait for each other.
    pub fn change_keyring<T, E: From<crypto::Error> + From<store::Error>>(
        &self,
        data_dir: &DataDir,
        change: impl FnOnce(&mut Keyring) -> Result<T, E>,
    ) -> Result<T, E> {
        let files = self.keyring_files.lock().unwrap_or_else(PoisonError::into_inner);
        if let KeyringFiles::GivenUp = *files {
            return Err(crypto::Error::KeyringInTheWay.into());
        }
        let mut keyring = Keyring::clone(&self.keyring());
        let changed = change(&mut keyring)?;
        let text = keyring.to_file_text()?;
        let generation = keyring.generation();
        self.db
            .write_blocking(move |tx| open::generation::note(tx, generation))?;
        if let Err(error) = keyfile::store(data_dir.path(), &text) {
            // A failure after the file took its place is no refusal: from then on the change is what the next start finds.
            if keyfile::load(data_dir.path())?.is_none_or(|found| found.text != text) {
                return Err(error.into());
            }
            tracing::warn!(%error, "the keyring was stored, but may not survive a power failure yet");
        }
        self.keyring_text.store(Arc::new(text));
        keep_in_memory(&keyring);
        self.keyring.store(Arc::new(keyring));
        Ok(changed)
    }

    /// Writes the files of the keyring again if they are missing or damaged, and returns those. Blocks.
    pub fn keep_keyring_files(&self, data_dir: &DataDir) -> Result<Vec<PathBuf>, crypto::Error> {
        let files = self.keyring_files.lock().unwrap_or_else(PoisonError::into_inner);
        match *files {
            KeyringFiles::Ours => keyfile::ensure(data_dir.path(), &self.keyring_text.load()),
            KeyringFiles::GivenUp => Ok(Vec::new()),
        }
    }

    /// Never touches the files of the keyring again: another store is about to take the place of this one. Blocks.
    fn give_up_keyring_files(&self) {
        *self.keyring_files.lock().unwrap_or_else(PoisonError::into_inner) = KeyringFiles::GivenUp;
    }
}

impl App {
    /// A server without an open store.
    pub fn locked(reason: open::Locked) -> Result<Self, Error> {
        let app = Self::empty()?;
        app.locked.store(Some(Arc::new(reason)));
        Ok(app)
    }

    /// A server with an open store.
    pub fn opened(store: OpenStore) -> Result<Self, Error> {
        let app = Self::empty()?;
        app.opened.store(Some(Arc::new(store)));
        Ok(app)
    }

    fn empty() -> Result<Self, Error> {
        let clock = Clock::default();
        Ok(Self {
            opened: ArcSwapOption::empty(),
            locked: ArcSwapOption::empty(),
            started_at: clock.now(),
            clock,
            metrics: Metrics::default(),
            backups: Backups::default(),
            drilling: AtomicBool::new(false),
            host: Host::default(),
            tls: new_tls(TlsFlags::default())?,
            data_dir: None,
            upload: Arc::default(),
            unlocking: Arc::default(),
            passwords: Arc::new(PasswordHasher::new()?),
        })
    }

    /// The same, knowing where its files are.
    #[must_use]
    pub fn at(mut self, data_dir: DataDir) -> Self {
        self.data_dir = Some(data_dir);
        self
    }

    /// The same, with the host's own configuration.
    #[must_use]
    pub fn on(mut self, host: Host) -> Self {
        self.host = host;
        self
    }

    /// The same, with TLS as the host configures it.
    pub fn with_tls(mut self, flags: TlsFlags) -> Result<Self, Error> {
        self.tls = new_tls(flags)?;
        Ok(self)
    }

    /// TLS on the server's own connections.
    pub fn tls(&self) -> &Arc<Tls> {
        &self.tls
    }

    /// The host's own configuration.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Where the files of a running server are; none when it has none of its own, as in tests.
    pub fn data_dir(&self) -> Option<&DataDir> {
        self.data_dir.as_ref()
    }

    /// The same, for what cannot be done without files.
    fn require_data_dir(&self) -> Result<&DataDir, Error> {
        self.data_dir()
            .ok_or_else(|| Error::Store(store::Error::Unavailable("there is no data directory".into())))
    }

    /// When this server began.
    pub fn started_at(&self) -> UnixMillis {
        self.started_at
    }

    /// The open store, or the refusal of a locked server.
    pub fn store(&self) -> Result<Arc<OpenStore>, Error> {
        self.opened.load_full().ok_or(Error::Locked)
    }

    /// Why the store is not open.
    pub fn why_locked(&self) -> Option<Arc<open::Locked>> {
        self.locked.load_full()
    }

    /// Lets go of the store, at the end of the process: records what is waiting, closes the database.
    pub async fn close(&self) -> Result<(), Error> {
        let Some(opened) = self.opened.swap(None) else {
            return Ok(());
        };
        let flushed = opened.reads.flush_all(&opened.db, self.clock.now()).await;
        opened.db.close().await?;
        flushed
    }

    /// Runs a reading rule in one transaction.
    pub async fn read<T: Send + 'static>(
        &self,
        rule: impl Fn(&mut Context) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let opened = self.store()?;
        let keys = opened.keyring();
        let now = self.clock.now();
        opened
            .db
            .read(move |tx| rule(&mut Context { tx, keys: &keys, now }))
            .await
    }

    /// Runs a writing rule in one transaction: all of it or nothing.
    pub async fn write<T: Send + 'static>(
        &self,
        rule: impl Fn(&mut Context) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let opened = self.store()?;
        let keys = opened.keyring();
        let now = self.clock.now();
        opened
            .db
            .write(move |tx| rule(&mut Context { tx, keys: &keys, now }))
            .await
    }

    /// The same for what many do to one row at the same moment, as machines that share a client secret do: one that finds
    /// others in its way again and again waits a little longer before it gives up.
    pub async fn write_patiently<T: Send + 'static>(
        &self,
        rule: impl Fn(&mut Context) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Result<T, Error> {
        let rule = Arc::new(rule);
        for wait in [10, 40, 160, 320] {
            let once = Arc::clone(&rule);
            match self.write(move |cx| once(cx)).await {
                Err(Error::Store(store::Error::Conflict)) => {
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                }
                settled => return settled,
            }
        }
        self.write(move |cx| rule(cx)).await
    }

    /// The same for a caller, whose credential is looked up in that very transaction.
    pub async fn read_as<T: Send + 'static>(
        &self,
        (credential, source): (Credential, Source),
        rule: impl Fn(&mut Context, &Caller) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (read, unremembered) = self
            .read(move |cx| {
                let caller = authenticate(cx, &credential, &source)?;
                Ok((rule(cx, &caller)?, Used::unremembered(&caller)))
            })
            .await?;
        self.remember(unremembered).await;
        Ok(read)
    }

    /// The same for a caller who changes something.
    pub async fn write_as<T: Send + 'static>(
        &self,
        (credential, source): (Credential, Source),
        rule: impl Fn(&mut Context, &Caller) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (written, unremembered) = self
            .write(move |cx| {
                let caller = authenticate(cx, &credential, &source)?;
                Ok((rule(cx, &caller)?, Used::unremembered(&caller)))
            })
            .await?;
        self.remember(unremembered).await;
        Ok(written)
    }

    /// Writes down, at most once a minute, that a credential was used. It is for people who tidy up: a request is not
    /// refused because this failed.
    async fn remember(&self, used: Option<Used>) {
        let (Some(used), Ok(opened)) = (used, self.store()) else {
            return;
        };
        let keys = opened.keyring();
        let now = self.clock.now();
        let remembered: Result<(), Error> = opened
            .db
            .write_relaxed(move |tx| used.remember(&mut Context { tx, keys: &keys, now }))
            .await;
        if let Err(error) = remembered {
            tracing::warn!(%error, "the use of a credential was not written down");
        }
    }

    /// The same for what must be on record before it is answered.
    pub async fn read_audited<T: Send + 'static>(
        &self,
        caller: (Credential, Source),
        rule: impl Fn(&mut Context, &Caller) -> Result<Audited<T>, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let opened = self.store()?;
        let looking = !opened.first_read.load(Ordering::Relaxed);
        let (audited, first) = self
            .read_as(caller, move |cx, caller| {
                let audited = rule(cx, caller)?;
                let first = looking
                    .then(|| onboarding::as_first_read(cx, caller, &audited))
                    .flatten();
                Ok((audited, first))
            })
            .await?;
        let committed = opened.reads.commit(&opened.db, self.clock.now(), audited).await;
        let value = committed.inspect_err(|_| {
            self.metrics.unrecorded_reads.inc();
        })?;
        if let Some(read) = first {
            self.remember_first_read(&opened, read).await;
        }
        Ok(value)
    }

    /// Remembers the first read by a program; the answer to the read does not depend on it.
    async fn remember_first_read(&self, opened: &OpenStore, read: FirstRead) {
        let remembered = match self.read(onboarding::has_first_read).await {
            Ok(false) => {
                self.write(move |cx| onboarding::remember_first_read(cx, &read))
                    .await
            }
            known => known.map(drop),
        };
        match remembered {
            Ok(()) => opened.first_read.store(true, Ordering::Relaxed),
            Err(error) => tracing::warn!(%error, "the first read by a program was not written down"),
        }
    }

    /// Hashes a new password, in the bounded queue.
    pub async fn hash_password(&self, password: SecretText) -> Result<String, Error> {
        let passwords = Arc::clone(&self.passwords);
        blocking(move || passwords.hash(&password).map_err(Error::from)).await
    }

    /// Checks a password against a hash; without one it costs the same time and is wrong.
    pub async fn password_fits(&self, password: SecretText, hash: Option<String>) -> Result<bool, Error> {
        let passwords = Arc::clone(&self.passwords);
        blocking(move || passwords.verify(&password, hash.as_deref()).map_err(Error::from)).await
    }
}

fn new_tls(flags: TlsFlags) -> Result<Arc<Tls>, Error> {
    let tls = Tls::new(flags).map_err(|error| store::Error::Unavailable(error.to_string()))?;
    Ok(Arc::new(tls))
}

/// Keys stay out of swap where the system allows it; where it does not, that is said once.
fn keep_in_memory(keyring: &Keyring) {
    static SAID: AtomicBool = AtomicBool::new(false);
    if let Err(error) = keyring.keep_in_memory()
        && !SAID.swap(true, Ordering::Relaxed)
    {
        tracing::warn!(%error, "keys cannot be kept out of swap; raise the limit of locked memory (ulimit -l)");
    }
}

/// Runs something slow outside the threads that serve requests.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::Store(store::Error::Unavailable(error.to_string()))),
    }
}
