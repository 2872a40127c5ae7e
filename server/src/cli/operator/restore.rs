//! `restore`: a new store from a backup.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::DataDirArgs;
use super::keys::key_in;
use crate::app::database::Place;
use crate::backup::Error;
use crate::backup::restore::{self, Options, Restored};
use crate::cli::failure::{Failure, code};
use crate::cli::printer::Printer;
use crate::clock::Clock;
use crate::crypto::brought;
use crate::store::credentials::Credential;

/// Arguments of `restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The backup
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The recovery kit, or another age identity, that opens it
    #[arg(long, value_name = "KITFILE")]
    pub identity: PathBuf,
    /// Set a store aside that is in the place: it is moved into a directory of its own, where it still starts
    #[arg(long)]
    pub force: bool,
    /// End every session: all people have to log in again
    #[arg(long)]
    pub revoke_all_sessions: bool,
    /// Where the new store goes.
    #[command(flatten)]
    pub data_dir: DataDirArgs,
}

/// Runs `restore`.
pub async fn run(args: RestoreArgs, printer: &Printer) -> Result<(), Failure> {
    let refused = |why: String| Failure::new("The backup was not restored").because(why);
    let identities = key_in(&args.identity)
        .and_then(|key| brought::kit_or_cards(&key))
        .map_err(refused)?;
    let dir = args.data_dir.dir()?;
    printer.note(&format!(
        "Restoring {} and checking every value …",
        args.file.display()
    ));
    let now = Clock::default().now();
    let options = Options {
        set_aside: args.force,
        revoke_sessions: args.revoke_all_sessions,
    };
    let restored = restore::into_data_dir(&args.file, &dir, &identities, now, options).map_err(|error| {
        let failure = refused(error.to_string());
        match error {
            Error::Crypto(_) | Error::Malformed(_) => {
                failure.advise("Nothing was changed. Check that the kit and the file belong together")
            }
            Error::Unreachable(_) => failure
                .advise("Check that PostgreSQL runs, and its address with user and password")
                .with_code(code::UNREACHABLE),
            // The others say themselves what to do.
            _ => failure,
        }
    })?;
    let summary = &restored.summary;
    let mut lines = vec![format!(
        "Restored the backup of {} with {} secrets. Start the server with:\n  strongroom serve --data-dir {}",
        summary.manifest.created_at,
        summary.secrets,
        dir.path().display()
    )];
    if let Place::Postgres(address) = dir.new_place() {
        lines.push(format!("and with the address of PostgreSQL as now ({address})."));
    }
    lines.extend(credentials(&restored, args.revoke_all_sessions));
    let named = |credentials: &[Credential]| -> Vec<Value> {
        let each = credentials.iter();
        each.map(|credential| json!({"kind": credential.kind, "name": credential.name}))
            .collect()
    };
    let value = json!({
        "dataDir": dir.path(), "createdAt": summary.manifest.created_at, "secrets": summary.secrets,
        "unreadable": summary.unreadable, "setAside": restored.set_aside, "inForce": named(&restored.in_force),
        "revived": restored.revived.as_deref().map(named),
    });
    printer.done(&lines.join("\n"), &value)?;
    let complete = if summary.unreadable == 0 {
        Ok(())
    } else {
        Err(Failure::new(format!(
            "{} of the values cannot be read, in the new store as in the backup",
            summary.unreadable
        ))
        .because("They were damaged before the backup was made. Everything else was restored.")
        .advise("Set these secrets anew, or restore an older backup into another directory and look there"))
    };
    std::future::ready(complete).await
}

/// What the restore brought back into force, for who has to know.
fn credentials(restored: &Restored, sessions_revoked: bool) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(place) = &restored.set_aside {
        lines.push(format!(
            "The store that was here is in {}. It still starts there; remove it when you need it no more",
            place.display()
        ));
    }
    if let Some(schema) = &restored.schema {
        lines.push(format!(
            "The tables that were in the database are in its schema {schema}, as they were. Remove it when you need them no more"
        ));
    }
    if !restored.in_force.is_empty() {
        let mut counts = BTreeMap::new();
        for credential in &restored.in_force {
            *counts.entry(credential.kind.as_str()).or_insert(0_usize) += 1;
        }
        let counts: Vec<String> = counts
            .iter()
            .map(|(kind, count)| format!("{count} × {kind}"))
            .collect();
        lines.push(format!(
            "In force as when the backup was made: {}",
            counts.join(", ")
        ));
    }
    match &restored.revived {
        Some(revived) if revived.is_empty() => {
            lines.push("None of them was revoked since".into());
        }
        Some(revived) => {
            lines.push("Revoked since the backup, and in force again; revoke them anew:".into());
            lines.extend(
                revived
                    .iter()
                    .map(|credential| format!("  {} of {}", credential.kind, credential.name)),
            );
        }
        None => lines.push(
            "What was revoked since the backup is in force again: look through sessions and identities"
                .into(),
        ),
    }
    if !sessions_revoked {
        lines.push("To end every session in such a case, restore with --revoke-all-sessions".into());
    }
    lines
}
