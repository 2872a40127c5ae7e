//! `whoami`: who is logged in, and where.

use clap::Args;
use serde_json::json;

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
    let connection = resolve::connection(&args.connection, &Surroundings::of_process())?;
    let client = Client::connect(connection).await?;
    let me = client.me().await?;
    let text = || {
        format!(
            "Logged in as: {}\n{} instance: {}\n",
            me.name,
            called::product(),
            client.address()
        )
    };
    let value = json!({
        "name": me.name, "kind": me.kind, "email": me.email, "organizationId": me.organization_id,
        "instance": client.address(),
    });
    printer.result(text, &value)
}
