//! The vocabulary of the product: identifiers, names, secret text, permissions, time.

pub mod access;
pub mod ids;
pub mod names;
pub mod text;
pub mod time;
