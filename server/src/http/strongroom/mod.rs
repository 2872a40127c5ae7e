//! Our own routes under `/api/strongroom/v1`.

pub mod account;
pub mod backups;
pub mod changes;
pub mod environments;
pub mod folders;
pub mod instance;
pub mod keys;
pub mod kits;
pub mod onboarding;
pub mod restore;
pub mod runbook;
pub mod sessions;
pub mod settings;
pub mod setup;
pub mod system;
pub mod tls;
pub mod unlock;
