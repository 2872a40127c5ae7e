//! Where the server's own identity is: what it has at hand to open the store when it starts.
//!
//! Each switch makes a new identity, so that a copy of the old one opens nothing that is written from then on. Its slot is in
//! both generations of the keyring before the old one goes: whatever instant the process ends at, and whichever of the two files
//! is lost afterwards, what was at hand before or what is at hand now opens the store. Given again, the same command goes on
//! where it ended.

use std::path::Path;

use shared::model::keys::IdentityPlace;

use super::data_dir::DataDir;
use super::keys::{Act, explain, slot_of};
use crate::crypto::identity::{self, Identity};
use crate::crypto::keyring::{self, Keyring, NewSlot, Slot, SlotKind, fingerprint};
use crate::crypto::{self, keyfile, private_file};
use crate::domain::caller::Caller;
use crate::domain::{Context, Error};

/// Where it is now.
pub fn place(keyring: &Keyring, data_dir: Option<&DataDir>) -> IdentityPlace {
    if !keyring.slots().iter().any(is_servers) {
        IdentityPlace::Nowhere
    } else if data_dir.is_some_and(|dir| dir.identity().exists()) {
        IdentityPlace::DataDir
    } else {
        IdentityPlace::Elsewhere
    }
}

impl<P> Act<'_, P>
where
    P: Fn(&mut Context) -> Result<Caller, Error> + Clone + Send + 'static,
{
    /// The server's identity is a new one in the data directory.
    pub(super) fn identity_in_data_dir(&self) -> Result<String, Error> {
        let path = self.data_dir.identity();
        if path.symlink_metadata().is_err() {
            let new = identity::generate();
            // The slot comes first: a file that is no key of the store would be in the way of the next try.
            self.add_slot_of(&identity::recipient(&new))?;
            identity::keep_server_identity(self.data_dir.path(), &new, self.now)?;
        }
        let lying =
            identity::read_identities(&path).map_err(|error| in_the_way(&path, &error.to_string()))?;
        let kept = slots_opened_by(&self.opened.keyring(), &lying)
            .into_iter()
            .find(is_servers)
            .ok_or_else(|| in_the_way(&path, "it is not the server's identity"))?;
        self.keep_only(Some(&kept.recipient))?;
        if kept.proven.is_none() {
            // It was read from the disk a moment ago and opens the store, as at a start.
            self.opened.change_keyring(self.data_dir, |keyring| {
                let change = |slot: &mut Slot| {
                    slot.proven = Some(self.now);
                    Ok(())
                };
                keyring.describe_slot(kept.id, change).map_err(explain)
            })?;
        }
        Ok(format!(
            "{}. A file elsewhere that held it before is of no use any more: delete it",
            IdentityPlace::DataDir.words()
        ))
    }

    /// The server's identity is the one of this recipient. Its file lies safely on disk already.
    pub(super) fn identity_elsewhere(&self, recipient: &str) -> Result<String, Error> {
        self.add_slot_of(recipient)?;
        self.require_in_both_files(recipient)?;
        let left = self.leave_data_dir(Some(recipient))?;
        Ok(IdentityPlace::Elsewhere.words().to_owned() + &left)
    }

    /// The server has no identity of its own.
    pub(super) fn identity_nowhere(&self) -> Result<String, Error> {
        if self.opened.keyring().slots().iter().any(is_servers) {
            require_another(&self.opened.keyring())?;
        }
        let left = self.leave_data_dir(None)?;
        Ok(IdentityPlace::Nowhere.words().to_owned() + &left)
    }

    /// Deletes the identity in the data directory, then its slot: as long as the file lies there, the keyring knows whose it
    /// is. Answers with what is to be said about a file that stays.
    fn leave_data_dir(&self, kept: Option<&str>) -> Result<String, Error> {
        let path = self.data_dir.identity();
        let taken = match private_file::read(&path)? {
            None => None,
            Some(text) => match self.require_outgoing(&text, kept) {
                Ok(()) => {
                    let removed = self.data_dir.remove(std::slice::from_ref(&path));
                    removed.map_err(crypto::Error::file(&path))?;
                    Some(text)
                }
                Err(why) => {
                    self.keep_only(kept)?;
                    return Ok(format!(
                        ". {} was not deleted: {why}. Look at it and move it away",
                        path.display()
                    ));
                }
            },
        };
        self.keep_only(kept).inspect_err(|_| {
            let Some(text) = taken else { return };
            if let Err(error) = private_file::replace(&path, text.as_bytes()) {
                tracing::error!(%error, "the server's identity is gone already, and its slot is not: give the command again");
            }
        })?;
        Ok(String::new())
    }

    /// Refuses what was not the server's own, whatever it is, and what is still to open the store.
    fn require_outgoing(&self, text: &str, kept: Option<&str>) -> Result<(), String> {
        let keyring = self.opened.keyring();
        for lying in identity::parse_identities(text)? {
            let recipient = identity::recipient(&lying);
            if Some(recipient.as_str()) == kept {
                return Err("it opens the store".to_owned());
            }
            let is_it = |slot: &Slot| is_servers(slot) && slot.recipient == recipient;
            if !keyring.slots().iter().any(is_it) {
                return Err("it is not what the server put there".to_owned());
            }
        }
        Ok(())
    }

    /// Makes a recipient a key of the store and the server's own, unless it is.
    fn add_slot_of(&self, recipient: &str) -> Result<(), Error> {
        let is_it = |slot: &Slot| is_servers(slot) && slot.recipient == recipient;
        if self.opened.keyring().slots().iter().any(is_it) {
            return Ok(());
        }
        self.opened.change_keyring(self.data_dir, |keyring| {
            let new = NewSlot::plain(SlotKind::Server, "Server", recipient);
            let id = keyring.add_slot(&new, self.now).map_err(explain)?;
            self.record(Some(&slot_of(keyring, id)?))
        })
    }

    /// Writes the keyring once more unless its previous generation knows the recipient too: whichever file is lost, the other
    /// one opens with it.
    fn require_in_both_files(&self, recipient: &str) -> Result<(), Error> {
        let previous = private_file::read(&self.data_dir.path().join(keyfile::PREVIOUS))?;
        let previous = previous.and_then(|text| keyring::fingerprints(&text).ok());
        let own = fingerprint(recipient);
        if previous.is_some_and(|slots| slots.iter().any(|slot| slot.fingerprint == own)) {
            return Ok(());
        }
        self.opened.change_keyring(self.data_dir, |keyring| {
            let slot = keyring.slots().iter().find(|slot| slot.recipient == recipient);
            let id = slot.ok_or(crypto::Error::UnknownSlot)?.id;
            Ok(keyring.describe_slot(id, |_| Ok(()))?)
        })
    }

    /// Takes away all that are the server's own but the one of this recipient. Without any there must be another key that is
    /// known to work.
    fn keep_only(&self, kept: Option<&str>) -> Result<(), Error> {
        let goes = |slot: &&Slot| is_servers(slot) && Some(slot.recipient.as_str()) != kept;
        if !self.opened.keyring().slots().iter().any(|slot| goes(&slot)) {
            return Ok(());
        }
        self.opened.change_keyring(self.data_dir, |keyring| {
            let going: Vec<Slot> = keyring.slots().iter().filter(goes).cloned().collect();
            if kept.is_none() {
                require_another(keyring)?;
            }
            for slot in &going {
                keyring.remove_slot(slot.id).map_err(explain)?;
            }
            self.record(going.first())
        })
    }
}

/// Refuses to leave the store without a key that is known to work.
fn require_another(keyring: &Keyring) -> Result<(), Error> {
    let unlocked_by = keyring.unlocked_by().map(|slot| slot.id);
    let works = |slot: &Slot| !is_servers(slot) && (slot.proven.is_some() || Some(slot.id) == unlocked_by);
    if keyring.slots().iter().any(works) {
        return Ok(());
    }
    Err(Error::Conflict(
        "The server's identity is the last key that is known to work. Prove another one first: give it back once, so that it \
         is certain that it opens the store. Nothing was changed"
            .into(),
    ))
}

fn is_servers(slot: &Slot) -> bool {
    slot.kind == SlotKind::Server
}

fn slots_opened_by(keyring: &Keyring, identities: &[Identity]) -> Vec<Slot> {
    let opened = keyring.opened_by(identities);
    let slots = keyring.slots().iter();
    slots.filter(|slot| opened.contains(&slot.id)).cloned().collect()
}

fn in_the_way(path: &Path, why: &str) -> Error {
    Error::Conflict(format!(
        "{} is in the way: {why}. Move it out of the data directory first. Nothing was changed",
        path.display()
    ))
}
