//! `user`: the stored logins.

use clap::{Args, Subcommand};
use serde_json::json;

use super::failure::Failure;
use super::printer::Printer;
use super::prompt;
use super::resolve::not_logged_in;
use super::session::{self, Session};
use super::surroundings::Surroundings;
use super::{called, resolve};

/// What to do.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Show the login in use, without asking its server
    #[command(after_help = "Examples:
  strongroom user get
  strongroom user get token                  prints the token alone")]
    Get(GetArgs),
    /// Use another stored login
    #[command(after_help = "Examples:
  strongroom user switch                     asks
  strongroom user switch kavi@example.com")]
    Switch(SwitchArgs),
}

/// Arguments of `user get`.
#[derive(Debug, Args)]
pub struct GetArgs {
    /// `token` for the token alone
    #[arg(value_parser = ["token"])]
    what: Option<String>,
    /// Accepted for scripts written for Infisical: a bare token is what is always printed
    #[arg(long = "plain")]
    _plain: bool,
}

/// Arguments of `user switch`.
#[derive(Debug, Args)]
pub struct SwitchArgs {
    /// E-mail address or name, with @SERVER behind it where one name has logins on several servers
    name: Option<String>,
}

/// Runs `user`.
pub fn run(command: UserCommand, printer: &Printer) -> Result<(), Failure> {
    let around = Surroundings::of_process();
    let nobody = || -> Result<Failure, Failure> { Ok(not_logged_in(&resolve::address(None, &around)?)) };
    let Some(path) = around.session_path() else {
        return Err(nobody()?);
    };
    let mut logins = session::load(&path)?;
    if logins.is_empty() {
        return Err(nobody()?);
    }
    match command {
        UserCommand::Get(args) => {
            let login = &logins[0];
            if args.what.is_some() {
                let token = login.token.expose();
                return printer.result(|| format!("{token}\n"), &json!({"token": token}));
            }
            let text = || format!("{} at {}\n", login.name, login.address);
            printer.result(text, &json!({"name": login.name, "instance": login.address}))
        }
        UserCommand::Switch(args) => {
            let labels: Vec<String> = logins.iter().map(label).collect();
            let chosen = match &args.name {
                Some(name) => found(&logins, name, &labels)?,
                None if prompt::possible() => prompt::choice(printer, "Log in as:", &labels)?,
                None => {
                    return Err(Failure::usage("No login was named")
                        .because(format!("Stored logins:\n  {}", labels.join("\n  ")))
                        .advise(format!("Name one: {} user switch NAME", called::command())));
                }
            };
            let login = logins.remove(chosen);
            let said = format!("Using {}", labels[chosen]);
            let value = json!({"name": login.name, "instance": login.address});
            logins.insert(0, login);
            session::store(&path, &logins)?;
            printer.done(&said, &value)
        }
    }
}

fn label(login: &Session) -> String {
    format!("{}@{}", login.name, login.address)
}

fn found(logins: &[Session], name: &str, labels: &[String]) -> Result<usize, Failure> {
    let is = |index: &usize| logins[*index].name == name || labels[*index] == name;
    let all: Vec<usize> = (0..logins.len()).filter(is).collect();
    match all[..] {
        [only] => Ok(only),
        [] => Err(Failure::not_found(format!("There is no stored login '{name}'"))
            .because(format!("Stored logins:\n  {}", labels.join("\n  ")))
            .advise(format!("Log in first: {} login", called::command()))),
        _ => Err(Failure::usage(format!("Several logins are called '{name}'"))
            .because(format!("Stored logins:\n  {}", labels.join("\n  ")))
            .advise("Write the server behind the name, as listed")),
    }
}
