//! Adding a recovery kit: a change of the keyring and its files, with the record in the database.

use shared::model::names::DisplayName;
use shared::model::time::UnixMillis;

use super::data_dir::DataDir;
use super::keys::explain;
use super::{App, OpenStore, blocking};
use crate::crypto;
use crate::crypto::keyring::{NewSlot, Slot, SlotKind};
use crate::domain::caller::{Caller, Credential, Source, authenticate};
use crate::domain::{Context, Error, kits};

impl App {
    /// Makes a recipient a recovery kit, for who administers the instance.
    pub async fn add_kit(
        &self,
        (credential, source): (Credential, Source),
        name: DisplayName,
        recipient: String,
    ) -> Result<Slot, Error> {
        let opened = self.store()?;
        let data_dir = self.require_data_dir()?.clone();
        let now = self.clock.now();
        blocking(move || {
            add(&opened, &data_dir, name.as_str(), &recipient, now, move |cx| {
                let caller = authenticate(cx, &credential, &source)?;
                caller.require_instance_admin()?;
                Ok(caller)
            })
        })
        .await
    }
}

/// Makes the recipient of a kit a slot of the keyring. `permit` says who asks, in the transaction of the record. That comes
/// first: after the keyring nothing may fail, or there would be a slot whose kit was thrown away. Blocks.
pub fn add(
    opened: &OpenStore,
    data_dir: &DataDir,
    name: &str,
    recipient: &str,
    now: UnixMillis,
    permit: impl Fn(&mut Context) -> Result<Caller, Error> + Send + 'static,
) -> Result<Slot, Error> {
    opened.change_keyring(data_dir, |keyring| {
        let id = keyring
            .add_slot(&NewSlot::plain(SlotKind::Recovery, name, recipient), now)
            .map_err(explain)?;
        let slot = keyring.slots().iter().find(|slot| slot.id == id).cloned();
        let slot = slot.ok_or(crypto::Error::UnknownSlot)?;
        let (kit, keys) = (slot.clone(), opened.keyring());
        opened.db.write_blocking(move |tx| -> Result<(), Error> {
            let cx = &mut Context { tx, keys: &keys, now };
            let caller = permit(cx)?;
            kits::record_added(cx, &caller, &kit)
        })?;
        Ok(slot)
    })
}
