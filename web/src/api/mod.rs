//! The server's API as typed functions over `shared::wire`, one file per noun.

pub mod auth;
pub mod environments;
pub mod error;
pub mod projects;
pub mod request;
pub mod secrets;
pub mod setup;
pub mod system;
