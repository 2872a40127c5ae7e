//! `unlock`: opens the store of a running, locked server.

use std::io::sink;

use clap::Args;

use super::StoreArgs;
use super::keys::given_key;
use super::submit::{running, said};
use crate::app::open::named;
use crate::app::operator::Command;
use crate::app::unlock::to_bring;
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;
use crate::cli::prompt;
use crate::crypto::{keyfile, keyring};

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
    if store.keys.identity.is_none() && prompt::possible() {
        say_what_opens(&store, printer)?;
    }
    let key = given_key(&mut store, printer)?;
    said(running(&store, &Command::Unlock { key }, &mut sink())?, printer)
}

/// The keys among which a person may choose. Damaged key files are the server's to explain.
fn say_what_opens(store: &StoreArgs, printer: &Printer) -> Result<(), Failure> {
    let dir = store.data_dir.dir()?;
    let loaded = keyfile::load(dir.path()).ok().flatten();
    let slots = loaded.and_then(|loaded| keyring::fingerprints(&loaded.text).ok());
    let opens: Vec<String> = to_bring(&slots.unwrap_or_default()).map(named).collect();
    if !opens.is_empty() {
        printer.note(&format!("The store opens with:\n  {}", opens.join("\n  ")));
    }
    Ok(())
}
