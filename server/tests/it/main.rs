//! Tests of the whole program, in one binary: the application in process with a fresh database for each test, and the
//! built command line.
//!
//! The same tests run on SQLite and on PostgreSQL (`database.rs` says how). What is about files only is still a test
//! on PostgreSQL, one that ends at once.

#[cfg(test)]
use server::store;

#[cfg(test)]
mod access_tokens;
#[cfg(test)]
mod account;
#[cfg(test)]
mod app;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod backup;
#[cfg(test)]
mod backup_acts;
#[cfg(test)]
mod backups;
#[cfg(test)]
mod batch;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod command_line;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod control;
#[cfg(test)]
mod database;
#[cfg(test)]
mod environments;
#[cfg(test)]
mod environments_cloning;
#[cfg(test)]
mod etag;
#[cfg(test)]
mod folders;
#[cfg(test)]
mod folders_restoring;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod identities;
#[cfg(test)]
mod instance;
#[cfg(test)]
mod key_rotations;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod kits;
#[cfg(test)]
mod lessons;
#[cfg(test)]
mod login;
#[cfg(test)]
mod machines;
#[cfg(test)]
mod members;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod personal;
#[cfg(test)]
mod projects;
#[cfg(test)]
mod proxies;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod references;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod restore;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod scenario;
#[cfg(test)]
mod secret_details;
#[cfg(test)]
mod secret_imports;
#[cfg(test)]
mod secret_scopes;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod secrets_moving;
#[cfg(test)]
mod server_identity;
#[cfg(test)]
mod service_tokens;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod setup;
#[cfg(test)]
mod system;
#[cfg(test)]
mod tags;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod token_auth;
#[cfg(test)]
mod universal_auth;
#[cfg(test)]
mod unlock;
