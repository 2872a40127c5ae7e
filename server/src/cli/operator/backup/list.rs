//! `backup list`.

use std::io::sink;

use clap::Args;
use shared::model::backups::{BackupFile, BackupReason, Backups, Copy};

use crate::app::operator::{Command, Reply};
use crate::cli::failure::Failure;
use crate::cli::operator::StoreArgs;
use crate::cli::operator::submit::{submit, unexpected};
use crate::cli::printer::{Printer, table};

/// Arguments of `backup list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The server's data.
    #[command(flatten)]
    store: StoreArgs,
}

/// Everything there is to know about the backups of a store.
pub async fn backups(store: &StoreArgs) -> Result<Backups, Failure> {
    match submit(store, Command::ListBackups, &mut sink()).await? {
        Reply::Backups { backups } => Ok(*backups),
        _ => Err(unexpected()),
    }
}

/// Runs `backup list`.
pub async fn run(args: ListArgs, printer: &Printer) -> Result<(), Failure> {
    let backups = backups(&args.store).await?;
    printer.result(|| listed(&backups), &backups)?;
    if !printer.is_json() {
        for line in state(&backups) {
            printer.note(&line);
        }
    }
    Ok(())
}

fn listed(backups: &Backups) -> String {
    let rows: Vec<Vec<String>> = backups
        .backups
        .iter()
        .map(|backup| row(backup, backups))
        .collect();
    table(
        &["FILE", "MADE", "WHY", "BYTES", "SECRETS", "OPENS WITH", "COPIES"],
        &rows,
    )
}

fn row(backup: &BackupFile, backups: &Backups) -> Vec<String> {
    let place = |copy: &Copy| {
        let target = backups.targets.iter().find(|target| target.id == copy.target);
        let name = target.map_or("?", |target| target.name.as_str());
        match (&copy.copied_at, &copy.error) {
            (Some(_), _) => name.to_owned(),
            (None, Some(error)) => format!("{name}: {error}"),
            (None, None) => format!("{name}: not yet"),
        }
    };
    let mut copies: Vec<String> = backup.here.then(|| "here".to_owned()).into_iter().collect();
    copies.extend(backup.copies.iter().map(place));
    let opens_with = match backup.opens_with.as_slice() {
        [] => "not known".to_owned(),
        names => names.join(", "),
    };
    vec![
        backup.file_name.clone(),
        backup.created_at.to_string(),
        match backup.reason {
            BackupReason::Schedule => "schedule",
            BackupReason::Request => "request",
            BackupReason::Upgrade => "upgrade",
            BackupReason::Found => "found",
        }
        .to_owned(),
        backup.size.to_string(),
        backup.secrets.to_string(),
        opens_with,
        copies.join(", "),
    ]
}

/// What is next, and what somebody has to look at.
fn state(backups: &Backups) -> Vec<String> {
    let mut lines = Vec::new();
    match (&backups.next_at, &backups.schedule.cron) {
        (Some(next), Some(cron)) => lines.push(format!("The next one is made at {next} ({cron})")),
        _ => lines.push(
            "The schedule is off: `strongroom backup schedule --cron '0 3 * * *'` switches it on".into(),
        ),
    }
    if backups.opens_with.is_empty() {
        lines.push("There is no recovery kit, and without one there are no backups: strongroom keys kit --output recovery-kit.txt".into());
    }
    if let Some(failure) = &backups.failure {
        lines.push(format!(
            "The last attempt failed at {}: {}",
            failure.at, failure.reason
        ));
    }
    if backups.overdue {
        lines.push("No backup was made for more than two rounds of the schedule".into());
    }
    match backups.drills.first() {
        Some(drill) if drill.passed => lines.push(format!(
            "The last rehearsed restore passed at {} with {} secrets",
            drill.at, drill.secrets
        )),
        Some(drill) => lines.push(format!(
            "The last rehearsed restore did NOT pass at {}: {}",
            drill.at,
            drill.problem.as_deref().unwrap_or("its record was changed")
        )),
        None => lines.push("No restore was rehearsed yet: strongroom backup drill".into()),
    }
    if backups.targets.is_empty() {
        lines.push("All of them lie on this machine alone: strongroom backup add-target --help".into());
    }
    lines
}
