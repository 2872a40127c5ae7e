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

use crate::crypto::{Error, Key, aead, escrow, random};

/// What kind of unlocker a slot belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SlotKind {
    /// The identity with which the server unlocks itself at start.
    Server,
    /// A recovery kit. Backups are encrypted to all of these.
    Recovery,
    /// A passphrase: the slot's identity lies in an age file that it opens.
    Passphrase,
    /// An SSH key, in the same way.
    Ssh,
    /// An age plugin, such as that of a hardware token, in the same way. Only a host that has the plugin makes and opens it.
    Plugin,
    /// Cards of which some number together is the key. Backups are encrypted to it.
    Cards,
    /// Infisical's `ENCRYPTION_KEY` or `ROOT_ENCRYPTION_KEY`.
    EncryptionKey,
}

impl SlotKind {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Recovery => "recovery",
            Self::Passphrase => "passphrase",
            Self::Ssh => "ssh",
            Self::Plugin => "plugin",
            Self::Cards => "cards",
            Self::EncryptionKey => "encryption-key",
        }
    }

    /// Whether it opens backups: it is a key by itself, without the files of this server.
    pub fn opens_backups(self) -> bool {
        matches!(self, Self::Recovery | Self::Cards)
    }

    /// Whether its identity is kept, encrypted, in the slot itself.
    pub fn has_escrow(self) -> bool {
        matches!(self, Self::Passphrase | Self::Ssh | Self::Plugin)
    }
}

/// How many cards there are and how many of them are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cards {
    /// So many together are the key.
    pub needed: u8,
    /// So many were made.
    pub made: u8,
}

/// A place where somebody keeps a copy of the key, in his own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptAt {
    /// Such as `safe in the office`.
    pub place: String,
    /// When that was last said.
    pub noted: UnixMillis,
}

/// A way to unlock that is to be added.
#[derive(Debug, Clone)]
pub struct NewSlot<'a> {
    /// Whose it is.
    pub kind: SlotKind,
    /// A name for people.
    pub name: &'a str,
    /// The public age recipient.
    pub recipient: &'a str,
    /// The identity in an age file that its owner opens; exactly for the kinds that have one.
    pub escrow: Option<&'a str>,
    /// Exactly for cards.
    pub cards: Option<Cards>,
}

impl<'a> NewSlot<'a> {
    /// A slot for an identity that is a key by itself.
    pub fn plain(kind: SlotKind, name: &'a str, recipient: &'a str) -> Self {
        Self {
            kind,
            name,
            recipient,
            escrow: None,
            cards: None,
        }
    }
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
    /// The identity of that recipient in an armored age file that the owner opens with what he has. So a new unlock key
    /// is wrapped without him, and no slot ever goes stale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escrow: Option<String>,
    /// Of a slot that opens with several cards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cards: Option<Cards>,
    /// When somebody last showed that he has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven: Option<UnixMillis>,
    /// Where copies are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept_at: Vec<KeptAt>,
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
    pub(super) fn new(new: &NewSlot, now: UnixMillis, unlock: &Key) -> Result<Self, Error> {
        if new.kind.has_escrow() != new.escrow.is_some() {
            return Err(Error::Malformed(
                "this kind of key and an age file do not go together",
            ));
        }
        if let Some(escrow) = new.escrow {
            escrow::require_age_file(escrow)?;
        }
        if (new.kind == SlotKind::Cards) != new.cards.is_some() {
            return Err(Error::Malformed("cards are counted, other keys are not"));
        }
        if new
            .cards
            .is_some_and(|cards| cards.needed < 2 || cards.made < cards.needed)
        {
            return Err(Error::Malformed(
                "two or more cards are needed, and no more than are made",
            ));
        }
        let recipient = parse(new.recipient)?;
        Ok(Self {
            id: SlotId::from_random(random::id_bytes()?),
            kind: new.kind,
            name: one_line(new.name)?,
            created: now,
            recipient: recipient.to_string(),
            wrapped: wrap(unlock, &recipient)?,
            escrow: new.escrow.map(str::to_owned),
            cards: new.cards,
            proven: None,
            kept_at: Vec::new(),
        })
    }

    /// Gives it another name.
    pub(crate) fn rename(&mut self, name: &str) -> Result<(), Error> {
        self.name = one_line(name)?;
        Ok(())
    }

    /// A copy is no more where it was.
    pub(crate) fn forget_copy(&mut self, place: &str) {
        self.kept_at.retain(|kept| kept.place != place);
    }

    /// Notes where a copy is, or that it is still there.
    pub(crate) fn note_copy(&mut self, place: &str, now: UnixMillis) -> Result<(), Error> {
        let place = one_line(place)?;
        if let Some(kept) = self.kept_at.iter_mut().find(|kept| kept.place == place) {
            kept.noted = now;
            return Ok(());
        }
        if self.kept_at.len() >= MOST_COPIES {
            return Err(Error::Malformed("no more than 20 places are kept for one key"));
        }
        self.kept_at.push(KeptAt { place, noted: now });
        Ok(())
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
        let id = self.id.to_string();
        let created = self.created.0.to_be_bytes();
        let mut parts: Vec<&[u8]> = vec![
            id.as_bytes(),
            self.kind.name().as_bytes(),
            self.name.as_bytes(),
            &created,
            self.recipient.as_bytes(),
        ];
        let cards = self.cards.map(|cards| [cards.needed, cards.made]);
        if let Some(cards) = &cards {
            parts.extend([b"cards".as_slice(), cards]);
        }
        let proven = self.proven.map(|proven| proven.0.to_be_bytes());
        if let Some(proven) = &proven {
            parts.extend([b"proven".as_slice(), proven]);
        }
        let noted: Vec<[u8; 8]> = self
            .kept_at
            .iter()
            .map(|kept| kept.noted.0.to_be_bytes())
            .collect();
        for (kept, noted) in self.kept_at.iter().zip(&noted) {
            parts.extend([b"kept".as_slice(), kept.place.as_bytes(), noted]);
        }
        aead::associated_data(&parts)
    }
}

/// Places noted for one key.
const MOST_COPIES: usize = 20;

fn one_line(text: &str) -> Result<String, Error> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 100 || text.chars().any(char::is_control) {
        return Err(Error::Malformed(
            "names and places of keys are one line of at most 100 characters",
        ));
    }
    Ok(text.to_owned())
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
