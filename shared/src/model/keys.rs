//! Keys of an instance: what unlocks its store, the keys inside, and what can be done with them.

use serde::{Deserialize, Serialize};

use super::ids::{ProjectId, SlotId};
use super::text::SecretText;
use super::time::UnixMillis;

/// A key that opens the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unlocker {
    /// Id.
    pub id: SlotId,
    /// Name, to tell it from others.
    pub name: String,
    /// Whose it is.
    pub kind: UnlockerKind,
    /// Short form of the recipient, which people can compare.
    pub fingerprint: String,
    /// When it was added.
    pub created_at: UnixMillis,
    /// The public age recipient, `age1…`.
    pub recipient: String,
    /// Whether it opens backups too, on an empty machine.
    #[serde(default)]
    pub opens_backups: bool,
    /// How many cards there are, and how many of them are needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cards: Option<Cards>,
    /// When somebody last showed that he has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven_at: Option<UnixMillis>,
    /// Where copies are, in the words of those who keep them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept_at: Vec<KeptAt>,
}

/// Cards of which some number together is a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cards {
    /// So many together are the key.
    pub needed: u8,
    /// So many were made.
    pub made: u8,
}

/// A place where somebody keeps a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptAt {
    /// Such as `safe in the office`.
    pub place: String,
    /// When that was last said.
    pub noted_at: UnixMillis,
}

/// Whose key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnlockerKind {
    /// The key with which the server opens the store when it starts.
    Server,
    /// A recovery kit. It opens backups too.
    Kit,
    /// A passphrase.
    Passphrase,
    /// An SSH key.
    Ssh,
    /// An age plugin, such as that of a hardware token.
    Plugin,
    /// Cards that several people hold. Together they open backups too.
    Cards,
    /// Infisical's `ENCRYPTION_KEY`.
    EncryptionKey,
}

impl UnlockerKind {
    /// What people call it, as in the middle of a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Kit => "recovery kit",
            Self::Passphrase => "passphrase",
            Self::Ssh => "SSH key",
            Self::Plugin => "age plugin",
            Self::Cards => "cards",
            Self::EncryptionKey => "ENCRYPTION_KEY",
        }
    }
}

impl Unlocker {
    /// What people call its kind; of cards also how many there are.
    pub fn kind_words(&self) -> String {
        match self.cards {
            Some(cards) => format!("{} of {} cards", cards.needed, cards.made),
            None => self.kind.words().to_owned(),
        }
    }
}

/// Where the identity is with which the server opens its store when it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdentityPlace {
    /// Beside the data.
    DataDir,
    /// In a file that is named at each start.
    Elsewhere,
    /// There is none: somebody brings a key at each start.
    Nowhere,
}

impl IdentityPlace {
    /// Where, and what that protects against; a sentence without its end.
    pub fn words(self) -> &'static str {
        match self {
            Self::DataDir => {
                "The server's identity lies in the data directory. That protects a copied database file or backup, not a copy of \
                 the whole directory"
            }
            Self::Elsewhere => {
                "The server's identity lies in a file outside of the data directory. That protects a copy of the data directory \
                 too, not a copy of the whole machine"
            }
            Self::Nowhere => {
                "The server has no identity of its own: somebody brings another key at each start. That protects a copy of the \
                 whole machine, as long as that key is not on it"
            }
        }
    }
}

/// The keys of an instance and what is under way with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Keys {
    /// What opens the store, oldest first.
    pub unlockers: Vec<Unlocker>,
    /// The unlocker by which the server opened the store, unless it was removed since.
    pub unlocked_by: Option<SlotId>,
    /// Where the server's own key is.
    pub identity: IdentityPlace,
    /// The key over the keys of all projects.
    pub root: RootKey,
    /// The version of the key that signs tokens.
    pub signing_version: u32,
    /// Whether the database file has a key of its own. PostgreSQL's files have none.
    pub has_database_key: bool,
    /// Whether the database file is, or was when the process ended, being encrypted anew.
    pub database_pending: bool,
    /// Rotations of data keys, the latest first.
    pub rotations: Vec<DataKeyRotation>,
}

