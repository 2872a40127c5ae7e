//! Opening the store of a locked server with a key that somebody brings.

use std::sync::Arc;

use shared::model::text::SecretText;

use super::{App, OpenStore, blocking, open};
use crate::crypto::keyring::{self, SlotKind, SlotSummary};
use crate::crypto::{brought, keyfile};
use crate::domain::caller::{Caller, Source};
use crate::domain::unlock::Refused;
use crate::domain::{Context, Error, audit};

impl open::Locked {
    /// The fingerprint by which somebody knows this server: that of the key it misses, which its log names too.
    pub fn fingerprint(&self) -> Option<&str> {
        let server = self.slots.iter().find(|slot| slot.kind == SlotKind::Server);
        server
            .or(self.slots.first())
            .map(|slot| slot.fingerprint.as_str())
    }
}

/// What somebody may bring to open a store: all of its keys but the server's own, which is the one that is missing.
pub fn to_bring(slots: &[SlotSummary]) -> impl Iterator<Item = &SlotSummary> {
    slots.iter().filter(|slot| slot.kind != SlotKind::Server)
}

/// What somebody compared before he sent a key from another machine.
#[derive(Debug, Clone, Default)]
pub struct Confirmation {
    /// The fingerprint, as he says.
    pub given: Option<String>,
    /// That of the certificate of the locked server, if he came by it: then no other one will do.
    pub certificate: Option<String>,
}

impl App {
    /// Opens the store with the keys in a text and goes on as if they had been there at the start; answers with the name
    /// of the key that fits. `confirmed` is what somebody compared; none when he need not, because the key does not leave the
    /// machine.
    pub async fn unlock(
        self: &Arc<Self>,
        keys: &SecretText,
        confirmed: Option<Confirmation>,
        source: Source,
    ) -> Result<String, Error> {
        let (app, keys) = (Arc::clone(self), keys.clone());
        // On a thread of its own, to its end: whoever asked may go away meanwhile.
        blocking(move || app.unlock_blocking(&keys, confirmed.as_ref(), &source)).await
    }

    /// The same for a thread that may block.
    pub fn unlock_blocking(
        self: &Arc<Self>,
        keys: &SecretText,
        confirmed: Option<&Confirmation>,
        source: &Source,
    ) -> Result<String, Error> {
        let locked = self
            .why_locked()
            .ok_or_else(|| Error::BadRequest("The store is not locked. There is nothing to do".into()))?;
        if confirmed.is_some() && locked.slots.is_empty() {
            return Err(Error::Conflict(
                "No key opens this store now: something else is missing or in the way. The server's log says what. Put \
                 that right and start the server again"
                    .into(),
            ));
        }
        if let Some(confirmed) = confirmed
            && (confirmed.given.is_none()
                || confirmed.given.as_deref() != confirmed.certificate.as_deref().or(locked.fingerprint()))
        {
            return Err(Error::Forbidden(
                "Compare the fingerprint first: a key is taken from another machine only with the fingerprint that this \
                 server's log shows. On the server itself it is not needed"
                    .into(),
            ));
        }
        let mut refused = Arc::clone(&self.unlocking).try_lock_owned().map_err(|_| {
            Error::Conflict("Somebody else is unlocking the store at this moment. Try again".into())
        })?;
        refused.require_turn(source, self.clock.now())?;
        self.unlock_with(keys, &mut refused, source)
    }

    fn unlock_with(
        &self,
        keys: &SecretText,
        refused: &mut Refused,
        source: &Source,
    ) -> Result<String, Error> {
        let now = self.clock.now();
        if self.store().is_ok() {
            return Err(Error::BadRequest("The store has been unlocked meanwhile".into()));
        }
        let data_dir = self.require_data_dir()?;
        let keyring = keyfile::load(data_dir.path())?
            .map(|loaded| loaded.text)
            .unwrap_or_default();
        // A passphrase is looked for in the turn as well: it costs half a second of this machine.
        let identities = brought::identities(keys, &keyring).map_err(|reason| Error::Invalid {
            field: "identity",
            reason,
        })?;
        let opened = match open::open_with(data_dir, &identities, now) {
            Ok(Some(opened)) => opened,
            Ok(None) => {
                refused.count(source, now);
                tracing::warn!(ip = source.ip, "a key that does not open the store was refused");
                return Err(Error::Forbidden(refusal(&keyring)?));
            }
            // Whoever reads this holds a key of the store, or the store says it at every start.
            Err(locked) => return Err(Error::Conflict(locked.reason)),
        };
        let name = record(&opened, refused.total(), source, now)?;
        tracing::info!(key = name, "the store was unlocked");
        self.opened.store(Some(Arc::new(opened)));
        self.locked.store(None);
        *refused = Refused::default();
        Ok(name)
    }
}

/// Says what would have been right, as far as anybody may know it.
fn refusal(keyring: &str) -> Result<String, Error> {
    let slots = keyring::fingerprints(keyring)?;
    let others: Vec<String> = to_bring(&slots).map(open::named).collect();
    let what = if others.is_empty() {
        "Only the server's own identity does".to_owned()
    } else {
        format!("It opens with: {}", others.join(", "))
    };
    Ok(format!("This key does not open the store. {what}"))
}

/// Writes down who opened the store, before anybody can use it. Returns the name of the key.
fn record(
    opened: &OpenStore,
    refused: i64,
    source: &Source,
    now: shared::model::time::UnixMillis,
) -> Result<String, Error> {
    let keys = opened.keyring();
    let name = keys
        .unlocked_by()
        .map_or_else(String::new, |slot| slot.name.clone());
    let (caller, key) = (Caller::anonymous(source.clone()), name.clone());
    opened.db.write_blocking(move |tx| {
        let entry = audit::Entry::new("instance.unlock")
            .with("key", &key)
            .with("refusedBefore", &refused);
        audit::record(&mut Context { tx, keys: &keys, now }, &caller, &entry)
    })?;
    Ok(name)
}
