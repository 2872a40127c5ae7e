//! The first hour: what was done already on the way from a new instance to a program that gets its secrets from it.

use shared::model::backups::BackupTrouble;
pub use shared::model::onboarding::FirstRead;
use shared::model::onboarding::Reader;

use super::audit::{self, Audited};
use super::caller::{Actor, Caller};
use super::{Context, Error, backups, instance};
use crate::store;

/// The first read by a program, as JSON.
const FIRST_READ: &str = "first_read";
/// Whether the checklist was put away.
const DISMISSED: &str = "onboarding_dismissed";

/// What was done so far.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the items of a checklist are independent"
)]
pub struct Progress {
    /// Whether there is a recovery kit.
    pub kit: bool,
    /// Whether somebody decided to go on without.
    pub kit_skipped: bool,
    /// Whether a backup was completed.
    pub backup: bool,
    /// Whether the organization has a project.
    pub project: bool,
    /// Whether one of them has a secret.
    pub secret: bool,
    /// Whether it has a machine identity, besides the one that set-up made.
    pub identity: bool,
    /// The first read of a secret by a program.
    pub first_read: Option<FirstRead>,
    /// Whether the checklist was put away.
    pub dismissed: bool,
    /// What is wrong with the backups.
    pub backup_trouble: Option<BackupTrouble>,
}

/// What kind of program a caller is; none for a person in a browser.
fn reader(caller: &Caller) -> Option<Reader> {
    match caller.actor {
        Actor::Identity(_) => Some(Reader::Identity),
        Actor::ServiceToken(_) => Some(Reader::ServiceToken),
        Actor::User(_) if is_command_line(&caller.source.user_agent) => Some(Reader::CommandLine),
        _ => None,
    }
}

/// Whether a program calls itself as our command line does, `strongroom/1.2.3`, or Infisical's, `cli`.
fn is_command_line(user_agent: &str) -> bool {
    let product = user_agent.split(['/', ' ']).next().unwrap_or_default();
    matches!(product, "strongroom" | "cli" | "infisical")
}

/// What was done so far, for who administers the instance.
pub fn progress(cx: &mut Context, caller: &Caller) -> Result<Progress, Error> {
    caller.require_instance_admin()?;
    let (organization, _) = caller.organization()?;
    Ok(Progress {
        kit: !cx.keys.recovery_recipients().is_empty(),
        kit_skipped: instance::kit_skipped_at(cx)?.is_some(),
        backup: instance::last_backup(cx)?.is_some(),
        project: store::onboarding::has_project(cx.tx, organization)?,
        secret: store::onboarding::has_secret(cx.tx, organization)?,
        identity: store::onboarding::has_identity(cx.tx, organization)?,
        first_read: first_read(cx)?,
        dismissed: store::settings::get(cx.tx, DISMISSED)?.is_some(),
        backup_trouble: backups::trouble(cx)?,
    })
}

/// Puts the checklist away, or gets it out again.
pub fn dismiss(cx: &mut Context, caller: &Caller, dismissed: bool) -> Result<Progress, Error> {
    caller.require_instance_admin()?;
    if dismissed {
        store::settings::set(cx.tx, DISMISSED, "true")?;
    } else {
        store::settings::remove(cx.tx, DISMISSED)?;
    }
    let entry = audit::Entry::new("instance.onboarding.update").with("dismissed", &dismissed);
    audit::record(cx, caller, &entry)?;
    progress(cx, caller)
}

fn first_read(cx: &mut Context) -> Result<Option<FirstRead>, Error> {
    let Some(text) = store::settings::get(cx.tx, FIRST_READ)? else {
        return Ok(None);
    };
    match serde_json::from_str(&text) {
        Ok(read) => Ok(Some(read)),
        Err(_) => Err(store::Error::Corrupt("the note of the first read cannot be read").into()),
    }
}

/// What would be remembered if this were the first read by a program that showed a value; none if it is no such read.
pub fn as_first_read<T>(cx: &Context, caller: &Caller, read: &Audited<T>) -> Option<FirstRead> {
    if read.values_shown() == 0 {
        return None;
    }
    Some(FirstRead {
        at: cx.now,
        by: caller.name.clone(),
        kind: reader(caller)?,
    })
}

/// Whether the first read is remembered.
pub fn has_first_read(cx: &mut Context) -> Result<bool, Error> {
    Ok(store::settings::get(cx.tx, FIRST_READ)?.is_some())
}

/// Remembers a read unless an earlier one is.
pub fn remember_first_read(cx: &mut Context, read: &FirstRead) -> Result<(), Error> {
    if has_first_read(cx)? {
        return Ok(());
    }
    let text = serde_json::to_string(read)
        .map_err(|error| store::Error::Sql(format!("the first read cannot be written as JSON: {error}")))?;
    Ok(store::settings::set(cx.tx, FIRST_READ, &text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_are_told_from_browsers() {
        for agent in ["strongroom/0.1.0", "strongroom", "cli", "infisical/0.43.1 linux"] {
            assert!(is_command_line(agent), "{agent}");
        }
        for agent in [
            "",
            "Mozilla/5.0 (X11; Linux x86_64) strongroom/1",
            "curl/8.5.0",
            "client",
            "clinic/1",
            "python-requests/2 cli",
        ] {
            assert!(!is_command_line(agent), "{agent}");
        }
    }
}
