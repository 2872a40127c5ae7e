//! Variables of Infisical, and of the guides for it, that mean one of our settings.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::{Environment, Problem, Source};

/// Where a server listens of itself.
const HERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// What they say of a setting, and which of them.
pub fn said(id: &str, environment: &Environment) -> Result<Option<(Source, OsString)>, Problem> {
    match id {
        "listen" => listen(environment),
        "site_url" => Ok(site_url(environment)),
        _ => Ok(None),
    }
}

/// `HOST` and `PORT`, or an `INFISICAL_HOSTNAME` such as `:8020`.
fn listen(environment: &Environment) -> Result<Option<(Source, OsString)>, Problem> {
    let port = match environment.text("PORT") {
        None => None,
        Some(text) => Some(text.trim().parse::<u16>().map_err(|error| {
            Problem::new(
                "PORT cannot be used",
                error.to_string(),
                "Set it to the number of a port, or remove it and use STRONGROOM_LISTEN",
            )
        })?),
    };
    let host = environment.text("HOST").and_then(|host| address(host.trim()));
    let source = |variable: &str| Source::Variable(variable.to_owned());
    let listen = match (host, port) {
        (Some(host), port) => (source("HOST"), SocketAddr::new(host, port.unwrap_or(HERE.port()))),
        (None, Some(port)) => (source("PORT"), SocketAddr::new(HERE.ip(), port)),
        (None, None) => match environment
            .text("INFISICAL_HOSTNAME")
            .as_deref()
            .and_then(port_alone)
        {
            Some(port) => (
                source("INFISICAL_HOSTNAME"),
                SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port),
            ),
            None => return Ok(None),
        },
    };
    Ok(Some((listen.0, listen.1.to_string().into())))
}

/// The name of the machine, which some shells export as `HOST`, is no address to listen on.
fn address(host: &str) -> Option<IpAddr> {
    match host {
        "localhost" => Some(HERE.ip()),
        _ => host.trim_matches(['[', ']']).parse().ok(),
    }
}

fn port_alone(hostname: &str) -> Option<u16> {
    hostname.trim().strip_prefix(':')?.parse().ok()
}

/// The first that is set. A bare host name is one that people reach by HTTPS.
fn site_url(environment: &Environment) -> Option<(Source, OsString)> {
    let named = ["SITE_URL", "INFISICAL_SITE_URL", "NEXT_PUBLIC_INFISICAL_URL"]
        .into_iter()
        .find_map(|name| Some((name, environment.text(name)?)));
    let named = named.or_else(|| {
        let host = environment.text("INFISICAL_HOSTNAME")?;
        let is_name = host.contains('.') && !host.contains(['/', ':', ' ']);
        is_name.then(|| ("INFISICAL_HOSTNAME", format!("https://{host}")))
    });
    named.map(|(name, url)| (Source::Variable(name.to_owned()), url.into()))
}
