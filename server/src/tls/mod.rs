//! TLS on the server's own connections: which certificate is served to whom, and how there is always one.
//!
//! ```text
//! keeper      the one who looks after all of it, in the background: settings, files, orders
//! front       what connections see; swapped as a whole, so that no handshake ever finds half of it
//! resolver    the choice for one handshake: a challenge, a certificate for the name, one of the own authority
//! authority   the server's own authority          certificate  what is served
//! acme        orders at another authority         files        certificates that somebody else renews
//! locked      the certificate of a locked server
//! ```

mod acme;
pub mod authority;
pub mod certificate;
pub mod files;
mod front;
pub mod keeper;
mod leaves;
mod locked;
mod resolver;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::ResolvesServerCertUsingSni;
use shared::model::time::UnixMillis;
use shared::model::tls::{AcmeOrder, TlsMode, TlsSettings, TlsState};
use tokio::sync::Notify;

use crate::app::OpenStore;
use crate::app::data_dir::DataDir;
use crate::clock::Clock;
use crate::domain::tls::Issued;
use acme::Challenges;
use files::FilePair;
use front::Front;
use resolver::AtAddress;

/// What the host's own configuration says about TLS.
#[derive(Debug, Clone, Default)]
pub struct TlsFlags {
    /// Settings that nobody can change while the server runs; none when they are chosen on the page.
    pub settings: Option<TlsSettings>,
    /// Where the certificates of [`TlsMode::Files`] lie.
    pub files: Option<FilePair>,
    /// Whether a plain port is open beside the other ones.
    pub http_port: bool,
}

/// Everything about TLS that a running server knows.
pub struct Tls {
    flags: TlsFlags,
    clock: Clock,
    base: ServerConfig,
    front: ArcSwap<Front>,
    challenges: Challenges,
    work: Mutex<Work>,
    /// Held during a round of the keeper.
    rounds: tokio::sync::Mutex<()>,
    wake: Notify,
}

/// What the keeper remembers from one round to the next.
#[derive(Default)]
struct Work {
    /// The store that everything was read from: another one may take its place.
    store: Weak<OpenStore>,
    /// Whether settings or certificates changed since.
    changed: bool,
    /// Why the settings could not be read last.
    unread: Option<String>,
    /// Certificates that authorities gave. They count even when they could not be stored.
    issued: BTreeMap<String, Issued>,
    orders: BTreeMap<String, AcmeOrder>,
    /// Which kind of challenge an authority took last.
    took: BTreeMap<String, usize>,
    /// How often it said no since.
    refusals: BTreeMap<String, usize>,
    ordering: bool,
    files: files::Watch,
}

