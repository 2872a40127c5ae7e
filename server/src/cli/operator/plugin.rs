//! age plugins, such as those of hardware tokens. They run here, on the machine and as the user of whoever gives the command,
//! never in the server: that keeps a file which only the plugin opens.

use age::Callbacks;
use age::plugin::{self, IdentityPluginV1, RecipientPluginV1, ResolveError};
use age::secrecy::SecretString;
use shared::model::text::SecretText;

use crate::app::data_dir::DataDir;
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;
use crate::cli::prompt;
use crate::crypto::identity::{self, Identity};
use crate::crypto::keyring::{self, SlotKind};
use crate::crypto::{escrow, keyfile};

/// The identity in an age file for a recipient of a plugin, with the name of the plugin.
pub fn wrap(kept: &Identity, recipient: &str) -> Result<(String, String), Failure> {
    let recipient: plugin::Recipient = recipient
        .trim()
        .parse()
        .map_err(|why: &str| unusable(&format!("The recipient is none of an age plugin: {why}")))?;
    let name = recipient.plugin().to_owned();
    let plugin =
        RecipientPluginV1::new(&name, &[recipient], &[], Terminal).map_err(|error| missing(&name, &error))?;
    let escrow = escrow::for_recipient(kept, &plugin).map_err(|why| unusable(&why))?;
    Ok((name, escrow))
}

/// The key that a text with identities of plugins opens, among those that the store of a data directory keeps. A text without
/// any is the key itself.
pub fn unwrap(key: SecretText, dir: &DataDir) -> Result<SecretText, Failure> {
    let lines = key.expose().lines().map(str::trim);
    let identities: Vec<plugin::Identity> = lines.filter_map(|line| line.parse().ok()).collect();
    if identities.is_empty() {
        return Ok(key);
    }
    let cannot = |why: String| Failure::new("The keyring cannot be read").because(why);
    let loaded = keyfile::load(dir.path()).map_err(|error| cannot(error.to_string()))?;
    let loaded = loaded.ok_or_else(|| cannot("There is none in the data directory".to_owned()))?;
    let escrows = keyring::escrows(&loaded.text).map_err(|error| cannot(error.to_string()))?;
    let mut why = "None of its keys was made for a plugin".to_owned();
    for identity in &identities {
        let name = identity.plugin();
        let plugin =
            IdentityPluginV1::new(name, &identities, Terminal).map_err(|error| missing(name, &error))?;
        for (_, file) in escrows.iter().filter(|(kind, _)| *kind == SlotKind::Plugin) {
            match escrow::try_open(file, &plugin) {
                Ok(opened) => return Ok(identity::secret_text(&opened)),
                Err(refused) => why = refused,
            }
        }
    }
    Err(Failure::new("The plugin does not open the store").because(why))
}

fn missing(name: &str, error: &ResolveError) -> Failure {
    match error {
        ResolveError::MissingPlugin { binary_name } => {
            unusable(&format!("There is no program {binary_name} on the PATH.")).advise(format!(
                "Install the age plugin {name} on this machine, and give the command here"
            ))
        }
        other => unusable(&other.to_string()),
    }
}

fn unusable(why: &str) -> Failure {
    Failure::new("The plugin cannot be used").because(why)
}

/// What a plugin asks and says reaches the person at the terminal.
#[derive(Clone)]
struct Terminal;

impl Callbacks for Terminal {
    fn display_message(&self, message: &str) {
        Printer::of_process().note(message);
    }

    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        let printer = Printer::of_process();
        let choices = no.map_or_else(|| yes.to_owned(), |no| format!("{yes} / {no}"));
        let typed = prompt::line(&printer, &format!("{message} ({choices})")).ok()?;
        Some(typed.trim().eq_ignore_ascii_case(yes))
    }

    fn request_public_string(&self, description: &str) -> Option<String> {
        prompt::line(&Printer::of_process(), description).ok()
    }

    fn request_passphrase(&self, description: &str) -> Option<SecretString> {
        let typed = prompt::hidden(&Printer::of_process(), description).ok()?;
        Some(SecretString::from(typed.expose().to_owned()))
    }
}
