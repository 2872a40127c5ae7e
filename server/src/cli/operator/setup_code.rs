//! `setup-code`: a new code for making the first administrator.

use clap::Args;

use super::DataDirArgs;
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;

/// Arguments of `setup-code`.
#[derive(Debug, Args)]
pub struct SetupCodeArgs {
    /// The server's data.
    #[command(flatten)]
    pub data_dir: DataDirArgs,
}

/// Runs `setup-code`.
pub async fn run(_args: SetupCodeArgs, _printer: &Printer) -> Result<(), Failure> {
    std::future::ready(Err(Failure::new("setup-code is not available in this build"))).await
}
