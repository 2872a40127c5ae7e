//! `serve`: the server itself.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::DataDirArgs;
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Where to keep everything.
    #[command(flatten)]
    pub data_dir: DataDirArgs,
    /// Address and port to listen on
    #[arg(
        long,
        value_name = "ADDR:PORT",
        env = "STRONGROOM_LISTEN",
        default_value = "127.0.0.1:8080"
    )]
    pub listen: SocketAddr,
    /// age identity that unlocks the store, if it is not in the data directory
    #[arg(long, value_name = "FILE", env = "STRONGROOM_IDENTITY_FILE")]
    pub identity: Option<PathBuf>,
    /// Exit instead of waiting for somebody to unlock the store
    #[arg(long)]
    pub fail_if_locked: bool,
}

/// Runs `serve`.
pub async fn run(_args: ServeArgs, _printer: &Printer) -> Result<(), Failure> {
    std::future::ready(Err(Failure::new("serve is not available in this build"))).await
}
