//! Rules: who may do what, and what happens when he does. No HTTP, no SQL text, no JSON trees, no waiting.
//!
//! A rule works inside one database transaction, handed to it as [`Context`]; what it returns says what to do
//! outside.

pub mod access;
pub mod access_tokens;
pub mod account;
pub mod audit;
pub mod backups;
pub mod caller;
pub mod client_secrets;
pub mod data_key_rotations;
pub mod data_keys;
pub mod drills;
pub mod environments;
pub mod error;
pub mod folders;
pub mod identities;
pub mod instance;
pub mod keys;
pub mod kits;
pub mod limiter;
pub mod lockouts;
pub mod login;
pub mod machine_login;
pub mod members;
pub mod onboarding;
pub mod organizations;
pub mod places;
pub mod project_users;
pub mod projects;
pub mod proof;
pub mod reauthentication;
pub mod references;
pub mod sealed_settings;
pub mod secret_imports;
pub mod secrets;
pub mod service_tokens;
pub mod sessions;
pub mod settings;
pub mod setup;
pub mod tags;
pub mod tls;
pub mod token_auth;
pub mod tokens;
pub mod trusted_ips;
pub mod universal_auth;
pub mod unlock;
pub mod users;

use shared::model::time::UnixMillis;

pub use error::Error;

use crate::crypto::keyring::Keyring;
use crate::store::Sql;

/// What every rule works with: an open transaction, the keys, the time.
pub struct Context<'a> {
    /// The transaction.
    pub tx: &'a mut dyn Sql,
    /// The open keyring.
    pub keys: &'a Keyring,
    /// The time of the request: one for all it does.
    pub now: UnixMillis,
}
