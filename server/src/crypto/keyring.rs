//! All long-lived keys of an instance, and the ways to unlock them.
//!
//! The keys are sealed under an unlock key. Each slot holds that unlock key in an age file of its own, so that an
//! unlocker can be added, listed or removed by itself and every slot opens with the stock `age` tool. Rotating keys
//! changes what is sealed and needs no unlocker.
//!
//! The file shows ids, names and public recipients of the slots: that is what the page of a locked server needs.
//! Nobody without the unlock key can change them unnoticed, because they are associated data of the sealed part; a
//! planted recipient would otherwise receive the next backup.

use std::collections::BTreeMap;

use age::x25519;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use shared::model::ids::{InstanceId, SlotId};
use shared::model::text::SecretText;
use shared::model::time::UnixMillis;
use zeroize::Zeroizing;

use super::{Error, Key, aead};

mod document;
mod slot;

use document::{Document, FORMAT, associated_data};
pub use shared::model::kit::fingerprint;
pub use slot::{Cards, KeptAt, NewSlot, Slot, SlotKind, SlotSummary};

/// What a keyring file tells without being unlocked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The instance it belongs to.
    pub instance: InstanceId,
    /// Counts every change.
    pub generation: u64,
    /// The ways to unlock it.
    pub slots: Vec<SlotSummary>,
}

/// The unlocked keyring. A clone can be changed and stored before it takes the place of the one in use.
#[derive(Debug, Clone)]
pub struct Keyring {
    instance: InstanceId,
    generation: u64,
    slots: Vec<Slot>,
    /// The slot by which it was opened; in a new one the first.
    unlocked_by: Option<SlotId>,
    unlock: Key,
    keys: Keys,
}

/// The sealed part.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    created: UnixMillis,
    root: Versions,
    signing: Versions,
    database: Stored,
    /// The key under which the database file is being encrypted anew. While it is here, the file may have either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    database_next: Option<Stored>,
    token_hash: Stored,
    index: Stored,
}

/// A key with its predecessors. A retired root key stays, because an old copy of the database may need it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Versions {
    version: u32,
    key: Stored,
    retired: BTreeMap<u32, Stored>,
}

/// A key that may be written into the sealed part; [`Key`] itself cannot be serialized, so that none strays elsewhere.
#[derive(Debug, Clone)]
struct Stored(Key);

impl Serialize for Stored {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_hex())
    }
}

impl<'de> Deserialize<'de> for Stored {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = SecretText::deserialize(deserializer)?;
        Key::from_hex(text.expose()).map(Self).map_err(D::Error::custom)
    }
}

impl Stored {
    fn random() -> Result<Self, Error> {
        Key::random().map(Self)
    }
}

impl Versions {
    fn first() -> Result<Self, Error> {
        Ok(Self {
            version: 1,
            key: Stored::random()?,
            retired: BTreeMap::new(),
        })
    }

    fn get(&self, version: u32) -> Option<&Key> {
        if version == self.version {
            return Some(&self.key.0);
        }
        self.retired.get(&version).map(|stored| &stored.0)
    }

    /// Makes the version before the present one the present one again; the other one stays, retired.
    fn revert(&mut self) -> Result<u32, Error> {
        let before = self
            .retired
            .range(..self.version)
            .next_back()
            .map(|(version, _)| *version);
        let version = before.ok_or(Error::Malformed("there is no earlier key to go back to"))?;
        let key = self
            .retired
            .remove(&version)
            .ok_or(Error::UnknownKeyVersion(version))?;
        let reverted = std::mem::replace(&mut self.key, key);
        self.retired.insert(self.version, reverted);
        self.version = version;
        Ok(version)
    }

    fn rotate(&mut self) -> Result<u32, Error> {
        let newest = self
            .retired
            .keys()
            .next_back()
            .copied()
            .unwrap_or(0)
            .max(self.version);
        let version = newest
            .checked_add(1)
            .ok_or(Error::Malformed("key versions have run out"))?;
        let old = std::mem::replace(&mut self.key, Stored::random()?);
        self.retired.insert(self.version, old);
        self.version = version;
        Ok(version)
    }
}

/// What a keyring file tells without being unlocked. Fails if it is damaged, and so is the test for that.
pub fn summary(text: &str) -> Result<Summary, Error> {
    Document::parse(text).map(Document::summary)
}

/// The slots of a keyring file, for the page of a locked server.
pub fn fingerprints(text: &str) -> Result<Vec<SlotSummary>, Error> {
    summary(text).map(|summary| summary.slots)
}

/// The age files of a keyring file that hold identities of slots, each with the kind of key that opens it.
pub fn escrows(text: &str) -> Result<Vec<(SlotKind, String)>, Error> {
    let slots = Document::parse(text)?.slots;
    Ok(slots
        .into_iter()
        .filter_map(|slot| Some((slot.kind, slot.escrow?)))
        .collect())
}

