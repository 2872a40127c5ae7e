//! Adding a recovery kit: a change of the keyring and its files, with the record in the database.

use shared::model::names::DisplayName;
use shared::model::time::UnixMillis;

use super::data_dir::DataDir;
use super::{App, OpenStore, blocking};
use crate::crypto;
use crate::crypto::keyring::{Slot, SlotKind};
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
            .add_slot(SlotKind::Recovery, name, recipient, now)
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

/// What is wrong with a kit, in the words of the request; the rest is not about the request.
fn explain(error: crypto::Error) -> Error {
    match error {
        crypto::Error::InvalidRecipient => Error::Invalid {
            field: "recipient",
            reason: error.to_string(),
        },
        crypto::Error::Malformed(reason) => Error::Invalid {
            field: "name",
            reason: reason.to_owned(),
        },
        crypto::Error::SlotExists => Error::Conflict(
            "This key opens the store already; each kit needs a key of its own. Nothing was changed".into(),
        ),
        other => other.into(),
    }
}
