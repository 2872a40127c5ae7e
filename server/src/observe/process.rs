//! Keeps keys out of core dumps, away from other processes of the same user, and out of the list of environment variables.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use shared::model::text::SecretText;
use zeroize::Zeroizing;

/// Names the file descriptor that hands the values on. Its number is no secret.
pub const HANDED_ON: &str = "STRONGROOM_SECRETS_FD";

/// Variables that hold secrets. Those that nothing here reads come from compose files written for Infisical.
const SECRETS: &[&str] = &[
    "ENCRYPTION_KEY",
    "ROOT_ENCRYPTION_KEY",
    "STRONGROOM_PASSPHRASE",
    "STRONGROOM_DATABASE_URL",
    "AUTH_SECRET",
    "JWT_AUTH_SECRET",
    "JWT_REFRESH_SECRET",
    "JWT_SERVICE_SECRET",
    "JWT_SECRET",
    "DB_CONNECTION_URI",
    "REDIS_URL",
    "POSTGRES_PASSWORD",
    "SMTP_PASSWORD",
];

/// What was handed on.
static RECEIVED: Mutex<BTreeMap<String, SecretText>> = Mutex::new(BTreeMap::new());

/// No core dumps, not traceable. Failing is said, not fatal: some containers forbid it.
pub fn harden() {
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "the process stays dumpable");
    }
    if let Err(error) = setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    ) {
        tracing::warn!(%error, "core dumps stay possible");
    }
}

/// Starts this program again in the same process when secrets are among its environment variables, without them: the kernel
/// shows the variables with which a process was started for as long as it lives. The values are handed on in memory. Returns
/// when there is nothing to hide.
pub fn hide_secrets() -> io::Result<()> {
    receive()?;
    let found: Vec<(&str, OsString)> = SECRETS
        .iter()
        .filter_map(|name| Some((*name, std::env::var_os(name)?)))
        .collect();
    if found.is_empty() {
        return Ok(());
    }
    let mut values = BTreeMap::new();
    for (name, value) in &found {
        let value = value
            .to_str()
            .ok_or_else(|| io::Error::other(format!("{name} is not text in UTF-8")))?;
        values.insert((*name).to_owned(), SecretText::from(value));
    }
    let text = Zeroizing::new(serde_json::to_vec(&values)?);
    // Kept open over the new start, which is why it has no flag.
    let memory = memfd_create("strongroom", MemfdFlags::empty())?;
    let mut file = File::from(memory);
    file.write_all(&text)?;
    let mut arguments = std::env::args_os();
    let mut again = Command::new(std::env::current_exe()?);
    if let Some(name) = arguments.next() {
        again.arg0(name);
    }
    again.args(arguments).env(HANDED_ON, file.as_raw_fd().to_string());
    for (name, _) in &found {
        again.env_remove(name);
    }
    // Comes back only when it failed.
    Err(again.exec())
}

/// Takes what the start before handed on, and empties it.
fn receive() -> io::Result<()> {
    let Some(number) = std::env::var(HANDED_ON)
        .ok()
        .and_then(|number| number.parse::<u32>().ok())
    else {
        return Ok(());
    };
    let path = format!("/proc/self/fd/{number}");
    // Anything else was not handed on by this program, and is not to be emptied.
    if !std::fs::read_link(&path)
        .is_ok_and(|target| target.to_string_lossy().starts_with("/memfd:strongroom"))
    {
        return Ok(());
    }
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut text = Zeroizing::new(Vec::with_capacity(16 * 1024));
    file.read_to_end(&mut text)?;
    file.set_len(0)?;
    if !text.is_empty() {
        *RECEIVED.lock().unwrap_or_else(PoisonError::into_inner) = serde_json::from_slice(&text)?;
    }
    Ok(())
}

/// The value of a variable that holds a secret, wherever it is now. Empty counts as not set.
pub fn secret_variable(name: &str) -> Option<SecretText> {
    let received = RECEIVED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(name)
        .cloned();
    received
        .or_else(|| std::env::var(name).ok().map(SecretText::new))
        .filter(|value| !value.expose().trim().is_empty())
}
