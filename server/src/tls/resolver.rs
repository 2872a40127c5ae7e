//! The choice of a certificate for one handshake.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::{Tls, acme};

/// Chooses for a connection to one of the server's addresses.
pub struct AtAddress {
    /// What there is to choose from.
    pub tls: Arc<Tls>,
    /// The address that was called.
    pub address: IpAddr,
}

impl fmt::Debug for AtAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AtAddress")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl ResolvesServerCert for AtAddress {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name();
        let challenge = hello
            .alpn()
            .is_some_and(|mut offered| offered.any(|protocol| protocol == acme::PROTOCOL));
        self.choose(name, challenge)
    }
}

impl AtAddress {
    /// Never anything but a challenge to the one who asks for a challenge; else what another authority gave for the name,
    /// then the server's own authority, and the certificate of a locked server when there is nothing else.
    fn choose(&self, name: Option<&str>, challenge: bool) -> Option<Arc<CertifiedKey>> {
        if challenge {
            return self.tls.challenges.certificate(name?);
        }
        let front = self.tls.front.load();
        let now = self.tls.now();
        if let Some(served) = front.vouched(name, now) {
            return Some(Arc::clone(&served.key));
        }
        if let Some(leaves) = &front.leaves {
            match leaves.choose(&front.settings, name, self.address, now) {
                Ok(served) => return Some(Arc::clone(&served.key)),
                Err(error) => {
                    tracing::error!(%error, "the server's own authority cannot issue a certificate");
                }
            }
        }
        front.locked.as_ref().map(|locked| Arc::clone(&locked.key))
    }
}
