//! Strongroom: a self-hosted secrets manager in one binary.
//!
//! ```text
//! main → cli ─► shared::wire ─► shared::model        http ─► domain ─► store, crypto        jobs ─► domain
//!        cli::operator ─► app ─► http, jobs, domain
//! ```
//!
//! Each layer has one verb: wire *speaks*, [`http`] *translates*, [`domain`] *decides*, [`store`] *remembers*. The same
//! noun has the same file name in each of them. [`crypto`] holds keys and ciphertext, [`app`] puts a running server
//! together, [`tls`] is which certificate a connection finds, [`config`] is what it is told before it starts, [`jobs`] is the
//! work nobody waits for.

pub mod app;
pub mod backup;
pub mod cli;
pub mod clock;
pub mod config;
pub mod crypto;
pub mod domain;
pub mod http;
pub mod jobs;
pub mod observe;
pub mod outside;
pub mod store;
pub mod tls;

#[cfg(test)]
#[path = "../tests/it/database.rs"]
mod database;
