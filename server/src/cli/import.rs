//! `import`: the secrets of a file into a folder, all of them or none.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::{Value, json};
use shared::import::preview::{Existing, Fate, Row, preview};
use shared::import::{self, LONGEST_TEXT, Parsed};
use shared::model::ids::SecretId;
use shared::wire::changes::{Change, ChangesRequest};
use shared::wire::secrets::{Secret, SecretType};
use zeroize::Zeroizing;

use super::client::Client;
use super::failure::Failure;
use super::place::{self, Place};
use super::printer::{Printer, table};
use super::resolve::{self, ConnectionArgs, PlaceArgs};
use super::surroundings::Surroundings;

/// Stands for every value, whatever its length.
const MASK: &str = "********";

/// Arguments of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// File to read, or - for standard input
    file: PathBuf,
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    place: PlaceArgs,
    /// Format of the file [default: what its name and its content say]
    #[arg(long, short = 'f', value_enum)]
    format: Option<Format>,
    /// Show what would be done and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// A format that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// KEY=value or KEY: value lines
    Dotenv,
    /// An object of names and values, or what `export` writes
    Json,
    /// A flat map, or a list of maps with key, value and comment
    Yaml,
    /// A header with the columns key, value and, if you like, comment
    Csv,
}

impl From<Format> for import::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Dotenv => Self::Dotenv,
            Format::Json => Self::Json,
            Format::Yaml => Self::Yaml,
            Format::Csv => Self::Csv,
        }
    }
}

/// Runs `import`. Nothing is changed when anything in the file is wrong.
pub async fn run(args: ImportArgs, printer: &Printer) -> Result<(), Failure> {
    let around = Surroundings::of_process();
    let bytes = read(&args.file)?;
    let parsed = understood(&args, &bytes, printer)?;
    import_into(&args, &parsed, &around, printer).await
}

/// The content of a file; of a file that is too long no more than shows it.
pub fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let most = u64::try_from(LONGEST_TEXT).unwrap_or(u64::MAX) + 1;
    // As large as it may get: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST_TEXT + 2));
    let read = if path.as_os_str() == "-" {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    match read {
        Ok(_) => Ok(bytes),
        Err(error) => Err(Failure::new(format!("{} cannot be read", shown(path)))
            .because(error.to_string())
            .advise("Name a file, or - for standard input")),
    }
}

