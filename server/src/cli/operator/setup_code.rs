//! `setup-code`: a new code for making the first administrator.

use clap::Args;
use serde_json::json;

use super::StoreArgs;
use super::submit::{submit, unexpected};
use crate::app::operator::{Command, Reply};
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;

/// Arguments of `setup-code`.
#[derive(Debug, Args)]
pub struct SetupCodeArgs {
    /// The server's data.
    #[command(flatten)]
    pub store: StoreArgs,
}

/// Runs `setup-code`: the code is the data.
pub async fn run(args: SetupCodeArgs, printer: &Printer) -> Result<(), Failure> {
    match submit(&args.store, Command::SetupCode, &mut std::io::sink()).await? {
        Reply::SetupCode { code, expires } => {
            if !printer.is_json() {
                printer.note(&format!(
                    "The setup code works until {expires}. Enter it at /admin/signup."
                ));
            }
            let value = json!({"code": code.expose(), "expires": expires});
            printer.result(|| format!("{}\n", code.expose()), &value)
        }
        _ => Err(unexpected()),
    }
}