impl Keyring {
    /// Fresh keys and no slot yet: without one, [`Keyring::to_file_text`] refuses.
    pub fn create(instance: InstanceId, now: UnixMillis) -> Result<Self, Error> {
        Ok(Self {
            instance,
            generation: 0,
            slots: Vec::new(),
            unlocked_by: None,
            unlock: Key::random()?,
            keys: Keys {
                created: now,
                root: Versions::first()?,
                signing: Versions::first()?,
                database: Stored::random()?,
                database_next: None,
                token_hash: Stored::random()?,
                index: Stored::random()?,
            },
        })
    }

    /// Opens a keyring file with whichever identity fits whichever slot.
    pub fn open(text: &str, identities: &[x25519::Identity]) -> Result<Self, Error> {
        let document = Document::parse(text)?;
        let sealed = STANDARD
            .decode(&document.sealed)
            .map_err(|_| Error::Malformed("the sealed part of the keyring is not base64"))?;
        let associated = associated_data(
            document.format,
            document.instance,
            document.generation,
            &document.slots,
        );
        let mut refused = Error::NoIdentityOpens;
        for slot in &document.slots {
            for identity in identities {
                let Some(unlock) = slot.unwrap_with(identity) else {
                    continue;
                };
                match aead::open(&unlock, &associated, &sealed) {
                    Ok(json) => {
                        let keys = serde_json::from_slice(&json)
                            .map_err(|_| Error::Malformed("the keys inside the keyring"))?;
                        return Ok(Self {
                            instance: document.instance,
                            generation: document.generation,
                            unlocked_by: Some(slot.id),
                            slots: document.slots,
                            unlock,
                            keys,
                        });
                    }
                    // Another slot may still be whole.
                    Err(error) => refused = error,
                }
            }
        }
        Err(refused)
    }

    /// The file to store. Nothing in it is secret without an unlocker. Every call gives another text (a fresh nonce),
    /// so make it once for each change and keep it for [`super::keyfile::ensure`].
    pub fn to_file_text(&self) -> Result<String, Error> {
        if self.slots.is_empty() {
            return Err(Error::LastSlot);
        }
        // Room for all of it at once: growing would leave keys in freed memory.
        let count = self.keys.root.retired.len() + self.keys.signing.retired.len();
        let mut json = Zeroizing::new(Vec::with_capacity(1024 + 128 * count));
        serde_json::to_writer(&mut *json, &self.keys).map_err(|_| Error::Malformed("keyring"))?;
        let associated = associated_data(FORMAT, self.instance, self.generation, &self.slots);
        let mut document = Document {
            format: FORMAT,
            instance: self.instance,
            generation: self.generation,
            slots: self.slots.clone(),
            sealed: STANDARD.encode(aead::seal(&self.unlock, &associated, &json)?),
            checksum: None,
        };
        document.checksum = Some(document.checksum()?);
        let mut text = serde_json::to_string_pretty(&document).map_err(|_| Error::Malformed("keyring"))?;
        text.push('\n');
        Ok(text)
    }

    /// Adds a way to unlock the keyring. Only the public recipient is needed.
    pub fn add_slot(&mut self, new: &NewSlot, now: UnixMillis) -> Result<SlotId, Error> {
        let slot = Slot::new(new, now, &self.unlock)?;
        if self.slots.iter().any(|other| other.recipient == slot.recipient) {
            return Err(Error::SlotExists);
        }
        let id = slot.id;
        if self.slots.is_empty() {
            self.unlocked_by = Some(id);
        }
        self.slots.push(slot);
        self.generation += 1;
        Ok(id)
    }

    /// Changes what is written down about a slot.
    pub fn describe_slot(
        &mut self,
        id: SlotId,
        change: impl FnOnce(&mut Slot) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let slot = self.slots.iter_mut().find(|slot| slot.id == id);
        change(slot.ok_or(Error::UnknownSlot)?)?;
        self.generation += 1;
        Ok(())
    }

    /// The slots that these identities open, as they are now. So somebody shows that he has the key.
    pub fn opened_by(&self, identities: &[x25519::Identity]) -> Vec<SlotId> {
        let opens = |slot: &&Slot| {
            identities
                .iter()
                .filter_map(|identity| slot.unwrap_with(identity))
                .any(|unlock| unlock.matches(&self.unlock))
        };
        self.slots.iter().filter(opens).map(|slot| slot.id).collect()
    }

    /// Takes a way to unlock the keyring away and makes a new unlock key, so that the removed one is of no use even
    /// for who kept the old unlock key. It still opens copies of the file made before. The last slot stays.
    pub fn remove_slot(&mut self, id: SlotId) -> Result<(), Error> {
        if !self.slots.iter().any(|slot| slot.id == id) {
            return Err(Error::UnknownSlot);
        }
        if self.slots.len() == 1 {
            return Err(Error::LastSlot);
        }
        let unlock = Key::random()?;
        let kept = self.slots.iter().filter(|slot| slot.id != id);
        let slots = kept
            .map(|slot| slot.rewrapped(&unlock))
            .collect::<Result<_, _>>()?;
        self.unlock = unlock;
        self.slots = slots;
        self.generation += 1;
        Ok(())
    }

