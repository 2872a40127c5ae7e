//! `keys list`.

use clap::Args;
use shared::model::keys::{Keys, RotationState, Unlocker};

use super::selected::keys;
use crate::cli::failure::Failure;
use crate::cli::operator::StoreArgs;
use crate::cli::printer::{Printer, table};

/// Arguments of `keys list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The server's data.
    #[command(flatten)]
    pub store: StoreArgs,
}

/// Runs `keys list`.
pub async fn run(args: ListArgs, printer: &Printer) -> Result<(), Failure> {
    let keys = keys(&args.store).await?;
    printer.result(|| listed(&keys), &keys)?;
    if !printer.is_json() {
        printer.note(&state(&keys));
    }
    Ok(())
}

fn listed(keys: &Keys) -> String {
    let rows: Vec<Vec<String>> = keys
        .unlockers
        .iter()
        .map(|unlocker| row(unlocker, keys))
        .collect();
    table(
        &[
            "NAME",
            "KIND",
            "FINGERPRINT",
            "ADDED",
            "LAST PROVEN",
            "OPENS",
            "COPIES",
        ],
        &rows,
    )
}

fn row(unlocker: &Unlocker, keys: &Keys) -> Vec<String> {
    let copies: Vec<String> = unlocker
        .kept_at
        .iter()
        .map(|kept| format!("{} ({})", kept.place, kept.noted_at.date()))
        .collect();
    vec![
        unlocker.name.clone(),
        unlocker.kind_words(),
        unlocker.fingerprint.clone(),
        unlocker.created_at.date(),
        match unlocker.proven_at {
            Some(proven) => proven.date(),
            None if Some(unlocker.id) == keys.unlocked_by => "at this start".to_owned(),
            None => "never".to_owned(),
        },
        if unlocker.opens_backups {
            "store, backups"
        } else {
            "store"
        }
        .to_owned(),
        copies.join(", "),
    ]
}

/// What is inside, in sentences.
fn state(keys: &Keys) -> String {
    let mut lines = vec![
        format!("{}.", keys.identity.words()),
        format!(
            "Root key {}, signing key {}.",
            keys.root.version, keys.signing_version
        ),
    ];
    if !keys.root.retired.is_empty() {
        lines.push(
            "Retired root keys are kept for older copies of the database: `strongroom keys destroy-retired` ends that.".into(),
        );
    }
    if keys.root.pending {
        lines.push("A rotation of the root key is to be finished: restart the server.".into());
    }
    if keys.database_pending {
        lines.push(
            "The database file is to be encrypted anew: restart the server, with free disk space.".into(),
        );
    }
    for rotation in &keys.rotations {
        let how = match rotation.state {
            RotationState::Running => "is under way",
            RotationState::Paused => "waits; go on with `strongroom keys resume-rotation`",
            RotationState::Done => continue,
            RotationState::Incomplete => "is done but for what does not open",
        };
        lines.push(format!(
            "Project {}: the rotation {how}: {} of {} sealed anew, {} unreadable.",
            rotation.project, rotation.done, rotation.total, rotation.unreadable
        ));
    }
    lines.join("\n")
}
