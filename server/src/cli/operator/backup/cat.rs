//! `backup cat`.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::verify::{identities, open};
use crate::backup::values::{self, Found};
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;

/// Arguments of `backup cat`.
#[derive(Debug, Args)]
pub struct CatArgs {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What to show: an environment, or one secret in it [default: which environments there are]
    #[arg(value_name = "PROJECT/ENVIRONMENT[/FOLDER/NAME]")]
    what: Option<String>,
    /// The recovery kit, or another age identity, that opens it
    #[arg(long, value_name = "KITFILE")]
    identity: PathBuf,
}

/// Runs `backup cat`.
pub fn run(args: &CatArgs, printer: &Printer) -> Result<(), Failure> {
    let (identities, file) = (identities(&args.identity)?, open(&args.file)?);
    let wanted = args.what.as_deref().map(Wanted::from);
    let environment = wanted.as_ref().map(|wanted| wanted.environment.as_str());
    let found = values::find(file, &identities, environment).map_err(|error| {
        Failure::new("The backup cannot be read")
            .because(error.to_string())
            .advise("Check that the kit and the file belong together")
    })?;
    let Some(wanted) = wanted else {
        let made = found.manifest.created_at;
        if !printer.is_json() {
            printer.note(&format!("A backup of {made}, with these environments:"));
        }
        let text = || {
            let lines = found.environments.iter().map(|name| format!("{name}\n"));
            lines.collect()
        };
        return printer.result(
            text,
            &json!({"createdAt": made, "environments": found.environments}),
        );
    };
    let Some(values) = &found.values else {
        return Err(no_environment(&wanted.environment, &found));
    };
    let text = std::str::from_utf8(values)
        .map_err(|error| Failure::new("The values cannot be read").because(error.to_string()))?;
    match &wanted.secret {
        // That is JSON already.
        None => printer.data(text),
        Some((folder, name)) => {
            let value = value(text, folder, name)?;
            printer.result(|| format!("{value}\n"), &json!({"value": value}))
        }
    }
}

/// What somebody wants to see.
struct Wanted {
    /// As `project/environment`.
    environment: String,
    /// Folder and name.
    secret: Option<(String, String)>,
}

impl From<&str> for Wanted {
    fn from(text: &str) -> Self {
        let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
        let (environment, secret) = parts.split_at(parts.len().min(2));
        Self {
            environment: environment.join("/"),
            secret: secret
                .split_last()
                .map(|(name, folders)| (format!("/{}", folders.join("/")), (*name).to_owned())),
        }
    }
}

fn no_environment(wanted: &str, found: &Found) -> Failure {
    Failure::not_found(format!("There is no environment {wanted} in this backup"))
        .because(format!("It has: {}", found.environments.join(", ")))
        .advise("Name one as PROJECT/ENVIRONMENT")
}

fn value(text: &str, folder: &str, name: &str) -> Result<String, Failure> {
    let folders: Value = serde_json::from_str(text)
        .map_err(|error| Failure::new("The values cannot be read").because(error.to_string()))?;
    let secret = folders.get(folder).and_then(|secrets| secrets.get(name));
    match secret {
        Some(Value::String(value)) => Ok(value.clone()),
        Some(other) => Err(Failure::new(format!(
            "The value of {name} could not be read when the backup was made"
        ))
        .because(other["unreadable"].as_str().unwrap_or("it is damaged").to_owned())
        .advise("Look for it in an older backup")),
        None => Err(
            Failure::not_found(format!("There is no secret {name} in {folder}"))
                .advise("Without a name, the whole environment is shown"),
        ),
    }
}
