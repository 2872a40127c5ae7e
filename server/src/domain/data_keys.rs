//! Data keys of projects: one random key for each, sealed by a root key of the keyring.

use std::collections::{BTreeSet, HashMap};

use shared::model::ids::{ProjectId, SecretId};
use shared::model::text::SecretText;

use super::{Context, Error, sealed_settings};
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

/// The version of the root key under which everything is.
const ROOT: &str = "keys.root";
/// Versions of root keys that are destroyed, separated by spaces.
const DESTROYED: &str = "keys.root.destroyed";

/// Makes the first data key of a new project.
pub fn create(cx: &mut Context, project: ProjectId) -> Result<(), Error> {
    add(cx, project, 1)
}

/// Makes a new data key, under which everything goes that is written from now on; returns its version.
pub fn renew(cx: &mut Context, project: ProjectId) -> Result<u32, Error> {
    let newest = store::project_keys::list(cx.tx, project)?
        .first()
        .map(|key| key.version);
    let version = newest
        .and_then(|newest| newest.checked_add(1))
        .ok_or(Error::Store(store::Error::Corrupt("project without a data key")))?;
    add(cx, project, version)?;
    Ok(version)
}

fn add(cx: &mut Context, project: ProjectId, version: u32) -> Result<(), Error> {
    let (root_version, root) = cx.keys.current_root();
    if destroyed(cx)?.contains(&root_version) {
        // A keyring from before, in a request that waited very long.
        return Err(Error::Store(store::Error::Conflict));
    }
    let key_sealed = sealed::seal_key(root, root_version, project, version, &Key::random()?)?;
    Ok(store::project_keys::insert(
        cx.tx,
        project,
        &ProjectKey { version, key_sealed },
        cx.now,
    )?)
}

/// Whether data keys may still be under another root key than the keyring's present one.
pub fn needs_rewrap(cx: &mut Context) -> Result<bool, Error> {
    let version = cx.keys.current_root().0.to_string();
    Ok(match store::settings::get(cx.tx, ROOT)? {
        Some(rewrapped) => rewrapped != version,
        None => version != "1",
    })
}

/// Puts every data key under the keyring's present root key; returns how many were not. All or nothing.
pub fn rewrap(cx: &mut Context) -> Result<usize, Error> {
    let (root_version, root) = cx.keys.current_root();
    let mut rewrapped = 0;
    for (project, row) in store::project_keys::all(cx.tx)? {
        if sealed::key_version(&row.key_sealed)? == root_version {
            continue;
        }
        let key = open_one(cx.keys, project, &row)?;
        let key_sealed = sealed::seal_key(root, root_version, project, row.version, &key)?;
        let row = ProjectKey { key_sealed, ..row };
        store::project_keys::reseal(cx.tx, project, &row)?;
        rewrapped += 1;
    }
    sealed_settings::rewrap(cx)?;
    store::settings::set(cx.tx, ROOT, &root_version.to_string())?;
    Ok(rewrapped)
}

/// Makes sure that nothing needs the retired root keys any more, and that nothing will: they may be destroyed then.
pub fn let_go_of_retired(cx: &mut Context) -> Result<(), Error> {
    rewrap(cx)?;
    let mut gone = destroyed(cx)?;
    gone.extend(cx.keys.retired_roots());
    let gone: Vec<String> = gone.iter().map(u32::to_string).collect();
    Ok(store::settings::set(cx.tx, DESTROYED, &gone.join(" "))?)
}

fn destroyed(cx: &mut Context) -> Result<BTreeSet<u32>, Error> {
    let text = store::settings::get(cx.tx, DESTROYED)?.unwrap_or_default();
    Ok(text
        .split_whitespace()
        .filter_map(|version| version.parse().ok())
        .collect())
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
