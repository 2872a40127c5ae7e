//! Whether a backup restores: it is restored into a scratch database and everything in it is opened, as a restore would.

use std::io;

use shared::model::time::UnixMillis;

use super::restore::into_database;
use super::{Error, Summary};
use crate::app::data_dir::DataDir;
use crate::crypto::Key;
use crate::crypto::identity::Identity;
use crate::domain::caller::Caller;
use crate::store::{Db, SqliteOptions};

/// Restores a backup into `scratch`, an empty directory whose content the caller removes, under a key that nobody keeps.
/// Opens every value, counts every row and compares the Merkle root of what was restored with that of the backup.
pub fn verify(
    file: impl io::Read,
    identities: &[Identity],
    scratch: &DataDir,
    now: UnixMillis,
) -> Result<Summary, Error> {
    let key = Key::random()?.to_hex();
    let open = |_: &_| {
        let options = SqliteOptions {
            create: true,
            ..SqliteOptions::default()
        };
        Ok(Db::open_sqlite(&scratch.database(), &key, &options)?)
    };
    let (db, _, summary) = into_database(file, identities, now, &Caller::operator(), &open)?;
    db.close_blocking()?;
    Ok(summary)
}
