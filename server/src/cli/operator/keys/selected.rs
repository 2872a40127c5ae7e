//! The unlocker that somebody means by a word.

use std::io::sink;

use shared::model::keys::{Keys, Unlocker};

use crate::app::operator::{Command, Reply};
use crate::cli::failure::Failure;
use crate::cli::operator::StoreArgs;
use crate::cli::operator::submit::{submit, unexpected};

/// One unlocker of a store.
pub struct Selected;

impl Selected {
    /// The one with this name, fingerprint or id. One word that means several means none.
    pub async fn of(store: &StoreArgs, word: &str) -> Result<Unlocker, Failure> {
        let keys = keys(store).await?;
        let fingerprint: String = word.split_whitespace().collect();
        let meant: Vec<&Unlocker> = keys
            .unlockers
            .iter()
            .filter(|unlocker| {
                unlocker.name == word
                    || unlocker.id.to_string() == word
                    || unlocker.fingerprint.replace(' ', "") == fingerprint
            })
            .collect();
        let refused = |what: &str| {
            let names: Vec<String> = keys
                .unlockers
                .iter()
                .map(|unlocker| format!("{} ({})", unlocker.name, unlocker.fingerprint))
                .collect();
            Failure::new(format!("{what} is called {word:?}")).advise(format!(
                "Name one of these, or its fingerprint: {}",
                names.join(", ")
            ))
        };
        match meant.as_slice() {
            [one] => Ok((*one).clone()),
            [] => Err(refused("No unlocker")),
            _ => Err(refused("More than one unlocker")),
        }
    }
}

/// Everything about the keys of a store.
pub async fn keys(store: &StoreArgs) -> Result<Keys, Failure> {
    match submit(store, Command::ListKeys, &mut sink()).await? {
        Reply::Keys { keys } => Ok(keys),
        _ => Err(unexpected()),
    }
}
