//! x

pub mod store;

#[cfg(test)]
#[path = "../tests/it/database.rs"]
mod database;
