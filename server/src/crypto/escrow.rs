//! Identities kept in age files that their owners open: with a passphrase, an SSH key, a plugin.
//!
//! Each opens with the stock `age` tool as well: `age --decrypt` on the file gives the identity, and that opens the slot.

use std::iter;

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::secrecy::{ExposeSecret, SecretString};
use shared::model::text::SecretText;
use zeroize::Zeroizing;

use super::Error;
use super::identity::{self, Identity};

/// 2^16 rounds of scrypt take about half a second and 64 MiB; a small machine has to open it too.
const WORK_FACTOR: u8 = 16;
/// Files made elsewhere may be harder, up to 256 MiB.
const MOST_WORK: u8 = 18;
/// Longest age file that holds one identity, in bytes.
const LONGEST: usize = 16 * 1024;
const UNENCRYPTED: Error = Error::Malformed("the identity could not be encrypted for this recipient");

/// The identity in an age file for whoever knows the passphrase.
pub fn for_passphrase(identity: &Identity, passphrase: &SecretText) -> Result<String, Error> {
    let mut recipient = age::scrypt::Recipient::new(SecretString::from(passphrase.expose().to_owned()));
    recipient.set_work_factor(WORK_FACTOR);
    for_recipient(identity, &recipient).map_err(|_| UNENCRYPTED)
}

/// The identity in an age file for whoever has the private part of an SSH key.
pub fn for_ssh_key(identity: &Identity, public_key: &str) -> Result<String, Error> {
    let recipient: age::ssh::Recipient = public_key.trim().parse().map_err(|_| {
        Error::Malformed(
            "an SSH public key of type ssh-ed25519, or ssh-rsa of at least 2048 bits, is expected",
        )
    })?;
    for_recipient(identity, &recipient).map_err(|_| UNENCRYPTED)
}

/// The identity in an age file for a recipient of any kind. The error may be what a plugin says.
pub fn for_recipient(identity: &Identity, recipient: &impl age::Recipient) -> Result<String, String> {
    use std::io::Write as _;
    // Not by `age::encrypt_and_armor`, which panics when a plugin refuses.
    let encryptor = age::Encryptor::with_recipients(iter::once(recipient as &dyn age::Recipient))
        .map_err(|error| error.to_string())?;
    let written = || -> std::io::Result<Vec<u8>> {
        let armor = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?;
        let mut writer = encryptor.wrap_output(armor)?;
        writer.write_all(identity.to_string().expose_secret().as_bytes())?;
        writer.finish()?.finish()
    };
    let file = written().map_err(|error| error.to_string())?;
    String::from_utf8(file).map_err(|error| error.to_string())
}

/// The identity in the file, if the passphrase is the right one. Takes as long as the file's maker wanted.
pub fn open_with_passphrase(escrow: &str, passphrase: &SecretText) -> Option<Identity> {
    let mut key = age::scrypt::Identity::new(SecretString::from(passphrase.expose().to_owned()));
    key.set_max_work_factor(MOST_WORK);
    open(escrow, &key)
}

/// The identity in the file, if it was encrypted for this key.
pub fn open(escrow: &str, key: &dyn age::Identity) -> Option<Identity> {
    try_open(escrow, key).ok()
}

/// The same, saying why not: a plugin has reasons that a person can do something about.
pub fn try_open(escrow: &str, key: &dyn age::Identity) -> Result<Identity, String> {
    use std::io::Read as _;
    let decryptor = age::Decryptor::new_buffered(ArmoredReader::new(escrow.as_bytes()))
        .map_err(|error| error.to_string())?;
    let reader = decryptor
        .decrypt(iter::once(key))
        .map_err(|error| error.to_string())?;
    let mut text = Zeroizing::new(String::with_capacity(128));
    let read = reader.take(LONGEST as u64).read_to_string(&mut text);
    read.map_err(|error| error.to_string())?;
    let mut identities = identity::parse_identities(&text)?;
    if identities.len() != 1 {
        return Err("one identity is expected in the file".to_owned());
    }
    Ok(identities.swap_remove(0))
}

/// Refuses what is no armored age file of a sensible length. What is in it cannot be seen.
pub fn require_age_file(escrow: &str) -> Result<(), Error> {
    let malformed = Error::Malformed("an armored age file is expected");
    if escrow.len() > LONGEST {
        return Err(malformed);
    }
    age::Decryptor::new_buffered(ArmoredReader::new(escrow.as_bytes()))
        .map(drop)
        .map_err(|_| malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(identity: &Identity) -> String {
        identity::recipient(identity)
    }

    #[test]
    fn a_passphrase_opens_its_file_and_no_other_does() {
        let kept = identity::generate();
        let file = for_passphrase(&kept, &SecretText::from("correct horse battery staple")).unwrap();
        require_age_file(&file).unwrap();
        assert!(open_with_passphrase(&file, &SecretText::from("wrong horse")).is_none());
        let opened = open_with_passphrase(&file, &SecretText::from("correct horse battery staple")).unwrap();
        assert_eq!(public(&opened), public(&kept));
    }

    #[test]
    fn what_is_no_age_file_is_refused() {
        for text in [
            "",
            "hunter2",
            "-----BEGIN AGE ENCRYPTED FILE-----\nAAAA\n-----END AGE ENCRYPTED FILE-----\n",
        ] {
            require_age_file(text).unwrap_err();
        }
        assert!(for_ssh_key(&identity::generate(), "ssh-ed25519 AAAA").is_err());
    }
}
