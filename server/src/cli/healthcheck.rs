//! `healthcheck`: for containers and service managers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use clap::Args;

use super::address::Address;
use super::client::unreachable_server;
use super::failure::{Failure, code};
use super::operator::PlaceArgs;
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
    /// Where it is configured where the server listens.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// Ask whether secrets can be served, not only whether the process answers
    #[arg(long)]
    ready: bool,
    /// Address of the server [default: where it was told to listen]
    #[arg(long, value_name = "URL")]
    url: Option<Address>,
    /// Address and port the server was told to listen on
    #[arg(
        long,
        value_name = "ADDR:PORT",
        env = "STRONGROOM_LISTEN",
        value_delimiter = ',',
        default_value = "127.0.0.1:8080"
    )]
    listen: Vec<SocketAddr>,
}

/// Where a server that listens on `listen` answers this machine: "everywhere" is no address to connect to.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// Runs `healthcheck`.
pub async fn run(args: HealthcheckArgs, printer: &Printer) -> Result<(), Failure> {
    let (route, good, bad) = if args.ready {
        ("status", "ready", "The server is not ready")
    } else {
        ("health", "healthy", "The server is not healthy")
    };
    let address = match (args.url, args.listen.first()) {
        (Some(named), _) => named,
        (None, None) => return Err(Failure::usage("--listen needs an address and a port")),
        // In plain HTTP: a server that speaks TLS answers this question of its own machine all the same.
        (None, Some(&listen)) => format!("http://{}", reachable(listen))
            .parse()
            .map_err(|error| Failure::new(bad).because(format!("{error}.")))?,
    };
    // Container engines know 0 and 1 and keep the rest for themselves.
    let failed = |error| {
        unreachable_server(&address, &error)
            .advise("Start it with `strongroom serve`, or name its address with --url")
            .with_code(code::FAILED)
    };
    let url = address.at(&["api", route]).ok_or_else(|| Failure::new(bad))?;
    let request = Request::new(Method::GET, url);
    let fetch = Fetch::new(address.url(), TIMEOUTS).map_err(failed)?;
    let answer = fetch.send(request).await.map_err(failed)?;
    if answer.status != 200 {
        return Err(Failure::new(bad)
            .because(format!(
                "{} answered /api/{route} with status {}.",
                address, answer.status
            ))
            .advise("Its log says what it needs"));
    }
    printer.done(good, &serde_json::json!({ "state": good }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_listens_everywhere_is_asked_over_loopback() {
        let asked = |listen: &str| reachable(listen.parse().unwrap()).to_string();
        assert_eq!(asked("0.0.0.0:80"), "127.0.0.1:80");
        assert_eq!(asked("[::]:8443"), "[::1]:8443");
        assert_eq!(asked("192.168.1.5:8080"), "192.168.1.5:8080");
    }
}
