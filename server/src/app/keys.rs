//! What can be done with the keys of the instance, while it runs: changes of the keyring and its files, each with its record
//! in the database.

use shared::model::ids::SlotId;
use shared::model::keys::{Keys, KeysAct};
use shared::model::text::SecretText;
use shared::model::time::UnixMillis;

use super::data_dir::DataDir;
use super::{App, OpenStore, blocking, server_identity};
use crate::crypto::keyring::{Cards, Keyring, NewSlot, Slot, SlotKind, fingerprint};
use crate::crypto::{self, brought, encryption_key, escrow, identity, policy};
use crate::domain::caller::{Caller, Credential, Source, authenticate};
use crate::domain::{Context, Error, data_key_rotations, data_keys, keys};
use crate::store;

impl App {
    /// Everything about the keys, for who administers the instance.
    pub async fn keys(&self, caller: (Credential, Source)) -> Result<Keys, Error> {
        let identity = server_identity::place(&self.store()?.keyring(), self.data_dir());
        self.read_as(caller, move |cx, caller| keys::state(cx, caller, identity))
            .await
    }

    /// Does something with keys, for who administers the instance; answers with a sentence that says what was done.
    pub async fn act_on_keys(
        &self,
        (credential, source): (Credential, Source),
        act: KeysAct,
    ) -> Result<String, Error> {
        if let KeysAct::IdentityElsewhere { .. } = act {
            // From here nobody can tell whether the file exists: the store would be left without a key to start with.
            return Err(Error::BadRequest(
                "The server's identity is moved on the server itself, where its file is made: strongroom keys identity \
                 --move-to FILE"
                    .into(),
            ));
        }
        let opened = self.store()?;
        let data_dir = self.require_data_dir()?.clone();
        let now = self.clock.now();
        // On a thread of its own, to its end: whoever asked may go away meanwhile.
        blocking(move || {
            perform(&opened, &data_dir, act, now, move |cx| {
                let caller = authenticate(cx, &credential, &source)?;
                caller.require_instance_admin()?;
                Ok(caller)
            })
        })
        .await
    }
}

/// One act on the keys of a store, with who asks for it.
pub(super) struct Act<'a, P> {
    pub(super) opened: &'a OpenStore,
    pub(super) data_dir: &'a DataDir,
    pub(super) now: UnixMillis,
    event: &'static str,
    permit: P,
}

