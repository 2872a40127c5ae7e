//! A certificate with its key, ready to be served.

use std::net::IpAddr;
use std::sync::Arc;

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest as _, Sha256};
use shared::model::text::SecretText;
use shared::model::time::UnixMillis;
use shared::model::tls::TlsCertificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Why a certificate with its key cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is none.
    #[error("there is no certificate in it (expected -----BEGIN CERTIFICATE-----)")]
    NoCertificate,
    /// It is damaged.
    #[error("the certificate cannot be read: {0}")]
    Malformed(String),
    /// There is no key, or one that nobody knows.
    #[error(
        "the private key cannot be used (expected an RSA, ECDSA or Ed25519 key in PEM, without a passphrase): {0}"
    )]
    Key(String),
    /// The two do not belong together.
    #[error("the private key does not belong to the certificate")]
    Mismatch,
}

/// A certificate that is being served.
#[derive(Debug)]
pub struct Served {
    /// What is said of it.
    pub facts: TlsCertificate,
    /// What the TLS library needs.
    pub key: Arc<CertifiedKey>,
}

impl Served {
    /// A chain, the server's own certificate first, and its key, both as PEM.
    pub fn from_pem(chain: &str, key: &SecretText) -> Result<Self, Error> {
        let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
            .map_err(|error| Error::Key(error.to_string()))?;
        Self::new(certificates(chain)?, &key)
    }

    /// The same in binary.
    pub fn new(chain: Vec<CertificateDer<'static>>, key: &PrivateKeyDer<'_>) -> Result<Self, Error> {
        let own = chain.first().ok_or(Error::NoCertificate)?;
        let facts = facts(own)?;
        let key = any_supported_type(key).map_err(|error| Error::Key(error.to_string()))?;
        let key = CertifiedKey::new(chain, key);
        match key.keys_match() {
            Ok(()) => {}
            Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch)) => {
                return Err(Error::Mismatch);
            }
            Err(error) => return Err(Error::Key(error.to_string())),
        }
        Ok(Self {
            facts,
            key: Arc::new(key),
        })
    }

    /// Whether it has ended.
    pub fn is_over(&self, now: UnixMillis) -> bool {
        self.facts.not_after <= now
    }

    /// Whether it is time for the next one: most of its life is over, or it begins later, since the clock was set back.
    pub fn is_due(&self, now: UnixMillis) -> bool {
        self.facts.renew_at() <= now || now < self.facts.not_before
    }
}

/// The certificates in a text.
pub fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let chain = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Error::Malformed(error.to_string()))?;
    if chain.is_empty() {
        return Err(Error::NoCertificate);
    }
    Ok(chain)
}

/// What a certificate says of itself.
pub fn facts(der: &CertificateDer<'_>) -> Result<TlsCertificate, Error> {
    let malformed = |error: &dyn std::fmt::Display| Error::Malformed(error.to_string());
    let (_, certificate) = X509Certificate::from_der(der).map_err(|error| malformed(&error))?;
    let alternative = certificate
        .subject_alternative_name()
        .map_err(|error| malformed(&error))?;
    let names = alternative
        .iter()
        .flat_map(|extension| &extension.value.general_names)
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
            GeneralName::IPAddress(bytes) => address(bytes).map(|address| address.to_string()),
            _ => None,
        })
        .collect();
    let issuer = certificate.issuer();
    let common = issuer.iter_common_name().next();
    let common = common.and_then(|name| name.as_str().ok()).map(str::to_owned);
    Ok(TlsCertificate {
        names,
        issuer: common.unwrap_or_else(|| issuer.to_string()),
        fingerprint: fingerprint(der),
        not_before: UnixMillis(certificate.validity().not_before.timestamp().saturating_mul(1000)),
        not_after: UnixMillis(certificate.validity().not_after.timestamp().saturating_mul(1000)),
    })
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}

/// SHA-256 of a certificate, in the form in which browsers show it.
pub fn fingerprint(der: &CertificateDer<'_>) -> String {
    let pairs: Vec<String> = Sha256::digest(der)
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    pairs.join(":")
}
