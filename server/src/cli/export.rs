//! `export`: the secrets of a folder as a file in a usual format.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;
use shared::wire::secrets::{Secret, SecretTag, SecretType};
use zeroize::Zeroizing;

use super::failure::Failure;
use super::file::write_private;
use super::printer::Printer;
use super::resolve::{ConnectionArgs, PlaceArgs};
use super::secrets::fetch;
use super::surroundings::Surroundings;

/// Arguments of `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    place: PlaceArgs,
    /// Format of the output
    #[arg(long, short = 'f', value_enum, default_value_t = Format::Dotenv)]
    format: Format,
    /// Write to a file that only you can read, instead of standard output
    #[arg(long, short = 'o', value_name = "FILE")]
    output_file: Option<PathBuf>,
}

/// A format that other programs read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// KEY=value lines, quoted only where needed, for shells and Docker Compose
    Dotenv,
    /// An array of objects with key, value and more
    Json,
    /// A flat map
    Yaml,
    /// Two columns, Key and Value
    Csv,
}

/// Runs `export`. Nothing is written unless everything can be.
pub async fn run(args: ExportArgs, printer: &Printer) -> Result<(), Failure> {
    let (_, secrets) = fetch(
        &args.connection,
        &args.place,
        &Surroundings::of_process(),
        printer,
    )
    .await?;
    let text = write(args.format, &secrets, printer)?;
    let Some(file) = args.output_file else {
        return printer.data(&text);
    };
    write_private(&file, text.as_bytes()).map_err(|error| {
        Failure::new(format!("The secrets could not be written to {}", file.display()))
            .because(error.to_string())
            .advise("Name a file in a folder that you may write to")
    })?;
    printer.note(&format!("Wrote {} secrets to {}", secrets.len(), file.display()));
    Ok(())
}

/// Secrets, already sorted by name, in a format.
pub fn write(format: Format, secrets: &[Secret], printer: &Printer) -> Result<Zeroizing<String>, Failure> {
    match format {
        Format::Dotenv => dotenv(secrets, printer),
        Format::Json => json(secrets),
        Format::Yaml => yaml(secrets),
        Format::Csv => csv(secrets),
    }
}

fn dotenv(secrets: &[Secret], printer: &Printer) -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    for secret in secrets {
        let (name, value) = (&secret.secret_key, secret.secret_value.expose());
        if !is_variable_name(name) {
            return Err(
                Failure::new(format!("The name '{name}' cannot be written as dotenv"))
                    .because(
                        "Such a name begins with a letter or _ and goes on with letters, digits, _, . and -.",
                    )
                    .advise("Use --format json"),
            );
        }
        if value.contains('\0') {
            return Err(
                Failure::new(format!("The value of {name} cannot be written as dotenv"))
                    .because("It contains a NUL character.")
                    .advise("Use --format json"),
            );
        }
        text.push_str(name);
        text.push('=');
        if value.chars().all(is_plain) {
            text.push_str(value);
        } else if !value.contains(['\'', '\\']) {
            text.push('\'');
            text.push_str(value);
            text.push('\'');
        } else {
            if value.contains('`') {
                // A shell would run what stands between backticks; readers that do not know this escape keep the
                // backslash. Safety goes first, and nobody is left to find out alone.
                printer.warn(&format!(
                    "{name} mixes ` with ' or \\: shells read it rightly, but Docker Compose sees \\` for `. Use `strongroom run` or --format json there"
                ));
            }
            text.push('"');
            for c in value.chars() {
                if matches!(c, '\\' | '"' | '$' | '`') {
                    text.push('\\');
                }
                text.push(c);
            }
            text.push('"');
        }
        text.push('\n');
    }
    Ok(text)
}

/// Characters that need no quoting anywhere.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_./:@%+,=-".contains(c)
}

fn is_variable_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

/// One object of the JSON export, with Infisical's fields in its order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Exported<'a> {
    key: &'a str,
    workspace: String,
    value: &'a str,
    #[serde(rename = "type")]
    kind: SecretType,
    #[serde(rename = "_id")]
    id: String,
    secret_path: &'a str,
    tags: &'a [SecretTag],
    comment: &'a str,
    skip_multiline_encoding: bool,
}

fn json(secrets: &[Secret]) -> Result<Zeroizing<String>, Failure> {
    let objects: Vec<Exported> = secrets
        .iter()
        .map(|secret| Exported {
            key: &secret.secret_key,
            workspace: secret.workspace.to_string(),
            value: secret.secret_value.expose(),
            kind: secret.kind,
            id: secret.id.to_string(),
            secret_path: &secret.secret_path,
            tags: &secret.tags,
            comment: secret.secret_comment.expose(),
            skip_multiline_encoding: secret.skip_multiline_encoding.unwrap_or(false),
        })
        .collect();
    let mut text = serde_json::to_string(&objects).map_err(|error| failed("JSON", &error))?;
    text.push('\n');
    Ok(Zeroizing::new(text))
}

fn yaml(secrets: &[Secret]) -> Result<Zeroizing<String>, Failure> {
    let map: BTreeMap<&str, &str> = secrets
        .iter()
        .map(|secret| (secret.secret_key.as_str(), secret.secret_value.expose()))
        .collect();
    // Quoted throughout: what a bare word means differs between versions of YAML and their readers.
    let options = serde_saphyr::ser_options! { quote_all: true };
    let text = serde_saphyr::to_string_with_options(&map, options).map_err(|error| failed("YAML", &error))?;
    Ok(Zeroizing::new(text))
}

fn csv(secrets: &[Secret]) -> Result<Zeroizing<String>, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let rows = secrets
        .iter()
        .map(|secret| [secret.secret_key.as_str(), secret.secret_value.expose()]);
    for row in std::iter::once(["Key", "Value"]).chain(rows) {
        writer.write_record(row).map_err(|error| failed("CSV", &error))?;
    }
    let bytes = writer.into_inner().map_err(|error| failed("CSV", &error))?;
    let text =
        String::from_utf8(bytes).map_err(|_| Failure::new("The secrets could not be written as CSV"))?;
    Ok(Zeroizing::new(text))
}

fn failed(format: &str, error: &impl std::fmt::Display) -> Failure {
    Failure::new(format!("The secrets could not be written as {format}")).because(error.to_string())
}

#[cfg(test)]
mod tests;
