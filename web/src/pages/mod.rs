//! One file per screen.

pub mod account;
pub mod backups;
pub mod certificates;
pub mod home;
pub mod identities;
pub mod instance;
pub mod locked;
pub mod login;
pub mod not_found;
pub mod project;
pub mod projects;
pub mod recovery;
pub mod restore;
pub mod secrets;
pub mod server_settings;
pub mod settings;
pub mod signup;
pub mod welcome;
