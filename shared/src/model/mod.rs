//! The vocabulary of the product: identifiers, names, secret text, permissions, changes, time.

pub mod access;
pub mod backups;
pub mod change;
pub mod changes;
pub mod contents;
pub mod ids;
pub mod keys;
pub mod kit;
pub mod names;
pub mod onboarding;
pub mod settings;
pub mod text;
pub mod time;
pub mod tls;
