//! One file per screen.

pub mod home;
pub mod locked;
pub mod login;
pub mod not_found;
pub mod projects;
pub mod secrets;
pub mod signup;
