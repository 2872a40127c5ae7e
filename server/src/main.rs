//! The binary `strongroom`: argv in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    server::cli::run(std::env::args_os())
}
