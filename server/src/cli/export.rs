//! `export`: the secrets of a folder as a file in a usual format.

mod data;
mod infisical;
mod lines;
mod template;

use std::fmt;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;
use shared::wire::secrets::Secret;
use zeroize::Zeroizing;

use super::failure::Failure;
use super::file::write_private;
use super::printer::Printer;
use super::resolve::{ConnectionArgs, PlaceArgs};
use super::secrets::folder::{ReadArgs, fetch};

/// Arguments of `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    read: ReadArgs,
    /// Format of the output [default: dotenv]
    #[arg(long, short = 'f', value_enum)]
    format: Option<Format>,
    /// Fill in a template of your own: {{ secrets.NAME }}, {% for s in all %}{{ s.key }}{% endfor %}
    #[arg(long, value_name = "FILE", conflicts_with = "format")]
    template: Option<PathBuf>,
    /// Name of the Secret of Kubernetes
    #[arg(long, default_value = "strongroom")]
    name: String,
    /// Write to a file that only you can read, instead of standard output
    #[arg(long, short = 'o', value_name = "FILE")]
    output_file: Option<PathBuf>,
}

/// A format that other programs read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// KEY=value lines, quoted only where needed, for shells and Docker Compose
    Dotenv,
    /// The same with export before each, to be sourced by a shell
    DotenvExport,
    /// For eval "$(strongroom export --format dotenv-eval)"
    DotenvEval,
    /// For docker run --env-file, which knows no quotes
    Docker,
    /// For docker compose, in a file that --env-file names
    Compose,
    /// For an environment file of a unit of systemd
    Systemd,
    /// An array of objects with key, value and more
    Json,
    /// A flat map
    Yaml,
    /// Two columns, Key and Value
    Csv,
    /// A table of strings
    Toml,
    /// A Secret for kubectl apply
    K8sSecret,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_possible_value() {
            Some(value) => f.write_str(value.get_name()),
            None => Err(fmt::Error),
        }
    }
}

/// Runs `export`. Nothing is written unless everything can be.
pub async fn run(args: ExportArgs, printer: &Printer) -> Result<(), Failure> {
    // A template that cannot be read is found out before the server hears of it.
    let template = match &args.template {
        None => None,
        Some(file) => Some(std::fs::read_to_string(file).map_err(|error| {
            Failure::new(format!("The template {} cannot be read", file.display()))
                .because(error.to_string())
                .advise("Name a text file with --template")
        })?),
    };
    let format = match args.format {
        Some(format) => format,
        None if printer.is_json() => Format::Json,
        None => Format::Dotenv,
    };
    let secrets = fetch(&args.connection, &args.place, &args.read, printer).await?;
    let text = match (template, format) {
        (Some(template), _) => template::render(&template, &secrets)?,
        (None, Format::K8sSecret) => data::k8s_secret(&secrets, &args.name)?,
        (None, format) => write(format, &secrets, printer)?,
    };
    let Some(file) = args.output_file else {
        return printer.data(&text);
    };
    write_private(&file, text.as_bytes()).map_err(|error| {
        Failure::new(format!("The secrets could not be written to {}", file.display()))
            .because(error.to_string())
            .advise("Name a file in a folder that you may write to")
    })?;
    printer.done(
        &format!("Wrote {} secrets to {}", secrets.len(), file.display()),
        &json!({"file": file, "secrets": secrets.len()}),
    )
}

/// Secrets, already sorted by name, in a format.
pub fn write(format: Format, secrets: &[Secret], printer: &Printer) -> Result<Zeroizing<String>, Failure> {
    if printer.is_compat()
        && let Some(text) = infisical::write(format, secrets)?
    {
        return Ok(text);
    }
    match format {
        Format::Json => data::json(secrets),
        Format::Yaml => data::yaml(secrets),
        Format::Csv => data::csv(secrets),
        Format::Toml => data::toml(secrets),
        Format::K8sSecret => data::k8s_secret(secrets, "strongroom"),
        _ => lines::write(format, secrets, printer),
    }
}

#[cfg(test)]
mod tests;
