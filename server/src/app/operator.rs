//! What an operator does at the server's own command line. The same act runs in process when nobody holds the data
//! directory, and in the running server when it does ([`super::control`]).

use std::io::Write;

use serde::{Deserialize, Serialize};
use shared::model::names::Email;
use shared::model::text::SecretText;
use shared::model::time::UnixMillis;

use super::data_dir::DataDir;
use super::{App, OpenStore};
use crate::backup;
use crate::crypto::keyring::{Keyring, SlotKind};
use crate::crypto::{identity, keyfile, policy};
use crate::domain::caller::Caller;
use crate::domain::users::NewUser;
use crate::domain::{Context, Error, audit, setup, users};

/// An operator's act.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Command {
    /// A new set-up code.
    SetupCode,
    /// A further user.
    CreateUser {
        /// Address.
        email: Email,
        /// First name, may be empty.
        name: String,
        /// Password.
        password: SecretText,
    },
    /// A new recovery kit.
    CreateKit {
        /// What it is called in lists.
        name: String,
    },
    /// A backup to all recovery kits, written to the output.
    Backup,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum Reply {
    /// The new set-up code.
    SetupCode {
        /// To be typed.
        code: SecretText,
        /// When it stops working.
        expires: UnixMillis,
    },
    /// The user was made.
    UserCreated {
        /// Address.
        email: String,
    },
    /// The new kit.
    Kit {
        /// Text of an age identity file.
        text: SecretText,
        /// Fingerprint of its recipient.
        fingerprint: String,
    },
    /// The whole backup was written.
    BackedUp {
        /// What is in it.
        summary: backup::Summary,
    },
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A rule said no.
    #[error(transparent)]
    Domain(#[from] Error),
    /// The backup could not be written.
    #[error(transparent)]
    Backup(#[from] backup::Error),
    /// The keyring could not be changed.
    #[error(transparent)]
    Crypto(#[from] crate::crypto::Error),
}

/// Does it. Progress of a backup goes to `output` as the file itself.
pub fn perform(
    app: &App,
    data_dir: &DataDir,
    command: Command,
    output: &mut (dyn Write + Send),
) -> Result<Reply, Failure> {
    let opened = app.store()?;
    let now = app.clock.now();
    match command {
        Command::SetupCode => {
            let (code, expires) = write(&opened, now, |cx| {
                let made = setup::new_code(cx)?;
                audit::record(cx, &Caller::operator(), &audit::Entry::new("instance.setup-code"))?;
                Ok(made)
            })?;
            Ok(Reply::SetupCode { code, expires })
        }
        Command::CreateUser {
            email,
            name,
            password,
        } => {
            policy::check(&password, Some(&email)).map_err(|reason| Error::Invalid {
                field: "password",
                reason: reason.to_string(),
            })?;
            let new = NewUser {
                email,
                first_name: name,
                last_name: String::new(),
                password_hash: app.passwords.hash(&password)?,
                instance_admin: false,
            };
            let user = write(&opened, now, move |cx| users::create_by_operator(cx, &new))?;
            Ok(Reply::UserCreated { email: user.email })
        }
        Command::CreateKit { name } => create_kit(&opened, data_dir, &name, now),
        Command::Backup => {
            write(&opened, now, |cx| {
                audit::record(cx, &Caller::operator(), &audit::Entry::new("backup.create"))
            })?;
            let summary = backup::write::write(&opened.db, &opened.keyring(), now, output)?;
            Ok(Reply::BackedUp { summary })
        }
    }
}

/// Runs a writing rule from a thread that may block.
fn write<T: Send + 'static>(
    opened: &OpenStore,
    now: UnixMillis,
    rule: impl Fn(&mut Context) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let keys = opened.keyring();
    opened
        .db
        .write_blocking(move |tx| rule(&mut Context { tx, keys: &keys, now }))
}

/// Makes a kit: a new age identity whose recipient becomes a slot of the keyring. The identity itself is returned and
/// never stored.
fn create_kit(opened: &OpenStore, data_dir: &DataDir, name: &str, now: UnixMillis) -> Result<Reply, Failure> {
    let files = opened.keyring_files();
    let mut keyring = Keyring::clone(&opened.keyring());
    let kit = identity::generate();
    let recipient = identity::recipient(&kit);
    keyring.add_slot(SlotKind::Recovery, name, &recipient, now)?;
    let fingerprint = crate::crypto::keyring::fingerprint(&recipient);
    let text = identity::kit_text(&kit, keyring.instance(), now);
    let file_text = keyring.to_file_text()?;
    keyfile::store(data_dir.path(), &file_text)?;
    opened.set_keyring(keyring, file_text);
    drop(files);
    let (entry_name, entry_fingerprint) = (name.to_owned(), fingerprint.clone());
    write(opened, now, move |cx| {
        let entry = audit::Entry::new("keys.kit.create")
            .with("name", &entry_name)
            .with("fingerprint", &entry_fingerprint);
        audit::record(cx, &Caller::operator(), &entry)
    })?;
    Ok(Reply::Kit { text, fingerprint })
}
