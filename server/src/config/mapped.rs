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
        "site_url" => site_url(environment),
        _ => Ok(None),
    }
}

/// What one of them says.
fn text(environment: &Environment, name: &str) -> Result<Option<(Source, String)>, Problem> {
    let said = environment.said(name, false)?;
    Ok(said.and_then(|(source, text)| Some((source, Environment::value(&text).into_string().ok()?))))
}

/// `HOST` and `PORT`, or an `INFISICAL_HOSTNAME` such as `:8020`.
fn listen(environment: &Environment) -> Result<Option<(Source, OsString)>, Problem> {
    let port = match text(environment, "PORT")? {
        None => None,
        Some((source, text)) => {
            let port = text.trim().parse::<u16>().map_err(|error| {
                Problem::new(
                    "PORT cannot be used",
                    error.to_string(),
                    "Set it to the number of a port, or remove it and use STRONGROOM_LISTEN",
                )
            })?;
            Some((source, port))
        }
    };
    let host = text(environment, "HOST")?.and_then(|(source, host)| Some((source, address(host.trim())?)));
    let (source, address) = match (host, port) {
        (Some((source, host)), port) => {
            let port = port.map_or(HERE.port(), |(_, port)| port);
            (source, SocketAddr::new(host, port))
        }
        (None, Some((source, port))) => (source, SocketAddr::new(HERE.ip(), port)),
        (None, None) => {
            let hostname = text(environment, "INFISICAL_HOSTNAME")?;
            match hostname.and_then(|(source, name)| Some((source, port_alone(&name)?))) {
                Some((source, port)) => (source, SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port)),
                None => return Ok(None),
            }
        }
    };
    Ok(Some((source, address.to_string().into())))
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
fn site_url(environment: &Environment) -> Result<Option<(Source, OsString)>, Problem> {
    for name in ["SITE_URL", "INFISICAL_SITE_URL", "NEXT_PUBLIC_INFISICAL_URL"] {
        if let Some((source, url)) = text(environment, name)? {
            return Ok(Some((source, url.into())));
        }
    }
    let hostname = text(environment, "INFISICAL_HOSTNAME")?;
    let is_name = |host: &str| host.contains('.') && !host.contains(['/', ':', ' ']);
    Ok(hostname
        .filter(|(_, host)| is_name(host))
        .map(|(source, host)| (source, format!("https://{host}").into())))
}
