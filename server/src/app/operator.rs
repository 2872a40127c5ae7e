//! What an operator does at the server's own command line. The same act runs in process when nobody holds the data
//! directory, and in the running server when it does ([`super::control`]).

use std::io::{self, Write};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use shared::model::backups::{Backups, BackupsAct, Drill};
use shared::model::keys::{Keys, KeysAct};
use shared::model::names::Email;
use shared::model::text::SecretText;
use shared::model::time::UnixMillis;
use shared::model::tls::TlsState;
use tokio::runtime::Builder;

use super::data_dir::DataDir;
use super::{App, backups as app_backups, keys as app_keys, kits, runbook, server_identity};
use crate::backup;
use crate::backup::write::Progress;
use crate::crypto::keyring::{Slot, SlotKind, fingerprint};
use crate::crypto::policy;
use crate::domain::caller::Caller;
use crate::domain::users::NewUser;
use crate::domain::{Context, Error, audit, backups, instance, keys, setup, users};
use crate::store;

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
    /// A new password for somebody who lost the old one.
    ResetPassword {
        /// Address.
        email: Email,
        /// The new one.
        password: SecretText,
    },
    /// Logins of somebody who failed too often.
    UnlockUser {
        /// Address.
        email: Email,
    },
    /// What a person should know who looks after the server.
    Report,
    /// A recovery kit that lies safely on disk already. Its secret never gets here.
    AddKit {
        /// What it is called in lists.
        name: String,
        /// Public recipient of its identity.
        recipient: String,
    },
    /// A backup to all recovery kits, written to the output.
    Backup,
    /// The backups that are kept, and when they are made.
    ListBackups,
    /// Something is done with backups.
    Backups(BackupsAct),
    /// What to do when something is lost.
    Runbook,
    /// The restore of the newest backup is rehearsed, to its end.
    Drill,
    /// What opens the store, and what is under way with its keys.
    ListKeys,
    /// Something is done with keys.
    Keys(KeysAct),
    /// The store of a locked server is opened.
    Unlock {
        /// A kit, cards, an SSH key or a passphrase.
        key: SecretText,
    },
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
    /// The kit opens the store from now on.
    KitAdded {
        /// Fingerprint of its recipient.
        fingerprint: String,
    },
    /// The whole backup was written.
    BackedUp {
        /// What is in it.
        summary: backup::Summary,
    },
    /// Everything about backups.
    Backups {
        /// As it is.
        backups: Box<Backups>,
    },
    /// The runbook.
    Runbook {
        /// As Markdown.
        text: String,
    },
    /// What came of a rehearsed restore.
    Drilled {
        /// It.
        drill: Drill,
    },
    /// Everything about keys.
    Keys {
        /// As it is.
        keys: Keys,
    },
    /// What is known of the store.
    Report {
        /// As it is.
        report: Report,
    },
    /// It was done.
    Done {
        /// One sentence that says what was done.
        message: String,
    },
}

/// What is known of a store from inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// How many keys open it.
    pub unlockers: usize,
    /// Those of them that are recovery kits.
    pub kits: usize,
    /// Bytes of the database.
    pub size: u64,
    /// When the newest backup was made.
    pub last_backup: Option<UnixMillis>,
    /// What time the server has.
    pub now: UnixMillis,
    /// How it speaks TLS; nothing when it does not run.
    #[serde(default)]
    pub tls: Option<TlsState>,
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
    /// The keys refused.
    #[error(transparent)]
    Crypto(#[from] crate::crypto::Error),
}

