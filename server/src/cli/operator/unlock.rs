//! `unlock`: opens the store of a running, locked server.

use std::io::sink;

use clap::Args;

use super::StoreArgs;
use super::keys::given_key;
use super::submit::{running, unexpected};
use crate::app::operator::{Command, Reply};
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;

/// Arguments of `unlock`.
#[derive(Debug, Args)]
pub struct UnlockArgs {
    /// The server's data; `--identity` names the kit, the cards or the SSH key.
    #[command(flatten)]
    pub store: StoreArgs,
}

/// Runs `unlock`.
pub fn run(args: UnlockArgs, printer: &Printer) -> Result<(), Failure> {
    let mut store = args.store;
    let key = given_key(store.keys.identity.take(), printer)?;
    match running(&store, &Command::Unlock { key }, &mut sink())? {
        Reply::Done { message } => {
            printer.note(&format!("{message}."));
            Ok(())
        }
        _ => Err(unexpected()),
    }
}
