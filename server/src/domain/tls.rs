//! TLS as the store remembers it: what was chosen, the server's own authority, accounts and certificates of ACME. All of it
//! is sealed, and travels in backups.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::model::text::SecretText;
use shared::model::tls::TlsSettings;

use super::caller::Caller;
use super::{Context, Error, audit, sealed_settings};
use crate::store;

/// Name of the settings that somebody chose.
const SETTINGS: &str = "tls";
/// Name of the server's own authority.
const AUTHORITY: &str = "tls-authority";
/// Name of the accounts, by the directory of their authority.
const ACCOUNTS: &str = "acme-accounts";
/// Name of the certificates, by the name they are for.
const CERTIFICATES: &str = "acme-certificates";

/// A certificate, with those that vouch for it, and its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pem {
    /// The certificates as PEM.
    pub chain: String,
    /// The key as PEM.
    pub key: SecretText,
}

/// A certificate that an authority gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued {
    /// The directory of the authority: a certificate of another one is not used.
    pub directory: String,
    /// It.
    pub pem: Pem,
}

/// An account at an authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The address it was opened with.
    pub email: Option<String>,
    /// Its key and its name there, in the words of the ACME library.
    pub credentials: SecretText,
}

fn get<T: DeserializeOwned>(cx: &mut Context, name: &str) -> Result<Option<T>, Error> {
    let Some(text) = sealed_settings::get(cx, name)? else {
        return Ok(None);
    };
    serde_json::from_str(text.expose())
        .map(Some)
        .map_err(|_| store::Error::Corrupt("a setting of TLS cannot be read").into())
}

fn set<T: Serialize>(cx: &mut Context, name: &str, value: &T) -> Result<(), Error> {
    let text = serde_json::to_string(value)
        .map_err(|error| Error::Store(store::Error::Unavailable(error.to_string())))?;
    sealed_settings::set(cx, name, &SecretText::new(text))
}

/// What somebody chose while the server ran.
pub fn settings(cx: &mut Context) -> Result<Option<TlsSettings>, Error> {
    get(cx, SETTINGS)
}

/// Chooses, for who administers the instance.
pub fn set_settings(cx: &mut Context, caller: &Caller, settings: &TlsSettings) -> Result<(), Error> {
    caller.require_instance_admin()?;
    set(cx, SETTINGS, settings)?;
    let entry = audit::Entry::new("instance.tls.update")
        .with("mode", &settings.mode.as_str())
        .with("names", &settings.names.join(" "))
        .with("domains", &settings.acme.domains.join(" "))
        .with("directory", &settings.acme.directory);
    audit::record(cx, caller, &entry)
}

/// The server's own authority.
pub fn authority(cx: &mut Context) -> Result<Option<Pem>, Error> {
    get(cx, AUTHORITY)
}

/// Keeps a new one in place of the one before, unless there is another one by now; answers with the one there is.
pub fn keep_authority(cx: &mut Context, made: &Pem, before: Option<&Pem>) -> Result<Pem, Error> {
    if let Some(there) = authority(cx)?
        && before != Some(&there)
    {
        return Ok(there);
    }
    set(cx, AUTHORITY, made)?;
    audit::record(
        cx,
        &Caller::operator(),
        &audit::Entry::new("instance.tls.authority.create"),
    )?;
    Ok(made.clone())
}

/// The account at an authority.
pub fn account(cx: &mut Context, directory: &str) -> Result<Option<Account>, Error> {
    let accounts: Option<BTreeMap<String, Account>> = get(cx, ACCOUNTS)?;
    Ok(accounts.and_then(|mut accounts| accounts.remove(directory)))
}

/// Keeps it.
pub fn keep_account(cx: &mut Context, directory: &str, account: &Account) -> Result<(), Error> {
    let mut accounts: BTreeMap<String, Account> = get(cx, ACCOUNTS)?.unwrap_or_default();
    accounts.insert(directory.to_owned(), account.clone());
    set(cx, ACCOUNTS, &accounts)
}

/// The certificates that authorities gave, by the name they are for.
pub fn certificates(cx: &mut Context) -> Result<BTreeMap<String, Issued>, Error> {
    Ok(get(cx, CERTIFICATES)?.unwrap_or_default())
}

/// Keeps one in place of the one before; those of names that are not wanted any more are forgotten.
pub fn keep_certificate(
    cx: &mut Context,
    domain: &str,
    issued: &Issued,
    wanted: &[String],
    fingerprint: &str,
) -> Result<(), Error> {
    let mut certificates = certificates(cx)?;
    certificates.retain(|domain, _| wanted.contains(domain));
    certificates.insert(domain.to_owned(), issued.clone());
    set(cx, CERTIFICATES, &certificates)?;
    let entry = audit::Entry::new("instance.tls.certificate")
        .with("domain", &domain)
        .with("directory", &issued.directory)
        .with("fingerprint", &fingerprint);
    audit::record(cx, &Caller::operator(), &entry)
}
