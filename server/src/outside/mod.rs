//! Everything that talks to the world outside this process, apart from the store.

pub mod acme;
pub mod backup_target;
pub mod egress;
pub mod fetch;
pub mod outbound_guard;
pub mod resolver;
pub mod systemd;
