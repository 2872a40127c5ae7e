//! `migrate-env`: splits a `.env` file: its secrets go to the server, its configuration stays in the file.

mod classify;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use shared::import::{self, Entry, Format, Parsed};
use shared::model::names::SecretName;
use zeroize::Zeroizing;

use super::called;
use super::failure::Failure;
use super::file::write_private;
use super::import::{Stored, put, read};
use super::printer::{Printer, table};
use super::resolve::{ConnectionArgs, PlaceArgs};
use super::secrets::folder::Folder;
use super::surroundings::Surroundings;
use classify::Kind;

/// Arguments of `migrate-env`.
#[derive(Debug, Args)]
pub struct MigrateEnvArgs {
    /// The file
    #[arg(default_value = ".env")]
    file: PathBuf,
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    place: PlaceArgs,
    /// Name that is a secret whatever it looks like; may be repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    secret: Vec<SecretName>,
    /// Name that is configuration whatever it looks like; may be repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    config: Vec<SecretName>,
    /// Show what would go where and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs `migrate-env`. The file loses a secret only after the server has been asked for it and had it.
pub async fn run(args: MigrateEnvArgs, printer: &Printer) -> Result<(), Failure> {
    let bytes = read(&args.file)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Failure::new(format!("{} is not text in UTF-8", args.file.display())))?;
    let parsed = understood(&args.file, text)?;
    let kinds: Vec<(Kind, &'static str)> = parsed
        .entries
        .iter()
        .map(|entry| {
            if args.secret.contains(&entry.name) {
                (Kind::Secret, "you said so")
            } else if args.config.contains(&entry.name) {
                (Kind::Configuration, "you said so")
            } else {
                classify::kind(entry.name.as_str(), &entry.value)
            }
        })
        .collect();
    let named: Vec<(&Entry, Kind, &str)> = parsed
        .entries
        .iter()
        .zip(&kinds)
        .map(|(entry, (kind, why))| (entry, *kind, *why))
        .collect();
    if args.dry_run {
        let rows = || {
            let row = |(entry, kind, why): &(&Entry, Kind, &str)| {
                vec![entry.name.to_string(), kind.to_string(), (*why).to_owned()]
            };
            table(
                &["NAME", "GOES TO", "BECAUSE"],
                &named.iter().map(row).collect::<Vec<_>>(),
            )
        };
        let value: Vec<_> = named
            .iter()
            .map(|(entry, kind, why)| {
                json!({"name": entry.name.as_str(), "goesTo": kind.to_string(), "because": why})
            })
            .collect();
        printer.result(rows, &value)?;
        printer.note("Nothing was changed. --secret NAME and --config NAME decide otherwise");
        return Ok(());
    }
    let secrets: Vec<Entry> = named
        .iter()
        .filter(|(_, kind, _)| *kind == Kind::Secret)
        .map(|(entry, ..)| (*entry).clone())
        .collect();
    if secrets.is_empty() {
        return printer.done("There is no secret in the file", &json!({"moved": []}));
    }
    // Found out before anything is sent.
    let rest = without(text, &parsed, &secrets)?;
    let folder = Folder::open(
        &args.connection,
        &args.place,
        &Surroundings::of_process(),
        printer,
    )
    .await?;
    upload(&folder, &secrets).await?;
    if std::fs::read(&args.file).map_err(|error| unwritable(&args.file, &error))? != *bytes {
        return Err(Failure::new(format!(
            "{} was changed meanwhile and is left as it is",
            args.file.display()
        ))
        .because("Its secrets are in the folder already.")
        .advise("Run the command again: what is there with the same value is not sent again"));
    }
    let backup = keep(&args.file, &bytes)?;
    let heading = format!(
        "# Its secrets are in environment '{}', folder {}: `{} run -- COMMAND` puts them into the environment.\n",
        folder.place.environment,
        folder.place.path,
        called::command()
    );
    let rest = Zeroizing::new(format!("{heading}{}", *rest));
    write_private(&args.file, rest.as_bytes()).map_err(|error| unwritable(&args.file, &error))?;
    let names: Vec<&str> = secrets.iter().map(|entry| entry.name.as_str()).collect();
    printer.done(
        &format!(
            "Moved {} secrets to environment '{}', folder {}; {} lines of configuration stay in {}\n\
             {} is the file as it was, with the secrets in it: delete it when everything works",
            names.len(),
            folder.place.environment,
            folder.place.path,
            named.len() - names.len(),
            args.file.display(),
            backup.display()
        ),
        &json!({"moved": names, "backup": backup}),
    )
}

fn understood(file: &Path, text: &str) -> Result<Parsed, Failure> {
    let parsed = import::parse(text, Some(Format::Dotenv));
    let wrong: Vec<String> = parsed
        .problems
        .iter()
        .map(|problem| format!("  line {}: {}. {}", problem.line, problem.what, problem.why))
        .collect();
    if wrong.is_empty() {
        return Ok(parsed);
    }
    Err(
        Failure::new(format!("Nothing was changed: {} is not right", file.display()))
            .because(wrong.join("\n"))
            .advise("Correct the file"),
    )
}

/// Puts the secrets into the folder, and reads them back. One that is there with another value is not replaced: the
/// file may be the older of the two.
async fn upload(folder: &Folder, secrets: &[Entry]) -> Result<(), Failure> {
    let current: BTreeMap<String, _> = folder
        .list(&folder.place.query())
        .await?
        .into_iter()
        .map(|secret| (secret.secret_key, secret.secret_value))
        .collect();
    let others: Vec<&str> = secrets
        .iter()
        .filter(|entry| {
            current
                .get(entry.name.as_str())
                .is_some_and(|value| *value != entry.value)
        })
        .map(|entry| entry.name.as_str())
        .collect();
    if !others.is_empty() {
        return Err(Failure::new("Nothing was changed: the server has other values")
            .because(format!("They differ: {}.", others.join(", ")))
            .advise("Decide which are right: `import` replaces those on the server, `--config NAME` leaves one in the file"));
    }
    let parsed = Parsed {
        format: Format::Dotenv,
        entries: secrets.to_vec(),
        problems: Vec::new(),
    };
    let stored = Stored::fetch(&folder.client, &folder.place).await?;
    put(&folder.client, &folder.place, &parsed, stored).await?;
    let there = folder.list(&folder.place.query()).await?;
    let lost: Vec<&str> = secrets
        .iter()
        .filter(|entry| {
            !there
                .iter()
                .any(|secret| secret.secret_key == entry.name.as_str() && secret.secret_value == entry.value)
        })
        .map(|entry| entry.name.as_str())
        .collect();
    if lost.is_empty() {
        return Ok(());
    }
    Err(
        Failure::new("The file was not changed: the server has not kept everything as it was")
            .because(format!(
                "White space at the ends of a value is dropped: {}.",
                lost.join(", ")
            ))
            .advise("Correct these values in the file, or leave them there with --config NAME"),
    )
}

/// A copy for its owner alone, beside the file; never over another one.
fn keep(file: &Path, bytes: &[u8]) -> Result<PathBuf, Failure> {
    let name = file
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let backup = (1..=u16::MAX)
        .map(|number| file.with_file_name(format!("{name}.backup-{number}")))
        .find(|backup| !backup.exists())
        .unwrap_or_default();
    write_private(&backup, bytes).map_err(|error| unwritable(&backup, &error))?;
    Ok(backup)
}

fn unwritable(file: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("{} could not be written", file.display()))
        .because(error.to_string())
        .advise("The secrets are on the server, and the file is as it was")
}

