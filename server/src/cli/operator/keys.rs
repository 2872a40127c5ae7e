//! `keys`: what unlocks the store, and rotating what is inside.

mod add;
mod cards;
mod identity;
mod kit;
mod list;
mod selected;

use clap::{Args, Subcommand};
use shared::model::ids::ProjectId;
use shared::model::keys::KeysAct;
use std::io::sink;
use std::path::Path;

use super::key_args::IDENTITY_FILE;
use super::submit::{said, submit};
use super::{StoreArgs, plugin};
use crate::app::operator::Command;
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;
use crate::cli::prompt;
use crate::crypto::private_file;
use selected::Selected;
use shared::model::text::SecretText;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Show what opens the store, and what is under way with its keys
    #[command(after_help = "Examples:
  strongroom keys list
  strongroom keys list --json")]
    List(list::ListArgs),
    /// Make a recovery kit: a file that opens the store and its backups
    #[command(after_help = "Examples:
  strongroom keys kit --output recovery-kit.txt
  strongroom keys kit --data-dir /srv/strongroom --output kit.txt --name safe")]
    Kit(kit::KitArgs),
    /// Let a passphrase open the store
    #[command(after_help = "The passphrase is asked for, or read from standard input.

Examples:
  strongroom keys add-passphrase --name desk
  strongroom keys add-passphrase < passphrase.txt")]
    AddPassphrase(add::NamedArgs),
    /// Let an SSH key open the store
    #[command(after_help = "Examples:
  strongroom keys add-ssh ~/.ssh/id_ed25519.pub
  strongroom unlock --identity ~/.ssh/id_ed25519")]
    AddSsh(add::SshArgs),
    /// Let an age plugin, such as that of a hardware token, open the store
    #[command(
        after_help = "The plugin (age-plugin-NAME) must be on the PATH of this machine.

Examples:
  strongroom keys add-plugin age1yubikey1qtest --name token"
    )]
    AddPlugin(add::PluginArgs),
    /// Let a variable of Infisical's open the store.
    #[command(about = "Let Infisical's ENCRYPTION_KEY or ROOT_ENCRYPTION_KEY open the store")]
    #[command(after_help = "The value is taken from the variable, or asked for.

Examples:
  ENCRYPTION_KEY=… strongroom keys add-encryption-key")]
    AddEncryptionKey(add::NamedArgs),
    /// Make cards, some number of which together open the store and its backups
    #[command(after_help = "Each card is a file of its own, for a person of its own.

Examples:
  strongroom keys add-cards --needed 3 --made 5 --output cards
  strongroom keys combine-cards --output kit.txt < cards.txt")]
    AddCards(cards::AddArgs),
    /// Put cards together to the key that they are
    #[command(after_help = "Cards are read from standard input, one to a line.

Examples:
  cat card-1.txt card-4.txt card-5.txt | strongroom keys combine-cards --output kit.txt")]
    CombineCards(cards::CombineArgs),
    /// Show or choose where the key is with which the server starts by itself
    #[command(after_help = "Each choice protects against something else:
  --in-data-dir   a copied database file or backup, not a copy of the whole data directory [the first start]
  --move-to FILE  a copy of the data directory too, not a copy of the whole machine
  --none          a copy of the whole machine too: somebody brings another key at each start

A new identity takes the place of the old one; the server runs on meanwhile. Interrupted, give the same command again.