/// Does it. `permit` says who asks, in the transaction of the record. Blocks.
pub fn perform(
    opened: &OpenStore,
    data_dir: &DataDir,
    act: KeysAct,
    now: UnixMillis,
    permit: impl Fn(&mut Context) -> Result<Caller, Error> + Clone + Send + 'static,
) -> Result<String, Error> {
    let event = keys::event(&act);
    let on = Act {
        opened,
        data_dir,
        now,
        event,
        permit,
    };
    match act {
        KeysAct::AddPassphrase { name, passphrase } => on.add_passphrase(&name, &passphrase),
        KeysAct::AddSshKey { name, public_key } => {
            let identity = identity::generate();
            let escrow =
                escrow::for_ssh_key(&identity, &public_key).map_err(|error| invalid("publicKey", &error))?;
            let recipient = identity::recipient(&identity);
            on.add(&NewSlot {
                escrow: Some(&escrow),
                ..NewSlot::plain(SlotKind::Ssh, &name, &recipient)
            })
        }
        KeysAct::AddCards {
            name,
            recipient,
            needed,
            made,
        } => on.add(&NewSlot {
            cards: Some(Cards { needed, made }),
            ..NewSlot::plain(SlotKind::Cards, &name, &recipient)
        }),
        KeysAct::AddPlugin {
            name,
            recipient,
            escrow,
        } => on.add(&NewSlot {
            escrow: Some(&escrow),
            ..NewSlot::plain(SlotKind::Plugin, &name, &recipient)
        }),
        KeysAct::AddEncryptionKey { name, value } => {
            let (_, identity) =
                encryption_key::recognise(&value).map_err(|error| invalid("value", &error))?;
            let recipient = identity::recipient(&identity);
            on.add(&NewSlot::plain(SlotKind::EncryptionKey, &name, &recipient))
        }
        KeysAct::IdentityInDataDir => on.identity_in_data_dir(),
        KeysAct::IdentityElsewhere { recipient } => on.identity_elsewhere(&recipient),
        KeysAct::IdentityNowhere => on.identity_nowhere(),
        KeysAct::Remove { id } => on.remove(id),
        KeysAct::Rename { id, name } => {
            on.describe(id, "now has another name", move |slot| slot.rename(&name))
        }
        KeysAct::Prove { key } => on.prove(&key),
        KeysAct::NoteCopy { id, place } => on.describe(id, "has a note of where a copy is", move |slot| {
            slot.note_copy(&place, now)
        }),
        KeysAct::ForgetCopy { id, place } => on.describe(id, "has one copy less", move |slot| {
            slot.forget_copy(&place);
            Ok(())
        }),
        KeysAct::RotateRoot => on.turn_root(Keyring::rotate_root),
        KeysAct::RevertRoot => on.turn_root(Keyring::revert_root),
        KeysAct::DestroyRetired => on.destroy_retired(),
        KeysAct::RotateData {
            project: Some(project),
        } => {
            on.write(move |cx| {
                if !store::projects::ids_with_trash(cx.tx)?.contains(&project) {
                    return Err(Error::NotFound(format!(
                        "There is no project with the id {project}"
                    )));
                }
                data_key_rotations::begin(cx, project)
            })?;
            Ok("The project has a new key. Its secrets are sealed anew in the background".into())
        }
        KeysAct::RotateData { project: None } => {
            let projects = on.write(data_key_rotations::begin_all)?;
            Ok(format!(
                "Each of {projects} projects has a new key. Their secrets are sealed anew in the background"
            ))
        }
        KeysAct::PauseRotation => {
            let paused = on.write(data_key_rotations::pause)?;
            Ok(format!("{paused} rotations wait until they are resumed"))
        }
        KeysAct::ResumeRotation => {
            let resumed = on.write(data_key_rotations::resume)?;
            Ok(format!("{resumed} rotations go on"))
        }
        KeysAct::RotateSigning => {
            let version = on.change(None, |keyring| keyring.rotate_signing().map_err(Error::from))?;
            Ok(format!(
                "Tokens are signed with key {version} from now on. Those signed before stay valid"
            ))
        }
        KeysAct::RekeyDatabase => on.rekey_database(),
    }
}