/// The text without the lines of some entries; everything else stays as it is written.
fn without(text: &str, parsed: &Parsed, gone: &[Entry]) -> Result<Zeroizing<String>, Failure> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut keeps = vec![true; lines.len()];
    for entry in gone {
        let first = entry.line - 1;
        // A value may go on over lines: it has as many as it takes to read it as it was.
        let last = (first..lines.len())
            .find(|last| {
                let alone = import::parse(&lines[first..=*last].concat(), Some(Format::Dotenv));
                alone.problems.is_empty()
                    && matches!(&alone.entries[..], [only] if only.name == entry.name && only.value == entry.value)
            })
            .ok_or_else(|| {
                Failure::new(format!("Nothing was changed: the lines of {} are not clear", entry.name))
                    .because("Its value cannot be told apart from what follows it.")
                    .advise("Leave it in the file with --config NAME")
            })?;
        keeps[first..=last].fill(false);
    }
    let rest: String = lines
        .iter()
        .zip(&keeps)
        .filter(|(_, keeps)| **keeps)
        .map(|(line, _)| *line)
        .collect();
    // What is left must be what was meant to be left.
    let left = import::parse(&rest, Some(Format::Dotenv));
    let expected = parsed
        .entries
        .iter()
        .filter(|entry| gone.iter().all(|other| other.name != entry.name));
    let same = |(a, b): (&Entry, &Entry)| a.name == b.name && a.value == b.value;
    if left.entries.len() + gone.len() == parsed.entries.len() && expected.zip(&left.entries).all(same) {
        return Ok(Zeroizing::new(rest));
    }
    Err(
        Failure::new("Nothing was changed: the file cannot be split line by line")
            .advise("Move the secrets by hand with `import`"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_secrets_go_and_all_else_stays() {
        let text = "# Web\nPORT=80\n\nKEY=\"a\nb # c\nd\" # why\n# Last\nexport T=x # y\nHOST='h'\n";
        let parsed = import::parse(text, Some(Format::Dotenv));
        let gone: Vec<Entry> = parsed
            .entries
            .iter()
            .filter(|entry| ["KEY", "T"].contains(&entry.name.as_str()))
            .cloned()
            .collect();
        assert_eq!(gone.len(), 2);
        let rest = without(text, &parsed, &gone).unwrap();
        assert_eq!(*rest, "# Web\nPORT=80\n\n# Last\nHOST='h'\n");
    }
}
