//! Infisical's routes: one file for each resource, version aliases side by side.

pub mod access_tokens;
pub mod admin;
pub mod auth;
pub mod environments;
pub mod folders;
pub mod identities;
pub mod members;
pub mod organizations;
pub mod places;
pub mod projects;
pub mod secret_imports;
pub mod secrets;
pub mod status;
pub mod universal_auth;
