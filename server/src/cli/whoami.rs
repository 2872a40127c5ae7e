//! `whoami`: who is logged in, and where.

use clap::Args;
use serde_json::{Value, json};

use super::called;
use super::client::Client;
use super::failure::Failure;
use super::printer::Printer;
use super::resolve::{self, ConnectionArgs};
use super::surroundings::Surroundings;

/// Arguments of `whoami`.
#[derive(Debug, Args)]
pub struct WhoamiArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Runs `whoami`. The server is asked: a stored login may have been ended there.
pub async fn run(args: WhoamiArgs, printer: &Printer) -> Result<(), Failure> {
    let (text, value) = answer(&args.connection).await?;
    printer.result(|| text, &value)
}

/// Runs `login status`: the same question, with its answer among sessions, where Infisical's scripts look for it.
pub async fn status(connection: &ConnectionArgs, printer: &Printer) -> Result<(), Failure> {
    let (text, value) = answer(connection).await?;
    printer.result(|| text, &json!({"sessions": [value]}))
}

async fn answer(connection: &ConnectionArgs) -> Result<(String, Value), Failure> {
    let connection = resolve::connection(connection, &Surroundings::of_process())?;
    let client = Client::connect(connection).await?;
    let me = client.me().await?;
    let text = format!(
        "Logged in as: {}\n{} instance: {}\n",
        me.name,
        called::product(),
        client.address()
    );
    let value = json!({
        "name": me.name, "kind": me.kind, "email": me.email, "organizationId": me.organization_id,
        "instance": client.address(),
    });
    Ok((text, value))
}