/// The root key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RootKey {
    /// Its version.
    pub version: u32,
    /// Versions that only older copies of the database need.
    pub retired: Vec<u32>,
    /// Whether data keys are still to be put under it.
    pub pending: bool,
}

/// The latest rotation of a project's data key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DataKeyRotation {
    /// The project.
    pub project: ProjectId,
    /// The version of the key under which everything goes.
    pub version: u32,
    /// How far it is.
    pub state: RotationState,
    /// Versions of secrets that were to be sealed anew when it began.
    pub total: i64,
    /// Versions sealed anew.
    pub done: i64,
    /// Versions that did not open and were left as they are.
    pub unreadable: i64,
    /// When it began.
    pub started_at: UnixMillis,
    /// When it last moved.
    pub updated_at: UnixMillis,
}

/// How far a rotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RotationState {
    /// In the background, now.
    Running,
    /// Stopped for now.
    Paused,
    /// Everything is under the new key, and the old one is gone.
    Done,
    /// Everything that opened is; the old key stays for the rest.
    Incomplete,
}

/// Something to be done with keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum KeysAct {
    /// A passphrase opens the store from now on.
    AddPassphrase {
        /// Name of the unlocker.
        name: String,
        /// The passphrase.
        passphrase: SecretText,
    },
    /// An SSH key opens the store from now on.
    AddSshKey {
        /// Name of the unlocker.
        name: String,
        /// One line of an `authorized_keys` file: `ssh-ed25519 …` or `ssh-rsa …`.
        public_key: String,
    },
    /// Cards open the store from now on, some number of them together. They were made elsewhere.
    AddCards {
        /// Name of the unlocker.
        name: String,
        /// The public half of the key that they are together.
        recipient: String,
        /// So many together are the key.
        needed: u8,
        /// So many were made.
        made: u8,
    },
    /// An age plugin opens the store from now on. The host that has the plugin made the file.
    AddPlugin {
        /// Name of the unlocker.
        name: String,
        /// The public half of the key in the file.
        recipient: String,
        /// An age file with that key in it, for the plugin's recipient.
        escrow: String,
    },
    /// Infisical's `ENCRYPTION_KEY` opens the store from now on.
    AddEncryptionKey {
        /// Name of the unlocker.
        name: String,
        /// The value of the variable.
        value: SecretText,
    },
    /// An unlocker opens the store no more.
    Remove {
        /// Which.
        id: SlotId,
    },
    /// The server's identity is a new one in the data directory from now on.
    IdentityInDataDir,
    /// It is one whose file, outside of the data directory, lies safely on disk already.
    IdentityElsewhere {
        /// The public half of it.
        recipient: String,
    },
    /// The server has none from now on: somebody brings a key at each start.
    IdentityNowhere,
    /// An unlocker is called something else.
    Rename {
        /// Which.
        id: SlotId,
        /// The new name.
        name: String,
    },
    /// Somebody shows that he has an unlocker: a kit, cards, a passphrase. It is looked at and forgotten.
    Prove {
        /// As it would be given to unlock the store.
        key: SecretText,
    },
    /// Somebody keeps a copy of an unlocker somewhere, or looked that it is still there.
    NoteCopy {
        /// Which.
        id: SlotId,
        /// Where, such as `safe in the office`.
        place: String,
    },
    /// A copy is no more where it was.
    ForgetCopy {
        /// Which.
        id: SlotId,
        /// Where it was.
        place: String,
    },
    /// A new root key, and every data key under it. Takes a moment.
    RotateRoot,
    /// The root key before the present one takes its place again.
    RevertRoot,
    /// Retired root keys are destroyed. A copy of the database alone, made before, opens no more; backups do.
    DestroyRetired,
    /// A new data key for one project, or for all. Everything is sealed anew in the background.
    RotateData {
        /// Which project; none means all.
        project: Option<ProjectId>,
    },
    /// Rotations of data keys wait.
    PauseRotation,
    /// They go on.
    ResumeRotation,
    /// A new key that signs tokens. Those signed before stay valid.
    RotateSigning,
    /// The database file is encrypted anew under another key. Writes wait meanwhile.
    RekeyDatabase,
}
