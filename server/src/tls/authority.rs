//! The server's own authority: it vouches for whatever name or address the server is reached by.

use std::net::IpAddr;

use data_encoding::HEXLOWER;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SanType, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest as _, Sha256};
use shared::model::text::SecretText;
use shared::model::time::UnixMillis;
use shared::model::tls::TlsAuthority;

use super::certificate::{self, Served};
use crate::domain::tls::Pem;

/// How long the authority itself lives.
const AUTHORITY_DAYS: u64 = 10 * 365;
/// 2026-01-01: no clock that is right shows an earlier time. An authority is made once, often at the first start of a machine
/// that does not know the time yet, and devices trust that very one.
const EARLIEST: UnixMillis = UnixMillis(1_767_225_600_000);
/// How long one of its certificates lives: short, for nobody can revoke it.
const LEAF_DAYS: u64 = 7;
/// Certificates begin in the past: clocks differ.
const BACKDATED_SECONDS: i64 = 60 * 60;
const DAY_SECONDS: u64 = 24 * 60 * 60;

/// Why the authority cannot do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The library that makes certificates says so.
    #[error("a certificate cannot be made: {0}")]
    Making(#[from] rcgen::Error),
    /// What was made or kept cannot be used.
    #[error(transparent)]
    Certificate(#[from] certificate::Error),
}

/// It, with its key.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
    pem: String,
    facts: TlsAuthority,
}

impl Authority {
    /// A new one, for whoever keeps it.
    pub fn create(now: UnixMillis) -> Result<Pem, Error> {
        let key = KeyPair::generate()?;
        // Its name tells it from those of other servers in the list of a browser.
        let mark = HEXLOWER.encode(&Sha256::digest(key.public_key_raw())[..4]);
        let mut params = lasting(now.max(EARLIEST), AUTHORITY_DAYS);
        params.not_before = lasting(EARLIEST, 0).not_before;
        params.distinguished_name = name(&format!("Strongroom authority {mark}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let root = params.self_signed(&key)?;
        Ok(Pem {
            chain: root.pem(),
            key: SecretText::new(key.serialize_pem()),
        })
    }

    /// One that was kept.
    pub fn open(kept: &Pem) -> Result<Self, Error> {
        let key = KeyPair::from_pem(kept.key.expose())?;
        let root = certificate::certificates(&kept.chain)?
            .into_iter()
            .next()
            .ok_or(certificate::Error::NoCertificate)?;
        let facts = certificate::facts(&root)?;
        Ok(Self {
            issuer: Issuer::from_ca_cert_der(&root, key)?,
            pem: kept.chain.clone(),
            facts: TlsAuthority {
                name: facts.issuer,
                fingerprint: facts.fingerprint,
                not_after: facts.not_after,
            },
            root,
        })
    }

    /// Whether it has ended. What it vouches for is worth nothing any more.
    pub fn is_over(&self, now: UnixMillis) -> bool {
        self.facts.not_after <= now
    }

    /// What is said of it.
    pub fn facts(&self) -> &TlsAuthority {
        &self.facts
    }

    /// Its certificate, as text.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The same in binary.
    pub fn der(&self) -> &[u8] {
        &self.root
    }

    /// A certificate for some names and addresses.
    pub fn issue(&self, names: &[String], now: UnixMillis) -> Result<Served, Error> {
        let key = KeyPair::generate()?;
        let mut params = lasting(now, LEAF_DAYS);
        params.subject_alt_names = alternative_names(names)?;
        params.distinguished_name = name("Strongroom");
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(&key, &self.issuer)?;
        let chain = vec![leaf.der().clone(), self.root.clone()];
        Ok(Served::new(
            chain,
            &PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )?)
    }
}

/// A certificate that nobody vouches for, which is told by its fingerprint.
pub fn self_signed(names: &[String], days: u64, now: UnixMillis) -> Result<Pem, Error> {
    let key = KeyPair::generate()?;
    let mut params = lasting(now, days);
    params.subject_alt_names = alternative_names(names)?;
    params.distinguished_name = name("Strongroom (locked)");
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(Pem {
        chain: params.self_signed(&key)?.pem(),
        key: SecretText::new(key.serialize_pem()),
    })
}

fn lasting(now: UnixMillis, days: u64) -> CertificateParams {
    let mut params = CertificateParams::default();
    let begin = u64::try_from(now.plus_seconds(-BACKDATED_SECONDS).seconds()).unwrap_or_default();
    let epoch = date_time_ymd(1970, 1, 1);
    params.not_before = epoch + std::time::Duration::from_secs(begin);
    params.not_after = params.not_before + std::time::Duration::from_secs(days * DAY_SECONDS);
    params
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

fn alternative_names(names: &[String]) -> Result<Vec<SanType>, Error> {
    names
        .iter()
        .map(|name| match name.parse::<IpAddr>() {
            Ok(address) => Ok(SanType::IpAddress(address)),
            Err(_) => Ok(SanType::DnsName(name.as_str().try_into()?)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_clock_makes_no_useless_authority() {
        let year = 365 * 24 * 60 * 60;
        let right = EARLIEST.plus_seconds(year);
        for (clock, years) in [
            // A machine without a battery, the right time, and one that is years ahead.
            (UnixMillis(0), 9),
            (right, 10),
            (right.plus_seconds(30 * year), 40),
        ] {
            let made = Authority::create(clock).unwrap();
            let root = certificate::certificates(&made.chain).unwrap().remove(0);
            let facts = certificate::facts(&root).unwrap();
            assert!(facts.not_before < right, "{clock}");
            let left = (facts.not_after.0 - right.0) / 1000 / year;
            assert!((years - 1..=years).contains(&left), "{clock}: {left}");
        }
    }
}
