//! What somebody brings to open the store, in whatever form he has it: a kit, cards, an SSH key, a passphrase, the value of
//! `ENCRYPTION_KEY`.

use age::ssh;
use shared::model::text::SecretText;

use super::identity::{self, Identity};
use super::keyring::{self, SlotKind};
use super::{cards, encryption_key, escrow};

/// The identities for which a text stands, given the keyring that it is meant for. A text of no known form is tried as a
/// passphrase and as `ENCRYPTION_KEY` where the keyring has them. The error says what is wrong and never repeats any of the text.
pub fn identities(text: &SecretText, keyring: &str) -> Result<Vec<Identity>, String> {
    let typed = text.expose().trim();
    let escrows = || keyring::escrows(keyring).map_err(|error| error.to_string());
    if cards::are_cards(typed) {
        return cards::combine(typed).map(|identity| vec![identity]);
    }
    if typed.starts_with("-----BEGIN ") && typed.contains("PRIVATE KEY-----") {
        return with_ssh_key(typed, &escrows()?);
    }
    let not_identities = match identity::parse_secret(text) {
        Ok(identities) => return Ok(identities),
        Err(reason) => reason,
    };
    let escrows = escrows()?;
    let passphrases = of_kind(&escrows, SlotKind::Passphrase);
    let slots = keyring::fingerprints(keyring).map_err(|error| error.to_string())?;
    let takes_variable = slots.iter().any(|slot| slot.kind == SlotKind::EncryptionKey);
    if typed.lines().count() != 1 || (passphrases.is_empty() && !takes_variable) {
        return Err(not_identities);
    }
    let typed = SecretText::from(typed);
    let mut identities: Vec<Identity> = passphrases
        .into_iter()
        .filter_map(|file| escrow::open_with_passphrase(file, &typed))
        .collect();
    if takes_variable && let Ok((_, identity)) = encryption_key::recognise(&typed) {
        identities.push(identity);
    }
    Ok(identities)
}

/// The identities for which a text stands without a keyring: a kit, or cards. So a backup is opened.
pub fn kit_or_cards(text: &SecretText) -> Result<Vec<Identity>, String> {
    if cards::are_cards(text.expose()) {
        return cards::combine(text.expose()).map(|identity| vec![identity]);
    }
    identity::parse_secret(text)
}

fn of_kind(escrows: &[(SlotKind, String)], wanted: SlotKind) -> Vec<&str> {
    escrows
        .iter()
        .filter(|(kind, _)| *kind == wanted)
        .map(|(_, file)| file.as_str())
        .collect()
}

fn with_ssh_key(text: &str, escrows: &[(SlotKind, String)]) -> Result<Vec<Identity>, String> {
    let key = ssh::Identity::from_buffer(text.as_bytes(), None)
        .map_err(|_| "this is no SSH private key that can be read".to_owned())?;
    match key {
        ssh::Identity::Unencrypted(_) => Ok(of_kind(escrows, SlotKind::Ssh)
            .into_iter()
            .filter_map(|file| escrow::open(file, &key))
            .collect()),
        ssh::Identity::Encrypted(_) => Err(
            "the SSH private key has a passphrase of its own; give a copy without one (ssh-keygen -p on a copy), and delete that afterwards"
                .to_owned(),
        ),
        ssh::Identity::Unsupported(_) => {
            Err("SSH keys of this type cannot decrypt; ssh-ed25519 and ssh-rsa can".to_owned())
        }
    }
}
