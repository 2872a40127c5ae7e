//! The server's API as typed functions over `shared::wire`, one file per noun.

pub mod account;
pub mod auth;
pub mod backups;
pub mod changes;
pub mod command_line;
pub mod environments;
pub mod error;
pub mod folders;
pub mod identities;
pub mod instance;
pub mod keys;
pub mod kits;
pub mod onboarding;
pub mod projects;
pub mod request;
pub mod restore;
pub mod runbook;
pub mod secrets;
pub mod sessions;
pub mod settings;
pub mod setup;
pub mod system;
pub mod tags;
pub mod tls;
pub mod token;
pub mod unlock;
