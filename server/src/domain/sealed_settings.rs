//! What is configured and must not lie in plain, such as credentials of backup targets: sealed under the root key.

use shared::model::text::SecretText;

use super::{Context, Error};
use crate::crypto::sealed::{self, Context as Place};
use crate::store;

fn place(name: &str) -> Place<'_> {
    Place {
        table: "sealed_settings",
        row: name,
        version: 0,
        column: "value_sealed",
        owner: "",
    }
}

/// The value under a name.
pub fn get(cx: &mut Context, name: &str) -> Result<Option<SecretText>, Error> {
    let Some(bytes) = store::sealed_settings::get(cx.tx, name)? else {
        return Ok(None);
    };
    let opened = sealed::open_with(|version| cx.keys.root(version), &place(name), &bytes)?;
    Ok(Some(opened))
}

/// Sets or replaces the value under a name.
pub fn set(cx: &mut Context, name: &str, value: &SecretText) -> Result<(), Error> {
    let (version, root) = cx.keys.current_root();
    let bytes = sealed::seal(root, version, &place(name), value)?;
    Ok(store::sealed_settings::set(cx.tx, name, &bytes, cx.now)?)
}

/// Puts every value under the keyring's present root key.
pub fn rewrap(cx: &mut Context) -> Result<(), Error> {
    let current = cx.keys.current_root().0;
    for (name, bytes) in store::sealed_settings::all(cx.tx)? {
        if sealed::key_version(&bytes)? != current {
            let value = sealed::open_with(|version| cx.keys.root(version), &place(&name), &bytes)?;
            set(cx, &name, &value)?;
        }
    }
    Ok(())
}