Examples:
  strongroom keys identity
  strongroom keys identity --move-to /etc/strongroom/identity
  strongroom serve --identity /etc/strongroom/identity
  strongroom keys identity --none
  strongroom keys identity --in-data-dir")]
    Identity(identity::IdentityArgs),
    /// Show that a key works: it is opened once and forgotten
    #[command(after_help = "Examples:
  strongroom keys prove --identity kit.txt
  strongroom keys prove                     asks for a passphrase")]
    Prove(ProveArgs),
    /// Take an unlocker away
    #[command(after_help = "Examples:
  strongroom keys remove 'old kit'
  strongroom keys remove 1f2e3d4c5b6a7988")]
    Remove(SelectArgs),
    /// Give an unlocker another name
    #[command(after_help = "Examples:
  strongroom keys rename 'Recovery kit' 'kit in the safe'")]
    Rename(RenameArgs),
    /// Note where a copy of an unlocker is kept
    #[command(after_help = "Examples:
  strongroom keys note-copy 'Recovery kit' 'safe in the office'")]
    NoteCopy(CopyArgs),
    /// Forget where a copy was
    #[command(after_help = "Examples:
  strongroom keys forget-copy 'Recovery kit' 'safe in the office'")]
    ForgetCopy(CopyArgs),
    /// Make a new root key and put the keys of all projects under it
    #[command(
        after_help = "No restart, no change of variables; backups made before open as before. To take it back: revert-root.

Examples:
  strongroom keys rotate-root"
    )]
    RotateRoot(StoreArgs),
    /// Go back to the root key before the present one
    #[command(after_help = "Examples:
  strongroom keys revert-root")]
    RevertRoot(StoreArgs),
    /// Destroy retired root keys: this ends what revert-root can take back
    #[command(
        after_help = "Copies of the database file alone, made before, open no more afterwards. Backups do.

Examples:
  strongroom keys destroy-retired"
    )]
    DestroyRetired(StoreArgs),
    /// Give projects new data keys and seal everything anew in the background
    #[command(after_help = "Examples:
  strongroom keys rotate-data
  strongroom keys rotate-data --project 01234567-89ab-4cde-8f01-23456789abcd")]
    RotateData(RotateDataArgs),
    /// Let rotations of data keys wait
    #[command(after_help = "Examples:
  strongroom keys pause-rotation")]
    PauseRotation(StoreArgs),
    /// Go on with rotations of data keys
    #[command(after_help = "Examples:
  strongroom keys resume-rotation")]
    ResumeRotation(StoreArgs),
    /// Sign tokens with a new key; those signed before stay valid
    #[command(after_help = "Examples:
  strongroom keys rotate-signing")]
    RotateSigning(StoreArgs),
    /// Encrypt the database file anew under another key
    #[command(
        after_help = "Needs as much free disk again as the file has. Killed in the middle, it goes on at the next start.

Examples:
  strongroom keys rekey-database"
    )]
    RekeyDatabase(StoreArgs),
}

/// One unlocker.
#[derive(Debug, Args)]
pub struct SelectArgs {
    /// Its name, fingerprint or id
    pub unlocker: String,
    /// The server's data.
    #[command(flatten)]
    pub store: StoreArgs,
}

/// Arguments of `keys rename`.
#[derive(Debug, Args)]
pub struct RenameArgs {
    /// Its name, fingerprint or id
    pub unlocker: String,
    /// The new name
    pub name: String,
    /// The server's data.
    #[command(flatten)]
    pub store: StoreArgs,
}

/// Arguments of `keys note-copy` and `keys forget-copy`.
#[derive(Debug, Args)]
pub struct CopyArgs {
    /// Its name, fingerprint or id
    pub unlocker: String,
    /// Where the copy is
    pub place: String,
    /// The server's data.
    #[command(flatten)]
    pub store: StoreArgs,
}

/// Arguments of `keys prove`.
#[derive(Debug, Args)]
pub struct ProveArgs {
    /// The server's data; `--identity` names the kit, the cards or the SSH key that is proven.
    #[command(flatten)]
    pub store: StoreArgs,
}

/// Arguments of `keys rotate-data`.
#[derive(Debug, Args)]
pub struct RotateDataArgs {
    /// Id of the project [default: every project]
    #[arg(long)]
    pub project: Option<ProjectId>,
    /// The server's data.
    #[command(flatten)]
    pub store: StoreArgs,
}

