//! `run`: a command with the secrets of a folder in its environment.
//!
//! The command takes the place of this process, so that signals, terminal and exit code are its own; with `--watch`
//! it is a child ([`watch`]). It inherits the environment as it is, credentials for the server included, as Infisical's clients do: a script under `run` may
//! itself call `strongroom`.

mod watch;

use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::Duration;

use clap::Args;
use shared::wire::secrets::Secret;

use super::called;
use super::failure::Failure;
use super::printer::Printer;
use super::resolve::{ConnectionArgs, PlaceArgs};
use super::secrets::folder::{ReadArgs, Source};

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    read: ReadArgs,
    /// Start the command again when its secrets change
    #[arg(long)]
    watch: bool,
    /// Seconds between two looks
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400), requires = "watch",
        value_name = "SECONDS")]
    watch_interval: u64,
    /// A line for the shell, instead of a command and its arguments
    #[arg(
        long = "command",
        short = 'c',
        value_name = "LINE",
        conflicts_with = "command"
    )]
    command_line: Option<OsString>,
    /// The command and its arguments, after `--`
    #[arg(last = true, required_unless_present = "command_line", value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// What is to be run.
struct Program {
    program: OsString,
    arguments: Vec<OsString>,
}

impl Program {
    fn of(args: &RunArgs) -> Self {
        if let Some(line) = &args.command_line {
            let shell = ["-c".into(), line.clone()];
            return Self {
                program: "sh".into(),
                arguments: shell.into(),
            };
        }
        let mut arguments = args.command.iter().cloned();
        Self {
            program: arguments.next().unwrap_or_default(),
            arguments: arguments.collect(),
        }
    }

    fn name(&self) -> String {
        self.program.to_string_lossy().into_owned()
    }

    /// The command with secrets in its environment, and nowhere else.
    fn command(&self, secrets: &[&Secret], printer: &Printer) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        for secret in secrets {
            command.env(&secret.secret_key, secret.secret_value.expose());
        }
        printer.note(&format!(
            "Injecting {} {} secrets into your application process",
            secrets.len(),
            called::product()
        ));
        command
    }
}

/// Belong to the person and the terminal, not to a project.
const KEPT: [&str; 12] = [
    "HOME",
    "PATH",
    "PS1",
    "PS2",
    "PWD",
    "EDITOR",
    "XAUTHORITY",
    "USER",
    "TERM",
    "TERMINFO",
    "SHELL",
    "MAIL",
];

fn is_kept(name: &str) -> bool {
    KEPT.contains(&name) || name.starts_with("XDG_") || name.starts_with("LC_")
}

/// Runs `run`. Without `--watch` it returns only when the command could not be started.
pub async fn run(args: RunArgs, printer: &Printer) -> Result<(), Failure> {
    let program = Program::of(&args);
    let source = Source::open(&args.connection, &args.place, printer).await?;
    if args.watch {
        let interval = Duration::from_secs(args.watch_interval);
        return watch::run(&program, &source, &args.read, interval, printer).await;
    }
    let secrets = source.fetch(&args.read).await?;
    let error = program.command(&injected(&secrets, printer)?, printer).exec();
    Err(not_started(&program.name(), &error))
}

fn injected<'a>(secrets: &'a [Secret], printer: &Printer) -> Result<Vec<&'a Secret>, Failure> {
    let mut injected = Vec::new();
    for secret in secrets {
        let name = &secret.secret_key;
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(
                Failure::new(format!("The name '{name}' cannot be an environment variable"))
                    .because("Such a name is not empty and holds no = and no NUL character.")
                    .advise("Rename the secret"),
            );
        }
        if secret.secret_value.expose().contains('\0') {
            return Err(
                Failure::new(format!("The value of {name} cannot be an environment variable"))
                    .because("It contains a NUL character.")
                    .advise("Read it with `strongroom secrets get` instead"),
            );
        }
        if is_kept(name) {
            printer.warn(&format!(
                "{name} is not injected: it belongs to your own environment"
            ));
        } else {
            injected.push(secret);
        }
    }
    Ok(injected)
}

/// With the exit codes that shells use.
fn not_started(program: &str, error: &std::io::Error) -> Failure {
    let failure = Failure::new(format!("The command {program} could not be started"));
    match error.kind() {
        ErrorKind::NotFound => failure
            .because("It was not found.")
            .advise("Check its name and PATH")
            .with_code(127),
        // Arguments and environment share one limit of the operating system.
        ErrorKind::ArgumentListTooLong => failure
            .because("The secrets are too large for an environment.")
            .advise("Read large ones with `strongroom secrets get`")
            .with_code(126),
        _ => failure
            .because(error.to_string())
            .advise("Check that it is an executable file")
            .with_code(126),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::client::fixture::secret;
    use crate::cli::printer::captured;

    #[test]
    fn names_that_no_environment_can_hold_are_refused() {
        for name in ["", "A=B", "A\0B"] {
            let (printer, _, _) = captured::printer();
            let failure = injected(&[secret(name, "v-canary")], &printer).unwrap_err();
            assert!(!failure.lines().unwrap().contains("v-canary"));
        }
        let (printer, _, _) = captured::printer();
        let failure = injected(&[secret("NUL", "v-can\0ary")], &printer).unwrap_err();
        assert!(failure.what().contains("NUL") && !failure.what().contains("ary"));
    }

    #[test]
    fn the_persons_own_variables_stay() {
        let (printer, _, err) = captured::printer();
        let secrets =
            ["A", "PATH", "XDG_DATA_HOME", "LC_ALL", "HOMEPAGE", "with space"].map(|name| secret(name, "v"));
        let names: Vec<_> = injected(&secrets, &printer)
            .unwrap()
            .iter()
            .map(|secret| secret.secret_key.clone())
            .collect();
        assert_eq!(names, ["A", "HOMEPAGE", "with space"]);
        for name in ["PATH", "XDG_DATA_HOME", "LC_ALL"] {
            assert!(err.text().contains(&format!("{name} is not injected")), "{name}");
        }
        assert_eq!(err.text().lines().count(), 3);
    }

    #[test]
    fn exit_codes_of_shells() {
        for (kind, code) in [
            (ErrorKind::NotFound, 127),
            (ErrorKind::PermissionDenied, 126),
            (ErrorKind::ArgumentListTooLong, 126),
        ] {
            assert_eq!(not_started("x", &kind.into()).code(), code);
        }
    }
}