impl<P> Act<'_, P>
where
    P: Fn(&mut Context) -> Result<Caller, Error> + Clone + Send + 'static,
{
    /// A change of the database alone, with its record.
    fn write<T: Send + 'static>(
        &self,
        rule: impl Fn(&mut Context) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (permit, event, keys, now) = (self.permit.clone(), self.event, self.opened.keyring(), self.now);
        self.opened.db.write_blocking(move |tx| {
            let cx = &mut Context { tx, keys: &keys, now };
            let caller = permit(cx)?;
            keys::record(cx, &caller, event, None)?;
            rule(cx)
        })
    }

    /// A change of the keyring. Its record comes first: after the keyring nothing may fail, or there would be a change that
    /// nobody knows of.
    fn change<T>(
        &self,
        about: Option<&Slot>,
        change: impl FnOnce(&mut Keyring) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.opened.change_keyring(self.data_dir, |keyring| {
            let changed = change(keyring)?;
            self.record(about)?;
            Ok(changed)
        })
    }

    pub(super) fn record(&self, about: Option<&Slot>) -> Result<(), Error> {
        let (permit, event, keys, now) = (self.permit.clone(), self.event, self.opened.keyring(), self.now);
        let about = about.cloned();
        self.opened.db.write_blocking(move |tx| {
            let cx = &mut Context { tx, keys: &keys, now };
            let caller = permit(cx)?;
            keys::record(cx, &caller, event, about.as_ref())
        })
    }

    fn add(&self, new: &NewSlot) -> Result<String, Error> {
        let slot = self.opened.change_keyring(self.data_dir, |keyring| {
            let id = keyring.add_slot(new, self.now).map_err(explain)?;
            let slot = slot_of(keyring, id)?;
            self.record(Some(&slot))?;
            Ok::<_, Error>(slot)
        })?;
        Ok(format!(
            "{} ({}) opens the store from now on",
            slot.name,
            fingerprint(&slot.recipient)
        ))
    }

    fn add_passphrase(&self, name: &str, passphrase: &SecretText) -> Result<String, Error> {
        policy::check(passphrase, None).map_err(|reason| Error::Invalid {
            field: "passphrase",
            reason: reason.to_string(),
        })?;
        let identity = identity::generate();
        let escrow = escrow::for_passphrase(&identity, passphrase)?;
        self.add(&NewSlot {
            escrow: Some(&escrow),
            ..NewSlot::plain(SlotKind::Passphrase, name, &identity::recipient(&identity))
        })
    }

    /// Removes an unlocker. What would be left must be known to work: another one that somebody has shown, or the key with
    /// which the server starts.
    fn remove(&self, id: SlotId) -> Result<String, Error> {
        let slot = self.opened.change_keyring(self.data_dir, |keyring| {
            let slot = slot_of(keyring, id)?;
            let unlocked_by = keyring.unlocked_by().map(|slot| slot.id);
            let works = |other: &Slot| {
                other.id != id && (other.proven.is_some() || Some(other.id) == unlocked_by)
            };
            if !keyring.slots().iter().any(works) {
                return Err(Error::Conflict(format!(
                    "{} is the last key that is known to work. Prove another one first: give it back once, so that it is \
                     certain that it opens the store",
                    slot.name
                )));
            }
            keyring.remove_slot(id).map_err(explain)?;
            self.record(Some(&slot))?;
            Ok::<_, Error>(slot)
        })?;
        Ok(format!(
            "{} opens the store no more. Backups made before still open with it, and so does a copy of the key files made \
             before: if it was lost, rotate the root key, the data keys and the database key as well",
            slot.name
        ))
    }

    fn describe(
        &self,
        id: SlotId,
        what: &str,
        change: impl FnOnce(&mut Slot) -> Result<(), crypto::Error>,
    ) -> Result<String, Error> {
        let slot = self.opened.change_keyring(self.data_dir, |keyring| {
            keyring.describe_slot(id, change).map_err(explain)?;
            let slot = slot_of(keyring, id)?;
            self.record(Some(&slot))?;
            Ok::<_, Error>(slot)
        })?;
        Ok(format!("{} {what}", slot.name))
    }

    fn prove(&self, key: &SecretText) -> Result<String, Error> {
        let identities = brought::identities(key, &self.opened.keyring_text.load())
            .map_err(|reason| Error::Invalid { field: "key", reason })?;
        let (slot, now) = self.opened.change_keyring(self.data_dir, |keyring| {
            let proven = keyring.opened_by(&identities);
            let Some(id) = proven.first().copied() else {
                return Err(Error::BadRequest(
                    "This key does not open the store. Nothing was changed".into(),
                ));
            };
            keyring.describe_slot(id, |slot| {
                slot.proven = Some(self.now);
                Ok(())
            })?;
            let slot = slot_of(keyring, id)?;
            self.record(Some(&slot))?;
            Ok((slot, self.now))
        })?;
        Ok(format!("{} works. That was noted on {}", slot.name, now.date()))
    }

    /// Another root key becomes the present one, and every data key goes under it. If the process ends between the two, the
    /// next start does the second.
    fn turn_root(
        &self,
        turn: impl FnOnce(&mut Keyring) -> Result<u32, crypto::Error>,
    ) -> Result<String, Error> {
        let version = self.change(None, |keyring| turn(keyring).map_err(explain))?;
        let rewrapped = rewrap(self.opened, self.now)?;
        Ok(format!(
            "Root key {version} is in use; {rewrapped} data keys were put under it. Backups made before open as before"
        ))
    }

    fn destroy_retired(&self) -> Result<String, Error> {
        let destroyed = self.opened.change_keyring(self.data_dir, |keyring| {
            // Looked at with the keyring as it is in use, while nobody else can change it.
            self.write(data_keys::let_go_of_retired)?;
            Ok::<_, Error>(keyring.destroy_retired_roots())
        })?;
        Ok(format!(
            "{destroyed} retired root keys were destroyed. Copies of the database alone, made before, open no more; backups do"
        ))
    }

    /// The new key is in the keyring before the file has it, and the old one until the file has the new one for certain.
    fn rekey_database(&self) -> Result<String, Error> {
        if self.opened.db.dialect() != store::Dialect::Sqlite {
            return Err(Error::BadRequest(
                "This store lies in PostgreSQL, which encrypts its own files: there is no file key to change"
                    .into(),
            ));
        }
        if self.opened.keyring().next_database_key().is_some() {
            // One that could not be finished goes on with its key: a third one would be one too many.
            self.record(None)?;
        } else {
            self.change(None, |keyring| Ok(keyring.prepare_database_key().map(drop)?))?;
        }
        finish_rekey(self.opened, self.data_dir)?;
        Ok("The database file is encrypted under a new key".into())
    }
}

