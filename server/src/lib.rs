//! The Strongroom appliance and its command line client.
//!
//! * [`cli`]: the command line: what the binary does with its arguments.
//! * [`outside`]: everything that talks to the world.

pub mod cli;
pub mod outside;
