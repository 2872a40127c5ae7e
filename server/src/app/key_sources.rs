//! Where a server looks for a key that opens its store when it starts.

use std::path::{Path, PathBuf};

use shared::model::text::SecretText;

use super::data_dir::DataDir;
use crate::config::path;
use crate::crypto::identity::Identity;
use crate::crypto::keyring::{self, Keyring, SlotKind};
use crate::crypto::{brought, encryption_key, private_file};

/// Keys that are at hand without anybody asking for them.
#[derive(Debug, Clone, Default)]
pub struct KeySources {
    /// The file with the server's identity, where it is not the one in the data directory.
    pub identity: Option<PathBuf>,
    /// A passphrase.
    pub passphrase: Option<SecretText>,
    /// Infisical's variable by its name, and its value.
    pub encryption_key: Option<(&'static str, SecretText)>,
    /// Whether to open a database that is older than its key files.
    pub accept_older_database: bool,
}

impl KeySources {
    /// An identity file in a place of its own, and nothing else.
    pub fn at(identity: impl Into<PathBuf>) -> Self {
        Self {
            identity: Some(identity.into()),
            ..Self::default()
        }
    }

    /// Opens a keyring with the first of them that fits. The error says of each why it did not.
    pub fn unlock(&self, data_dir: &DataDir, text: &str) -> Result<Keyring, String> {
        let mut refused = Vec::new();
        // The one in the data directory also when another is named: while it is moved, either may be the one that fits.
        let named = self.identity.clone().into_iter();
        for file in named.chain([data_dir.identity()]) {
            match read(&file).and_then(|key| open(text, &key)) {
                Ok(keyring) => return Ok(keyring),
                Err(_) if self.identity.is_none() && !has_server_slot(text) => {
                    refused.push("The server has no identity of its own".to_owned());
                }
                Err(why) => refused.push(format!(
                    "The server's identity in {} does not open the keyring: {why}",
                    path::shown(&file).as_deref().unwrap_or("the file that was named")
                )),
            }
        }
        if let Some((variable, value)) = &self.encryption_key {
            let opened =
                encryption_key::recognise(value).and_then(|(_, identity)| Keyring::open(text, &[identity]));
            match opened {
                Ok(keyring) => return Ok(keyring),
                Err(why) => refused.push(format!("{variable} does not open the keyring: {why}")),
            }
        }
        if let Some(passphrase) = &self.passphrase {
            match open(text, passphrase) {
                Ok(keyring) => return Ok(keyring),
                Err(why) => refused.push(format!("The passphrase does not open the keyring: {why}")),
            }
        }
        Err(format!(
            "{}. Open it in the browser or with `strongroom unlock`, or use --identity FILE, naming a recovery kit or wherever \
             the identity was moved to. Nothing was changed",
            refused.join(". ")
        ))
    }

    /// The key that Infisical's variable stands for, and the variable's name. The error names it, too.
    pub fn given_key(&self) -> Result<Option<(&'static str, Identity)>, String> {
        let Some((variable, value)) = &self.encryption_key else {
            return Ok(None);
        };
        match encryption_key::recognise(value) {
            Ok((_, identity)) => Ok(Some((*variable, identity))),
            Err(error) => Err(format!("{variable} cannot be a key of the new store: {error}")),
        }
    }

    /// Says of an `ENCRYPTION_KEY` what became of it, once the store is open: a changed one changes nothing, and somebody who
    /// set it should know.
    pub fn report(&self, keyring: &Keyring) {
        let Some((variable, value)) = &self.encryption_key else {
            return;
        };
        match encryption_key::recognise(value) {
            Ok((form, ref identity)) if !keyring.opened_by(std::slice::from_ref(identity)).is_empty() => {
                tracing::info!(
                    variable,
                    form = form.words(),
                    "it is one of the keys of this store"
                );
            }
            Ok((form, _)) => tracing::warn!(
                variable,
                form = form.words(),
                "it is not one of the keys of this store, which another key opened; nothing was changed. To make it one: \
                 strongroom keys add-encryption-key"
            ),
            Err(error) => {
                tracing::warn!(variable, %error, "it cannot be a key; another one opened the store");
            }
        }
    }
}

fn has_server_slot(text: &str) -> bool {
    keyring::fingerprints(text).is_ok_and(|slots| slots.iter().any(|slot| slot.kind == SlotKind::Server))
}

fn read(file: &Path) -> Result<SecretText, String> {
    if path::shown(file).is_none() {
        return Err("there is no such file".into());
    }
    match private_file::read(file) {
        Ok(Some(text)) => Ok(SecretText::from(text.as_str())),
        Ok(None) => Err("there is no such file".into()),
        Err(error) => Err(error.to_string()),
    }
}

fn open(text: &str, key: &SecretText) -> Result<Keyring, String> {
    let identities = brought::identities(key, text)?;
    Keyring::open(text, &identities).map_err(|error| error.to_string())
}
