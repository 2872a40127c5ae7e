//! The keys of the instance, as its administrators see them. Changing them changes files and is done by [`crate::app::keys`].

use shared::model::keys::{
    Cards, DataKeyRotation, IdentityPlace, KeptAt, Keys, KeysAct, RootKey, Unlocker, UnlockerKind,
};

use super::caller::Caller;
use super::{Context, Error, audit, data_keys};
use crate::crypto::keyring::{Slot, SlotKind, fingerprint};
use crate::store::{self, Dialect};

/// Everything there is to know, for who administers the instance.
pub fn state(cx: &mut Context, caller: &Caller, identity: IdentityPlace) -> Result<Keys, Error> {
    caller.require_instance_admin()?;
    state_for_operator(cx, identity)
}

/// The same for the operator at the server's own command line, who may see everything.
pub fn state_for_operator(cx: &mut Context, identity: IdentityPlace) -> Result<Keys, Error> {
    let rotations = store::data_key_rotations::list(cx.tx)?;
    Ok(Keys {
        unlockers: cx.keys.slots().iter().map(unlocker).collect(),
        unlocked_by: cx.keys.unlocked_by().map(|slot| slot.id),
        identity,
        root: RootKey {
            version: cx.keys.current_root().0,
            retired: cx.keys.retired_roots(),
            pending: data_keys::needs_rewrap(cx)?,
        },
        signing_version: cx.keys.current_signing().0,
        has_database_key: cx.tx.dialect() == Dialect::Sqlite,
        database_pending: cx.keys.next_database_key().is_some(),
        rotations: rotations
            .into_iter()
            .map(|rotation| DataKeyRotation {
                project: rotation.project,
                version: rotation.version,
                state: rotation.state,
                total: rotation.total,
                done: rotation.done,
                unreadable: rotation.unreadable,
                started_at: rotation.started,
                updated_at: rotation.updated,
            })
            .collect(),
    })
}

/// A slot of the keyring, as people see it.
pub fn unlocker(slot: &Slot) -> Unlocker {
    Unlocker {
        id: slot.id,
        kind: kind(slot.kind),
        fingerprint: fingerprint(&slot.recipient),
        created_at: slot.created,
        name: slot.name.clone(),
        recipient: slot.recipient.clone(),
        opens_backups: slot.kind.opens_backups(),
        cards: slot.cards.map(|cards| Cards {
            needed: cards.needed,
            made: cards.made,
        }),
        proven_at: slot.proven,
        kept_at: slot
            .kept_at
            .iter()
            .map(|kept| KeptAt {
                place: kept.place.clone(),
                noted_at: kept.noted,
            })
            .collect(),
    }
}

/// What the kind of a slot is called outside.
pub fn kind(kind: SlotKind) -> UnlockerKind {
    match kind {
        SlotKind::Server => UnlockerKind::Server,
        SlotKind::Recovery => UnlockerKind::Kit,
        SlotKind::Passphrase => UnlockerKind::Passphrase,
        SlotKind::Ssh => UnlockerKind::Ssh,
        SlotKind::Plugin => UnlockerKind::Plugin,
        SlotKind::Cards => UnlockerKind::Cards,
        SlotKind::EncryptionKey => UnlockerKind::EncryptionKey,
    }
}

/// Puts an act on record. `about` is the unlocker it is about, before or after.
pub fn record(
    cx: &mut Context,
    caller: &Caller,
    event: &'static str,
    about: Option<&Slot>,
) -> Result<(), Error> {
    let mut entry = audit::Entry::new(event);
    if let Some(slot) = about {
        entry = entry
            .with("kind", slot.kind.name())
            .with("name", &slot.name)
            .with("fingerprint", &fingerprint(&slot.recipient));
    }
    audit::record(cx, caller, &entry)
}

/// What an act is called in the audit log.
pub fn event(act: &KeysAct) -> &'static str {
    match act {
        KeysAct::AddPassphrase { .. }
        | KeysAct::AddSshKey { .. }
        | KeysAct::AddCards { .. }
        | KeysAct::AddPlugin { .. }
        | KeysAct::AddEncryptionKey { .. } => "keys.unlocker.create",
        KeysAct::IdentityInDataDir | KeysAct::IdentityElsewhere { .. } | KeysAct::IdentityNowhere => {
            "keys.identity.move"
        }
        KeysAct::Remove { .. } => "keys.unlocker.delete",
        KeysAct::Rename { .. } => "keys.unlocker.update",
        KeysAct::Prove { .. } => "keys.unlocker.prove",
        KeysAct::NoteCopy { .. } | KeysAct::ForgetCopy { .. } => "keys.unlocker.copies",
        KeysAct::RotateRoot => "keys.root.rotate",
        KeysAct::RevertRoot => "keys.root.revert",
        KeysAct::DestroyRetired => "keys.root.destroy-retired",
        KeysAct::RotateData { .. } => "keys.data.rotate",
        KeysAct::PauseRotation => "keys.data.pause",
        KeysAct::ResumeRotation => "keys.data.resume",
        KeysAct::RotateSigning => "keys.signing.rotate",
        KeysAct::RekeyDatabase => "keys.database.rekey",
    }
}
