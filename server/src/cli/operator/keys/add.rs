//! Further ways to open the store.

use std::path::PathBuf;

use clap::Args;
use shared::model::keys::KeysAct;

use super::act;
use crate::cli::failure::Failure;
use crate::cli::operator::{StoreArgs, plugin};
use crate::cli::printer::Printer;
use crate::cli::prompt;
use crate::crypto::identity;

/// A new unlocker with a name.
#[derive(Debug, Args)]
pub struct NamedArgs {
    /// Name of the unlocker, to tell it from others
    #[arg(long)]
    pub name: Option<String>,
    /// The server's data.
    #[command(flatten)]
    pub store: StoreArgs,
}

/// Arguments of `keys add-ssh`.
#[derive(Debug, Args)]
pub struct SshArgs {
    /// File with the public key (ssh-ed25519 or ssh-rsa)
    #[arg(value_name = "FILE")]
    pub public_key: PathBuf,
    /// The name and the store.
    #[command(flatten)]
    pub named: NamedArgs,
}

/// Arguments of `keys add-plugin`.
#[derive(Debug, Args)]
pub struct PluginArgs {
    /// The plugin's recipient, such as age1yubikey1…
    pub recipient: String,
    /// The name and the store.
    #[command(flatten)]
    pub named: NamedArgs,
}

/// Runs `keys add-passphrase`.
pub async fn passphrase(args: NamedArgs, printer: &Printer) -> Result<(), Failure> {
    let passphrase = if prompt::possible() {
        let typed = prompt::hidden(printer, "New passphrase")?;
        if prompt::hidden(printer, "The same again")? != typed {
            return Err(Failure::new("The two passphrases differ").advise("Nothing was changed. Try again"));
        }
        typed
    } else {
        prompt::piped()?
    };
    let name = args.name.unwrap_or_else(|| "Passphrase".to_owned());
    act(&args.store, KeysAct::AddPassphrase { name, passphrase }, printer).await
}

/// Runs `keys add-ssh`.
pub async fn ssh(args: SshArgs, printer: &Printer) -> Result<(), Failure> {
    let file = args.public_key.display();
    let text = std::fs::read_to_string(&args.public_key)
        .map_err(|error| Failure::new(format!("{file} cannot be read")).because(error.to_string()))?;
    if text.contains("PRIVATE KEY") {
        return Err(Failure::new(format!("{file} is a private key"))
            .advise("Name the public one beside it, which ends in .pub: the private one stays where it is"));
    }
    let name = args.named.name.unwrap_or_else(|| "SSH key".to_owned());
    let public_key = text.trim().to_owned();
    act(
        &args.named.store,
        KeysAct::AddSshKey { name, public_key },
        printer,
    )
    .await
}

/// Runs `keys add-plugin`. The plugin runs here, never in the server; the store gets a file that only the plugin opens.
pub async fn plugin(args: PluginArgs, printer: &Printer) -> Result<(), Failure> {
    let kept = identity::generate();
    let (name, escrow) = plugin::wrap(&kept, &args.recipient)?;
    let plugin_act = KeysAct::AddPlugin {
        name: args.named.name.unwrap_or(name),
        recipient: identity::recipient(&kept),
        escrow,
    };
    act(&args.named.store, plugin_act, printer).await
}

/// Runs `keys add-encryption-key`.
pub async fn encryption_key(args: NamedArgs, printer: &Printer) -> Result<(), Failure> {
    let found = args.store.keys.sources()?.encryption_key;
    let (variable, value) = match found {
        Some((variable, value)) => (variable, value),
        None if prompt::possible() => ("ENCRYPTION_KEY", prompt::hidden(printer, "ENCRYPTION_KEY")?),
        None => ("ENCRYPTION_KEY", prompt::piped()?),
    };
    let name = args.name.unwrap_or_else(|| variable.to_owned());
    act(&args.store, KeysAct::AddEncryptionKey { name, value }, printer).await
}
