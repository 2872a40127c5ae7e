//! Secrets that open the store and have no flag, because arguments are seen by everybody on a machine.

use shared::model::text::SecretText;

use super::{Environment, Problem};

/// The passphrase of the store.
pub const PASSPHRASE: &str = "STRONGROOM_PASSPHRASE";

/// Infisical takes the first one that is set; the second is how a guide calls the first.
pub const ENCRYPTION_KEYS: [&str; 3] = [
    "ENCRYPTION_KEY",
    "INFISICAL_ENCRYPTION_KEY",
    "ROOT_ENCRYPTION_KEY",
];

/// A passphrase for the store, if one is at hand.
pub fn passphrase(environment: &Environment) -> Result<Option<SecretText>, Problem> {
    Ok(environment.said(PASSPHRASE, true)?.map(|(_, value)| value))
}

/// Infisical's key, if one is at hand, and the variable it comes from.
pub fn encryption_key(environment: &Environment) -> Result<Option<(&'static str, SecretText)>, Problem> {
    for name in ENCRYPTION_KEYS {
        if let Some((_, value)) = environment.said(name, true)? {
            return Ok(Some((name, value)));
        }
    }
    Ok(None)
}

/// What is wrong with any of them.
pub fn problems(environment: &Environment) -> Vec<Problem> {
    [PASSPHRASE]
        .into_iter()
        .chain(ENCRYPTION_KEYS)
        .filter_map(|name| environment.said(name, true).err())
        .collect()
}
