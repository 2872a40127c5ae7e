//! Black-box tests of the built program: its command line, its HTTP interface, its pages in a real browser.
//!
//! This library is what the tests stand on. It knows the program only from outside: the binary, its arguments, the
//! bytes on its sockets, the files it leaves.

pub mod clients;
pub mod copy_targets;
pub mod database;
pub mod desk;
pub mod dotenv;
pub mod golden;
pub mod http;
pub mod instance;
pub mod namespace;
pub mod program;
pub mod server;
pub mod shell;
pub mod tls;
pub mod visit;

use std::io::Write as _;

/// Whether tests that take minutes were asked for.
pub fn long() -> bool {
    std::env::var_os("STRONGROOM_TEST_LONG").is_some_and(|value| !value.is_empty() && value != "0")
}

/// Says what a test measured or left out, also when it passes: the test runner shows printed text of failures only.
pub fn say(text: std::fmt::Arguments) {
    let mut stderr = std::io::stderr().lock();
    // Without standard error nobody listens.
    let _ = writeln!(stderr, "-- {text}");
}
