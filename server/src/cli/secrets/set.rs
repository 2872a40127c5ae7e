//! `secrets set`: new values from arguments, a file, standard input or a person.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;
use shared::import;
use shared::model::names::{SecretName, TagSlug};
use shared::model::text::SecretText;
use shared::wire::secrets::{Secret, SecretQuery, SecretType};

use super::folder::Folder;
use super::infisical;
use crate::cli::client::Change;
use crate::cli::failure::Failure;
use crate::cli::import::read;
use crate::cli::printer::Printer;
use crate::cli::prompt;

/// Arguments of `secrets set`.
#[derive(Debug, Args)]
pub struct SetArgs {
    /// KEY=value, KEY=@file, KEY value, or KEY alone to be asked or to read standard input; nothing to be asked for all
    #[arg(value_name = "KEY=value", conflicts_with = "file")]
    pairs: Vec<String>,
    /// Read names and values from a file: dotenv, JSON, YAML or CSV; - for standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Comment to store with each of them
    #[arg(long)]
    comment: Option<SecretText>,
    /// Tag for each of them, made if there is none; may be repeated
    #[arg(long = "tag", value_delimiter = ',', value_name = "TAG")]
    tags: Vec<TagSlug>,
    /// Whose value it is
    #[arg(long = "type", value_enum, default_value_t = Kind::Shared)]
    kind: Kind,
    /// Show the values in what is said of them
    #[arg(long)]
    show_values: bool,
}

/// Whose value it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Everybody's in the project
    Shared,
    /// Your own, in place of the shared one
    Personal,
}

impl From<Kind> for SecretType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Shared => Self::Shared,
            Kind::Personal => Self::Personal,
        }
    }
}

/// A secret as it is to be.
#[derive(Debug)]
pub struct Assignment {
    /// Its name.
    pub name: SecretName,
    /// Its value.
    pub value: SecretText,
    /// Its comment, if one was given.
    pub comment: Option<SecretText>,
}

impl SetArgs {
    /// What is to be set. Everything that can be wrong here is found before the server hears of it.
    pub fn assignments(&self, printer: &Printer) -> Result<Vec<Assignment>, Failure> {
        let mut found = if let Some(file) = &self.file {
            from_file(file)?
        } else if self.pairs.is_empty() {
            asked(printer)?
        } else {
            assignments(&self.pairs, printer)?
        };
        for assignment in &mut found {
            assignment.comment = assignment.comment.take().or_else(|| self.comment.clone());
        }
        Ok(found)
    }
}

/// What was done to a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Fate {
    Created,
    Updated,
    Unchanged,
}

#[derive(Serialize)]
struct Told {
    name: String,
    result: Fate,
}

impl Folder {
    /// Creates and changes secrets. What is as it should be already is left alone: no new version, no request.
    pub async fn set(&self, new: Vec<Assignment>, args: &SetArgs, printer: &Printer) -> Result<(), Failure> {
        let kind = SecretType::from(args.kind);
        let query = SecretQuery {
            // One's own value stands in the list in place of the shared one.
            include_personal_overrides: Some((kind == SecretType::Personal).to_string()),
            ..self.place.query()
        };
        let current = match self.list(&query).await {
            // Somebody who may write and not read: each secret tells by itself whether it is there.
            Err(failure) if failure.status() == Some(403) => Vec::new(),
            listed => listed?,
        };
        let mut tags = Vec::new();
        for slug in &args.tags {
            tags.push(self.client.tag(&self.place.project, slug.as_str()).await?);
        }
        let mut told = Vec::new();
        let mut rows = Vec::new();
        for assignment in new {
            let name = &assignment.name;
            let existing = current
                .iter()
                .find(|secret| secret.secret_key == name.as_str() && secret.kind == kind);
            let slugs: Vec<&str> = tags.iter().map(|tag| tag.slug.as_str()).collect();
            let result = if existing.is_some_and(|secret| is_as_wanted(secret, &assignment, &slugs)) {
                Fate::Unchanged
            } else {
                let mut body = self.place.body();
                body.kind = Some(kind);
                body.secret_value = Some(assignment.value.clone());
                body.secret_comment = assignment.comment.clone();
                body.tag_ids = Some(tags.iter().map(|tag| tag.id.to_string()).collect())
                    .filter(|ids: &Vec<String>| !ids.is_empty());
                let set = self
                    .client
                    .set_secret(name.as_str(), existing.is_some(), &body)
                    .await;
                match set {
                    Ok(Change::Created) => Fate::Created,
                    Ok(Change::Updated) => Fate::Updated,
                    Err(failure) => return Err(self.explain(failure).await),
                }
            };
            let shown = if args.show_values {
                format!(" = {}", assignment.value.expose())
            } else {
                String::new()
            };
            if printer.is_compat() {
                rows.push(infisical_row(&assignment, result, args.show_values));
            } else if !printer.is_json() {
                printer.note(&format!("{result:?} {name}{shown}"));
            }
            told.push(Told {
                name: name.to_string(),
                result,
            });
        }
        if printer.is_compat() {
            let header = ["SECRET NAME", "SECRET VALUE", "STATUS"];
            return printer.result(|| infisical::frame(header, &rows), &told);
        }
        if printer.is_json() {
            return printer.result(String::new, &told);
        }
        Ok(())
    }
}

