//! Slots: the ways to unlock a keyring.

use std::io::Read;
use std::iter;

use age::armor::ArmoredReader;
use age::x25519;
use serde::{Deserialize, Serialize};
use shared::model::ids::SlotId;
use shared::model::kit::fingerprint;
use shared::model::time::UnixMillis;
use zeroize::Zeroizing;

use crate::crypto::{Error, Key, aead, random};

/// What kind of unlocker a slot belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SlotKind {
    /// The identity with which the server unlocks itself at start.
    Server,
    /// A recovery kit. Backups are encrypted to all of these.
    Recovery,
}

/// One way to unlock the keyring.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// Its id.
    pub id: SlotId,
    /// Whose it is.
    pub kind: SlotKind,
    /// A name for people, such as `Kit of 2026-11-22`.
    pub name: String,
    /// When it was added.
    pub created: UnixMillis,
    /// The public age recipient (`age1…`).
    pub recipient: String,
    /// The unlock key in an armored age file for that recipient.
    wrapped: String,
}

/// A slot as anybody may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotSummary {
    /// Its id.
    pub id: SlotId,
    /// Whose it is.
    pub kind: SlotKind,
    /// Its name.
    pub name: String,
    /// When it was added.
    pub created: UnixMillis,
    /// [`fingerprint`] of its recipient; a recovery kit shows the same.
    pub fingerprint: String,
}

impl Slot {
    /// A slot that opens for this recipient.
    pub(super) fn new(
        kind: SlotKind,
        name: &str,
        recipient: &str,
        now: UnixMillis,
        unlock: &Key,
    ) -> Result<Self, Error> {
        let name = name.trim();
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(Error::Malformed("the name of a slot is one line of text"));
        }
        let recipient = parse(recipient)?;
        Ok(Self {
            id: SlotId::from_random(random::id_bytes()?),
            kind,
            name: name.to_owned(),
            created: now,
            recipient: recipient.to_string(),
            wrapped: wrap(unlock, &recipient)?,
        })
    }

    /// The same slot for another unlock key.
    pub(super) fn rewrapped(&self, unlock: &Key) -> Result<Self, Error> {
        Ok(Self {
            wrapped: wrap(unlock, &parse(&self.recipient)?)?,
            ..self.clone()
        })
    }

    /// The unlock key, if it was wrapped for this identity and is undamaged.
    pub(super) fn unwrap_with(&self, identity: &x25519::Identity) -> Option<Key> {
        let decryptor = age::Decryptor::new_buffered(ArmoredReader::new(self.wrapped.as_bytes())).ok()?;
        let reader = decryptor
            .decrypt(iter::once(identity as &dyn age::Identity))
            .ok()?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(64));
        reader.take(Key::LENGTH as u64 + 1).read_to_end(&mut bytes).ok()?;
        Key::from_slice(&bytes).ok()
    }

    /// What must not change unnoticed. The wrapped key is left out: a damaged one must not keep the other slots from
    /// opening.
    pub(super) fn associated_data(&self) -> Vec<u8> {
        let kind: &[u8] = match self.kind {
            SlotKind::Server => b"server",
            SlotKind::Recovery => b"recovery",
        };
        aead::associated_data(&[
            self.id.to_string().as_bytes(),
            kind,
            self.name.as_bytes(),
            &self.created.0.to_be_bytes(),
            self.recipient.as_bytes(),
        ])
    }
}

impl From<Slot> for SlotSummary {
    fn from(slot: Slot) -> Self {
        Self {
            fingerprint: fingerprint(&slot.recipient),
            id: slot.id,
            kind: slot.kind,
            name: slot.name,
            created: slot.created,
        }
    }
}

fn parse(recipient: &str) -> Result<x25519::Recipient, Error> {
    recipient.trim().parse().map_err(|_| Error::InvalidRecipient)
}

fn wrap(unlock: &Key, recipient: &x25519::Recipient) -> Result<String, Error> {
    age::encrypt_and_armor(recipient, unlock.as_bytes())
        .map_err(|_| Error::Malformed("the unlock key could not be wrapped for this recipient"))
}