    /// A new root key for everything wrapped from now on; returns its version. The old one stays readable.
    pub fn rotate_root(&mut self) -> Result<u32, Error> {
        let version = self.keys.root.rotate()?;
        self.generation += 1;
        Ok(version)
    }

    /// Goes back to the root key before the present one; returns its version.
    pub fn revert_root(&mut self) -> Result<u32, Error> {
        let version = self.keys.root.revert()?;
        self.generation += 1;
        Ok(version)
    }

    /// Versions of the root keys that only older copies of the database need.
    pub fn retired_roots(&self) -> Vec<u32> {
        self.keys.root.retired.keys().copied().collect()
    }

    /// Destroys the retired root keys. Whatever is still under one of them is lost: the caller has looked.
    pub fn destroy_retired_roots(&mut self) -> usize {
        let destroyed = std::mem::take(&mut self.keys.root.retired).len();
        self.generation += 1;
        destroyed
    }

    /// A new key for the embedded database file, beside the present one until [`Keyring::finish_database_key`].
    pub fn prepare_database_key(&mut self) -> Result<&Key, Error> {
        if self.keys.database_next.is_none() {
            self.generation += 1;
        }
        let next = match self.keys.database_next.take() {
            Some(next) => next,
            None => Stored::random()?,
        };
        Ok(&self.keys.database_next.insert(next).0)
    }

    /// The key that [`Keyring::prepare_database_key`] made, while the file may have it.
    pub fn next_database_key(&self) -> Option<&Key> {
        self.keys.database_next.as_ref().map(|next| &next.0)
    }

    /// The file has the new key: the old one is forgotten. Nothing to do without a new one.
    pub fn finish_database_key(&mut self) {
        if let Some(next) = self.keys.database_next.take() {
            self.keys.database = next;
            self.generation += 1;
        }
    }

    /// A new key for tokens signed from now on; returns its `kid`. Tokens signed before stay valid.
    pub fn rotate_signing(&mut self) -> Result<u32, Error> {
        let kid = self.keys.signing.rotate()?;
        self.generation += 1;
        Ok(kid)
    }

    /// Keeps every key out of swap. Refused where the limit of locked memory is used up; nothing else depends on it.
    pub fn keep_in_memory(&self) -> std::io::Result<()> {
        let keys = &self.keys;
        let single = [&keys.database, &keys.token_hash, &keys.index].into_iter();
        let versions = [&keys.root, &keys.signing].into_iter();
        let versions = versions.flat_map(|versions| versions.retired.values().chain([&versions.key]));
        let all = single.chain(versions).chain(&keys.database_next);
        all.map(|stored| &stored.0)
            .chain([&self.unlock])
            .try_for_each(Key::keep_in_memory)
    }

    /// The instance all of this belongs to.
    pub fn instance(&self) -> InstanceId {
        self.instance
    }

    /// Counts every change; the file with the higher number is the newer one.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// When the keys were made.
    pub fn created(&self) -> UnixMillis {
        self.keys.created
    }

    /// The ways to unlock it.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The way by which it was unlocked, unless that was taken away since.
    pub fn unlocked_by(&self) -> Option<&Slot> {
        self.slots.iter().find(|slot| Some(slot.id) == self.unlocked_by)
    }

    /// The root key of a version, current or retired.
    pub fn root(&self, version: u32) -> Option<&Key> {
        self.keys.root.get(version)
    }

    /// The root key under which new data keys are wrapped, with its version.
    pub fn current_root(&self) -> (u32, &Key) {
        (self.keys.root.version, &self.keys.root.key.0)
    }

    /// The signing key that a token's `kid` names.
    pub fn signing(&self, kid: u32) -> Option<&Key> {
        self.keys.signing.get(kid)
    }

    /// The key that signs new tokens, with its `kid`.
    pub fn current_signing(&self) -> (u32, &Key) {
        (self.keys.signing.version, &self.keys.signing.key.0)
    }

    /// The key of the embedded database file.
    pub fn database_key(&self) -> &Key {
        &self.keys.database.0
    }

    /// The key for [`super::token::keyed_hash`].
    pub fn token_key(&self) -> &Key {
        &self.keys.token_hash.0
    }

    /// The key for keyed hashes that make encrypted columns searchable.
    pub fn index_key(&self) -> &Key {
        &self.keys.index.0
    }

    /// The public recipients of all kits and sets of cards: to whom backups are encrypted.
    pub fn recovery_recipients(&self) -> Vec<String> {
        let kits = self.slots.iter().filter(|slot| slot.kind.opens_backups());
        kits.map(|slot| slot.recipient.clone()).collect()
    }
}

#[cfg(test)]
mod tests;
