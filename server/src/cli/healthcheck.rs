//! `healthcheck`: for containers and service managers.

use std::time::Duration;

use clap::Args;

use super::address::Address;
use super::client::unreachable_server;
use super::failure::Failure;
use super::printer::Printer;
use crate::outside::fetch::{Fetch, Method, Request, Timeouts};

/// Whoever asks every few seconds wants a quick no.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(3),
    total: Duration::from_secs(5),
};

/// Arguments of `healthcheck`.
#[derive(Debug, Args)]
pub struct HealthcheckArgs {
    /// Ask whether secrets can be served, not only whether the process answers
    #[arg(long)]
    ready: bool,
    /// Address of the server
    #[arg(long, value_name = "URL", default_value = Address::DEFAULT)]
    url: Address,
}

/// Runs `healthcheck`.
pub async fn run(args: HealthcheckArgs, printer: &Printer) -> Result<(), Failure> {
    let (route, good, bad) = if args.ready {
        ("status", "ready", "The server is not ready")
    } else {
        ("health", "healthy", "The server is not healthy")
    };
    let failed = |error| unreachable_server(&args.url, &error);
    let url = args.url.at(&["api", route]).ok_or_else(|| Failure::new(bad))?;
    let request = Request {
        method: Method::GET,
        url,
        bearer: None,
        json: None,
    };
    let fetch = Fetch::new(args.url.url(), TIMEOUTS).map_err(failed)?;
    let answer = fetch.send(request).await.map_err(failed)?;
    if answer.status != 200 {
        return Err(Failure::new(bad)
            .because(format!(
                "{} answered /api/{route} with status {}.",
                args.url, answer.status
            ))
            .advise("Its log says what it needs"));
    }
    printer.note(good);
    Ok(())
}
