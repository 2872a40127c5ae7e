//! `backup drill`, `backup schedule`, `backup add-target`, `backup remove-target`.

use std::io::sink;

use clap::Args;
use shared::model::backups::{BackupsAct, Schedule, TargetPlace};
use shared::model::text::SecretText;

use super::list::backups;
use crate::app::operator::{Command, Reply};
use crate::cli::failure::Failure;
use crate::cli::operator::StoreArgs;
use crate::cli::operator::submit::{running, said, submit, unexpected};
use crate::cli::printer::Printer;
use crate::cli::prompt;

/// Arguments of `backup schedule`.
#[derive(Debug, Args)]
pub struct ScheduleArgs {
    /// When, as a cron expression in UTC
    #[arg(long, value_name = "EXPRESSION")]
    cron: Option<String>,
    /// Make none by itself
    #[arg(long, conflicts_with = "cron")]
    off: bool,
    /// Days of which the newest backup is kept
    #[arg(long, value_name = "NUMBER")]
    daily: Option<u32>,
    /// The same for weeks
    #[arg(long, value_name = "NUMBER")]
    weekly: Option<u32>,
    /// The same for months
    #[arg(long, value_name = "NUMBER")]
    monthly: Option<u32>,
    /// The server's data.
    #[command(flatten)]
    store: StoreArgs,
}

/// Arguments of `backup add-target`.
#[derive(Debug, Args)]
pub struct AddTargetArgs {
    /// Its name
    name: String,
    /// A directory of the server's machine, below one that it was started with (--backup-root)
    #[arg(long, value_name = "DIR", group = "place", required_unless_present_any = ["s3", "web_dav"])]
    directory: Option<String>,
    /// Address of an S3-compatible service
    #[arg(
        long,
        value_name = "URL",
        group = "place",
        requires = "bucket",
        requires = "access_key"
    )]
    s3: Option<String>,
    /// Region of the bucket
    #[arg(long, default_value = "us-east-1", requires = "s3")]
    region: String,
    /// Name of the bucket, which has to exist
    #[arg(long, requires = "s3")]
    bucket: Option<String>,
    /// What names of objects begin with
    #[arg(long, default_value = "", requires = "s3")]
    prefix: String,
    /// Id of the access key; its secret key is asked for
    #[arg(long, requires = "s3")]
    access_key: Option<String>,
    /// Address of a folder of a WebDAV server, which has to exist
    #[arg(long, value_name = "URL", group = "place")]
    web_dav: Option<String>,
    /// Name for the login there; its password is asked for
    #[arg(long, requires = "web_dav")]
    user: Option<String>,
    /// The server's data.
    #[command(flatten)]
    store: StoreArgs,
}

/// Arguments of `backup remove-target`.
#[derive(Debug, Args)]
pub struct RemoveTargetArgs {
    /// Its name
    name: String,
    /// The server's data.
    #[command(flatten)]
    store: StoreArgs,
}

/// Runs `backup drill`.
pub async fn drill(store: &StoreArgs, printer: &Printer) -> Result<(), Failure> {
    printer.note("Restoring the newest backup into a scratch store and opening everything in it …");
    let Reply::Drilled { drill } = submit(store, Command::Drill, &mut sink()).await? else {
        return Err(unexpected());
    };
    if let Some(problem) = drill.problem {
        return Err(Failure::new(format!("{} would not restore", drill.file_name))
            .because(problem)
            .advise("Keep every older backup, make a new one now, and look at the disk"));
    }
    let text = format!(
        "{} restores: {} secrets, {} rows, every value opened.\nMerkle root {}",
        drill.file_name, drill.secrets, drill.rows, drill.root
    );
    printer.done(&text, &drill)
}

/// Runs `backup schedule`.
pub async fn schedule(args: ScheduleArgs, printer: &Printer) -> Result<(), Failure> {
    let present = backups(&args.store).await?.schedule;
    let changed = Schedule {
        cron: match (args.off, args.cron) {
            (true, _) => None,
            (false, Some(cron)) => Some(cron),
            (false, None) => present.cron.clone(),
        },
        daily: args.daily.unwrap_or(present.daily),
        weekly: args.weekly.unwrap_or(present.weekly),
        monthly: args.monthly.unwrap_or(present.monthly),
    };
    if changed == present {
        let text = || {
            format!(
                "{}\nkept: {} days, {} weeks, {} months\n",
                present.cron.as_deref().unwrap_or("off"),
                present.daily,
                present.weekly,
                present.monthly
            )
        };
        return printer.result(text, &present);
    }
    let act = BackupsAct::Schedule { schedule: changed };
    said(
        submit(&args.store, Command::Backups(act), &mut sink()).await?,
        printer,
    )
}

/// Runs `backup add-target`. Only a running server knows what its host allows.
pub fn add_target(args: AddTargetArgs, printer: &Printer) -> Result<(), Failure> {
    let (place, secret) = match (args.directory, args.s3, args.web_dav) {
        (Some(path), _, _) => (TargetPlace::Directory { path }, None),
        (_, Some(endpoint), _) => (
            TargetPlace::S3 {
                endpoint,
                region: args.region,
                bucket: args.bucket.unwrap_or_default(),
                prefix: args.prefix,
                access_key: args.access_key.unwrap_or_default(),
            },
            Some(asked("Secret key", printer)?),
        ),
        (_, _, url) => {
            let password = args
                .user
                .as_ref()
                .map(|_| asked("Password", printer))
                .transpose()?;
            let place = TargetPlace::WebDav {
                url: url.unwrap_or_default(),
                user: args.user.unwrap_or_default(),
            };
            (place, password)
        }
    };
    let act = BackupsAct::AddTarget {
        name: args.name,
        place,
        secret,
    };
    said(
        running(&args.store, &Command::Backups(act), &mut sink())?,
        printer,
    )
}

/// Runs `backup remove-target`.
pub async fn remove_target(args: RemoveTargetArgs, printer: &Printer) -> Result<(), Failure> {
    let targets = backups(&args.store).await?.targets;
    let Some(found) = targets.iter().find(|target| target.name == args.name) else {
        let names: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
        let there = if names.is_empty() {
            "There are none.".to_owned()
        } else {
            format!("There are: {}", names.join(", "))
        };
        return Err(Failure::new(format!("There is no target {}", args.name)).because(there));
    };
    let act = BackupsAct::RemoveTarget { target: found.id };
    said(
        submit(&args.store, Command::Backups(act), &mut sink()).await?,
        printer,
    )
}

fn asked(what: &str, printer: &Printer) -> Result<SecretText, Failure> {
    if prompt::possible() {
        prompt::hidden(printer, what)
    } else {
        prompt::piped()
    }
}