/// Does it. Progress of a backup goes to `output` as the file itself.
pub fn perform(
    app: &Arc<App>,
    data_dir: &DataDir,
    command: Command,
    output: &mut (dyn Write + Send),
) -> Result<Reply, Failure> {
    if let Command::Unlock { key } = &command {
        // Whoever reaches the control socket is on the machine: nothing is to be compared.
        let name = app.unlock_blocking(key, None, &Caller::operator().source)?;
        return Ok(Reply::Done {
            message: format!("The store was opened with {name}"),
        });
    }
    let opened = app.store()?;
    let now = app.clock.now();
    match command {
        Command::Unlock { .. } => {
            Err(Error::BadRequest("The store is not locked. There is nothing to do".into()).into())
        }
        Command::ListKeys => {
            let keyring = opened.keyring();
            let identity = server_identity::place(&keyring, Some(data_dir));
            let keys = opened.db.read_blocking(move |tx| {
                let cx = &mut Context {
                    tx,
                    keys: &keyring,
                    now,
                };
                keys::state_for_operator(cx, identity)
            })?;
            Ok(Reply::Keys { keys })
        }
        Command::Keys(act) => {
            let operator = |_: &mut Context| Ok(Caller::operator());
            let message = app_keys::perform(&opened, data_dir, act, now, operator)?;
            Ok(Reply::Done { message })
        }
        Command::ListBackups => {
            let keyring = opened.keyring();
            let backups = opened.db.read_blocking(move |tx| {
                backups::state_for_operator(&mut Context {
                    tx,
                    keys: &keyring,
                    now,
                })
            })?;
            Ok(Reply::Backups {
                backups: Box::new(app.completed(backups)),
            })
        }
        Command::Backups(act) => {
            let operator = |_: &mut Context| Ok(Caller::operator());
            let message = on_runtime(app_backups::perform(app, act, operator))??;
            Ok(Reply::Done { message })
        }
        Command::Runbook => {
            let (keyring, dir) = (opened.keyring(), data_dir.clone());
            let facts = opened.db.read_blocking(move |tx| {
                runbook::facts(
                    &mut Context {
                        tx,
                        keys: &keyring,
                        now,
                    },
                    &dir,
                )
            })?;
            Ok(Reply::Runbook {
                text: runbook::text(&facts),
            })
        }
        Command::Drill => Ok(Reply::Drilled {
            drill: app.drill_blocking()?,
        }),
        Command::SetupCode => {
            let (code, expires) = opened.write(now, |cx| {
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
            let user = opened.write(now, move |cx| users::create_by_operator(cx, &new))?;
            Ok(Reply::UserCreated { email: user.email })
        }
        Command::ResetPassword { email, password } => {
            policy::check(&password, Some(&email)).map_err(|reason| Error::Invalid {
                field: "password",
                reason: reason.to_string(),
            })?;
            let hash = app.passwords.hash(&password)?;
            let name = email.clone();
            let ended = opened.write(now, move |cx| {
                users::reset_password_by_operator(cx, &email, &hash)
            })?;
            Ok(Reply::Done {
                message: format!("{name} has a new password; {ended} sessions ended"),
            })
        }
        Command::UnlockUser { email } => {
            let name = email.clone();
            opened.write(now, move |cx| users::unlock_by_operator(cx, &email))?;
            Ok(Reply::Done {
                message: format!("{name} can log in again"),
            })
        }
        Command::Report => {
            let state = opened.write(now, instance::state_for_operator)?;
            let keyring = opened.keyring();
            let is_kit = |slot: &&Slot| matches!(slot.kind, SlotKind::Recovery | SlotKind::Cards);
            let report = Report {
                unlockers: state.unlockers,
                kits: keyring.slots().iter().filter(is_kit).count(),
                size: state.size,
                last_backup: state.last_backup.map(|backup| backup.at),
                now,
                tls: app.tls().serving_state(),
            };
            Ok(Reply::Report { report })
        }
        Command::AddKit { name, recipient } => {
            let operator = |_: &mut Context| Ok(Caller::operator());
            let kit = kits::add(&opened, data_dir, &name, &recipient, now, operator)?;
            Ok(Reply::KitAdded {
                fingerprint: fingerprint(&kit.recipient),
            })
        }
        Command::Backup => {
            opened.write(now, |cx| {
                audit::record(cx, &Caller::operator(), &audit::Entry::new("backup.create"))
            })?;
            let mut output = Counted { output, size: 0 };
            let progress = Progress::default();
            let summary = backup::write::write(&opened.db, &opened.keyring(), now, &progress, &mut output)?;
            let size = output.size;
            if let Err(error) = opened.write(now, move |cx| instance::note_backup(cx, now, size)) {
                // The backup itself is whole: whoever waits for it gets it.
                tracing::error!(%error, "the time of the last backup was not written down");
            }
            Ok(Reply::BackedUp { summary })
        }
    }
}

/// Runs what is asynchronous to its end, from a thread that may block and may belong to another runtime.
fn on_runtime<T: Send>(work: impl Future<Output = T> + Send) -> Result<T, Error> {
    let failed = |error: io::Error| Error::Store(store::Error::Unavailable(error.to_string()));
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    std::thread::scope(|scope| scope.spawn(|| runtime.block_on(work)).join())
        .map_err(|_| failed(io::Error::other("the command broke off")))
}

/// Counts what is written.
struct Counted<'a> {
    output: &'a mut (dyn Write + Send),
    size: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.output.write(bytes)?;
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

#[cfg(test)]
mod tests;