/// Puts every data key under the present root key. Blocks.
pub fn rewrap(opened: &OpenStore, now: UnixMillis) -> Result<usize, Error> {
    let keys = opened.keyring();
    opened
        .db
        .write_blocking(move |tx| data_keys::rewrap(&mut Context { tx, keys: &keys, now }))
}

/// Encrypts the database file under the key that the keyring holds ready, and lets the old one go. Nothing to do without one.
pub fn finish_rekey(opened: &OpenStore, data_dir: &DataDir) -> Result<(), Error> {
    let Some(key) = opened.keyring().next_database_key().map(crypto::Key::to_hex) else {
        return Ok(());
    };
    // A keyring that came into PostgreSQL with a backup may hold a key ready for a file that is not here.
    if opened.db.dialect() == store::Dialect::Sqlite {
        opened.db.rekey_blocking(&key)?;
    }
    opened.change_keyring(data_dir, |keyring| {
        keyring.finish_database_key();
        Ok(())
    })
}

pub(super) fn slot_of(keyring: &Keyring, id: SlotId) -> Result<Slot, Error> {
    let slot = keyring.slots().iter().find(|slot| slot.id == id).cloned();
    slot.ok_or_else(|| Error::NotFound("There is no such key. It may have been removed meanwhile".into()))
}

fn invalid(field: &'static str, error: &crypto::Error) -> Error {
    Error::Invalid {
        field,
        reason: error.to_string(),
    }
}

/// What is wrong with a request, in its words; the rest is not about the request.
pub fn explain(error: crypto::Error) -> Error {
    match error {
        crypto::Error::InvalidRecipient => invalid("recipient", &error),
        crypto::Error::Malformed(reason) => Error::BadRequest(format!("Nothing was changed: {reason}")),
        crypto::Error::SlotExists => Error::Conflict(
            "This key opens the store already; each unlocker needs a key of its own. Nothing was changed"
                .into(),
        ),
        crypto::Error::LastSlot => Error::Conflict(
            "The last key cannot be removed: nothing could open the store afterwards. Add another one first"
                .into(),
        ),
        crypto::Error::UnknownSlot => {
            Error::NotFound("There is no such key. It may have been removed meanwhile".into())
        }
        other => other.into(),
    }
}