/// The row that Infisical's own command line shows for a change.
fn infisical_row(assignment: &Assignment, result: Fate, show_values: bool) -> [String; 3] {
    let status = match result {
        Fate::Created => "SECRET CREATED",
        Fate::Updated => "SECRET VALUE MODIFIED",
        Fate::Unchanged => "SECRET VALUE UNCHANGED",
    };
    let value = if show_values {
        assignment.value.expose()
    } else {
        "*****"
    };
    [assignment.name.to_string(), value.to_owned(), status.to_owned()]
}

/// Whether a secret has the value, and the comment and the tags if any were named.
fn is_as_wanted(secret: &Secret, wanted: &Assignment, tags: &[&str]) -> bool {
    let has_tag = |slug: &&str| secret.tags.iter().any(|tag| tag.slug == **slug);
    secret.secret_value == wanted.value
        && wanted
            .comment
            .as_ref()
            .is_none_or(|comment| *comment == secret.secret_comment)
        && (tags.is_empty() || (tags.len() == secret.tags.len() && tags.iter().all(has_tag)))
}

fn from_file(file: &Path) -> Result<Vec<Assignment>, Failure> {
    let bytes = read(file)?;
    let promised = file.to_str().and_then(import::Format::of_file_name);
    let parsed = import::parse_bytes(&bytes, promised);
    let wrong: Vec<String> = parsed
        .problems
        .iter()
        .map(|problem| format!("  line {}: {}. {}", problem.line, problem.what, problem.why))
        .collect();
    if !wrong.is_empty() {
        return Err(Failure::new(format!(
            "Nothing was set: {} is not right, read as {}",
            file.display(),
            parsed.format
        ))
        .because(wrong.join("\n"))
        .advise("Correct the file; `import` tells more with --dry-run"));
    }
    let entries = parsed.entries.into_iter().map(|entry| Assignment {
        name: entry.name,
        value: entry.value,
        comment: entry.comment,
    });
    Ok(entries.collect())
}

/// Asks for names, values and comments until an empty name ends it. A whole KEY=value may be pasted as a name.
fn asked(printer: &Printer) -> Result<Vec<Assignment>, Failure> {
    if !prompt::possible() {
        return Err(Failure::usage("No secret was named")
            .because("There is no argument, and no terminal to ask on.")
            .advise("Write KEY=value for each secret, or name a file with --file"));
    }
    printer.say_always("An empty name ends it.");
    let mut found = Vec::new();
    loop {
        let typed = prompt::line(printer, "Name:")?;
        if typed.is_empty() {
            return Ok(found);
        }
        if typed.contains('=') {
            found.extend(assignments(&[typed], printer)?);
            continue;
        }
        let name = match parsed(&typed) {
            Ok(name) => name,
            Err(failure) => {
                printer.say_always(&failure.lines().unwrap_or_default());
                continue;
            }
        };
        let value = prompt::hidden(printer, "Value:")?;
        let comment = prompt::line(printer, "Comment:")?;
        found.push(Assignment {
            name,
            value,
            comment: Some(SecretText::new(comment)).filter(|comment| !comment.is_empty()),
        });
    }
}

/// Names and new values from the arguments of `set`.
pub fn assignments(arguments: &[String], printer: &Printer) -> Result<Vec<Assignment>, Failure> {
    let assigned = |name: SecretName, value: SecretText| Assignment {
        name,
        value,
        comment: None,
    };
    match arguments {
        [name, value] if !name.contains('=') => Ok(vec![assigned(parsed(name)?, given(name, value)?)]),
        [name] if !name.contains('=') => {
            let parsed = parsed(name)?;
            let value = if prompt::possible() {
                prompt::hidden(printer, &format!("Value of {name}:"))?
            } else {
                prompt::piped()?
            };
            // Nothing piped in is more often an accident than a wish, and it would replace a value.
            if value.is_empty() {
                return Err(Failure::usage(format!("There is no value for {name}"))
                    .because("Nothing was typed or piped in.")
                    .advise(format!("Write {name}= to set an empty value")));
            }
            Ok(vec![assigned(parsed, value)])
        }
        _ => arguments
            .iter()
            .enumerate()
            .map(|(index, argument)| match argument.split_once('=') {
                Some((name, value)) => Ok(assigned(parsed(name)?, given(name, value)?)),
                // What stands there may be a value in the wrong place: it is not repeated.
                None => Err(Failure::usage(format!("Argument {} has no =", index + 1))
                    .advise("Write KEY=value or KEY=@file for each secret")),
            })
            .collect(),
    }
}

fn parsed(name: &str) -> Result<SecretName, Failure> {
    name.parse().map_err(|error| {
        Failure::usage(format!("'{name}' cannot be the name of a secret")).because(format!("{error}"))
    })
}

fn given(name: &str, value: &str) -> Result<SecretText, Failure> {
    if let Some(path) = value.strip_prefix('@') {
        return std::fs::read_to_string(Path::new(path))
            .map(SecretText::new)
            .map_err(|error| {
                Failure::new(format!("The file for {name} cannot be read"))
                    .because(format!("{path}: {error}"))
                    .advise("A value that begins with @ names a file; write \\@ for a plain @")
            });
    }
    let plain = value.strip_prefix('\\').filter(|rest| rest.starts_with('@'));
    Ok(SecretText::from(plain.unwrap_or(value)))
}