impl Tls {
    /// TLS as the host configures it. Before the keeper's first round there is no certificate, and no plain HTTP either where
    /// the host asks for TLS.
    pub fn new(flags: TlsFlags) -> Result<Self, rustls::Error> {
        let provider = Arc::new(ring::default_provider());
        // The resolver is another one for each connection: it knows the address that was called.
        let mut base = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(ResolvesServerCertUsingSni::new()));
        base.alpn_protocols = vec![b"http/1.1".to_vec(), acme::PROTOCOL.to_vec()];
        let front = Front {
            settings: flags.settings.clone().unwrap_or_default(),
            ..Front::default()
        };
        Ok(Self {
            flags,
            clock: Clock::default(),
            base,
            front: ArcSwap::from_pointee(front),
            challenges: Challenges::default(),
            work: Mutex::default(),
            rounds: tokio::sync::Mutex::default(),
            wake: Notify::new(),
        })
    }

    /// TLS of a server that cannot start: browsers that come by HTTPS are not left without an answer. There is no store, so the
    /// certificate is the one of a locked server; where there is none, one that nobody knows.
    pub fn without_store(
        mode: Option<TlsMode>,
        files: Option<&FilePair>,
        data_dir: &DataDir,
    ) -> Result<Self, String> {
        let tls = Self::new(TlsFlags::default()).map_err(|error| error.to_string())?;
        let mode = match mode {
            Some(mode) => mode,
            // It was chosen on the page.
            None if locked::is_there(data_dir) => TlsMode::Internal,
            None => TlsMode::Off,
        };
        let files = files.and_then(|pair| pair.load().ok()).map(Arc::new);
        let locked = match (mode, &files) {
            (TlsMode::Off, _) | (_, Some(_)) => None,
            _ => Some(locked::load_or_make(data_dir, tls.now()).map_err(|error| error.to_string())?),
        };
        tls.front.store(Arc::new(Front {
            settings: TlsSettings {
                mode,
                ..TlsSettings::default()
            },
            files,
            locked,
            ..Front::default()
        }));
        Ok(tls)
    }

    /// How a connection to one of the server's addresses is to speak; nothing when it speaks plain HTTP.
    pub fn config_at(self: &Arc<Self>, address: IpAddr) -> Option<Arc<ServerConfig>> {
        if self.front.load().settings.mode == TlsMode::Off {
            return None;
        }
        let mut config = self.base.clone();
        config.cert_resolver = Arc::new(AtAddress {
            tls: Arc::clone(self),
            address: address.to_canonical(),
        });
        Some(Arc::new(config))
    }

    /// The directory of the authority that certificates come from by ACME, if they do.
    pub fn directory(&self) -> Option<String> {
        let front = self.front.load();
        (front.settings.mode == TlsMode::Acme).then(|| front.settings.acme.directory.clone())
    }

    /// What the host's own configuration says.
    pub fn flags(&self) -> &TlsFlags {
        &self.flags
    }

    /// Whether connections speak TLS.
    pub fn is_on(&self) -> bool {
        self.front.load().settings.mode != TlsMode::Off
    }

    /// The certificate of the server's own authority, as text and in binary.
    pub fn root(&self) -> Option<(String, Vec<u8>)> {
        let front = self.front.load();
        let authority = front.leaves.as_ref()?.authority();
        Some((authority.pem().to_owned(), authority.der().to_vec()))
    }

    /// Fingerprint of the certificate that is served because the store is locked.
    pub fn locked_fingerprint(&self) -> Option<String> {
        let front = self.front.load();
        let locked = front.locked.as_ref().filter(|_| front.leaves.is_none());
        locked.map(|locked| locked.facts.fingerprint.clone())
    }

    /// Whether a handshake for a name finds a certificate for which somebody else vouches: one by ACME or from files.
    pub fn is_vouched(&self, name: Option<&str>) -> bool {
        self.front.load().vouched(name, self.now()).is_some()
    }

    /// The answer to a challenge by HTTP-01.
    pub fn answer(&self, token: &str) -> Option<String> {
        self.challenges.answer(token)
    }

    /// Everything about it.
    pub fn state(&self) -> TlsState {
        let front = self.front.load();
        let work = self.work();
        TlsState {
            settings: front.settings.clone(),
            by_flag: self.flags.settings.is_some(),
            http_port: self.flags.http_port,
            authority: front
                .leaves
                .as_ref()
                .map(|leaves| leaves.authority().facts().clone()),
            certificates: front.served().map(|served| served.facts.clone()).collect(),
            orders: work.orders.values().cloned().collect(),
            files_failure: work.files.failure().map(str::to_owned),
            locked_fingerprint: front
                .locked
                .as_ref()
                .map(|locked| locked.facts.fingerprint.clone()),
        }
    }

    /// The same, if this process serves a store.
    pub fn serving_state(&self) -> Option<TlsState> {
        let serving = self.work().store.strong_count() > 0;
        serving.then(|| self.state())
    }

    /// Lets the keeper's next round read the settings again.
    pub fn settings_changed(&self) {
        self.work().changed = true;
    }

    /// Lets failed orders be tried again at once.
    pub fn try_again(&self) {
        let now = self.now();
        for order in self.work().orders.values_mut() {
            if order.error.is_some() {
                order.next_at = now;
            }
        }
        self.wake.notify_one();
    }

    fn now(&self) -> UnixMillis {
        self.clock.now()
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a handshake was a challenge: there is nothing to say after it.
pub fn is_challenge(protocol: Option<&[u8]>) -> bool {
    protocol == Some(acme::PROTOCOL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_store_there_is_a_certificate_wherever_tls_was_asked_for() {
        let scratch = tempfile::tempdir().unwrap();
        let dir = DataDir::new(scratch.path());
        let start = |mode| Tls::without_store(mode, None, &dir).unwrap();
        for mode in [None, Some(TlsMode::Off)] {
            assert!(!start(mode).is_on(), "{mode:?}");
        }
        for mode in [TlsMode::Internal, TlsMode::Acme, TlsMode::Files] {
            let tls = start(Some(mode));
            assert!(tls.is_on() && tls.locked_fingerprint().is_some(), "{mode}");
        }
        // Nothing is written where it is the directory that may be wrong.
        assert!(!locked::is_there(&dir));
        let kept = locked::load_or_create(&dir, Clock::default().now()).unwrap();
        for mode in [None, Some(TlsMode::Internal)] {
            let shown = start(mode).locked_fingerprint();
            assert_eq!(shown.as_ref(), Some(&kept.facts.fingerprint), "{mode:?}");
        }
        assert!(!start(Some(TlsMode::Off)).is_on());
    }
}
