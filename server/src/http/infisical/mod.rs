//! Infisical's routes: one file for each resource, version aliases side by side.

pub mod access_tokens;
pub mod admin;
pub mod auth;
pub mod client_secrets;
pub mod environments;
pub mod folders;
pub mod identities;
pub mod members;
pub mod organizations;
pub mod places;
pub mod project_users;
pub mod projects;
pub mod secret_imports;
pub mod secrets;
pub mod service_tokens;
pub mod status;
pub mod tags;
pub mod token_auth;
pub mod trusted_ips;
pub mod universal_auth;
