//! Whether the database is as new as its keyring. Each change of the keyring is noted in the database before it is stored, so a
//! database that knows less is an older copy, put back without the key files that belong to it.

use crate::store::{self, Db, Tx, settings};

const NOTED: &str = "keys.generation";

/// Notes a change of the keyring that is about to be stored.
pub fn note(tx: Tx, generation: u64) -> Result<(), store::Error> {
    settings::set(tx, NOTED, &generation.to_string())
}

/// Forgets what was noted: a restored store gets key files of its own.
pub fn forget(tx: Tx) -> Result<(), store::Error> {
    settings::remove(tx, NOTED)
}

/// Whether the database lacks changes of a keyring of this generation. `accepted`: somebody knows and wants it all the same.
pub fn is_older(db: &Db, generation: u64, accepted: bool) -> Result<bool, store::Error> {
    let noted = db.read_blocking(|tx| settings::get(tx, NOTED))?;
    let noted = noted.and_then(|noted| noted.parse::<u64>().ok());
    match noted {
        Some(noted) if noted < generation && !accepted => Ok(true),
        // One more is a change that was noted and never stored.
        Some(noted) if noted >= generation => Ok(false),
        _ => {
            db.write_blocking(move |tx| note(tx, generation))?;
            Ok(false)
        }
    }
}
