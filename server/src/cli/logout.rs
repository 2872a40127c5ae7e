//! `logout`: ends the stored login, here and on its server.

use clap::Args;
use serde_json::json;

use super::client::Client;
use super::failure::Failure;
use super::printer::Printer;
use super::resolve::ConnectionArgs;
use super::session::{self, Session};
use super::surroundings::Surroundings;

/// Arguments of `logout`.
#[derive(Debug, Args)]
pub struct LogoutArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// End every stored login
    #[arg(long)]
    all: bool,
}

/// Runs `logout`. What cannot be ended on its server is forgotten all the same: that is what was asked for.
pub async fn run(args: LogoutArgs, printer: &Printer) -> Result<(), Failure> {
    let Some(path) = Surroundings::of_process().session_path() else {
        return printer.done("There is no stored login", &json!({"loggedOut": []}));
    };
    let logins = session::load(&path)?;
    let kept = if args.all {
        logins.len()
    } else {
        logins.len().min(1)
    };
    let (ended, others) = logins.split_at(kept);
    if ended.is_empty() {
        return printer.done("There is no stored login", &json!({"loggedOut": []}));
    }
    for login in ended {
        if let Err(failure) = end(login, &args.connection).await {
            printer.warn(&format!(
                "The login of {} could not be ended on {}; it is forgotten here. {}",
                login.name,
                login.address,
                failure.what()
            ));
        }
    }
    session::store(&path, others)?;
    let names: Vec<&str> = ended.iter().map(|login| login.name.as_str()).collect();
    printer.done(
        &format!("Logged out: {}", names.join(", ")),
        &json!({"loggedOut": names}),
    )
}

async fn end(login: &Session, args: &ConnectionArgs) -> Result<(), Failure> {
    if login.given {
        // Somebody made that token for more than this login.
        return Ok(());
    }
    let client =
        Client::trusting(login.address.clone(), args.ca_cert.as_deref())?.with_token(login.token.clone());
    let me = client.me().await?;
    if me.kind == "identity" {
        client.revoke(login.token.clone()).await
    } else {
        client.logout().await
    }
}