/// Runs `keys`.
pub async fn run(command: KeysCommand, printer: &Printer) -> Result<(), Failure> {
    match command {
        KeysCommand::List(args) => list::run(args, printer).await,
        KeysCommand::Kit(args) => kit::run(args, printer).await,
        KeysCommand::AddPassphrase(args) => add::passphrase(args, printer).await,
        KeysCommand::AddSsh(args) => add::ssh(args, printer).await,
        KeysCommand::AddPlugin(args) => add::plugin(args, printer).await,
        KeysCommand::AddEncryptionKey(args) => add::encryption_key(args, printer).await,
        KeysCommand::AddCards(args) => cards::add(args, printer).await,
        KeysCommand::CombineCards(args) => cards::combine(&args, printer),
        KeysCommand::Identity(args) => identity::run(args, printer).await,
        KeysCommand::Prove(args) => prove(args, printer).await,
        KeysCommand::Remove(args) => {
            let id = Selected::of(&args.store, &args.unlocker).await?.id;
            act(&args.store, KeysAct::Remove { id }, printer).await
        }
        KeysCommand::Rename(args) => {
            let id = Selected::of(&args.store, &args.unlocker).await?.id;
            act(&args.store, KeysAct::Rename { id, name: args.name }, printer).await
        }
        KeysCommand::NoteCopy(args) => {
            let id = Selected::of(&args.store, &args.unlocker).await?.id;
            act(
                &args.store,
                KeysAct::NoteCopy {
                    id,
                    place: args.place,
                },
                printer,
            )
            .await
        }
        KeysCommand::ForgetCopy(args) => {
            let id = Selected::of(&args.store, &args.unlocker).await?.id;
            act(
                &args.store,
                KeysAct::ForgetCopy {
                    id,
                    place: args.place,
                },
                printer,
            )
            .await
        }
        KeysCommand::RotateRoot(store) => act(&store, KeysAct::RotateRoot, printer).await,
        KeysCommand::RevertRoot(store) => act(&store, KeysAct::RevertRoot, printer).await,
        KeysCommand::DestroyRetired(store) => act(&store, KeysAct::DestroyRetired, printer).await,
        KeysCommand::RotateData(args) => {
            let project = args.project;
            act(&args.store, KeysAct::RotateData { project }, printer).await
        }
        KeysCommand::PauseRotation(store) => act(&store, KeysAct::PauseRotation, printer).await,
        KeysCommand::ResumeRotation(store) => act(&store, KeysAct::ResumeRotation, printer).await,
        KeysCommand::RotateSigning(store) => act(&store, KeysAct::RotateSigning, printer).await,
        KeysCommand::RekeyDatabase(store) => act(&store, KeysAct::RekeyDatabase, printer).await,
    }
}

/// Has it done, and says what was done.
async fn act(store: &StoreArgs, act: KeysAct, printer: &Printer) -> Result<(), Failure> {
    said(submit(store, Command::Keys(act), &mut sink()).await?, printer)
}

async fn prove(args: ProveArgs, printer: &Printer) -> Result<(), Failure> {
    let mut store = args.store;
    // Here it is what is to be proven, not what opens the store.
    let key = given_key(&mut store, printer)?;
    act(&store, KeysAct::Prove { key }, printer).await
}

/// The key in the file that `--identity` names, which then names nothing else, or one that is typed.
pub fn given_key(store: &mut StoreArgs, printer: &Printer) -> Result<SecretText, Failure> {
    let Some(file) = store.keys.identity.take() else {
        return if prompt::possible() {
            prompt::hidden(printer, "Passphrase, or the last line of a recovery kit")
        } else {
            prompt::piped()
        };
    };
    if std::env::var_os(IDENTITY_FILE).is_some_and(|named| named == file.as_os_str()) {
        printer.note(&format!(
            "Taking the key in {}, which {IDENTITY_FILE} names. To bring another, name it with --identity, or unset the \
             variable to be asked",
            file.display()
        ));
    }
    let key = key_in(&file).map_err(|why| Failure::new("The key cannot be read").because(why))?;
    plugin::unwrap(key, &store.data_dir.dir()?)
}

/// The text of a file with a key. The error names the file.
pub fn key_in(file: &Path) -> Result<SecretText, String> {
    let text = private_file::read(file).map_err(|error| error.to_string())?;
    let text = text.ok_or_else(|| format!("{}: there is no such file", file.display()))?;
    Ok(SecretText::from(text.as_str()))
}
