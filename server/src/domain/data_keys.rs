//! Data keys of projects: one random key for each, sealed by a root key of the keyring.

use std::collections::HashMap;

use shared::model::ids::{ProjectId, SecretId};
use shared::model::text::SecretText;

use super::{Context, Error};
use crate::crypto::Key;
use crate::crypto::keyring::Keyring;
use crate::crypto::sealed::{self, Context as Place};
use crate::store;
use crate::store::project_keys::ProjectKey;

/// The open data keys of a project.
pub struct DataKeys {
    current: u32,
    keys: HashMap<u32, Key>,
}

/// Makes the first data key of a new project.
pub fn create(cx: &mut Context, project: ProjectId) -> Result<(), Error> {
    let (root_version, root) = cx.keys.current_root();
    let key_sealed = sealed::seal_key(root, root_version, project, 1, &Key::random()?)?;
    Ok(store::project_keys::insert(
        cx.tx,
        project,
        &ProjectKey {
            version: 1,
            key_sealed,
        },
        cx.now,
    )?)
}

/// Opens the data keys of a project.
pub fn open(cx: &mut Context, project: ProjectId) -> Result<DataKeys, Error> {
    let rows = store::project_keys::list(cx.tx, project)?;
    let mut keys = HashMap::with_capacity(rows.len());
    let mut current = 0;
    for row in rows {
        let key = open_one(cx.keys, project, &row)?;
        current = current.max(row.version);
        keys.insert(row.version, key);
    }
    if keys.is_empty() {
        return Err(Error::Store(store::Error::Corrupt("project without a data key")));
    }
    Ok(DataKeys { current, keys })
}

fn open_one(keyring: &Keyring, project: ProjectId, row: &ProjectKey) -> Result<Key, Error> {
    Ok(sealed::open_key(
        |version| keyring.root(version),
        project,
        row.version,
        &row.key_sealed,
    )?)
}

/// Which part of a secret is sealed.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    /// The value.
    Value,
    /// The comment.
    Comment,
    /// Metadata and reminder.
    Details,
}

fn secret_place<'a>(secret: &'a str, version: i64, part: Part, owner: &'a str) -> Place<'a> {
    let column = match part {
        Part::Value => "value_sealed",
        Part::Comment => "comment_sealed",
        Part::Details => "details_sealed",
    };
    Place {
        table: "secret_versions",
        row: secret,
        version,
        column,
        owner,
    }
}

impl DataKeys {
    /// Version of the key that new values are sealed with.
    pub fn current_version(&self) -> u32 {
        self.current
    }

    /// Seals a part of a secret version. `owner` is the user of a personal override, or empty.
    pub fn seal(
        &self,
        secret: SecretId,
        version: i64,
        part: Part,
        owner: &str,
        text: &SecretText,
    ) -> Result<Vec<u8>, Error> {
        let key = self
            .keys
            .get(&self.current)
            .ok_or(crate::crypto::Error::UnknownKeyVersion(self.current))?;
        Ok(sealed::seal(
            key,
            self.current,
            &secret_place(&secret.to_string(), version, part, owner),
            text,
        )?)
    }

    /// Opens a part of a secret version; anything swapped or replayed is refused.
    pub fn open(
        &self,
        secret: SecretId,
        version: i64,
        part: Part,
        owner: &str,
        bytes: &[u8],
    ) -> Result<SecretText, Error> {
        let secret = secret.to_string();
        let place = secret_place(&secret, version, part, owner);
        Ok(sealed::open_with(
            |version| self.keys.get(&version),
            &place,
            bytes,
        )?)
    }
}

/// Proof that the keys fit the store: opens the newest data key there is. True also for a store without projects.
pub fn prove(cx: &mut Context) -> Result<bool, Error> {
    match store::project_keys::any(cx.tx)? {
        None => Ok(true),
        Some((project, row)) => Ok(open_one(cx.keys, project, &row).is_ok()),
    }
}