fn shown(path: &Path) -> String {
    if path.as_os_str() == "-" {
        "Standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

/// What is in the file, before the server hears of it.
fn understood(args: &ImportArgs, bytes: &[u8], printer: &Printer) -> Result<Parsed, Failure> {
    let promised = args.file.to_str().and_then(import::Format::of_file_name);
    let parsed = import::parse_bytes(bytes, args.format.map(Into::into).or(promised));
    for problem in parsed.problems.iter().filter(|problem| problem.is_replaced) {
        printer.warn(&format!(
            "line {}: {}. {}",
            problem.line, problem.what, problem.why
        ));
    }
    let wrong: Vec<String> = parsed
        .problems
        .iter()
        .filter(|problem| !problem.is_replaced)
        .map(|problem| {
            let name = problem
                .name
                .as_ref()
                .map(|name| format!(" {name}:"))
                .unwrap_or_default();
            format!("  line {}:{name} {}. {}", problem.line, problem.what, problem.why)
        })
        .collect();
    // A dry run shows what is wrong in its place among the rest.
    if !wrong.is_empty() && !args.dry_run {
        return Err(refused(&args.file, &parsed, &wrong));
    }
    Ok(parsed)
}

fn refused(file: &Path, parsed: &Parsed, wrong: &[String]) -> Failure {
    const MOST_SHOWN: usize = 20;
    let mut why = wrong
        .iter()
        .take(MOST_SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join("\n");
    if wrong.len() > MOST_SHOWN {
        why = format!("{why}\n  and {} more", wrong.len() - MOST_SHOWN);
    }
    Failure::new(format!(
        "Nothing was imported: {} is not right, read as {}",
        shown(file),
        parsed.format
    ))
    .because(why)
    .advise("Correct the file, or name its format with --format")
}

/// A secret that is there, as far as a change needs it.
struct Current {
    id: SecretId,
    version: i64,
}

async fn import_into(
    args: &ImportArgs,
    parsed: &Parsed,
    around: &Surroundings,
    printer: &Printer,
) -> Result<(), Failure> {
    let client = Client::connect(resolve::connection(&args.connection, around)?).await?;
    let wanted = place::wanted(&args.place, around, &client, printer).await?;
    let place = Place::find(&client, &wanted, printer).await?;
    let stored = match Stored::fetch(&client, &place).await {
        Ok(stored) => stored,
        Err(failure) => return Err(Place::explain(failure, &client, &wanted).await),
    };
    if args.dry_run {
        let rows = preview(parsed, &stored.existing);
        printer.result(|| shown_rows(&rows), &json_rows(&rows))?;
        printer.note("Nothing was changed");
        let wrong = parsed
            .problems
            .iter()
            .filter(|problem| !problem.is_replaced)
            .count();
        if wrong > 0 {
            return Err(
                Failure::new(format!("{} cannot be imported as it is", shown(&args.file)))
                    .because(format!("Marked as invalid: {wrong}."))
                    .advise("Correct the file, or name its format with --format"),
            );
        }
        return Ok(());
    }
    let done = match put(&client, &place, parsed, stored).await {
        Ok(done) => done,
        Err(failure) => return Err(Place::explain(failure, &client, &wanted).await),
    };
    printer.done(
        &format!(
            "Created {}, updated {}, unchanged {} (environment '{}', folder {})",
            done.created, done.updated, done.unchanged, place.environment, place.path
        ),
        &done,
    )
}

/// How many secrets had what done to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Made.
    pub created: usize,
    /// Given another value or comment.
    pub updated: usize,
    /// As they were.
    pub unchanged: usize,
}

/// Puts the entries into a folder, all of them or none.
pub async fn put(client: &Client, place: &Place, parsed: &Parsed, stored: Stored) -> Result<Counts, Failure> {
    let rows = preview(parsed, &stored.existing);
    let changes: Vec<Change> = rows
        .iter()
        .filter_map(|row| change(row, &stored.current))
        .collect();
    let is_new = |change: &&Change| matches!(change, Change::Create { .. });
    let is_same = |row: &&Row| matches!(row, Row::Secret(_, Fate::Same));
    let created = changes.iter().filter(is_new).count();
    let counts = Counts {
        created,
        updated: changes.len() - created,
        unchanged: rows.iter().filter(is_same).count(),
    };
    if !changes.is_empty() {
        let request = ChangesRequest {
            project_id: place.project.clone(),
            environment: place.environment.clone(),
            secret_path: Some(place.path.to_string()),
            create_path: false,
            changes,
        };
        client.change(&request).await?;
    }
    Ok(counts)
}

/// The shared secrets of a folder by name, for the changes and for the comparison.
pub struct Stored {
    current: BTreeMap<String, Current>,
    existing: BTreeMap<String, Existing>,
}

impl Stored {
    /// What is there now.
    pub async fn fetch(client: &Client, place: &Place) -> Result<Self, Failure> {
        Ok(Self::of(client.secrets(&place.query()).await?))
    }

    fn of(secrets: Vec<Secret>) -> Self {
        let mut current = BTreeMap::new();
        let mut existing = BTreeMap::new();
        for secret in secrets {
            if secret.kind != SecretType::Shared {
                continue;
            }
            let (id, version) = (secret.id, secret.version);
            current.insert(secret.secret_key.clone(), Current { id, version });
            let known = Existing {
                value: (!secret.secret_value_hidden).then_some(secret.secret_value),
                comment: secret.secret_comment,
            };
            existing.insert(secret.secret_key, known);
        }
        Self { current, existing }
    }
}

/// What has to be sent for a row.
fn change(row: &Row, current: &BTreeMap<String, Current>) -> Option<Change> {
    let Row::Secret(entry, fate) = row else {
        return None;
    };
    match (fate, current.get(entry.name.as_str())) {
        (Fate::Same, _) => None,
        (Fate::Changed { value, .. }, Some(current)) => Some(Change::Update {
            id: current.id,
            version: current.version,
            name: None,
            value: value.then(|| entry.value.clone()),
            comment: entry.comment.clone(),
            tag_slugs: None,
        }),
        (Fate::New | Fate::Changed { .. }, _) => Some(Change::Create {
            name: entry.name.to_string(),
            value: entry.value.clone(),
            comment: entry.comment.clone(),
            tag_slugs: None,
        }),
    }
}

/// The rows for a program, without values.
fn json_rows(rows: &[Row]) -> Vec<Value> {
    rows.iter()
        .map(|row| match row {
            Row::Secret(entry, fate) => {
                let fate = match fate {
                    Fate::New => "new",
                    Fate::Changed { .. } => "changed",
                    Fate::Same => "same",
                };
                json!({"line": entry.line, "name": entry.name.as_str(), "change": fate})
            }
            Row::Invalid(problem) => json!({
                "line": problem.line,
                "name": problem.name.as_ref().map(ToString::to_string),
                "change": if problem.is_replaced { "replaced" } else { "invalid" },
                "reason": format!("{}. {}", problem.what, problem.why),
            }),
        })
        .collect()
}

fn shown_rows(rows: &[Row]) -> String {
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| match row {
            Row::Secret(entry, fate) => {
                let fate = match fate {
                    Fate::New => "new",
                    Fate::Changed {
                        value: true,
                        comment: false,
                    } => "changed",
                    Fate::Changed {
                        value: true,
                        comment: true,
                    } => "changed, and its comment",
                    Fate::Changed { value: false, .. } => "comment changed",
                    Fate::Same => "same",
                };
                let value = if entry.value.is_empty() { "(empty)" } else { MASK };
                vec![
                    entry.line.to_string(),
                    entry.name.to_string(),
                    value.to_owned(),
                    fate.to_owned(),
                ]
            }
            Row::Invalid(problem) => {
                let kind = if problem.is_replaced {
                    "replaced"
                } else {
                    "invalid"
                };
                let name = problem.name.as_ref().map(ToString::to_string).unwrap_or_default();
                vec![
                    problem.line.to_string(),
                    name,
                    String::new(),
                    format!("{kind}: {}. {}", problem.what, problem.why),
                ]
            }
        })
        .collect();
    table(&["LINE", "KEY", "VALUE", "CHANGE"], &cells)
}

#[cfg(test)]
mod tests;
