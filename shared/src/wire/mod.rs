//! The shapes that travel over HTTP. Most are Infisical's, field for field, so that its clients work unchanged;
//! [`account`], [`backups`], [`changes`], [`instance`], [`kits`], [`onboarding`], [`restore`], [`sessions`], [`setup`],
//! [`system`], [`tls`] and [`unlock`] are our own, under `/api/strongroom/v1`.
//!
//! Unknown fields are ignored everywhere, as Infisical does: its clients send extra ones.

pub mod account;
pub mod auth;
pub mod backups;
pub mod changes;
pub mod environments;
pub mod error;
pub mod folders;
pub mod identities;
pub mod instance;
pub mod keys;
pub mod kits;
pub mod members;
pub mod onboarding;
pub mod organizations;
pub mod projects;
pub mod restore;
pub mod secret_imports;
pub mod secrets;
pub mod service_tokens;
pub mod sessions;
pub mod settings;
pub mod setup;
pub mod system;
pub mod tags;
pub mod tls;
pub mod token_auth;
pub mod universal_auth;
pub mod unlock;
