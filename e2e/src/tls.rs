//! A TLS client that trusts exactly whom a test names, and a probe that tries again and again.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme, StreamOwned,
};
use sha2::{Digest as _, Sha256};

/// Longest wait for one exchange.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two probes.
const EVERY: Duration = Duration::from_millis(50);

/// The client.
#[derive(Debug, Clone)]
pub struct Client(Arc<ClientConfig>);

/// The server's certificate, in binary.
pub type Leaf = Vec<u8>;

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

impl Client {
    /// Trusts these authorities (PEM) and nobody else.
    pub fn trusting(authorities: &[&str]) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        for pem in authorities {
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                roots.add(certificate?)?;
            }
        }
        let builder =
            ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
        Ok(Self::of(
            builder.with_root_certificates(roots).with_no_client_auth(),
        ))
    }

    /// Looks at nothing: for what is compared by its fingerprint.
    pub fn trusting_anybody() -> Result<Self> {
        let builder =
            ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
        let builder = builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider())));
        Ok(Self::of(builder.with_no_client_auth()))
    }

    fn of(mut config: ClientConfig) -> Self {
        // Every handshake is a whole one.
        config.resumption = Resumption::disabled();
        Self(Arc::new(config))
    }

    fn open(&self, address: SocketAddr, name: &str) -> Result<StreamOwned<ClientConnection, TcpStream>> {
        let tcp = TcpStream::connect(address)?;
        tcp.set_read_timeout(Some(PATIENCE))?;
        tcp.set_write_timeout(Some(PATIENCE))?;
        let name = ServerName::try_from(name.to_owned())?;
        let mut stream = StreamOwned::new(ClientConnection::new(Arc::clone(&self.0), name)?, tcp);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(stream)
    }

    /// Shakes hands, for a name. Returns the certificate.
    pub fn handshake(&self, address: SocketAddr, name: &str) -> Result<Leaf> {
        let stream = self.open(address, name)?;
        let chain = stream.conn.peer_certificates().context("no certificate")?;
        Ok(chain.first().context("no certificate")?.to_vec())
    }

    /// Sends one request; answers with the status and the body.
    pub fn request(
        &self,
        address: SocketAddr,
        name: &str,
        head: &str,
        headers: &[(&str, &str)],
    ) -> Result<(u16, String)> {
        let (head, body) = self.exchange(address, name, head, headers)?;
        let status = head.split(' ').nth(1).context("no status")?.parse()?;
        Ok((status, body))
    }

    /// The same with the whole head of the answer.
    pub fn exchange(
        &self,
        address: SocketAddr,
        name: &str,
        head: &str,
        headers: &[(&str, &str)],
    ) -> Result<(String, String)> {
        let mut stream = self.open(address, name)?;
        let mut text =
            format!("{head} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\nContent-Length: 0\r\n");
        for (name, value) in headers {
            write!(text, "{name}: {value}\r\n")?;
        }
        text.push_str("\r\n");
        stream.write_all(text.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").context("no end of the head")?;
        Ok((head.to_owned(), body.to_owned()))
    }

    /// Waits until the certificate is one of which `wanted` says so.
    pub fn wait_for(
        &self,
        address: SocketAddr,
        name: &str,
        at_most: Duration,
        wanted: impl Fn(&[u8]) -> bool,
    ) -> Result<Leaf> {
        let begun = Instant::now();
        loop {
            let found = self.handshake(address, name);
            if let Ok(leaf) = &found
                && wanted(leaf)
            {
                return Ok(leaf.clone());
            }
            if begun.elapsed() > at_most {
                bail!(
                    "no such certificate after {at_most:?}; the last handshake: {:?}",
                    found.map(|leaf| leaf.len())
                );
            }
            sleep(EVERY);
        }
    }
}

/// SHA-256 of a certificate as the server's log writes it.
pub fn fingerprint(leaf: &[u8]) -> String {
    let pairs: Vec<String> = Sha256::digest(leaf)
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    pairs.join(":")
}

/// Shakes hands every 50 milliseconds, until it is asked how that went.
pub struct Probe {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Probed>,
}

/// How it went.
#[derive(Debug, Default)]
pub struct Probed {
    /// Handshakes that succeeded.
    pub good: usize,
    /// What went wrong, one text for each handshake that failed.
    pub failures: Vec<String>,
    /// The certificates that were seen.
    pub leaves: BTreeSet<Leaf>,
}

impl Probe {
    /// Begins.
    pub fn start(client: &Client, address: SocketAddr, name: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopping, client, name) = (Arc::clone(&stop), client.clone(), name.to_owned());
        let thread = std::thread::spawn(move || {
            let mut probed = Probed::default();
            while !stopping.load(Ordering::Relaxed) {
                match client.handshake(address, &name) {
                    Ok(leaf) => {
                        probed.good += 1;
                        probed.leaves.insert(leaf);
                    }
                    Err(error) => probed.failures.push(format!("{error:#}")),
                }
                sleep(EVERY);
            }
            probed
        });
        Self { stop, thread }
    }

    /// Ends, and refuses unless every handshake succeeded.
    pub fn all_good(self) -> Result<Probed> {
        self.stop.store(true, Ordering::Relaxed);
        let probed = self.thread.join().ok().context("the probe broke off")?;
        ensure!(
            probed.failures.is_empty(),
            "{} of {} handshakes failed, such as: {}",
            probed.failures.len(),
            probed.failures.len() + probed.good,
            probed.failures[0]
        );
        ensure!(probed.good > 0, "there was no handshake");
        Ok(probed)
    }
}

/// Trusts anybody; still wants the key that belongs to the certificate.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
