//! Handshakes of TLS: whole ones, each on a connection of its own.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme};

/// Handshakes for each second, by this many clients at a time.
pub fn rate(address: SocketAddr, clients: usize, time: Duration) -> Result<f64> {
    if !address.ip().is_loopback() {
        bail!("{address} is no loopback address");
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(LooksAtNothing))
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    let config = Arc::new(config);
    let done = AtomicU32::new(0);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..clients)
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    while begun.elapsed() < time {
                        handshake(address, Arc::clone(&config))?;
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok(())
                })
            })
            .collect();
        workers.into_iter().try_for_each(|worker| match worker.join() {
            Ok(ended) => ended,
            Err(_) => bail!("a client broke off"),
        })
    })?;
    Ok(f64::from(done.load(Ordering::Relaxed)) / begun.elapsed().as_secs_f64())
}

fn handshake(address: SocketAddr, config: Arc<ClientConfig>) -> Result<()> {
    let mut tcp = TcpStream::connect(address)?;
    tcp.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut tls = ClientConnection::new(config, ServerName::from(address.ip()))?;
    while tls.is_handshaking() {
        tls.complete_io(&mut tcp).context("a handshake failed")?;
    }
    Ok(())
}

/// The server is what is measured: this side spends as little as it can.
#[derive(Debug)]
struct LooksAtNothing;

impl ServerCertVerifier for LooksAtNothing {
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
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loaded_and_failures_are_no_handshakes() {
        let far: SocketAddr = "192.0.2.1:443".parse().unwrap();
        let told = rate(far, 1, Duration::from_millis(10)).unwrap_err().to_string();
        assert!(told.contains("loopback"), "{told}");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let silent = std::thread::spawn(move || drop(listener.accept()));
        assert!(rate(address, 1, Duration::from_secs(5)).is_err());
        silent.join().unwrap();
    }
}
