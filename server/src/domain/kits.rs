//! Recovery kits, as administrators of the instance see them. A kit is a slot of the keyring: its public half. Adding one
//! changes files and is done by [`crate::app::kits`].

use shared::model::ids::InstanceId;
use shared::model::time::UnixMillis;

use super::caller::Caller;
use super::{Context, Error, audit, instance};
use crate::crypto::keyring::{Slot, fingerprint};

/// What opens the store.
#[derive(Debug)]
pub struct Kits {
    /// The instance a kit belongs to.
    pub instance: InstanceId,
    /// The server's own key and the kits, oldest first.
    pub unlockers: Vec<Slot>,
    /// When somebody decided to go on without a kit.
    pub skipped_at: Option<UnixMillis>,
}

/// What opens the store, for who administers the instance.
pub fn list(cx: &mut Context, caller: &Caller) -> Result<Kits, Error> {
    caller.require_instance_admin()?;
    Ok(Kits {
        instance: cx.keys.instance(),
        unlockers: cx.keys.slots().to_vec(),
        skipped_at: instance::kit_skipped_at(cx)?,
    })
}

/// Puts on record that a kit is being added.
pub fn record_added(cx: &mut Context, caller: &Caller, kit: &Slot) -> Result<(), Error> {
    let entry = audit::Entry::new("keys.kit.create")
        .with("name", &kit.name)
        .with("fingerprint", &fingerprint(&kit.recipient));
    audit::record(cx, caller, &entry)
}

/// Remembers that somebody decided to go on without a kit; returns when that was first decided.
pub fn skip(cx: &mut Context, caller: &Caller) -> Result<UnixMillis, Error> {
    caller.require_instance_admin()?;
    if let Some(before) = instance::kit_skipped_at(cx)? {
        return Ok(before);
    }
    instance::skip_kit(cx)?;
    audit::record(cx, caller, &audit::Entry::new("keys.kit.skip"))?;
    Ok(cx.now)
}
